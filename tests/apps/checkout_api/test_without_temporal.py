"""The Temporal server goes away: plans are still read, and nothing is promised."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import httpx
import pytest_asyncio
from temporalio.client import Client, GrpcCompression
from temporalio.service import RetryConfig

from apps.checkout_api.app import create_app
from apps.checkout_api.parts import ApiParts
from integrations.temporal.connection import data_converter
from tests.apps.checkout_api.conftest import Shop
from workers.connecting import payload_keys
from workers.opening import Environment

ACCEPT = {"agreement_version": "2026-11"}


class Cable:
    """A connection to the Temporal server that can be cut."""

    def __init__(self, *, address: str) -> None:
        self._host, _, port = address.partition(":")
        self._port = int(port)
        self._server: asyncio.Server | None = None
        self._ends: list[asyncio.StreamWriter] = []

    async def lay(self) -> str:
        """Where its near end is."""
        self._server = await asyncio.start_server(self._join, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()
        return f"{host}:{port}"

    def cut(self) -> None:
        """Nothing passes any more."""
        assert self._server is not None
        self._server.close()
        for end in self._ends:
            end.transport.abort()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(self._host, self._port)
        self._ends += [writer, far_writer]
        await asyncio.gather(_pass(reader, far_writer), _pass(far_reader, writer))


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while some := await reader.read(65536):
            writer.write(some)
    writer.close()


@asynccontextmanager
async def cut_off(parts: ApiParts, environment: Environment) -> AsyncIterator[httpx.AsyncClient]:
    """The API, whose Temporal server has just gone away."""
    cable = Cable(address=environment.settings.temporal_address)
    client = await Client.connect(
        await cable.lay(),
        namespace=environment.settings.temporal_namespace,
        data_converter=data_converter(keys=payload_keys(settings=environment.settings)),
        grpc_compression=GrpcCompression.NONE,
        retry_config=RetryConfig(max_retries=1),
    )
    cable.cut()
    app = create_app(parts=replace(parts, temporal=client))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as http:
        yield http


@pytest_asyncio.fixture(loop_scope="session")
async def offered(shop: Shop) -> str:
    """A plan that waits for its customer."""
    plan = (await shop.post("/v1/plans", shop.application())).json()
    await shop.customer().log_in(plan["next_action"])
    return str(plan["id"])


async def test_plans_are_read_and_nothing_is_promised(
    shop: Shop, offered: str, parts: ApiParts, environment: Environment
) -> None:
    path = f"/v1/plans/{offered}"
    async with cut_off(parts, environment) as http:
        customer = replace(shop, http=http)
        assert (await customer.get(path)).json()["state"] == "offered"
        answers = [
            await customer.post(f"{path}/accept", ACCEPT, key="k"),
            await customer.post("/v1/plans", shop.application(reference="another"), key="l"),
            await customer.post("/v1/test-clocks", {}),
        ]
        ready = await http.get("/readyz")
    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (503, "temporal_unavailable")
        assert "retry-after" in answer.headers
    assert (ready.status_code, ready.json()["parts"]["temporal"]) == (503, "not_ready")
    again = await shop.post(f"{path}/accept", ACCEPT, key="k")
    assert (again.status_code, again.json()["state"]) == (200, "active")


async def test_a_callback_is_kept_and_asked_for_again(
    shop: Shop, offered: str, parts: ApiParts, environment: Environment
) -> None:
    del shop
    secret = parts.mpesa_callback_secret.get_secret_value()
    attempt_id = f"{offered}-i01-a1"
    failed = {
        "Body": {
            "stkCallback": {
                "MerchantRequestID": attempt_id,
                "CheckoutRequestID": "ws_CO_1",
                "ResultCode": 1,
                "ResultDesc": "told",
            }
        }
    }
    path = f"/v1/callbacks/mpesa/{secret}/stk/{attempt_id}"
    async with cut_off(parts, environment) as http:
        assert (await http.post(path, json=failed)).status_code == 503


async def test_a_shopper_is_told_to_reload(
    offered: str, parts: ApiParts, environment: Environment
) -> None:
    async with cut_off(parts, environment) as http:
        query = {"state": f"{offered}.x", "code": "c"}
        page = await http.get("/v1/identity/fayda/return", params=query)
    assert page.status_code == 503
    assert "reload this page" in page.text
