"""The ledger's steps."""

from activities.contracts.ledger import POST, Post
from activities.contracts.step import Nothing
from activities.edge import takes
from db.kernel.engine import Database
from db.ledger import store


class LedgerActivities:
    """See :class:`activities.contracts.ledger.LedgerSteps`."""

    def __init__(self, *, database: Database) -> None:
        self._database = database

    @takes(POST)
    async def post(self, command: Post) -> Nothing:
        """Post a happening once."""
        async with self._database.write() as session:
            await store.post(
                session=session,
                posting_id=command.posting_id,
                happening=command.happening,
                effective_at=command.effective_at,
            )
        return Nothing()
