"""Which policy decides."""

from datetime import date

from sqlalchemy import select

from db.credit.tables import Policy
from db.kernel.engine import ReadSession
from meqenet.credit.policy import CreditPolicy, read_policy
from meqenet.errors import Defect


async def policy_on(*, session: ReadSession, day: date) -> CreditPolicy:
    """The newest version in force on an Addis Ababa date.

    Raises:
        Defect: ``policy_missing``: there was none yet.
    """
    document = await session.scalar(
        select(Policy.document)
        .where(Policy.effective_from <= day)
        .order_by(Policy.effective_from.desc(), Policy.version.desc())
        .limit(1)
    )
    if document is None:
        raise Defect("policy_missing", f"no credit policy was in force on {day}")
    return read_policy(document=document)
