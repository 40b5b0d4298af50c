"""How far read models are behind and what waits for somebody, over HTTP, as Prometheus asks."""

import re
import secrets
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from apps.metrics import serving_metrics
from apps.runtime.backing import Backing
from apps.runtime.ports import free_ports
from db.analytics.models import MODELS
from tests.backing import Databases
from tests.workers.poison import three_events
from tests.workers.worlds import World, made_world
from workers.opening import Environment
from workers.settings import Domain

MODELS_ALONE: tuple[Domain, ...] = ("analytics",)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world(backing: Backing) -> AsyncIterator[World]:
    """Stores and a Redis of this module's own."""
    async with made_world(backing=backing, name=secrets.token_hex(4)) as made:
        yield made


def _environment(world: World, **settings: str) -> Environment:
    return Environment(
        values={
            "MEQENET_ANALYTICS_DATABASE_URL": world.analytics_url,
            "MEQENET_REDIS_URL": world.redis_url,
            "MEQENET_METRICS_PORT": "0",
            **settings,
        }
    )


async def test_each_model_and_source_has_its_samples_and_nobody_is_named(
    world: World, unique: str
) -> None:
    await three_events(world, f"pln_{unique}")
    await world.relay()
    async with (
        serving_metrics(environment=_environment(world), domains=MODELS_ALONE) as url,
        httpx.AsyncClient(base_url=str(url)) as http,
    ):
        answer = await http.get("/metrics")
        elsewhere = await http.get("/")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = answer.text.splitlines()
    assert 'meqenet_read_model_lag_events{model="plan_overview",source="bnpl"} 3' in lines
    sources = sum(len(model.sources) for model in MODELS.values())
    assert sum(line.startswith("meqenet_read_model_") for line in lines) == 3 * sources
    assert unique not in answer.text
    assert elsewhere.status_code == 404


async def test_payments_that_wait_for_somebody_are_counted(
    world: World, databases: Databases
) -> None:
    url = databases.urls["payments"]
    told = _environment(world, MEQENET_PAYMENTS_DATABASE_URL=url)
    async with (
        serving_metrics(environment=told, domains=("payments",)) as place,
        httpx.AsyncClient(base_url=str(place)) as http,
    ):
        answer = await http.get("/metrics")
    assert answer.status_code == 200
    assert re.fullmatch(
        r"# HELP meqenet_unclear_payments .+\n# TYPE meqenet_unclear_payments gauge\n"
        r'meqenet_unclear_payments\{owned="no"\} \d+\n'
        r'meqenet_unclear_payments\{owned="yes"\} \d+\n',
        answer.text,
    )


async def test_complaints_that_wait_for_an_answer_are_counted(
    world: World, databases: Databases
) -> None:
    told = _environment(world, MEQENET_DISPUTES_DATABASE_URL=databases.urls["disputes"])
    async with (
        serving_metrics(environment=told, domains=("disputes",)) as place,
        httpx.AsyncClient(base_url=str(place)) as http,
    ):
        answer = await http.get("/metrics")
    assert re.findall(r'open_complaints\{escalation="(\w+)"\} \d+', answer.text) == [
        "none",
        "asked",
        "due_soon",
        "overdue",
    ]


async def test_what_cannot_be_measured_is_no_zero(world: World) -> None:
    (port,) = free_ports(count=1)
    away = _environment(world, MEQENET_REDIS_URL=f"redis://:secret@127.0.0.1:{port}/0")
    async with (
        serving_metrics(environment=away, domains=MODELS_ALONE) as url,
        httpx.AsyncClient(base_url=str(url)) as http,
    ):
        answer = await http.get("/metrics")
    assert (answer.status_code, answer.text) == (503, "cannot be measured now\n")


async def test_a_port_that_is_taken_is_an_error_at_once(world: World) -> None:
    async with serving_metrics(environment=_environment(world), domains=MODELS_ALONE) as url:
        port = str(url).rpartition(":")[2]
        with pytest.raises(OSError, match="use"):
            async with serving_metrics(
                environment=_environment(world, MEQENET_METRICS_PORT=port), domains=MODELS_ALONE
            ):
                pytest.fail("two listen on one port")


async def test_without_a_port_nothing_is_served(world: World) -> None:
    silent = _environment(world, MEQENET_METRICS_PORT="")
    async with serving_metrics(environment=silent, domains=MODELS_ALONE) as url:
        assert url is None
