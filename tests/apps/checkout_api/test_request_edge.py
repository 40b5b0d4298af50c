"""Every request has an id and one line in the log; nothing private is in either."""

import logging
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from apps.checkout_api.app import create_app
from apps.checkout_api.parts import ApiParts
from apps.runtime.ports import free_ports
from db.kernel.engine import Database
from meqenet.errors import Defect
from tests.apps.checkout_api.conftest import Shop


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Iterator[list[str]]:
    """Our log, line by line, as it grows."""
    found: list[str] = []

    class Keeper(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(self.format(record))

    handler = Keeper()
    logger = logging.getLogger("meqenet")
    logger.addHandler(handler)
    with caplog.at_level(logging.INFO, logger="meqenet"):
        yield found
    logger.removeHandler(handler)


async def test_a_line_names_the_route_and_neither_query_nor_secret(
    keyholder: Shop, lines: list[str], parts: ApiParts
) -> None:
    secret = parts.mpesa_callback_secret.get_secret_value()
    await keyholder.http.get("/v1/identity/fayda/return?state=nothing.private&code=a-code")
    await keyholder.http.post(f"/v1/callbacks/mpesa/{secret}/stk/pln_x-i01-a1", json={})
    answer = await keyholder.post("/v1/quotes", {"amount": "1000.00"})
    text = "\n".join(lines)
    assert "GET /v1/identity/fayda/return 400" in text
    assert "POST /v1/callbacks/mpesa/{secret}/stk/{order_id} 400" in text
    line = next(line for line in lines if "POST /v1/quotes 200" in line)
    assert f"request={answer.headers['x-request-id']}" in line
    assert f"merchant={keyholder.merchant_id}" in line
    assert not any(word in text for word in ("a-code", "nothing.private", secret, "mqk_"))


async def _with_broken(parts: ApiParts, error: Exception, shop: Shop) -> httpx.Response:
    class Broken:
        def read(self) -> None:
            raise error

    app = create_app(parts=replace(parts, bnpl=Broken()))  # type: ignore[arg-type]  # breaks on purpose
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as http:
        return await replace(shop, http=http).post("/v1/quotes", {"amount": "1000.00"})


async def test_an_unexpected_error_is_answered_with_an_id_that_the_log_has(
    parts: ApiParts, keyholder: Shop, lines: list[str]
) -> None:
    answer = await _with_broken(parts, ValueError("251911223344"), keyholder)
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["mender"]) == (
        500,
        "unexpected",
        "meqenet",
    )
    request_id = problem["instance"].removeprefix("urn:meqenet:request:")
    assert answer.headers["x-request-id"] == request_id
    told = next(line for line in lines if "failed unexpectedly" in line)
    assert request_id in told
    assert "ValueError" in told
    assert "quotes.py" in told
    assert "251911223344" not in answer.text + "\n".join(lines)


async def test_a_defect_of_ours_is_told_to_the_log_and_not_to_the_caller(
    parts: ApiParts, keyholder: Shop, lines: list[str]
) -> None:
    defect = Defect("books_broken", "page 12 is missing")
    answer = await _with_broken(parts, defect, keyholder)
    assert answer.status_code == 500
    assert "page 12" not in answer.text
    assert any("books_broken: page 12 is missing" in line for line in lines)


async def test_a_store_that_is_away_is_a_503_with_a_time_to_come_back(
    parts: ApiParts, keyholder: Shop
) -> None:
    (port,) = free_ports(count=1)
    gone = Database(url=f"postgresql+asyncpg://nobody@127.0.0.1:{port}/nothing")
    app = create_app(parts=replace(parts, bnpl=gone))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as http:
        shop = replace(keyholder, http=http)
        answer = await shop.get(f"/v1/plans/pln_{'a' * 20}")
    await gone.dispose()
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    assert int(answer.headers["retry-after"]) >= 1
