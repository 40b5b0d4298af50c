"""A notice to a merchant: delivered with growing patience, never in a plan's way."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.contracts.marketplace import DELIVER_NOTICE, DeliverNotice
    from activities.contracts.step import Nothing

_GIVE_UP_AFTER = timedelta(days=7)


@workflow.defn
class MerchantNoticeWorkflow:
    """Tells a merchant's endpoint one piece of news, for up to a week."""

    @workflow.run
    async def run(self, notice: DeliverNotice) -> str:
        """Return ``delivered`` or ``given up``."""
        try:
            await workflow.execute_activity(
                DELIVER_NOTICE.name,
                notice,
                result_type=Nothing,
                task_queue=DELIVER_NOTICE.queue,
                start_to_close_timeout=timedelta(seconds=20),
                schedule_to_close_timeout=_GIVE_UP_AFTER,
                retry_policy=RetryPolicy(
                    initial_interval=timedelta(seconds=5), maximum_interval=timedelta(hours=6)
                ),
                summary=notice.kind,
            )
        except ActivityError:
            return "given up"
        return "delivered"
