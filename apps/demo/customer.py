"""What a customer does with a browser and a phone, at the providers' sandboxes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

_TELEBIRR_PIN = "123456"


@dataclass(frozen=True)
class Customer:
    """Someone with a Fayda number and a phone. ``controls``: each sandbox's control URL."""

    http: httpx.AsyncClient
    controls: Mapping[str, str]
    fan: str
    phone: str

    async def log_in(self, action: Mapping[str, Any]) -> None:
        """Open the link that the checkout shows, log in at Fayda, and be sent back."""
        login = {"authorization_url": action["url"], "fan": self.fan}
        back = await self._post("fayda", "/login", login)
        (await self.http.get(back["redirect_to"])).raise_for_status()

    async def pay(self, action: Mapping[str, Any]) -> None:
        """Do what the checkout asks for before the plan is active."""
        match action["kind"]:
            case "confirm_on_phone":
                return  # the sandbox's customer enters the PIN of an M-PESA prompt by itself
            case "visit" | "open_app" if str(action.get("app_link", "")).startswith("merchant:"):
                signed = {"link": action["app_link"], "msisdn": self.phone, "pin": _TELEBIRR_PIN}
                await self._post("telebirr", "/superapp/sign", signed)
            case "visit" | "open_app":
                raw = action.get("app_link") or action["url"]
                paid = {"raw_request": raw, "msisdn": self.phone, "pin": _TELEBIRR_PIN}
                await self._post("telebirr", "/superapp/pay", paid)
            case other:
                raise ValueError(f"next_action: the customer has nothing to pay at {other}")

    async def open_wallet(self, *, provider: str, name: str, balance: str) -> None:
        """Get a wallet with some money in it."""
        pin = _TELEBIRR_PIN if provider == "telebirr" else "1234"
        wallet = {"msisdn": self.phone, "name": name, "pin": pin, "balance": balance}
        await self._post(provider, "/wallets", wallet)

    async def set_balance(self, *, provider: str, amount: str) -> None:
        """Spend elsewhere, or get paid."""
        path = f"/wallets/{self.phone}/balance"
        url = f"{self.controls[provider]}{path}"
        (await self.http.put(url, json={"amount": amount})).raise_for_status()

    async def _post(self, sandbox: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        answer = await self.http.post(f"{self.controls[sandbox]}{path}", json=dict(body))
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found
