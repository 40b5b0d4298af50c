"""What can happen to complaints and disputes."""

from typing import Final

from meqenet.disputes.complaint_events import (
    ComplaintAcknowledged,
    ComplaintAnswered,
    ComplaintAssigned,
    ComplaintClosed,
    ComplaintDeadlineMoved,
    ComplaintEscalated,
    ComplaintReceived,
    ComplaintReminded,
    ComplaintReopened,
    OfficeDaySet,
)
from meqenet.disputes.dispute_events import (
    DisputeDeadlineMoved,
    DisputeDecided,
    DisputeEvidenceAdded,
    DisputeOpened,
    DisputeReviewOverdue,
    DisputeSettled,
    DisputeStageReached,
)
from meqenet.event_types import EventTypes, types_of

EVENT_TYPES: Final = EventTypes(
    domain="disputes",
    types=types_of(
        (
            ComplaintReceived,
            ComplaintAcknowledged,
            ComplaintDeadlineMoved,
            ComplaintAssigned,
            ComplaintReminded,
            ComplaintEscalated,
            ComplaintAnswered,
            ComplaintReopened,
            ComplaintClosed,
            OfficeDaySet,
            DisputeOpened,
            DisputeStageReached,
            DisputeEvidenceAdded,
            DisputeDecided,
            DisputeDeadlineMoved,
            DisputeReviewOverdue,
            DisputeSettled,
        )
    ),
)
"""Every event of the domain."""
