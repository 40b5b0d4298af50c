"""Record histories of today's workflows: ``python -m tests.replay.record NAME [LIFE]``.

Run it once when a workflow gets a new way to live, and commit the files. They are never recorded
again: a change that cannot replay them must be patched, not the histories.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from temporalio.client import Client

from meqenet.errors import OutcomeUnknown
from meqenet.payments.lanes import HeldBack, HoldReason
from meqenet.payments.rail import RailStatus, WalletProvider
from tests.waiting import eventually
from tests.workflows.conftest import Bench, serving, temporal_with_time_skipping
from tests.workflows.fakes import WALLETS, Domains
from tests.workflows.test_support import waiting
from workflows.messages import (
    AddWallet,
    Cancel,
    ChargeOff,
    PauseCollection,
    PayByAnotherWallet,
    ResumeCollection,
    RetryInstallment,
    WriteOff,
)
from workflows.plan import PaymentPlanWorkflow

HISTORIES = Path(__file__).parent / "histories"


@asynccontextmanager
async def bench_of(name: str) -> AsyncIterator[Bench]:
    async with temporal_with_time_skipping() as env:
        domains = Domains()
        async with serving(env, domains):
            yield Bench(env=env, domains=domains, merchant_id=f"mer_{name}")


async def _complete(bench: Bench, option: str, provider: WalletProvider, **terms: object) -> None:
    application = bench.application(option, provider=provider, **terms)  # type: ignore[arg-type]  # keyword arguments of one call
    handle = await bench.to_offer(application)
    await bench.accept(handle)
    await bench.live_out(handle)
    await handle.result()


async def _cancelled(bench: Bench) -> None:
    bench.domains.answer = lambda _order: RailStatus.PENDING
    bench.domains.query = lambda _order: RailStatus.PENDING
    handle = await bench.to_offer(bench.application("pay_in_4"))
    await bench.accept(handle)
    await handle.execute_update(PaymentPlanWorkflow.cancel, Cancel(reason="changed mind"))
    bench.domains.query = lambda _order: RailStatus.SUCCEEDED
    await handle.result()


async def _rough(bench: Bench) -> None:
    """Every second order fails at first; every third outcome is unknown at first."""

    def answer(order: str) -> RailStatus | Exception | tuple[RailStatus, str]:
        if order.endswith("i02-a1"):
            return (RailStatus.FAILED, "1")
        if order.endswith("i03-a1"):
            return OutcomeUnknown("mpesa_outcome_unknown", "no answer")
        return RailStatus.SUCCEEDED

    bench.domains.answer = answer
    await _complete(bench, "pay_in_4", WalletProvider.MPESA)


async def _held(bench: Bench) -> None:
    """An order waits twice for its turn at the provider, and so does the question about it."""
    held = HeldBack(provider="mpesa", reason=HoldReason.OPEN, retry_after=timedelta(seconds=1))
    orders = iter((held, held, OutcomeUnknown("mpesa_outcome_unknown", "no answer")))
    questions = iter((held, held, RailStatus.SUCCEEDED))
    bench.domains.answer = lambda _order: next(orders)
    bench.domains.query = lambda _order: next(questions)
    await _complete(bench, "pay_in_30", WalletProvider.MPESA)


async def _supported(bench: Bench) -> None:
    """Staff pause and resume a plan, and have tried again what has failed for good."""
    who, why = "stf_recorded", "the customer called"
    bench.domains.answer = lambda _order: (RailStatus.FAILED, "1")
    handle = await bench.to_offer(bench.application("pay_in_30"))
    await bench.accept(handle)
    await handle.execute_update(
        PaymentPlanWorkflow.pause_collection, PauseCollection(who=who, why=why)
    )
    await handle.execute_update(
        PaymentPlanWorkflow.resume_collection, ResumeCollection(who=who, why=why)
    )
    await bench.days_pass(handle, 75)
    bench.domains.answer = lambda _order: RailStatus.SUCCEEDED
    await handle.execute_update(
        PaymentPlanWorkflow.retry_installment, RetryInstallment(number=1, who=who, why=why)
    )
    await handle.result()


async def _another_wallet(bench: Bench) -> None:
    """What waits for its next attempt is paid from a wallet that staff have added."""
    who, why = "stf_recorded", "the customer called"
    async with waiting(bench) as (_, handle, plan):
        telebirr = WalletProvider.TELEBIRR
        await handle.execute_update(
            PaymentPlanWorkflow.add_wallet,
            AddWallet(provider=telebirr, msisdn=WALLETS[telebirr], who=who, why=why),
        )
        await handle.execute_update(
            PaymentPlanWorkflow.pay_by_another_wallet,
            PayByAnotherWallet(number=1, wallet_id=f"{plan}-w2", who=who, why=why),
        )
        await handle.result()


async def _given_up(bench: Bench) -> None:
    """Given up early as a loss, one installment recovered, the rest written off."""
    who, why = "stf_recorded", "cannot be found"
    bench.domains.product_version = 2
    bench.domains.answer = lambda order: (
        RailStatus.SUCCEEDED if order.endswith("i01-a1") else (RailStatus.FAILED, "1")
    )
    application = bench.application("pay_in_4")
    handle = await bench.to_offer(application)
    await bench.accept(handle)
    await bench.days_pass(handle, 60)
    await handle.execute_update(
        PaymentPlanWorkflow.charge_off, ChargeOff(who=who, why=why, early=True)
    )
    bench.domains.answer = lambda _order: RailStatus.SUCCEEDED
    await handle.execute_update(
        PaymentPlanWorkflow.retry_installment, RetryInstallment(number=2, who=who, why=why)
    )
    log = bench.domains.events[application.plan_id]

    async def kinds() -> list[str]:
        return [each.event.kind for each in log]

    await eventually(kinds, lambda found: found.count("installment_paid") == 2)
    await handle.execute_update(PaymentPlanWorkflow.write_off, WriteOff(who=who, why=why))
    await handle.result()


async def record(version: str, *only: str) -> None:
    """Live each kind of life once, or those named, and keep every workflow's history."""
    lives: dict[str, Callable[[Bench], Awaitable[None]]] = {
        "pay_in_4-telebirr": lambda b: _complete(b, "pay_in_4", WalletProvider.TELEBIRR),
        "pay_in_30-telebirr": lambda b: _complete(b, "pay_in_30", WalletProvider.TELEBIRR),
        "pay_over_time-mpesa": lambda b: _complete(
            b, "pay_over_time", WalletProvider.MPESA, amount="24000.00", count=9
        ),
        "pay_in_full-mpesa": lambda b: _complete(b, "pay_in_full", WalletProvider.MPESA),
        "cancelled-mpesa": _cancelled,
        "rough-mpesa": _rough,
        "held-mpesa": _held,
        "supported-mpesa": _supported,
        "another-wallet": _another_wallet,
        "given-up": _given_up,
        "requested-telebirr": lambda b: _complete(
            b, "pay_in_30", WalletProvider.TELEBIRR, amount="5000.01"
        ),
    }
    for name, live in lives.items():
        if only and name not in only:
            continue
        async with bench_of(name) as bench:
            await live(bench)
            await keep(bench.env.client, name=f"{version}.{name}")


async def keep(client: Client, *, name: str) -> None:
    """Write every run that the server knows to a file of its own."""
    listed = [found async for found in client.list_workflows("")]
    in_order = sorted(listed, key=lambda found: (found.start_time, found.id))
    for number, found in enumerate(in_order, start=1):
        handle = client.get_workflow_handle(found.id, run_id=found.run_id)
        history = json.loads((await handle.fetch_history()).to_json())
        path = HISTORIES / f"{name}.{number:02d}.{found.workflow_type}.json"
        path.write_text(json.dumps({"id": found.id, **history}, separators=(",", ":")))


if __name__ == "__main__":
    asyncio.run(record(*sys.argv[1:]))
