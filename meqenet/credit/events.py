"""What can happen to a customer's credit limit. The stream is the customer's."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from meqenet.credit.holds import Release
from meqenet.credit.policy import Tier
from meqenet.event_types import EventData, EventTypes, types_of
from meqenet.money import Money


@dataclass(frozen=True, kw_only=True)
class CreditDecidedV1(EventData):
    """A plan's credit was decided; the limit was not told yet."""

    event_type = "credit_decided"
    plan_id: str
    """The plan that asked for credit."""
    approved: bool
    """Whether it got it."""
    tier: Tier
    """How the customer had repaid until then."""
    held: Money
    """What is held of the limit for the plan: zero when it was declined."""
    policy_version: int
    """The version of the policy that decided."""


@dataclass(frozen=True, kw_only=True)
class CreditDecided(CreditDecidedV1):
    """A plan's credit was decided."""

    version = 2
    limit: Money | None
    """What the customer may owe at most by this decision; null where it was not told."""


@dataclass(frozen=True, kw_only=True)
class HoldReleased(EventData):
    """What was held for a plan is free again."""

    event_type = "hold_released"
    plan_id: str
    """The plan that will not be."""
    released: Money
    """What had been held."""
    released_as: Release | None = None
    """Whether it was voided or has expired; null where it was not told."""


@dataclass(frozen=True, kw_only=True)
class HoldConverted(EventData):
    """The plan became active: the customer owes what had been held for it, or less."""

    event_type = "hold_converted"
    plan_id: str
    """The plan."""
    owed: Money
    """The principal that is owed from now on."""


@dataclass(frozen=True, kw_only=True)
class PrincipalRepaid(EventData):
    """The customer owes less."""

    event_type = "principal_repaid"
    plan_id: str
    """The plan."""
    repayment_id: str
    """What brought the money: the attempt's id."""
    principal: Money
    """By how much less."""
    on_time: bool
    """Whether it came by its due date."""


@dataclass(frozen=True, kw_only=True)
class RepaymentReversed(EventData):
    """Principal that had counted as repaid is owed again: its money turned out not to be there."""

    event_type = "repayment_reversed"
    plan_id: str
    """The plan."""
    repayment_id: str
    """What took it back: the replay's id."""
    principal: Money
    """By how much more the customer owes."""


@dataclass(frozen=True, kw_only=True)
class DebtWrittenOff(EventData):
    """The customer is asked for the plan's rest no more: it takes nothing of the limit."""

    event_type = "debt_written_off"
    plan_id: str
    """The plan."""
    principal: Money
    """What was still owed of it."""


def _with_limit(data: Mapping[str, Any]) -> dict[str, Any]:
    """Some events of version 1 told the limit already."""
    return {**data, "limit": data.get("limit")}


EVENT_TYPES: Final = EventTypes(
    domain="credit",
    types=types_of(
        (
            CreditDecidedV1,
            CreditDecided,
            HoldReleased,
            HoldConverted,
            PrincipalRepaid,
            RepaymentReversed,
            DebtWrittenOff,
        )
    ),
    upcasters={("credit_decided", 1): _with_limit},
)
"""Every event of the domain."""
