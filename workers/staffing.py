"""Taking staff on and letting them go, from the command line."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from temporalio.client import Client

from activities.contracts.auth import IssueStaffKey, RevokeStaffKeys
from meqenet.auth.keys import new_staff_key
from meqenet.auth.roles import Role
from meqenet.errors import Mender, Refusal
from meqenet.identity import derived_id
from workers.queue_worker import WORKFLOW_QUEUE
from workflows.staffing import StaffJoiningWorkflow, StaffLeavingWorkflow

_HANDLE: Final = re.compile(r"[a-z][a-z0-9-]{1,39}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class StaffJoined:
    """Somebody's staff id, and the key, which is shown this once and stored as a hash only."""

    staff_id: str
    key: str = field(repr=False)


def staff_id_of(*, handle: str) -> str:
    """The staff id of a handle: one handle, one member of staff.

    Raises:
        Refusal: ``handle_malformed``.
    """
    if not _HANDLE.fullmatch(handle):
        raise Refusal(
            "handle_malformed",
            "handle: 2 to 40 lower-case letters, digits and hyphens, a letter first",
            mender=Mender.MEQENET,
            field="handle",
        )
    return derived_id(prefix="stf", parts=(handle,))


async def take_on(
    *,
    client: Client,
    handle: str,
    role: Role,
    at: datetime,
    randomness: Callable[[int], bytes],
) -> StaffJoined:
    """Issue a key to a member of staff; whoever has one already has two then.

    Raises:
        Refusal: ``handle_malformed``.
        WorkflowFailureError: the auth domain refused; its cause carries the code.
    """
    staff_id = staff_id_of(handle=handle)
    key = new_staff_key(randomness=randomness)
    await client.execute_workflow(
        StaffJoiningWorkflow.run,
        IssueStaffKey(
            staff_id=staff_id,
            handle=handle,
            role=role,
            key_id=key.key_id,
            secret_hash=key.secret_hash,
            at=at,
        ),
        id=f"staff-{staff_id}-{key.key_id}",
        task_queue=WORKFLOW_QUEUE,
        static_summary=f"Take staff on: {role}",
    )
    return StaffJoined(staff_id=staff_id, key=key.text)


async def let_go(*, client: Client, handle: str, at: datetime) -> str:
    """End all keys of a member of staff; the staff id.

    Raises:
        Refusal: ``handle_malformed``.
        WorkflowFailureError: nobody of that handle was given a key (``staff_unknown``).
    """
    staff_id = staff_id_of(handle=handle)
    return await client.execute_workflow(
        StaffLeavingWorkflow.run,
        RevokeStaffKeys(staff_id=staff_id, at=at),
        id=f"staff-leaves-{staff_id}",
        task_queue=WORKFLOW_QUEUE,
        static_summary="Let staff go",
    )
