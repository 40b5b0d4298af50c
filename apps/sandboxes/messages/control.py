"""The control API's own part: what was sent, and when and how it arrives."""

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict, Field

from apps.sandboxes.kernel.assembly import Kernel
from apps.sandboxes.kernel.edge import CONTROL
from apps.sandboxes.messages.outbox import DeliveryMode, Outbox, Sent


class Delivery(BaseModel):
    """When accepted messages arrive."""

    model_config = ConfigDict(extra="forbid")
    mode: DeliveryMode
    delay_ms: Annotated[int, Field(ge=0)] = 200


class Failure(BaseModel):
    """Why an accepted message does not arrive."""

    model_config = ConfigDict(extra="forbid", strict=True)
    reason: Annotated[str, Field(pattern=r"^[a-z_]{1,32}$")] = "absent_subscriber"


def message_control(*, kernel: Kernel, outbox: Outbox) -> APIRouter:
    """What was sent; delivery by hand."""
    router = APIRouter(prefix=CONTROL, tags=["control"])

    @router.get("/messages")
    async def list_messages(to: str | None = None) -> list[dict[str, Any]]:
        receiver = f"+{to}" if to is not None and to.isdecimal() else to
        return [_shown(sent) for sent in outbox.all(to=receiver)]

    @router.put("/delivery")
    async def set_delivery(wanted: Delivery) -> Delivery:
        outbox.mode = wanted.mode
        outbox.delay = timedelta(milliseconds=wanted.delay_ms)
        return wanted

    @router.post("/messages/{message_id}/deliver")
    async def deliver(message_id: str) -> dict[str, Any]:
        return _report(message_id, reason=None)

    @router.post("/messages/{message_id}/fail")
    async def fail(message_id: str, failure: Failure) -> dict[str, Any]:
        return _report(message_id, reason=failure.reason)

    def _report(message_id: str, *, reason: str | None) -> dict[str, Any]:
        sent = outbox.report(message_id=message_id, reason=reason, at=kernel.clock())
        if sent is None:
            raise HTTPException(status_code=404, detail="no message has this id")
        return _shown(sent)

    return router


def _shown(sent: Sent) -> dict[str, Any]:
    hidden = {"content", "late_reason", "number"}
    shown = {name: value for name, value in asdict(sent).items() if name not in hidden}
    return {**shown, "reference": sent.reference}
