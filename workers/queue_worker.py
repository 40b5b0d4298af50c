"""A Temporal worker of one task queue: what it runs, and how patiently."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from importlib.metadata import version
from typing import Any, Final

from temporalio.client import Client
from temporalio.common import WorkerDeploymentVersion
from temporalio.worker import PollerBehaviorAutoscaling, Worker, WorkerDeploymentConfig

from activities.edge import EdgeInterceptor
from workers.workflow_runner import workflow_runner
from workflows.cash_back import CashBackWorkflow
from workflows.collection import InstallmentCollectionWorkflow
from workflows.complaint import ComplaintWorkflow
from workflows.complaint_restoring import ComplaintRestorationWorkflow
from workflows.credit_return import CreditReturnWorkflow
from workflows.daily_accrual import DailyAccrualWorkflow
from workflows.dispute import DisputeWorkflow
from workflows.dispute_restoring import DisputeRestorationWorkflow
from workflows.late_money import LateMoneyWorkflow
from workflows.merchant_settlement import MerchantSettlementWorkflow
from workflows.merchant_transfer import MerchantTransferWorkflow
from workflows.notice import MerchantNoticeWorkflow
from workflows.notice_replay import NoticeReplayWorkflow
from workflows.onboarding import MerchantOnboardingWorkflow, MerchantTermsWorkflow
from workflows.payout import MerchantPayoutWorkflow
from workflows.plan import PaymentPlanWorkflow
from workflows.reconciliation import ReconciliationWorkflow
from workflows.refund import RefundWorkflow
from workflows.refund_after_end import RefundAfterEndWorkflow
from workflows.rehydration import RehydrationWorkflow
from workflows.reminder import ReminderWorkflow
from workflows.restoring import (
    ClockRestorationWorkflow,
    NoticeRestorationWorkflow,
    OpenClocksWorkflow,
)
from workflows.settlement_day import SettlementDayWorkflow
from workflows.staffing import StaffJoiningWorkflow, StaffLeavingWorkflow
from workflows.stray_bill import StrayBillWorkflow
from workflows.test_clock import TestClockWorkflow

WORKFLOWS: tuple[type[Any], ...] = (
    PaymentPlanWorkflow,
    InstallmentCollectionWorkflow,
    RefundWorkflow,
    LateMoneyWorkflow,
    StrayBillWorkflow,
    CreditReturnWorkflow,
    CashBackWorkflow,
    RefundAfterEndWorkflow,
    MerchantPayoutWorkflow,
    MerchantSettlementWorkflow,
    SettlementDayWorkflow,
    MerchantTransferWorkflow,
    MerchantNoticeWorkflow,
    NoticeReplayWorkflow,
    ReminderWorkflow,
    ComplaintWorkflow,
    DisputeWorkflow,
    MerchantOnboardingWorkflow,
    MerchantTermsWorkflow,
    StaffJoiningWorkflow,
    StaffLeavingWorkflow,
    TestClockWorkflow,
    DailyAccrualWorkflow,
    ReconciliationWorkflow,
    RehydrationWorkflow,
    OpenClocksWorkflow,
    ClockRestorationWorkflow,
    NoticeRestorationWorkflow,
    ComplaintRestorationWorkflow,
    DisputeRestorationWorkflow,
)
WORKFLOW_QUEUE = "bnpl"
"""Plans and the bnpl store belong together: their workers are the same."""
_ACTIVITIES_MAX = 40
_RELEASE: Final = WorkerDeploymentConfig(
    version=WorkerDeploymentVersion(deployment_name="meqenet", build_id=version("meqenet")),
    use_worker_versioning=False,
)
"""What operators see beside each task. Changes go through patching: any release takes any run. By
itself the SDK would name a build after all code of the process, read anew at each start.
"""
_WORKFLOWS_CACHED_MAX = 1000


def worker_for(
    *, client: Client, queue: str, activities: Sequence[Any], in_hand_max: int | None = None
) -> Worker:
    """A worker of one task queue; the plans' queue runs the workflows as well.

    Args:
        client: of the Temporal server.
        queue: the task queue.
        activities: whose methods take its steps.
        in_hand_max: so many steps at a time, where a provider takes only so many.
    """
    return Worker(
        client,
        task_queue=queue,
        workflows=WORKFLOWS if queue == WORKFLOW_QUEUE else (),
        activities=[method for part in activities for method in activity_methods(part)],
        workflow_runner=workflow_runner(),
        interceptors=[EdgeInterceptor()],
        workflow_task_poller_behavior=PollerBehaviorAutoscaling(),
        activity_task_poller_behavior=PollerBehaviorAutoscaling(),
        deployment_config=_RELEASE,
        max_concurrent_activities=min(in_hand_max or _ACTIVITIES_MAX, _ACTIVITIES_MAX),
        max_cached_workflows=_WORKFLOWS_CACHED_MAX if queue == WORKFLOW_QUEUE else 0,
        graceful_shutdown_timeout=timedelta(seconds=20),
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=3),
    )


def activity_methods(part: object) -> list[Callable[..., Any]]:
    """The methods of a domain's activities that take a step."""
    return [
        getattr(part, name)
        for name in dir(type(part))
        if hasattr(getattr(type(part), name), "__temporal_activity_definition")
    ]
