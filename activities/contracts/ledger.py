"""What the ledger domain can be asked: to post a business event."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from activities.contracts.step import Nothing, Step
from meqenet.ledger.happenings import Happening


@dataclass(frozen=True, kw_only=True)
class Post:
    """Post a happening under an id that the caller derived. ``effective_at``: when it was true."""

    posting_id: str
    happening: Happening
    effective_at: datetime


POST = Step(name="ledger.post", command=Post, result=Nothing)


class LedgerSteps(Protocol):
    """The ledger domain's steps."""

    async def post(self, command: Post) -> Nothing:
        """Idempotent by posting id; refusal ``posting_differs`` for other content under it.

        The entries come from :mod:`meqenet.ledger.posting_rules`.
        """
        ...
