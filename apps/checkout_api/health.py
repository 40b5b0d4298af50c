"""Whether the process lives, and whether it can serve: each part it needs, by name."""

import asyncio
import logging
from collections.abc import Awaitable
from typing import Final, Literal

from fastapi import APIRouter, Response
from sqlalchemy import text

from apps.checkout_api.parts import Parts
from apps.checkout_api.told import Told
from db.kernel.engine import Database

router = APIRouter(tags=["health"])
_ANSWER_SECONDS_MAX: Final = 3
_DISPENSABLE: Final = frozenset({"analytics", "disputes"})
"""Without them lists, statements and complaints are refused for a while; checkouts go on."""
_log = logging.getLogger("meqenet.api")


class Alive(Told):
    """The process answers."""

    status: Literal["alive"] = "alive"


class Ready(Told):
    """Whether requests can be served; ``parts`` says what answers and what does not."""

    status: Literal["ready", "not_ready"]
    parts: dict[str, Literal["ready", "not_ready"]]


@router.get("/healthz", summary="Does the process live?")
async def healthz() -> Alive:
    """Asks nothing else: a restart helps only a process that does not answer."""
    return Alive()


@router.get("/readyz", summary="Can requests be served?", responses={503: {"model": Ready}})
async def readyz(parts: Parts, response: Response) -> Ready:
    """Each store and the Temporal server are asked now.

    503 when one does not answer that checkouts need: all but `analytics` and
    `disputes`.
    """
    checks = {
        **{name: _store_answers(store) for name, store in parts.stores.items()},
        "temporal": parts.temporal.service_client.check_health(),
    }
    found = await asyncio.gather(*(_answers(name, check) for name, check in checks.items()))
    answering = dict(zip(checks, found, strict=True))
    is_ready = all(answers for name, answers in answering.items() if name not in _DISPENSABLE)
    response.status_code = 200 if is_ready else 503
    return Ready(
        status="ready" if is_ready else "not_ready",
        parts={name: "ready" if answers else "not_ready" for name, answers in answering.items()},
    )


async def _answers(name: str, check: Awaitable[bool]) -> bool:
    try:
        async with asyncio.timeout(_ANSWER_SECONDS_MAX):
            return await check
    except Exception as error:  # noqa: BLE001 - whatever it is, the part does not answer
        _log.warning("%s does not answer: %s", name, type(error).__name__)
        return False


async def _store_answers(store: Database) -> bool:
    async with store.read() as session:
        await session.execute(text("SELECT 1"))
    return True
