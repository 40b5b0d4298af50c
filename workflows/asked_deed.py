"""What somebody has asked a plan for, until it is done."""

from dataclasses import dataclass
from datetime import datetime

from temporalio.exceptions import ApplicationError

from workflows.messages import PlanDeed


@dataclass
class AskedDeed:
    """What a member of staff waits for; ``done`` once it is on record.

    ``planned_at``: of a retry, when the attempt would have been made by itself. ``refused``: why
    a domain has not done it.
    """

    deed: PlanDeed
    planned_at: datetime | None = None
    done: bool = False
    refused: ApplicationError | None = None
