"""Waiting for a provider that takes no calls now: whoever was held back asks when it is its turn.

An order is sent by an activity that is attempted once, and that is held back before it sends.
The wait is a step of its own, so that it may be repeated for ever, in sight of an operator.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from activities.contracts.step import Nothing, Step, StepKind
from meqenet.payments.lanes import Lane


@dataclass(frozen=True, kw_only=True)
class AwaitTurn:
    """Return when a call of this lane is worth trying.

    ``line``: a merchant's id; those who wait in different lines do not wait for each other.
    """

    lane: Lane
    line: str


def _turn(provider: str, *, is_apart: bool) -> Step[AwaitTurn, Nothing]:
    return Step(
        name=f"{provider}.await_turn",
        command=AwaitTurn,
        result=Nothing,
        kind=StepKind.TURN,
        is_apart=is_apart,
    )


TELEBIRR_AWAIT_TURN: Final = _turn("telebirr", is_apart=True)
MPESA_AWAIT_TURN: Final = _turn("mpesa", is_apart=True)
BANK_AWAIT_TURN: Final = _turn("bank", is_apart=False)

TURNS: Final[Mapping[str, Step[AwaitTurn, Nothing]]] = {
    step.provider: step for step in (TELEBIRR_AWAIT_TURN, MPESA_AWAIT_TURN, BANK_AWAIT_TURN)
}
"""By provider. Messages are not waited for: a reminder has its own time, and is then given up."""
