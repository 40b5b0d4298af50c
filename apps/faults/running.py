"""Batches of scenarios, lived beside each other while the house is struck, and their verdicts."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from apps.faults.drawing import Scenario, Strike, batches, draw, strikes_of
from apps.faults.evidence import broken, changed, gather
from apps.faults.house import strike
from apps.faults.living import MARKS, Life
from apps.faults.mishaps import HouseFault, Mishap
from apps.faults.world import World
from apps.verify.assembling import run_verification
from apps.verify.wanted import Wanted
from workers.opening import utc_now
from workers.settings import DOMAINS
from workers.verifying.findings import Checked

AT_ONCE: Final = 8
"""So many lives beside each other: most of one is waiting."""
_HUNDRED: Final = 100
_PATIENCE_SECONDS: Final = 20


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What became of one scenario; ``broken`` says what does not hold."""

    scenario: Scenario
    plan_id: str
    broken: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether everything does."""
        return not self.broken


@dataclass
class Run:
    """What has come out so far. ``show`` is called whenever something has moved."""

    show: Callable[[], None]
    total: int = 0
    verdicts: list[Verdict] = field(default_factory=list)
    struck: list[HouseFault] = field(default_factory=list)
    checks: list[Checked] = field(default_factory=list)
    living: int = 0
    said: str = ""

    def say(self, text: str) -> None:
        """Tell whoever watches what is going on."""
        self.said = text
        self.show()

    @property
    def failed(self) -> list[Verdict]:
        """The scenarios of which something does not hold, by seed."""
        found = [verdict for verdict in self.verdicts if not verdict.holds]
        return sorted(found, key=lambda verdict: verdict.scenario.seed)

    @property
    def unverified(self) -> list[Checked]:
        """The checks of the books that do not hold."""
        return [checked for checked in self.checks if checked.bad is not None]

    @property
    def holds(self) -> bool:
        """Whether every scenario and all books do."""
        return not self.failed and not self.unverified


async def run_batches(*, world: World, seeds: Iterable[int], run: Run) -> None:
    """Live the scenarios of these seeds, batch by batch, and verify the books after each."""
    drawn = batches(seeds=seeds)
    run.total = sum(len(batch) for batch in drawn.values())
    for number, batch in drawn.items():
        began_at = utc_now()
        await _live_batch(world, [draw(seed=seed) for seed in batch], strikes_of(batch=number), run)
        run.say("the books are verified")
        run.checks += await _verified(world, since=began_at)


async def _live_batch(
    world: World, scenarios: Sequence[Scenario], strikes: Sequence[Strike], run: Run
) -> None:
    progress = _Progress(marks_max=MARKS * len(scenarios))
    gate = asyncio.Semaphore(AT_ONCE)

    async def live(scenario: Scenario) -> None:
        async with gate:
            run.living += 1
            run.show()
            verdict = await _judged(world, scenario, progress.mark)
            run.living -= 1
            run.verdicts.append(verdict)
            run.show()

    async def befall() -> None:
        for each in strikes:
            await progress.reaches(each.at_percent)
            run.say(each.fault.value)
            await strike(world=world, fault=each.fault)
            run.struck.append(each.fault)

    async with asyncio.TaskGroup() as group:
        group.create_task(befall())
        for scenario in scenarios:
            group.create_task(live(scenario))


async def _judged(world: World, scenario: Scenario, mark: Callable[[], None]) -> Verdict:
    life = Life(world=world, scenario=scenario, mark=mark)
    faults = await _noted("it was not lived to its end", life.live)
    for _ in range(life.marked, MARKS):
        mark()  # a life that stopped early has come as far as it ever will
    if life.plan_id:
        faults += await _noted("its books cannot be read", lambda: _compare(life, faults))
    return Verdict(scenario=scenario, plan_id=life.plan_id, broken=tuple(faults))


async def _compare(life: Life, faults: list[str]) -> None:
    scenario, evidence = life.scenario, await gather(life=life)
    faults += broken(scenario=scenario, evidence=evidence)
    if Mishap.REPEATED_LATER in scenario.mishaps:
        await life.hear_all_again()
        faults += changed(before=evidence, after=await gather(life=life))


async def _noted(what: str, deed: Callable[[], Awaitable[None]]) -> list[str]:
    """Do it; whatever stops it is what was looked for, and becomes a sentence."""
    try:
        await deed()
    except Exception as error:  # noqa: BLE001 - one life that fails leaves the others alone
        return [f"{what}: {type(error).__name__} {error}".strip()]
    return []


async def _verified(world: World, *, since: datetime) -> list[Checked]:
    wanted = Wanted(
        domains=DOMAINS, plan_id=None, since=since, files={}, patience_seconds=_PATIENCE_SECONDS
    )
    return await run_verification(wanted=wanted, environment=world.running.environment)


class _Progress:
    """How far a batch has come."""

    def __init__(self, *, marks_max: int) -> None:
        self._marks_max = marks_max
        self._marks = 0
        self._event = asyncio.Event()

    def mark(self) -> None:
        """One life has come further."""
        self._marks += 1
        self._event.set()

    async def reaches(self, percent: int) -> None:
        """Wait until so much of a hundred is done."""
        while self._marks * _HUNDRED < percent * self._marks_max:
            self._event.clear()
            await self._event.wait()
