"""How the gateway says no: codes, HTTP statuses and envelopes (providers.md 1.4, 1.12)."""

from typing import Final

SIGNATURE: Final = "60200099"
ORGANISATION: Final = "60200087"
UNAUTHENTICATED: Final = "60200088"
CREDENTIALS: Final = "49401031101"
GRAMMAR: Final = "49401024995"
BUSY: Final = "49401024991"
CHECKOUT: Final = "60320006"
MANDATE_UNKNOWN: Final = "60330006"

# Not published for this gateway. The code of an unknown order is the sandbox's own; the others
# are those of the core behind it (providers.md 1.13), as a gateway would pass them on.
ORDER_UNKNOWN: Final = "60200404"
DUPLICATE: Final = "1004"
WALLET_UNKNOWN: Final = "2001"
WRONG_PIN: Final = "2002"
WALLET_ABNORMAL: Final = "3007"
BUSINESS_RULE: Final = "3016"
NO_FUNDS: Final = "4003"
OVER_LIMIT: Final = "4004"
CANCELLED: Final = "4009"

_STATUS: Final = {
    SIGNATURE: 500,
    BUSY: 500,
    ORGANISATION: 400,
    UNAUTHENTICATED: 401,
    CREDENTIALS: 401,
    GRAMMAR: 400,
}


class Refused(Exception):
    """A request is refused.

    Args:
        code: the gateway's code.
        text: its message.
        solution: what a developer can do about it.
    """

    def __init__(self, *, code: str, text: str, solution: str = "") -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text
        self.solution = solution

    @property
    def by_gateway(self) -> bool:
        """Refused before business was looked at: an unsigned envelope, an HTTP error status."""
        return self.code in _STATUS

    @property
    def status(self) -> int:
        """HTTP status: 299 for a business refusal, as was seen in production."""
        return _STATUS.get(self.code, 299)


def grammar(*, field: str, rule: str) -> Refused:
    """A field is missing or malformed."""
    return Refused(code=GRAMMAR, text=f"Parameter {field} is invalid", solution=f"{field}: {rule}")
