"""Disputes: the table of their moves, what may be disputed, deadlines, evidence by its content."""

from datetime import UTC, date, datetime, timedelta
from string import ascii_lowercase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meqenet.disputes.dispute_ids import (
    dispute_id,
    dispute_of,
    evidence_id,
    plan_and_number_of,
)
from meqenet.disputes.dispute_rules import (
    disputable,
    require_disputable,
    require_open_window,
    stage_due_at,
)
from meqenet.disputes.dispute_states import Move, Outcome, Stage, after, moves_at
from meqenet.disputes.evidence import FILE_BYTES_MAX, ContentType, content_type_of
from meqenet.disputes.policies import DisputePolicy, PolicyKind, key_of
from meqenet.errors import Refusal
from meqenet.money import Money

POLICY = DisputePolicy(
    version=1,
    open_within_days=120,
    working_days={Stage.OPENED: 1, Stage.MERCHANT_RESPONSE: 10, Stage.REVIEW: 10},
    due_again_days=14,
)


def moved(stage: Stage, move: Move) -> str:
    if move not in moves_at(stage=stage):
        with pytest.raises(Refusal) as refused:
            after(stage=stage, move=move)
        assert refused.value.code == "dispute_move_impossible"
        return "--"
    place = after(stage=stage, move=move)
    return str(place.outcome or place.stage)


def test_the_table_in_the_docstring_is_the_rule() -> None:
    lines = [line.split() for line in (after.__doc__ or "").splitlines()]
    rows = {line[0]: line[1:] for line in lines if line and line[0] in list(Move)}
    assert set(rows) == set(Move)
    for move in Move:
        assert [moved(stage, move) for stage in Stage] == rows[move]


@given(st.lists(st.sampled_from(Move), max_size=12))
def test_any_moves_end_a_dispute_at_most_once_and_for_good(moves: list[Move]) -> None:
    stage, outcome = Stage.OPENED, None
    for move in moves:
        if move not in moves_at(stage=stage):
            with pytest.raises(Refusal):
                after(stage=stage, move=move)
            continue
        assert outcome is None
        stage, outcome = after(stage=stage, move=move)
        assert stage.is_final == (outcome is not None)
    assert not moves_at(stage=Stage.DECIDED)


def test_a_merchant_who_is_silent_loses_and_our_own_delay_costs_nobody() -> None:
    assert moved(Stage.MERCHANT_RESPONSE, Move.DEADLINE_PASSES) == "expired"
    assert moved(Stage.REVIEW, Move.DEADLINE_PASSES) == "--"
    assert {each for each in Outcome if each.favours_customer} == {
        "merchant_accepted",
        "won",
        "expired",
    }


SANTIM = st.integers(0, 10_000)


@given(captured=SANTIM, refunded=SANTIM, in_dispute=SANTIM, amount=st.integers(-5, 10_005))
def test_no_more_is_disputed_than_is_there(
    captured: int, refunded: int, in_dispute: int, amount: int
) -> None:
    sums = {
        "captured": Money(captured),
        "refunded": Money(refunded),
        "in_dispute": Money(in_dispute),
    }
    if refunded + in_dispute > captured:
        with pytest.raises(ValueError, match="at most what is captured"):
            disputable(**sums)
        return
    left = disputable(**sums)
    assert left + Money(refunded) + Money(in_dispute) == Money(captured)
    if 0 < amount <= left.santim:
        require_disputable(amount=Money(amount), **sums)
        return
    with pytest.raises(Refusal) as refused:
        require_disputable(amount=Money(amount), **sums)
    code = "disputed_amount_invalid" if left.santim else "nothing_to_dispute"
    assert refused.value.code == code


def test_deadlines_of_the_stages() -> None:
    began = datetime(2026, 11, 26, 9, tzinfo=UTC)
    due = [
        stage_due_at(policy=POLICY, stage=stage, began_at=began, closed_on=()) for stage in Stage
    ]
    assert due == [
        datetime(2026, 11, 27, 21, tzinfo=UTC),
        datetime(2026, 12, 10, 21, tzinfo=UTC),
        datetime(2026, 12, 10, 21, tzinfo=UTC),
        None,
    ]
    first = date(2026, 1, 1)
    require_open_window(policy=POLICY, activated_on=first, on=first + timedelta(days=120))
    with pytest.raises(Refusal) as refused:
        require_open_window(policy=POLICY, activated_on=first, on=first + timedelta(days=121))
    assert refused.value.code == "dispute_too_late"


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"%PDF-1.7\n%...", ContentType.PDF),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", ContentType.JPEG),
        (b"\x89PNG\r\n\x1a\n\x00\x00", ContentType.PNG),
        ("ደረሰኝ\tከ 1000 ብር\r\n".encode(), ContentType.TEXT),
    ],
)
def test_files_are_told_by_their_content(content: bytes, found: ContentType) -> None:
    assert content_type_of(content=content) is found


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "evidence_empty"),
        (b"a" * (FILE_BYTES_MAX + 1), "evidence_too_large"),
        (b"MZ\x90\x00\x03", "evidence_type_unknown"),
        (b"PK\x03\x04", "evidence_type_unknown"),
        (b"\xfe\xff\x00a", "evidence_type_unknown"),
    ],
)
def test_other_files_are_refused(content: bytes, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        content_type_of(content=content)
    assert refused.value.code == code


@given(
    plan=st.text(ascii_lowercase + "234567", min_size=20, max_size=20).map("pln_{}".format),
    numbers=st.tuples(*[st.integers(1, 999)] * 2),
)
def test_ids_name_their_parents(plan: str, numbers: tuple[int, int]) -> None:
    dispute = dispute_id(plan_id=plan, number=numbers[0])
    assert plan_and_number_of(dispute_id=dispute) == (plan, numbers[0])
    assert dispute_of(evidence_id=evidence_id(dispute_id=dispute, number=numbers[1])) == dispute
    for malformed in (plan, f"{dispute}0000", f"{plan}-d0", f"{plan}-d"):
        with pytest.raises(ValueError, match="not of the form"):
            plan_and_number_of(dispute_id=malformed)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"working_days": {"opened": 1}}, "of each of"),
        ({"working_days": {"opened": 0, "merchant_response": 1, "review": 1}}, "from 1"),
        ({"open_within_days": 0}, "open_within_days"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(change: dict[str, object], rule: str) -> None:
    document = {
        "kind": "disputes",
        "version": 2,
        "effective_from": "2027-01-01",
        "open_within_days": 60,
        "working_days": {"opened": 1, "merchant_response": 5, "review": 5},
    }
    assert key_of(document=document).kind is PolicyKind.DISPUTES
    with pytest.raises(ValueError, match=rule):
        key_of(document={**document, **change})
