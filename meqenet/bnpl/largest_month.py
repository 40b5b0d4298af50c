"""How much a plan asks of its customer in the month in which it asks most."""

from collections import Counter
from collections.abc import Iterable

from meqenet.bnpl.events import PlannedInstallment
from meqenet.money import Money


def largest_month(*, installments: Iterable[PlannedInstallment]) -> Money:
    """The largest sum due in one calendar month; zero when nothing is due."""
    santim_by_month: Counter[tuple[int, int]] = Counter()
    for installment in installments:
        month = (installment.due_on.year, installment.due_on.month)
        santim_by_month[month] += installment.amount.santim
    return Money(max(santim_by_month.values(), default=0))
