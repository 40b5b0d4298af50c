"""A customer's payment of a signed request: on the web page or in the app (providers.md 1.7)."""

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl

from apps.sandboxes.kernel.faults import Faults
from apps.sandboxes.telebirr import refusals
from apps.sandboxes.telebirr.orders import Order, OrderStatus
from apps.sandboxes.telebirr.parts import Parts
from apps.sandboxes.telebirr.refusals import Refused

SIGNED_FIELDS: Final = ("appid", "merch_code", "nonce_str", "prepay_id", "timestamp")
_NONCE_LENGTH: Final = 32


@dataclass(frozen=True, kw_only=True)
class Payer:
    """Who pays, as typed; a phone number in the form ``2519…``."""

    msisdn: str = field(repr=False)
    pin: str = field(repr=False)


class Checkout:
    """Opens signed requests and lets customers pay them."""

    def __init__(self, *, parts: Parts) -> None:
        self._parts = parts

    async def open(self, *, raw_request: str) -> Order:
        """The order of a signed request, as it stands now.

        Raises:
            Refused: 60320006 for an empty field, a bad signature or an unknown ``prepay_id``;
                60200099 with the reason when the signature does not fit.
        """
        fields = read_raw_request(text=raw_request)
        for name in (*SIGNED_FIELDS, "sign", "sign_type"):
            if not fields.get(name):
                raise _invalid(f"{name}: must not be empty")
        if not fields["appid"].isdigit():
            raise Refused(
                code=refusals.CHECKOUT,
                text="error.common.param.must.be.number",
                solution="appid: the Merchant App ID, not the Fabric App ID",
            )
        if len(fields["nonce_str"]) != _NONCE_LENGTH:
            raise _invalid("nonce_str: must have 32 characters")
        self._parts.gateway.verify(
            message={name: fields[name] for name in (*SIGNED_FIELDS, "sign")}
        )
        self._parts.gateway.require_merchant(fields=fields)
        order = self._parts.orders.find(prepay_id=fields["prepay_id"])
        if order is None:
            raise _invalid("prepay_id: there is no such order")
        return await self._parts.lapse(order=order)

    async def pay(self, *, order: Order, payer: Payer) -> tuple[Order, Faults]:
        """Pay a waiting order and tell the merchant.

        The caller acts out ``faults.after_commit`` in its own way.

        Raises:
            Refused: 60320006, the order no longer waits for payment.
        """
        parts, now = self._parts, self._parts.kernel.clock()
        faults = parts.kernel.faults.take(
            operation="checkout", subject=order.merch_order_id, msisdn=payer.msisdn
        )
        faults.before()
        self._require_waiting(order)
        planned = faults.refusal()
        if planned is not None:
            order = parts.payments.refuse(
                order=order, code=planned or parts.behaviour.rules.no_funds_code, at=now
            )
        else:
            order = parts.payments.pay(order=order, msisdn=payer.msisdn, pin=payer.pin, at=now)
        if not order.is_open:
            await parts.notices.tell(order=order, manner=faults.manner())
        return order, faults

    async def decline(self, *, order: Order) -> Order:
        """The customer cancels.

        Raises:
            Refused: 60320006, the order no longer waits for payment.
        """
        self._require_waiting(order)
        order = self._parts.payments.decline(order=order, at=self._parts.kernel.clock())
        await self._parts.notices.tell(order=order)
        return order

    def _require_waiting(self, order: Order) -> None:
        if order.status is not OrderStatus.WAIT_PAY:
            raise _invalid("the order does not wait for payment")


def read_raw_request(*, text: str) -> dict[str, str]:
    """The fields of a raw request or of the query of a checkout URL.

    The official samples do not percent-encode ``sign``: its ``+`` arrives as a space.
    """
    fields = dict(parse_qsl(text, keep_blank_values=True))
    if "sign" in fields:
        fields["sign"] = fields["sign"].replace(" ", "+")
    return fields


def _invalid(solution: str) -> Refused:
    return Refused(
        code=refusals.CHECKOUT,
        text="The required parameter is empty or the checkout has expired",
        solution=solution,
    )
