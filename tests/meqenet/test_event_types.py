from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from meqenet.credit.events import EVENT_TYPES as CREDIT
from meqenet.errors import Defect
from meqenet.event_catalogue import CATALOGUE, as_known_or_told
from meqenet.event_chain import GENESIS, EventContent, event_hash
from meqenet.event_types import EventData, EventType, EventTypes, types_of

DECIDED = EventContent(
    event_id="pln_1-decided",
    stream="cus_1",
    sequence=1,
    event_type="credit_decided",
    version=1,
    data={"plan_id": "pln_1", "approved": True},
    effective_at=datetime(2026, 3, 1, tzinfo=UTC),
)


@dataclass(frozen=True, kw_only=True)
class Counted(EventData):
    event_type = "counted"
    number: int


@dataclass(frozen=True, kw_only=True)
class CountedInPairs(EventData):
    event_type = "counted"
    version = 3
    pairs: int
    odd: bool
    by: str


def _of_two(data: Mapping[str, Any]) -> dict[str, Any]:
    pairs, odd = divmod(data["number"], 2)
    return {"pairs": pairs, "odd": bool(odd)}


def _by_somebody(data: Mapping[str, Any]) -> dict[str, Any]:
    return {**data, "by": "nobody knows"}


SECOND = EventType(name="counted", version=2, shapes=(dict,))
COUNTED = EventTypes(
    domain="shop",
    types=(*types_of((Counted, CountedInPairs)), SECOND),
    upcasters={("counted", 1): _of_two, ("counted", 2): _by_somebody},
)


def _counted(version: int, **data: object) -> EventContent:
    return replace(DECIDED, event_type="counted", version=version, data=data)


@pytest.mark.parametrize(
    "told",
    [
        _counted(1, number=7),
        _counted(2, pairs=3, odd=True),
        _counted(3, pairs=3, odd=True, by="nobody knows"),
    ],
)
def test_every_version_is_read_as_the_newest(told: EventContent) -> None:
    known = COUNTED.as_known(content=told)
    assert known == _counted(3, pairs=3, odd=True, by="nobody knows")


def test_what_was_told_stays_as_it_was_and_so_does_its_hash() -> None:
    told = _counted(1, number=7)
    before = event_hash(content=told, previous_hash=GENESIS)
    COUNTED.as_known(content=told)
    assert told.data == {"number": 7}
    assert event_hash(content=told, previous_hash=GENESIS) == before


@pytest.mark.parametrize("told", [_counted(0), _counted(4), replace(DECIDED, event_type="sung")])
def test_what_is_not_known_is_never_guessed(told: EventContent) -> None:
    assert not COUNTED.knows(content=told)
    with pytest.raises(Defect) as defect:
        COUNTED.as_known(content=told)
    assert defect.value.code == "event_version_unknown"


@pytest.mark.parametrize(
    ("types", "upcasters"),
    [
        (types_of((Counted, CountedInPairs)), {("counted", 1): _of_two}),
        ((*types_of((Counted, CountedInPairs)), SECOND), {("counted", 1): _of_two}),
        (types_of((Counted,)), {("counted", 1): _of_two}),
        ((*types_of((Counted,)), *types_of((Counted,))), {}),
    ],
)
def test_no_version_may_be_missing_or_unreadable(
    types: tuple[EventType, ...], upcasters: dict[Any, Any]
) -> None:
    with pytest.raises(ValueError, match="shop"):
        EventTypes(domain="shop", types=types, upcasters=upcasters)


def test_a_decision_of_old_has_a_limit_that_nobody_told() -> None:
    known = CREDIT.as_known(content=DECIDED)
    assert (known.version, known.data) == (2, {**DECIDED.data, "limit": None})


def test_a_decision_of_old_that_told_its_limit_keeps_it() -> None:
    limit = {"santim": 500_000, "currency": "ETB"}
    told = replace(DECIDED, data={**DECIDED.data, "limit": limit})
    assert CREDIT.as_known(content=told).data["limit"] == limit


def test_readers_that_refuse_for_themselves_get_what_is_not_known_as_it_was_told() -> None:
    newer = replace(DECIDED, version=9)
    assert as_known_or_told(domain="credit", content=newer) is newer
    assert as_known_or_told(domain="weather", content=DECIDED) is DECIDED
    assert as_known_or_told(domain="credit", content=DECIDED).version == 2


def test_each_domain_tells_of_itself() -> None:
    assert {domain: known.domain for domain, known in CATALOGUE.items()} == {
        domain: domain for domain in CATALOGUE
    }
