import asyncio
import threading

import asyncpg
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError

from db.kernel.engine import Database
from db.kernel.tables import person_keys
from meqenet.errors import Defect, Unavailable
from tests.backing import Databases


def _row(person: str) -> dict[str, object]:
    return {"person_id": person, "key_id": "k", "wrapped_key": b"w"}


async def _people(database: Database) -> set[str]:
    async with database.read() as session:
        return set(await session.scalars(person_keys.select()))


async def test_what_raises_leaves_nothing(kernel_store: Database) -> None:
    async def fails_half_way() -> None:
        async with kernel_store.write() as session:
            await session.execute(person_keys.insert().values(_row("a")))
            raise LookupError

    with pytest.raises(LookupError):
        await fails_half_way()
    assert await _people(kernel_store) == set()


@pytest.mark.parametrize("deed", ["commit", "rollback"])
async def test_only_the_edge_commits(kernel_store: Database, deed: str) -> None:
    async def commits_inside() -> None:
        async with kernel_store.write() as session:
            await session.execute(person_keys.insert().values(_row("a")))
            await getattr(session, deed)()

    with pytest.raises(Defect):
        await commits_inside()
    assert await _people(kernel_store) == set()


async def test_a_read_session_cannot_write(kernel_store: Database) -> None:
    with pytest.raises(Unavailable):
        async with kernel_store.read() as session:
            await session.execute(person_keys.insert().values(_row("a")))


async def test_a_read_session_sees_one_moment(kernel_store: Database) -> None:
    async with kernel_store.read() as session:
        assert (await session.scalars(person_keys.select())).all() == []
        async with kernel_store.write() as writing:
            await writing.execute(person_keys.insert().values(_row("a")))
        assert (await session.scalars(person_keys.select())).all() == []
    assert await _people(kernel_store) == {"a"}


async def test_a_server_that_is_away_is_unavailable(databases: Databases) -> None:
    url = make_url(databases.admin_url).set(port=1).render_as_string(hide_password=False)
    away = Database(url=url)
    for edge in (away.read, away.write):
        with pytest.raises(Unavailable) as refusal:
            async with edge() as session:
                await session.execute(text("SELECT 1"))
        assert refusal.value.code == "database_unavailable"
    await away.dispose()


async def test_a_broken_connection_is_unavailable_and_the_next_one_works(
    kernel_store: Database,
) -> None:
    async def is_ended_by_another() -> None:
        async with kernel_store.write() as session, kernel_store.write() as other:
            pid = await session.scalar(text("SELECT pg_backend_pid()"))
            await other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
            await session.execute(person_keys.insert().values(_row("a")))

    with pytest.raises(Unavailable):
        await is_ended_by_another()
    with pytest.raises(Unavailable):
        async with kernel_store.write() as session:
            await session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    assert await _people(kernel_store) == set()


async def test_a_deadlock_is_unavailable_for_one_and_done_by_the_other(
    kernel_store: Database,
) -> None:
    async with kernel_store.write() as session:
        for person in ("a", "b"):
            await session.execute(person_keys.insert().values(_row(person)))
    both_hold_one = asyncio.Barrier(2)

    async def lock(*people: str) -> None:
        async with kernel_store.write() as session:
            for person in people:
                await session.execute(
                    person_keys.select().where(person_keys.c.person_id == person).with_for_update()
                )
                if person == people[0]:
                    await both_hold_one.wait()

    outcomes = await asyncio.gather(lock("a", "b"), lock("b", "a"), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NoneType", "Unavailable"]


async def test_a_mistake_of_ours_is_no_unavailability(kernel_store: Database) -> None:
    with pytest.raises(DBAPIError):
        async with kernel_store.write() as session:
            await session.execute(text("SELECT nonsense"))


async def test_parameters_stay_out_of_error_texts(kernel_store: Database) -> None:
    with pytest.raises(DBAPIError) as error:
        async with kernel_store.write() as session:
            await session.execute(text("SELECT CAST(:value AS int) / 0"), {"value": 71717171})
    assert "71717171" not in str(error.value)


async def test_more_work_than_connections_waits_its_turn(kernel_store: Database) -> None:
    small = Database(
        url=kernel_store._writer.url.render_as_string(hide_password=False),  # noqa: SLF001 - its own address
        connection_count_max=2,
    )

    async def ask() -> object:
        async with small.read() as session:
            return await session.scalar(text("SELECT 1"))

    assert await asyncio.gather(*(ask() for _ in range(30))) == [1] * 30
    await small.dispose()


async def test_the_roles_transactions_are_bounded_in_time(databases: Databases) -> None:
    async with databases["auth"].read() as session:
        found = {
            name: await session.scalar(text(f"SHOW {name}"))
            for name in ("statement_timeout", "lock_timeout", "timezone")
        }
    assert found == {"statement_timeout": "10s", "lock_timeout": "5s", "timezone": "UTC"}


@pytest.mark.parametrize("is_known", [True, False])
async def test_a_connection_that_has_been_closed_meanwhile_is_not_given_out(
    kernel_store: Database, monkeypatch: pytest.MonkeyPatch, *, is_known: bool
) -> None:
    """What the server has closed is known without asking; what died unseen shows when tried."""
    monkeypatch.setattr("db.kernel.engine._UNTRIED_SECONDS_MAX", 60 if is_known else 0)

    async def pid() -> object:
        async with kernel_store.write() as session:
            return await session.scalar(text("SELECT pg_backend_pid()"))

    first = await pid()
    assert await pid() == first
    url = kernel_store._writer.url.set(drivername="postgresql")  # noqa: SLF001 - its own address
    dsn = url.render_as_string(hide_password=False)

    async def end() -> None:
        other = await asyncpg.connect(dsn)
        await other.execute(f"SELECT pg_terminate_backend({first}, 5000)")
        await other.close()

    if is_known:
        await end()
    else:
        # Our loop stands still meanwhile, so that nothing here can hear of it.
        ending = threading.Thread(target=lambda: asyncio.run(end()))
        ending.start()
        ending.join()
    assert await pid() != first
