"""All checks of a verification, one after the other."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from db.kernel.chains import Streams
from integrations.ports.statements import Statements
from workers.settings import Domain
from workers.verifying.collection_days import check_collection_days
from workers.verifying.customers import check_customers, customer_of
from workers.verifying.event_logs import check_anchors, check_chains
from workers.verifying.findings import Checked, Scope, Watch
from workers.verifying.ledger_books import check_ledger
from workers.verifying.plans import check_plans
from workers.verifying.statements import check_statements

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
        """
        scope = self.scope
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
        if "credit" in stores:
            yield await check_customers(scope=scope, patience_seconds=patience, watch=watch)
        if scope.is_all and "analytics" in stores and "payments" in stores:
            yield await check_collection_days(
                analytics=stores["analytics"], payments=stores["payments"], watch=watch
            )
        for statements in self.statements:
            yield await check_statements(
                statements=statements, scope=scope, patience_seconds=patience, watch=watch
            )

    async def _streams(self, domain: Domain) -> Streams | None:
        """The streams of a domain that the scope asks for; None when there is none."""
        stream = self.scope.plan_id
        if stream is not None and domain == "credit":
            stream = await customer_of(scope=self.scope, plan_id=stream)
            if stream is None:
                return None
        return Streams(stream=stream, changed_since=self.scope.since)
