"""Whoever has just written can ask to read it, and nobody learns of what others write."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx
import pytest

from apps.checkout_api.app import create_app
from apps.checkout_api.own_writes import READ_AFTER_HEADER, WRITTEN_HEADER, written_headers
from apps.checkout_api.parts import ApiParts
from db.bnpl.views import plan_view
from db.kernel.inbox import lock_consumer
from tests.apps.checkout_api.conftest import Shop, with_key
from tests.backing import Databases

ACCEPT = {"agreement_version": "2026-11"}


@asynccontextmanager
async def held_back(databases: Databases, model: str) -> AsyncIterator[None]:
    """While this is open the consumer of the model takes nothing in."""
    async with databases["analytics"].write() as session:
        await lock_consumer(session=session, consumer=model)
        yield


async def ids(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [plan["id"] for plan in answer.json()["plans"]]


@pytest.mark.usefixtures("reading")
async def test_a_write_shows_at_once_to_whoever_asks_for_it(
    shop: Shop, databases: Databases
) -> None:
    async with held_back(databases, "plan_overview"):
        written = await shop.post("/v1/plans", shop.application())
        assert await ids(await shop.get("/v1/plans")) == []
        asked = asyncio.create_task(shop.get("/v1/plans", after=written))
        # The consumer is held back, so the answer can only be one that has waited.
        answer = await shop.get(f"/v1/plans/{written.json()['id']}")
        assert not asked.done()
    assert await ids(await asked) == [answer.json()["id"]]


@pytest.mark.usefixtures("reading")
async def test_what_does_not_show_in_time_is_said_so(
    shop: Shop, parts: ApiParts, databases: Databases
) -> None:
    hasty = create_app(parts=replace(parts, read_after_seconds_max=0))
    transport = httpx.ASGITransport(app=hasty)
    async with (
        held_back(databases, "plan_overview"),
        httpx.AsyncClient(transport=transport, base_url="http://api") as http,
    ):
        written = await shop.post("/v1/plans", shop.application())
        answer = await replace(shop, http=http).get("/v1/plans", after=written)
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["field"], problem["mender"]) == (
        503,
        "read_model_behind",
        READ_AFTER_HEADER,
        "meqenet",
    )
    assert answer.headers["Retry-After"] == "1"
    assert await ids(await shop.get("/v1/plans", after=written)) == [written.json()["id"]]


@pytest.mark.usefixtures("reading")
async def test_every_write_names_what_it_has_written(shop: Shop) -> None:
    applied = await shop.post("/v1/plans", shop.application(), key="apply")
    again = await shop.post("/v1/plans", shop.application(), key="apply")
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers[WRITTEN_HEADER] == applied.headers[WRITTEN_HEADER]
    await shop.customer().log_in(applied.json()["next_action"])
    path = f"/v1/plans/{applied.json()['id']}"
    read = await shop.get(path)
    accepted = await shop.post(f"{path}/accept", ACCEPT)
    names = [answer.headers[WRITTEN_HEADER] for answer in (applied, read, accepted)]
    assert len(set(names)) == 3
    for answer in (read, accepted):
        (plan,) = (await shop.get("/v1/plans", after=answer)).json()["plans"]
        states = {"offered": ("offered", "accepted", "active"), "active": ("active",)}
        assert plan["state"] in states[answer.json()["state"]]
    other = await shop.post("/v1/plans", shop.application(reference="to be cancelled"))
    cancelled = await shop.post(f"/v1/plans/{other.json()['id']}/cancel", {"reason": "no"})
    listed = await shop.get("/v1/plans", after=cancelled, state="cancelled")
    assert await ids(listed) == [other.json()["id"]]


@pytest.mark.usefixtures("reading")
async def test_an_active_plan_stands_on_the_statement_of_whoever_activated_it(
    shop: Shop, databases: Databases
) -> None:
    """The statement is told by another domain than the plan: its event is waited for as well."""
    applied = await shop.post("/v1/plans", shop.application())
    await shop.customer().log_in(applied.json()["next_action"])
    async with held_back(databases, "merchant_statement"):
        accepted = await shop.post(f"/v1/plans/{applied.json()['id']}/accept", ACCEPT)
        assert accepted.json()["state"] == "active"
        assert (await shop.get("/v1/statement")).json()["lines"] == []
    statement = (await shop.get("/v1/statement", after=accepted)).json()
    assert [line["plan"] for line in statement["lines"]] == [applied.json()["id"]]


@pytest.mark.usefixtures("reading")
async def test_what_plans_did_on_an_advanced_clock_shows_too(shop: Shop) -> None:
    clock = (await shop.post("/v1/test-clocks", {"now": "2026-11-23T06:00:00Z"})).json()
    path = f"/v1/test-clocks/{clock['id']}/advance"
    without = await shop.post(path, {"by_days": 1})
    assert WRITTEN_HEADER not in without.headers
    applied = await shop.post("/v1/plans", shop.application(test_clock=clock["id"]))
    await shop.customer().log_in(applied.json()["next_action"])
    advanced = await shop.post(path, {"by_days": 2})
    (plan,) = (await shop.get("/v1/plans", after=advanced)).json()["plans"]
    assert (plan["state"], plan["test_clock"]) == ("expired", clock["id"])


@pytest.mark.usefixtures("reading")
async def test_another_merchants_write_is_not_there(
    shop: Shop, databases: Databases, unique: str
) -> None:
    written = await shop.post("/v1/plans", shop.application())
    other = await with_key(http=shop.http, databases=databases, unique=f"{unique}0")
    for path in ("/v1/plans", "/v1/statement"):
        answer = await other.get(path, after=written)
        assert (answer.status_code, answer.json()["code"]) == (404, "write_unknown")
        assert answer.json()["field"] == READ_AFTER_HEADER
        assert written.json()["id"] not in answer.text


async def test_a_changed_name_is_not_there_either(shop: Shop, parts: ApiParts) -> None:
    written = await shop.post("/v1/plans", shop.application())
    async with parts.bnpl.write() as session:
        plan = await plan_view(session=session, plan_id=written.json()["id"])
    assert plan is not None
    name = written.headers[WRITTEN_HEADER]
    assert written_headers(parts=parts, plans=[plan]) == {WRITTEN_HEADER: name}
    sealed = bytearray(base64.urlsafe_b64decode(name + "=" * (-len(name) % 4)))
    sealed[-1] += 1
    changed = base64.urlsafe_b64encode(sealed).decode()
    headers = {"Authorization": f"Bearer {shop.api_key}", READ_AFTER_HEADER: changed}
    answer = await shop.http.get("/v1/plans", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (404, "write_unknown")


@pytest.mark.parametrize("text", ["", "x", "not base64!", "QUJD", "ብር".encode().hex() + "=" * 5])
@pytest.mark.parametrize("path", ["/v1/plans", "/v1/statement"])
async def test_what_is_no_name_is_told_so(keyholder: Shop, path: str, text: str) -> None:
    headers = {"Authorization": f"Bearer {keyholder.api_key}", READ_AFTER_HEADER: text}
    answer = await keyholder.http.get(path, headers=headers)
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (
        400,
        "read_after_malformed",
        READ_AFTER_HEADER,
    )


async def test_a_name_fits_into_a_header(shop: Shop, parts: ApiParts) -> None:
    applied = await shop.post("/v1/plans", shop.application())
    async with parts.bnpl.write() as session:
        plan = await plan_view(session=session, plan_id=applied.json()["id"])
    assert plan is not None
    largest = replace(plan, sequence=9_999, activated_on=plan.opened_at.date())
    headers = written_headers(parts=parts, plans=[largest] * 40)
    assert len(headers[WRITTEN_HEADER]) < 4_000
    assert written_headers(parts=parts, plans=[largest] * 41) == {}
