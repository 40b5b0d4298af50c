"""A merchant's own server that takes the news of some plans, and of others for a while does not."""

import asyncio
import base64
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request, Response

from apps.sandboxes.kernel.serve import Sandbox, running


@dataclass
class Endpoint:
    """The merchant's own server.

    Attributes:
        taken: the news that it has taken, by notice id; more than one where it came again.
        deaf_to: plans whose news it does not take.
        silent_to: plans of whose news it says nothing at all.
    """

    secret: str
    url: str = ""
    taken: dict[str, tuple[dict[str, Any], ...]] = field(default_factory=dict)
    deaf_to: Callable[[str], bool] = lambda _plan_id: False
    silent_to: Callable[[str], bool] = lambda _plan_id: False
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    async def hear(self, notice_id: str, news: dict[str, Any]) -> int:
        """The status to answer."""
        plan_id = news["data"]["plan_id"]
        if self.silent_to(plan_id):
            await self.closed.wait()
            return 503
        if self.deaf_to(plan_id):
            return 503
        self.taken[notice_id] = (*self.taken.get(notice_id, ()), news)
        return 204

    def hear_all(self) -> None:
        """From now on it takes everything."""
        self.deaf_to = self.silent_to = lambda _plan_id: False
        self.closed.set()

    def heard_of(self, plan_id: str) -> Callable[[], Awaitable[list[str]]]:
        """The kinds of news taken of a plan, in the order of its log; a repetition is the same."""

        async def kinds() -> list[str]:
            found: dict[int, str] = {}
            for notice_id, tries in self.taken.items():
                of, _, sequence = notice_id.rpartition("-n")
                if of == plan_id:
                    assert all(again == tries[0] for again in tries)
                    found[int(sequence)] = tries[0]["type"]
            return [kind for _, kind in sorted(found.items())]

        return kinds


@asynccontextmanager
async def listening() -> AsyncIterator[Endpoint]:
    """The server on a port of its own."""
    app = FastAPI()
    found = Endpoint(secret="whsec_" + base64.b64encode(secrets.token_bytes(32)).decode())

    @app.post("/hooks")
    async def hooks(request: Request) -> Response:
        status = await found.hear(request.headers["webhook-id"], json.loads(await request.body()))
        return Response(status_code=status)

    async with running(sandbox=Sandbox(provider="shop", app=app, credentials={})) as place:
        found.url = f"{place.base_url}/hooks"
        yield found
        found.hear_all()
