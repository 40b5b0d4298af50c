"""What others may be shown of the credit store."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from db.credit.assessing import INPUTS
from db.credit.tables import CreditDecision, Customer, Exposure
from db.kernel.encryption import Keyring, find_data_key
from db.kernel.engine import ReadSession
from meqenet.credit.policy import Tier
from meqenet.money import Money, total


@dataclass(frozen=True, kw_only=True)
class CreditStanding:
    """A customer's limit as last decided, and what is held and owed of it now."""

    tier: Tier
    limit: Money
    held: Money
    owed: Money


@dataclass(frozen=True, kw_only=True)
class ExplainedDecision:
    """A decision with everything that it was made from. ``inputs`` are private data."""

    approved: bool
    tier: Tier
    limit: Money
    reasons: tuple[Mapping[str, str], ...]
    policy_version: int
    decided_at: datetime
    inputs: Mapping[str, Any]


async def find_standing(*, session: ReadSession, customer_id: str) -> CreditStanding | None:
    """The customer's standing; None before the first decision."""
    customer = await session.get(Customer, customer_id)
    if customer is None or customer.tier is None or customer.limit_santim is None:
        return None
    found = await session.scalars(select(Exposure).where(Exposure.customer_id == customer_id))
    exposures = found.all()
    return CreditStanding(
        tier=customer.tier,
        limit=customer.limit_santim,
        held=total(exposure.held_santim for exposure in exposures),
        owed=total(exposure.owed_santim for exposure in exposures),
    )


async def explain_decision(
    *, session: ReadSession, keyring: Keyring, plan_id: str
) -> ExplainedDecision | None:
    """Why a plan was approved or declined; None when it was not decided.

    Raises:
        Refusal: ``person_erased``: what it was made from cannot be read any more.
    """
    row = await session.get(CreditDecision, plan_id)
    if row is None:
        return None
    key = await find_data_key(session=session, keyring=keyring, person_id=row.customer_id)
    return ExplainedDecision(
        approved=row.approved,
        tier=row.tier,
        limit=row.limit_santim,
        reasons=tuple(row.reasons),
        policy_version=row.policy_version,
        decided_at=row.decided_at,
        inputs=json.loads(INPUTS.open(key=key, sealed=row.inputs_sealed)),
    )
