"""What waits for a dispute is owed, and due again when it is over."""

from datetime import UTC, date, datetime
from typing import Any

from meqenet.analytics import portfolio
from meqenet.analytics.facts import Fact
from meqenet.analytics.installment_line import InstallmentLine
from meqenet.analytics.plan_overview import PlanOverview, fold
from meqenet.analytics.portfolio import PortfolioInstallment, PortfolioPlan
from meqenet.event_chain import EventContent
from meqenet.money import Money

_DUE, _AGAIN = date(2027, 2, 1), date(2027, 3, 5)
_ROW = {
    "number": 1,
    "due_on": "2027-03-05",
    "principal": {"santim": 100, "currency": "ETB"},
    "interest": {"santim": 0, "currency": "ETB"},
    "late_fee": {"santim": 0, "currency": "ETB"},
}


def _fact(kind: str, **data: Any) -> Fact:  # noqa: ANN401 - as JSON has it
    content = EventContent(
        event_id="pln_a-1",
        stream="pln_a",
        sequence=1,
        event_type=kind,
        version=1,
        data={"state": "active", **data},
        effective_at=datetime(2027, 2, 19, tzinfo=UTC),
    )
    return Fact(source="bnpl", content=content)


def test_the_portfolio_counts_it_as_owed_and_not_as_late() -> None:
    row = PortfolioInstallment(number=1, due_on=_DUE, principal=Money(100), interest=Money.zero())
    plan = PortfolioPlan(plan_id="pln_a", installments=(row,))
    waiting = portfolio.fold_plan(before=plan, fact=_fact("order_disputed", waiting=[1]))
    assert [(each.waits, each.due_on) for each in waiting.installments] == [(True, _DUE)]
    ended = _fact("order_dispute_ended", on="2027-02-19", installments=[_ROW])
    (after,) = portfolio.fold_plan(before=waiting, fact=ended).installments
    assert (after.waits, after.due_on, after.principal) == (False, _AGAIN, Money(100))
    unmoved = _fact("order_dispute_ended", on="2027-02-19", installments=[])
    (same,) = portfolio.fold_plan(before=waiting, fact=unmoved).installments
    assert same == row


def test_an_overview_has_it_scheduled_on_its_later_day() -> None:
    line = InstallmentLine(
        number=1, due_on=_DUE, principal=Money(100), interest=Money.zero(), state="collecting"
    )
    plan = PlanOverview(plan_id="pln_a", state="past_due", installments=(line,))
    aside = fold(before=plan, fact=_fact("collection_set_aside", number=1))
    assert [each.state for each in aside.installments] == ["scheduled"]
    unmoved = fold(before=aside, fact=_fact("order_dispute_ended", installments=[]))
    assert unmoved.installments == aside.installments
    moved = fold(before=aside, fact=_fact("order_dispute_ended", installments=[_ROW]))
    assert [(each.state, each.due_on) for each in moved.installments] == [("scheduled", _AGAIN)]
