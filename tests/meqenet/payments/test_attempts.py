from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.contracts.payments import AttemptState
from meqenet.money import Money
from meqenet.payments.attempts import (
    Finding,
    OrderState,
    Standing,
    after_answer,
    after_refund_answer,
)
from meqenet.payments.rail import PaymentAnswer, RailStatus, RefundAnswer

_AT = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
_ASKED = Money(25_000)
_STANDINGS = {
    OrderState.CREATED: Standing(asked=_ASKED),
    OrderState.UNKNOWN: Standing(asked=_ASKED, state=OrderState.UNKNOWN),
    OrderState.PENDING: Standing(
        asked=_ASKED, state=OrderState.PENDING, provider_reference="ws_CO_1"
    ),
    OrderState.SUCCEEDED: Standing(
        asked=_ASKED,
        state=OrderState.SUCCEEDED,
        provider_reference="ws_CO_1",
        receipt="ABC123DEF4",
        moved=_ASKED,
        moved_at=_AT - timedelta(minutes=1),
    ),
    OrderState.FAILED: Standing(asked=_ASKED, state=OrderState.FAILED, failure_code="1"),
}
_SAID = {
    RailStatus.PENDING: PaymentAnswer(order_id="a1", status=RailStatus.PENDING),
    RailStatus.SUCCEEDED: PaymentAnswer(
        order_id="a1", status=RailStatus.SUCCEEDED, receipt="ABC123DEF4", amount=_ASKED
    ),
    RailStatus.FAILED: PaymentAnswer(order_id="a1", status=RailStatus.FAILED, failure_code="1032"),
    RailStatus.NOT_FOUND: PaymentAnswer(order_id="a1", status=RailStatus.NOT_FOUND),
}
_STAYS = "stays"


@pytest.mark.parametrize(
    ("before", "said", "after", "finding"),
    [
        ("created", None, "unknown", None),
        ("created", "pending", "pending", None),
        ("created", "succeeded", "succeeded", None),
        ("created", "failed", "failed", None),
        ("created", "not_found", "created", None),
        ("unknown", None, "unknown", None),
        ("unknown", "pending", "pending", None),
        ("unknown", "succeeded", "succeeded", None),
        ("unknown", "failed", "failed", None),
        ("unknown", "not_found", "created", None),
        ("pending", None, _STAYS, None),
        ("pending", "pending", "pending", None),
        ("pending", "succeeded", "succeeded", None),
        ("pending", "failed", "failed", None),
        ("pending", "not_found", _STAYS, Finding.FORGOTTEN),
        ("succeeded", None, _STAYS, None),
        ("succeeded", "pending", _STAYS, None),
        ("succeeded", "succeeded", _STAYS, None),
        ("succeeded", "failed", _STAYS, Finding.FAILURE_AFTER_MONEY),
        ("succeeded", "not_found", _STAYS, Finding.FAILURE_AFTER_MONEY),
        ("failed", None, _STAYS, None),
        ("failed", "pending", _STAYS, None),
        ("failed", "succeeded", _STAYS, Finding.MONEY_AFTER_FAILURE),
        ("failed", "failed", _STAYS, None),
        ("failed", "not_found", _STAYS, None),
    ],
)
def test_the_whole_table(
    before: str, said: str | None, after: str, finding: Finding | None
) -> None:
    standing = _STANDINGS[OrderState(before)]
    answer = None if said is None else _SAID[RailStatus(said)]
    heard = after_answer(standing=standing, answer=answer, at=_AT)
    assert heard.finding is finding
    if after == _STAYS:
        assert heard.standing == standing
    else:
        assert heard.standing.state is OrderState(after)


def test_late_money_counts_where_it_is_known_what_becomes_of_it() -> None:
    standing = _STANDINGS[OrderState.FAILED]
    said = _SAID[RailStatus.SUCCEEDED]
    heard = after_answer(standing=standing, answer=said, at=_AT, late_money_counts=True)
    assert heard.finding is None
    assert (heard.standing.state, heard.standing.moved) == (OrderState.SUCCEEDED, _ASKED)
    assert heard.standing.failure_code is None
    other = replace(said, amount=Money(1))
    assert after_answer(
        standing=standing, answer=other, at=_AT, late_money_counts=True
    ).finding is (Finding.AMOUNT_DIFFERS)


def test_success_keeps_what_the_provider_says_of_it() -> None:
    moved_at = _AT - timedelta(seconds=9)
    said = replace(_SAID[RailStatus.SUCCEEDED], provider_reference="ws_CO_2", occurred_at=moved_at)
    heard = after_answer(standing=_STANDINGS[OrderState.UNKNOWN], answer=said, at=_AT)
    assert heard.standing == Standing(
        asked=_ASKED,
        state=OrderState.SUCCEEDED,
        provider_reference="ws_CO_2",
        receipt="ABC123DEF4",
        moved=_ASKED,
        moved_at=moved_at,
    )


def test_success_without_amount_or_time_is_of_what_was_asked_when_we_heard() -> None:
    said = PaymentAnswer(order_id="a1", status=RailStatus.SUCCEEDED)
    heard = after_answer(standing=_STANDINGS[OrderState.PENDING], answer=said, at=_AT)
    assert (heard.standing.moved, heard.standing.moved_at) == (_ASKED, _AT)
    assert heard.standing.provider_reference == "ws_CO_1"


def test_failure_keeps_the_code_verbatim() -> None:
    heard = after_answer(
        standing=_STANDINGS[OrderState.PENDING], answer=_SAID[RailStatus.FAILED], at=_AT
    )
    assert heard.standing.failure_code == "1032"


def test_a_receipt_that_comes_later_is_added_and_another_one_is_a_finding() -> None:
    paid = replace(_STANDINGS[OrderState.SUCCEEDED], receipt=None)
    with_receipt = after_answer(standing=paid, answer=_SAID[RailStatus.SUCCEEDED], at=_AT)
    assert with_receipt.standing == _STANDINGS[OrderState.SUCCEEDED]
    again = replace(_SAID[RailStatus.SUCCEEDED], receipt="ZZZ999ZZZ9")
    second = after_answer(standing=with_receipt.standing, answer=again, at=_AT)
    assert second.finding is Finding.ANOTHER_RECEIPT
    assert second.standing == with_receipt.standing


@pytest.mark.parametrize("before", list(OrderState))
def test_another_amount_changes_nothing_and_is_a_finding(before: OrderState) -> None:
    said = replace(_SAID[RailStatus.SUCCEEDED], amount=Money(24_999))
    heard = after_answer(standing=_STANDINGS[before], answer=said, at=_AT)
    assert heard.standing == _STANDINGS[before]
    assert heard.finding is Finding.AMOUNT_DIFFERS


_answers = st.one_of(
    st.none(),
    st.builds(
        PaymentAnswer,
        order_id=st.just("a1"),
        status=st.sampled_from(RailStatus),
        receipt=st.sampled_from([None, "ABC123DEF4", "ZZZ999ZZZ9"]),
        amount=st.sampled_from([None, _ASKED, Money(1)]),
        failure_code=st.sampled_from([None, "1", "1032"]),
    ),
)


@given(answers=st.lists(_answers, max_size=12))
def test_whatever_comes_in_whatever_order_a_final_state_stays(
    answers: list[PaymentAnswer | None],
) -> None:
    standing = Standing(asked=_ASKED)
    for answer in answers:
        heard = after_answer(standing=standing, answer=answer, at=_AT)
        if standing.state.is_final:
            assert heard.standing.state is standing.state
            assert heard.standing.moved == standing.moved
        paid = heard.standing.state is OrderState.SUCCEEDED
        assert (heard.standing.moved == _ASKED) is paid
        assert (heard.standing.moved_at is not None) is paid
        standing = heard.standing


@pytest.mark.parametrize("said", [None, *RailStatus])
def test_refunds_follow_the_same_table(said: RailStatus | None) -> None:
    for standing in _STANDINGS.values():
        refund = None if said is None else RefundAnswer(refund_id="r1", status=said)
        payment = None if said is None else PaymentAnswer(order_id="r1", status=said)
        assert after_refund_answer(standing=standing, answer=refund, at=_AT) == after_answer(
            standing=standing, answer=payment, at=_AT
        )


def test_the_contract_has_the_same_states() -> None:
    assert {state.value for state in AttemptState} == {state.value for state in OrderState}
