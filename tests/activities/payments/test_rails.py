"""The rails' steps only pass on: each to one call of its port, under the contract's name."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from temporalio import activity

from activities.contracts import collecting
from activities.contracts import payments as contract
from activities.contracts import wallets as further
from activities.contracts.late_money import MPESA_PAY_OUT_REFUND
from activities.contracts.step import Nothing, Step
from activities.contracts.turns import MPESA_AWAIT_TURN, TELEBIRR_AWAIT_TURN, AwaitTurn
from activities.mpesa import MpesaActivities
from activities.payments import PaymentsActivities
from activities.telebirr import TelebirrActivities
from meqenet.money import Money
from meqenet.payments.lanes import Lane
from meqenet.payments.rail import (
    CheckoutOpened,
    DebitMandate,
    MandateAnswer,
    MandateStatus,
    OpenCheckout,
    PaymentAnswer,
    PushPayment,
    RailStatus,
    RefundAnswer,
    RefundPayment,
)
from tests.activities.gates import OpenGate

_ORDER, _QUESTION = [Lane.ORDERS], [Lane.QUESTIONS]
_PAID = PaymentAnswer(order_id="a1", status=RailStatus.SUCCEEDED)
_RETURNED = RefundAnswer(refund_id="r1", status=RailStatus.PENDING)
_NOT_PAID_OUT = RefundAnswer(refund_id="r1", status=RailStatus.FAILED, failure_code="2040")
_SIGNED = MandateAnswer(contract_no="7" * 32, status=MandateStatus.ACTIVE)
_OPENED = CheckoutOpened(order_id="a1", provider_reference="p", url="u", raw_request="r")
_CHECKOUT = OpenCheckout(
    order_id="a1", amount=Money(1), title="t", return_url=None, expires_minutes=5
)
_DEBIT = DebitMandate(order_id="a1", contract_no="7" * 32, amount=Money(1), title="t")
_PUSH = PushPayment(order_id="a1", msisdn="2517", amount=Money(1), account_reference="A")
_REFUND = RefundPayment(refund_id="r1", order_id="a1", receipt="R", amount=Money(1), msisdn="2517")
_QUERY = contract.QueryPayment(order_id="a1", provider_reference="ws_CO_1")
_QUERY_REFUND = contract.QueryRefund(refund_id="r1", order_id="a1", receipt="R")
_MANDATE = contract.QueryMandate(contract_no="7" * 32)
_CANCEL = contract.CancelMandate(contract_no="7" * 32, msisdn="2519", reason="ended")


class _Telebirr:
    """A gateway that answers at once and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

    async def open_checkout(self, *, request: OpenCheckout) -> CheckoutOpened:
        self.asked.append((request,))
        return _OPENED

    async def query_payment(self, *, order_id: str) -> PaymentAnswer:
        self.asked.append((order_id,))
        return _PAID

    async def debit_mandate(self, *, request: DebitMandate) -> PaymentAnswer:
        self.asked.append((request,))
        return _PAID

    async def query_mandate(self, *, contract_no: str) -> MandateAnswer:
        self.asked.append((contract_no,))
        return _SIGNED

    async def cancel_mandate(self, *, contract_no: str, msisdn: str, reason: str) -> None:
        self.asked.append((contract_no, msisdn, reason))

    async def refund(self, *, request: RefundPayment) -> RefundAnswer:
        self.asked.append((request,))
        return _RETURNED

    async def query_refund(self, *, refund_id: str, order_id: str, receipt: str) -> RefundAnswer:
        self.asked.append((refund_id, order_id, receipt))
        return _RETURNED

    def mandate_link(self, *, contract_no: str) -> str:
        self.asked.append((contract_no,))
        return "merchant://link"


class _Mpesa:
    """The same for M-PESA."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

    async def push_payment(self, *, request: PushPayment) -> PaymentAnswer:
        self.asked.append((request,))
        return _PAID

    async def ask_payment(
        self, *, order_id: str, provider_reference: str | None, receipt: str | None = None
    ) -> PaymentAnswer:
        self.asked.append((order_id, provider_reference or receipt))
        return _PAID

    async def reverse_payment(self, *, request: RefundPayment) -> RefundAnswer:
        self.asked.append((request,))
        return _RETURNED

    async def ask_refund(self, *, refund_id: str) -> RefundAnswer:
        self.asked.append((refund_id,))
        return _RETURNED

    async def pay_out(self, *, order_id: str, msisdn: str, amount: Money) -> PaymentAnswer:
        self.asked.append((order_id, msisdn, amount))
        return replace(_PAID, order_id=order_id, status=RailStatus.FAILED, failure_code="2040")


_Rail = TelebirrActivities | MpesaActivities


@pytest.mark.parametrize(
    ("deed", "command", "asked", "answer", "lanes"),
    [
        ("open_checkout", _CHECKOUT, (_CHECKOUT,), _OPENED, _ORDER),
        ("query_payment", _QUERY, ("a1",), _PAID, _QUESTION),
        ("debit_mandate", _DEBIT, (_DEBIT,), _PAID, _ORDER),
        ("mandate_link", _MANDATE, ("7" * 32,), contract.MandateLink(link="merchant://link"), []),
        ("query_mandate", _MANDATE, ("7" * 32,), _SIGNED, _QUESTION),
        ("cancel_mandate", _CANCEL, ("7" * 32, "2519", "ended"), Nothing(), _QUESTION),
        ("refund", _REFUND, (_REFUND,), _RETURNED, _ORDER),
        ("query_refund", _QUERY_REFUND, ("r1", "a1", "R"), _RETURNED, _QUESTION),
    ],
)
async def test_telebirr_is_asked_once(
    deed: str,
    command: object,
    asked: tuple[object, ...],
    answer: object,
    lanes: list[Lane],
) -> None:
    telebirr, gate = _Telebirr(), OpenGate()
    assert await getattr(TelebirrActivities(telebirr=telebirr, gate=gate), deed)(command) == answer
    assert telebirr.asked == [asked]
    assert gate.passed == lanes


@pytest.mark.parametrize(
    ("deed", "command", "asked", "answer", "lanes"),
    [
        ("push_payment", _PUSH, (_PUSH,), _PAID, _ORDER),
        ("ask_payment", _QUERY, ("a1", "ws_CO_1"), _PAID, _QUESTION),
        (
            "ask_payment",
            contract.QueryPayment(order_id="a1", receipt="RCH7BT9MZ1"),
            ("a1", "RCH7BT9MZ1"),
            _PAID,
            _QUESTION,
        ),
        ("reverse_payment", _REFUND, (_REFUND,), _RETURNED, _ORDER),
        ("pay_out_refund", _REFUND, ("r1", "2517", Money(1)), _NOT_PAID_OUT, _ORDER),
        ("ask_refund", _QUERY_REFUND, ("r1",), _RETURNED, _QUESTION),
    ],
)
async def test_mpesa_is_asked_once(
    deed: str,
    command: object,
    asked: tuple[object, ...],
    answer: object,
    lanes: list[Lane],
) -> None:
    mpesa, gate = _Mpesa(), OpenGate()
    assert await getattr(MpesaActivities(mpesa=mpesa, gate=gate), deed)(command) == answer
    assert mpesa.asked == [asked]
    assert gate.passed == lanes


async def test_whoever_waits_asks_the_gate_and_nobody_else() -> None:
    gate, wish = OpenGate(), AwaitTurn(lane=Lane.QUESTIONS, line="mer_1")
    telebirr, mpesa = _Telebirr(), _Mpesa()
    for steps in (
        TelebirrActivities(telebirr=telebirr, gate=gate),
        MpesaActivities(mpesa=mpesa, gate=gate),
    ):
        assert await steps.await_turn(wish) == Nothing()
    assert gate.awaited == [(Lane.QUESTIONS, "mer_1")] * 2
    assert (gate.passed, telebirr.asked, mpesa.asked) == ([], [], [])


def _names(activities: type) -> set[str]:
    deeds: list[Callable[..., Any]] = [
        each for name, each in vars(activities).items() if callable(each) and name[0] != "_"
    ]
    return {str(activity._Definition.must_from_callable(deed).name) for deed in deeds}  # noqa: SLF001 - the SDK shows the name nowhere else


def test_every_step_of_the_contract_is_taken_by_somebody() -> None:
    waits = (MPESA_AWAIT_TURN, TELEBIRR_AWAIT_TURN, MPESA_PAY_OUT_REFUND)
    told = (
        *vars(contract).values(),
        *vars(collecting).values(),
        *vars(further).values(),
        *waits,
    )
    steps = {step.name for step in told if isinstance(step, Step)}
    taken = [_names(each) for each in (PaymentsActivities, TelebirrActivities, MpesaActivities)]
    assert set().union(*taken) == steps
    assert sum(map(len, taken)) == len(steps)
