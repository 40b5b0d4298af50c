"""A schedule that is changed twice: a due date is moved, and what fell past due is spread."""

import asyncio
from collections.abc import Awaitable
from datetime import date

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.testing import WorkflowEnvironment

from meqenet.bnpl.hardship_events import FeeShare, PlanChanged
from meqenet.bnpl.servicing.account import HardshipKind
from meqenet.ledger import happenings as h
from meqenet.money import Money, total
from meqenet.payments.rail import RailStatus
from tests.workflows.conftest import Bench, Handle, code_of
from tests.workflows.losing import DONE, losing
from tests.workflows.test_test_clock import advance, new_clock, plan_in_force
from workflows.hardship_messages import GrantHardship, Hardship, HardshipOutlook, HardshipRow
from workflows.messages import PlanAnswer
from workflows.plan import PaymentPlanWorkflow

_SPREAD = Hardship(kind=HardshipKind.SPREAD_ARREARS)


def _moved(*, number: int, to: date) -> Hardship:
    return Hardship(kind=HardshipKind.MOVE_DUE_DATE, number=number, to=to)


async def _grant(handle: Handle, change: Hardship, *, approved: bool = False) -> PlanAnswer:
    deed = GrantHardship(change=change, who="stf_sara", why="lost the job", approved=approved)
    return await handle.execute_update(PaymentPlanWorkflow.grant_hardship, deed)


async def _preview(handle: Handle, change: Hardship) -> HardshipOutlook:
    return await handle.query(PaymentPlanWorkflow.hardship, change)


async def _why_not(asked: Awaitable[PlanAnswer]) -> str | None:
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await asked
    return code_of(refused)


def _lines(rows: tuple[HardshipRow, ...]) -> list[tuple[str, ...]]:
    """Due date, principal, late fee, and what is left."""
    return [(str(row.due_on), str(row.principal), str(row.late_fee), str(row.left)) for row in rows]


async def _is_held_to_limits(handle: Handle) -> None:
    assert await _why_not(_grant(handle, _SPREAD)) == "nothing_past_due"
    too_far = _moved(number=2, to=date(2027, 1, 7))
    assert await _why_not(_grant(handle, too_far)) == "hardship_above_limit"
    far = _moved(number=2, to=date(2026, 12, 22))
    assert (await _preview(handle, far)).approvals == (
        ("days_without_approval", "15 days, more than 14"),
    )
    assert await _why_not(_grant(handle, far)) == "approval_missing"


async def test_a_date_is_moved_and_then_the_arrears_are_spread(bench: Bench) -> None:
    bench.domains.product_version = 2
    clock = await new_clock(bench)
    plan, handle = await plan_in_force(bench, clock, "pay_in_4")
    await advance(clock, days=1)
    bench.domains.answer = lambda _order: (RailStatus.FAILED, "1")
    log = bench.domains.events[plan]

    await _is_held_to_limits(handle)
    shown = await _preview(handle, _moved(number=2, to=date(2026, 12, 14)))
    assert (shown.cost, shown.approvals) == (Money.zero(), ())
    assert _lines(shown.after) == [
        ("2026-11-23", "1000.00", "0.00", "0.00"),
        ("2026-12-14", "1000.00", "0.00", "1000.00"),
        ("2026-12-28", "1000.00", "0.00", "1000.00"),
        ("2027-01-11", "1000.00", "0.00", "1000.00"),
    ]
    await _grant(handle, _moved(number=2, to=date(2026, 12, 14)))
    assert await handle.query(PaymentPlanWorkflow.state) == "active"
    await advance(clock, days=19)
    assert len(bench.domains.attempts) == 1, "nothing was asked for on the day that was signed"

    await advance(clock, days=6)
    assert await handle.query(PaymentPlanWorkflow.state) == "past_due"
    shown = await _preview(handle, _SPREAD)
    assert _lines(shown.before)[1] == ("2026-12-14", "1000.00", "25.00", "1025.00")
    assert _lines(shown.after) == [
        ("2026-11-23", "1000.00", "0.00", "0.00"),
        ("2026-12-14", "0.00", "0.00", "0.00"),
        ("2026-12-28", "1500.00", "12.50", "1512.50"),
        ("2027-01-11", "1500.00", "12.50", "1512.50"),
    ]
    assert log[-1].next_step == "try installment 2 again", "it waits, and is set aside"
    answers = await asyncio.gather(
        *(_grant(handle, _SPREAD) for _ in range(2)), return_exceptions=True
    )
    assert sum(isinstance(each, PlanAnswer) for each in answers) == 1
    assert await handle.query(PaymentPlanWorkflow.state) == "active"
    _, told = [each.event for each in log if isinstance(each.event, PlanChanged)]
    assert (told.by, told.why, told.approved_by) == ("stf_sara", "lost the job", None)
    again = await _preview(handle, _moved(number=3, to=date(2026, 12, 29)))
    assert again.before == shown.after, "what was shown is what is in force"

    bench.domains.answer = lambda _order: RailStatus.SUCCEEDED
    await advance(clock, days=30)
    assert (await handle.result()).state == "completed"
    _is_paid_as_changed(bench, plan)
    assert told.fee_shares[0] == FeeShare(number=2, merchant_fee=Money.zero())
    await clock.terminate()


def _is_paid_as_changed(bench: Bench, plan: str) -> None:
    paid = [
        each for each in bench.domains.happenings(plan) if isinstance(each, h.InstallmentCollected)
    ]
    assert [(str(each.principal), str(each.late_fee)) for each in paid] == [
        ("1500.00", "12.50"),
        ("1500.00", "12.50"),
    ]
    assert [order[-6:-3] for order in bench.domains.sent][-2:] == ["i03", "i04"]
    (active,) = (
        each for each in bench.domains.happenings(plan) if isinstance(each, h.PlanBecameActive)
    )
    assert (str(active.merchant_fee), str(total(each.merchant_fee for each in paid))) == (
        "120.00",
        "90.00",
    )


async def test_a_plan_that_is_lost_as_it_is_extended_lives_by_the_schedule_in_force(
    env: WorkflowEnvironment, unique: str
) -> None:
    async with losing(env, unique, ("bnpl.record_event plan_changed", 1, DONE)) as lost:
        lost.stores.product_version = 2
        application = lost.bench.application("pay_in_4")
        plan = application.plan_id
        await lost.be_in_force(application)
        extension = Hardship(kind=HardshipKind.EXTEND, installments=1)
        asking = asyncio.create_task(_grant(lost.handle(plan), extension))
        await lost.lose(plan)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        assert not lost.stores.shares
        assert (await lost.rehydrate()).begun == 1
        await lost.pass_time(plan)
        assert (await lost.handle(plan).result()).state == "completed"
        assert [str(share) for share in lost.stores.shares.values()] == ["22.50"] * 4
        paid = [
            str(each.principal)
            for each in lost.stores.happenings(plan)
            if isinstance(each, h.InstallmentCollected)
        ]
        assert paid == ["750.00"] * 4
