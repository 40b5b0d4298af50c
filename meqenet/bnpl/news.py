"""Which events of a plan its merchant is told of, and under which name."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

NOTICE_BY_EVENT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "plan_activated": "plan.approved",
        "plan_declined": "plan.declined",
        "plan_expired": "plan.expired",
        "plan_cancelled": "plan.cancelled",
        "merchant_paid": "plan.settled",
        "order_captured": "plan.captured",
        "order_voided": "plan.voided",
        "authorisation_expiring": "plan.authorisation_expiring",
        "authorisation_expired": "plan.authorisation_expired",
        "order_refunded": "plan.refunded",
        "order_disputed": "plan.disputed",
        "order_dispute_ended": "plan.dispute_ended",
        "plan_completed": "plan.completed",
    }
)
"""Kind of event to kind of notice. Of an activation the merchant is told once the payment at
checkout is recorded as well, which is the event right behind it where there was one."""
