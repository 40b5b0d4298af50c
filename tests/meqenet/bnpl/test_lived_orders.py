"""Any sequence of deeds on an order: no more goes back than was paid, and the schedule adds up."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from meqenet.bnpl.day_count import DaysInMonth, DaysInYear, RepayUnit
from meqenet.bnpl.dispute_events import OrderDisputed
from meqenet.bnpl.events import InstallmentPaid
from meqenet.bnpl.servicing_policy import SILENT, RefundPolicy, RefundTo
from meqenet.bnpl.terms import ScheduleTerms
from meqenet.calendar import at_addis
from meqenet.money import Money, total
from tests.meqenet.bnpl.lived_order import LivedOrder
from tests.meqenet.bnpl.servicing.plans import FOUR_PARTS, SIX_MONTHS

_NOTHING = Money.zero()
_VERBS = ("collect", "part", "pay", "pay_off", "capture", "void", "refund", "dispute", "end")
_DEEDS = st.lists(
    st.tuples(st.sampled_from(_VERBS), st.integers(0, 40), st.integers(0, 10_000)), max_size=12
)
"""A verb, the days before it, and in ten thousandths how much of what there is."""
_DAILY = ScheduleTerms(
    principal=Money(99_999),
    annual_rate_percent=Decimal(120),
    disbursed_on=date(2026, 12, 1),
    repay_every=14,
    repay_unit=RepayUnit.DAYS,
    number_of_installments=3,
    days_in_year=DaysInYear.DAYS_365,
    days_in_month=DaysInMonth.ACTUAL,
)


def _begun(terms: ScheduleTerms, policy: RefundPolicy, *, is_manual: bool) -> LivedOrder:
    until = at_addis(on=date(2030, 1, 1), hour=0) if is_manual else None
    plan = LivedOrder(terms=terms, policy=replace(SILENT, refund=policy), until=until)
    if terms.down_payment_percent is not None:
        first = plan.account.installments[0].owed.planned
        paid = InstallmentPaid(
            number=1, attempt_id="checkout", amount=first, paid_at=at_addis(on=plan.on, hour=9)
        )
        plan.tell(paid)
        plan.paid.add(1)
        plan.came = first
    return plan


def _do(plan: LivedOrder, verb: str, share: int) -> None:
    row, dispute = plan.next_due, plan.history.dispute
    match verb:
        case "collect" if row is not None:
            plan.collect_whole(row)
        case "part" if row is not None and row.left.total > Money(1):
            most = row.left.total - Money(1)
            plan.collect_part(row, _some(most, share))
        case "pay":
            plan.pay_own(plan.account.left.total.portion(basis_points=share))
        case "pay_off":
            plan.pay_own(None)
        case "capture" if plan.sums.left:
            plan.capture(_some(plan.sums.left, share))
        case "void" | "refund":
            is_void = verb == "void"
            if most := plan.sums.left if is_void else plan.refundable:
                reference = f"{verb}-{len(plan.log)}"
                plan.take_off(_some(most, share), reference=reference, is_void=is_void)
        case "dispute" if dispute is None and plan.sums.refundable:
            plan.dispute(_some(plan.sums.refundable, share), fee=_NOTHING)
        case "end" if dispute is not None:
            _end(plan, dispute, is_won=bool(share % 2))


def _end(plan: LivedOrder, dispute: OrderDisputed, *, is_won: bool) -> None:
    if is_won:
        plan.take_off(dispute.amount, reference=dispute.dispute_id, is_void=False)
    plan.end_dispute(dispute, outcome="won" if is_won else "lost")


def _some(most: Money, share: int) -> Money:
    return max(Money(1), most.portion(basis_points=share))


@settings(max_examples=40, deadline=None, derandomize=True, database=None)
@given(
    terms=st.sampled_from([FOUR_PARTS, SIX_MONTHS, _DAILY]),
    to=st.sampled_from(RefundTo),
    gives_back=st.booleans(),
    is_manual=st.booleans(),
    deeds=_DEEDS,
)
def test_no_more_goes_back_than_was_paid_and_the_schedule_is_what_is_financed(
    terms: ScheduleTerms,
    to: RefundTo,
    deeds: list[tuple[str, int, int]],
    *,
    gives_back: bool,
    is_manual: bool,
) -> None:
    policy = RefundPolicy(to=to, returns_interest=gives_back)
    plan = _begun(terms, policy, is_manual=is_manual)
    for verb, days, share in deeds:
        plan.pass_days(days)
        _do(plan, verb, share)
        plan.require_invariants()
    _do(plan, "end", 0)
    if left := plan.sums.left:
        plan.take_off(left, reference="v-last", is_void=True)
    if left := plan.sums.refundable:
        plan.take_off(left, reference="r-last", is_void=False)
    plan.require_invariants()
    assert plan.account.left.principal == _NOTHING
    assert total(each.amount for each in plan.history.refunds) == terms.principal
    if gives_back or not plan.bears_interest:
        # As if nothing had ever been lent.
        assert plan.went_back == plan.came
