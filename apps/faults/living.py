"""One scenario from application to the end: everybody does what is asked of them, time passes."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

import httpx
from temporalio.client import WorkflowHandle

from apps.demo.customer import Customer
from apps.demo.shop import Purchase, ShopProblem
from apps.faults.drawing import Scenario
from apps.faults.mishaps import Mishap
from apps.faults.patience import patiently
from apps.faults.planting import plant, plant_payout
from apps.faults.world import World
from db.payments.views import attempts_of
from meqenet.calendar import at_addis
from meqenet.identity import wire_id
from meqenet.payments.attempts import OrderState
from workflows.messages import RetryInstallment, RetryMoneyOut, plan_workflow_id
from workflows.plan import PaymentPlanWorkflow

MARKS: Final = 4
"""So often a life says that it has come further."""
_CLOSED: Final = frozenset({"completed", "cancelled", "expired", "declined", "written_off"})
_LIVING: Final = frozenset({"active", "past_due"})
_STAFF: Final = "stf_faults"
_DAYS_AT_ONCE: Final = 4
_DAYS_MAX: Final = 60
_AGAIN_AFTER_MS: Final = 500
_MS: Final = 1000


@dataclass
class Life:
    """A scenario that is lived. ``mark`` is called whenever it has come further."""

    world: World
    scenario: Scenario
    mark: Callable[[], None]
    customer: Customer = field(init=False)
    clock: str = ""
    plan_id: str = ""
    plan: dict[str, Any] = field(default_factory=dict)
    marked: int = 0

    async def live(self) -> None:
        """To the end, or for as long as there is hope of it.

        Raises:
            TimeoutError: something that must come did not.
            ShopProblem: our API refused what nobody should be refused.
        """
        await self._apply()
        self._come_further()
        await self._check_out()
        self._come_further()
        if self.plan["state"] in _LIVING:
            await plant_payout(
                world=self.world, scenario=self.scenario, plan=self.plan, clock=self.clock
            )
            await self._spend_and_earn()
            self._come_further()
            await self._until_completed()
        self._come_further()

    def _come_further(self) -> None:
        self.marked += 1
        self.mark()

    async def _apply(self) -> None:
        scenario, world = self.scenario, self.world
        self.customer = await world.customer(seed=scenario.seed, provider=scenario.provider)
        reference = f"faults-{world.number}-{scenario.seed}"
        noon = at_addis(on=scenario.starts_on, hour=12)
        self.clock = await world.shop.new_clock(name=reference, now=noon)
        purchase = Purchase(
            reference=reference,
            option=scenario.option,
            amount=str(scenario.amount),
            description="goods",
            fayda_number=self.customer.fan,
            provider=scenario.provider,
            phone=self.customer.phone,
            test_clock=self.clock,
        )
        self.plan = await world.shop.apply(purchase)
        self.plan_id = str(self.plan["id"])
        await plant(world=world, scenario=scenario, plan_id=self.plan_id)

    async def _check_out(self) -> None:
        """Do what the checkout asks for, as often as it asks, until nothing is open any more."""
        done: object = None
        while True:
            self.plan = await self.world.shop.until(
                self.plan_id,
                lambda plan: _is_over(plan) or _asked(plan) not in (None, done),  # noqa: B023 - waited for
            )
            if _is_over(self.plan):
                return
            try:
                await self._do(self.plan["next_action"])
            except httpx.HTTPError:
                # A page that was lost on the way, or a payment that has been made: look again.
                await asyncio.sleep(_AGAIN_AFTER_MS / _MS)
            else:
                is_retry = self.plan["next_action"]["kind"] == "retry_payment"
                done = None if is_retry else _asked(self.plan)

    async def _do(self, action: dict[str, Any]) -> None:
        match action["kind"]:
            case "accept_offer":
                await self.world.shop.accept(self.plan_id)
            case "retry_payment":
                # One more payment for each that has failed, however often we see that it has.
                key = f"again-{self.plan_id}-{await self._failures()}"
                await self.world.shop.accept(self.plan_id, key=key)
                await asyncio.sleep(_AGAIN_AFTER_MS / _MS)
            case "visit" if self.plan["state"] == "identity_required":
                await self.customer.log_in(action)
            case _:
                await self.customer.pay(action)

    async def _failures(self) -> int:
        async def count() -> int:
            async with self.world.payments.read() as session:
                tried = await attempts_of(session=session, plan_id=self.plan_id)
            return sum(attempt.state is OrderState.FAILED for attempt in tried)

        return await patiently(count)

    async def _spend_and_earn(self) -> None:
        """Wallets that are to be found empty are so from before the due day to its evening."""
        for plot, row in zip(self.scenario.collections, self.plan["schedule"], strict=True):
            if not plot.is_empty:
                continue
            due_on = date.fromisoformat(row["due_on"]["gregorian"])
            await self._advance(at_addis(on=due_on - timedelta(days=1), hour=18))
            wallet = f"{self.world.controls[self.scenario.provider]}/wallets/{self.customer.phone}"
            found = await self.world.http.get(wallet)
            await self._set_balance("0.00")
            await self._advance(at_addis(on=due_on, hour=20))
            await self._set_balance(str(found.json()["balance"]))

    async def _set_balance(self, amount: str) -> None:
        await self.customer.set_balance(provider=self.scenario.provider, amount=amount)

    async def _until_completed(self) -> None:
        last = max(date.fromisoformat(row["due_on"]["gregorian"]) for row in self.plan["schedule"])
        on = max(last, date.fromisoformat(self.plan["settlement_due_at"][:10]))
        for day in range(1, _DAYS_MAX, _DAYS_AT_ONCE):
            await self._advance(at_addis(on=on + timedelta(days=day), hour=20))
            self.plan = await self.world.shop.plan(self.plan_id)
            if self.plan["state"] in _CLOSED:
                return
            await self._help()

    async def _help(self) -> None:
        """What people do: a failed collection is tried again, a rejected payout sent again."""
        for row in self.plan["schedule"]:
            if row["state"] == "failed":
                retry = RetryInstallment(
                    number=row["number"], who=_STAFF, why="the customer called"
                )
                await self._update("retry_installment", retry, name=f"retry-{row['number']}")
        if self.scenario.payout is Mishap.PAYOUT_REJECTED and not self.plan["merchant_paid"]:
            again = RetryMoneyOut(who=_STAFF, why="the account was corrected")
            await self._update("retry_payout", again, name="payout")

    async def _update(self, update: str, request: object, *, name: str) -> None:
        handle: WorkflowHandle[PaymentPlanWorkflow, object] = (
            self.world.temporal.get_workflow_handle(plan_workflow_id(plan_id=self.plan_id))
        )
        # Under an id of its own it is done once, however often it has to be asked for.
        update_id = f"{name}-{self.plan_id}-{self.plan['changed_at']}"
        await patiently(lambda: handle.execute_update(update, request, id=update_id))

    async def _advance(self, to: datetime) -> None:
        try:
            await self.world.shop.advance(self.clock, to=to)
        except ShopProblem as problem:
            # Sent again after its answer was lost, and by then it was on its way or there.
            if not problem.code.startswith("test_clock_"):
                raise
            await self.world.shop.at_rest(self.clock)

    async def hear_all_again(self) -> None:
        """Deliver every callback of this plan's orders once more, in any order."""
        sent = await self.world.rows(
            f"{self.world.controls[self.scenario.provider]}/callbacks", last="1000"
        )
        mine = wire_id(meqenet_id=self.plan_id)
        letters = [row for row in sent if wire_id(meqenet_id=row["reference"]).startswith(mine)]
        random.Random(self.scenario.seed).shuffle(letters)  # noqa: S311 - a plot is no secret
        for letter in letters:
            headers = {"Content-Type": "application/json"}
            answer = await self.world.http.post(
                letter["url"], content=letter["body"], headers=headers
            )
            answer.raise_for_status()


def _is_over(plan: dict[str, Any]) -> bool:
    return plan["state"] in _LIVING | _CLOSED


def _asked(plan: dict[str, Any]) -> tuple[str, str] | None:
    """What the customer is asked to do, to be done once; None when it is nothing."""
    action = plan["next_action"]
    if action is None:
        return None
    return (action["kind"], str(action["app_link"] or action["url"]))
