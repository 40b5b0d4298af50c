"""What plans and their test clock tell each other."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class PlanAtRest:
    """Signal ``plan_at_rest`` from a plan to its test clock.

    All that was due at ``turn`` is done; something is due next at ``next_wake``, if at all.
    """

    plan_id: str
    turn: int
    next_wake: datetime | None


@dataclass(frozen=True, kw_only=True)
class PlanLeft:
    """Signal ``plan_left``: the plan's life is over."""

    plan_id: str


@dataclass(frozen=True, kw_only=True)
class PlanJoined:
    """Signal ``plan_joined``: the plan was begun again from the stores and asks for the time."""

    plan_id: str


@dataclass(frozen=True, kw_only=True)
class Bind:
    """Update ``bind``: a plan is about to start on this clock; answers the clock's view."""

    plan_id: str
    merchant_id: str


@dataclass(frozen=True, kw_only=True)
class Advance:
    """Update ``advance``: move the clock; plans live through what is due on the way, in order."""

    to: datetime
