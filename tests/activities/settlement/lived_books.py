"""An order that is lived in the real stores: each deed as the plan's process has it done."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from activities.captures import CaptureActivities
from activities.contracts import captures as c
from activities.contracts import ledger as l
from activities.contracts import merchant_settlement as m
from activities.contracts.settlement import OrderLine, RegisterTerms, ScheduleSettlement
from activities.ledger import LedgerActivities
from activities.merchant_books import MerchantBookActivities
from activities.merchant_settlement import MerchantSettlementActivities
from activities.settlement import SettlementActivities
from db.kernel.encryption import Keyring
from meqenet.calendar import at_addis
from meqenet.identity import payout_id
from meqenet.ledger import happenings as h
from meqenet.ledger import order_happenings as oh
from meqenet.ledger.day_counts import day_count_of
from meqenet.ledger.financed import FinancedInstallment
from meqenet.money import Money
from meqenet.settlement.lines import ReserveTerms
from tests.activities.settlement.stories import ACCOUNT
from tests.backing import Databases
from tests.meqenet.bnpl.lived_order import LivedOrder

NOTHING = Money.zero()
LENDER, WALLET = "lnd", "telebirr"


class Steps:
    """The steps of both domains."""

    def __init__(self, databases: Databases, keyring: Keyring) -> None:
        self.stores = databases
        settlement, ledger = databases["settlement"], databases["ledger"]
        self.settlement = SettlementActivities(database=settlement, keyring=keyring)
        self.captures = CaptureActivities(database=settlement)
        self.days = MerchantSettlementActivities(database=settlement, keyring=keyring)
        self.ledger = LedgerActivities(database=ledger)
        self.books = MerchantBookActivities(database=ledger)


@dataclass(kw_only=True)
class LivedBooks:
    """One order of one merchant.

    Attributes:
        steps: of the real stores.
        plan: what has become of it by its log.
        merchant_id: whose it is.
        protection_days: the buyer's window.
        fee: the merchant's of the whole order.
        payout: of the merchant that is under way.
        taken: lines that a payout has had, whatever became of it.
        sent: what the merchant's bank has had, by payout.
        shares: what the plan has had of that, by payouts of its own numbers.
        void_net: what the merchant will not get of what was voided.
    """

    steps: Steps
    plan: LivedOrder
    merchant_id: str
    protection_days: int
    reserve: ReserveTerms
    fee: Money = NOTHING
    payout: m.OpenedPayout | None = None
    taken: set[str] = field(default_factory=set)
    sent: dict[str, Money] = field(default_factory=dict)
    shares: dict[str, Money] = field(default_factory=dict)
    void_net: Money = NOTHING
    minutes: int = 0

    @property
    def plan_id(self) -> str:
        """The plan's."""
        return self.plan.plan_id

    @property
    def now(self) -> datetime:
        """Each deed is a minute after the one before."""
        return at_addis(on=self.plan.on, hour=12) + timedelta(minutes=self.minutes)

    @property
    def is_manual(self) -> bool:
        """Whether the merchant captures its order itself."""
        return self.plan.until is not None

    async def post(self, posting_id: str, happening: h.Happening) -> None:
        """Post it now."""
        await self.steps.ledger.post(
            l.Post(posting_id=posting_id, happening=happening, effective_at=self.now)
        )

    async def open(self) -> None:
        """The plan becomes active; what is due at once was paid at checkout."""
        plan = self.plan
        await self.steps.settlement.register_terms(
            RegisterTerms(
                merchant_id=self.merchant_id,
                fee_basis_points={"pay_in_4": 333},
                delay_days=1,
                account=ACCOUNT,
                at=self.now - timedelta(days=1),
                reserve=self.reserve,
            )
        )
        if plan.terms.down_payment_percent is not None:
            row = plan.account.installments[0]
            paid = h.CheckoutPaymentReceived(
                plan_id=self.plan_id,
                attempt_id=plan.next_attempt(1),
                provider=WALLET,
                amount=row.left.total,
            )
            await self.post(plan.collect_whole(row), paid)
        self.fee = await (self._authorised() if self.is_manual else self._scheduled(self.plan_id))
        financed = {
            "plan_id": self.plan_id,
            "merchant_id": self.merchant_id,
            "lender": LENDER,
            "amount": plan.terms.principal,
            "merchant_fee": self.fee,
            "paid_at_checkout": plan.came,
            "installments": self._financed(),
            "day_count": day_count_of(
                days_in_year=plan.terms.days_in_year.value,
                days_in_month=plan.terms.days_in_month.value,
                repay_unit=plan.terms.repay_unit.value,
            ),
            "on_test_clock": True,
        }
        await self.post(
            f"{self.plan_id}-activation",
            oh.OrderAuthorised(**financed)  # type: ignore[arg-type]  # fields of both
            if self.is_manual
            else h.PlanBecameActive(**financed, protected=self.protection_days > 0),  # type: ignore[arg-type]  # the same
        )

    async def sell_another(self, amount: Money) -> None:
        """The merchant sells something else, of whose money it pays what it owes."""
        other = f"{self.plan_id}x"
        fee = await self._scheduled(other, amount=amount)
        await self.post(
            f"{other}-activation",
            h.PlanBecameActive(
                plan_id=other,
                merchant_id=self.merchant_id,
                lender=LENDER,
                amount=amount,
                merchant_fee=fee,
                paid_at_checkout=NOTHING,
                protected=self.protection_days > 0,
            ),
        )

    async def _scheduled(self, plan_id: str, *, amount: Money | None = None) -> Money:
        scheduled = await self.steps.settlement.schedule(
            ScheduleSettlement(
                plan_id=plan_id,
                merchant_id=self.merchant_id,
                payout_id=payout_id(plan_id=plan_id, number=1),
                option="pay_in_4",
                amount=amount or self.plan.terms.principal,
                activated_on=self.plan.on,
                protection_days=self.protection_days,
                at=self.now,
                line=OrderLine(reference="order"),
            )
        )
        fee: Money = scheduled.fee
        return fee

    async def _authorised(self) -> Money:
        authorised = await self.steps.captures.authorise_order(
            c.AuthoriseOrder(
                plan_id=self.plan_id,
                merchant_id=self.merchant_id,
                option="pay_in_4",
                amount=self.plan.terms.principal,
                authorised_on=self.plan.on,
                protection_days=self.protection_days,
                reference="order",
                test_clock_id=None,
                at=self.now,
            )
        )
        fee: Money = authorised.fee
        return fee

    def _financed(self) -> tuple[FinancedInstallment, ...]:
        rows = self.plan.account.installments
        starts = [self.plan.on, *(row.due_on for row in rows)]
        return tuple(
            FinancedInstallment(
                number=row.number,
                principal=row.owed.principal,
                interest=row.owed.interest,
                starts_on=starts_on,
                ends_on=row.due_on,
            )
            for starts_on, row in zip(starts, rows, strict=False)
        )
