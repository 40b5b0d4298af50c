"""The payouts that can have a plan's share: those of its merchant's days by the plan's clock."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final

from meqenet.identity import merchant_payout_id, payday_id, wire_id

_DAYS: Final = 120
"""So long after the day on which it is due a merchant's money is looked for."""


def first_payout(*, merchant_id: str, clock: str | None, plan: dict[str, Any]) -> str:
    """How the bank will know the first payout of the day on which the plan's money is due."""
    day = payday_id(merchant_id=merchant_id, clock_id=clock, day=_due_on(plan))
    return wire_id(meqenet_id=merchant_payout_id(payday_id=day, number=1))


def payouts_among(
    transfers: Sequence[dict[str, Any]],
    *,
    merchant_id: str,
    clock: str | None,
    plan: dict[str, Any],
) -> list[dict[str, Any]]:
    """Those transfers of a bank's books that are of the merchant's days by this clock.

    Args:
        transfers: rows of the bank's books, in their order.
        merchant_id: the plan's merchant.
        clock: the test clock that the plan alone lives by; None in real time.
        plan: as the API has it.
    """
    if plan["settlement_due_at"] is None:
        return []
    due_on = _due_on(plan)
    mine = tuple(
        wire_id(
            meqenet_id=payday_id(
                merchant_id=merchant_id, clock_id=clock, day=due_on + timedelta(days=later)
            )
        )
        for later in range(_DAYS)
    )
    return [row for row in transfers if row["end_to_end_id"].startswith(mine)]


def _due_on(plan: dict[str, Any]) -> date:
    """09:00 in Addis Ababa is 06:00 UTC of the same date."""
    return date.fromisoformat(str(plan["settlement_due_at"])[:10])
