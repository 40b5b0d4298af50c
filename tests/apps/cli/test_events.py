"""``meqenet events`` and ``meqenet rebuild``, as an operator meets them."""

import asyncio
import json
from pathlib import Path

from apps.runtime.ports import free_ports
from db.analytics.models import MODELS
from tests.apps.cli.operating import meqenet
from tests.workers.poison import MODEL, Bug, divide_by_nothing, take_with, three_events
from tests.workers.worlds import World


async def test_schemas_are_checked_and_written(tmp_path: Path) -> None:
    place = ("--directory", str(tmp_path))
    found = await meqenet("events", "schemas", "--check", *place)
    assert (found.code, found.out) == (1, "")
    assert f"not what the code says: {tmp_path / 'README.md'}\n" in found.err
    assert (await meqenet("events", "schemas", *place)).code == 0
    assert (await meqenet("events", "schemas", "--check", *place)).code == 0
    nowhere = await meqenet("events", "schemas", "--directory", str(tmp_path / "none"))
    assert (nowhere.code, nowhere.err) == (
        1,
        f"meqenet events schemas: {tmp_path / 'none'} is no directory\n",
    )


async def test_a_parked_event_is_listed_and_tried_again_once_the_cause_is_mended(
    world: World, unique: str
) -> None:
    plan_id = f"pln_{unique}"
    assert (await meqenet("events", "parked", world=world)).out == "no event is parked\n"
    await three_events(world, plan_id)
    await take_with(world, Bug(stream=plan_id, sequence=2, does=divide_by_nothing))
    listed = await meqenet("events", "parked", "--model", MODEL, world=world)
    assert (listed.code, listed.err) == (0, "")
    head, second, third, count = listed.out.splitlines()
    assert head.split()[:2] == ["model", "stream"]
    assert f"{MODEL}  {plan_id}  2 bnpl.identity_requested.v1  ZeroDivisionError" in second
    assert f"{MODEL}  {plan_id}  3 bnpl.plan_expired.v1        waits behind another" in third
    assert count == "2 parked"
    assert "Abebe" not in listed.out
    shown = await meqenet("events", "parked", "--json", "--limit", "1", world=world)
    told = json.loads(shown.out)
    (only,) = told["parked"]
    assert (told["total"], only["sequence"], only["tries"]) == (2, 2, 1)
    assert (only["error_type"], only["error_code"]) == ("ZeroDivisionError", None)
    # The command is a program without the bug.
    tried = await meqenet("events", "retry", "--stream", plan_id, world=world)
    assert (tried.code, tried.out) == (0, f"{MODEL}  bnpl  {plan_id}: 2 taken in\n")
    assert await world.parked() == []


async def test_retry_wants_to_know_what(world: World) -> None:
    for words in ((), ("--all", "--model", MODEL)):
        asked = await meqenet("events", "retry", *words, world=world)
        assert (asked.code, asked.out) == (2, "")
        assert "--stream" in asked.err
    nothing = await meqenet("events", "retry", "--stream", "pln_none", world=world)
    assert (nothing.code, nothing.out) == (0, "no event is parked there\n")


async def test_a_model_is_rebuilt_the_same_under_the_eyes_of_its_worker(
    world: World, unique: str
) -> None:
    await three_events(world, f"pln_{unique}")
    await world.catch_up()
    before = await world.dump()
    stop = asyncio.Event()
    working = asyncio.create_task(world.consumer(MODEL, batch_max=3).run(stop=stop))
    one = await meqenet("rebuild", MODEL, world=world)
    everything = await meqenet("rebuild", "--all", world=world)
    stop.set()
    await working
    assert (one.code, everything.code) == (0, 0)
    assert one.out.startswith(f"rebuilt {MODEL} from ")
    assert MODEL in one.err
    assert [line.split()[1] for line in everything.out.splitlines()] == list(MODELS)
    assert await world.dump() == before


async def test_an_unknown_model_is_answered_with_those_that_there_are(world: World) -> None:
    for words in (
        ("rebuild", "portfolios"),
        ("rebuild",),
        ("events", "parked", "--model", "portfolios"),
    ):
        asked = await meqenet(*words, world=world)
        assert (asked.code, asked.out) == (2, "")
        assert all(name in asked.err for name in MODELS)


async def test_lag_is_shown_and_written_for_prometheus(world: World, unique: str) -> None:
    await world.catch_up()
    await three_events(world, f"pln_{unique}")
    await world.relay()
    shown = await meqenet("events", "lag", world=world)
    assert shown.code == 0
    assert ["plan_overview", "bnpl", "3"] in [line.split()[:3] for line in shown.out.splitlines()]
    written = await meqenet("events", "lag", "--prometheus", world=world)
    sample = 'meqenet_read_model_lag_events{model="plan_overview",source="bnpl"} 3\n'
    assert sample in written.out
    assert unique not in written.out


async def test_what_is_missing_or_away_is_said_in_a_line(world: World) -> None:
    missing = await meqenet("events", "parked")
    assert (missing.code, missing.out, missing.err) == (
        1,
        "",
        "meqenet events parked: the setting MEQENET_ANALYTICS_DATABASE_URL is not given\n",
    )
    (port,) = free_ports(count=1)
    away = await meqenet(
        "rebuild", MODEL, world=world, MEQENET_REDIS_URL=f"redis://127.0.0.1:{port}/0"
    )
    assert away.code == 1
    assert away.err.endswith("meqenet rebuild: Redis cannot be reached\n")
