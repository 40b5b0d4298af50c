from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import delete, func, make_url, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

import db.payments
from db.payments.policies import query_times_on, retry_policy_on, wallet_limits_on
from db.payments.seed import seed
from db.payments.tables import CollectionPolicy
from meqenet.errors import Defect
from meqenet.money import Money
from meqenet.payments.policy_documents import PolicyKind
from tests.backing import Databases

_NAMES = select(
    func.concat(
        CollectionPolicy.kind, "-", CollectionPolicy.subject, "-v", CollectionPolicy.version
    )
)
_PATHS = sorted((Path(db.payments.__file__).parent / "policies").glob("*.json"))


@pytest.fixture
async def owner(databases: Databases) -> AsyncIterator[AsyncConnection]:
    """The store's owner in a transaction that is rolled back."""
    url = make_url(databases.admin_url).set(database="meqenet_payments")
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.connect() as connection, connection.begin() as transaction:
        yield connection
        await transaction.rollback()
    await engine.dispose()


async def test_what_is_missing_is_added_and_seeding_again_changes_nothing(
    owner: AsyncConnection,
) -> None:
    await owner.execute(delete(CollectionPolicy))
    for _ in range(2):
        await seed(owner)
        assert sorted(await owner.scalars(_NAMES)) == [path.stem for path in _PATHS]


async def test_a_version_that_was_in_force_is_never_changed(owner: AsyncConnection) -> None:
    await owner.execute(
        update(CollectionPolicy)
        .where(CollectionPolicy.kind == PolicyKind.QUERIES)
        .values(document={"kind": "queries"})
    )
    with pytest.raises(Defect) as broken:
        await seed(owner)
    assert broken.value.code == "collection_policy_changed"


async def test_the_newest_version_in_force_on_a_date_decides(databases: Databases) -> None:
    async with databases["payments"].read() as session:
        before = await wallet_limits_on(session=session, day=date(2025, 4, 30))
        after = await wallet_limits_on(session=session, day=date(2025, 5, 1))
        retries = await retry_policy_on(session=session, option="pay_in_4", day=date(2026, 1, 1))
        times = await query_times_on(session=session, day=date(2027, 1, 1))
    assert (before.version, before.per_day_max) == (1, Money.from_birr(150_000))
    assert (after.version, after.per_day_max) == (2, Money.from_birr(300_000))
    assert (retries.option, retries.version, times.version) == ("pay_in_4", 1, 1)


async def test_where_none_was_in_force_a_person_sees_it(databases: Databases) -> None:
    async with databases["payments"].read() as session:
        with pytest.raises(Defect, match="no retries policy for pay_in_9") as broken:
            await retry_policy_on(session=session, option="pay_in_9", day=date(2026, 1, 1))
        with pytest.raises(Defect, match="2025-12-31"):
            await query_times_on(session=session, day=date(2025, 12, 31))
        with pytest.raises(Defect, match="level_2"):
            await wallet_limits_on(session=session, day=date(2022, 12, 31))
    assert broken.value.code == "collection_policy_missing"
