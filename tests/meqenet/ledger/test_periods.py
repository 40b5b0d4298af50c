from datetime import UTC, date, datetime

import pytest

from meqenet.errors import Refusal
from meqenet.ledger.periods import PeriodKind, first_open_instant


@pytest.mark.parametrize(
    ("kind", "last_day", "opens"),
    [
        (PeriodKind.DAY, date(2026, 11, 22), datetime(2026, 11, 22, 21, tzinfo=UTC)),
        (PeriodKind.DAY, date(2026, 12, 31), datetime(2026, 12, 31, 21, tzinfo=UTC)),
        (PeriodKind.MONTH, date(2026, 11, 30), datetime(2026, 11, 30, 21, tzinfo=UTC)),
        (PeriodKind.MONTH, date(2028, 2, 29), datetime(2028, 2, 29, 21, tzinfo=UTC)),
    ],
)
def test_the_books_begin_again_at_midnight_in_addis(
    kind: PeriodKind, last_day: date, opens: datetime
) -> None:
    assert first_open_instant(kind=kind, last_day=last_day) == opens


@pytest.mark.parametrize("last_day", [date(2026, 11, 29), date(2028, 2, 28), date(2026, 12, 1)])
def test_a_month_ends_on_its_last_day(last_day: date) -> None:
    with pytest.raises(Refusal) as refused:
        first_open_instant(kind=PeriodKind.MONTH, last_day=last_day)
    assert (refused.value.code, refused.value.field) == ("period_invalid", "last_day")
