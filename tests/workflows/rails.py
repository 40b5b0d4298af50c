"""Wallet rails in memory: a test says what they answer, order by order."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from activities.contracts import payments as p
from activities.contracts.late_money import MPESA_PAY_OUT_REFUND
from activities.contracts.step import Nothing
from activities.contracts.turns import MPESA_AWAIT_TURN, AwaitTurn
from activities.edge import takes
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
    WalletProvider,
)

Answering = Callable[[str], RailStatus | Exception | tuple[RailStatus, str]]


def told(answer: RailStatus | Exception | tuple[RailStatus, str]) -> tuple[RailStatus, str | None]:
    """What the test wants the rail to say, or the error that it wants raised."""
    if isinstance(answer, Exception):
        raise answer
    return answer if isinstance(answer, tuple) else (answer, None)


@dataclass
class Rails:
    """Telebirr and M-PESA. ``sent``, ``asked`` and ``refunds`` count what reached them, by id."""

    answer: Answering = lambda _order: RailStatus.SUCCEEDED
    query: Answering = lambda _order: RailStatus.SUCCEEDED
    refund: Answering = lambda _order: RailStatus.SUCCEEDED
    turn: Callable[[AwaitTurn], None] = lambda _wish: None
    mandate: MandateStatus = MandateStatus.ACTIVE
    sent: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    asked_of: dict[str, WalletProvider] = field(default_factory=dict)
    """Whom an order was last asked about."""
    refunds: list[str] = field(default_factory=list)
    parts_went_to: dict[str, str] = field(default_factory=dict)
    """To which phone a part of a payment went, by refund."""
    cancelled_mandates: list[str] = field(default_factory=list)

    @takes(p.TELEBIRR_OPEN_CHECKOUT)
    async def open_checkout(self, command: OpenCheckout) -> CheckoutOpened:
        return CheckoutOpened(
            order_id=command.order_id,
            provider_reference="prepay",
            url="http://pay",
            raw_request="r",
        )

    @takes(p.TELEBIRR_QUERY_PAYMENT)
    async def telebirr_query(self, command: p.QueryPayment) -> PaymentAnswer:
        self.asked_of[command.order_id] = WalletProvider.TELEBIRR
        return self._asked(command.order_id)

    @takes(p.TELEBIRR_DEBIT_MANDATE)
    async def debit_mandate(self, command: DebitMandate) -> PaymentAnswer:
        return self._sent(command.order_id)

    @takes(p.TELEBIRR_MANDATE_LINK)
    async def mandate_link(self, command: p.QueryMandate) -> p.MandateLink:
        return p.MandateLink(link=f"merchant://{command.contract_no}")

    @takes(p.TELEBIRR_QUERY_MANDATE)
    async def query_mandate(self, command: p.QueryMandate) -> MandateAnswer:
        ended = command.contract_no in self.cancelled_mandates
        status = MandateStatus.ENDED if ended else self.mandate
        return MandateAnswer(contract_no=command.contract_no, status=status)

    @takes(p.TELEBIRR_CANCEL_MANDATE)
    async def cancel_mandate(self, command: p.CancelMandate) -> Nothing:
        self.cancelled_mandates.append(command.contract_no)
        return Nothing()

    @takes(p.TELEBIRR_REFUND)
    async def telebirr_refund(self, command: RefundPayment) -> RefundAnswer:
        self.refunds.append(command.refund_id)
        status, code = told(self.refund(command.refund_id))
        return RefundAnswer(refund_id=command.refund_id, status=status, failure_code=code)

    @takes(p.TELEBIRR_QUERY_REFUND)
    async def telebirr_query_refund(self, command: p.QueryRefund) -> RefundAnswer:
        return RefundAnswer(
            refund_id=command.refund_id, status=told(self.query(command.refund_id))[0]
        )

    @takes(MPESA_AWAIT_TURN)
    async def await_turn(self, command: AwaitTurn) -> Nothing:
        self.turn(command)
        return Nothing()

    @takes(p.MPESA_PUSH_PAYMENT)
    async def push_payment(self, command: PushPayment) -> PaymentAnswer:
        return self._sent(command.order_id)

    @takes(p.MPESA_ASK_PAYMENT)
    async def ask_payment(self, command: p.QueryPayment) -> PaymentAnswer:
        self.asked_of[command.order_id] = WalletProvider.MPESA
        return replace(self._asked(command.order_id), receipt=command.receipt)

    @takes(p.MPESA_REVERSE_PAYMENT)
    async def reverse_payment(self, command: RefundPayment) -> RefundAnswer:
        self.refunds.append(command.refund_id)
        status, code = told(self.refund(command.refund_id))
        return RefundAnswer(refund_id=command.refund_id, status=status, failure_code=code)

    @takes(MPESA_PAY_OUT_REFUND)
    async def pay_out_refund(self, command: RefundPayment) -> RefundAnswer:
        self.parts_went_to[command.refund_id] = command.msisdn
        status, code = told(self.refund(command.refund_id))
        return RefundAnswer(refund_id=command.refund_id, status=status, failure_code=code)

    @takes(p.MPESA_ASK_REFUND)
    async def ask_refund(self, command: p.QueryRefund) -> RefundAnswer:
        return RefundAnswer(
            refund_id=command.refund_id, status=told(self.query(command.refund_id))[0]
        )

    def succeeded(self, order_id: str) -> PaymentAnswer:
        """A callback's word that the money moved."""
        return PaymentAnswer(order_id=order_id, status=RailStatus.SUCCEEDED)

    def _sent(self, order_id: str) -> PaymentAnswer:
        self.sent.append(order_id)
        status, code = told(self.answer(order_id))
        return PaymentAnswer(order_id=order_id, status=status, failure_code=code)

    def _asked(self, order_id: str) -> PaymentAnswer:
        self.asked.append(order_id)
        status, code = told(self.query(order_id))
        return PaymentAnswer(order_id=order_id, status=status, failure_code=code)
