"""The control API ``/_sandbox``: how a test arranges the provider's world and reads its books."""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, FastAPI, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from apps.sandboxes.kernel.book import (
    Book,
    BookError,
    Movement,
    Wallet,
    WalletStatus,
    WalletUnknown,
)
from apps.sandboxes.kernel.callbacks import CallbackSender
from apps.sandboxes.kernel.clock import Clock
from apps.sandboxes.kernel.edge import CONTROL, RequestLog
from apps.sandboxes.kernel.faults import FaultBoard, FaultKind
from apps.sandboxes.kernel.statement import Receipts
from meqenet.money import Money

Amount = Annotated[str, Field(pattern=r"^\d{1,15}(\.\d{1,2})?$", examples=["1250.50"])]
"""Birr as a decimal string; never a JSON number."""


class OpenWallet(BaseModel):
    """A wallet to open."""

    model_config = ConfigDict(extra="forbid", strict=True)
    msisdn: Annotated[str, Field(pattern=r"^251[0-9]{9}$", examples=["251911223344"])]
    name: str = "Test Customer"
    pin: Annotated[str, Field(pattern=r"^\d{4,6}$")] = "123456"
    balance: Amount = "0.00"


class SetBalance(BaseModel):
    """The balance that a wallet shall have."""

    model_config = ConfigDict(extra="forbid", strict=True)
    amount: Amount


class PlanFault(BaseModel):
    """A fault for the next matching requests (see FaultBoard.plan)."""

    model_config = ConfigDict(extra="forbid")
    operation: str = "*"
    outcome: FaultKind
    subject: str | None = None
    times: Annotated[int, Field(ge=1)] = 1
    delay_ms: Annotated[int, Field(ge=0)] = 0
    code: str | None = None


def install_errors(*, app: FastAPI) -> None:
    """Answer the book's refusals under the control API with 404 or 409 and their text."""

    async def answer(request: Request, error: Exception) -> JSONResponse:
        if not request.url.path.startswith(CONTROL):
            raise error
        status = 404 if isinstance(error, WalletUnknown) else 409
        return JSONResponse({"detail": str(error)}, status_code=status)

    app.add_exception_handler(BookError, answer)


def wallet_routes(*, book: Book, clock: Clock) -> APIRouter:
    """Wallets: open, look, set the balance, freeze, unfreeze, close."""
    router = APIRouter(prefix=f"{CONTROL}/wallets", tags=["control"])

    @router.post("", status_code=201)
    async def open_wallet(wallet: OpenWallet) -> dict[str, str]:
        opened = book.open_wallet(
            msisdn=wallet.msisdn,
            name=wallet.name,
            pin=wallet.pin,
            balance=Money.from_birr(wallet.balance),
            at=clock(),
        )
        return _wallet(opened)

    @router.get("")
    async def list_wallets() -> list[dict[str, str]]:
        return [_wallet(wallet) for wallet in book.wallets()]

    @router.get("/{msisdn}")
    async def show_wallet(msisdn: str) -> dict[str, str]:
        return _wallet(book.wallet(msisdn=msisdn))

    @router.put("/{msisdn}/balance")
    async def set_balance(msisdn: str, wanted: SetBalance) -> dict[str, str]:
        balance = Money.from_birr(wanted.amount)
        return _wallet(book.set_balance(msisdn=msisdn, balance=balance, at=clock()))

    @router.post("/{msisdn}/{deed}")
    async def set_status(
        msisdn: str, deed: Literal["freeze", "unfreeze", "close"]
    ) -> dict[str, str]:
        return _wallet(book.set_status(msisdn=msisdn, status=_STATUS_AFTER[deed]))

    return router


_STATUS_AFTER = {
    "freeze": WalletStatus.FROZEN,
    "unfreeze": WalletStatus.ACTIVE,
    "close": WalletStatus.CLOSED,
}


def fault_routes(*, faults: FaultBoard) -> APIRouter:
    """Faults: plan, list, forget; the whole provider down and up."""
    router = APIRouter(prefix=CONTROL, tags=["control"])

    @router.post("/next", status_code=201)
    async def plan(fault: PlanFault) -> PlanFault:
        faults.plan(**fault.model_dump())
        return fault

    @router.get("/next")
    async def planned() -> list[dict[str, Any]]:
        return [asdict(plan) for plan in faults.planned()]

    @router.delete("/next", status_code=204)
    async def clear() -> None:
        faults.clear()

    @router.post("/down", status_code=204)
    async def take_down() -> None:
        faults.down = True

    @router.post("/up", status_code=204)
    async def bring_up() -> None:
        faults.down = False

    return router


def record_routes(
    *,
    book: Book,
    requests: RequestLog,
    callbacks: CallbackSender,
    receipts: Receipts | None = None,
) -> APIRouter:
    """Records: statement, books, received requests, sent callbacks."""
    router = APIRouter(prefix=CONTROL, tags=["control"])
    Count = Annotated[int, Query(ge=1, le=1000)]  # noqa: N806 - a type

    @router.get("/statement")
    async def statement(
        on: date | None = None,
        form: Annotated[Literal["json", "csv"], Query(alias="format")] = "json",
    ) -> Response:
        rows = [_movement(movement, receipts) for movement in book.movements(on=on)]
        if form == "json":
            return JSONResponse(rows)
        columns = _COLUMNS if receipts is None else (*_COLUMNS, _RECEIPT)
        return Response(_as_csv(rows, columns=columns), media_type="text/csv")

    @router.get("/books")
    async def books() -> dict[str, str]:
        return {account: str(balance) for account, balance in book.totals().items()}

    @router.get("/requests")
    async def received(last: Count = 100) -> list[dict[str, Any]]:
        return [asdict(request) for request in requests.last(count=last)]

    @router.get("/callbacks")
    async def sent(last: Count = 100) -> list[dict[str, Any]]:
        return [asdict(callback) for callback in callbacks.log(last=last)]

    return router


def _wallet(wallet: Wallet) -> dict[str, str]:
    return {
        "msisdn": wallet.msisdn,
        "name": wallet.name,
        "balance": str(wallet.balance),
        "status": wallet.status.value,
    }


_COLUMNS = ("id", "at", "kind", "reference", "debit", "credit", "amount")
_RECEIPT = "receipt"


def _movement(movement: Movement, receipts: Receipts | None) -> dict[str, str]:
    spell: dict[str, Callable[[Any], str]] = {"at": lambda at: at.isoformat()}
    told = {name: spell.get(name, str)(getattr(movement, name)) for name in _COLUMNS}
    return told if receipts is None else {**told, _RECEIPT: receipts(movement) or ""}


def _as_csv(rows: list[dict[str, str]], *, columns: Sequence[str]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=columns, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
