"""What the payments domain is asked of payments that a plan replays."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from activities.contracts.step import Nothing, Step
from meqenet.money import Money


@dataclass(frozen=True, kw_only=True)
class FindGoneBack:
    """Of which attempts of a plan has money gone back to a wallet, or is on its way?"""

    plan_id: str


@dataclass(frozen=True, kw_only=True)
class GoneBackFound:
    """Their ids."""

    attempt_ids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ReversedMoney:
    """An attempt whose money is gone; who says so, by an opaque id, and why."""

    attempt_id: str
    by: str
    why: str


@dataclass(frozen=True, kw_only=True)
class RecountedMoney:
    """An attempt whose money pays otherwise than before, and what of it is credit now."""

    attempt_id: str
    credit: Money


@dataclass(frozen=True, kw_only=True)
class RecountPayments:
    """A plan has replayed its payments: what became of their money."""

    replay_id: str
    recounted: tuple[RecountedMoney, ...]
    at: datetime
    gone: ReversedMoney | None = None


FIND_GONE_BACK = Step(name="payments.find_gone_back", command=FindGoneBack, result=GoneBackFound)
RECOUNT_PAYMENTS = Step(name="payments.recount_payments", command=RecountPayments, result=Nothing)


class PaymentReplaySteps(Protocol):
    """The payments domain's steps for payments that are replayed."""

    async def find_gone_back(self, command: FindGoneBack) -> GoneBackFound:
        """Changes nothing."""
        ...

    async def recount_payments(self, command: RecountPayments) -> Nothing:
        """Once by the replay's id. From then on no installment is closed by these attempts."""
        ...
