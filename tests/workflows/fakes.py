"""Domains and rails in memory, by the same contracts: the workflows' own paths, made to order.

The journeys run the real ones; here a test says what a rail answers, attempt by attempt.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.resources import files
from json import loads

from activities.contracts import auth, bnpl, credit, kyc, marketplace, settlement
from activities.contracts.step import Nothing
from activities.edge import takes
from meqenet.bnpl.events import PaymentRequested, PlannedInstallment
from meqenet.bnpl.offer import NotOffered, Quote, quote
from meqenet.bnpl.products import ProductVersion, document_of, product_from_document
from meqenet.bnpl.servicing.told import ToldPlan
from meqenet.bnpl.told_payments import told_plan
from meqenet.calendar import at_addis
from meqenet.errors import Refusal, Unavailable
from meqenet.kyc.fayda import AuthorizationReturn, IdentityClaims
from meqenet.money import Money
from meqenet.payments.rail import (
    RailStatus,
    WalletProvider,
)
from meqenet.settlement.transfer import (
    CreditTransfer,
    PayoutAccount,
    TransferAnswer,
    TransferStatus,
)
from tests.workflows.capturing import Capturing
from tests.workflows.payments import Payments
from tests.workflows.rails import Answering, Rails, told
from tests.workflows.reminders import Reminders
from tests.workflows.replays import Replays


def catalogue(option: str, *, version: int = 1) -> ProductVersion:
    """The product as it is published."""
    text = (files("db.bnpl") / "catalogue" / f"{option}-v{version}.json").read_text()
    return product_from_document(document=loads(text))


def rows_of(quoted: Quote) -> tuple[PlannedInstallment, ...]:
    return tuple(
        PlannedInstallment(
            number=row.number, due_on=row.due, principal=row.principal, interest=row.interest
        )
        for row in quoted.schedule.installments
    )


TAKEN = marketplace.NoticeAnswer(delivered=True, status=204, wanted=True)
UNWANTED = marketplace.NoticeAnswer(delivered=False, status=None, wanted=False)
Hearing = Callable[[marketplace.DeliverNotice], marketplace.NoticeAnswer | Exception]


async def _nothing(_order: str) -> None:
    """Nothing happens meanwhile."""


def nobody_hears(_notice: marketplace.DeliverNotice) -> marketplace.NoticeAnswer:
    """The merchant has no webhook."""
    return UNWANTED


@dataclass
class Domains(Payments, Rails, Reminders, Capturing, Replays):
    """Every domain, the rails, and the endpoint of every merchant (``hear``), by default none."""

    hear: Hearing = nobody_hears
    transfer: Answering = lambda _order: RailStatus.SUCCEEDED
    meanwhile: Callable[[str], Awaitable[None]] = _nothing
    """What happens while M-PESA is being told to pay a merchant."""
    age_years: int = 30
    product_version: int = 1
    sold_as: Callable[[ProductVersion], ProductVersion] = lambda product: product
    plans: dict[str, bnpl.OpenPlan] = field(default_factory=dict)
    quotes: dict[str, Quote] = field(default_factory=dict)
    events: dict[str, list[bnpl.RecordEvent]] = field(default_factory=lambda: defaultdict(list))
    ended: set[str] = field(default_factory=set)
    holds: dict[str, str] = field(default_factory=dict)
    orders: dict[str, str] = field(default_factory=dict)
    notices: list[marketplace.DeliverNotice] = field(default_factory=list)
    notices_on_file: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    given_up: dict[str, list[marketplace.DeliverNotice]] = field(
        default_factory=lambda: defaultdict(list)
    )
    notice_tries: dict[str, list[marketplace.RecordNotice]] = field(
        default_factory=lambda: defaultdict(list)
    )
    payouts: dict[str, Money] = field(default_factory=dict)
    paid_out: list[str] = field(default_factory=list)

    def kinds(self, plan_id: str) -> list[str]:
        """The plan's events so far."""
        return [e.event.kind for e in self.events[plan_id]]

    def _product(self, option: str) -> ProductVersion:
        return self.sold_as(catalogue(option, version=self.product_version))

    @takes(bnpl.OPEN_PLAN)
    async def open_plan(self, command: bnpl.OpenPlan) -> bnpl.PlanTerms:
        product = self._product(command.option)
        quoted = quote(
            product=product,
            amount=command.amount,
            on=command.at.date(),
            installment_count=command.installment_count,
            tier=None,
        )
        if isinstance(quoted, NotOffered):
            raise Refusal(quoted.code, quoted.text, field="amount")
        self.plans[command.plan_id] = command
        rows = rows_of(quoted)
        at_once = rows[0].amount if rows[0].due_on == command.at.date() else Money.zero()
        return bnpl.PlanTerms(
            product=document_of(product=product),
            product_version=product.version,
            lender_of_record=product.lender_of_record,
            first_payment=at_once,
            owed_after_checkout=command.amount - at_once,
            monthly_payment_max=rows[-1].amount,
            offer_minutes_max=product.offer_minutes_max,
            first_payment_minutes_max=product.first_payment_minutes_max,
            collection_hour=product.collection_hour,
            retry_after_days=product.retry_after_days,
            protection_days=product.protection_days,
        )

    @takes(bnpl.MAKE_OFFER)
    async def make_offer(self, command: bnpl.MakeOffer) -> bnpl.OfferMade:
        quoted = self._quote(command.plan_id, tier=command.tier, on=command.at)
        return bnpl.OfferMade(
            installments=rows_of(quoted),
            total_payable=quoted.total_payable,
            cost_of_credit=quoted.cost_of_credit,
            nominal_rate_basis_points=quoted.nominal_rate_basis_points,
            nominal_apr_percent=quoted.nominal_apr_percent,
            effective_apr_percent=quoted.effective_apr_percent,
        )

    @takes(bnpl.DATE_SCHEDULE)
    async def date_schedule(self, command: bnpl.DateSchedule) -> bnpl.DatedSchedule:
        on = at_addis(on=command.activated_on, hour=12)
        return bnpl.DatedSchedule(
            installments=rows_of(self._quote(command.plan_id, tier="D", on=on))
        )

    def _quote(self, plan_id: str, *, tier: str, on: datetime) -> Quote:
        plan = self.plans[plan_id]
        product = self._product(plan.option)
        quoted = quote(
            product=product,
            amount=plan.amount,
            on=on.date(),
            installment_count=plan.installment_count,
            tier=tier if product.rate_basis_points_by_tier else None,
        )
        assert isinstance(quoted, Quote)
        return quoted

    @takes(bnpl.RECORD_EVENT)
    async def record_event(self, command: bnpl.RecordEvent) -> Nothing:
        log = self.events[command.plan_id]
        assert command.sequence == len(log) + 2, "the log is without gap or repeat"
        log.append(command)
        return Nothing()

    @takes(bnpl.FIND_TOLD)
    async def find_told(self, command: bnpl.FindTold) -> ToldPlan:
        log = self.events[command.plan_id]
        opened = PaymentRequested(expires_at=log[0].at)  # in the place of the plan's first event
        return told_plan(log=[(opened, log[0].at), *((each.event, each.at) for each in log)])

    @takes(bnpl.END_PROCESS)
    async def end_process(self, command: bnpl.EndProcess) -> Nothing:
        self.ended.add(command.plan_id)
        return Nothing()

    @takes(marketplace.PLACE_ORDER)
    async def place_order(self, command: marketplace.PlaceOrder) -> marketplace.OrderPlaced:
        self.orders[command.plan_id] = "placed"
        return marketplace.OrderPlaced(merchant_name="Shop", wants_notices=True)

    @takes(marketplace.CLOSE_ORDER)
    async def close_order(self, command: marketplace.CloseOrder) -> Nothing:
        self.orders[command.plan_id] = command.outcome
        return Nothing()

    @takes(marketplace.STORE_NOTICE)
    async def store_notice(self, command: marketplace.StoreNotice) -> marketplace.NoticeStored:
        told = command.notice
        on_file = self.notices_on_file[told.plan_id]
        if told.after is not None and told.after not in on_file:
            raise Unavailable("earlier_notice_missing", "not on file")
        if told.notice_id not in on_file:
            on_file.append(told.notice_id)
        return marketplace.NoticeStored(
            sequence=on_file.index(told.notice_id) + 1, wanted=self.hear is not nobody_hears
        )

    @takes(marketplace.LIST_GIVEN_UP)
    async def list_given_up(self, command: marketplace.ListGivenUp) -> marketplace.GivenUpListed:
        found = self.given_up[command.merchant_id]
        behind = [each for each in found if command.after is None or each.notice_id > command.after]
        return marketplace.GivenUpListed(notices=tuple(behind[: command.limit]))

    @takes(marketplace.DELIVER_NOTICE)
    async def deliver_notice(self, command: marketplace.DeliverNotice) -> marketplace.NoticeAnswer:
        self.notices.append(command)
        answer = self.hear(command)
        if isinstance(answer, Exception):
            raise answer
        return answer

    @takes(marketplace.RECORD_NOTICE)
    async def record_notice(self, command: marketplace.RecordNotice) -> Nothing:
        tries = self.notice_tries[command.notice_id]
        if command.answer.wanted and command not in tries:
            assert command.number == len(tries) + 1, "tries are recorded one after another"
            tries.append(command)
        return Nothing()

    @takes(kyc.BEGIN_VERIFICATION)
    async def begin_verification(self, command: kyc.BeginVerification) -> kyc.VerificationBegun:
        state = f"{command.plan_id}.{command.attempt}"
        return kyc.VerificationBegun(authorization_url="http://127.0.0.1/login", state=state)

    @takes(kyc.MATCH_RETURN)
    async def match_return(self, command: kyc.MatchReturn) -> AuthorizationReturn:
        return AuthorizationReturn(code=command.code, nonce="n", code_verifier="v")

    @takes(kyc.FETCH_IDENTITY)
    async def fetch_identity(self, command: AuthorizationReturn) -> IdentityClaims:
        if command.code == "expired":
            raise Refusal("identity_login_expired", "Please log in again.")
        return IdentityClaims(
            subject="s",
            individual_id="1",
            name="n",
            birth_date=datetime(1990, 1, 1, tzinfo=UTC).date(),
        )

    @takes(kyc.RECORD_IDENTITY)
    async def record_identity(self, _command: kyc.RecordIdentity) -> kyc.IdentityVerified:
        return kyc.IdentityVerified(customer_id="cus_1", age_years=self.age_years)

    @takes(kyc.CLOSE_VERIFICATION)
    async def close_verification(self, _command: kyc.CloseVerification) -> Nothing:
        return Nothing()

    @takes(credit.ASSESS)
    async def assess(self, command: credit.AssessCredit) -> credit.CreditDecision:
        limit = Money.from_birr("40000")
        if command.age_years < 18 and command.amount:
            reason = credit.DeclineReason(code="under_age", text="You must be 18 or older.")
            return credit.CreditDecision(approved=False, tier="D", limit=limit, reasons=(reason,))
        self.holds[command.plan_id] = "held"
        return credit.CreditDecision(approved=True, tier="D", limit=limit)

    @takes(credit.RELEASE_HOLD)
    async def release_hold(self, command: credit.ReleaseHold) -> Nothing:
        self.holds[command.plan_id] = command.released_as
        return Nothing()

    @takes(credit.CONVERT_HOLD)
    async def convert_hold(self, command: credit.ConvertHold) -> Nothing:
        self.holds[command.plan_id] = "owed"
        return Nothing()

    @takes(credit.RECORD_REPAYMENT)
    async def record_repayment(self, _command: credit.RecordRepayment) -> Nothing:
        return Nothing()

    @takes(credit.WRITE_OFF)
    async def write_off(self, command: credit.WriteOffDebt) -> Nothing:
        self.holds[command.plan_id] = "written_off"
        return Nothing()

    @takes(settlement.SCHEDULE)
    async def schedule(
        self, command: settlement.ScheduleSettlement
    ) -> settlement.SettlementScheduled:
        fee = command.amount.portion(basis_points=300)
        self.payouts[command.payout_id] = command.amount - fee
        days = max(1, command.protection_days)
        due = at_addis(on=command.activated_on, hour=9)
        scheduled = settlement.SettlementScheduled(
            payout_id=command.payout_id,
            gross=command.amount,
            fee=fee,
            net=command.amount - fee,
            due_at=due.fromtimestamp(due.timestamp() + days * 86400, tz=UTC),
        )
        self.add_order(command, scheduled)
        return scheduled

    @takes(settlement.OPEN_PAYOUT)
    async def open_payout(self, command: settlement.OpenPayout) -> CreditTransfer:
        return CreditTransfer(
            end_to_end_id=command.payout_id,
            creditor=PayoutAccount(bic="CBETETAA", account_number="1", account_name="Shop"),
            amount=self.payouts[command.payout_id],
            remittance=command.payout_id,
        )

    @takes(settlement.RECORD_PAYOUT)
    async def record_payout(self, _command: settlement.RecordPayout) -> Nothing:
        return Nothing()

    @takes(settlement.SEND_TRANSFER)
    async def send_transfer(self, command: CreditTransfer) -> TransferAnswer:
        return self._paid_out(command.end_to_end_id)

    @takes(settlement.QUERY_TRANSFER)
    async def query_transfer(self, command: settlement.QueryTransfer) -> TransferAnswer:
        return _transfer(command.end_to_end_id, *told(self.query(command.end_to_end_id)))

    @takes(settlement.MPESA_PAY_MERCHANT)
    async def pay_merchant(self, command: CreditTransfer) -> TransferAnswer:
        await self.meanwhile(command.end_to_end_id)
        return self._paid_out(command.end_to_end_id)

    @takes(settlement.MPESA_ASK_PAYOUT)
    async def ask_payout(self, command: settlement.QueryTransfer) -> TransferAnswer:
        return _transfer(command.end_to_end_id, *told(self.query(command.end_to_end_id)))

    def _paid_out(self, end_to_end_id: str) -> TransferAnswer:
        self.paid_out.append(end_to_end_id)
        return _transfer(end_to_end_id, *told(self.transfer(end_to_end_id)))

    @takes(auth.ISSUE_KEY)
    async def issue_key(self, _command: auth.IssueKey) -> Nothing:
        return Nothing()


def _transfer(end_to_end_id: str, status: RailStatus, code: str | None) -> TransferAnswer:
    known = {
        RailStatus.SUCCEEDED: TransferStatus.SETTLED,
        RailStatus.FAILED: TransferStatus.REJECTED,
        RailStatus.PENDING: TransferStatus.PENDING,
        RailStatus.NOT_FOUND: TransferStatus.NOT_FOUND,
    }
    return TransferAnswer(end_to_end_id=end_to_end_id, status=known[status], reason_code=code)


WALLETS = {WalletProvider.TELEBIRR: "251911000000", WalletProvider.MPESA: "251711000000"}
