"""An order that its merchant captures itself, in all books: authorised, captured and voided."""

from collections.abc import Mapping, Sequence

from db.ledger.books import Posting
from db.settlement.authorised_books import AuthorisedRow
from meqenet.analytics.plan_overview import PlanOverview
from meqenet.event_chain import EventContent
from meqenet.money import Money, total
from meqenet.settlement.authorisations import PartKind

_KINDS: Mapping[str, PartKind] = {
    "order_part_captured": PartKind.CAPTURED,
    "order_part_voided": PartKind.VOIDED,
}


def against_plan(*, order: AuthorisedRow | None, overview: PlanOverview) -> str | None:
    """What is captured and voided by settlement is so by the plan's events."""
    if order is None:
        return None if not overview.voided else "voided by the plan's events, and never authorised"
    for name, found, told in (
        ("authorised", order.gross, overview.amount or Money.zero()),
        ("captured", order.of(PartKind.CAPTURED), overview.captured),
        ("voided", order.of(PartKind.VOIDED), overview.voided),
    ):
        if found != told:
            return f"{name}: {found}, and {told} by the plan's events"
    if overview.goods_returned > overview.captured:
        return f"{overview.goods_returned} went back, and {overview.captured} were captured"
    return None


def against_events(*, order: AuthorisedRow | None, log: Sequence[EventContent]) -> str | None:
    """The rows are what the events of settlement made them."""
    opened = [each for each in log if each.event_type == "order_authorised"]
    told = [
        (each.data["part_id"], _KINDS[each.event_type], *_sums(each))
        for each in log
        if each.event_type in _KINDS
    ]
    if order is None:
        return "its authorisation is missing" if opened or told else None
    if [_sums(each) for each in opened] != [(order.gross, order.fee, order.net)]:
        return "the authorisation is not as its event tells"
    rows = [(row.part_id, row.kind, row.gross, row.fee, row.net) for row in order.parts]
    return None if rows == told else "what was captured and voided is not as its events tell"


def against_ledger(*, order: AuthorisedRow | None, postings: Sequence[Posting]) -> str | None:
    """What the ledger keeps apart is what settlement has neither captured nor voided."""
    kept = -total(posting.on("merchant_authorised") for posting in postings)
    left = Money.zero() if order is None else order.net_left
    if kept == left:
        return None
    return f"merchant_authorised: {kept}, and {left} by settlement"


def _sums(told: EventContent) -> tuple[Money, Money, Money]:
    gross, fee, net = (Money(told.data[name]["santim"]) for name in ("gross", "fee", "net"))
    return gross, fee, net
