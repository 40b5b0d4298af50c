"""Plans that stand at a certain point of their lives, and how each goes on from there."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx
from temporalio.client import WorkflowHandle

from apps.demo.customer import Customer
from apps.faults.paydays import first_payout
from meqenet.identity import wire_id
from tests.journeys.conftest import Town
from tests.waiting import eventually
from workflows.messages import RetryInstallment, RetryMoneyOut, plan_workflow_id
from workflows.plan import PaymentPlanWorkflow
from workflows.plan_life import PlanOutcome

HOLD_MS = 600_000
"""Longer than any test: the answer is held until the caller's connection is gone."""
BALANCE = "60000.00"
PULL = {"mpesa": "stk_push", "telebirr": "disburseOrder"}
REFUND = {"mpesa": "reversal", "telebirr": "refund"}


@dataclass
class Member:
    """One of the plans. ``clock`` is its test clock's id, None for real time."""

    town: Town
    stage: "Stage"
    provider: str
    option: str
    clock: str | None
    group: str
    """Plans of one group live by clocks that are moved alike."""
    customer: Customer = field(init=False)
    plan_id: str = ""
    page: dict[str, Any] = field(default_factory=dict)
    """What the customer was asked to do at checkout: the page stays open in the browser."""

    @property
    def phone(self) -> str:
        """Where the sandbox's control API has the customer's phone."""
        return f"{self.town.controls[self.provider]}/phones/{self.customer.phone}"

    async def apply(self) -> None:
        self.customer = await self.town.customer(
            provider=self.provider, person=self.stage.person, balance=BALANCE
        )
        amount, count = ("9999.99", 6) if self.option == "pay_over_time" else ("4000.00", None)
        purchase = self.town.purchase(
            self.customer, self.option, amount=amount, count=count, clock=self.clock
        )
        plan = await self.town.shop.apply(purchase)
        self.plan_id = str(plan["id"])

    async def log_in(self) -> None:
        plan = await self.town.shop.plan(self.plan_id)
        await self.customer.log_in(plan["next_action"])

    async def accept(self, *, key: str | None = None) -> None:
        await self.until("offered", "accepted")
        await self.town.shop.accept(self.plan_id, key=key)

    async def pay(self) -> None:
        await self.town.pay(self.customer, self.plan_id)

    async def until(self, *states: str) -> None:
        await self.town.shop.until(self.plan_id, lambda plan: plan["state"] in states)

    async def asked_to(self, kind: str) -> dict[str, Any]:
        """Wait until the customer is asked to do this; the plan."""
        return await self.town.shop.until(
            self.plan_id, lambda plan: (plan["next_action"] or {}).get("kind") == kind
        )

    async def balance(self, amount: str) -> None:
        await self.customer.set_balance(provider=self.provider, amount=amount)

    async def prompts_wait(self) -> None:
        """From now on somebody has to answer the prompts on this phone."""
        await self.post(f"{self.phone}/mode", mode="manual")

    async def prompted(self) -> None:
        await eventually(partial(self.get, f"{self.phone}/prompts"), bool)

    async def answer_prompt(self) -> None:
        await self.post(f"{self.phone}/answer", pin="1234")
        await self.post(f"{self.phone}/mode", mode="auto")

    async def lose_next_answer(self, operation: str, *, subject: str | None = None) -> None:
        """The provider acts, and holds its answer until nobody waits for it any more."""
        await self.town.fault(
            self.provider,
            operation=operation,
            outcome="timeout_after_commit",
            subject=subject or self.customer.phone,
            delay_ms=HOLD_MS,
        )

    async def taken(self, sandbox: str) -> None:
        """Wait until every fault of a sandbox has happened."""
        url = f"{self.town.controls[sandbox]}/next"
        await eventually(partial(self.get, url), lambda waiting: not waiting)

    async def get(self, url: str) -> list[Any]:
        answer = await self.town.http.get(url)
        answer.raise_for_status()
        found: list[Any] = answer.json()
        return found

    async def post(self, url: str, **body: str) -> None:
        (await self.town.http.post(url, json=body)).raise_for_status()

    @property
    def process(self) -> WorkflowHandle[PaymentPlanWorkflow, PlanOutcome]:
        """The plan's present run."""
        return self.town.temporal.get_workflow_handle_for(
            PaymentPlanWorkflow.run, plan_workflow_id(plan_id=self.plan_id)
        )


Deed = Callable[[Member], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A point in a plan's life.

    Attributes:
        reach: brings a plan there, or to where only its clock has to move.
        go_on: what people do once the plan is there again.
        end: the plan's last state.
        notices: what its merchant hears in all.
        debits: how many payments are made in all; None is one for each installment.
        person: of Fayda's well-known people; None is somebody new.
        is_brief: it does not last: a worker waits for an answer only so long.
    """

    name: str
    reach: Deed
    go_on: Deed
    end: str = "completed"
    notices: tuple[str, ...] = ("plan.approved", "plan.settled", "plan.completed")
    debits: int | None = None
    person: str | None = None
    is_brief: bool = False


async def nothing(_member: Member) -> None:
    """Time alone brings it on."""


async def active(m: Member) -> None:
    await offered(m)
    await m.accept()
    await m.pay()
    await m.until("active")


async def offered(m: Member) -> None:
    await m.apply()
    await m.log_in()
    await m.until("offered", "declined")


async def declined(m: Member) -> None:
    """For a reason that the merchant can read."""
    await offered(m)
    plan = await m.town.shop.plan(m.plan_id)
    assert [reason["code"] for reason in plan["decline_reasons"]] == ["under_age"]


async def log_in_and_pay(m: Member) -> None:
    await m.log_in()
    await accept_and_pay(m)


async def accept_and_pay(m: Member) -> None:
    await m.accept()
    await m.pay()
    await m.until("active")


async def cancel(m: Member) -> None:
    await m.town.shop.cancel(m.plan_id, reason="changed their mind")
    await m.until("cancelled")


async def asked_to_pay(m: Member) -> None:
    """The page is open, the prompt is on the phone, or the mandate is to be signed."""
    await offered(m)
    if m.provider == "mpesa":
        await m.prompts_wait()
    await m.accept()
    if m.provider == "mpesa":
        await m.prompted()
    else:
        plan = await m.town.shop.until(m.plan_id, lambda found: bool(found["next_action"]))
        m.page = plan["next_action"]


async def pay_at_last(m: Member) -> None:
    await (m.answer_prompt() if m.provider == "mpesa" else m.pay())
    await m.until("active")


async def paid_unheard(m: Member) -> None:
    """The payment at checkout is made, and its answer and callback do not get through."""
    await offered(m)
    await m.town.fault(
        m.provider, operation="stk_push", outcome="drop_callback", subject=m.customer.phone
    )
    await m.lose_next_answer("stk_push")
    await m.accept()


async def heard_at_last(m: Member) -> None:
    await m.until("active")


async def unpaid(m: Member) -> None:
    """The payment at checkout has failed."""
    await offered(m)
    await m.balance("0.00")
    await m.accept()
    if m.provider == "telebirr":
        with suppress(httpx.HTTPStatusError):  # the app tells the customer that there is no money
            await m.pay()
    plan = await m.asked_to("retry_payment")
    assert plan["state"] == "accepted"


async def try_again(m: Member) -> None:
    await m.balance(BALANCE)
    await m.accept(key=f"again-{m.plan_id}")
    await m.pay()
    await m.until("active")


async def refund_unheard(m: Member) -> None:
    """Cancelled while the customer paid; the money goes back, and nobody has heard that."""
    await asked_to_pay(m)
    paid = f"{m.plan_id}-i01-a1"
    subject = f"{paid}-r1" if m.provider == "mpesa" else wire_id(meqenet_id=paid)
    await m.lose_next_answer(REFUND[m.provider], subject=subject)
    await cancel(m)
    await (m.answer_prompt() if m.provider == "mpesa" else m.customer.pay(m.page))


async def broke(m: Member) -> None:
    """Active, with no money for what falls due."""
    await active(m)
    await m.balance("0.00")


async def has_money(m: Member) -> None:
    await m.balance(BALANCE)


async def collect_again(m: Member) -> None:
    await m.balance(BALANCE)
    retry = RetryInstallment(number=2, who="stf_1", why="the customer called")
    await m.process.execute_update(PaymentPlanWorkflow.retry_installment, retry)


async def payout_refused(m: Member) -> None:
    await active(m)
    await _payout_goes_wrong(m, outcome="refuse", code="AC04")


async def pay_out_again(m: Member) -> None:
    again = RetryMoneyOut(who="stf_1", why="the account was corrected")
    await m.process.execute_update(PaymentPlanWorkflow.retry_payout, again)


async def payout_unheard(m: Member) -> None:
    await active(m)
    await _payout_goes_wrong(m, outcome="timeout_after_commit", delay_ms=HOLD_MS)


async def _payout_goes_wrong(m: Member, **fault: object) -> None:
    plan = await m.town.shop.plan(m.plan_id)
    merchant_id = m.town.shop.merchant_id
    subject = first_payout(merchant_id=merchant_id, clock=m.clock, plan=plan)
    await m.town.fault("bank", operation="credit_transfer", subject=subject, **fault)


async def debit_unheard(m: Member) -> None:
    """The next debit is made, and its answer does not get through."""
    await active(m)
    await m.lose_next_answer(PULL[m.provider])


async def prompt_unanswered(m: Member) -> None:
    await active(m)
    await m.prompts_wait()


LOGIN_AWAITED = Stage(name="login awaited", reach=Member.apply, go_on=log_in_and_pay)
LOGIN_GIVEN_UP = Stage(
    name="login awaited, then cancelled",
    reach=Member.apply,
    go_on=cancel,
    end="cancelled",
    notices=("plan.cancelled",),
    debits=0,
)
OFFERED = Stage(name="offered", reach=offered, go_on=accept_and_pay)
OFFER_GIVEN_UP = Stage(
    name="offered, then cancelled",
    reach=offered,
    go_on=cancel,
    end="cancelled",
    notices=("plan.cancelled",),
    debits=0,
)
ASKED_TO_PAY = Stage(name="asked to pay", reach=asked_to_pay, go_on=pay_at_last)
PAID_UNHEARD = Stage(name="paid, unheard", reach=paid_unheard, go_on=heard_at_last, is_brief=True)
UNPAID = Stage(name="payment failed", reach=unpaid, go_on=try_again)
REFUND_UNHEARD = Stage(
    name="refund under way",
    reach=refund_unheard,
    go_on=nothing,
    end="cancelled",
    notices=("plan.cancelled",),
    debits=1,
    is_brief=True,
)
DECLINED = Stage(
    name="declined",
    reach=declined,
    go_on=nothing,
    end="declined",
    notices=("plan.declined",),
    debits=0,
    person="minor",
)
RESTING = Stage(name="active", reach=active, go_on=nothing)
BROKE = Stage(name="waiting for a retry", reach=broke, go_on=has_money)
PAST_DUE = Stage(name="past due", reach=broke, go_on=collect_again)
PAYOUT_REFUSED = Stage(name="payout refused", reach=payout_refused, go_on=pay_out_again)
PAYOUT_UNHEARD = Stage(name="payout under way", reach=payout_unheard, go_on=nothing)
DEBIT_UNHEARD = Stage(name="debited, unheard", reach=debit_unheard, go_on=nothing)
PROMPT_UNANSWERED = Stage(
    name="prompt unanswered", reach=prompt_unanswered, go_on=Member.answer_prompt
)
