"""What is lent out and how it comes back: installments by date, attempts to collect by day.

Dates are kept, not classes: how late a plan is depends on the day that is asked for.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType
from typing import Final

from meqenet.analytics.facts import NOTHING, Fact, require_version
from meqenet.calendar import addis_date
from meqenet.money import Money, total

NO_CAUSE: Final = ""
"""The cause of a success."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PortfolioInstallment:
    """An installment by its Addis Ababa dates. ``paid_on`` None: it is owed.

    One that was paid in part stands in as many lines as it was paid in: ``part`` 0 is the rest.
    ``recovered``: what came of it after its plan had been given up as a loss, late fees included.
    ``waits``: for the end of a dispute; it is owed, and not late.
    """

    number: int
    due_on: date
    principal: Money
    interest: Money
    part: int = 0
    paid_on: date | None = None
    recovered: Money = NOTHING
    waits: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class PortfolioPlan:
    """A plan as a loan. Outstanding from ``activated_on`` on, until its installments are paid.

    Attributes:
        charged_off_on: when it was given up as a loss.
        charged_off: what was owed then: principal, interest that was earned, late fees.
        written_off_on: when what had not come of that was given up for good.
        written_off: how much that was.
    """

    plan_id: str
    merchant_id: str | None = None
    option: str | None = None
    lender_of_record: str | None = None
    activated_on: date | None = None
    charged_off_on: date | None = None
    charged_off: Money = NOTHING
    written_off_on: date | None = None
    written_off: Money = NOTHING
    installments: tuple[PortfolioInstallment, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class CollectionDay:
    """Attempts of one provider that ended alike on one Addis Ababa date.

    Attributes:
        day_key: day, provider, outcome and cause in one text.
        outcome: ``succeeded`` or ``failed``.
        cause: why they failed, of ``meqenet.payments.causes``; empty for a success.
        attempts: how many.
        amount: what they asked for, all together.
    """

    day_key: str
    day: date | None = None
    provider: str | None = None
    outcome: str | None = None
    cause: str | None = None
    attempts: int = 0
    amount: Money = NOTHING


def plan_of(*, fact: Fact) -> str | None:
    """The plan whose loan the fact changes, if it does."""
    return fact.content.stream if fact.name in FED_BY else None


def fold_plan(*, before: PortfolioPlan, fact: Fact) -> PortfolioPlan:
    """The loan after a fact.

    Raises:
        Defect: ``event_malformed``, ``event_version_unknown``.
    """
    require_version(fact=fact)
    return FED_BY[fact.name](before, fact)


def day_key_of(*, fact: Fact) -> str | None:
    """The line of the days to which an ended attempt belongs."""
    outcome = ENDINGS.get(fact.name)
    if outcome is None:
        return None
    cause = _cause(fact, outcome)
    return f"{addis_date(at=fact.at)}|{fact.text('provider')}|{outcome}|{cause}"


def fold_day(*, before: CollectionDay, fact: Fact) -> CollectionDay:
    """The line after one more attempt.

    Raises:
        Defect: ``event_malformed``, ``event_version_unknown``.
    """
    require_version(fact=fact)
    outcome = ENDINGS[fact.name]
    return replace(
        before,
        day=addis_date(at=fact.at),
        provider=fact.text("provider"),
        outcome=outcome,
        cause=_cause(fact, outcome),
        attempts=before.attempts + 1,
        amount=before.amount + fact.money("amount"),
    )


def _cause(fact: Fact, outcome: str) -> str:
    return fact.text("cause") if outcome == "failed" else NO_CAUSE


def _opened(plan: PortfolioPlan, fact: Fact) -> PortfolioPlan:
    return replace(plan, merchant_id=fact.text("merchant_id"), option=fact.text("option"))


def _offered(plan: PortfolioPlan, fact: Fact) -> PortfolioPlan:
    return replace(plan, lender_of_record=fact.text("lender_of_record"))


def _activated(plan: PortfolioPlan, fact: Fact) -> PortfolioPlan:
    return replace(
        plan,
        activated_on=fact.day("activated_on"),
        installments=tuple(
            PortfolioInstallment(
                number=row.integer("number"),
                due_on=row.day("due_on"),
                principal=row.money("principal"),
                interest=row.money("interest"),
            )
            for row in fact.parts("installments")
        ),
    )


def _paid(plan: PortfolioPlan, fact: Fact) -> PortfolioPlan:
    number, paid_on = fact.integer("number"), addis_date(at=fact.instant("paid_at"))
    if number not in {row.number for row in plan.installments}:
        raise fact.malformed("number")
    late_fee = fact.money_or_none("late_fee") or NOTHING
    is_lost = plan.charged_off_on is not None
    return replace(
        plan,
        installments=tuple(
            replace(
                row,
                paid_on=paid_on,
                recovered=row.principal + row.interest + late_fee if is_lost else NOTHING,
            )
            if row.number == number and row.part == 0
            else row
            for row in plan.installments
        ),
    )


def _paid_in_part(plan: PortfolioPlan, fact: Fact) -> PortfolioPlan:
    number, paid_on = fact.integer("number"), addis_date(at=fact.instant("paid_at"))
    interest = fact.money_or_none("interest") or NOTHING
    principal = fact.money("amount") - fact.money("late_fee") - interest
    of_it = [row for row in plan.installments if row.number == number]
    if not of_it:
        raise fact.malformed("number")
    rest = next(row for row in of_it if row.part == 0)
    part = replace(rest, part=len(of_it), principal=principal, interest=interest, paid_on=paid_on)
    left = replace(rest, principal=rest.principal - principal, interest=rest.interest - interest)
    others = (row for row in plan.installments if row is not rest)
    return replace(
        plan,
        installments=tuple(sorted((*others, left, part), key=lambda row: (row.number, row.part))),
    )


def _charged_off(plan: PortfolioPlan, fact: Fact) -> PortfolioPlan:
    not_owed = {
        row.integer("number"): row.money("interest_not_owed") for row in fact.parts("installments")
    }
    return replace(
        plan,
        charged_off_on=fact.day("on"),
        charged_off=_three(fact),
        installments=tuple(
            replace(row, interest=row.interest - not_owed.get(row.number, NOTHING))
            if row.part == 0
            else row
            for row in plan.installments
        ),
    )


def _written_off(plan: PortfolioPlan, fact: Fact) -> PortfolioPlan:
    return replace(plan, written_off_on=fact.day("on"), written_off=_three(fact))


def _disputed(plan: PortfolioPlan, fact: Fact) -> PortfolioPlan:
    """What giving the part back would make smaller waits, and is not late meanwhile."""
    waiting = fact.integers("waiting")
    rows = (replace(row, waits=row.number in waiting) for row in plan.installments)
    return replace(plan, installments=tuple(rows))


def _dispute_ended(plan: PortfolioPlan, fact: Fact) -> PortfolioPlan:
    after = _changed(plan, fact)
    rows = (replace(row, waits=False) for row in after.installments)
    return replace(after, installments=tuple(rows))


def _changed(plan: PortfolioPlan, fact: Fact) -> PortfolioPlan:
    """Parts that were paid stay as they are; what is left is due by the schedule in force."""
    if not fact.parts("installments"):
        return plan
    parts = [row for row in plan.installments if row.part]
    rests = {row.number: row for row in plan.installments if not row.part}
    lines = list(parts)
    for told in fact.parts("installments"):
        number, due_on = told.integer("number"), told.day("due_on")
        principal, interest = told.money("principal"), told.money("interest")
        rest = rests.get(number) or PortfolioInstallment(
            number=number, due_on=due_on, principal=principal, interest=interest
        )
        paid = total(row.principal for row in parts if row.number == number)
        interest_paid = total(row.interest for row in parts if row.number == number)
        if rest.paid_on is None:
            # Interest that is given back at a plan's end was more than is asked for after it.
            interest_left = max(NOTHING, interest - interest_paid)
            rest = replace(rest, due_on=due_on, principal=principal - paid, interest=interest_left)
            if not rest.principal + rest.interest:
                # Its line stays, and nothing is owed by it.
                rest = replace(rest, paid_on=fact.day("on"))
        else:
            rest = replace(
                rest, interest=min(rest.interest, max(NOTHING, interest - interest_paid))
            )
        lines.append(rest)
    return replace(plan, installments=tuple(sorted(lines, key=lambda row: (row.number, row.part))))


def _replayed(plan: PortfolioPlan, fact: Fact) -> PortfolioPlan:
    """Every line is made anew: what each payment pays since then, and what is left.

    A line of which nothing is left stays, as every line does, and nothing is owed by it.
    """
    due = {row.number: row.due_on for row in plan.installments}
    lines = {
        (line.number, line.part): line
        for row in fact.parts("rows")
        for line in _lines_of(row, due_on=due[row.integer("number")], fact=fact)
    }
    empty = (
        replace(line, principal=NOTHING, interest=NOTHING, paid_on=fact.day("on"))
        for line in plan.installments
        if (line.number, line.part) not in lines
    )
    by_place = sorted((*lines.values(), *empty), key=lambda row: (row.number, row.part))
    return replace(plan, installments=tuple(by_place))


def _lines_of(row: Fact, *, due_on: date, fact: Fact) -> Iterator[PortfolioInstallment]:
    after, number = row.part("after"), row.integer("number")
    rest = PortfolioInstallment(
        number=number,
        due_on=due_on,
        principal=after.money("principal"),
        interest=after.money("interest"),
    )
    part, is_paid = 0, row.text("state") == "paid"
    for payment in fact.parts("payments"):
        shares = [*payment.parts("from_credit"), *payment.parts("shares")]
        mine = [share for share in shares if share.integer("number") == number]
        principal = total(share.money("principal") for share in mine)
        interest = total(share.money("interest") for share in mine)
        paid_on = addis_date(at=payment.instant("paid_at"))
        if not principal + interest:
            continue
        if is_paid and payment.text("attempt_id") == row.text_or_none("attempt_id"):
            rest = replace(rest, paid_on=paid_on)
            continue
        part += 1
        yield replace(rest, part=part, principal=principal, interest=interest, paid_on=paid_on)
        left = max(NOTHING, rest.interest - interest)
        rest = replace(rest, principal=rest.principal - principal, interest=left)
    if not is_paid and not rest.principal + rest.interest:
        rest = replace(rest, paid_on=fact.day("on"))
    yield rest


def _three(fact: Fact) -> Money:
    return fact.money("principal") + fact.money("interest") + fact.money("late_fee")


FED_BY: Final[Mapping[str, Callable[[PortfolioPlan, Fact], PortfolioPlan]]] = MappingProxyType(
    {
        "bnpl.plan_opened": _opened,
        "bnpl.plan_offered": _offered,
        "bnpl.plan_activated": _activated,
        "bnpl.installment_paid": _paid,
        "bnpl.installment_paid_in_part": _paid_in_part,
        "bnpl.plan_charged_off": _charged_off,
        "bnpl.plan_written_off": _written_off,
        "bnpl.plan_changed": _changed,
        "bnpl.order_disputed": _disputed,
        "bnpl.order_dispute_ended": _dispute_ended,
        "bnpl.own_payment_allocated": _changed,
        "bnpl.order_refunded": _changed,
        "bnpl.order_voided": _changed,
        "bnpl.authorisation_expired": _changed,
        "bnpl.payments_replayed": _replayed,
    }
)
"""Every fact that changes a loan, and how."""
ENDINGS: Final[Mapping[str, str]] = MappingProxyType(
    {"payments.attempt_succeeded": "succeeded", "payments.attempt_failed": "failed"}
)
"""Every fact that ends an attempt, and how it ended."""
