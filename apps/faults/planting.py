"""The faults of a scenario, given to the sandboxes before anything of it happens."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from apps.faults.drawing import AttemptPlot, Scenario
from apps.faults.mishaps import Mishap
from apps.faults.paydays import first_payout
from apps.faults.world import World
from apps.sandboxes.kernel.faults import FaultKind
from meqenet.bnpl.options import PaymentOption
from meqenet.identity import attempt_id, installment_id, wire_id
from meqenet.payments.rail import WalletProvider

_REQUEST: Final = {
    Mishap.TIMEOUT_BEFORE: FaultKind.TIMEOUT_BEFORE,
    Mishap.TIMEOUT_AFTER_COMMIT: FaultKind.TIMEOUT_AFTER_COMMIT,
    Mishap.UNAVAILABLE: FaultKind.UNAVAILABLE,
    Mishap.ERROR_AFTER_COMMIT: FaultKind.ERROR_AFTER_COMMIT,
    Mishap.EMPTY_AFTER_COMMIT: FaultKind.EMPTY_AFTER_COMMIT,
    Mishap.SILENCE: FaultKind.TIMEOUT_AFTER_COMMIT,
}
_CALLBACK: Final = {
    Mishap.CALLBACK_LOST: FaultKind.DROP_CALLBACK,
    Mishap.CALLBACK_TWICE: FaultKind.DUPLICATE_CALLBACK,
    Mishap.CALLBACK_FIRST: FaultKind.CALLBACK_FIRST,
    Mishap.SILENCE: FaultKind.DROP_CALLBACK,
    Mishap.OUT_OF_ORDER: FaultKind.DELAY_CALLBACK,
}
_BANK: Final[dict[Mishap, dict[str, str]]] = {
    Mishap.PAYOUT_UNHEARD: {"outcome": FaultKind.TIMEOUT_AFTER_COMMIT},
    Mishap.PAYOUT_UNAVAILABLE: {"outcome": FaultKind.UNAVAILABLE},
    Mishap.PAYOUT_REJECTED: {"outcome": FaultKind.REFUSE, "code": "AC04"},
}


@dataclass(frozen=True, kw_only=True)
class Rail:
    """At which operations of a sandbox an attempt's money is asked for.

    Attributes:
        request: takes our request.
        refusal: where the payment itself is refused.
        callback: takes how the callback goes.
    """

    request: str
    refusal: str
    callback: str


_PUSH: Final = Rail(request="stk_push", refusal="stk_answer", callback="stk_push")
_DEBIT: Final = Rail(request="disburseOrder", refusal="disburseOrder", callback="disburseOrder")
_PAGE: Final = Rail(request="preOrder", refusal="checkout", callback="checkout")
_APP: Final = Rail(request="createOrder", refusal="checkout", callback="checkout")


def rail_of(*, scenario: Scenario, number: int) -> Rail:
    """How installment ``number`` (from 1) is asked for."""
    if scenario.provider is WalletProvider.MPESA:
        return _PUSH
    if number > 1 or scenario.option is PaymentOption.PAY_IN_30:
        return _DEBIT
    return _PAGE if scenario.option is PaymentOption.PAY_IN_FULL else _APP


async def plant(*, world: World, scenario: Scenario, plan_id: str) -> None:
    """Give each sandbox the faults of this plan's orders, which have their ids already."""
    board = f"{world.controls[scenario.provider]}/next"
    for number, collection in enumerate(scenario.collections, start=1):
        rail = rail_of(scenario=scenario, number=number)
        installment = installment_id(plan_id=plan_id, number=number)
        for tries, attempt in enumerate(collection.attempts, start=1):
            order = attempt_id(installment_id=installment, number=tries)
            for fault in _faults(attempt, rail):
                subject = _spelt(order, provider=scenario.provider)
                await world.post(board, {**fault, "subject": subject})


async def plant_payout(
    *, world: World, scenario: Scenario, plan: dict[str, Any], clock: str
) -> None:
    """Give the bank what goes wrong with the merchant's money, once its day is known."""
    if scenario.payout is None or plan["settlement_due_at"] is None:
        return
    subject = first_payout(merchant_id=world.shop.merchant_id, clock=clock, plan=plan)
    planned = {"operation": "credit_transfer", "subject": subject, **_BANK[scenario.payout]}
    await world.post(f"{world.controls['bank']}/next", planned)


def _spelt(order_id: str, *, provider: WalletProvider) -> str:
    return order_id if provider is WalletProvider.MPESA else wire_id(meqenet_id=order_id)


def _faults(attempt: AttemptPlot, rail: Rail) -> Iterator[dict[str, Any]]:
    delivery = attempt.delivery
    if delivery in _REQUEST:
        outcome = _REQUEST[delivery]
        holds = outcome in (FaultKind.TIMEOUT_BEFORE, FaultKind.TIMEOUT_AFTER_COMMIT)
        hold_ms = attempt.wait_ms if holds else 0
        yield {"operation": rail.request, "outcome": outcome, "delay_ms": hold_ms}
    if delivery in _CALLBACK:
        late_ms = attempt.wait_ms if delivery is Mishap.OUT_OF_ORDER else 0
        yield {"operation": rail.callback, "outcome": _CALLBACK[delivery], "delay_ms": late_ms}
    if attempt.refusal is not None:
        yield {"operation": rail.refusal, "outcome": FaultKind.REFUSE, "code": attempt.refusal}
