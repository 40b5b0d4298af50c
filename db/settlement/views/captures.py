"""What has become of what merchants have captured themselves."""

from dataclasses import dataclass
from datetime import datetime

from db.kernel.engine import ReadSession
from db.settlement.captured import captures_of
from meqenet.money import Money


@dataclass(frozen=True, kw_only=True)
class CaptureView:
    """A capture.

    Attributes:
        fee: its share of the merchant's fee, the tax on it included.
        net: what the merchant gets of it, refunds not counted.
        left: what of its price has not gone back with goods.
        due_at: when a payout takes it at the earliest.
        is_protected: held for the buyer until then.
        carried_by: the merchant's payout that has it.
        is_paid: the merchant has it.
    """

    capture_id: str
    fee: Money
    net: Money
    left: Money
    due_at: datetime
    is_protected: bool
    carried_by: str | None
    is_paid: bool


async def capture_views(*, session: ReadSession, plan_id: str) -> dict[str, CaptureView]:
    """A plan's captures by their ids."""
    return {
        each.line.line_id: CaptureView(
            capture_id=each.line.line_id,
            fee=each.line.fee_santim + each.line.tax_santim,
            net=each.line.net_santim,
            left=each.kept,
            due_at=each.line.available_at,
            is_protected=each.line.is_protected,
            carried_by=each.line.payout_id,
            is_paid=each.is_paid,
        )
        for each in await captures_of(session=session, plan_id=plan_id)
    }
