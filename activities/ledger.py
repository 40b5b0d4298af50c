"""The ledger's steps."""

from temporalio import activity

from activities.contracts.ledger import (
    ACCRUE_DUE,
    ACCRUE_INSTALLMENT,
    HOLD_MONEY,
    POST,
    PREVIEW_REPLAY,
    REFUND_ORDER,
    REPLAN_EARNINGS,
    REPLAY_PAYMENTS,
    SET_ACCRUAL,
    SHARE_FEE,
    TAKE_PAYMENT,
    VOID_HOLD,
    AccrueDue,
    AccrueInstallment,
    DueAccrued,
    HoldMoney,
    InstallmentAccrued,
    Post,
    RefundOrder,
    ReplanEarnings,
    ReplayPayments,
    ReplayPreviewed,
    SetAccrual,
    ShareFee,
    TakePayment,
    VoidHold,
)
from activities.contracts.reconciliation import FIND_CLEARED, Cleared, FindCleared
from activities.contracts.step import Nothing
from activities.edge import takes
from db.kernel.engine import Database
from db.ledger import accruals, clearing, earning, holds, order_refunds, replays, store
from meqenet.errors import Defect, Refusal
from meqenet.identity import payday_on_the_wire, wire_id
from meqenet.ledger.happenings import PlanBecameActive
from meqenet.ledger.order_happenings import OrderAuthorised
from meqenet.payments.orders import plan_on_the_wire


class LedgerActivities:
    """See :class:`activities.contracts.ledger.LedgerSteps`."""

    def __init__(self, *, database: Database) -> None:
        self._database = database

    @takes(POST)
    async def post(self, command: Post) -> Nothing:
        """Post a happening once."""
        posting_id, happening, at = command.posting_id, command.happening, command.effective_at
        if not isinstance(happening, PlanBecameActive | OrderAuthorised):
            await store.post_alone(
                database=self._database,
                posting_id=posting_id,
                happening=happening,
                effective_at=at,
            )
            return Nothing()
        async with self._database.write() as session:
            await store.post(
                session=session, posting_id=posting_id, happening=happening, effective_at=at
            )
            await accruals.begin(session=session, happening=happening)
        return Nothing()

    @takes(HOLD_MONEY)
    async def hold_money(self, command: HoldMoney) -> Nothing:
        """Keep money for what is about to happen."""
        async with self._database.write() as session:
            await holds.place(
                session=session,
                hold_id=command.hold_id,
                happening=command.happening,
                placed_at=command.at,
            )
        return Nothing()

    @takes(VOID_HOLD)
    async def void_hold(self, command: VoidHold) -> Nothing:
        """Free money that was kept."""
        async with self._database.write() as session:
            await holds.void(
                session=session,
                plan_id=command.plan_id,
                hold_id=command.hold_id,
                reason=command.reason,
                at=command.at,
            )
        return Nothing()

    @takes(ACCRUE_INSTALLMENT)
    async def accrue_installment(self, command: AccrueInstallment) -> InstallmentAccrued:
        """Bring a plan's interest up to date before an installment's payment is posted."""
        async with self._database.write() as session:
            earned = await accruals.accrue_and_close(
                session=session, plan_id=command.plan_id, number=command.number, at=command.at
            )
        return InstallmentAccrued(interest=earned.interest, merchant_fee=earned.merchant_fee)

    @takes(SET_ACCRUAL)
    async def set_accrual(self, command: SetAccrual) -> Nothing:
        """Have a plan's days earn interest, or not."""
        async with self._database.write() as session:
            await accruals.set_accruing(
                session=session,
                plan_id=command.plan_id,
                is_accruing=command.is_accruing,
                at=command.at,
            )
        return Nothing()

    @takes(SHARE_FEE)
    async def share_fee(self, command: ShareFee) -> Nothing:
        """Have other installments earn the merchant's fee."""
        async with self._database.write() as session:
            await accruals.share_fee(
                session=session, plan_id=command.plan_id, shares=dict(command.shares)
            )
        return Nothing()

    @takes(REPLAN_EARNINGS)
    async def replan_earnings(self, command: ReplanEarnings) -> Nothing:
        """Have installments earn otherwise."""
        async with self._database.write() as session:
            await earning.replan(
                session=session,
                plan_id=command.plan_id,
                change_id=command.change_id,
                installments=command.installments,
                at=command.at,
            )
        return Nothing()

    @takes(TAKE_PAYMENT)
    async def take_payment(self, command: TakePayment) -> Nothing:
        """Post what a payment pays in part, or before its time."""
        async with self._database.write() as session:
            await earning.take_payment(session=session, payment=command)
        return Nothing()

    @takes(REFUND_ORDER)
    async def refund_order(self, command: RefundOrder) -> Nothing:
        """Post goods that went back."""
        async with self._database.write() as session:
            await order_refunds.refund_order(session=session, refund=command)
        return Nothing()

    @takes(REPLAY_PAYMENTS)
    async def replay_payments(self, command: ReplayPayments) -> Nothing:
        """Take payments back and post them anew."""
        async with self._database.write() as session:
            await replays.replay_payments(session=session, replay=command)
        return Nothing()

    @takes(PREVIEW_REPLAY)
    async def preview_replay(self, command: ReplayPayments) -> ReplayPreviewed:
        """Post it, see what that has changed, and take all of it back."""
        async with self._database.write() as session:
            accounts = await replays.preview_replay(session=session, replay=command)
        return ReplayPreviewed(accounts=accounts)

    @takes(ACCRUE_DUE)
    async def accrue_due(self, command: AccrueDue) -> DueAccrued:
        """Bring the interest of the next few plans up to date."""
        failed: list[str] = []
        async with self._database.write() as session:
            plans = await accruals.take_plans_behind(
                session=session,
                until=command.until,
                after_plan=command.after_plan,
                limit=command.limit,
            )
            for plan_id in plans:
                try:
                    async with session.begin_nested():
                        await accruals.accrue(session=session, plan_id=plan_id, until=command.until)
                except (Refusal, Defect) as error:
                    # One broken plan must not keep all others from earning; the run tells of it.
                    activity.logger.error("%s is not accrued: %s", plan_id, error.code)
                    failed.append(plan_id)
        return DueAccrued(
            count=len(plans) - len(failed),
            failed=tuple(failed),
            last_plan=plans[-1] if plans else None,
        )

    @takes(FIND_CLEARED)
    async def find_cleared(self, command: FindCleared) -> Cleared:
        """What postings of these orders have moved. Asked of the written store."""
        keys = (wire_id(meqenet_id=order_id) for order_id in command.order_ids)
        plans = {
            stream
            for key in keys
            if (stream := plan_on_the_wire(reference=key) or payday_on_the_wire(reference=key))
        }
        async with self._database.write() as session:
            moved = await clearing.cleared(
                session=session, provider=command.provider, plan_ids=sorted(plans)
            )
        return Cleared(posted={each: moved[each] for each in command.order_ids if each in moved})
