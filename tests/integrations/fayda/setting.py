"""A running Fayda sandbox and clients of it that share one clock, which the test sets."""

import base64
import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from joserfc.jwk import RSAKey
from pydantic import SecretStr

from apps.sandboxes.fayda.app import create
from apps.sandboxes.fayda.people import WELL_KNOWN_PEOPLE, Person
from apps.sandboxes.kernel.serve import RunningSandbox, running
from integrations.fayda.client import FaydaClient
from integrations.fayda.settings import FaydaSettings
from meqenet.kyc.fayda import AuthorizationRequest, AuthorizationReturn

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
REDIRECT_URI = "http://127.0.0.1:8080/v1/identity/return"
REQUEST = AuthorizationRequest(state="st-1", nonce="no-1", code_verifier="v" * 43)
DEFAULTS = {
    "generation": "1.4.x",
    "v1_reads_code_verifier": True,
    "any_loopback_redirect": True,
    "forgiving_claims": True,
    "csrf_required": False,
}

Change = Callable[[httpx.Response], Awaitable[httpx.Response]]


class InTheMiddle(httpx.AsyncBaseTransport):
    """A real connection on which a test changes the answers of some paths."""

    def __init__(self) -> None:
        self._wire = httpx.AsyncHTTPTransport()
        self.changes: dict[str, Change] = {}
        self.asked: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        response = await self._wire.handle_async_request(request)
        change = self.changes.get(request.url.path)
        if change is None:
            return response
        await response.aread()
        return await change(response)

    async def aclose(self) -> None:
        await self._wire.aclose()


@dataclass
class Setting:
    """What a test needs."""

    sandbox: RunningSandbox
    http: httpx.AsyncClient
    wire: InTheMiddle
    times: list[datetime]
    ids: Iterator[int] = field(default_factory=itertools.count)

    def clock(self) -> datetime:
        return self.times[0]

    def pass_time(self, **how_long: int) -> None:
        self.times[0] += timedelta(**how_long)

    def settings(self, **changes: object) -> FaydaSettings:
        values: dict[str, Any] = {
            "base_url": self.sandbox.base_url,
            "redirect_uri": REDIRECT_URI,
            **self.sandbox.credentials,
            **changes,
        }
        return FaydaSettings(_env_file=None, **values)

    def client(
        self,
        *,
        clock: Callable[[], datetime] | None = None,
        jti: Callable[[], str] | None = None,
        **changes: object,
    ) -> FaydaClient:
        return FaydaClient(
            settings=self.settings(**changes),
            http=self.http,
            clock=clock or self.clock,
            jti=jti or (lambda: f"jti-{next(self.ids)}"),
        )

    async def control(self, path: str, *, method: str = "POST", **body: object) -> Any:  # noqa: ANN401 - JSON
        url = f"{self.sandbox.control_url}{path}"
        answer = await self.http.request(method, url, json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def turn(self, **switches: object) -> None:
        await self.control("/settings", method="PUT", **switches)

    async def log_in(
        self,
        client: FaydaClient,
        *,
        person: Person = WELL_KNOWN_PEOPLE["abebe"],
        request: AuthorizationRequest = REQUEST,
        number: str | None = None,
    ) -> AuthorizationReturn:
        """A browser login; what our redirect URI gets."""
        answer = await self.control(
            "/login",
            authorization_url=client.authorization_url(request=request),
            fan=number or person.number,
        )
        query = parse_qs(urlsplit(answer["redirect_to"]).query)
        assert query["state"] == [request.state]
        return AuthorizationReturn(
            code=query["code"][0], nonce=request.nonce, code_verifier=request.code_verifier
        )


@asynccontextmanager
async def fayda_setting(*, strict: bool = False) -> AsyncIterator[Setting]:
    """A sandbox in memory."""
    wire = InTheMiddle()
    async with httpx.AsyncClient(transport=wire, timeout=5) as http:
        times = [START]
        sandbox = create(directory=None, strict=strict, clock=lambda: times[0])
        async with running(sandbox=sandbox) as place:
            yield Setting(sandbox=place, http=http, wire=wire, times=times)


async def put_back(setting: Setting) -> None:
    """As it was at the start, a day later."""
    setting.wire.changes.clear()
    setting.wire.asked.clear()
    await setting.control("/up")
    await setting.control("/next", method="DELETE")
    await setting.turn(**DEFAULTS)
    client_id = setting.sandbox.credentials["client_id"]
    await setting.control(f"/clients/{client_id}/userinfo", method="PUT", form="JWS")
    setting.pass_time(days=1)


def as_setting(key: RSAKey) -> SecretStr:
    """A private key in the form of the settings."""
    return SecretStr(base64.b64encode(json.dumps(key.as_dict(private=True)).encode()).decode())
