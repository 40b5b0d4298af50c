from datetime import UTC, date, datetime

import pytest

from apps.cli.times import day_of, instant_of
from meqenet.errors import Refusal


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-11-23T06:00:00Z", datetime(2026, 11, 23, 6, tzinfo=UTC)),
        ("2026-11-23T09:00:00+03:00", datetime(2026, 11, 23, 6, tzinfo=UTC)),
        ("2026-11-23 06:00:00.5+00:00", datetime(2026, 11, 23, 6, 0, 0, 500_000, tzinfo=UTC)),
    ],
)
def test_an_instant_is_read_in_any_zone(text: str, at: datetime) -> None:
    assert instant_of(text, field="--at") == at
    assert instant_of(text, field="--at").tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-11-23",
        "2026-11-23T06:00:00",
        "2026-02-30T06:00:00Z",
        "0001-01-01T00:00:00+03:00",
    ],
)
def test_what_is_no_instant_names_the_field_and_the_rule(text: str) -> None:
    with pytest.raises(Refusal, match=r"^--at: must be a time with its zone") as refused:
        instant_of(text, field="--at")
    assert (refused.value.code, refused.value.field) == ("instant_malformed", "--at")


def test_a_day_is_gregorian() -> None:
    assert day_of("2026-11-23", field="--from") == date(2026, 11, 23)


@pytest.mark.parametrize("text", ["", "soon", "20261123", "2026-W48-1", "2026-02-30", "23.11.2026"])
def test_what_is_no_day_names_the_field_and_the_rule(text: str) -> None:
    with pytest.raises(Refusal, match=r"^--from: must be a Gregorian day") as refused:
        day_of(text, field="--from")
    assert (refused.value.code, refused.value.field) == ("day_malformed", "--from")
