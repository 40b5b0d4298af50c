"""Domains in memory that can tell what they know of a plan, as the stores behind them can."""

from dataclasses import dataclass, field, replace
from typing import Any

from activities.contracts import bnpl, kyc, marketplace, settlement
from activities.contracts import payments as p
from activities.contracts.step import Nothing
from activities.edge import takes
from meqenet.bnpl import events as e
from meqenet.bnpl.dispute_events import CollectionSetAside, OrderDisputeEnded
from meqenet.bnpl.hardship_events import PlanChanged
from meqenet.bnpl.loss_events import PlanChargedOff
from meqenet.bnpl.payment_events import OwnPaymentAllocated
from meqenet.bnpl.progress import progress_of
from meqenet.bnpl.refund_events import AuthorisationExpired, OrderRefunded, OrderVoided
from meqenet.bnpl.replay_events import PaymentsReplayed
from meqenet.bnpl.schedule_in_force import InstallmentInForce
from meqenet.bnpl.states import InstallmentState, PlanState
from meqenet.errors import Refusal
from meqenet.payments.rail import RailStatus
from meqenet.payments.wallet_ids import wallet_id_of
from meqenet.settlement.transfer import CreditTransfer
from tests.workflows.fakes import TAKEN, Domains


@dataclass
class Stores(Domains):
    """As :class:`Domains`; and rails that know the orders which they were sent, and no others.

    ``erased``: plans whose customer's wallet cannot be read any more.
    """

    logins: dict[str, kyc.LoadedLogin] = field(default_factory=dict)
    scheduled: dict[str, settlement.SettlementScheduled] = field(default_factory=dict)
    opened_payouts: set[str] = field(default_factory=set)
    opened_refunds: dict[str, p.RefundFound] = field(default_factory=dict)
    erased: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.query = self.known

    def known(self, order: str) -> RailStatus:
        """What a rail says of an order that nothing has gone wrong with."""
        arrived = {*self.sent, *self.paid_out, *self.refunds}
        return RailStatus.SUCCEEDED if order in arrived else RailStatus.NOT_FOUND

    @takes(bnpl.LOAD_PLAN)
    async def load_plan(self, command: bnpl.LoadPlan) -> bnpl.LoadedPlan:
        plan, log = self.plans[command.plan_id], self.events[command.plan_id]
        opened = e.PlanOpened(
            merchant_id=plan.merchant_id,
            reference=plan.reference,
            option=plan.option,
            product_version=1,
            amount=plan.amount,
            wallet_provider=plan.wallet_provider,
            test_clock_id=plan.test_clock_id,
            capture=plan.capture,
        )
        events = [each.event for each in log]
        tiers = [event.tier for event in events if isinstance(event, e.PlanOffered)]
        return bnpl.LoadedPlan(
            plan_id=plan.plan_id,
            merchant_id=plan.merchant_id,
            reference=plan.reference,
            request_hash=plan.request_hash,
            option=plan.option,
            amount=plan.amount,
            installment_count=plan.installment_count,
            wallet_provider=plan.wallet_provider,
            test_clock_id=plan.test_clock_id,
            test_clock_now=None,
            state=log[-1].state if log else PlanState.APPLIED,
            ended=plan.plan_id in self.ended,
            terms=await self.open_plan(plan),
            tier=tiers[-1] if tiers else "",
            customer_id="cus_1",
            installments=_installments(events),
            merchant_paid=any(isinstance(event, e.MerchantPaid) for event in events),
            next_step=log[-1].next_step if log else "identity check",
            next_step_at=log[-1].next_step_at if log else None,
            progress=progress_of(log=[(opened, plan.at), *((each.event, each.at) for each in log)]),
            capture=plan.capture,
        )

    @takes(bnpl.LIST_OPEN_PLANS)
    async def list_open_plans(self, command: bnpl.ListOpenPlans) -> bnpl.OpenPlansListed:
        still_open = sorted(self.plans.keys() - self.ended)
        behind = [plan for plan in still_open if command.after is None or plan > command.after]
        return bnpl.OpenPlansListed(plan_ids=tuple(behind[: command.limit]), count=len(still_open))

    @takes(marketplace.LOAD_ORDER)
    async def load_order(self, command: marketplace.LoadOrder) -> marketplace.LoadedOrder:
        placed = command.plan_id in self.orders
        return marketplace.LoadedOrder(placed=placed, description="goods" if placed else "")

    @takes(marketplace.DELIVER_NOTICE)
    async def deliver_notice(self, command: marketplace.DeliverNotice) -> marketplace.NoticeAnswer:
        tries = self.notice_tries[command.notice_id]
        if any(made.answer.delivered for made in tries):
            return TAKEN
        answer: marketplace.NoticeAnswer = await super().deliver_notice(command)
        return answer

    @takes(marketplace.RECORD_NOTICE)
    async def record_notice(self, command: marketplace.RecordNotice) -> Nothing:
        """Tries of a notice that was begun again count from 1 again."""
        tries = self.notice_tries[command.notice_id]
        if command.answer.wanted and command.number > len(tries):
            tries.append(command)
        return Nothing()

    @takes(kyc.BEGIN_VERIFICATION)
    async def begin_verification(self, command: kyc.BeginVerification) -> kyc.VerificationBegun:
        state = f"{command.plan_id}.{command.attempt}"
        self.logins[command.plan_id] = kyc.LoadedLogin(
            state=kyc.LoginState.OPEN,
            fayda_number=command.fayda_number,
            consent_version=command.consent_version,
            attempt=command.attempt,
            login_state=state,
            monthly_income=command.monthly_income,
        )
        return kyc.VerificationBegun(authorization_url="http://127.0.0.1/login", state=state)

    @takes(kyc.RECORD_IDENTITY)
    async def record_identity(self, command: kyc.RecordIdentity) -> kyc.IdentityVerified:
        verified = kyc.IdentityVerified(customer_id="cus_1", age_years=self.age_years)
        self._login_is(command.plan_id, state=kyc.LoginState.VERIFIED, identity=verified)
        return verified

    @takes(kyc.CLOSE_VERIFICATION)
    async def close_verification(self, command: kyc.CloseVerification) -> Nothing:
        self._login_is(command.plan_id, state=kyc.LoginState.CLOSED, outcome=command.code)
        return Nothing()

    @takes(kyc.LOAD_LOGIN)
    async def load_login(self, command: kyc.LoadLogin) -> kyc.LoadedLogin:
        return self.logins.get(command.plan_id, kyc.LoadedLogin(state=kyc.LoginState.NONE))

    @takes(p.OPEN_REFUND)
    async def open_refund(self, command: p.OpenRefund) -> p.RefundOpened:
        self.opened_refunds.setdefault(
            command.refund_id,
            p.RefundFound(
                refund_id=command.refund_id,
                attempt_id=command.attempt_id,
                state=p.AttemptState.CREATED,
            ),
        )
        opened: p.RefundOpened = await super().open_refund(command)
        return opened

    @takes(p.LOAD_PAYMENTS)
    async def load_payments(self, command: p.LoadPayments) -> p.LoadedPayments:
        if command.plan_id in self.erased:
            raise Refusal("person_erased", "the person was erased")
        wallet = self.wallets.get(command.plan_id)
        return p.LoadedPayments(
            msisdn=None if wallet is None else wallet.msisdn,
            attempts=tuple(
                p.AttemptFound(
                    attempt_id=attempt_id,
                    state=standing.state,
                    channel=self.attempts[attempt_id].channel,
                    succeeded_at=standing.succeeded_at,
                    provider=self.provider_of(attempt_id),
                    wallet_id=self.attempts[attempt_id].wallet_id,
                )
                for attempt_id, standing in self.standings.items()
                if self.attempts[attempt_id].plan_id == command.plan_id
            ),
            refunds=tuple(
                refund
                for refund in self.opened_refunds.values()
                if self.attempts[refund.attempt_id].plan_id == command.plan_id
            ),
            further_wallets=tuple(
                wallet_id_of(plan_id=command.plan_id, number=number)
                for number, _ in enumerate(self.further[command.plan_id], start=2)
            ),
        )

    @takes(settlement.SCHEDULE)
    async def schedule(
        self, command: settlement.ScheduleSettlement
    ) -> settlement.SettlementScheduled:
        if command.payout_id not in self.scheduled:
            self.scheduled[command.payout_id] = await super().schedule(command)
        return self.scheduled[command.payout_id]

    @takes(settlement.OPEN_PAYOUT)
    async def open_payout(self, command: settlement.OpenPayout) -> CreditTransfer:
        self.opened_payouts.add(command.payout_id)
        opened: CreditTransfer = await super().open_payout(command)
        return opened

    @takes(settlement.LOAD_SETTLEMENT)
    async def load_settlement(
        self, command: settlement.LoadSettlement
    ) -> settlement.LoadedSettlement:
        order = self.authorised.get(command.plan_id)
        if order is not None:
            return settlement.LoadedSettlement(
                scheduled=None,
                by_day=True,
                authorised=await self.authorise_order(order),
                found=self.captures_of(command.plan_id),
            )
        mine = sorted(payout for payout in self.scheduled if payout.startswith(command.plan_id))
        if not mine:
            return settlement.LoadedSettlement(scheduled=None)
        return settlement.LoadedSettlement(
            scheduled=self.scheduled[mine[-1]],
            number=len(mine),
            begun=mine[-1] in self.opened_payouts,
            by_day=command.plan_id in self.lines,
        )

    def _login_is(self, plan_id: str, **changed: Any) -> None:  # noqa: ANN401 - fields of the login
        self.logins[plan_id] = replace(self.logins[plan_id], **changed)


def _installments(events: list[e.PlanEvent]) -> tuple[bnpl.LoadedInstallment, ...]:
    planned: tuple[e.PlannedInstallment, ...] = ()
    states: dict[int, str] = {}
    for event in events:
        match event:
            case e.PlanOffered() | e.PlanActivated():
                planned = event.installments
            case e.CollectionStarted():
                states[event.number] = InstallmentState.COLLECTING
            case e.InstallmentPaid():
                states[event.number] = InstallmentState.PAID
            case e.InstallmentFailed():
                states[event.number] = InstallmentState.FAILED
            case CollectionSetAside():
                states[event.number] = InstallmentState.SCHEDULED
            case (
                OrderRefunded()
                | OrderVoided()
                | AuthorisationExpired()
                | OwnPaymentAllocated()
                | PlanChanged()
                | OrderDisputeEnded()
            ):
                planned, states = _rescheduled(event, planned=planned, states=states)
            case PaymentsReplayed():
                planned = tuple(_planned(row) for row in event.installments)
                states = {row.number: row.state for row in event.rows}
            case PlanChargedOff():
                states |= {
                    row.number: InstallmentState.FAILED
                    for row in planned
                    if states.get(row.number) != InstallmentState.PAID
                }
            case _:
                pass
    return tuple(
        bnpl.LoadedInstallment(
            planned=row, state=states.get(row.number, InstallmentState.SCHEDULED)
        )
        for row in planned
    )


def _planned(row: InstallmentInForce) -> e.PlannedInstallment:
    return e.PlannedInstallment(
        number=row.number, due_on=row.due_on, principal=row.principal, interest=row.interest
    )


def _rescheduled(
    event: OrderRefunded
    | OrderVoided
    | AuthorisationExpired
    | OwnPaymentAllocated
    | PlanChanged
    | OrderDisputeEnded,
    *,
    planned: tuple[e.PlannedInstallment, ...],
    states: dict[int, str],
) -> tuple[tuple[e.PlannedInstallment, ...], dict[int, str]]:
    """The schedule in force; what is due on another day is scheduled, of nothing nothing is."""
    if not event.installments:
        return planned, states
    after = tuple(_planned(row) for row in event.installments)
    if isinstance(event, OwnPaymentAllocated):
        return after, states
    due_on = {row.number: row.due_on for row in planned}
    moved = {row.number for row in after if due_on.get(row.number) != row.due_on}
    paid = {n for n, state in states.items() if state == InstallmentState.PAID}
    kept = {n: state for n, state in states.items() if n not in moved or n in paid}
    gone = (row.number for row in event.installments if not row.planned and row.number not in paid)
    return after, kept | dict.fromkeys(gone, InstallmentState.CANCELLED)
