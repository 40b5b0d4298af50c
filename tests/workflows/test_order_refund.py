"""Goods go back while the server is lost: the plan shrinks once, and the money returns once."""

from temporalio.testing import WorkflowEnvironment

from meqenet.bnpl.refund_events import OrderRefunded
from meqenet.ledger import happenings as h
from meqenet.money import Money, total
from tests.waiting import eventually
from tests.workflows.losing import DONE, losing
from workflows.order_refund_messages import TakeGoodsBack
from workflows.plan import PaymentPlanWorkflow


async def test_a_plan_that_is_lost_as_goods_go_back_takes_them_once(
    env: WorkflowEnvironment, unique: str
) -> None:
    steps = ("bnpl.record_event order_refunded", "settlement.add_line", "ledger.refund_order")
    async with losing(env, unique, *((step, 1, DONE) for step in steps)) as lost:
        stores = lost.stores
        application = lost.bench.application("pay_in_4")
        plan = application.plan_id
        await lost.be_in_force(application)
        deed = TakeGoodsBack(reference="return-1", amount=Money.from_birr("3500.00"))

        async def asked() -> None:
            await lost.handle(plan).execute_update(PaymentPlanWorkflow.refund_order, deed)

        await lost.lose_while(plan, asked)

        def returned() -> list[h.CustomerCreditReturned]:
            return [
                each
                for each in stores.happenings(plan)
                if isinstance(each, h.CustomerCreditReturned)
            ]

        async def back() -> Money:
            return total(each.amount for each in returned())

        # 3,000.00 need not be paid any more, and 500.00 of what was paid at checkout go back.
        await eventually(back, lambda found: found == Money.from_birr("500.00"))
        await asked()
        told = [each.event for each in stores.events[plan] if isinstance(each.event, OrderRefunded)]
        assert [(each.owed_less, each.cash_back) for each in told] == [
            (Money.from_birr("3000.00"), Money.from_birr("500.00"))
        ]
        assert len(returned()) == 1
        assert list(stores.added) == [f"{plan}-rf1"]
        await lost.pass_time(plan)
        assert (await lost.handle(plan).result()).state == "completed"
        # 500.00 of the order are kept, less three percent.
        paid = [each for each in stores.happenings(plan) if isinstance(each, h.MerchantSharePaid)]
        assert [str(each.amount) for each in paid] == ["485.00"]
