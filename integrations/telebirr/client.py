"""The Telebirr port on the Fabric gateway: one method, one call, one answer in our words."""

import ssl
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final
from urllib.parse import quote, urlencode

import httpx

from integrations.telebirr import requests, wire
from integrations.telebirr.errors import AnswerUnreadable, Deed, refused
from integrations.telebirr.gateway import Call, FabricGateway, Reply, reading
from integrations.telebirr.settings import TelebirrSettings
from integrations.telebirr.signing import SIGN_TYPE
from meqenet.errors import OutcomeUnknown
from meqenet.payments.rail import (
    CheckoutOpened,
    DebitMandate,
    MandateAnswer,
    MandateStatus,
    OpenCheckout,
    PaymentAnswer,
    RailStatus,
    RefundAnswer,
    RefundPayment,
)

_FIRST_REFUND: Final = "-r1"
"""How the id of an order's first refund ends (``meqenet.identity.refund_id``)."""


def open_http(*, settings: TelebirrSettings) -> httpx.AsyncClient:
    """Pooled connections to the gateway, verified against ``ca_bundle`` too if there is one.

    Proxies of the environment are ignored: Telebirr knows its callers by their address.
    """
    context = ssl.create_default_context()
    if settings.ca_bundle is not None:
        context.load_verify_locations(cafile=settings.ca_bundle)
    return httpx.AsyncClient(
        verify=context,
        trust_env=False,
        timeout=httpx.Timeout(settings.timeout_s, connect=settings.connect_timeout_s),
    )


class TelebirrClient:
    """Implements :class:`integrations.ports.wallets.Telebirr`, whose errors are those of here.

    Args:
        settings: credentials and addresses.
        http: pooled connections; the caller closes them.
        clock: the present, aware; stamps requests and ages the token.
        nonce: 32 fresh upper-case letters and digits at each call (``signing.fresh_nonce``).
    """

    def __init__(
        self,
        *,
        settings: TelebirrSettings,
        http: httpx.AsyncClient,
        clock: Callable[[], datetime],
        nonce: Callable[[], str],
    ) -> None:
        self._settings = settings
        self._gateway = FabricGateway(settings=settings, http=http, clock=clock, nonce=nonce)

    async def open_checkout(self, *, request: OpenCheckout) -> CheckoutOpened:
        """Create an order; with a mandate it is paid and signed in the SuperApp in one step.

        Raises:
            Defect: also when Telebirr refuses the order for a business reason.
        """
        call = requests.open_checkout(request=request, settings=self._settings)
        reply = await self._accepted(call)
        with reading(call=call):
            prepay_id = wire.read_prepay_id(fields=reply.biz)
        raw_request = self._raw_request(prepay_id=prepay_id)
        trade_type = str(call.biz["trade_type"])
        return CheckoutOpened(
            order_id=request.order_id,
            provider_reference=prepay_id,
            url=f"{self._settings.web_base_url}{raw_request}&version=1.0&trade_type={trade_type}",
            raw_request=raw_request,
        )

    async def query_payment(self, *, order_id: str) -> PaymentAnswer:
        """Ask for the state of an order; NOT_FOUND when Telebirr does not know it."""
        call = requests.query_order(meqenet_id=order_id, settings=self._settings)
        reply = await self._gateway.send(call=call)
        if reply.code in self._settings.order_unknown_codes:
            return PaymentAnswer(order_id=order_id, status=RailStatus.NOT_FOUND)
        self._require_ok(reply, call=call)
        with reading(call=call):
            _require_same(reply.biz, call=call)
            return wire.read_payment(order_id=order_id, fields=reply.biz)

    async def debit_mandate(self, *, request: DebitMandate) -> PaymentAnswer:
        """Pull money under a mandate.

        Raises:
            OutcomeUnknown: also when Telebirr says FAIL with a code that is not known to be final
                (``debit_refusal_codes``); the order's query tells.
        """
        call = requests.debit_mandate(request=request, settings=self._settings)
        reply = await self._gateway.send(call=call)
        if not reply.ok:
            if reply.code not in self._settings.debit_refusal_codes:
                raise OutcomeUnknown(
                    "telebirr_outcome_unknown",
                    f"{call.method}: refused with code {reply.code}, the order must be queried",
                )
            return PaymentAnswer(
                order_id=request.order_id, status=RailStatus.FAILED, failure_code=reply.code
            )
        with reading(call=call):
            _require_same(reply.biz, call=call)
            return wire.read_debit(order_id=request.order_id, fields=reply.biz)

    async def query_mandate(self, *, contract_no: str) -> MandateAnswer:
        """Ask for the state of a mandate; ABSENT until the customer has signed it."""
        call = requests.query_mandate(contract=contract_no, settings=self._settings)
        reply = await self._gateway.send(call=call)
        if reply.code in self._settings.mandate_unknown_codes:
            return MandateAnswer(contract_no=contract_no, status=MandateStatus.ABSENT)
        self._require_ok(reply, call=call)
        with reading(call=call):
            _require_same(reply.biz, call=call, name="merch_contract_no")
            return wire.read_mandate(contract_no=contract_no, fields=reply.biz)

    async def cancel_mandate(self, *, contract_no: str, msisdn: str, reason: str) -> None:
        """End a mandate. One that has ended, or was never signed, is left as it is.

        Telebirr's own id of the mandate is asked for first, and when it refuses, the state again.
        """
        mandate = await self.query_mandate(contract_no=contract_no)
        if mandate.status is not MandateStatus.ACTIVE:
            return
        call = requests.cancel_mandate(
            mandate_id=mandate.mandate_id or "",
            msisdn=msisdn,
            reason=reason,
            settings=self._settings,
        )
        reply = await self._gateway.send(call=call)
        if reply.ok:
            return
        after = await self.query_mandate(contract_no=contract_no)
        if after.status is MandateStatus.ACTIVE:
            raise refused(code=reply.code, method=call.method)

    async def refund(self, *, request: RefundPayment) -> RefundAnswer:
        """Give a payment back. The same refund id again asks what became of it.

        A refusal is final only while no refund of the order is under way.
        """
        call = requests.refund(request=request, settings=self._settings)
        reply = await self._gateway.send(call=call)
        if not reply.ok:
            return await self._refused_refund(request, code=reply.code)
        with reading(call=call):
            _require_same(reply.biz, call=call)
            answer = wire.read_refund(refund_id=request.refund_id, fields=reply.biz)
        return answer or await self._known_refund(request)

    async def query_refund(
        self,
        *,
        refund_id: str,
        order_id: str,
        receipt: str,  # noqa: ARG002 - the port's signature; the order's id is enough here
    ) -> RefundAnswer:
        """Ask for a refund's state, which Telebirr tells only as a state of its order.

        It speaks of the order's first refund. What became of a later one is learnt by sending it
        again under its id, on which Telebirr acts once; so NOT_FOUND is the answer for it.
        """
        call = requests.query_order(meqenet_id=order_id, settings=self._settings)
        reply = await self._gateway.send(call=call)
        told: RailStatus | None = None
        if reply.code not in self._settings.order_unknown_codes:
            self._require_ok(reply, call=call)
            with reading(call=call):
                _require_same(reply.biz, call=call)
                wire.read_payment(order_id=order_id, fields=reply.biz)
            told = _refund_status(reply)
        final = told in (RailStatus.SUCCEEDED, RailStatus.FAILED)
        if told is None or (final and not refund_id.endswith(_FIRST_REFUND)):
            return RefundAnswer(refund_id=refund_id, status=RailStatus.NOT_FOUND)
        return RefundAnswer(
            refund_id=refund_id,
            status=told,
            failure_code=wire.REFUND_FAILED if told is RailStatus.FAILED else None,
        )

    def mandate_link(self, *, contract_no: str) -> str:
        """The SuperApp deep link with which a customer signs a mandate without paying."""
        return requests.mandate_link(contract=contract_no, settings=self._settings)

    async def _refused_refund(self, request: RefundPayment, *, code: str) -> RefundAnswer:
        reply = await self._order_of(request)
        under_way = reply.ok and _refund_status(reply) is RailStatus.PENDING
        return RefundAnswer(
            refund_id=request.refund_id,
            status=RailStatus.PENDING if under_way else RailStatus.FAILED,
            failure_code=None if under_way else code,
        )

    async def _known_refund(self, request: RefundPayment) -> RefundAnswer:
        """A duplicate that has not succeeded yet.

        The order's status speaks of this refund only if it is the order's whole amount.
        """
        reply = await self._order_of(request)
        status = RailStatus.PENDING
        if reply.ok and wire.read_amount(fields=reply.biz) == request.amount:
            status = _refund_status(reply) or RailStatus.PENDING
        return RefundAnswer(
            refund_id=request.refund_id,
            status=status,
            failure_code=wire.REFUND_FAILED if status is RailStatus.FAILED else None,
        )

    async def _order_of(self, request: RefundPayment) -> Reply:
        """The order behind a refund that has been sent: a lost answer leaves it unknown."""
        call = requests.query_order(meqenet_id=request.order_id, settings=self._settings)
        call = replace(call, deed=Deed.ACTS)
        reply = await self._gateway.send(call=call)
        if reply.ok:
            with reading(call=call):
                _require_same(reply.biz, call=call)
        return reply

    async def _accepted(self, call: Call) -> Reply:
        reply = await self._gateway.send(call=call)
        self._require_ok(reply, call=call)
        with reading(call=call):
            _require_same(reply.biz, call=call)
        return reply

    def _require_ok(self, reply: Reply, *, call: Call) -> None:
        if not reply.ok:
            raise refused(code=reply.code, method=call.method)

    def _raw_request(self, *, prepay_id: str) -> str:
        """Five signed fields, the signature percent-encoded (providers.md 1.7)."""
        fields = self._gateway.signed(
            fields={
                "appid": self._settings.merchant_app_id,
                "merch_code": self._settings.merchant_code,
                "prepay_id": prepay_id,
                **self._gateway.stamp(),
            }
        )
        return urlencode({**fields, "sign_type": SIGN_TYPE}, quote_via=quote)


def _require_same(biz: Mapping[str, object], *, call: Call, name: str = "merch_order_id") -> None:
    if biz.get(name) != call.biz[name]:
        raise AnswerUnreadable(f"the answer is about another {name}")


def _refund_status(reply: Reply) -> RailStatus | None:
    told = reply.biz.get("order_status") or reply.biz.get("trade_status")
    return wire.REFUND_STATUSES.get(str(told))
