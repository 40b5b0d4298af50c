"""Members of staff with keys of their own, and plans that have failed."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx

from apps.demo.customer import Customer
from db.auth.staff import issue_staff_key
from meqenet.auth.keys import new_staff_key
from meqenet.auth.roles import Role
from meqenet.identity import derived_id
from meqenet.kyc.numbers import verhoeff_digit
from tests.apps.checkout_api.conftest import Shop
from tests.backing import Databases
from tests.waiting import eventually
from workers.opening import utc_now

STARTS_AT = datetime.fromisoformat("2026-12-01T09:00:00+00:00")
WHY = {"why": "the customer called"}


@dataclass
class Agent:
    """A member of staff. Every write gets a fresh idempotency key unless one is given."""

    http: httpx.AsyncClient
    staff_id: str
    key: str

    async def get(self, path: str, **query: str | int) -> httpx.Response:
        return await self.http.get(path, params=query, headers=self._headers())

    async def post(
        self, path: str, body: Mapping[str, object] | None = None, *, key: str | None = None
    ) -> httpx.Response:
        headers = {**self._headers(), "Idempotency-Key": key or secrets.token_hex(8)}
        return await self.http.post(path, json=dict(body or WHY), headers=headers)

    async def plan(self, plan_id: str) -> dict[str, Any]:
        answer = await self.get(f"/v1/support/plans/{plan_id}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}


async def agent_of(*, http: httpx.AsyncClient, databases: Databases, role: Role) -> Agent:
    """Somebody with that role, unknown to every other test."""
    handle = f"agent-{secrets.token_hex(6)}"
    staff_id = derived_id(prefix="stf", parts=(handle,))
    key = new_staff_key(randomness=secrets.token_bytes)
    async with databases["auth"].write() as session:
        await issue_staff_key(
            session=session,
            staff_id=staff_id,
            handle=handle,
            role=role,
            key_id=key.key_id,
            secret_hash=key.secret_hash,
            at=utc_now(),
        )
    return Agent(http=http, staff_id=staff_id, key=key.text)


@dataclass
class FailedPlan:
    """A plan on a test clock whose one installment could not be collected yet."""

    shop: Shop
    plan_id: str
    clock: str
    customer: Customer

    @property
    def path(self) -> str:
        return f"/v1/support/plans/{self.plan_id}"

    async def state(self) -> str:
        return str((await self.shop.get(f"/v1/plans/{self.plan_id}")).json()["state"])

    async def log_in(self) -> None:
        """The customer, at Fayda."""
        shown = await self.shop.get(f"/v1/plans/{self.plan_id}")
        await self.customer.log_in(shown.json()["next_action"])

    async def top_up(self) -> None:
        await self.customer.set_balance(provider="mpesa", amount="5000.00")

    async def debits(self) -> list[dict[str, Any]]:
        """What left the customer's wallet, by the provider's books."""
        found = await self.shop.http.get(f"{self.shop.controls['mpesa']}/statement")
        wallet = f"wallet:{self.customer.phone}"
        return [row for row in found.json() if row["debit"] == wallet]

    async def days_pass(self, days: int) -> None:
        path = f"/v1/test-clocks/{self.clock}"
        now = datetime.fromisoformat((await self.shop.get(path)).json()["now"])
        to = now + timedelta(days=days)
        answer = await self.shop.post(f"{path}/advance", {"to": to.isoformat()})
        assert answer.status_code in (200, 202), answer.text
        await eventually(
            lambda: self.shop.get(path), lambda found: found.json()["status"] == "ready"
        )


async def applied_plan(
    shop: Shop,
    *,
    starts_at: datetime = STARTS_AT,
    balance: str = "0.00",
    birthdate: str = "1990-05-14",
    **changes: Any,  # noqa: ANN401 - what the checkout asks for is of any type
) -> FailedPlan:
    """A plan on a test clock whose customer has to log in: somebody of the test's own.

    ``changes`` are of what the checkout asks for.
    """
    digits = int(shop.unique, 16) % 10**8
    fan = await _enrolled(shop, birthdate=birthdate)
    customer = Customer(shop.http, shop.controls, fan, f"2517{digits:08d}")
    await customer.open_wallet(provider="mpesa", name="Test", balance=balance)
    made = await shop.post("/v1/test-clocks", {"now": starts_at.isoformat()})
    clock = made.json()["id"]
    person = {"fayda_number": fan, "consent_version": "2026-11"}
    wanted = shop.application(test_clock=clock, customer=person, **changes)
    applied = await shop.post("/v1/plans", wanted)
    assert applied.status_code == 201, applied.text
    return FailedPlan(shop=shop, plan_id=applied.json()["id"], clock=clock, customer=customer)


async def failed_plan(
    shop: Shop,
    *,
    starts_at: datetime = STARTS_AT,
    days: int = 30,
    balance: str = "0.00",
    **changes: Any,  # noqa: ANN401 - what the checkout asks for is of any type
) -> FailedPlan:
    """1000 birr, due in thirty days, by default from the first of December: the wallet is empty.

    With fewer ``days`` it is not due yet. ``changes`` are of what the checkout asks for.
    """
    failed = await applied_plan(shop, starts_at=starts_at, balance=balance, **changes)
    await failed.log_in()
    path = f"/v1/plans/{failed.plan_id}"
    accepted = await shop.post(f"{path}/accept", {"agreement_version": "2026-11"})
    assert accepted.status_code == 200, accepted.text
    await eventually(failed.state, lambda found: found == "active")
    await failed.days_pass(days)
    return failed


async def _enrolled(shop: Shop, *, birthdate: str) -> str:
    """The number of somebody of the test's own, whom no other plan has left in arrears."""
    body = f"7{int(shop.unique, 16) % 10**14:014d}"
    fan = body + verhoeff_digit(digits=body)
    person = {"fan": fan, "name": "Test Customer", "birthdate": birthdate}
    (await shop.http.post(f"{shop.controls['fayda']}/people", json=person)).raise_for_status()
    return fan
