"""A payment of unknown end that is an alarm is looked after by one member of staff."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from db.kernel.encryption import Keyring
from db.kernel.engine import Database
from db.kernel.events import read_stream
from db.payments import alarms, attempts, unclear
from meqenet.errors import Refusal
from meqenet.payments.rail import PaymentAnswer, RailStatus
from tests.backing import Databases
from tests.db.payments.on_file import attempt_on_file

ALARM_AFTER = timedelta(days=1)
ABEBE, SARA = "stf_abebe", "stf_sara"


@pytest.fixture
def payments(databases: Databases) -> Database:
    return databases["payments"]


async def take(payments: Database, order: str, *, by: str, at: datetime) -> alarms.Ownership:
    async with payments.write() as session:
        return await alarms.take_alarm(
            session=session, attempt_id=order, by=by, at=at, alarm_after=ALARM_AFTER
        )


async def release(
    payments: Database, order: str, *, by: str, at: datetime, of_others: bool = False
) -> alarms.Ownership:
    async with payments.write() as session:
        return await alarms.release_alarm(
            session=session, attempt_id=order, by=by, of_others=of_others, at=at
        )


async def listed(payments: Database, *, now: datetime) -> list[tuple[str, str | None]]:
    """What is an alarm then, and whose."""
    async with payments.read() as session:
        found = await unclear.overdue_unknowns(session=session, now=now, alarm_after=ALARM_AFTER)
        counts = await unclear.count_alarms(session=session, now=now, alarm_after=ALARM_AFTER)
    owners = [each.owner for each in found]
    assert (counts.unowned, counts.owned) == (
        owners.count(None),
        len(owners) - owners.count(None),
    )
    return [(each.attempt_id, each.owner) for each in found]


async def test_one_takes_it_another_is_told_and_it_ends_with_the_outcome(
    payments: Database, keyring: Keyring, unique: str
) -> None:
    at = datetime(1991, 5, 3, 6, tzinfo=UTC)
    older = await attempt_on_file(
        payments=payments, keyring=keyring, plan_id=f"pln_{unique}o", at=at
    )
    newer = await attempt_on_file(
        payments=payments, keyring=keyring, plan_id=f"pln_{unique}n", at=at + timedelta(hours=1)
    )
    now = at + timedelta(days=2)
    assert await listed(payments, now=now) == [(older, None), (newer, None)]

    mine = alarms.Ownership(owner=ABEBE, since=now)
    assert await take(payments, older, by=ABEBE, at=now) == mine
    later = now + timedelta(hours=1)
    assert await take(payments, older, by=ABEBE, at=later) == mine
    assert await take(payments, older, by=SARA, at=later) == mine
    assert await listed(payments, now=later) == [(newer, None), (older, ABEBE)]

    async with payments.write() as session:
        await attempts.record_answer(
            session=session,
            attempt_id=older,
            answer=PaymentAnswer(order_id=older, status=RailStatus.FAILED, failure_code="1"),
            source="query",
            at=later,
        )
    assert await listed(payments, now=later) == [(newer, None)]
    with pytest.raises(Refusal) as refused:
        await take(payments, older, by=SARA, at=later)
    assert refused.value.code == "outcome_known"


async def test_it_is_released_by_its_owner_or_a_supervisor_and_all_is_on_record(
    payments: Database, keyring: Keyring, unique: str
) -> None:
    at = datetime(1992, 5, 3, 6, tzinfo=UTC)
    plan_id = f"pln_{unique}"
    order = await attempt_on_file(payments=payments, keyring=keyring, plan_id=plan_id, at=at)
    now = at + timedelta(days=2)
    nobody = alarms.Ownership(owner=None, since=None)
    assert await release(payments, order, by=ABEBE, at=now) == nobody
    mine = await take(payments, order, by=ABEBE, at=now)
    assert await release(payments, order, by=SARA, at=now) == mine
    assert await release(payments, order, by=ABEBE, at=now) == nobody
    await take(payments, order, by=ABEBE, at=now)
    assert await release(payments, order, by=SARA, at=now, of_others=True) == nobody
    assert (await take(payments, order, by=SARA, at=now)).owner == SARA
    async with payments.read() as session:
        events = await read_stream(session=session, stream=plan_id)
    told = [each.content for each in events if "unclear" in each.content.event_type]
    assert [(each.event_type, each.data.get("owner"), each.data["by"]) for each in told] == [
        ("unclear_payment_taken", None, ABEBE),
        ("unclear_payment_released", ABEBE, ABEBE),
        ("unclear_payment_taken", None, ABEBE),
        ("unclear_payment_released", ABEBE, SARA),
        ("unclear_payment_taken", None, SARA),
    ]


async def test_of_many_who_take_at_once_one_has_it(
    payments: Database, keyring: Keyring, unique: str
) -> None:
    at = datetime(1993, 5, 3, 6, tzinfo=UTC)
    order = await attempt_on_file(
        payments=payments, keyring=keyring, plan_id=f"pln_{unique}", at=at
    )
    now = at + timedelta(days=2)
    taking = [take(payments, order, by=f"stf_{number}", at=now) for number in range(5)]
    found = await asyncio.gather(*taking)
    assert len({each.owner for each in found}) == 1


async def test_what_is_no_alarm_is_not_taken(
    payments: Database, keyring: Keyring, unique: str
) -> None:
    at = datetime(1994, 5, 3, 6, tzinfo=UTC)
    order = await attempt_on_file(
        payments=payments, keyring=keyring, plan_id=f"pln_{unique}", at=at
    )
    with pytest.raises(Refusal, match="an alarm from 1994-05-04 06:00 UTC on") as early:
        await take(payments, order, by=ABEBE, at=at + ALARM_AFTER - timedelta(seconds=1))
    assert early.value.code == "no_alarm_yet"
    for deed in (take, release):
        with pytest.raises(Refusal, match="no such attempt"):
            await deed(payments, order.replace("-a1", "-a2"), by=ABEBE, at=at)
