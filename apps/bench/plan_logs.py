"""Whole logs of plans as the bnpl store keeps them, written at once, for others to read."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from db.bnpl.opening import new_plan_event
from db.kernel.chains import patient_connection
from db.kernel.engine import Database
from meqenet.bnpl import events as e
from meqenet.bnpl.states import PlanState
from meqenet.event_chain import GENESIS, EventContent, canonical_json, event_hash, plain
from meqenet.money import Money

_AT: Final = datetime(2026, 11, 23, 6, tzinfo=UTC)
_INSTALLMENTS: Final = 4
_COLUMNS: Final = (
    "stream",
    "stream_sequence",
    "id",
    "type",
    "version",
    "data",
    "effective_at",
    "previous_hash",
    "hash",
)
EVENTS_PER_PLAN: Final = 3 + 2 * _INSTALLMENTS


async def fill(*, database: Database, plans: int) -> int:
    """Put the logs of that many plans into an empty store, in one transaction; how many events."""
    async with database.write() as session:
        connection = await patient_connection(session=session)
        await connection.copy_records_to_table("events", records=_rows(plans), columns=_COLUMNS)
        await connection.execute("ANALYZE events")
    return plans * EVENTS_PER_PLAN


def _rows(plans: int) -> Iterator[tuple[Any, ...]]:
    for number in range(plans):
        plan_id, previous = f"pln_{number:020d}", GENESIS
        for sequence, (event, state) in enumerate(_life(plan_id), start=1):
            new = new_plan_event(
                plan_id=plan_id, sequence=sequence, event=event, state=state, at=_AT
            )
            content = EventContent(
                event_id=new.event_id,
                stream=plan_id,
                sequence=sequence,
                event_type=new.event_type,
                version=new.version,
                data=plain(new.data),
                effective_at=_AT,
            )
            digest = event_hash(content=content, previous_hash=previous)
            text = canonical_json(value=content.data).decode()
            head = (plan_id, sequence, content.event_id, content.event_type, content.version)
            yield (*head, text, _AT, previous, digest)
            previous = digest


def _life(plan_id: str) -> Iterator[tuple[e.PlanEvent, PlanState]]:
    rows = tuple(
        e.PlannedInstallment(
            number=number,
            due_on=date(2026, 11, 23) + timedelta(days=14 * number),
            principal=Money(100_000),
            interest=Money(1_500),
        )
        for number in range(1, _INSTALLMENTS + 1)
    )
    yield _opened(plan_id), PlanState.APPLIED
    yield _offered(rows), PlanState.OFFERED
    activated = e.PlanActivated(
        activated_on=date(2026, 11, 23),
        installments=rows,
        payout_id=f"{plan_id}-p1",
        merchant_fee=Money(12_000),
        settlement_due_at=_AT,
    )
    yield activated, PlanState.ACTIVE
    for row in rows:
        yield e.CollectionStarted(number=row.number), PlanState.ACTIVE
        attempt = f"{plan_id}-i{row.number:02d}-a1"
        paid = e.InstallmentPaid(
            number=row.number, attempt_id=attempt, amount=row.amount, paid_at=_AT
        )
        yield paid, PlanState.ACTIVE


def _opened(plan_id: str) -> e.PlanOpened:
    return e.PlanOpened(
        merchant_id="mer_bench",
        reference=f"order-{plan_id}",
        option="pay_in_4",
        product_version=1,
        amount=Money(400_000),
        wallet_provider="telebirr",
        test_clock_id=None,
    )


def _offered(rows: tuple[e.PlannedInstallment, ...]) -> e.PlanOffered:
    return e.PlanOffered(
        installments=rows,
        total_payable=Money(406_000),
        cost_of_credit=Money(6_000),
        nominal_rate_basis_points=1_500,
        nominal_apr_percent=Decimal("15.00"),
        effective_apr_percent=Decimal("16.18"),
        tier="D",
        lender_of_record="meqenet",
        expires_at=_AT,
    )
