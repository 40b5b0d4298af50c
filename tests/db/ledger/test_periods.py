import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from db.kernel.engine import Database
from db.kernel.events import read_stream, require_unbroken
from db.ledger import periods, snapshots, store, views
from meqenet.errors import Refusal
from meqenet.ledger.as_of import AsOf
from meqenet.ledger.events import PERIODS_STREAM
from meqenet.ledger.happenings import CheckoutPaymentReceived
from meqenet.ledger.periods import PeriodKind
from meqenet.money import Money
from tests.backing import fingerprint

_DAY = date(2026, 11, 23)
_MIDNIGHT = datetime(2026, 11, 23, 21, 0, tzinfo=UTC)
"""When that day is over in Addis Ababa."""
_NOON = _MIDNIGHT - timedelta(hours=12)
_NOW = _MIDNIGHT + timedelta(days=30)


async def _receive(
    ledger: Database, plan_id: str, *, santim: int = 100, at: datetime = _NOON
) -> None:
    async with ledger.write() as session:
        await store.post(
            session=session,
            posting_id=f"{plan_id}-a1",
            happening=CheckoutPaymentReceived(
                plan_id=plan_id, attempt_id="a1", provider="telebirr", amount=Money(santim)
            ),
            effective_at=at,
        )


async def _close(
    ledger: Database,
    last_day: date = _DAY,
    *,
    kind: PeriodKind = PeriodKind.DAY,
    closed_by: str = "finance-1",
    reason: str = "day end",
    at: datetime = _NOW,
) -> bool:
    async with ledger.write() as session:
        return await periods.close_period(
            session=session, kind=kind, last_day=last_day, closed_by=closed_by, reason=reason, at=at
        )


async def _snapshots(ledger: Database, last_day: date = _DAY) -> int:
    async with ledger.write() as session:
        return await snapshots.take_snapshots(session=session, last_day=last_day)


async def test_what_is_told_of_late_counts_from_the_first_open_instant_on(
    own_ledger: Database,
) -> None:
    await _receive(own_ledger, "pln_a")
    assert await _close(own_ledger)
    await _receive(own_ledger, "pln_b")
    await _receive(own_ledger, "pln_c", at=_MIDNIGHT)
    dated = {}
    async with own_ledger.read() as session:
        for plan_id in ("pln_a", "pln_b", "pln_c"):
            entries = await views.entries_of(session=session, plan_id=plan_id)
            dated[plan_id] = {(entry.effective_at, entry.backdated_from) for entry in entries}
        (told,) = await read_stream(session=session, stream="pln_b")
        await require_unbroken(session=session, stream="pln_b")
    assert dated == {
        "pln_a": {(_NOON, None)},
        "pln_b": {(_MIDNIGHT, _NOON)},
        "pln_c": {(_MIDNIGHT, None)},
    }
    assert told.content.effective_at == _MIDNIGHT
    assert told.content.data["backdated_from"] == "2026-11-23T09:00:00.000000Z"
    before = await fingerprint(own_ledger)
    await _receive(own_ledger, "pln_b")
    assert await fingerprint(own_ledger) == before


async def test_nobody_writes_into_a_closed_period(own_ledger: Database) -> None:
    await _close(own_ledger)
    with pytest.raises(IntegrityError, match="its period is closed"):
        async with own_ledger.write() as session:
            await session.execute(
                text(
                    "INSERT INTO transactions (plan_id, posting_id, kind, happening, content_hash, "
                    "effective_at) VALUES ('p', 'p-x', 'x', '{\"kind\": \"x\"}', sha256('x'), :at)"
                ),
                {"at": _MIDNIGHT - timedelta(microseconds=1)},
            )


async def test_a_period_is_closed_once_and_told(own_ledger: Database) -> None:
    assert [await _close(own_ledger) for _ in range(2)] == [True, False]
    async with own_ledger.read() as session:
        (told,) = await read_stream(session=session, stream=PERIODS_STREAM)
    assert told.content.data == {
        "closed_by": "finance-1",
        "closed_until": "2026-11-23T21:00:00.000000Z",
        "kind": "day",
        "last_day": "2026-11-23",
        "reason": "day end",
    }


@pytest.mark.parametrize(
    ("kind", "last_day", "at", "code"),
    [
        (PeriodKind.DAY, _DAY - timedelta(days=1), _NOW, "period_closed"),
        (PeriodKind.MONTH, date(2026, 10, 31), _NOW, "period_closed"),
        (PeriodKind.MONTH, date(2026, 11, 29), _NOW, "period_invalid"),
        (PeriodKind.DAY, date(2026, 12, 1), _NOON, "period_not_over"),
        (
            PeriodKind.DAY,
            date(2026, 11, 24),
            _MIDNIGHT + timedelta(hours=24, microseconds=-1),
            "period_not_over",
        ),
    ],
)
async def test_what_cannot_be_closed_is_refused_and_leaves_no_trace(
    own_ledger: Database, kind: PeriodKind, last_day: date, at: datetime, code: str
) -> None:
    await _close(own_ledger)
    before = await fingerprint(own_ledger)
    with pytest.raises(Refusal) as refused:
        await _close(own_ledger, last_day, kind=kind, at=at)
    assert refused.value.code == code
    for closed_by, reason in (("", "why"), ("who", " ")):
        with pytest.raises(Refusal) as refused:
            await _close(own_ledger, date(2026, 11, 25), closed_by=closed_by, reason=reason)
        assert refused.value.code == "reason_missing"
    assert await fingerprint(own_ledger) == before


async def test_a_month_closes_all_of_its_days(own_ledger: Database) -> None:
    await _close(own_ledger)
    at = datetime(2026, 11, 30, 21, tzinfo=UTC)
    assert await _close(own_ledger, date(2026, 11, 30), kind=PeriodKind.MONTH, at=at)
    await _receive(own_ledger, "pln_a", at=at - timedelta(microseconds=1))
    async with own_ledger.read() as session:
        entries = await views.entries_of(session=session, plan_id="pln_a")
    assert {entry.effective_at for entry in entries} == {at}


async def test_whoever_posts_while_a_day_is_closed_counts_before_it_or_after_it(
    own_ledger: Database,
) -> None:
    async def post(number: int) -> None:
        for part in range(6):
            await _receive(own_ledger, f"pln_{number}x{part}", at=_NOON)

    async def close() -> None:
        for days in range(3):
            await _close(own_ledger, _DAY + timedelta(days=days))
            await _snapshots(own_ledger, _DAY + timedelta(days=days))

    await asyncio.gather(*(post(number) for number in range(6)), close())
    async with own_ledger.read() as session:
        late = await session.scalar(
            text(
                "SELECT count(*) FROM transactions AS t JOIN closed_periods AS p "
                "ON t.effective_at < p.closed_until AND t.recorded_at > p.recorded_at"
            )
        )
        posted = await session.scalar(text("SELECT count(*) FROM transactions"))
        sums = await session.scalar(
            text(
                "SELECT count(*) FROM snapshots AS s WHERE debit_santim <> (SELECT "
                "coalesce(sum(amount_santim) FILTER (WHERE side = 'debit'), 0) FROM entries AS e "
                "WHERE e.account_code = s.account_code AND e.effective_at < s.until)"
            )
        )
        cleared = await views.balance(session=session, prefix="provider_clearing:telebirr")
    assert (late, sums, posted) == (0, 0, 36)
    assert cleared == Money(3_600)


async def test_an_account_has_a_snapshot_of_each_day_on_which_it_moved(
    own_ledger: Database,
) -> None:
    with pytest.raises(Refusal) as refused:
        await _snapshots(own_ledger)
    assert refused.value.code == "period_open"
    for number in range(3):
        await _receive(own_ledger, f"pln_{number}", at=_NOON + timedelta(days=number))
        await _close(own_ledger, _DAY + timedelta(days=number))
    # The first two days were closed and nobody summed them up: the third makes up for it.
    assert await _snapshots(own_ledger, _DAY + timedelta(days=2)) == 4
    assert await _snapshots(own_ledger, _DAY + timedelta(days=2)) == 0
    assert await _snapshots(own_ledger) == 2
    for day, expected in ((0, 100), (1, 200), (2, 300)):
        async with own_ledger.read() as session:
            found = await views.balance(
                session=session,
                prefix="provider_clearing",
                as_of=AsOf(effective_until=_NOON + timedelta(days=day)),
            )
        assert found == Money(expected)


async def test_nobody_sums_up_a_day_that_is_open(own_ledger: Database) -> None:
    await _receive(own_ledger, "pln_a")
    with pytest.raises(IntegrityError, match="not closed"):
        async with own_ledger.write() as session:
            await session.execute(
                text(
                    "INSERT INTO snapshots (account_code, day, until, debit_santim, credit_santim) "
                    "VALUES ('provider_clearing:telebirr', :day, :until, 100, 0)"
                ),
                {"day": _DAY, "until": _MIDNIGHT},
            )
