"""An order that its merchant captures is held to the plan, to its events and to the ledger."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from db.ledger.books import Posting
from db.settlement.authorised_books import AuthorisedRow, PartRow
from meqenet.analytics.plan_overview import PlanOverview
from meqenet.event_chain import EventContent
from meqenet.money import Money
from meqenet.settlement.authorisations import PartKind
from workers.verifying import authorised_orders

_PLAN = "pln_a"
_CAPTURED = PartRow(
    part_id=f"{_PLAN}-c1",
    kind=PartKind.CAPTURED,
    gross=Money(40_000),
    fee=Money(600),
    net=Money(39_400),
)
_VOIDED = PartRow(
    part_id=f"{_PLAN}-vd1",
    kind=PartKind.VOIDED,
    gross=Money(30_000),
    fee=Money(450),
    net=Money(29_550),
)
_ORDER = AuthorisedRow(
    gross=Money(100_000), fee=Money(1_500), net=Money(98_500), parts=(_CAPTURED, _VOIDED)
)
_OVERVIEW = PlanOverview(
    plan_id=_PLAN, amount=Money(100_000), captured=Money(40_000), voided=Money(30_000)
)


def _told(kind: str, **data: object) -> EventContent:
    money = {
        name: {"santim": value.santim, "currency": "ETB"} if isinstance(value, Money) else value
        for name, value in data.items()
    }
    return EventContent(
        event_id=kind,
        stream=_PLAN,
        sequence=1,
        event_type=kind,
        version=1,
        data=money,
        effective_at=datetime(2026, 12, 1, tzinfo=UTC),
    )


def _part(kind: str, row: PartRow) -> EventContent:
    return _told(kind, part_id=row.part_id, gross=row.gross, fee=row.fee, net=row.net)


_LOG = (
    _told("order_authorised", gross=_ORDER.gross, fee=_ORDER.fee, net=_ORDER.net),
    _part("order_part_captured", _CAPTURED),
    _part("order_part_voided", _VOIDED),
)


def _kept(santim: int) -> list[Posting]:
    line = (f"merchant_authorised:{_PLAN}", Money(-santim))
    return [
        Posting(posting_id="p", kind="order_authorised", happening={}, reverses=None, lines=(line,))
    ]


@pytest.mark.parametrize(
    ("overview", "what"),
    [
        (_OVERVIEW, None),
        (replace(_OVERVIEW, captured=Money(40_001)), "captured: 400.00, and 400.01"),
        (replace(_OVERVIEW, voided=Money(0)), "voided: 300.00, and 0.00"),
        (replace(_OVERVIEW, amount=Money(1)), "authorised: 1000.00, and 0.01"),
        (replace(_OVERVIEW, goods_returned=Money(40_001)), "400.01 went back"),
    ],
)
def test_the_plan_and_the_settlement_say_the_same(overview: PlanOverview, what: str | None) -> None:
    found = authorised_orders.against_plan(order=_ORDER, overview=overview)
    assert found is None if what is None else found is not None and what in found


def test_the_rows_are_what_the_events_made_them() -> None:
    assert authorised_orders.against_events(order=_ORDER, log=_LOG) is None
    assert authorised_orders.against_events(order=None, log=()) is None
    assert authorised_orders.against_events(order=None, log=_LOG) is not None
    assert authorised_orders.against_events(order=_ORDER, log=_LOG[:2]) is not None
    assert authorised_orders.against_events(order=_ORDER, log=_LOG[1:]) is not None
    missing = replace(_ORDER, parts=(_CAPTURED,))
    assert authorised_orders.against_events(order=missing, log=_LOG) is not None


def test_the_ledger_keeps_apart_what_is_neither_captured_nor_voided() -> None:
    assert authorised_orders.against_ledger(order=_ORDER, postings=_kept(29_550)) is None
    assert authorised_orders.against_ledger(order=_ORDER, postings=_kept(29_551)) is not None
    assert authorised_orders.against_ledger(order=None, postings=_kept(1)) is not None
