"""Whatever is captured, voided and refunded, no more of it is than what it is a part of."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meqenet.bnpl.account_history import AccountHistory
from meqenet.bnpl.authorisation_policy import AuthorisationPolicy
from meqenet.bnpl.order_money import OrderMoney, OrderStatus, order_money
from meqenet.bnpl.refund_events import (
    AuthorisationExpired,
    OrderCaptured,
    OrderRefunded,
    OrderVoided,
    PriceGone,
)
from meqenet.errors import Defect, Refusal
from meqenet.money import Money

_PRICE, _ON = Money(100_000), date(2026, 12, 1)
_UNTIL = datetime(2026, 12, 29, 21, tzinfo=UTC)
_NOTHING = Money.zero()
_VERBS = st.sampled_from(["capture", "void", "refund", "expire"])


def _gone(amount: Money, number: int) -> dict[str, object]:
    gone = PriceGone(
        number=number,
        reference=str(number),
        on=_ON,
        amount=amount,
        owed_less=amount,
        gone=(),
        interest_saved=_NOTHING,
        interest_back=(),
        cash_back=_NOTHING,
        installments=(),
        arrears_moved=_NOTHING,
        paid=_NOTHING,
        earns_less_from=False,
    )
    return vars(gone)


def _after(history: AccountHistory, verb: str, amount: Money) -> AccountHistory:
    number = len(history.refunds) + len(history.captures) + 1
    if verb == "capture":
        told = OrderCaptured(number=number, reference=str(number), on=_ON, amount=amount)
        return history.captured(told)
    if verb == "void":
        return history.refunded(OrderVoided(**_gone(amount, number), by="merchant"))  # type: ignore[arg-type]  # fields of the base
    if verb == "expire":
        return history.refunded(AuthorisationExpired(**_gone(amount, number)))  # type: ignore[arg-type]  # the same
    return history.refunded(OrderRefunded(**_gone(amount, number)))  # type: ignore[arg-type]  # the same


def _sums(history: AccountHistory) -> OrderMoney:
    return order_money(price=_PRICE, history=history, expires_at=_UNTIL)


@given(verbs=st.lists(st.tuples(_VERBS, st.integers(1, 60_000).map(Money)), max_size=12))
def test_any_sequence_of_verbs_keeps_the_sums_within_each_other(
    verbs: list[tuple[str, Money]],
) -> None:
    """Each is let through by the same limits as the plan's process asks for."""
    history = AccountHistory()
    for verb, amount in verbs:
        before = _sums(history)
        most = before.refundable if verb == "refund" else before.left
        if verb == "expire":
            amount = most  # noqa: PLW2901 - all that is left of it
        if not _NOTHING < amount <= most:
            with pytest.raises(Defect):
                _sums(_after(history, verb, most + Money(1)))
            continue
        history = _after(history, verb, amount)
        found = _sums(history)
        assert found.captured + found.voided + found.left == found.authorised == _PRICE
        assert found.refunded + found.refundable == found.captured


@pytest.mark.parametrize(
    ("verbs", "status"),
    [
        ([], OrderStatus.AUTHORISED),
        ([("void", 40_000)], OrderStatus.AUTHORISED),
        ([("capture", 40_000)], OrderStatus.PARTIALLY_CAPTURED),
        ([("capture", 40_000), ("refund", 40_000)], OrderStatus.PARTIALLY_CAPTURED),
        ([("capture", 40_000), ("expire", 60_000)], OrderStatus.CAPTURED),
        ([("capture", 100_000), ("refund", 100_000)], OrderStatus.CAPTURED),
        ([("void", 100_000)], OrderStatus.VOIDED),
        ([("void", 40_000), ("expire", 60_000)], OrderStatus.EXPIRED),
    ],
)
def test_where_an_order_is_in_its_life(verbs: list[tuple[str, int]], status: OrderStatus) -> None:
    history = AccountHistory()
    for verb, santim in verbs:
        history = _after(history, verb, Money(santim))
    assert _sums(history).status is status


def test_an_order_that_is_captured_by_itself_is_so_whole() -> None:
    found = order_money(price=_PRICE, history=AccountHistory(), expires_at=None)
    assert (found.captured, found.left, found.status) == (
        _PRICE,
        _NOTHING,
        OrderStatus.CAPTURED,
    )


def test_the_time_is_over_at_the_midnight_after_its_last_day_in_addis_ababa() -> None:
    policy = AuthorisationPolicy(days=28, warning_days=3)
    expires_at = policy.expires_at(activated_on=_ON)
    assert expires_at == _UNTIL
    assert policy.warns_at(expires_at=expires_at) == datetime(2026, 12, 26, 21, tzinfo=UTC)
    never = AuthorisationPolicy(days=28, warning_days=0)
    assert never.warns_at(expires_at=expires_at) is None


@pytest.mark.parametrize(
    ("days", "warning_days", "field"),
    [(0, 0, "days"), (181, 3, "days"), (5, 6, "warning_days"), (5, -1, "warning_days")],
)
def test_a_time_that_makes_no_sense_is_refused(days: int, warning_days: int, field: str) -> None:
    with pytest.raises(Refusal) as refused:
        AuthorisationPolicy(days=days, warning_days=warning_days)
    assert refused.value.field == f"servicing.authorisation.{field}"
