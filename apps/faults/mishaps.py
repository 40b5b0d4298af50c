"""What can go wrong in a plan's life, and what can befall the house in which it is lived."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from meqenet.payments.rail import WalletProvider


class Mishap(StrEnum):
    """A fault of one life. The value is what the table of a run calls it."""

    TIMEOUT_BEFORE = "timeout, nothing happened"
    """The connection is dropped, and the provider has done nothing."""
    TIMEOUT_AFTER_COMMIT = "timeout after commit"
    """The connection is dropped, and the provider has done it."""
    UNAVAILABLE = "HTTP 503"
    """The provider takes nothing at the moment."""
    ERROR_AFTER_COMMIT = "HTTP 500 after commit"
    """A server error, and it has been done."""
    EMPTY_AFTER_COMMIT = "HTTP 299 without a body"
    """No readable answer, and it has been done."""
    CALLBACK_LOST = "lost callback"
    """The provider never calls back."""
    CALLBACK_TWICE = "callback twice"
    """The provider calls back twice at once."""
    CALLBACK_FIRST = "callback before the answer"
    """The callback is delivered before the request is answered."""
    SILENCE = "timeout after commit and lost callback"
    """Nothing but a question can tell."""
    OUT_OF_ORDER = "callbacks out of order"
    """A failed attempt's callback comes when a newer attempt is under way, or is over."""
    REPEATED_LATER = "all callbacks again, shuffled"
    """When the plan is over, each callback of it is delivered once more, in any order."""
    REFUSED = "known refusal, then paid"
    """The provider refuses for a cause that a later attempt does not meet."""
    NO_FUNDS = "no funds, and later funds"
    """The wallet is empty when it is asked, and filled on the evening of that day."""
    UNKNOWN_CODE = "code in no table"
    """The provider refuses with a code that nobody has told us of."""
    WALLET_FROZEN = "frozen wallet, then a person"
    """A cause that no repetition mends: a person has it collected again."""
    DOWN_FOR_A_DAY = "provider out of order for a day"
    """Each attempt of a whole day fails because the provider does not work."""
    PAYOUT_UNHEARD = "payout unheard"
    """The bank takes the merchant's money, and its answer is lost."""
    PAYOUT_UNAVAILABLE = "payout turned away"
    """The bank takes nothing at the moment."""
    PAYOUT_REJECTED = "payout rejected, then a person"
    """The bank rejects the merchant's account; a person has it sent again."""


class HouseFault(StrEnum):
    """What befalls all lives at once."""

    WORKER_KILLED = "worker killed"
    """Whatever step it was in."""
    VALKEY_EMPTIED = "Valkey killed, restarted empty"
    """All streams, limits and breakers are gone."""
    PROVIDERS_DOWN = "wallet providers down"
    """Both answer every request that they are down, while clocks go on."""
    API_KILLED = "API killed"
    """With requests and callbacks in its hands."""
    POSTGRES_RESTARTED = "PostgreSQL crashed, restarted"
    """Every session is broken off; what was committed is there again."""
    TEMPORAL_RESTARTED = "Temporal killed, restarted"
    """What its database has is there again."""


DELIVERY: Final = (
    Mishap.TIMEOUT_BEFORE,
    Mishap.TIMEOUT_AFTER_COMMIT,
    Mishap.UNAVAILABLE,
    Mishap.ERROR_AFTER_COMMIT,
    Mishap.EMPTY_AFTER_COMMIT,
    Mishap.CALLBACK_LOST,
    Mishap.CALLBACK_TWICE,
    Mishap.CALLBACK_FIRST,
    Mishap.SILENCE,
)
"""How a request and its answers get lost; none of them changes what becomes of the attempt."""

PAYOUT: Final = (Mishap.PAYOUT_UNHEARD, Mishap.PAYOUT_UNAVAILABLE, Mishap.PAYOUT_REJECTED)
"""What goes wrong at the bank."""


@dataclass(frozen=True, kw_only=True)
class Codes:
    """One provider's spelling of refusals.

    Attributes:
        known: codes of causes that a later attempt need not meet.
        frozen: the wallet is blocked.
        out_of_order: the provider does not work.
    """

    known: tuple[str, ...]
    frozen: str
    out_of_order: tuple[str, ...]


CODES: Final = {
    WalletProvider.TELEBIRR: Codes(
        known=("4003", "4004", "2002", "4009", "3012"),
        frozen="3007",
        out_of_order=("2006", "4001", "4006", "4010", "6001", "6002"),
    ),
    WalletProvider.MPESA: Codes(
        known=("1", "17", "TP40087", "1032", "1037", "1019"),
        frozen="2006",
        out_of_order=("26", "1025", "9999"),
    ),
}
UNKNOWN_CODES: Final = ("7777", "E-31", "88001")
"""In no provider's table."""
