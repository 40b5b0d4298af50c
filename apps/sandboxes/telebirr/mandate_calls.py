"""``queryMandate``, ``cancelMandate``, ``disburseOrder`` (providers.md 1.11)."""

from collections.abc import Mapping
from typing import Final

from apps.sandboxes.telebirr import grammar, refusals
from apps.sandboxes.telebirr.gateway import Biz, Operation
from apps.sandboxes.telebirr.mandates import Mandate
from apps.sandboxes.telebirr.order_calls import local_time
from apps.sandboxes.telebirr.orders import DEFAULT_TIMEOUT, NewOrder, Order, OrderStatus
from apps.sandboxes.telebirr.parts import Parts
from apps.sandboxes.telebirr.refusals import Refused
from meqenet.money import Money

_DISBURSEMENT: Final = "payment.disbursement"


class MandateCalls:
    """Mandates and the debits under them."""

    def __init__(self, *, parts: Parts) -> None:
        self._parts = parts

    def operations(self) -> tuple[Operation, ...]:
        """Where each call is served; the documents' table names the query's method wrongly."""
        return (
            Operation(
                paths=("/payment/v1/mandates/query",),
                method="payment.queryMandate",
                rules=grammar.QUERY_MANDATE,
                handle=self.query,
                aliases=(_DISBURSEMENT,),
            ),
            Operation(
                paths=("/payment/v1/mandateContract/cancel",),
                method="payment.cancelMandate",
                rules=grammar.CANCEL_MANDATE,
                handle=self.cancel,
            ),
            Operation(
                paths=("/payment/v1/merchant/disburseOrder",),
                method=_DISBURSEMENT,
                rules=grammar.DISBURSE,
                handle=self.debit,
            ),
        )

    async def query(self, biz: Biz, _raw: Mapping[str, object]) -> dict[str, object]:
        """Tell a mandate's terms and state."""
        contract_no, mandate_id = _names(biz, contract_field="merch_contract_no")
        faults = self._parts.begin(operation="queryMandate", subject=contract_no or mandate_id)
        mandate = self._parts.mandates.find(contract_no=contract_no, mandate_id=mandate_id)
        if mandate is None:
            raise Refused(code=refusals.MANDATE_UNKNOWN, text="Mandate contract not found")
        faults.after_commit()
        return self._described(mandate)

    async def cancel(self, biz: Biz, _raw: Mapping[str, object]) -> dict[str, object]:
        """End a mandate in the name of its payer; the answer has no content."""
        mandate_id = biz["mandate_contract_id"]
        faults = self._parts.begin(operation="cancelMandate", subject=mandate_id)
        mandate = self._parts.mandates.find(mandate_id=mandate_id)
        if mandate is None:
            raise Refused(code=refusals.MANDATE_UNKNOWN, text="Mandate contract not found")
        if mandate.payer != biz["initiator"]:
            raise Refused(code=refusals.BUSINESS_RULE, text="initiator is not the payer")
        self._parts.mandates.cancel(mandate=mandate, at=self._parts.kernel.clock())
        faults.after_commit()
        return {}

    async def debit(self, biz: Biz, _raw: Mapping[str, object]) -> dict[str, object]:
        """Pull a payment; a refused one stays behind as PAY_FAILED."""
        parts, number = self._parts, biz["merch_order_id"]
        contract_no, mandate_id = _names(biz, contract_field="mct_contract_no")
        mandate = parts.payments.active_mandate(
            contract_no=contract_no, mandate_id=mandate_id, at=parts.kernel.clock()
        )
        faults = parts.kernel.faults.take(
            operation="disburseOrder", subject=number, msisdn=mandate.payer
        )
        faults.before()
        refusal = faults.refusal()
        planned = (
            None if refusal is None else Refused(code=refusal or refusals.BUSY, text="planned")
        )
        if planned is not None and planned.by_gateway:
            raise planned
        if parts.orders.find(merch_order_id=number) is not None:
            raise Refused(code=refusals.DUPLICATE, text="merch_order_id was used before")
        order = parts.payments.debit(
            new=_new_order(biz, mandate=mandate),
            mandate=mandate,
            refusal=refusal,
            at=parts.kernel.clock(),
        )
        if order.status is not OrderStatus.PAYING:
            await parts.notices.tell(order=order, manner=faults.manner())
        faults.after_commit()
        return _answered(order)

    def _described(self, mandate: Mandate) -> dict[str, object]:
        template = self._parts.mandates.templates.all()[mandate.template_id]
        return {
            "appid": self._parts.credentials.merchant_app_id,
            "create_time": mandate.created_at.isoformat(timespec="seconds"),
            "currency": "ETB",
            "execute_time": mandate.execute_on,
            "expiry_date": mandate.expires_on,
            "mandate_contract_id": mandate.mandate_id,
            "mandate_description": template.name,
            "mandate_name": template.name,
            "mandate_prod": template.product,
            "mandate_template_id": template.id,
            "merch_contract_no": mandate.contract_no,
            "payer_id": mandate.payer,
            "payer_type": "1000",
            "payment_order_id": mandate.payment_order_id,
            "period_count": template.period_count,
            "period_type": template.period.value,
            "single_amount": template.single_amount,
            "total_amount": template.single_amount,
            "status": mandate.standing(at=self._parts.kernel.clock()).value,
        }


def _names(biz: Biz, *, contract_field: str) -> tuple[str | None, str | None]:
    contract_no, mandate_id = biz.get(contract_field), biz.get("mandate_contract_id")
    if contract_no is None and mandate_id is None:
        raise refusals.grammar(field=contract_field, rule="this or mandate_contract_id")
    return contract_no, mandate_id


def _new_order(biz: Biz, *, mandate: Mandate) -> NewOrder:
    return NewOrder(
        merch_order_id=biz["merch_order_id"],
        trade_type=biz["trade_type"],
        title=biz["title"],
        amount=Money.from_birr(biz["total_amount"]),
        notify_url=biz.get("notify_url"),
        callback_info=biz.get("callback_info"),
        timeout=biz.get("timeout_express", DEFAULT_TIMEOUT),
        payer=mandate.payer,
        contract_no=mandate.contract_no,
    )


def _answered(order: Order) -> dict[str, object]:
    if order.failure_code is not None:
        raise Refused(code=order.failure_code, text="The payment was refused")
    return {
        "merch_order_id": order.merch_order_id,
        "payment_order_id": order.payment_order_id,
        "total_amount": str(order.amount),
        "trans_currency": "ETB",
        "pay_success_time": local_time(order=order),
        "payer_fee": "0.00",
        "payee_fee": "0.00",
    }
