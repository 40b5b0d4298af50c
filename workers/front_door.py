"""What the checkout API may open: stores to read, and what little it writes itself.

That is answers under idempotency keys, callbacks as they came, who looks after an alarm, and the
secrets that sign a merchant's notices.
"""

import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from db.kernel.engine import Database
from db.marketplace.idempotency import Claimed, Differs, Replay, answer, claim
from db.payments.inbox import CallbackInbox
from workers.complaint_desk import ComplaintDesk
from workers.dispute_desk import DisputeDesk
from workers.opening import Environment, database, keyring
from workers.settings import Domain
from workers.statement_signing import SignatureSettings, StatementSigner, statement_signer
from workers.webhook_desk import WebhookDesk

__all__ = [
    "AnswerBook",
    "CallbackInbox",
    "Claimed",
    "ComplaintDesk",
    "Differs",
    "DisputeDesk",
    "FrontDoor",
    "Replay",
    "front_door",
]
_DOMAINS: tuple[Domain, ...] = (
    *("auth", "bnpl", "marketplace", "payments"),
    *("disputes", "settlement", "analytics"),
)


class AnswerBook:
    """Answers given under merchants' idempotency keys; each call is a transaction."""

    def __init__(self, *, database: Database) -> None:
        self._database = database

    async def claim(
        self, *, merchant_id: str, key: str, request_hash: str, at: datetime
    ) -> Claimed | Replay | Differs:
        """See :func:`db.marketplace.idempotency.claim`."""
        async with self._database.write() as session:
            return await claim(
                session=session,
                merchant_id=merchant_id,
                key=key,
                request_hash=request_hash,
                at=at,
            )

    async def keep(self, *, merchant_id: str, key: str, given: Replay, at: datetime) -> Replay:
        """See :func:`db.marketplace.idempotency.answer`."""
        async with self._database.write() as session:
            return await answer(
                session=session, merchant_id=merchant_id, key=key, given=given, at=at
            )


@dataclass(frozen=True, kw_only=True)
class FrontDoor:
    """The stores behind the API. ``stores``: all of them by domain."""

    auth: Database
    bnpl: Database
    analytics: Database
    answers: AnswerBook
    inbox: CallbackInbox
    complaints: ComplaintDesk
    disputes: DisputeDesk
    webhooks: WebhookDesk
    stores: Mapping[str, Database]
    statements: StatementSigner | None = None


@asynccontextmanager
async def front_door(*, environment: Environment) -> AsyncIterator[FrontDoor]:
    """Open the stores, and close them at the end.

    Raises:
        Defect: a setting that is needed is missing; its name is in the text.
    """
    settings = environment.settings
    async with AsyncExitStack() as stack:
        stores: dict[str, Database] = {}
        for domain in _DOMAINS:
            stores[domain] = database(settings=settings, domain=domain)
            stack.push_async_callback(stores[domain].dispose)
        yield FrontDoor(
            auth=stores["auth"],
            bnpl=stores["bnpl"],
            analytics=stores["analytics"],
            answers=AnswerBook(database=stores["marketplace"]),
            inbox=CallbackInbox(database=stores["payments"], keyring=keyring(settings=settings)),
            webhooks=WebhookDesk(
                database=stores["marketplace"],
                keyring=keyring(settings=settings),
                randomness=secrets.token_bytes,
            ),
            complaints=ComplaintDesk(
                database=stores["disputes"], keyring=keyring(settings=settings)
            ),
            disputes=DisputeDesk(database=stores["disputes"], keyring=keyring(settings=settings)),
            stores=stores,
            statements=statement_signer(settings=environment.read(SignatureSettings)),
        )
