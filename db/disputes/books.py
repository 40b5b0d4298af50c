"""The disputes of many plans at once, for those who compare them with other books."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Text, any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from db.disputes.tables import Dispute
from db.kernel.engine import ReadSession
from meqenet.disputes.dispute_states import Stage
from meqenet.money import Money


@dataclass(frozen=True, kw_only=True)
class DisputeRow:
    """A dispute as it stands. ``is_settled``: its plan has followed the outcome."""

    dispute_id: str
    amount: Money
    stage: Stage
    is_settled: bool

    @property
    def is_held(self) -> bool:
        """Whether the merchant's money must wait for it, whatever else is under way."""
        return self.stage in (Stage.MERCHANT_RESPONSE, Stage.REVIEW)


async def read_disputes(
    *, session: ReadSession, plan_ids: Sequence[str]
) -> dict[str, list[DisputeRow]]:
    """All disputes of these plans, the first of each plan first."""
    wanted = any_(literal(list(plan_ids), ARRAY(Text)))
    found: dict[str, list[DisputeRow]] = {}
    rows = await session.scalars(
        select(Dispute).where(Dispute.plan_id == wanted).order_by(Dispute.plan_id, Dispute.number)
    )
    for row in rows:
        found.setdefault(row.plan_id, []).append(
            DisputeRow(
                dispute_id=row.dispute_id,
                amount=row.amount_santim,
                stage=row.stage,
                is_settled=row.settled_at is not None,
            )
        )
    return found
