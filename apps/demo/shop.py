"""A merchant's checkout: what an integration sends to the API, and nothing else."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

_POLL_MS = 50
_POLL_MS_MAX = 600
"""What has not come soon is looked for less often: each look costs the server a question."""
_CLOCK_POLL_MS_MAX = 2000
"""A clock that was watched while it advanced and is not ready has long to go, and each look asks
its workflow.
"""
_WAIT_SECONDS_MAX = 60
_MS = 1000


class ShopProblem(Exception):
    """The API answered with a problem; ``code`` is its stable name."""

    def __init__(self, *, status: int, problem: dict[str, Any]) -> None:
        super().__init__(f"{status} {problem.get('code')}: {problem.get('detail')}")
        self.status = status
        self.code = str(problem.get("code"))
        self.problem = problem


@dataclass(frozen=True, kw_only=True)
class Purchase:
    """What a shopper puts in the basket, and how it is to be paid."""

    reference: str
    option: str
    amount: str
    description: str
    fayda_number: str
    provider: str
    phone: str
    installment_count: int | None = None
    test_clock: str | None = None
    return_url: str | None = None
    monthly_income: str | None = None
    email: str | None = None

    def body(self) -> dict[str, Any]:
        """The application as JSON."""
        customer: dict[str, Any] = {
            "fayda_number": self.fayda_number,
            "consent_version": "2026-11",
        }
        if self.monthly_income is not None:
            customer["monthly_income"] = self.monthly_income
        if self.email is not None:
            customer["email"] = self.email
        optional = {
            "installment_count": self.installment_count,
            "test_clock": self.test_clock,
            "return_url": self.return_url,
        }
        return {
            "reference": self.reference,
            "option": self.option,
            "amount": self.amount,
            "description": self.description,
            "customer": customer,
            "wallet": {"provider": self.provider, "phone": self.phone},
            **{name: value for name, value in optional.items() if value is not None},
        }


@dataclass(frozen=True)
class Shop:
    """A merchant with its API key, which looks after ``poll_ms``, and then ever more rarely."""

    http: httpx.AsyncClient
    api_url: str
    merchant_id: str
    api_key: str
    poll_ms: int = _POLL_MS
    wait_seconds_max: int = _WAIT_SECONDS_MAX

    async def quotes(self, *, amount: str) -> dict[str, Any]:
        """All four options for an amount."""
        return await self._send("POST", "/v1/quotes", {"amount": amount}, key=f"quote-{amount}")

    async def apply(self, purchase: Purchase, *, key: str | None = None) -> dict[str, Any]:
        """Start a plan."""
        key = key or f"apply-{purchase.reference}"
        return await self._send("POST", "/v1/plans", purchase.body(), key=key)

    async def plan(self, plan_id: str) -> dict[str, Any]:
        """A plan as it stands."""
        return await self._send("GET", f"/v1/plans/{plan_id}")

    async def accept(self, plan_id: str, *, key: str | None = None) -> dict[str, Any]:
        """The shopper accepts the offer."""
        body = {"agreement_version": "2026-11"}
        key = key or f"accept-{plan_id}"
        return await self._send("POST", f"/v1/plans/{plan_id}/accept", body, key=key)

    async def cancel(self, plan_id: str, *, reason: str) -> dict[str, Any]:
        """The shopper changes their mind before the plan is active."""
        path = f"/v1/plans/{plan_id}/cancel"
        return await self._send("POST", path, {"reason": reason}, key=f"cancel-{plan_id}")

    async def new_clock(self, *, name: str, now: datetime) -> str:
        """Make a test clock; its id is the answer."""
        body = {"now": now.isoformat()}
        made = await self._send("POST", "/v1/test-clocks", body, key=f"clock-{name}")
        return str(made["id"])

    async def advance(self, clock_id: str, *, to: datetime) -> dict[str, Any]:
        """Move a test clock, and wait until all that was due on the way is done."""
        path = f"/v1/test-clocks/{clock_id}"
        body = {"to": to.isoformat()}
        key = f"advance-{clock_id}-{to.isoformat()}"
        await self._send("POST", f"{path}/advance", body, key=key)
        return await self.at_rest(clock_id)

    async def at_rest(self, clock_id: str) -> dict[str, Any]:
        """Wait until all that is due on a test clock is done."""
        path = f"/v1/test-clocks/{clock_id}"
        return await self._until(
            path, lambda clock: clock["status"] == "ready", poll_ms_max=_CLOCK_POLL_MS_MAX
        )

    async def until(self, plan_id: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Read a plan until something holds of it."""
        return await self._until(f"/v1/plans/{plan_id}", holds)

    async def _until(
        self,
        path: str,
        holds: Callable[[dict[str, Any]], bool],
        *,
        poll_ms_max: int = _POLL_MS_MAX,
    ) -> dict[str, Any]:
        wait_ms = self.poll_ms
        async with asyncio.timeout(self.wait_seconds_max):
            while not holds(found := await self._send("GET", path)):
                await asyncio.sleep(wait_ms / _MS)
                wait_ms = min(wait_ms * 3 // 2, max(self.poll_ms, poll_ms_max))
        return found

    async def _send(
        self, method: str, path: str, body: dict[str, Any] | None = None, *, key: str = ""
    ) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.api_key}"}
        if key:
            headers["Idempotency-Key"] = key
        answer = await self.http.request(
            method, f"{self.api_url}{path}", json=body, headers=headers
        )
        if answer.status_code >= httpx.codes.BAD_REQUEST:
            raise ShopProblem(status=answer.status_code, problem=answer.json())
        found: dict[str, Any] = answer.json()
        return found
