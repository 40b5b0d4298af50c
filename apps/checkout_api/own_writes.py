"""Read your own write: a write's answer names what was written, and a reader may give it back.

The name is opaque, and sealed for the merchant to whom it was given: another merchant's is not
there, so nobody learns of, or waits for, what others write.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Annotated, Final, TypeVar

from fastapi import Depends, Header

from apps.checkout_api.authentication import Authenticated
from apps.checkout_api.parts import ApiParts, Parts
from apps.checkout_api.problems import Problem
from db.bnpl.views import PlanView
from db.kernel.engine import ReadSession
from db.kernel.inbox import Written, read_after
from meqenet.errors import Mender, Unavailable

WRITTEN_HEADER: Final = "Meqenet-Written"
READ_AFTER_HEADER: Final = "Meqenet-Read-After"
PLANS_MAX: Final = 40
"""Plans that one name tells of: it must fit into a header."""
_SEAL_BYTES: Final = 16
_BEHIND: Final = "read_model_behind"
_RETRY_AFTER: Final = timedelta(seconds=1)
T = TypeVar("T")


def written_headers(*, parts: ApiParts, plans: Sequence[PlanView]) -> dict[str, str]:
    """The header that names all that has been written of a merchant's plans.

    None without plans, or with more of them than it can hold.
    """
    if not plans or len(plans) > PLANS_MAX:
        return {}
    events = [event for plan in plans for event in _written_of(plan)]
    content = " ".join(f"{each.source}:{each.stream}:{each.sequence}" for each in events).encode()
    seal = _seal(content, merchant_id=plans[0].merchant_id, key=parts.hash_key)
    return {WRITTEN_HEADER: base64.urlsafe_b64encode(seal + content).rstrip(b"=").decode()}


async def read_after_header(
    parts: Parts,
    merchant: Authenticated,
    text: Annotated[
        str | None,
        Header(
            alias=READ_AFTER_HEADER,
            description="The `Meqenet-Written` of one of your writes, or of a plan that you have "
            "read: the answer shows it, or is 503 `read_model_behind` after five seconds.",
        ),
    ] = None,
) -> tuple[Written, ...]:
    """What the reader wants to see; nothing in particular without the header.

    Raises:
        Problem: 400 ``read_after_malformed``; 404 ``write_unknown``: it was not given to this
            merchant.
    """
    if text is None:
        return ()
    sealed = _decoded(text)
    seal, content = sealed[:_SEAL_BYTES], sealed[_SEAL_BYTES:]
    if not hmac.compare_digest(
        seal, _seal(content, merchant_id=merchant.merchant_id, key=parts.hash_key)
    ):
        raise Problem(
            status=404,
            code="write_unknown",
            detail=f"{READ_AFTER_HEADER}: there is no such write of yours",
            field=READ_AFTER_HEADER,
        )
    return tuple(_event(text) for text in content.decode().split(" "))


ReadAfter = Annotated[tuple[Written, ...], Depends(read_after_header)]
"""The events that the answer must show."""


async def shown_after(
    *,
    parts: ApiParts,
    model: str,
    written: tuple[Written, ...],
    view: Callable[[ReadSession], Awaitable[T]],
) -> T:
    """What a view of a read model shows once the model has come to what was written.

    Raises:
        Problem: 503 ``read_model_behind``: it has not within ``parts.read_after_seconds_max``.
    """
    try:
        return await read_after(
            database=parts.analytics,
            consumer=model,
            written=written,
            view=view,
            timeout_seconds=parts.read_after_seconds_max,
        )
    except Unavailable as error:
        if error.code != _BEHIND:
            raise
        raise Problem(
            status=503,
            code=_BEHIND,
            detail=f"{READ_AFTER_HEADER}: this write does not show here yet; send the same "
            "request again in a moment, or without the header for what shows already",
            mender=Mender.MEQENET,
            field=READ_AFTER_HEADER,
            retry_after=error.retry_after or _RETRY_AFTER,
        ) from None


def _written_of(plan: PlanView) -> tuple[Written, ...]:
    """Of each domain that a merchant's reports are made from."""
    own = Written(source="bnpl", stream=plan.plan_id, sequence=plan.sequence)
    if plan.activated_on is None:
        return (own,)
    # A plan becomes active after its settlement was scheduled: that is the first event there.
    return (own, Written(source="settlement", stream=plan.plan_id, sequence=1))


def _decoded(text: str) -> bytes:
    padded = text + "=" * (-len(text) % 4)
    try:
        sealed = base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        sealed = b""
    if len(sealed) <= _SEAL_BYTES:
        raise Problem(
            status=400,
            code="read_after_malformed",
            detail=f"{READ_AFTER_HEADER}: must be the value of a {WRITTEN_HEADER} header as it was",
            field=READ_AFTER_HEADER,
        )
    return sealed


def _seal(content: bytes, *, merchant_id: str, key: bytes) -> bytes:
    text = b"\x1f".join((b"written", merchant_id.encode(), content))
    return hmac.new(key, text, hashlib.sha256).digest()[:_SEAL_BYTES]


def _event(text: str) -> Written:
    source, stream, sequence = text.split(":")
    return Written(source=source, stream=stream, sequence=int(sequence))
