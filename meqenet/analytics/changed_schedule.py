"""The lines of a plan's installments after its schedule has changed."""

from dataclasses import replace

from meqenet.analytics.facts import NOTHING, Fact
from meqenet.analytics.installment_line import InstallmentLine
from meqenet.money import Money

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
    """A payment before its time has less interest asked for; what it pays is told after it."""
    touched = {row.integer("number") for name in _PAYS for row in fact.parts(name)}
    interest = {row.integer("number"): row.money("interest") for row in fact.parts("installments")}
    return tuple(
        _asking_for(line, interest=interest.get(line.number), is_touched=line.number in touched)
        for line in lines
    )


def _asking_for(
    line: InstallmentLine, *, interest: Money | None, is_touched: bool
) -> InstallmentLine:
    if interest is None:
        return line
    after = replace(line, interest=interest)
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
