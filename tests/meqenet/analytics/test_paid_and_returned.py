"""Payments before their time and goods that go back: the read models owe what the account does."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from meqenet.analytics import plan_overview, portfolio
from meqenet.analytics.facts import Fact
from meqenet.analytics.installment_line import InstallmentLine
from meqenet.bnpl.account_history import AccountHistory, account_of
from meqenet.bnpl.allocated_payment import allocated_payment, paid_installment
from meqenet.bnpl.events import InstallmentPaid, PlanEvent
from meqenet.bnpl.payment_events import InstallmentPaidInPart, OwnPaymentAllocated
from meqenet.bnpl.refund_events import order_refunded
from meqenet.bnpl.servicing.account import open_account
from meqenet.bnpl.servicing.order_refund import refund_order
from meqenet.bnpl.servicing_policy import SILENT, RefundPolicy, RefundTo
from meqenet.bnpl.terms import ScheduleTerms
from meqenet.event_chain import EventContent, canonical_json
from meqenet.money import Money, total
from tests.meqenet.bnpl.servicing.plans import SIX_MONTHS

_AT = datetime(2024, 1, 1, 9, tzinfo=UTC)
_PRICE = Money.from_birr("100.00")
_DEEDS = st.lists(
    st.tuples(
        st.sampled_from(("pay", "refund")),
        st.integers(min_value=0, max_value=45),
        st.integers(min_value=100, max_value=5_000).map(Money),
    ),
    min_size=1,
    max_size=6,
)


class Models:
    """The read models of one plan, fed with its log."""

    def __init__(self, terms: ScheduleTerms = SIX_MONTHS) -> None:
        rows = open_account(terms=terms).installments
        self.overview = plan_overview.PlanOverview(
            plan_id="pln_a",
            state="active",
            activated_on=terms.disbursed_on,
            installments=tuple(
                InstallmentLine(
                    number=row.number,
                    due_on=row.due_on,
                    principal=row.owed.principal,
                    interest=row.owed.interest,
                )
                for row in rows
            ),
        )
        self.loan = portfolio.PortfolioPlan(
            plan_id="pln_a",
            installments=tuple(
                portfolio.PortfolioInstallment(
                    number=row.number,
                    due_on=row.due_on,
                    principal=row.owed.principal,
                    interest=row.owed.interest,
                )
                for row in rows
            ),
        )

    def take(self, event: PlanEvent) -> None:
        content = EventContent(
            event_id="1",
            stream="pln_a",
            sequence=1,
            event_type=event.kind,
            version=1,
            data={**json.loads(canonical_json(value=event)), "state": "active"},
            effective_at=_AT,
        )
        fact = Fact(source="bnpl", content=content)
        if fact.name in plan_overview.FED_BY:
            self.overview = plan_overview.fold(before=self.overview, fact=fact)
        if fact.name in portfolio.FED_BY:
            self.loan = portfolio.fold_plan(before=self.loan, fact=fact)

    def take_paid(self, told: OwnPaymentAllocated, history: AccountHistory) -> set[int]:
        """Feed what follows a payment; returns what is paid whole by it."""
        whole = set[int]()
        for row in told.installments:
            found = paid_installment(told=told, number=row.number, history=history)
            if found is None:
                continue
            if found.is_whole:
                whole.add(row.number)
                self.take(
                    InstallmentPaid(
                        number=row.number,
                        attempt_id=told.attempt_id,
                        amount=found.share.amount,
                        paid_at=_AT,
                    )
                )
                continue
            self.take(part_of(told, number=row.number, history=history))
        return whole

    @property
    def loan_left(self) -> tuple[Money, Money]:
        """Principal and interest that the portfolio has outstanding."""
        open_rows = [row for row in self.loan.installments if row.paid_on is None]
        return (
            total(row.principal for row in open_rows),
            total(row.interest for row in open_rows),
        )


def part_of(
    told: OwnPaymentAllocated, *, number: int, history: AccountHistory
) -> InstallmentPaidInPart:
    found = paid_installment(told=told, number=number, history=history)
    assert found is not None
    return InstallmentPaidInPart(
        number=number,
        attempt_id=told.attempt_id,
        amount=found.share.amount,
        paid_at=_AT,
        interest=found.share.interest,
    )


@given(to=st.sampled_from(RefundTo), gives_back=st.booleans(), deeds=_DEEDS)
def test_the_read_models_owe_what_the_account_owes(
    to: RefundTo, deeds: list[tuple[str, int, Money]], *, gives_back: bool
) -> None:
    policy = replace(SILENT, refund=RefundPolicy(to=to, returns_interest=gives_back))
    models, history, paid = Models(), AccountHistory(), set[int]()
    on, refunded = SIX_MONTHS.disbursed_on, Money.zero()
    for number, (deed, days, amount) in enumerate(deeds, start=1):
        on += timedelta(days=days)
        before = account_of(terms=SIX_MONTHS, paid=paid, history=history)
        if deed == "pay":
            told = allocated_payment(
                account=before,
                policy=policy,
                amount=amount,
                on=on,
                order=number,
                attempt_id=f"a{number}",
            )
            if told is None:
                continue
            models.take(told)
            history = history.allocated(told)
            whole = models.take_paid(told, history)
            for row in told.installments:
                is_touched = told.share_of(number=row.number) is not None
                if is_touched and row.number not in whole:
                    history = history.with_part(part_of(told, number=row.number, history=history))
            paid |= whole
        elif going := min(amount, _PRICE - refunded):
            refund = refund_order(account=before, policy=policy, amount=going, on=on)
            event = order_refunded(
                before=before,
                refund=refund,
                number=number,
                reference=f"r-{number}",
            )
            models.take(event)
            history, refunded = history.refunded(event), refunded + going
        after = account_of(terms=SIX_MONTHS, paid=paid, history=history)
        left = (after.left.principal, after.left.interest)
        assert models.loan_left == left
        overview = models.overview
        assert (overview.outstanding_principal, overview.outstanding_interest) == left
