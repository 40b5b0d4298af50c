"""Staff come and go: the auth domain keeps their keys."""

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.contracts.auth import (
        ISSUE_STAFF_KEY,
        REVOKE_STAFF_KEYS,
        IssueStaffKey,
        RevokeStaffKeys,
    )
    from workflows.asking import ask, passed_on, report_of


@workflow.defn
class StaffJoiningWorkflow:
    """Stores the key of a member of staff; repeating it changes nothing."""

    @workflow.run
    async def run(self, key: IssueStaffKey) -> str:
        """Return the staff id. A refusal fails the run with its code."""
        try:
            await ask(ISSUE_STAFF_KEY, key, summary="Issue a staff key")
        except ActivityError as error:
            raise passed_on(report_of(error)) from error
        return key.staff_id


@workflow.defn
class StaffLeavingWorkflow:
    """Ends every key of a member of staff; repeating it changes nothing."""

    @workflow.run
    async def run(self, leaving: RevokeStaffKeys) -> str:
        """Return the staff id. A refusal fails the run with its code."""
        try:
            await ask(REVOKE_STAFF_KEYS, leaving, summary="Revoke all keys of a member of staff")
        except ActivityError as error:
            raise passed_on(report_of(error)) from error
        return leaving.staff_id
