"""The sandbox of a provider of messages: SMS and e-mail over one small JSON API."""

import secrets
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

from apps.sandboxes.kernel.assembly import Kernel
from apps.sandboxes.kernel.clock import Clock, utc_now
from apps.sandboxes.kernel.serve import Sandbox
from apps.sandboxes.messages.api import Desk, install_errors, message_routes
from apps.sandboxes.messages.control import message_control
from apps.sandboxes.messages.outbox import Outbox

PROVIDER = "messages"
_SENDER = "Meqenet"


class DeliverDue:
    """Middleware: before anyone looks, the messages whose time has come have arrived."""

    def __init__(self, app: ASGIApp, *, outbox: Outbox, clock: Clock) -> None:
        self._app = app
        self._outbox = outbox
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Deliver, then serve."""
        if scope["type"] == "http":
            self._outbox.deliver_due(at=self._clock())
        await self._app(scope, receive, send)


def create(*, directory: Path | None, strict: bool, clock: Clock = utc_now) -> Sandbox:
    """Build the provider of messages.

    Args:
        directory: where its database is kept; None for memory.
        strict: refuse unknown fields in a message.
        clock: the time, for timestamps and delivery.
    """
    kernel = Kernel.open(provider=PROVIDER, directory=directory, clock=clock)
    api_key = kernel.keyring.keep(name="api_key", make=lambda: secrets.token_hex(24))
    outbox = Outbox(book=kernel.book)
    desk = Desk(kernel=kernel, outbox=outbox, api_key=api_key, strict=strict)
    app = kernel.app(title="Messages sandbox", wallets=False)
    install_errors(app=app)
    app.include_router(message_routes(desk=desk))
    app.include_router(message_control(kernel=kernel, outbox=outbox))
    app.add_middleware(DeliverDue, outbox=outbox, clock=clock)
    return Sandbox(provider=PROVIDER, app=app, credentials={"api_key": api_key, "sender": _SENDER})
