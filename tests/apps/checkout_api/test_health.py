"""What a load balancer is told."""

from dataclasses import replace

import httpx
import pytest

from apps.checkout_api.app import create_app
from apps.checkout_api.parts import ApiParts
from apps.runtime.ports import free_ports
from db.kernel.engine import Database


async def test_the_process_lives_and_every_part_answers(http: httpx.AsyncClient) -> None:
    assert (await http.get("/healthz")).json() == {"status": "alive"}
    answer = await http.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["status"] == "ready"
    assert set(answer.json()["parts"]) == {
        "auth",
        "bnpl",
        "marketplace",
        "payments",
        "settlement",
        "disputes",
        "analytics",
        "temporal",
    }


@pytest.mark.parametrize(("domain", "status"), [("bnpl", 503), ("analytics", 200)])
async def test_a_store_that_does_not_answer_is_named_and_its_address_is_not(
    parts: ApiParts, domain: str, status: int
) -> None:
    """Checkouts go on without reports."""
    (port,) = free_ports(count=1)
    gone = Database(url=f"postgresql+asyncpg://someone:secret@127.0.0.1:{port}/nothing")
    app = create_app(parts=replace(parts, stores={**parts.stores, domain: gone}))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as http:
        answer = await http.get("/readyz")
        assert (await http.get("/healthz")).status_code == 200
    await gone.dispose()
    assert answer.status_code == status
    assert answer.json()["status"] == ("ready" if status == 200 else "not_ready")
    found = answer.json()["parts"]
    assert found.pop(domain) == "not_ready"
    assert set(found.values()) == {"ready"}
    assert "secret" not in answer.text
