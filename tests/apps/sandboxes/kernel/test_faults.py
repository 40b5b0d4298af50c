from datetime import timedelta

import pytest

from apps.sandboxes.kernel.faults import (
    CallbackManner,
    DropConnection,
    EmptyAnswer,
    Fault,
    FaultAnswer,
    FaultBoard,
    FaultKind,
)


def test_a_plan_is_taken_as_often_as_it_says() -> None:
    board = FaultBoard()
    board.plan(operation="refund", outcome=FaultKind.UNAVAILABLE, times=2)
    assert board.take(operation="query") == ()
    assert len(board.take(operation="refund")) == 1
    assert [plan.times for plan in board.planned()] == [1]
    assert len(board.take(operation="refund")) == 1
    assert board.take(operation="refund") == ()


def test_a_subject_is_an_order_or_a_phone() -> None:
    board = FaultBoard()
    board.plan(operation="*", outcome=FaultKind.REFUSE, subject="ORD1", code="E1")
    board.plan(operation="*", outcome=FaultKind.REFUSE, subject="251911223344", code="E2")
    assert board.take(operation="pay", subject="ORD2", msisdn="251911223355").refusal() is None
    assert board.take(operation="pay", subject="ORD2", msisdn="251911223344").refusal() == "E2"
    assert board.take(operation="pay", subject="ORD1").refusal() == "E1"


def test_a_plan_can_be_forgotten_and_must_make_sense() -> None:
    board = FaultBoard()
    board.plan(operation="*", outcome=FaultKind.REFUSE)
    board.clear()
    assert board.take(operation="pay").refusal() is None
    with pytest.raises(ValueError, match="at least one"):
        board.plan(operation="*", outcome=FaultKind.REFUSE, times=0)


def test_each_fault_strikes_in_its_phase() -> None:
    board = FaultBoard()
    board.plan(operation="a", outcome=FaultKind.UNAVAILABLE)
    board.plan(operation="b", outcome=FaultKind.TIMEOUT_BEFORE, delay_ms=20)
    board.plan(operation="c", outcome=FaultKind.ERROR_AFTER_COMMIT)
    board.plan(operation="d", outcome=FaultKind.TIMEOUT_AFTER_COMMIT)
    board.plan(operation="e", outcome=FaultKind.EMPTY_AFTER_COMMIT)
    with pytest.raises(FaultAnswer) as answered:
        board.take(operation="a").before()
    assert answered.value.status == 503
    with pytest.raises(DropConnection) as dropped:
        board.take(operation="b").before()
    assert dropped.value.hold == timedelta(milliseconds=20)
    for operation, error in (("c", FaultAnswer), ("d", DropConnection), ("e", EmptyAnswer)):
        faults = board.take(operation=operation)
        faults.before()
        with pytest.raises(error):
            faults.after_commit()


def test_the_callback_manner() -> None:
    board = FaultBoard()
    assert board.take(operation="pay").manner() == CallbackManner()
    for outcome, delay in (
        (FaultKind.DUPLICATE_CALLBACK, 0),
        (FaultKind.DELAY_CALLBACK, 30),
        (FaultKind.CALLBACK_FIRST, 0),
    ):
        board.plan(operation="pay", outcome=outcome, delay_ms=delay)
    manner = board.take(operation="pay").manner()
    assert manner == CallbackManner(copies=2, delay=timedelta(milliseconds=30), first=True)
    board.plan(operation="pay", outcome=FaultKind.DROP_CALLBACK)
    assert board.take(operation="pay").manner().copies == 0


@pytest.mark.parametrize(
    ("msisdn", "expected"),
    [
        ("251900000007", Fault(kind=FaultKind.DELAY_CALLBACK, delay_ms=5000)),
        ("251900000008", Fault(kind=FaultKind.TIMEOUT_AFTER_COMMIT)),
        ("251900000009", Fault(kind=FaultKind.DROP_CALLBACK)),
        ("251900000010", Fault(kind=FaultKind.DUPLICATE_CALLBACK)),
        ("251900000012", Fault(kind=FaultKind.CALLBACK_FIRST)),
    ],
)
def test_a_well_known_number_brings_its_fault(msisdn: str, expected: Fault) -> None:
    assert FaultBoard().take(operation="pay", subject="ORD1", msisdn=msisdn) == (expected,)


def test_number_11_is_unavailable_once_per_order() -> None:
    board = FaultBoard()
    taken = [
        board.take(operation="pay", subject=order, msisdn="251700000011")
        for order in ("ORD1", "ORD1", "ORD2")
    ]
    assert [faults.has(kind=FaultKind.UNAVAILABLE) for faults in taken] == [True, False, True]
