"""What a dispute takes from a merchant's lines and gives back: of an order, or by capture."""

from collections.abc import Sequence
from dataclasses import dataclass

from activities.contracts import captures, merchant_settlement
from meqenet.bnpl.dispute_events import DisputedCapture, OrderDisputed
from meqenet.ledger.accruals import fee_earned
from meqenet.ledger.merchant_money import MerchantMoney
from meqenet.money import Money
from meqenet.settlement.lines import LineKind
from workflows.asking import ask
from workflows.merchant_side import taken_from
from workflows.order_sums import is_captured_by_merchant
from workflows.plan_desk import PlanDesk

_NOTHING = Money.zero()
_PLACES = (MerchantMoney.PROTECTED, MerchantMoney.PAYABLE, MerchantMoney.PAID_OUT)


@dataclass(frozen=True, kw_only=True)
class MoneyPlaces:
    """Where the money of some lines is in the books.

    Attributes:
        first: of all of it, or of what is in none of the others.
        also_payable, also_paid_out: what of it is there instead.
    """

    first: MerchantMoney
    also_payable: Money = _NOTHING
    also_paid_out: Money = _NOTHING


async def disputed_captures(desk: PlanDesk, *, amount: Money) -> tuple[DisputedCapture, ...]:
    """Which captures a disputed part is of, where the merchant captures its order itself."""
    if not is_captured_by_merchant(desk):
        return ()
    found = await ask(
        captures.FIND_CAPTURES,
        captures.FindCaptures(plan_id=desk.plan_id),
        summary="Which captures are disputed?",
    )
    return split_over_captures(amount=amount, made=found.captures)


def split_over_captures(
    *, amount: Money, made: Sequence[captures.CaptureStanding]
) -> tuple[DisputedCapture, ...]:
    """The newest captures first, each as far as it has not gone back.

    The fee is as if the part were the last of its capture that goes back: refunds of the rest take
    theirs from the first on, so that what waits and what goes back are never more than it brought.
    """
    parts: list[DisputedCapture] = []
    rest = amount
    for each in reversed(made):
        part = min(rest, each.left)
        if not part:
            continue
        fee = fee_earned(
            fee=each.fee,
            financed=each.amount,
            returned_before=each.amount - part,
            returned=part,
        )
        parts.append(DisputedCapture(capture_id=each.capture_id, amount=part, fee=fee))
        rest -= part
    return tuple(parts)


async def add_lines(
    desk: PlanDesk, told: OrderDisputed, *, kind: LineKind, line_id: str
) -> MoneyPlaces:
    """Take the part from the merchant's lines, or give it back; again, nothing changes.

    Args:
        desk: the plan's desk.
        told: the dispute.
        kind: DISPUTE takes, DISPUTE_RELEASED gives back.
        line_id: of the line; a capture's is named after it as well.
    """
    if not told.captures:
        line = await _add(desk, kind=kind, line_id=line_id, amount=told.amount, fee=told.fee)
        return MoneyPlaces(first=taken_from(line))
    at: dict[MerchantMoney, Money] = dict.fromkeys(_PLACES, _NOTHING)
    for part in told.captures:
        line = await _add(
            desk,
            kind=kind,
            line_id=f"{line_id}-{part.capture_id.rpartition('-')[2]}",
            amount=part.amount,
            fee=part.fee,
            of_line=part.capture_id,
        )
        at[taken_from(line)] += max(line.net, -line.net)
    first = next((place for place in _PLACES if at[place]), MerchantMoney.PAYABLE)
    return MoneyPlaces(
        first=first,
        also_payable=_NOTHING if first is MerchantMoney.PAYABLE else at[MerchantMoney.PAYABLE],
        also_paid_out=_NOTHING if first is MerchantMoney.PAID_OUT else at[MerchantMoney.PAID_OUT],
    )


async def _add(
    desk: PlanDesk,
    *,
    kind: LineKind,
    line_id: str,
    amount: Money,
    fee: Money,
    of_line: str | None = None,
) -> merchant_settlement.LineAdded:
    at = desk.clock.now()
    is_back, net = kind is LineKind.DISPUTE_RELEASED, amount - fee
    return await ask(
        merchant_settlement.ADD_LINE,
        merchant_settlement.AddLine(
            line_id=line_id,
            merchant_id=desk.application.merchant_id,
            plan_id=desk.plan_id,
            kind=kind,
            gross=amount if is_back else -amount,
            fee=fee if is_back else -fee,
            tax=_NOTHING,
            available_at=at,
            at=at,
            of_line=of_line,
        ),
        summary=f"Give {net} birr back to the merchant"
        if is_back
        else f"Have {net} birr of the merchant's money wait",
    )
