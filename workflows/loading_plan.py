"""A plan put together from the stores, for a run that goes on with it."""

import asyncio
from datetime import timedelta

from activities.contracts import bnpl, kyc, marketplace, payments, settlement
from workflows.asking import ask
from workflows.stored_plan import StoredPlan


async def load_plan(*, plan_id: str, patience: timedelta) -> StoredPlan:
    """Ask every domain that keeps a part of the plan.

    Args:
        plan_id: the plan.
        patience: how long a domain is waited for that does not answer.
    """
    plan, order, login, orders, settled = await asyncio.gather(
        ask(
            bnpl.LOAD_PLAN,
            bnpl.LoadPlan(plan_id=plan_id),
            summary="The plan and its log",
            patience=patience,
        ),
        ask(
            marketplace.LOAD_ORDER,
            marketplace.LoadOrder(plan_id=plan_id),
            summary="What was ordered",
            patience=patience,
        ),
        ask(
            kyc.LOAD_LOGIN,
            kyc.LoadLogin(plan_id=plan_id),
            summary="Who has applied",
            patience=patience,
        ),
        ask(
            payments.LOAD_PAYMENTS,
            payments.LoadPayments(plan_id=plan_id),
            summary="What may have been sent",
            patience=patience,
        ),
        ask(
            settlement.LOAD_SETTLEMENT,
            settlement.LoadSettlement(plan_id=plan_id),
            summary="What the merchant gets",
            patience=patience,
        ),
    )
    return StoredPlan(plan=plan, order=order, login=login, payments=orders, settlement=settled)
