"""What of a customer's limit is promised and owed: one line per customer, one per plan of theirs.

The lines of the plans add up to what is used; no sum is kept that could disagree with them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Final

from meqenet.analytics.facts import NOTHING, Fact, require_version
from meqenet.money import Money


@dataclass(frozen=True, kw_only=True, slots=True)
class CustomerLine:
    """A customer as last decided. ``limit`` is None where no event has told it."""

    customer_id: str
    tier: str | None = None
    limit: Money | None = None
    approved: int = 0
    declined: int = 0
    decided_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ExposureLine:
    """What one plan takes of its customer's limit.

    Attributes:
        state: ``held``, ``released``, ``owed``, ``repaid``, ``written_off``.
        financed: what was owed at first.
        was_late: some repayment came after its due date, or never.
    """

    plan_id: str
    customer_id: str | None = None
    state: str | None = None
    held: Money = NOTHING
    owed: Money = NOTHING
    financed: Money | None = None
    was_late: bool = False
    moved_at: datetime | None = None


def customer_of(*, fact: Fact) -> str | None:
    """The customer that the fact is of; None when it does not change the customer's line."""
    return fact.content.stream if fact.name == _DECIDED else None


def fold_customer(*, before: CustomerLine, fact: Fact) -> CustomerLine:
    """The customer after a decision.

    Raises:
        Defect: ``event_malformed``, ``event_version_unknown``.
    """
    require_version(fact=fact, known=_VERSIONS.get(fact.name, 1))
    approved = fact.boolean("approved")
    limit = fact.money_or_none("limit")
    return replace(
        before,
        tier=fact.text("tier"),
        limit=before.limit if limit is None else limit,
        approved=before.approved + approved,
        declined=before.declined + (not approved),
        decided_at=fact.at,
    )


def plan_of(*, fact: Fact) -> str | None:
    """The plan that the fact is of; None when nothing of it is kept."""
    is_declined = fact.name == _DECIDED and fact.content.data.get("approved") is False
    return fact.text("plan_id") if fact.name in FED_BY and not is_declined else None


def fold_plan(*, before: ExposureLine, fact: Fact) -> ExposureLine:
    """The plan's part after a fact.

    Raises:
        Defect: ``event_malformed``, ``event_version_unknown``.
    """
    require_version(fact=fact, known=_VERSIONS.get(fact.name, 1))
    return replace(FED_BY[fact.name](before, fact), moved_at=fact.at)


def _decided(line: ExposureLine, fact: Fact) -> ExposureLine:
    return replace(line, customer_id=fact.content.stream, state="held", held=fact.money("held"))


def _released(line: ExposureLine, _fact: Fact) -> ExposureLine:
    return replace(line, state="released", held=Money.zero())


def _converted(line: ExposureLine, fact: Fact) -> ExposureLine:
    owed = fact.money("owed")
    state = "owed" if owed else "repaid"
    return replace(line, state=state, held=Money.zero(), owed=owed, financed=owed)


def _repaid(line: ExposureLine, fact: Fact) -> ExposureLine:
    owed = line.owed - fact.money("principal")
    return replace(
        line,
        state="owed" if owed else "repaid",
        owed=owed,
        was_late=line.was_late or not fact.boolean("on_time"),
    )


def _owed_again(line: ExposureLine, fact: Fact) -> ExposureLine:
    return replace(line, state="owed", owed=line.owed + fact.money("principal"))


def _written_off(line: ExposureLine, _fact: Fact) -> ExposureLine:
    return replace(line, state="written_off", owed=Money.zero(), was_late=True)


_DECIDED: Final = "credit.credit_decided"
_VERSIONS: Final[Mapping[str, int]] = MappingProxyType({_DECIDED: 2})
"""The version of each fact that this model reads, where it is not the first."""
FED_BY: Final[Mapping[str, Callable[[ExposureLine, Fact], ExposureLine]]] = MappingProxyType(
    {
        _DECIDED: _decided,
        "credit.hold_released": _released,
        "credit.hold_converted": _converted,
        "credit.principal_repaid": _repaid,
        "credit.debt_written_off": _written_off,
        "credit.repayment_reversed": _owed_again,
    }
)
"""Every fact that changes the model, and how."""
