"""What the payments domain can be asked about money that goes back because goods do."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from activities.contracts.step import Step
from meqenet.money import Money
from meqenet.payments.cash_back import CashBackPart

__all__ = [
    "SHARE_CASH_BACK",
    "CashBackPart",
    "CashBackShared",
    "CashBackSteps",
    "ShareCashBack",
]


@dataclass(frozen=True, kw_only=True)
class ShareCashBack:
    """Which payments does it go back to?

    ``again_by``: a member of staff has what was refused shared anew, and ``again_why``.
    """

    plan_id: str
    cash_back_id: str
    amount: Money
    at: datetime
    again_by: str | None = None
    again_why: str = ""


@dataclass(frozen=True, kw_only=True)
class CashBackShared:
    """All refunds that have not failed; less than the amount where some were refused."""

    parts: tuple[CashBackPart, ...]
    reason: str


SHARE_CASH_BACK = Step(
    name="payments.share_cash_back", command=ShareCashBack, result=CashBackShared
)


class CashBackSteps(Protocol):
    """The payments domain's part in refunds of orders."""

    async def share_cash_back(self, command: ShareCashBack) -> CashBackShared:
        """Idempotent by its id. Defect ``cash_back_uncovered``; refusal ``payer_unknown``."""
        ...
