"""What the settlement store has of captures, in the words of its contract."""

from activities.contracts import captures as contract
from db.kernel.engine import ReadSession
from db.settlement import captured
from db.settlement.tables import Authorisation


def order_authorised(*, order: Authorisation) -> contract.OrderAuthorised:
    """What a merchant may capture."""
    return contract.OrderAuthorised(
        gross=order.gross_santim,
        fee=order.fee_santim + order.tax_santim,
        net=order.net_santim,
    )


async def found_captures(*, session: ReadSession, plan_id: str) -> contract.CapturesFound:
    """All captures of a plan, and what it has had in payouts."""
    return contract.CapturesFound(
        captures=tuple(
            contract.CaptureStanding(
                capture_id=each.line.line_id,
                amount=each.line.gross_santim,
                fee=each.line.fee_santim + each.line.tax_santim,
                left=each.kept,
                due_at=each.line.available_at,
                is_paid=each.is_paid,
            )
            for each in await captured.captures_of(session=session, plan_id=plan_id)
        ),
        shares=tuple(
            contract.ShareStanding(
                payout_id=each.payout_id,
                amount=each.amount_santim,
                state=each.state,
                reason_code=each.reason_code,
            )
            for each in await captured.shares_of_plan(session=session, plan_id=plan_id)
        ),
    )
