"""Where the merchant's money is of a part of an order that is not owed, and the fee on it."""

from dataclasses import dataclass
from datetime import datetime

from activities.contracts import captures, merchant_settlement
from meqenet.bnpl.refund_events import Gone, OrderRefunded
from meqenet.identity import order_refund_id, order_void_id
from meqenet.ledger.merchant_money import MerchantMoney
from meqenet.money import Money
from meqenet.settlement.lines import LineKind, LineMoney
from workflows.asking import ask
from workflows.captured_payouts import learn
from workflows.fees_back import fee_back
from workflows.order_sums import is_captured_by_merchant
from workflows.plan_desk import PlanDesk

_NOTHING = Money.zero()


@dataclass(frozen=True, kw_only=True)
class MerchantSide:
    """What the merchant gives back, or will not get.

    Attributes:
        fee_back: of its fee.
        taken_from: where its money is.
        also_payable, also_paid_out: what of it is there instead, of several captures.
    """

    fee_back: Money
    taken_from: MerchantMoney
    also_payable: Money = _NOTHING
    also_paid_out: Money = _NOTHING


def gone_id(desk: PlanDesk, told: Gone, /) -> str:
    """Under which id all that follows from it is asked for."""
    if isinstance(told, OrderRefunded):
        return order_refund_id(plan_id=desk.plan_id, number=told.number)
    return order_void_id(plan_id=desk.plan_id, number=told.number)


async def take_from_merchant(desk: PlanDesk, told: Gone, *, at: datetime) -> MerchantSide:
    """Have the merchant get less, and learn where that is in the books."""
    if not isinstance(told, OrderRefunded):
        return await _void(desk, told, at=at)
    if is_captured_by_merchant(desk):
        return await _take_from_captures(desk, told, at=at)
    return await _take_from_order(desk, told, at=at)


async def _void(desk: PlanDesk, told: Gone, *, at: datetime) -> MerchantSide:
    voided = await ask(
        captures.VOID_ORDER,
        captures.VoidOrder(
            plan_id=desk.plan_id, void_id=gone_id(desk, told), amount=told.amount, at=at
        ),
        summary=f"{told.amount} birr will not be captured",
    )
    return MerchantSide(fee_back=voided.fee, taken_from=MerchantMoney.AUTHORISED)


async def _take_from_captures(desk: PlanDesk, told: OrderRefunded, *, at: datetime) -> MerchantSide:
    taken = await ask(
        captures.TAKE_FROM_CAPTURES,
        captures.TakeFromCaptures(
            plan_id=desk.plan_id,
            refund_id=gone_id(desk, told),
            amount=told.amount,
            at=at,
            dispute_id=_dispute(desk, told),
        ),
        summary=f"Take {told.amount} birr off what the merchant gets",
    )
    if desk.life.payout is not None:
        learn(desk.life.payout, taken.found)
    if taken.protected:
        return MerchantSide(
            fee_back=taken.fee_back,
            taken_from=MerchantMoney.PROTECTED,
            also_payable=taken.payable,
            also_paid_out=taken.paid_out,
        )
    if taken.payable:
        return MerchantSide(
            fee_back=taken.fee_back,
            taken_from=MerchantMoney.PAYABLE,
            also_paid_out=taken.paid_out,
        )
    return MerchantSide(fee_back=taken.fee_back, taken_from=MerchantMoney.PAID_OUT)


async def _take_from_order(desk: PlanDesk, told: OrderRefunded, *, at: datetime) -> MerchantSide:
    back = _fee_back(desk, told)
    line = await ask(
        merchant_settlement.ADD_LINE,
        merchant_settlement.AddLine(
            line_id=gone_id(desk, told),
            merchant_id=desk.application.merchant_id,
            plan_id=desk.plan_id,
            kind=LineKind.REFUND,
            gross=-told.amount,
            fee=-back,
            tax=Money.zero(),
            available_at=at,
            at=at,
            follows=_released(desk, told),
        ),
        summary=f"Take {told.amount - back} birr off what the merchant gets",
    )
    return MerchantSide(fee_back=back, taken_from=taken_from(line))


def _dispute(desk: PlanDesk, told: OrderRefunded) -> str | None:
    """Of a refund by the end of a dispute: the dispute."""
    ids = (each.dispute_id for each in desk.life.account.disputes)
    return told.reference if told.reference in ids else None


def _released(desk: PlanDesk, told: OrderRefunded) -> str | None:
    """Of a refund by the end of a dispute: the line by which the money has come back before."""
    dispute_id = _dispute(desk, told)
    return None if dispute_id is None else f"{dispute_id}-released"


def taken_from(line: merchant_settlement.LineAdded, /) -> MerchantMoney:
    """Where the money of a line is in the books."""
    if line.money is LineMoney.RECEIVABLE:
        return MerchantMoney.PAID_OUT
    return MerchantMoney.PROTECTED if line.is_protected else MerchantMoney.PAYABLE


def _fee_back(desk: PlanDesk, told: OrderRefunded) -> Money:
    """Of the merchant's fee as much as of the order."""
    payout = desk.life.payout
    if payout is None:
        return Money.zero()
    return fee_back(
        history=desk.life.account,
        fee=payout.scheduled.fee,
        price=desk.application.amount,
        number=told.number,
    )
