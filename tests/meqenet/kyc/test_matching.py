from datetime import date

import pytest

from meqenet.errors import Mender, Refusal
from meqenet.kyc.fayda import IdentityClaims
from meqenet.kyc.matching import require_same_person
from meqenet.kyc.numbers import check_fayda_number


def claims_of(*, individual_id: str) -> IdentityClaims:
    return IdentityClaims(
        subject="pairwise", individual_id=individual_id, name="Almaz", birth_date=date(1990, 1, 1)
    )


def test_same_number_passes() -> None:
    applied_with = check_fayda_number(text="6140 7985 2391 7519")
    require_same_person(
        applied_with=applied_with, claims=claims_of(individual_id="6140798523917519")
    )


@pytest.mark.parametrize("other", ["6230247319356120", "614079852394", ""])
def test_another_number_is_refused_without_echo(other: str) -> None:
    applied_with = check_fayda_number(text="6140798523917519")
    with pytest.raises(Refusal) as refused:
        require_same_person(applied_with=applied_with, claims=claims_of(individual_id=other))
    assert refused.value.code == "identity_mismatch"
    assert refused.value.mender is Mender.CUSTOMER
    assert "6140" not in refused.value.text
    assert not other or other not in refused.value.text
