"""What the ledger can be asked of a merchant's money: a payout of it, or a part that waits."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from activities.contracts.step import Nothing, Step
from meqenet.ledger.dispute_happenings import DisputeHeld
from meqenet.ledger.happenings import MerchantPayoutSettled, MerchantSharePaid, ProtectionEnded
from meqenet.money import Money


@dataclass(frozen=True, kw_only=True)
class ReleaseProtected:
    """The buyers' windows of these plans are over; what was held is payable. At most 100.

    ``posting_ids``: of captures, each one's own; empty where a plan's hold says it, or none is.
    """

    ended: tuple[ProtectionEnded, ...]
    effective_at: datetime
    posting_ids: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ProvePayout:
    """Does the ledger owe the merchant what a payout's lines say?

    Attributes:
        owed: by plan, what the lines have that no settled payout has paid.
        owed_back: what the payout keeps because the merchant owes it.
        reserve_released: what it pays of reserves kept earlier.
    """

    merchant_id: str
    owed: tuple[tuple[str, Money], ...]
    owed_back: Money
    reserve_released: Money


@dataclass(frozen=True, kw_only=True)
class PayoutProven:
    """Where lines and ledger differ, in sentences without names; none: the payout is owed."""

    differences: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class PostShares:
    """Post plans' shares of a settled payout. At most 100 at a time."""

    shares: tuple[MerchantSharePaid, ...]
    effective_at: datetime


@dataclass(frozen=True, kw_only=True)
class PostMerchantPayout:
    """Post a settled payout as a whole, once its shares are posted."""

    settled: MerchantPayoutSettled
    effective_at: datetime


@dataclass(frozen=True, kw_only=True)
class HoldDisputed:
    """A disputed part of a merchant's money waits for the end of the dispute."""

    posting_id: str
    held: DisputeHeld
    effective_at: datetime


RELEASE_PROTECTED = Step(name="ledger.release_protected", command=ReleaseProtected, result=Nothing)
PROVE_PAYOUT = Step(name="ledger.prove_payout", command=ProvePayout, result=PayoutProven)
POST_SHARES = Step(name="ledger.post_shares", command=PostShares, result=Nothing)
POST_MERCHANT_PAYOUT = Step(
    name="ledger.post_merchant_payout", command=PostMerchantPayout, result=Nothing
)

HOLD_DISPUTED = Step(name="ledger.hold_disputed", command=HoldDisputed, result=Nothing)


class MerchantBookSteps(Protocol):
    """The ledger's steps of a merchant's money, each idempotent by its ids."""

    async def release_protected(self, command: ReleaseProtected) -> Nothing:
        """Posted once under each plan's own id."""
        ...

    async def prove_payout(self, command: ProvePayout) -> PayoutProven:
        """Changes nothing."""
        ...

    async def post_shares(self, command: PostShares) -> Nothing:
        """Posted once under each share's own id."""
        ...

    async def post_merchant_payout(self, command: PostMerchantPayout) -> Nothing:
        """Posted once under the payout's id."""
        ...

    async def hold_disputed(self, command: HoldDisputed) -> Nothing:
        """Posted once under its posting id."""
        ...
