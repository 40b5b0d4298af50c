"""Which secrets sign when: the newest always, each older one until its successor's overlap ends."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meqenet.errors import Refusal
from meqenet.marketplace.endpoints import STRICT
from meqenet.marketplace.signing_secrets import (
    OVERLAP_MAX,
    OVERLAPS_MAX,
    Rotation,
    overlap_end,
    signing_at,
)
from meqenet.marketplace.webhooks import check_webhook, new_secret

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
FIRST = "s0"
HOURS = st.integers(min_value=0, max_value=168)


def rotations_of(*steps: tuple[int, int]) -> list[Rotation]:
    """The first secret, and one after each so many hours with so many hours of overlap."""
    found = [Rotation(number=0, secret=FIRST, at=START, overlap_until=START)]
    for number, (after, overlap) in enumerate(steps, start=1):
        at = found[-1].at + timedelta(hours=after)
        until = overlap_end(rotated_at=at, overlap=timedelta(hours=overlap), overlapping=0)
        found.append(Rotation(number=number, secret=f"s{number}", at=at, overlap_until=until))
    return found


@pytest.mark.parametrize(
    ("hours", "signing"),
    [(0, ["s1", "s0"]), (23, ["s1", "s0"]), (24, ["s1"]), (200, ["s1"])],
)
def test_the_old_secret_signs_until_the_overlap_ends(hours: int, signing: list[str]) -> None:
    rotations = rotations_of((10, 24))
    found = signing_at(rotations=rotations, at=rotations[-1].at + timedelta(hours=hours))
    assert [each.secret for each in found] == signing


def test_a_leaked_secret_stops_at_once_and_the_one_before_keeps_its_own_end() -> None:
    rotations = rotations_of((10, 24), (1, 0))
    found = signing_at(rotations=rotations, at=rotations[-1].at)
    assert [each.secret for each in found] == ["s2", "s0"]
    assert [each.until for each in found] == [None, START + timedelta(hours=34)]


@given(st.lists(st.tuples(HOURS, HOURS), max_size=6), HOURS)
def test_the_newest_signs_first_and_always_and_nothing_after_a_week(
    steps: list[tuple[int, int]], later: int
) -> None:
    rotations = rotations_of(*steps)
    at = rotations[-1].at + timedelta(hours=later)
    found = signing_at(rotations=rotations, at=at)
    assert found[0].number == rotations[-1].number
    assert found[0].until is None
    assert all(each.until is not None and each.until > at for each in found[1:])
    numbers = [each.number for each in found]
    assert numbers == sorted(set(numbers), reverse=True)
    assert len(signing_at(rotations=rotations, at=rotations[-1].at + OVERLAP_MAX)) == 1


@pytest.mark.parametrize("overlap", [timedelta(seconds=-1), OVERLAP_MAX + timedelta(seconds=1)])
def test_an_overlap_lasts_a_week_at_most(overlap: timedelta) -> None:
    with pytest.raises(Refusal) as refusal:
        overlap_end(rotated_at=START, overlap=overlap, overlapping=0)
    assert refusal.value.code == "webhook_overlap_invalid"


def test_there_is_an_end_of_secrets_that_sign_and_a_leak_can_always_be_stopped() -> None:
    with pytest.raises(Refusal) as refusal:
        overlap_end(rotated_at=START, overlap=timedelta(hours=1), overlapping=OVERLAPS_MAX)
    assert refusal.value.code == "webhook_overlaps_open"
    stopped = overlap_end(rotated_at=START, overlap=timedelta(0), overlapping=OVERLAPS_MAX)
    assert stopped == START


def test_a_new_secret_is_one_that_a_webhook_takes() -> None:
    secret = new_secret(randomness=lambda count: bytes(range(count)))
    webhook = check_webhook(url="https://shop.example/", secret=secret, rules=STRICT)
    assert webhook is not None
    assert webhook.secret == secret


def test_secrets_are_not_shown() -> None:
    rotations = rotations_of((1, 1))
    assert "s0" not in repr(rotations)
    assert "s0" not in repr(signing_at(rotations=rotations, at=START))
