"""The bank sandbox: instant credit transfers in the shape of EthSwitch's (providers.md 4.6)."""

import secrets
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

from apps.sandboxes.bank.api import Desk, install_errors, transfer_routes
from apps.sandboxes.bank.control import bank_control, fill_float
from apps.sandboxes.bank.settings import BankSandboxSettings
from apps.sandboxes.bank.signatures import SignatureCheck
from apps.sandboxes.bank.transfers import Transfers
from apps.sandboxes.kernel.assembly import Kernel
from apps.sandboxes.kernel.book import Movement, merchant_account
from apps.sandboxes.kernel.clock import Clock, utc_now
from apps.sandboxes.kernel.serve import Sandbox
from apps.sandboxes.kernel.statement import StatementDesk, statement_routes
from meqenet.money import Money

PROVIDER = "bank"
_DEBTOR_NAME = "Meqenet"
_DEBTOR_ACCOUNT = "1000000000017"


class SettleDue:
    """Middleware: before anyone looks, the transfers whose time has come are settled."""

    def __init__(self, app: ASGIApp, *, transfers: Transfers, clock: Clock) -> None:
        self._app = app
        self._transfers = transfers
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Settle, then serve."""
        if scope["type"] == "http":
            self._transfers.settle_due(at=self._clock())
        await self._app(scope, receive, send)


def create(*, directory: Path | None, strict: bool, clock: Clock = utc_now) -> Sandbox:
    """Build the bank.

    Args:
        directory: where its database is kept; None for memory.
        strict: refuse unknown fields in an order.
        clock: the time, for timestamps, settlement and the books.
    """
    kernel = Kernel.open(provider=PROVIDER, directory=directory, clock=clock)
    keep = kernel.keyring.keep
    credentials = {
        "client_id": keep(name="client_id", make=lambda: f"meqenet-{secrets.token_hex(4)}"),
        "secret": keep(name="secret", make=lambda: secrets.token_hex(32)),
        "debtor_name": _DEBTOR_NAME,
        "debtor_account": _DEBTOR_ACCOUNT,
    }
    if merchant_account(code=_DEBTOR_ACCOUNT) not in kernel.book.totals():
        start = Money.from_birr(BankSandboxSettings().float_birr)
        fill_float(kernel=kernel, debtor_account=_DEBTOR_ACCOUNT, balance=start)
    transfers = Transfers(book=kernel.book)
    desk = Desk(
        kernel=kernel,
        transfers=transfers,
        signatures=SignatureCheck(
            book=kernel.book,
            client_id=credentials["client_id"],
            secret=credentials["secret"],
            clock=clock,
        ),
        debtor_account=_DEBTOR_ACCOUNT,
        strict=strict,
    )
    app = kernel.app(title="Bank sandbox", wallets=False)
    install_errors(app=app)
    app.include_router(transfer_routes(desk=desk))
    app.include_router(
        bank_control(kernel=kernel, transfers=transfers, debtor_account=_DEBTOR_ACCOUNT)
    )
    app.add_middleware(SettleDue, transfers=transfers, clock=clock)

    def receipt(movement: Movement) -> str | None:
        found = transfers.find(end_to_end_id=movement.reference)
        return found.bank_reference if found else None

    statements = StatementDesk(book=kernel.book, keyring=kernel.keyring, receipts=receipt)
    app.include_router(statement_routes(desk=statements))
    credentials = {**credentials, "statement_key": statements.key}
    return Sandbox(provider=PROVIDER, app=app, credentials=credentials)
