"""All checks of a verification, one after the other."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy.exc import DBAPIError

from db.kernel.chains import Streams
from db.kernel.failures import sqlstate
from db.kernel.histories import known_streams
from integrations.ports.statements import Statements
from meqenet.errors import Mender, Refusal, Unavailable
from workers.settings import Domain
from workers.verifying.collection_days import check_collection_days
from workers.verifying.customers import check_customers, customer_of
from workers.verifying.event_logs import check_anchors, check_chains
from workers.verifying.findings import Checked, Scope, Unreadable, Watch
from workers.verifying.ledger_books import check_ledger
from workers.verifying.payouts import check_payouts
from workers.verifying.plans import check_plans
from workers.verifying.statements import check_statements, unreadable_orders

_KNOWS_PLANS: Final[tuple[Domain, ...]] = ("bnpl", "payments", "ledger", "settlement")
UNANCHORED: Final[frozenset[Domain]] = frozenset({"analytics"})
"""Domains that record no events of their own."""


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What to verify, and with what.

    Attributes:
        scope: stores, and what is left out.
        trusted: the public keys that anchors may be signed with, by id.
        statements: the statements of providers.
        patience_seconds: how long a difference must outlast while nothing happens to the plan.
    """

    scope: Scope
    trusted: Mapping[str, Ed25519PublicKey] = field(repr=False)
    statements: Sequence[Statements]
    patience_seconds: float

    async def checks(self, *, watch: Watch) -> AsyncIterator[Checked]:
        """Make every check that the scope allows.

        Raises:
            Unavailable: a store or a provider's statement cannot be read.
            Refusal: ``plan_unknown``: no store knows the plan that is asked for.
        """
        scope = self.scope
        await require_readable(scope=scope)
        for domain, database in scope.stores.items():
            streams = await self._streams(domain)
            if streams is None:
                continue
            yield await check_chains(domain=domain, database=database, streams=streams, watch=watch)
            if domain not in UNANCHORED:
                yield await check_anchors(
                    domain=domain,
                    database=database,
                    streams=streams,
                    trusted=self.trusted,
                    watch=watch,
                )
        if "ledger" in scope.stores:
            for checked in await check_ledger(
                database=scope.stores["ledger"], scope=scope, watch=watch
            ):
                yield checked
        async for checked in self._across(watch=watch):
            yield checked

    async def _across(self, *, watch: Watch) -> AsyncIterator[Checked]:
        """What compares books with other books."""
        scope, stores = self.scope, self.scope.stores
        patience = self.patience_seconds
        yield await check_plans(scope=scope, patience_seconds=patience, watch=watch)
        if {"settlement", "ledger"} <= stores.keys() and scope.plan_id is None:
            yield await check_payouts(scope=scope, watch=watch)
        if "credit" in stores:
            yield await check_customers(scope=scope, patience_seconds=patience, watch=watch)
        if scope.is_all and "analytics" in stores and "payments" in stores:
            yield await check_collection_days(
                analytics=stores["analytics"], payments=stores["payments"], watch=watch
            )
        for statements in self.statements:
            try:
                yield await check_statements(
                    statements=statements, scope=scope, patience_seconds=patience, watch=watch
                )
            except Unreadable as unreadable:
                yield unreadable_orders(provider=statements.provider, unreadable=unreadable)

    async def _streams(self, domain: Domain) -> Streams | None:
        """The streams of a domain that the scope asks for; None when there is none."""
        stream = self.scope.plan_id
        if stream is not None and domain == "credit":
            stream = await customer_of(scope=self.scope, plan_id=stream)
            if stream is None:
                return None
        return Streams(stream=stream, changed_since=self.scope.since)


async def require_readable(*, scope: Scope) -> None:
    """Ask every store for something, so that none turns out to be away when much has been done.

    Raises:
        Unavailable: a store cannot be read; its domain is in the text.
        Refusal: ``plan_unknown``.
    """
    plan_id, is_known = scope.plan_id, False
    for domain, database in scope.stores.items():
        try:
            async with database.read() as session:
                known = await known_streams(session=session, streams=[plan_id or ""])
        except (Unavailable, DBAPIError) as error:
            reason = (
                error.text
                if isinstance(error, Unavailable)
                else f"PostgreSQL says {sqlstate(error=error)}"
            )
            raise Unavailable(
                "store_unreadable", f"the store of {domain} cannot be read: {reason}"
            ) from error
        is_known = is_known or bool(known)
    if plan_id is not None and not is_known and scope.stores.keys() & set(_KNOWS_PLANS):
        text = f"--plan: no store knows {plan_id}"
        raise Refusal("plan_unknown", text, mender=Mender.MEQENET, field="--plan")
