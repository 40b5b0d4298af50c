"""Record orders that merchants capture: ``python -m tests.replay.record_captures VERSION``.

As with :mod:`tests.replay.record`: once when there is a new way to capture, and never again.
"""

import asyncio
import sys
from dataclasses import replace

from meqenet.bnpl.order_money import CaptureMode
from meqenet.money import Money
from tests.replay.record import bench_of, keep
from tests.waiting import eventually
from tests.workflows.conftest import Bench
from workflows.order_capture_messages import CaptureOrder, VoidForMerchant
from workflows.order_refund_messages import TakeGoodsBack
from workflows.plan import PaymentPlanWorkflow


async def _captured(bench: Bench, option: str) -> None:
    """Captured twice, a part goes back, staff void a part, and the time is over for the rest."""
    application = replace(bench.application(option), capture=CaptureMode.MANUAL)
    handle = await bench.to_offer(application)
    await bench.accept(handle)
    await eventually(
        lambda: handle.query(PaymentPlanWorkflow.state), lambda state: state == "active"
    )
    first = CaptureOrder(reference="parcel-1", amount=Money.from_birr("1000.00"))
    await handle.execute_update(PaymentPlanWorkflow.capture_order, first)
    await bench.days_pass(handle, 3)
    second = CaptureOrder(reference="parcel-2", amount=Money.from_birr("800.00"))
    await handle.execute_update(PaymentPlanWorkflow.capture_order, second)
    back = TakeGoodsBack(reference="return-1", amount=Money.from_birr("300.00"))
    await handle.execute_update(PaymentPlanWorkflow.refund_order, back)
    void = VoidForMerchant(
        reference="staff-1",
        who="stf_recorded",
        why="it is sold out",
        amount=Money.from_birr("200.00"),
    )
    await handle.execute_update(PaymentPlanWorkflow.void_for_merchant, void)
    await bench.live_out(handle)
    await handle.result()


async def record(version: str) -> None:
    """Live each once, and keep every run's history."""
    for option in ("pay_in_4", "pay_in_full"):
        async with bench_of(f"{version}-{option}") as bench:
            await _captured(bench, option)
            await keep(bench.env.client, name=f"{version}.captured-{option}")


if __name__ == "__main__":
    asyncio.run(record(*sys.argv[1:]))
