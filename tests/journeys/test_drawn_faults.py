"""Fifty lives drawn at random, under faults at the providers and in the house."""

import pytest

from apps.faults.mishaps import HouseFault, Mishap
from apps.faults.running import Run, run_batches
from apps.faults.view import failures
from apps.faults.world import opened
from apps.runtime.addresses import Running

SEEDS = range(50)


@pytest.mark.timeout(900)  # fifty lives: a minute of two cores, and more of a busy machine's
async def test_whatever_goes_wrong_each_installment_is_debited_once_and_all_books_agree(
    running: Running,
) -> None:
    run = Run(show=lambda: None)
    async with opened(running=running) as world:
        await run_batches(world=world, seeds=SEEDS, run=run)
    assert list(failures(run=run)) == []
    assert len(run.verdicts) == len(SEEDS)
    assert set().union(*(each.scenario.mishaps for each in run.verdicts)) == set(Mishap)
    assert set(run.struck) == set(HouseFault)
    checked = {each.what for each in run.checks}
    assert {"plans in all books", "mpesa: statement and orders"} <= checked
