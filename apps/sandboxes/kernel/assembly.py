"""The kernel of one sandbox: book, keys, faults, callbacks, and the app for a provider's routes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from fastapi import FastAPI

from apps.sandboxes.kernel import control
from apps.sandboxes.kernel.book import Book
from apps.sandboxes.kernel.callbacks import CallbackSender
from apps.sandboxes.kernel.clock import Clock, utc_now
from apps.sandboxes.kernel.edge import Edge, RequestLog
from apps.sandboxes.kernel.faults import FaultBoard
from apps.sandboxes.kernel.keyring import Keyring
from apps.sandboxes.kernel.settings import SandboxSettings
from apps.sandboxes.kernel.statement import Receipts


@dataclass(frozen=True, kw_only=True)
class Kernel:
    """What a provider's sandbox is built on."""

    book: Book
    keyring: Keyring
    faults: FaultBoard
    callbacks: CallbackSender
    requests: RequestLog
    clock: Clock

    @classmethod
    def open(cls, *, provider: str, directory: Path | None, clock: Clock = utc_now) -> Self:
        """Open ``<directory>/<provider>.sqlite3``, or a database in memory without a directory."""
        book = Book(path=directory / f"{provider}.sqlite3" if directory else None)
        hosts = SandboxSettings().reachable_hosts
        return cls(
            book=book,
            keyring=Keyring(book=book),
            faults=FaultBoard(),
            callbacks=CallbackSender(book=book, clock=clock, hosts=hosts),
            requests=RequestLog(),
            clock=clock,
        )

    def app(self, *, title: str, wallets: bool = True, receipts: Receipts | None = None) -> FastAPI:
        """An app with the control API; the provider includes its own routers.

        Args:
            title: what the API's page is headed with.
            wallets: whether the control API has wallets (an identity provider has none).
            receipts: of movements, where money may move that no order of the caller names.
        """

        @asynccontextmanager
        async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
            yield
            await self.callbacks.drain()
            self.book.release()

        app = FastAPI(title=title, lifespan=lifespan)
        app.add_middleware(Edge, faults=self.faults, log=self.requests, clock=self.clock)
        control.install_errors(app=app)
        app.include_router(control.fault_routes(faults=self.faults))
        app.include_router(
            control.record_routes(
                book=self.book,
                requests=self.requests,
                callbacks=self.callbacks,
                receipts=receipts,
            )
        )
        if wallets:
            app.include_router(control.wallet_routes(book=self.book, clock=self.clock))
        return app
