"""The ledger in memory: what was posted under which id, and what each installment has earned."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from activities.contracts import ledger
from activities.contracts.step import Nothing
from activities.edge import takes
from meqenet.ledger.accruals import (
    accrual_id,
    end_of_day,
    fee_earned,
    fees_of,
    interest_by_day,
)
from meqenet.ledger.earning import EarningTerms, fee_kept
from meqenet.ledger.financed import FinancedInstallment
from meqenet.ledger.happenings import (
    Happening,
    InstallmentCollected,
    InterestAccrued,
    OrderRefunded,
    PlanBecameActive,
)
from meqenet.ledger.order_happenings import OrderAuthorised
from meqenet.money import Money, total


@dataclass
class Books:
    """``postings`` by id. An installment that is paid has earned all of its days."""

    postings: dict[str, ledger.Post] = field(default_factory=dict)
    suspended: dict[str, datetime] = field(default_factory=dict)
    """Plans that earn nothing, and since when."""

    shares: dict[tuple[str, int], Money] = field(default_factory=dict)
    """Of the merchant's fee, by installment, where the schedule was changed."""

    terms: dict[tuple[str, int], EarningTerms] = field(default_factory=dict)
    """How installments earn, where the schedule was changed."""

    held: dict[str, ledger.HoldMoney] = field(default_factory=dict)
    paid: dict[tuple[str, int], Money] = field(default_factory=dict)
    """Interest that parts have paid: it is earned with them, and by no day."""

    def happenings(self, plan_id: str) -> list[Happening]:
        """What was posted of a plan."""
        return [p.happening for p in self.postings.values() if p.happening.plan_id == plan_id]

    async def keep(self, posting_id: str, happening: Happening, at: datetime) -> None:
        """Post under an id, once."""
        await self.post(ledger.Post(posting_id=posting_id, happening=happening, effective_at=at))

    @takes(ledger.POST)
    async def post(self, command: ledger.Post) -> Nothing:
        before = self.postings.setdefault(command.posting_id, command)
        assert before.happening == command.happening
        return Nothing()

    @takes(ledger.SHARE_FEE)
    async def share_fee(self, command: ledger.ShareFee) -> Nothing:
        self.shares |= {(command.plan_id, number): share for number, share in command.shares}
        return Nothing()

    @takes(ledger.REPLAN_EARNINGS)
    async def replan_earnings(self, command: ledger.ReplanEarnings) -> Nothing:
        for each in command.installments:
            self.terms[(command.plan_id, each.number)] = each
            if each.merchant_fee is not None:
                self.shares[(command.plan_id, each.number)] = each.merchant_fee
        return Nothing()

    @takes(ledger.TAKE_PAYMENT)
    async def take_payment(self, command: ledger.TakePayment) -> Nothing:
        if command.posting_id in self.postings:
            return Nothing()
        plan_id, fee = command.plan_id, Money.zero()
        assert not command.from_credit
        self.terms |= {(plan_id, each.number): each for each in command.earnings}
        for part in command.parts:
            key = (plan_id, part.number)
            self.paid[key] = self.paid.get(key, Money.zero()) + part.interest
            if part.principal:
                fee += fee_earned(
                    fee=self._planned(plan_id, part.number)[1],
                    financed=part.financed,
                    returned_before=part.returned_before,
                    returned=part.principal,
                )
        collected = InstallmentCollected(
            plan_id=plan_id,
            attempt_id=command.posting_id,
            provider=command.provider,
            lender=command.lender,
            principal=total(part.principal for part in command.parts),
            interest=total(part.interest for part in command.parts),
            late_fee=total(part.late_fee for part in command.parts),
            overpaid=command.overpaid,
            merchant_fee=fee,
        )
        await self.post(
            ledger.Post(posting_id=command.posting_id, happening=collected, effective_at=command.at)
        )
        return Nothing()

    @takes(ledger.REFUND_ORDER)
    async def refund_order(self, command: ledger.RefundOrder) -> Nothing:
        if command.posting_id in self.postings:
            return Nothing()
        plan_id, deferred = command.plan_id, Money.zero()
        assert not command.interest_back
        self.terms |= {(plan_id, each.number): each for each in command.earnings}
        for part in command.parts:
            fee = self._planned(plan_id, part.number)[1]
            kept = self.shares[(plan_id, part.number)] = fee_kept(fee=fee, part=part)
            deferred += fee - kept
        not_earned = min(deferred, command.fee_back)
        refunded = OrderRefunded(
            plan_id=plan_id,
            merchant_id=command.merchant_id,
            refund_id=command.posting_id,
            lender=command.lender,
            amount=command.amount,
            owed_less=total(part.gone for part in command.parts),
            taken_from=command.taken_from,
            fee_not_earned=not_earned,
            fee_earned=command.fee_back - not_earned,
            merchant_fee=deferred - not_earned,
            also_payable=command.also_payable,
            also_paid_out=command.also_paid_out,
        )
        await self.post(
            ledger.Post(posting_id=command.posting_id, happening=refunded, effective_at=command.at)
        )
        return Nothing()

    @takes(ledger.HOLD_MONEY)
    async def hold_money(self, command: ledger.HoldMoney) -> Nothing:
        self.held[command.hold_id] = command
        return Nothing()

    @takes(ledger.SET_ACCRUAL)
    async def set_accrual(self, command: ledger.SetAccrual) -> Nothing:
        if command.is_accruing:
            self.suspended.pop(command.plan_id, None)
        else:
            self.suspended[command.plan_id] = command.at
        return Nothing()

    @takes(ledger.ACCRUE_INSTALLMENT)
    async def accrue_installment(
        self, command: ledger.AccrueInstallment
    ) -> ledger.InstallmentAccrued:
        plan_id, number = command.plan_id, command.number
        active = self.postings[f"{plan_id}-activation"].happening
        assert isinstance(active, PlanBecameActive | OrderAuthorised)
        planned, fee = self._planned(plan_id, number)
        days = interest_by_day(
            interest=planned.interest - self.paid.get((plan_id, number), Money.zero()),
            starts_on=planned.starts_on,
            ends_on=planned.ends_on,
            day_count=active.day_count,
        )
        until = min(command.at, self.suspended.get(plan_id, command.at))
        over = [daily for daily in days if end_of_day(day=daily.day) < until]
        for daily in over:
            accrued = InterestAccrued(
                plan_id=plan_id,
                lender=active.lender,
                number=number,
                day=daily.day,
                amount=daily.amount,
            )
            posting_id = accrual_id(plan_id=plan_id, number=number, day=daily.day)
            at = end_of_day(day=daily.day)
            await self.post(ledger.Post(posting_id=posting_id, happening=accrued, effective_at=at))
        return ledger.InstallmentAccrued(
            interest=total(daily.amount for daily in over), merchant_fee=fee
        )

    def _planned(self, plan_id: str, number: int) -> tuple[FinancedInstallment, Money]:
        """An installment as it earns now, and its share of the merchant's fee."""
        active = self.postings[f"{plan_id}-activation"].happening
        assert isinstance(active, PlanBecameActive | OrderAuthorised)
        fees = fees_of(fee=active.merchant_fee, installments=active.installments)
        rows = zip(active.installments, fees, strict=True)
        planned, fee = next(
            ((row, fee) for row, fee in rows if row.number == number),
            (replace(active.installments[-1], number=number, interest=Money.zero()), Money.zero()),
        )
        changed = self.terms.get((plan_id, number))
        if changed is not None:
            planned = replace(
                planned,
                interest=changed.interest,
                starts_on=changed.starts_on,
                ends_on=changed.ends_on,
            )
        return planned, self.shares.get((plan_id, number), fee)
