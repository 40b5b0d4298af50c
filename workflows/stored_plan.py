"""What the stores know of a plan, put together as the input of a run that goes on from there."""

from dataclasses import dataclass
from datetime import datetime

from activities.contracts.bnpl import LoadedInstallment, LoadedPlan
from activities.contracts.captures import OrderAuthorised
from activities.contracts.kyc import LoadedLogin
from activities.contracts.marketplace import LoadedOrder
from activities.contracts.payments import LoadedPayments
from activities.contracts.settlement import LoadedSettlement, SettlementScheduled
from meqenet.bnpl.progress import PlanProgress
from meqenet.bnpl.states import InstallmentState, PlanState
from meqenet.identity import OWN_PAYMENT_FROM, payout_id
from meqenet.payments.rail import WalletProvider
from meqenet.settlement.payouts import PayoutState
from workflows.captured_payouts import learn
from workflows.clock import ClockReading
from workflows.messages import Application
from workflows.plan_life import (
    InstallmentLife,
    LeftOff,
    OpenPayment,
    PayoutLife,
    PlanLife,
    PlanRun,
)


@dataclass(frozen=True, kw_only=True)
class StoredPlan:
    """A plan in the words of each domain that keeps a part of it."""

    plan: LoadedPlan
    order: LoadedOrder
    login: LoadedLogin
    payments: LoadedPayments
    settlement: LoadedSettlement


def run_of(stored: StoredPlan, /) -> PlanRun:
    """The run that goes on where a lost one was."""
    plan = stored.plan
    return PlanRun(
        application=_application(stored),
        life=_life(stored),
        left_off=LeftOff(
            progress=plan.progress,
            payments=stored.payments,
            login=stored.login,
            order_placed=stored.order.placed,
            next_step=plan.next_step,
            next_step_at=plan.next_step_at,
        ),
    )


def _application(stored: StoredPlan) -> Application:
    """As the checkout sent it. What is not stored any more, or not yet, is needed no more."""
    plan, login, order = stored.plan, stored.login, stored.order
    return Application(
        plan_id=plan.plan_id,
        merchant_id=plan.merchant_id,
        reference=plan.reference,
        request_hash=plan.request_hash,
        option=plan.option,
        amount=plan.amount,
        description=order.description,
        installment_count=plan.installment_count,
        wallet_provider=WalletProvider(plan.wallet_provider),
        msisdn=stored.payments.msisdn or "",
        fayda_number=login.fayda_number or "",
        consent_version=login.consent_version,
        monthly_income=login.monthly_income,
        return_url=order.return_url,
        test_clock_id=plan.test_clock_id,
        test_clock_now=plan.test_clock_now,
        capture=plan.capture,
    )


def _life(stored: StoredPlan) -> PlanLife:
    plan = stored.plan
    now = plan.test_clock_now
    return PlanLife(
        state=PlanState(plan.state),
        sequence=plan.progress.sequence,
        terms=plan.terms,
        identity_attempt=plan.progress.identity_attempt,
        customer_id=plan.customer_id,
        tier=plan.tier,
        activated_on=plan.progress.activated_on,
        installments=[_installment(row, progress=plan.progress) for row in plan.installments],
        payout=_payout(stored),
        clock=None if now is None else ClockReading(now=now, turn=0),
        hold=plan.progress.hold,
        delinquency=plan.progress.standing,
        further_wallets=list(stored.payments.further_wallets),
        account=plan.progress.account,
        payments=plan.progress.payments,
        payment=_payment(plan.progress),
        receipts=list(plan.progress.receipts),
        authorised_until=plan.progress.authorised_until,
        expiry_told=plan.progress.expiry_told,
    )


def _payment(progress: PlanProgress) -> OpenPayment | None:
    """A payment that is not over; its run has asked the wallet for it, or not: the orders say."""
    asked = progress.payment
    if asked is None:
        return None
    return OpenPayment(
        number=OWN_PAYMENT_FROM + asked.order,
        amount=asked.amount,
        installments=asked.installments,
        late_fees=asked.late_fees,
        sent=True,
        parts=asked.parts,
        receipt=asked.receipt,
        on=asked.on,
    )


def _installment(row: LoadedInstallment, *, progress: PlanProgress) -> InstallmentLife:
    known = progress.collection(number=row.planned.number)
    return InstallmentLife(
        planned=row.planned,
        state=InstallmentState(row.state),
        attempts=known.attempts,
        next_attempt_at=known.next_attempt_at,
        failed=known.failed,
        wallet_id=known.wallet_id,
    )


def _payout(stored: StoredPlan) -> PayoutLife | None:
    """None before activation: what was scheduled by then is scheduled again, and is the same."""
    settlement, progress = stored.settlement, stored.plan.progress
    if settlement.authorised is not None and progress.authorised_until is not None:
        return _captured(stored, settlement.authorised, until=progress.authorised_until)
    scheduled = settlement.scheduled
    if scheduled is None or not progress.is_activated:
        return None
    return PayoutLife(
        scheduled=scheduled,
        # Whatever was begun had been released before; releasing it again changes nothing.
        released=settlement.begun or settlement.number > 1,
        done=stored.plan.merchant_paid,
        number=settlement.number,
        rejected=progress.payout_rejected == scheduled.payout_id,
        begun=settlement.begun,
        by_day=settlement.by_day,
        refused=progress.payout_rejected,
    )


def _captured(stored: StoredPlan, authorised: OrderAuthorised, *, until: datetime) -> PayoutLife:
    """Of captures: what no payout has paid is due, and what no event tells is told."""
    found, progress = stored.settlement.found, stored.plan.progress
    newest = found.shares[-1] if found.shares else None
    rejected = newest is not None and newest.payout_id == progress.payout_rejected
    payout = PayoutLife(
        scheduled=SettlementScheduled(
            payout_id=payout_id(plan_id=stored.plan.plan_id, number=1),
            gross=authorised.gross,
            fee=authorised.fee,
            net=authorised.net,
            due_at=until,
        ),
        rejected=rejected,
        by_day=True,
        refused=progress.payout_rejected,
        told=list(progress.merchant_told),
    )
    learn(payout, found)
    untold = [share for share in found.shares if share.state is PayoutState.SETTLED]
    payout.done = payout.done and all(share.payout_id in payout.told for share in untold)
    return payout
