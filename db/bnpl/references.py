"""Plans by the number that their customers type: the first letters of the id."""

import re
from typing import Final

from sqlalchemy import select

from db.bnpl.tables import Plan
from db.kernel.engine import ReadSession

_TYPED: Final = re.compile(r"(?:pln[_-]?)?([a-z2-7]{12}(?:[a-z2-7]{8})?)")
_LAST: Final = "z" * 20
"""No letter of an id comes after it."""


async def plan_of_reference(*, session: ReadSession, reference: str) -> str | None:
    """The plan that a customer means, whatever the case and the spaces; None where there is none.

    Args:
        session: the bnpl store.
        reference: the 12 letters and digits that a plan's customer is shown, or its whole id.
    """
    typed = _TYPED.fullmatch(re.sub(r"\s", "", reference).lower())
    if typed is None:
        return None
    begin = f"pln_{typed[1]}"
    found = await session.scalars(
        select(Plan.plan_id)
        .where(Plan.plan_id >= begin, Plan.plan_id <= begin + _LAST, Plan.plan_id.like(f"{begin}%"))
        .limit(2)
    )
    plans = found.all()
    return plans[0] if len(plans) == 1 else None
