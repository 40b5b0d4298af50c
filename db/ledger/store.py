"""The one way into the books: a happening, posted once under its id."""

from datetime import datetime

from db.kernel.engine import WriteSession
from db.ledger import writing
from db.ledger.writing import NewTransaction
from meqenet.ledger.happenings import Happening
from meqenet.ledger.posting_rules import entries_for


async def post(
    *, session: WriteSession, posting_id: str, happening: Happening, effective_at: datetime
) -> None:
    """Post a happening. The same id with the same happening again changes nothing.

    Args:
        session: the transaction; it is refused at its commit if the entries do not balance.
        posting_id: the plan's id, a hyphen, and what the caller derived.
        happening: what happened; its rule makes the entries.
        effective_at: when it was true. Of a repetition the first instant stands. In a period that
            is closed it counts from the first open instant on, and this is kept beside that.

    Raises:
        Refusal: ``posting_differs`` when the id stands for another happening.
        Defect: ``posting_id_foreign`` when the id is not of the happening's plan, and those of
            :func:`meqenet.ledger.posting_rules.entries_for`.
    """
    transaction = NewTransaction(
        posting_id=posting_id,
        happening=happening,
        entries=entries_for(happening=happening),
        effective_at=effective_at,
    )
    await writing.write(session=session, transaction=transaction)
