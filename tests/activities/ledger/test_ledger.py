from datetime import UTC, datetime

import pytest
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import ActivityEnvironment

from activities.contracts.ledger import POST, LedgerSteps, Post
from activities.contracts.step import Nothing
from activities.ledger import LedgerActivities
from db.ledger import views
from meqenet.errors import Refusal
from meqenet.ledger.happenings import CheckoutPaymentReceived
from meqenet.money import Money
from tests.backing import Databases

_AT = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


@pytest.fixture
def steps(databases: Databases) -> LedgerSteps:
    return LedgerActivities(database=databases["ledger"])


def _command(unique: str, *, santim: int = 25_000) -> Post:
    plan_id = f"pln_{unique}"
    return Post(
        posting_id=f"{plan_id}-i01-a1",
        happening=CheckoutPaymentReceived(
            plan_id=plan_id,
            attempt_id=f"{plan_id}-i01-a1",
            provider="mpesa",
            amount=Money(santim),
        ),
        effective_at=_AT,
    )


async def test_post_is_idempotent(steps: LedgerSteps, databases: Databases, unique: str) -> None:
    for _ in range(2):
        done = await ActivityEnvironment().run(steps.post, _command(unique))
        assert done == Nothing()
    async with databases["ledger"].read() as session:
        deposits = await views.balance(session=session, prefix=f"customer_deposits:pln_{unique}")
    assert deposits == Money(25_000)


async def test_other_content_is_refused(steps: LedgerSteps, unique: str) -> None:
    await steps.post(_command(unique))
    with pytest.raises(Refusal) as refused:
        await steps.post(_command(unique, santim=1))
    assert refused.value.code == "posting_differs"


async def test_the_command_survives_the_wire(unique: str) -> None:
    command = _command(unique)
    payloads = await pydantic_data_converter.encode([command])
    assert await pydantic_data_converter.decode(payloads, [POST.command]) == [command]
