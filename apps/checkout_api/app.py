"""The checkout API as one application."""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from apps.checkout_api import (
    callbacks,
    complaint_summary,
    complaints,
    disputes,
    health,
    identity_return,
    merchant_statement,
    office_days,
    order_captures,
    order_refunds,
    order_voids,
    payouts,
    plan_list,
    plan_payments,
    plans,
    problems,
    quotes,
    support_alarms,
    support_batches,
    support_bills,
    support_complaints,
    support_credits,
    support_disputes,
    support_hardship,
    support_losses,
    support_payouts,
    support_plans,
    support_refunds,
    support_replays,
    support_reports,
    support_voids,
    support_wallets,
    test_clocks,
    webhook_notices,
    webhook_secret,
)
from apps.checkout_api.complaint_resource import (
    Complaint,
    ComplaintRead,
    Complaints,
    SupportComplaint,
    SupportComplaintRead,
)
from apps.checkout_api.dispute_resource import (
    Dispute,
    DisputeRead,
    Disputes,
    SupportDispute,
    SupportDisputeRead,
    SupportDisputes,
)
from apps.checkout_api.idempotency import KEY_HEADER
from apps.checkout_api.parts import ApiParts
from apps.checkout_api.payout_resource import Payouts, PayoutTold
from apps.checkout_api.plan_list import PlanSummary
from apps.checkout_api.plan_resource import PlanResource
from apps.checkout_api.problems import ProblemDetails
from apps.checkout_api.quotes import Quotes
from apps.checkout_api.request_edge import RequestEdge
from apps.checkout_api.statement_resource import Statement
from apps.checkout_api.support_alarms import Alarms, AlarmStanding
from apps.checkout_api.support_batches import FailedInstallments
from apps.checkout_api.support_bills import UnclaimedBills
from apps.checkout_api.support_payouts import SupportPayout, SupportPayouts
from apps.checkout_api.support_reports import PortfolioTold
from apps.checkout_api.support_resource import SupportPlan
from apps.checkout_api.webhook_resource import (
    NoticeList,
    NoticeTold,
    NoticeWithTries,
    PlanNoticesTold,
    SecretRotated,
    SecretStanding,
)

_TITLE: Final = "Meqenet checkout API"
_VERSION: Final = "1"
_DESCRIPTION: Final = (
    "Buy now, pay later for Ethiopia. Amounts are decimal strings in birr, times are UTC, due "
    "dates are days of Addis Ababa in both calendars. Refusals and failures are problem details "
    "(RFC 9457): match on `code`, show `detail`. Every write takes an `Idempotency-Key`."
)


def create_app(*, parts: ApiParts) -> FastAPI:
    """The application over these parts."""
    app = FastAPI(
        title=_TITLE,
        version=_VERSION,
        description=_DESCRIPTION,
        redoc_url=None,
    )
    app.state.parts = parts
    for part in (
        quotes,
        plans,
        plan_payments,
        order_captures,
        order_refunds,
        order_voids,
        complaints,
        disputes,
        plan_list,
        merchant_statement,
        payouts,
        test_clocks,
        identity_return,
        support_plans,
        support_wallets,
        support_credits,
        support_refunds,
        support_voids,
        support_replays,
        support_bills,
        support_hardship,
        support_losses,
        support_payouts,
        support_alarms,
        complaint_summary,
        office_days,
        support_complaints,
        support_disputes,
        support_batches,
        support_reports,
        webhook_notices,
        webhook_secret,
        health,
    ):
        app.include_router(part.router)
    app.include_router(callbacks.telebirr_router)
    app.include_router(callbacks.mpesa_router)
    problems.install(app=app)
    app.add_middleware(RequestEdge)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]  # FastAPI's way to do it
    return app


def _openapi(app: FastAPI) -> dict[str, Any]:
    """The document, made once: problems described, and the idempotency key marked as required."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=_TITLE, version=_VERSION, description=_DESCRIPTION, routes=app.routes
        )
        schemas = document["components"]["schemas"]
        model = ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(model.pop("$defs", {}))
        schemas["ProblemDetails"] = model
        # FastAPI drops every null, also where an example shows one.
        for shown in (
            Quotes,
            PlanResource,
            PlanSummary,
            Statement,
            PayoutTold,
            Payouts,
            SupportPayout,
            SupportPayouts,
            SupportPlan,
            FailedInstallments,
            Alarms,
            AlarmStanding,
            UnclaimedBills,
            Complaint,
            ComplaintRead,
            Complaints,
            SupportComplaint,
            SupportComplaintRead,
            Dispute,
            DisputeRead,
            Disputes,
            SupportDispute,
            SupportDisputeRead,
            SupportDisputes,
            PortfolioTold,
            NoticeTold,
            NoticeWithTries,
            NoticeList,
            PlanNoticesTold,
            SecretStanding,
            SecretRotated,
        ):
            schemas[shown.__name__]["examples"] = shown.model_json_schema()["examples"]
        for operations in document["paths"].values():
            for operation in operations.values():
                _correct(operation)
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        app.openapi_schema = document
    return app.openapi_schema


def _correct(operation: dict[str, Any]) -> None:
    """FastAPI knows neither that a missing key is refused by us nor the form of our 422."""
    for parameter in operation.get("parameters", ()):
        if parameter["name"] == KEY_HEADER:
            parameter["required"] = True
            parameter["schema"] = {"type": "string", "examples": ["order-1042-apply"]}
    told = operation["responses"].get("422", {}).get("content", {})
    if "application/json" in told:
        operation["responses"]["422"] = problems.openapi_responses(422)[422]
