"""How far read models are behind: nothing when all is taken in, events and seconds otherwise."""

import re
from datetime import UTC, datetime, timedelta

from db.analytics.models import MODELS
from tests.workers.poison import MODEL, Bug, divide_by_nothing, take_with, three_events
from tests.workers.worlds import World
from workers.lag import Lag, as_prometheus, measure_lag

_LINE = re.compile(r'meqenet_read_model_\w+\{model="\w+",source="\w+"\} \d+')


async def _lags(world: World, *, at: datetime) -> dict[tuple[str, str], Lag]:
    lags = await measure_lag(
        models=MODELS.values(), database=world.analytics, redis=world.redis, at=at
    )
    return {(lag.model, lag.source): lag for lag in lags}


async def test_a_model_is_behind_by_what_is_published_and_not_taken_in(
    world: World, unique: str
) -> None:
    await three_events(world, f"pln_{unique}a")
    await world.catch_up()
    now = datetime.now(UTC)
    assert {(lag.events, lag.seconds) for lag in (await _lags(world, at=now)).values()} == {(0, 0)}
    await three_events(world, f"pln_{unique}b")
    await world.relay()
    behind = await _lags(world, at=datetime.now(UTC) + timedelta(seconds=90))
    assert set(behind) == {(name, of) for name, model in MODELS.items() for of in model.sources}
    of_bnpl, of_ledger = behind[MODEL, "bnpl"], behind[MODEL, "ledger"]
    assert of_bnpl.events == 3
    assert 90 <= of_bnpl.seconds < 150
    assert (of_ledger.events, of_ledger.seconds, of_ledger.parked) == (0, 0, 0)
    await world.consume()


async def test_what_is_parked_is_counted_apart(world: World, unique: str) -> None:
    plan_id = f"pln_{unique}"
    await three_events(world, plan_id)
    consumer = await take_with(world, Bug(stream=plan_id, sequence=2, does=divide_by_nothing))
    lag = (await _lags(world, at=datetime.now(UTC)))[MODEL, "bnpl"]
    assert (lag.events, lag.parked) == (0, 2)
    consumer.model = MODELS[MODEL]
    await consumer.retry_due()
    assert (await _lags(world, at=datetime.now(UTC)))[MODEL, "bnpl"].parked == 0


def test_the_metrics_name_models_and_domains_and_nobody() -> None:
    lag = Lag(model=MODEL, source="bnpl", events=7, seconds=12, parked=2)
    lines = as_prometheus(lags=[lag]).splitlines()
    samples = [line for line in lines if not line.startswith("#")]
    assert all(_LINE.fullmatch(line) for line in samples)
    assert [line.rpartition(" ")[2] for line in samples] == ["7", "12", "2"]
    assert sum(line.startswith("# TYPE") for line in lines) == 3
