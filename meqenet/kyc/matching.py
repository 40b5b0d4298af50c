"""What must hold between what a customer applied with and what Fayda vouches for.

Only identity is judged here. Whether a person is old enough to borrow is credit's rule.
"""

from meqenet.errors import Refusal
from meqenet.kyc.fayda import IdentityClaims
from meqenet.kyc.numbers import FaydaNumber


def require_same_person(*, applied_with: FaydaNumber, claims: IdentityClaims) -> None:
    """Let pass only a login made with the very number of the application.

    Fayda does not tell which FIN stands behind a FAN, so the two are never taken for each other.

    Raises:
        Refusal: ``identity_mismatch`` when the person logged in with another number.
    """
    if claims.individual_id != applied_with.digits:
        raise Refusal(
            "identity_mismatch",
            "fayda_number: the login at Fayda was made with another number; "
            "log in again with the number given in the application",
            field="fayda_number",
        )
