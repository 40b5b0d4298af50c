"""A merchant's line of an order that is captured in parts: it grows, whichever payout has them."""

from datetime import UTC, datetime, timedelta

import pytest

from meqenet.analytics.facts import Fact
from meqenet.analytics.merchant_statement import StatementLine, fold
from meqenet.errors import Defect
from meqenet.event_chain import EventContent
from meqenet.money import Money

_AT = datetime(2026, 12, 1, tzinfo=UTC)


def _fact(kind: str, **data: object) -> Fact:
    told = {
        name: {"santim": value.santim, "currency": "ETB"} if isinstance(value, Money) else value
        for name, value in data.items()
    }
    content = EventContent(
        event_id=kind,
        stream="pln_a",
        sequence=1,
        event_type=kind,
        version=1,
        data=told,
        effective_at=_AT,
    )
    return Fact(source="settlement", content=content)


def _scheduled(number: int, gross: int, fee: int) -> Fact:
    return _fact(
        "settlement_scheduled",
        payout_id=f"pln_a-p{number}",
        merchant_id="mer_a",
        option="pay_in_30",
        gross=Money(gross),
        fee=Money(fee),
        net=Money(gross - fee),
        due_at=(_AT + timedelta(days=2)).isoformat(),
    )


def _payout(kind: str, number: int, amount: int) -> Fact:
    return _fact(kind, payout_id=f"pln_a-p{number}", amount=Money(amount))


def _line(*facts: Fact) -> StatementLine:
    line = StatementLine(plan_id="pln_a")
    for fact in facts:
        line = fold(before=line, fact=fact)
    return line


def test_a_payout_is_settled_after_more_was_captured() -> None:
    line = _line(
        _scheduled(1, 40_000, 600),
        _payout("payout_opened", 1, 39_400),
        _scheduled(2, 70_000, 1_050),
        _payout("payout_settled", 1, 39_400),
    )
    assert (line.gross, line.net, line.paid_out) == (Money(70_000), Money(68_950), Money(39_400))
    assert line.payout_state == "scheduled"
    line = fold(before=line, fact=_payout("payout_settled", 2, 29_550))
    assert (line.paid_out, line.payout_state) == (line.net, "settled")


def test_a_payout_that_was_never_scheduled_is_a_defect() -> None:
    with pytest.raises(Defect, match="payout_id"):
        _line(_scheduled(1, 40_000, 600), _payout("payout_settled", 2, 39_400))
