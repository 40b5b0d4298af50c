"""What staff have a plan do, past tense: who, and why. Part of the plan's log like all its events.

``by`` is an opaque staff id, and ``why`` holds no private data: what is not safe is refused before.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from meqenet.money import Money


@dataclass(frozen=True, kw_only=True)
class InstallmentRetryAsked:
    """Staff had an installment tried again at once."""

    number: int
    """The installment."""
    by: str
    """Our id of the member of staff."""
    why: str
    """The reason, in their words."""
    kind: Literal["installment_retry_asked"] = "installment_retry_asked"


@dataclass(frozen=True, kw_only=True)
class WalletAdded:
    """Staff put another wallet of the customer on file, on the customer's word."""

    wallet_id: str
    """Our opaque id of the wallet; its phone is with the payments domain."""
    provider: str
    """Whose wallet it is."""
    by: str
    """Our id of the member of staff."""
    why: str
    """The reason, in their words."""
    kind: Literal["wallet_added"] = "wallet_added"


@dataclass(frozen=True, kw_only=True)
class WalletChosen:
    """Staff had an installment collected from a wallet that the customer has named."""

    number: int
    """The installment."""
    wallet_id: str
    """Our opaque id of the wallet that is asked for it from now on."""
    by: str
    """Our id of the member of staff."""
    why: str
    """The reason, in their words."""
    kind: Literal["wallet_chosen"] = "wallet_chosen"


@dataclass(frozen=True, kw_only=True)
class CollectionPaused:
    """Staff paused collection: nothing is tried by itself until then, or until it is resumed."""

    until: date
    """The first Addis Ababa date on which it is collected by itself again."""
    by: str
    """Our id of the member of staff."""
    why: str
    """The reason, in their words."""
    kind: Literal["collection_paused"] = "collection_paused"


@dataclass(frozen=True, kw_only=True)
class CustomerUnreachable:
    """Staff know that the customer cannot be reached: no attempt is made until then."""

    until: date
    """The first Addis Ababa date on which it is collected again."""
    by: str
    """Our id of the member of staff."""
    why: str
    """The reason, in their words."""
    kind: Literal["customer_unreachable"] = "customer_unreachable"


@dataclass(frozen=True, kw_only=True)
class CollectionResumed:
    """Staff ended a pause, or found the customer reachable again."""

    by: str
    """Our id of the member of staff."""
    why: str
    """The reason, in their words."""
    kind: Literal["collection_resumed"] = "collection_resumed"


@dataclass(frozen=True, kw_only=True)
class NextAttemptMoved:
    """The next attempt to collect an installment is made at another time than was planned."""

    number: int
    """The installment."""
    next_attempt_at: datetime
    """When it is made."""
    kind: Literal["next_attempt_moved"] = "next_attempt_moved"


@dataclass(frozen=True, kw_only=True)
class RefundRetryAsked:
    """Staff had the return of a checkout payment sent again, under a new id."""

    by: str
    """Our id of the member of staff."""
    why: str
    """The reason, in their words."""
    kind: Literal["refund_retry_asked"] = "refund_retry_asked"


@dataclass(frozen=True, kw_only=True)
class PayoutRetryAsked:
    """Staff had the merchant's refused payout sent again, under a new id."""

    by: str
    """Our id of the member of staff."""
    why: str
    """The reason, in their words."""
    kind: Literal["payout_retry_asked"] = "payout_retry_asked"


@dataclass(frozen=True, kw_only=True)
class LateFeeWaived:
    """An unpaid late fee is not owed any more; nothing is charged in its place."""

    number: int
    """The installment."""
    amount: Money
    """What is not owed any more."""
    by: str
    """Our id of the member of staff; ``meqenet`` where the money had come before the fee's day."""
    why: str
    """The reason, in their words."""
    kind: Literal["late_fee_waived"] = "late_fee_waived"


StaffEvent = (
    InstallmentRetryAsked
    | WalletAdded
    | WalletChosen
    | CollectionPaused
    | CustomerUnreachable
    | CollectionResumed
    | NextAttemptMoved
    | RefundRetryAsked
    | PayoutRetryAsked
    | LateFeeWaived
)
"""What staff have a plan do, and what follows from it."""
