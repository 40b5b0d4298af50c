"""The lines of a plan's installments after its schedule has changed."""

from dataclasses import replace

from meqenet.analytics.facts import NOTHING, Fact
from meqenet.analytics.installment_line import InstallmentLine
from meqenet.money import Money

_PAYMENT = "bnpl.own_payment_allocated"
_PAYS = ("shares", "from_credit")


def changed_lines(*, lines: tuple[InstallmentLine, ...], fact: Fact) -> tuple[InstallmentLine, ...]:
    """What is due on another day is scheduled anew; of what was moved nothing is owed."""
    known = {line.number: line for line in lines}
    return tuple(
        _after(known.get(row.integer("number")), row) for row in fact.parts("installments")
    )


def allocated_lines(
    *, lines: tuple[InstallmentLine, ...], fact: Fact
) -> tuple[InstallmentLine, ...]:
    """Less is asked for after a payment before its time, or as goods go back.

    What a payment pays is told after it.
    """
    is_payment = fact.name == _PAYMENT
    paying = _PAYS if is_payment else ()
    touched = {row.integer("number") for name in paying for row in fact.parts(name)}
    asked = {
        row.integer("number"): (row.money("principal"), row.money("interest"))
        for row in fact.parts("installments")
    }
    return tuple(
        _asking_for(line, asked=asked.get(line.number), is_touched=line.number in touched)
        for line in lines
    )


def given_back(*, lines: tuple[InstallmentLine, ...], fact: Fact) -> tuple[InstallmentLine, ...]:
    """Interest that parts have paid and that goes back with goods is not paid any more."""
    back = {row.integer("number"): row.money("amount") for row in fact.parts("interest_back")}
    return tuple(
        replace(
            line,
            paid_in_part=line.paid_in_part - back[line.number],
            interest_paid_in_part=line.interest_paid_in_part - back[line.number],
        )
        if line.number in back and line.state not in ("paid", "cancelled")
        else line
        for line in lines
    )


def replayed_lines(
    *, lines: tuple[InstallmentLine, ...], fact: Fact
) -> tuple[InstallmentLine, ...]:
    """What counts as paid is another sum; what is owed again is open again."""
    told = {row.integer("number"): row for row in fact.parts("rows")}
    return tuple(_replayed(line, told.get(line.number)) for line in lines)


def _replayed(line: InstallmentLine, row: Fact | None) -> InstallmentLine:
    if row is None:
        return line
    after, state = row.part("after"), row.text("state")
    return replace(
        line,
        principal=after.money("principal"),
        interest=after.money("interest"),
        late_fee=after.money("late_fee"),
        late_fee_paid=after.money("paid_late_fee"),
        paid_in_part=row.money("in_part"),
        interest_paid_in_part=row.money("interest_in_part"),
        paid_at=row.instant_or_none("paid_at"),
        state=state,
        next_attempt_at=line.next_attempt_at if state == line.state else None,
    )


def _asking_for(
    line: InstallmentLine, *, asked: tuple[Money, Money] | None, is_touched: bool
) -> InstallmentLine:
    if asked is None:
        return line
    after = replace(line, principal=asked[0], interest=asked[1])
    is_open = line.state not in ("paid", "cancelled") and not is_touched
    if is_open and after.principal + after.interest <= after.paid_in_part:
        return replace(after, state="cancelled", next_attempt_at=None)
    return after


def _after(before: InstallmentLine | None, row: Fact) -> InstallmentLine:
    due_on = row.day("due_on")
    line = before or InstallmentLine(
        number=row.integer("number"), due_on=due_on, principal=NOTHING, interest=NOTHING
    )
    after = replace(
        line,
        due_on=due_on,
        principal=row.money("principal"),
        interest=row.money("interest"),
        late_fee=row.money("late_fee"),
    )
    is_settled = after.principal + after.interest == after.paid_in_part
    if line.state == "paid" or not (is_settled or line.due_on != due_on):
        return after
    state = "cancelled" if is_settled else "scheduled"
    return replace(after, state=state, next_attempt_at=None)
