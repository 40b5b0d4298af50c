"""The demo's scenario: shoppers at checkout, then months of a test clock."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx

from apps.demo.cast import CAST, DAYS, Part
from apps.demo.customer import Customer
from apps.demo.shop import Purchase, Shop
from apps.demo.view import Scene
from meqenet.calendar import addis_date, at_addis

_ENDED = ("completed", "declined", "cancelled", "expired", "written_off")
_STEP_DAYS = 5
_EVENING_HOUR = 18
_CHECKOUTS_AT_ONCE = 3


@dataclass
class Stage:
    """Shops, shoppers and a clock per shop. ``show`` is called whenever something moved."""

    http: httpx.AsyncClient
    shops: Mapping[str, Shop]
    controls: Mapping[str, str]
    started_at: datetime
    show: Callable[[], None]
    scenes: list[Scene] = field(default_factory=lambda: [Scene(part=part) for part in CAST])
    clocks: dict[str, str] = field(default_factory=dict)
    now: datetime | None = None
    said: str = ""

    def say(self, text: str) -> None:
        """Tell the audience what is going on."""
        self.said = text
        self.show()

    async def play(self) -> None:
        """Everyone checks out; then the clocks run until every plan is over."""
        self.now = self.started_at
        for handle, shop in self.shops.items():
            self.clocks[handle] = await shop.new_clock(name=handle, now=self.now)
        self.say("shoppers check out")
        doors = asyncio.Semaphore(_CHECKOUTS_AT_ONCE)

        async def check_out(scene: Scene) -> None:
            async with doors:
                await self._check_out(scene)

        await asyncio.gather(*(check_out(scene) for scene in self.scenes))
        for day in self._days():
            await self._spend_and_earn(day)
            await self._advance(to=self._evening(day))
            if all(scene.state in _ENDED for scene in self.scenes):
                break
        self.say("every plan is over")

    async def _check_out(self, scene: Scene) -> None:
        part, shop = scene.part, self.shops[scene.part.shop]
        customer = self._customer(part)
        await customer.open_wallet(
            provider=part.provider, name=part.shopper.title(), balance=part.wallet
        )
        scene.plan = await shop.apply(self._purchase(part))
        plan_id = str(scene.plan["id"])
        self.say(f"{part.shopper} logs in at Fayda")
        await customer.log_in(scene.plan["next_action"])
        await self._read(scene, lambda plan: plan["state"] != "identity_required")
        if scene.state != "offered":
            self.say(f"{part.shopper} is {scene.state}")
            return
        scene.plan = await shop.accept(plan_id)
        if part.cancels:
            scene.plan = await shop.cancel(plan_id, reason="changed their mind")
            self.say(f"{part.shopper} changes their mind")
            return
        self.say(f"{part.shopper} pays with {part.provider}")
        await self._read(scene, lambda plan: bool(plan["next_action"]) or plan["state"] == "active")
        if scene.plan["next_action"]:
            await customer.pay(scene.plan["next_action"])
        await self._read(scene, lambda plan: plan["state"] == "active")

    def _purchase(self, part: Part) -> Purchase:
        return Purchase(
            reference=f"demo-{part.shopper}-{part.option}",
            option=part.option,
            amount=part.amount,
            description=part.goods,
            fayda_number=part.fan,
            provider=part.provider,
            phone=part.phone,
            installment_count=part.installment_count,
            test_clock=self.clocks[part.shop],
        )

    def _customer(self, part: Part) -> Customer:
        return Customer(self.http, self.controls, part.fan, part.phone)

    def _days(self) -> list[int]:
        """Days at which the audience is shown the plans: a few a month, and where money moves."""
        special = set()
        for part in CAST:
            if part.short_on_day is not None and part.paid_again_on_day is not None:
                special |= {part.short_on_day, part.paid_again_on_day - 1, part.paid_again_on_day}
        return sorted({*range(_STEP_DAYS, DAYS + 1, _STEP_DAYS), *special})

    def _evening(self, day: int) -> datetime:
        on = addis_date(at=self.started_at) + timedelta(days=day)
        return at_addis(on=on, hour=_EVENING_HOUR)

    async def _spend_and_earn(self, day: int) -> None:
        for scene in self.scenes:
            part = scene.part
            amounts = {part.short_on_day: "0.00", part.paid_again_on_day: part.wallet}
            if day in amounts:
                await self._customer(part).set_balance(provider=part.provider, amount=amounts[day])
                change = "is empty" if amounts[day] == "0.00" else "has money again"
                self.say(f"{part.shopper}'s wallet {change}")

    async def _advance(self, *, to: datetime) -> None:
        if self.now is None or to <= self.now:
            return
        moved = [self.shops[handle].advance(clock, to=to) for handle, clock in self.clocks.items()]
        await asyncio.gather(*moved)
        self.now = to
        for scene in self.scenes:
            if scene.plan is not None and scene.state not in _ENDED:
                await self._read(scene, lambda _plan: True)
        self.say("time passes")

    async def _read(self, scene: Scene, holds: Callable[[dict[str, Any]], bool]) -> None:
        if scene.plan is None:
            raise ValueError("the plan has not been started")
        shop = self.shops[scene.part.shop]
        scene.plan = await shop.until(str(scene.plan["id"]), holds)
        self.show()
