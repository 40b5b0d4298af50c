"""Money under the number of a plan that has ended: an order of ours, so that nothing is lost."""

from datetime import datetime
from typing import Final

from sqlalchemy import select

from db.kernel.encryption import Keyring
from db.kernel.engine import WriteSession
from db.payments.attempts import NewAttempt, open_attempt
from db.payments.our_orders import IS_BILL
from db.payments.tables import Attempt
from db.payments.wallets import lock_plan
from meqenet.errors import Mender, Refusal
from meqenet.identity import OWN_PAYMENT_FROM, OWN_PAYMENTS_MAX, attempt_id, installment_id
from meqenet.money import Money
from meqenet.payments.channels import Channel
from meqenet.payments.orders import installment_number

_FIRST: Final = 1


async def open_stray_bill(
    *,
    session: WriteSession,
    keyring: Keyring,
    plan_id: str,
    receipt: str,
    amount: Money,
    at: datetime,
) -> Attempt:
    """Store the order under which the provider is asked about a receipt; once for the receipt.

    Args:
        session: the transaction.
        keyring: opens the plan's wallet.
        plan_id: whose number was typed. It has ended: nothing else gives its orders numbers.
        receipt: the provider's id of the money.
        amount: as it was told.
        at: now.

    Raises:
        Refusal: ``too_many_payments``: its orders have no number left.
        Defect: ``wallet_missing``.
    """
    await lock_plan(session=session, plan_id=plan_id)
    mine = Attempt.plan_id == plan_id
    known = await session.scalar(select(Attempt).where(mine, IS_BILL, Attempt.receipt == receipt))
    if known is not None:
        return known
    orders = await session.scalars(select(Attempt.attempt_id).where(mine))
    number = max((OWN_PAYMENT_FROM, *(installment_number(order_id=each) for each in orders))) + 1
    if number > OWN_PAYMENT_FROM + OWN_PAYMENTS_MAX:
        text = f"plan: it has had its {OWN_PAYMENTS_MAX} payments beside the schedule"
        raise Refusal("too_many_payments", text, mender=Mender.MEQENET, field="plan")
    parent = installment_id(plan_id=plan_id, number=number)
    opened = await open_attempt(
        session=session,
        keyring=keyring,
        new=NewAttempt(
            attempt_id=attempt_id(installment_id=parent, number=_FIRST),
            plan_id=plan_id,
            installment_id=parent,
            channel=Channel.PAY_BILL,
            amount=amount,
            at=at,
        ),
    )
    # It is asked about by nothing else, and by it alone a second word is known to be the same.
    opened.attempt.receipt = receipt
    await session.flush()
    return opened.attempt
