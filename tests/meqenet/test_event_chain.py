from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meqenet.event_chain import (
    GENESIS,
    ChainedEvent,
    EventContent,
    around_data_and_sequence,
    canonical_json,
    event_hash,
    first_break,
    plain,
)
from meqenet.money import Money

AT = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)


class Colour(StrEnum):
    GREEN = "green"


@dataclass(frozen=True, kw_only=True)
class Inner:
    amount: Money
    rate: Decimal
    on: date
    at: datetime
    colour: Colour
    parts: tuple[int, ...]


def _chain(*payloads: dict[str, Any]) -> list[ChainedEvent]:
    chain: list[ChainedEvent] = []
    for sequence, data in enumerate(payloads, start=1):
        content = EventContent(
            event_id=f"e{sequence}",
            stream="pln_a",
            sequence=sequence,
            event_type="counted",
            version=1,
            data=data,
            effective_at=AT + timedelta(seconds=sequence),
        )
        previous = chain[-1].hash if chain else GENESIS
        digest = event_hash(content=content, previous_hash=previous)
        chain.append(ChainedEvent(content=content, previous_hash=previous, hash=digest))
    return chain


def test_each_thing_has_one_spelling() -> None:
    east = AT.astimezone(timezone(timedelta(hours=3)))
    value = Inner(
        amount=Money(125050),
        rate=Decimal("18.50"),
        on=date(2026, 1, 2),
        at=east,
        colour=Colour.GREEN,
        parts=(2, 1),
    )
    assert (
        canonical_json(value={"b": "ብር\n", "a": value})
        == (
            '{"a":{"amount":{"currency":"ETB","santim":125050},"at":"2026-01-02T03:04:05.000006Z",'
            '"colour":"green","on":"2026-01-02","parts":[2,1],"rate":"18.50"},"b":"ብር\\n"}'
        ).encode()
    )


@pytest.mark.parametrize("value", [1.5, {"a": 0.1}, {1: "a"}, {"ብር": 1}, b"bytes", {1, 2}])
def test_what_has_no_exact_form_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        canonical_json(value=value)


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        plain(AT.replace(tzinfo=None))


def test_the_hash_is_fixed_for_ever() -> None:
    """Stored chains were made with this spelling: it never changes."""
    (event,) = _chain({"amount": Money(100)})
    assert event.hash.hex() == "acf67d244e9851489817eefa0dc078597e9a2baaa1025639fb8a14c8931fa3c9"


@given(
    event_id=st.text(),
    stream=st.text(),
    sequence=st.integers(min_value=1),
    data=st.dictionaries(st.text(st.characters(codec="ascii")), st.text() | st.integers()),
)
def test_a_content_is_put_together_where_its_number_is_known(
    event_id: str, stream: str, sequence: int, data: dict[str, Any]
) -> None:
    content = EventContent(
        event_id=event_id,
        stream=stream,
        sequence=sequence,
        event_type="counted",
        version=2,
        data=data,
        effective_at=AT,
    )
    before, between, behind = around_data_and_sequence(
        content=replace(content, sequence=0, data={})
    )
    whole = f"{before}{canonical_json(value=data).decode()}{between}{sequence}{behind}"
    assert whole.encode() == canonical_json(value=content)


def test_a_whole_chain_holds() -> None:
    assert first_break(events=_chain({"n": 1}, {"n": 2}, {"n": 3})) is None
    assert first_break(events=[]) is None


@given(
    broken=st.integers(min_value=0, max_value=3),
    change=st.sampled_from(
        [
            {"event_id": "other"},
            {"stream": "pln_b"},
            {"sequence": 9},
            {"event_type": "other"},
            {"version": 2},
            {"data": {"n": 99}},
            {"effective_at": AT - timedelta(microseconds=1)},
        ]
    ),
)
def test_any_change_of_any_event_shows_where_it_is(broken: int, change: dict[str, Any]) -> None:
    chain = _chain({"n": 1}, {"n": 2}, {"n": 3}, {"n": 4})
    changed = chain[broken]
    chain[broken] = replace(changed, content=replace(changed.content, **change))
    assert first_break(events=chain) == broken + 1


def test_a_missing_and_a_swapped_event_show() -> None:
    one, two, three = _chain({"n": 1}, {"n": 2}, {"n": 3})
    assert first_break(events=[one, three]) == 2
    assert first_break(events=[two, three]) == 1
    assert first_break(events=[one, three, two]) == 2


def test_a_rewritten_event_with_a_fresh_hash_breaks_at_the_next() -> None:
    one, two, three = _chain({"n": 1}, {"n": 2}, {"n": 3})
    content = replace(two.content, data={"n": 7})
    forged = ChainedEvent(
        content=content,
        previous_hash=one.hash,
        hash=event_hash(content=content, previous_hash=one.hash),
    )
    assert first_break(events=[one, forged, three]) == 3
