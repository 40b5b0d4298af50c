"""Deciding, and holding the limit in the same transaction."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select

from db.credit.tables import CreditDecision, Customer, Exposure, ExposureState
from db.kernel.encryption import EncryptedColumn, Keyring, make_data_key
from db.kernel.engine import WriteSession
from db.kernel.events import NewEvent, append, lock_stream
from db.kernel.once import insert_once
from meqenet.credit.decision import Applicant, Decision, decide, reason_text
from meqenet.credit.events import CreditDecided
from meqenet.credit.policy import CreditPolicy
from meqenet.errors import Defect
from meqenet.event_chain import plain
from meqenet.money import Money, total

INPUTS: Final = EncryptedColumn(table="decisions", name="inputs_sealed")


@dataclass(frozen=True, kw_only=True)
class CreditApplication:
    """A plan that asks for credit. ``amount`` is what would be owed after checkout."""

    plan_id: str
    customer_id: str
    age_years: int
    option: str
    amount: Money
    monthly_payment: Money
    monthly_income: Money | None


async def assess(
    *,
    session: WriteSession,
    keyring: Keyring,
    policy: CreditPolicy,
    application: CreditApplication,
    at: datetime,
) -> CreditDecision:
    """Decide, and hold the amount when approved; a plan that was decided keeps its decision.

    One customer's applications wait for each other, so none counts on a limit that another one
    is using up.

    Raises:
        Defect: ``decision_differs``: the plan was decided for another customer or amount.
    """
    customer = await _locked_customer(session, customer_id=application.customer_id)
    stored = await session.get(CreditDecision, application.plan_id)
    if stored is not None:
        asked = (application.customer_id, application.amount)
        if (stored.customer_id, stored.amount_santim) != asked:
            raise Defect(
                "decision_differs",
                f"{application.plan_id} was decided for another customer or amount",
            )
        return stored
    applicant = await _applicant(session, policy=policy, application=application, at=at)
    decision = decide(policy=policy, applicant=applicant)
    customer.tier, customer.limit_santim = decision.tier, decision.limit
    customer.decided_at = at
    if decision.approved:
        session.add(_hold(application, at=at))
    key = await make_data_key(session=session, keyring=keyring, person_id=application.customer_id)
    inputs = {"option": application.option, **plain(applicant)}
    row = _row(application, decision=decision, policy=policy, at=at)
    row.inputs_sealed = INPUTS.seal(key=key, text=json.dumps(inputs))
    session.add(row)
    await append(session=session, event=_event(row))
    return row


async def _locked_customer(session: WriteSession, *, customer_id: str) -> Customer:
    await lock_stream(session=session, stream=customer_id)
    await insert_once(session=session, table=Customer, values={"customer_id": customer_id})
    return await session.get_one(Customer, customer_id, with_for_update=True)


async def _applicant(
    session: WriteSession, *, policy: CreditPolicy, application: CreditApplication, at: datetime
) -> Applicant:
    """What the store knows of the customer, beside what the application says.

    Other transactions can only lower what is held and owed meanwhile: raising it needs the lock.
    """
    found = await session.scalars(
        select(Exposure).where(Exposure.customer_id == application.customer_id)
    )
    plans = found.all()
    open_plans = [plan for plan in plans if plan.state in (ExposureState.HELD, ExposureState.OWED)]
    quiet_since = at - timedelta(days=policy.quiet_days_max)
    return Applicant(
        age_years=application.age_years,
        amount=application.amount,
        monthly_payment=application.monthly_payment,
        monthly_income=application.monthly_income,
        used=total(plan.held_santim + plan.owed_santim for plan in open_plans),
        monthly_payments_elsewhere=total(plan.monthly_payment_santim for plan in open_plans),
        overdue_plans=sum(
            plan.state is ExposureState.OWED and plan.moved_at < quiet_since for plan in plans
        ),
        repaid_on_time=sum(
            plan.state is ExposureState.REPAID and bool(plan.financed_santim) and not plan.was_late
            for plan in plans
        ),
        repaid_late=sum(plan.was_late for plan in plans),
    )


def _hold(application: CreditApplication, *, at: datetime) -> Exposure:
    return Exposure(
        plan_id=application.plan_id,
        customer_id=application.customer_id,
        state=ExposureState.HELD,
        held_santim=application.amount,
        owed_santim=Money.zero(),
        financed_santim=None,
        monthly_payment_santim=application.monthly_payment,
        was_late=False,
        held_at=at,
        moved_at=at,
    )


def _row(
    application: CreditApplication, *, decision: Decision, policy: CreditPolicy, at: datetime
) -> CreditDecision:
    return CreditDecision(
        plan_id=application.plan_id,
        customer_id=application.customer_id,
        amount_santim=application.amount,
        approved=decision.approved,
        tier=decision.tier,
        limit_santim=decision.limit,
        reasons=[
            {
                "code": reason.value,
                "text": reason_text(reason=reason, policy=policy, decision=decision),
            }
            for reason in decision.reasons
        ],
        policy_version=policy.version,
        inputs_sealed=b"",
        decided_at=at,
    )


def _event(row: CreditDecision) -> NewEvent:
    return NewEvent.of(
        event_id=f"{row.plan_id}-decided",
        stream=row.customer_id,
        data=CreditDecided(
            plan_id=row.plan_id,
            approved=row.approved,
            tier=row.tier,
            held=row.amount_santim if row.approved else Money.zero(),
            limit=row.limit_santim,
            policy_version=row.policy_version,
        ),
        at=row.decided_at,
    )
