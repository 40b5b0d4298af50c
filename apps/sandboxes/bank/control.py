"""The bank's own part of the control API: when transfers settle, and our account's balance."""

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict, Field

from apps.sandboxes.bank.transfers import SettlementMode, Transfer, Transfers
from apps.sandboxes.kernel.assembly import Kernel
from apps.sandboxes.kernel.book import ISSUE, merchant_account
from apps.sandboxes.kernel.control import Amount
from apps.sandboxes.kernel.edge import CONTROL
from meqenet.money import Money


class Settlement(BaseModel):
    """When accepted transfers settle."""

    model_config = ConfigDict(extra="forbid")
    mode: SettlementMode
    delay_ms: Annotated[int, Field(ge=0)] = 500


class Float(BaseModel):
    """What our account shall hold."""

    model_config = ConfigDict(extra="forbid", strict=True)
    amount: Amount


class Rejection(BaseModel):
    """Why a pending transfer is returned: an ISO 20022 status reason."""

    model_config = ConfigDict(extra="forbid", strict=True)
    code: Annotated[str, Field(pattern=r"^[A-Z]{2}\d{2}$")]


def bank_control(*, kernel: Kernel, transfers: Transfers, debtor_account: str) -> APIRouter:
    """Settlement mode, transfers, the float."""
    router = APIRouter(prefix=CONTROL, tags=["control"])

    @router.put("/settlement")
    async def set_settlement(wanted: Settlement) -> Settlement:
        transfers.mode = wanted.mode
        transfers.delay = timedelta(milliseconds=wanted.delay_ms)
        return wanted

    @router.get("/transfers")
    async def list_transfers() -> list[dict[str, Any]]:
        return [_shown(transfer) for transfer in transfers.all()]

    @router.post("/transfers/{end_to_end_id}/settle")
    async def settle(end_to_end_id: str) -> dict[str, Any]:
        return _release(end_to_end_id, reason=None)

    @router.post("/transfers/{end_to_end_id}/reject")
    async def reject(end_to_end_id: str, rejection: Rejection) -> dict[str, Any]:
        return _release(end_to_end_id, reason=rejection.code)

    @router.put("/float")
    async def set_float(wanted: Float) -> dict[str, str]:
        balance = Money.from_birr(wanted.amount)
        fill_float(kernel=kernel, debtor_account=debtor_account, balance=balance)
        return {"amount": str(balance)}

    def _release(end_to_end_id: str, *, reason: str | None) -> dict[str, Any]:
        transfer = transfers.release(end_to_end_id=end_to_end_id, reason=reason, at=kernel.clock())
        if transfer is None:
            raise HTTPException(status_code=404, detail="no transfer has this end-to-end id")
        return _shown(transfer)

    return router


def fill_float(*, kernel: Kernel, debtor_account: str, balance: Money) -> None:
    """Bring our account at the bank to this balance, from or to ``issue``."""
    account = merchant_account(code=debtor_account)
    with kernel.book.transaction():
        missing = balance - kernel.book.balance(account=account)
        if not missing:
            return
        grows = missing > Money.zero()
        kernel.book.move(
            kind="float",
            reference="control",
            debit=ISSUE if grows else account,
            credit=account if grows else ISSUE,
            amount=missing if grows else -missing,
            at=kernel.clock(),
        )


def _shown(transfer: Transfer) -> dict[str, Any]:
    hidden = {"content", "message_id"}
    shown = {name: value for name, value in asdict(transfer).items() if name not in hidden}
    return {**shown, "amount": str(transfer.amount)}
