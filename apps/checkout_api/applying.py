"""A checkout's application, checked before anything is sent, and the start of its plan."""

import hashlib
import hmac
from datetime import datetime
from typing import Final

from temporalio.client import WithStartWorkflowOperation
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from apps.checkout_api.authentication import Merchant
from apps.checkout_api.exact_json import canonical
from apps.checkout_api.parts import ApiParts
from apps.checkout_api.plan_process import ProcessGone, StillWorking, asked
from apps.checkout_api.problems import Problem, refused
from apps.checkout_api.test_clocks import clock_handle
from apps.checkout_api.wire import PlanRequest, Wallet
from meqenet.bnpl.order_money import CaptureMode
from meqenet.errors import Mender, Refusal, Unavailable
from meqenet.identity import plan_id as plan_id_of
from meqenet.kyc.emails import normalise_email
from meqenet.kyc.numbers import check_fayda_number
from meqenet.kyc.phones import normalise_msisdn
from meqenet.payments.rail import WalletProvider
from workers.queue_worker import WORKFLOW_QUEUE
from workflows.messages import Application, Apply, PlanAnswer, plan_workflow_id
from workflows.plan import PaymentPlanWorkflow
from workflows.plan_life import PlanRun
from workflows.test_clock import TestClockWorkflow
from workflows.test_clock_messages import Bind

_PREFIX_BY_PROVIDER: Final = {WalletProvider.TELEBIRR: "2519", WalletProvider.MPESA: "2517"}
"""Whose network a wallet's phone is on (providers.md 4.2)."""


def application_of(*, body: PlanRequest, merchant: Merchant, parts: ApiParts) -> Application:
    """The application, with its numbers checked and spelled one way.

    Raises:
        Problem: 422 with the field: ``fayda_number_length``, ``fayda_number_checksum``,
            ``phone_format``, ``wallet_phone_mismatch``, ``email_format``,
            ``return_url_insecure``, ``test_clock_not_allowed``.
    """
    if body.test_clock is not None and not merchant.sandbox:
        raise _at_fault("test_clock_not_allowed", "test_clock", "with test keys (mqk_test_…) only")
    if body.return_url is not None and not parts.sandbox and body.return_url[:6] != "https:":
        raise _at_fault("return_url_insecure", "return_url", "must start with https://")
    msisdn, fayda_number = msisdn_of(body.wallet), _fayda_number(body.customer.fayda_number)
    email = _email(body.customer.email)
    return Application(
        plan_id=plan_id_of(merchant_id=merchant.merchant_id, reference=body.reference),
        merchant_id=merchant.merchant_id,
        reference=body.reference,
        request_hash=_request_hash(
            body, msisdn=msisdn, fayda_number=fayda_number, email=email, hash_key=parts.hash_key
        ),
        option=body.option,
        amount=body.amount,
        description=body.description,
        installment_count=body.installment_count,
        wallet_provider=body.wallet.provider,
        msisdn=msisdn,
        fayda_number=fayda_number,
        consent_version=body.customer.consent_version,
        monthly_income=body.customer.monthly_income,
        return_url=body.return_url,
        test_clock_id=body.test_clock,
        email=email,
        capture=body.capture,
    )


async def start_plan(*, application: Application, parts: ApiParts) -> PlanAnswer:
    """Start the plan's workflow, or join the one that runs, and await its first answer.

    Raises:
        Problem: the workflow refused the application.
        ProcessGone: the plan's workflow has run and ended.
        StillWorking: no answer within the time; the plan is being made all the same.
        Unavailable: the Temporal server cannot be reached.
    """
    start = WithStartWorkflowOperation(
        PaymentPlanWorkflow.run,
        PlanRun(application=application),
        id=plan_workflow_id(plan_id=application.plan_id),
        task_queue=WORKFLOW_QUEUE,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        # A refused application fails its run and may be made anew under the same reference.
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
        static_summary=f"{application.option} {application.amount} birr, {application.plan_id}",
        static_details=_details(application),
    )
    try:
        return await asked(
            lambda: parts.temporal.execute_update_with_start_workflow(
                PaymentPlanWorkflow.apply,
                Apply(request_hash=application.request_hash),
                start_workflow_operation=start,
            ),
            wait_seconds_max=parts.answer_seconds_max,
        )
    except WorkflowAlreadyStartedError:
        raise ProcessGone from None


def _details(application: Application) -> str:
    """What an operator reads first. No personal data: the order's text and reference stay out."""
    time = "on a test clock" if application.test_clock_id else "in real time"
    return "\n".join(
        (
            f"- plan `{application.plan_id}` of merchant `{application.merchant_id}`",
            f"- {application.option}, {application.amount} birr, by {application.wallet_provider}",
            f"- lives {time}",
        )
    )


async def bind_clock(*, application: Application, clock_id: str, parts: ApiParts) -> datetime:
    """Bind the plan that is about to start to its test clock; returns the clock's time.

    Raises:
        Problem: 422 ``test_clock_unknown``, for another merchant's clock as well; 409
            ``test_clock_advancing``.
    """
    bound = Bind(plan_id=application.plan_id, merchant_id=application.merchant_id)
    handle = clock_handle(parts=parts, clock_id=clock_id)
    try:
        view = await asked(
            lambda: handle.execute_update(TestClockWorkflow.bind, bound),
            wait_seconds_max=parts.answer_seconds_max,
        )
    except ProcessGone:
        raise _at_fault("test_clock_unknown", "test_clock", "there is no such clock") from None
    except StillWorking:
        raise Unavailable("test_clock_busy", "the test clock does not answer in time") from None
    except Problem as problem:
        if problem.code == "test_clock_unknown":
            raise _at_fault(problem.code, "test_clock", "there is no such clock") from None
        raise
    return view.now


def msisdn_of(wallet: Wallet, /) -> str:
    """The wallet's phone in the spelling of providers.

    Raises:
        Problem: 422 ``phone_format``; ``wallet_phone_mismatch``: it is on another network.
    """
    try:
        msisdn = normalise_msisdn(text=wallet.phone)
    except Refusal as refusal:
        raise refused(refusal, field="wallet.phone") from None
    prefix = _PREFIX_BY_PROVIDER[wallet.provider]
    if not msisdn.startswith(prefix):
        raise _at_fault(
            "wallet_phone_mismatch",
            "wallet.phone",
            f"{wallet.provider} wallets have numbers that start with +{prefix}",
            mender=Mender.CUSTOMER,
        )
    return msisdn


def _fayda_number(text: str) -> str:
    try:
        return check_fayda_number(text=text).digits
    except Refusal as refusal:
        raise refused(refusal, field="customer.fayda_number") from None


def _email(text: str | None) -> str | None:
    try:
        return None if text is None else normalise_email(text=text)
    except Refusal as refusal:
        raise refused(refusal, field="customer.email") from None


def _request_hash(
    body: PlanRequest, *, msisdn: str, fayda_number: str, email: str | None, hash_key: bytes
) -> str:
    """Keyed: the numbers inside could be guessed from a plain hash."""
    content = body.model_dump(mode="json", exclude_none=True)
    if body.capture is CaptureMode.AUTOMATIC:
        del content["capture"]  # as if it was not given: what said nothing of it stays the same
    content["wallet"]["phone"] = msisdn
    content["customer"]["fayda_number"] = fayda_number
    if email is not None:
        content["customer"]["email"] = email
    text = b"application\x1f" + canonical(content)
    return hmac.new(hash_key, text, hashlib.sha256).hexdigest()


def _at_fault(code: str, field: str, rule: str, *, mender: Mender = Mender.MERCHANT) -> Problem:
    return Problem(status=422, code=code, detail=f"{field}: {rule}", field=field, mender=mender)
