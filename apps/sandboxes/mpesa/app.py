"""The M-PESA Ethiopia sandbox: the gateway, the phones behind it, and a control API."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import APIRouter, FastAPI

from apps.sandboxes.kernel.assembly import Kernel
from apps.sandboxes.kernel.book import Movement, WalletExists
from apps.sandboxes.kernel.clock import Clock, utc_now
from apps.sandboxes.kernel.magic import open_well_known
from apps.sandboxes.kernel.serve import Sandbox
from apps.sandboxes.kernel.statement import StatementDesk, statement_routes
from apps.sandboxes.mpesa import answers, c2b, control, deeds, queries, stk, tokens
from apps.sandboxes.mpesa.behaviour import Behaviour
from apps.sandboxes.mpesa.credentials import Credentials
from apps.sandboxes.mpesa.desk import Desk
from apps.sandboxes.mpesa.journal import Journal
from apps.sandboxes.mpesa.phones import Phones
from apps.sandboxes.mpesa.timers import Timers
from meqenet.money import Money

PIN = "1234"
"""The PIN of every wallet that the sandbox opens by itself."""
SAMPLE_MSISDN = "251700404709"
"""The phone of the provider's own samples."""


def create(
    *,
    directory: Path | None,
    strict: bool,
    behaviour: Behaviour | None = None,
    clock: Clock = utc_now,
) -> Sandbox:
    """Build the sandbox.

    Args:
        directory: where wallets, orders and keys are kept; None keeps them in memory.
        strict: take only what the documents allow; lenient takes known clients' habits too.
        behaviour: other defaults than those of the environment.
        clock: the provider's time.
    """
    kernel = Kernel.open(provider="mpesa", directory=directory, clock=clock)
    desk = _desk(kernel=kernel, behaviour=behaviour or Behaviour(), strict=strict)
    _open_wallets(kernel=kernel)

    def receipt(movement: Movement) -> str | None:
        found = desk.journal.receipt_of(
            kind=movement.kind, reference=movement.reference, at=movement.at
        )
        return found.receipt if found else None

    app = kernel.app(title="M-PESA Ethiopia sandbox", receipts=receipt)
    _include(app=app, desk=desk)

    statements = StatementDesk(book=kernel.book, keyring=kernel.keyring, receipts=receipt)
    app.include_router(statement_routes(desk=statements))
    return Sandbox(
        provider="mpesa",
        app=app,
        credentials={**desk.credentials.for_clients(), "statement_key": statements.key},
    )


def _desk(*, kernel: Kernel, behaviour: Behaviour, strict: bool) -> Desk:
    credentials = Credentials.kept(keyring=kernel.keyring, at=kernel.clock())
    journal = Journal(book=kernel.book)
    return Desk(
        kernel=kernel,
        credentials=credentials,
        behaviour=behaviour,
        journal=journal,
        phones=Phones(
            kernel=kernel,
            journal=journal,
            behaviour=behaviour,
            short_code=credentials.short_code,
            timers=Timers(),
        ),
        tokens=tokens.Tokens(kernel=kernel, credentials=credentials, behaviour=behaviour),
        strict=strict,
    )


def _open_wallets(*, kernel: Kernel) -> None:
    at = kernel.clock()
    open_well_known(book=kernel.book, operator="7", pin=PIN, at=at)
    try:
        kernel.book.open_wallet(
            msisdn=SAMPLE_MSISDN,
            name="Test Sample",
            pin=PIN,
            balance=Money.from_birr(1_000_000),
            at=at,
        )
    except WalletExists:
        return


def _include(*, app: FastAPI, desk: Desk) -> None:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        desk.phones.resume()
        yield
        await desk.phones.timers.stop_all()

    answers.install(app=app)
    app.include_router(
        tokens.routes(kernel=desk.kernel, tokens=desk.tokens, behaviour=desk.behaviour)
    )
    for routes in (stk.routes, deeds.routes, queries.routes, c2b.routes):
        app.include_router(routes(desk=desk))
    app.include_router(control.phone_routes(desk=desk))
    app.include_router(control.gateway_routes(desk=desk))
    app.include_router(APIRouter(lifespan=lifespan))
