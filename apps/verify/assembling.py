"""Putting a verification together from settings, and running it."""

from collections.abc import Mapping
from contextlib import AsyncExitStack

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from rich.console import Console

from apps.verify.sandbox_statements import sandbox_statements
from apps.verify.statement_files import StatementFile
from apps.verify.view import bar_on
from apps.verify.wanted import Wanted
from integrations.ports.statements import Statements
from workers.connecting import http_client
from workers.opening import Environment, database
from workers.settings import effective_environment
from workers.verifying.findings import Checked, Scope
from workers.verifying.running import Verification


async def run_verification(
    *, wanted: Wanted, environment: Mapping[str, str] | None = None
) -> list[Checked]:
    """Make every check that is wanted, with a bar on standard error if that is a terminal.

    Args:
        wanted: what.
        environment: the settings; None reads them from where every process does.

    Raises:
        Defect: a setting that is needed is missing or malformed.
        Refusal: a statement cannot be read.
        Unavailable: a store or a provider cannot be reached.
    """
    values = effective_environment() if environment is None else environment
    settings = Environment(values=values).settings
    trusted = {
        key_id: Ed25519PublicKey.from_public_bytes(key)
        for key_id, key in settings.anchor_trusted().items()
    }
    async with AsyncExitStack() as stack:
        stores = {domain: database(settings=settings, domain=domain) for domain in wanted.domains}
        for store in stores.values():
            stack.push_async_callback(store.dispose)
        http = await stack.enter_async_context(http_client())
        live = await sandbox_statements(environment=values, http=http)
        statements: list[Statements] = [each for each in live if each.provider not in wanted.files]
        for provider, path in wanted.files.items():
            statements.append(StatementFile(provider=provider, path=path))
        verification = Verification(
            scope=Scope(stores=stores, plan_id=wanted.plan_id, since=wanted.since),
            trusted=trusted,
            statements=statements,
            patience_seconds=wanted.patience_seconds,
        )
        watch = stack.enter_context(bar_on(console=Console(stderr=True)))
        return [checked async for checked in verification.checks(watch=watch)]
