"""The OpenAPI document: its examples hold, and no amount in it is a number."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from jsonschema import Draft202012Validator
from pydantic import BaseModel

from apps.checkout_api import (
    complaint_resource,
    complaint_summary,
    complaints,
    dispute_resource,
    disputes,
    office_days,
    order_captures,
    order_voids,
    payout_resource,
    plan_list,
    plan_payments,
    plan_resource,
    problems,
    quotes,
    statement_resource,
    support_alarms,
    support_batches,
    support_bills,
    support_complaints,
    support_disputes,
    support_payouts,
    support_plans,
    support_reports,
    support_resource,
    support_voids,
    test_clocks,
    webhook_notices,
    webhook_resource,
    webhook_secret,
    wire,
)

MODELS: list[type[BaseModel]] = [
    wire.QuoteRequest,
    wire.PlanRequest,
    wire.AcceptRequest,
    wire.CancelRequest,
    wire.TestClockRequest,
    wire.AdvanceRequest,
    quotes.Quotes,
    plan_resource.PlanResource,
    plan_payments.PaymentRequest,
    plan_payments.PaymentPreview,
    plan_list.PlanSummary,
    statement_resource.Statement,
    payout_resource.PayoutTold,
    payout_resource.Payouts,
    support_payouts.SupportPayout,
    support_payouts.SupportPayouts,
    test_clocks.TestClockResource,
    support_plans.Reasoned,
    support_plans.RetryRequest,
    support_plans.PauseRequest,
    support_plans.UnreachableRequest,
    support_resource.SupportPlan,
    support_batches.FailedInstallments,
    support_alarms.Alarms,
    support_alarms.AlarmStanding,
    support_bills.UnclaimedBills,
    support_bills.AssignBill,
    support_reports.PortfolioTold,
    support_reports.ExposureTold,
    webhook_resource.NoticeTold,
    webhook_resource.NoticeWithTries,
    webhook_resource.NoticeList,
    webhook_resource.PlanNoticesTold,
    webhook_resource.ReplayBegun,
    webhook_resource.SecretStanding,
    webhook_resource.SecretRotated,
    webhook_notices.ReplayRequest,
    webhook_secret.RotateRequest,
    complaints.ComplaintRequest,
    complaints.ReopenRequest,
    complaint_resource.Complaint,
    complaint_resource.ComplaintRead,
    complaint_resource.SupportComplaint,
    complaint_resource.SupportComplaintRead,
    complaint_resource.Complaints,
    complaint_summary.ComplaintSummaryTold,
    order_captures.CaptureRequest,
    order_voids.VoidAsked,
    order_voids.VoidRequest,
    support_voids.VoidForMerchantRequest,
    support_complaints.StaffComplaintRequest,
    support_complaints.ReasonedDeed,
    support_complaints.AssignRequest,
    support_complaints.AnswerRequest,
    support_complaints.StaffReopenRequest,
    disputes.DisputeRequest,
    support_disputes.ReasonRequest,
    support_disputes.DecisionRequest,
    dispute_resource.Dispute,
    dispute_resource.DisputeRead,
    dispute_resource.Disputes,
    dispute_resource.EvidenceTold,
    dispute_resource.EvidenceList,
    dispute_resource.SupportDispute,
    dispute_resource.SupportDisputeRead,
    dispute_resource.SupportDisputes,
    office_days.OfficeDayRequest,
    office_days.OfficeDayTold,
    problems.ProblemDetails,
]


@pytest_asyncio.fixture(loop_scope="session")
async def document(http: httpx.AsyncClient) -> dict[str, Any]:
    found: dict[str, Any] = (await http.get("/openapi.json")).json()
    return found


def _examples(model: type[BaseModel]) -> Iterator[Any]:
    yield from model.model_json_schema()["examples"]


@pytest.mark.parametrize("model", MODELS)
def test_examples_are_taken_by_their_own_models(model: type[BaseModel]) -> None:
    examples = list(_examples(model))
    assert examples
    for example in examples:
        model.model_validate(example)


async def test_examples_hold_by_the_published_schemas(document: dict[str, Any]) -> None:
    seen = 0
    for schema in document["components"]["schemas"].values():
        whole = {**schema, "components": document["components"]}
        Draft202012Validator.check_schema(whole)
        for example in schema.get("examples", ()):
            Draft202012Validator(whole).validate(example)
            seen += 1
    assert seen >= len(MODELS)


def _numbers(value: object, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        if value.get("type") == "number":
            yield path
        for name, inner in value.items():
            yield from _numbers(inner, f"{path}.{name}")
    elif isinstance(value, list):
        for inner in value:
            yield from _numbers(inner, path)


async def test_no_field_is_a_number_with_a_point(document: dict[str, Any]) -> None:
    assert list(_numbers(document, "")) == []


async def test_every_write_of_merchants_and_staff_needs_a_key_of_its_own(
    document: dict[str, Any],
) -> None:
    writes = {
        path: {parameter["name"]: parameter["required"] for parameter in post["parameters"]}
        for path, operations in document["paths"].items()
        if (post := operations.get("post")) and "parameters" in post
    }
    with_key = {path for path, names in writes.items() if names.get("Idempotency-Key")}
    assert with_key == {
        "/v1/plans",
        "/v1/plans/{plan_id}/accept",
        "/v1/plans/{plan_id}/cancel",
        "/v1/plans/{plan_id}/payments",
        "/v1/plans/{plan_id}/refunds",
        "/v1/plans/{plan_id}/captures",
        "/v1/plans/{plan_id}/void",
        "/v1/test-clocks",
        "/v1/test-clocks/{clock_id}/advance",
        "/v1/webhooks/notices/replay",
        "/v1/webhooks/notices/{notice_id}/replay",
        "/v1/webhooks/secret/rotate",
        "/v1/webhooks/secret/end-overlap",
        "/v1/plans/{plan_id}/complaints",
        "/v1/complaints/{tracking_number}/reopen",
        "/v1/plans/{plan_id}/disputes",
        *(
            f"/v1/plans/{{plan_id}}/disputes/{{number}}/{deed}"
            for deed in ("accept", "answer", "evidence")
        ),
        "/v1/support/plans/{plan_id}/disputes",
        *(
            f"/v1/support/plans/{{plan_id}}/disputes/{{number}}/{deed}"
            for deed in ("withdraw", "decide", "evidence")
        ),
        "/v1/support/complaints",
        "/v1/support/office-days",
        *(
            f"/v1/support/complaints/{{tracking_number}}/{deed}"
            for deed in ("assign", "escalate", "answer", "reopen", "close")
        ),
        "/v1/support/alarms/{attempt}/take",
        "/v1/support/alarms/{attempt}/release",
        "/v1/support/bills/{receipt}/assign",
        "/v1/support/payouts/{payout_id}/retry",
        *(
            f"/v1/support/plans/{{plan_id}}/{deed}"
            for deed in (
                "installments/{number}/retry",
                "installments/{number}/fee/waive",
                "installments/{number}/pay-by-wallet",
                "wallets",
                "pause",
                "unreachable",
                "resume",
                "refund/retry",
                "payout/retry",
                "charge-off",
                "write-off",
                "hardship",
                "payments/{attempt}/replay",
                "credits/{attempt}/return",
                "refunds/{number}/retry",
                "void",
                "voids/{number}/retry",
            )
        ),
    }


async def test_problems_are_described_where_they_are_answered(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        for operation in operations.values():
            for status, told in operation["responses"].items():
                if status.startswith("4") or (status == "503" and path != "/readyz"):
                    assert list(told["content"]) == ["application/problem+json"], (path, status)


async def test_requests_allow_no_field_that_is_not_described(document: dict[str, Any]) -> None:
    for name in (
        "QuoteRequest",
        "PlanRequest",
        "Customer",
        "Wallet",
        "AdvanceRequest",
        "PauseRequest",
    ):
        assert document["components"]["schemas"][name]["additionalProperties"] is False
