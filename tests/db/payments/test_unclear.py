"""What somebody must look at is listed: outcomes that stay unknown, callbacks of no order."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from db.kernel.encryption import Keyring
from db.kernel.engine import Database
from db.payments import attempts, unclear
from db.payments.inbox import CallbackInbox
from meqenet.payments.rail import PaymentAnswer, RailStatus
from tests.backing import Databases
from tests.db.payments.on_file import attempt_on_file

OPENED_AT = datetime(1999, 5, 3, 6, tzinfo=UTC)
"""Long before what any other test leaves behind."""
ALARM_AFTER = timedelta(days=1)


@pytest.fixture
def payments(databases: Databases) -> Database:
    return databases["payments"]


async def opened(payments: Database, keyring: Keyring, plan_id: str) -> str:
    """An attempt that was sent and about which nothing is known."""
    order = await attempt_on_file(payments=payments, keyring=keyring, plan_id=plan_id, at=OPENED_AT)
    async with payments.write() as session:
        await attempts.record_answer(
            session=session, attempt_id=order, answer=None, source="call", at=OPENED_AT
        )
    return order


async def overdue(payments: Database, *, now: datetime) -> list[str]:
    async with payments.read() as session:
        found = await unclear.overdue_unknowns(session=session, now=now, alarm_after=ALARM_AFTER)
    return [each.attempt_id for each in found]


async def test_an_unknown_outcome_is_listed_from_the_age_of_an_alarm_until_it_is_known(
    payments: Database, keyring: Keyring, unique: str
) -> None:
    order = await opened(payments, keyring, f"pln_{unique}")
    due = OPENED_AT + ALARM_AFTER
    assert order not in await overdue(payments, now=due - timedelta(seconds=1))
    assert order in await overdue(payments, now=due)
    async with payments.write() as session:
        await attempts.record_answer(
            session=session,
            attempt_id=order,
            answer=PaymentAnswer(order_id=order, status=RailStatus.FAILED, failure_code="1"),
            source="query",
            at=due,
        )
    assert order not in await overdue(payments, now=due)


async def test_callbacks_for_no_order_of_ours_are_listed(
    payments: Database, keyring: Keyring, unique: str
) -> None:
    inbox = CallbackInbox(database=payments, keyring=keyring)
    order = await opened(payments, keyring, f"pln_{unique}")
    never_opened = order.replace("-a1", "-a2")
    foreign = f"somebody_elses_{unique}"
    digests = {}
    for name in (order, never_opened, foreign, None):
        body = f"{unique} {name}".encode()
        digests[name] = hashlib.sha256(body).digest()
        await inbox.keep(
            provider="mpesa",
            kind="stk",
            order_id=name,
            body_digest=digests[name],
            body=body,
            verified=True,
            at=datetime(2199, 1, 1, tzinfo=UTC),
        )
    async with payments.read() as session:
        found = await unclear.unclaimed_callbacks(session=session, limit=1000)
    listed = {each.digest: each.order_id for each in found}
    assert digests[order] not in listed
    for name in (never_opened, foreign, None):
        assert listed[digests[name]] == name
