"""The ledger in memory: what was posted under which id, and what each installment has earned."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from activities.contracts import ledger
from activities.contracts.step import Nothing
from activities.edge import takes
from meqenet.ledger.accruals import accrual_id, end_of_day, fees_of, interest_by_day
from meqenet.ledger.happenings import Happening, InterestAccrued, PlanBecameActive
from meqenet.money import Money, total


@dataclass
class Books:
    """``postings`` by id. An installment that is paid has earned all of its days."""

    postings: dict[str, ledger.Post] = field(default_factory=dict)
    suspended: dict[str, datetime] = field(default_factory=dict)
    """Plans that earn nothing, and since when."""

    shares: dict[tuple[str, int], Money] = field(default_factory=dict)
    """Of the merchant's fee, by installment, where the schedule was changed."""

    def happenings(self, plan_id: str) -> list[Happening]:
        """What was posted of a plan."""
        return [p.happening for p in self.postings.values() if p.happening.plan_id == plan_id]

    @takes(ledger.POST)
    async def post(self, command: ledger.Post) -> Nothing:
        before = self.postings.setdefault(command.posting_id, command)
        assert before.happening == command.happening
        return Nothing()

    @takes(ledger.SHARE_FEE)
    async def share_fee(self, command: ledger.ShareFee) -> Nothing:
        self.shares |= {(command.plan_id, number): share for number, share in command.shares}
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
        assert isinstance(active, PlanBecameActive)
        fees = fees_of(fee=active.merchant_fee, installments=active.installments)
        rows = zip(active.installments, fees, strict=True)
        planned, fee = next(
            ((row, fee) for row, fee in rows if row.number == number),
            (replace(active.installments[-1], number=number, interest=Money.zero()), Money.zero()),
        )
        fee = self.shares.get((plan_id, number), fee)
        days = interest_by_day(
            interest=planned.interest,
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
