"""Telebirr's Fabric gateway, its web paygate and its customers' app, as a sandbox."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from apps.sandboxes.kernel.assembly import Kernel
from apps.sandboxes.kernel.book import Movement
from apps.sandboxes.kernel.clock import Clock, utc_now
from apps.sandboxes.kernel.magic import open_well_known
from apps.sandboxes.kernel.serve import Sandbox
from apps.sandboxes.kernel.statement import StatementDesk, statement_routes
from apps.sandboxes.telebirr.checkout import Checkout
from apps.sandboxes.telebirr.credentials import keep_credentials
from apps.sandboxes.telebirr.gateway import Gateway, Operation
from apps.sandboxes.telebirr.mandate_calls import MandateCalls
from apps.sandboxes.telebirr.mandates import Mandates
from apps.sandboxes.telebirr.notices import Notices
from apps.sandboxes.telebirr.order_calls import OrderCalls
from apps.sandboxes.telebirr.orders import Orders
from apps.sandboxes.telebirr.parts import Parts
from apps.sandboxes.telebirr.paygate import paygate_routes
from apps.sandboxes.telebirr.payments import Behaviour, Payments
from apps.sandboxes.telebirr.refund_calls import RefundCalls
from apps.sandboxes.telebirr.refunds import Refunds
from apps.sandboxes.telebirr.rules import Rules
from apps.sandboxes.telebirr.superapp import record_routes, rule_routes, superapp_routes
from apps.sandboxes.telebirr.templates import BNPL_TEMPLATE, Templates

PROVIDER: Final = "telebirr"
MOUNTS: Final = ("", "/apiaccess/payment/gateway")
"""The gateway answers below the provider's own path, and at the root, where nothing needs to know
more than the sandbox's address."""
_PIN: Final = "123456"


def create(*, directory: Path | None, strict: bool, clock: Clock = utc_now) -> Sandbox:
    """Build the sandbox.

    Args:
        directory: where wallets, orders and keys are kept; None keeps them in memory.
        strict: follow the documents to the letter.
        clock: the provider's time.
    """
    parts = _assemble(directory=directory, strict=strict, clock=clock)
    open_well_known(book=parts.kernel.book, operator="9", pin=_PIN, at=clock())
    checkout = Checkout(parts=parts)
    app = parts.kernel.app(title="Telebirr sandbox")
    app.include_router(_gateway_routes(parts=parts))
    app.include_router(paygate_routes(parts=parts, checkout=checkout))
    app.include_router(superapp_routes(parts=parts, checkout=checkout))
    app.include_router(record_routes(parts=parts))
    app.include_router(rule_routes(parts=parts))
    statements = StatementDesk(
        book=parts.kernel.book, keyring=parts.kernel.keyring, receipts=_receipts(parts=parts)
    )
    app.include_router(statement_routes(desk=statements))
    credentials = parts.credentials
    return Sandbox(
        provider=PROVIDER,
        app=app,
        credentials={
            "fabric_app_id": credentials.fabric_app_id,
            "app_secret": credentials.app_secret,
            "merchant_app_id": credentials.merchant_app_id,
            "merchant_code": credentials.merchant_code,
            "private_key": credentials.merchant_private_key,
            "sp_public_key": credentials.sp_public_key,
            "mandate_template_id": BNPL_TEMPLATE,
            "statement_key": statements.key,
        },
    )


def _receipts(*, parts: Parts) -> Callable[[Movement], str | None]:
    def receipt(movement: Movement) -> str | None:
        if movement.kind == "refund":
            refund = parts.refunds.find(refund_request_no=movement.reference)
            return refund.refund_order_id if refund else None
        order = parts.orders.find(merch_order_id=movement.reference)
        return order.trans_id if order else None

    return receipt


def _assemble(*, directory: Path | None, strict: bool, clock: Clock) -> Parts:
    kernel = Kernel.open(provider=PROVIDER, directory=directory, clock=clock)
    credentials = keep_credentials(keyring=kernel.keyring)
    behaviour = Behaviour(rules=Rules())
    orders = Orders(book=kernel.book)
    mandates = Mandates(book=kernel.book, templates=Templates(book=kernel.book))
    code = credentials.merchant_code
    return Parts(
        kernel=kernel,
        credentials=credentials,
        behaviour=behaviour,
        gateway=Gateway(credentials=credentials, clock=clock, strict=strict),
        orders=orders,
        mandates=mandates,
        refunds=Refunds(book=kernel.book, merchant_code=code),
        payments=Payments(
            book=kernel.book,
            orders=orders,
            mandates=mandates,
            behaviour=behaviour,
            merchant_code=code,
        ),
        notices=Notices(
            callbacks=kernel.callbacks, credentials=credentials, behaviour=behaviour, clock=clock
        ),
        strict=strict,
    )


def _gateway_routes(*, parts: Parts) -> APIRouter:
    router = APIRouter(tags=["gateway"])
    operations = (
        *OrderCalls(parts=parts).operations(),
        *RefundCalls(parts=parts).operations(),
        *MandateCalls(parts=parts).operations(),
    )

    async def token(request: Request) -> JSONResponse:
        parts.kernel.faults.take(operation="token").before()
        return await parts.gateway.issue_token(request=request)

    for mount in MOUNTS:
        router.add_api_route(f"{mount}/payment/v1/token", token, methods=["POST"])
        for operation in operations:
            for path in operation.paths:
                endpoint = _endpoint(parts.gateway, operation)
                router.add_api_route(f"{mount}{path}", endpoint, methods=["POST"])
    return router


def _endpoint(
    gateway: Gateway, operation: Operation
) -> Callable[[Request], Awaitable[JSONResponse]]:
    async def serve(request: Request) -> JSONResponse:
        return await gateway.serve(request=request, operation=operation)

    return serve
