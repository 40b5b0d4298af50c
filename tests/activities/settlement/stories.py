"""What the tests of settlement share: one merchant, one order, and looks into the store."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from activities.contracts.settlement import RecordPayout
from db.kernel.engine import Database
from db.settlement import views
from meqenet.settlement.payouts import PayoutState
from meqenet.settlement.transfer import PayoutAccount, TransferAnswer, TransferStatus

AT = datetime(2026, 4, 8, 12, 0, tzinfo=UTC)
ACCOUNT = PayoutAccount(
    bic="CBETETAA", account_number="1000123456789", account_name="Addis Electronics"
)


def heard(
    payout: str, status: TransferStatus | None, *, minutes: int = 1, reason: str | None = None
) -> RecordPayout:
    answer = None
    if status is not None:
        answer = TransferAnswer(
            end_to_end_id=payout, status=status, bank_reference="B1", reason_code=reason
        )
    return RecordPayout(payout_id=payout, answer=answer, at=AT + timedelta(minutes=minutes))


async def everything(settlement: Database, plan_id: str) -> dict[str, list[str]]:
    found = {}
    async with settlement.read() as session:
        for table, column in (
            ("settlements", "plan_id"),
            ("payouts", "plan_id"),
            ("payout_answers", "plan_id"),
            ("events", "stream"),
        ):
            rows = await session.scalars(
                text(f"SELECT t::text FROM {table} t WHERE {column} = :plan ORDER BY 1"),  # noqa: S608 - constants
                {"plan": plan_id},
            )
            found[table] = list(rows)
    return found


async def state_of(settlement: Database, plan_id: str) -> PayoutState | None:
    async with settlement.read() as session:
        return (await views.payouts_of(session=session, plan_id=plan_id))[-1].state


async def run(settlement: Database, statement: str, plan_id: str) -> None:
    async with settlement.write() as session:
        values = {"plan": plan_id} if ":plan" in statement else {}
        await session.execute(text(statement), values)
