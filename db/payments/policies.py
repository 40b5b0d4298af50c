"""Which policies of collection decide: retries, wallet limits, and questions about orders."""

from datetime import date
from typing import Any, Final

from sqlalchemy import select

from db.kernel.engine import ReadSession
from db.payments.tables import CollectionPolicy
from meqenet.errors import Defect
from meqenet.payments.policy_documents import (
    PolicyKind,
    read_query_times,
    read_reminder_policy,
    read_retry_policy,
    read_wallet_limits,
)
from meqenet.payments.query_times import QueryTimes
from meqenet.payments.reminders import ReminderPolicy
from meqenet.payments.retry_policy import RetryPolicy
from meqenet.payments.wallet_limits import WalletLimits

WALLET_LEVEL: Final = "level_2"
"""The level of wallets whose limits are known (ONPS/10/2025)."""
_ORDERS: Final = "orders"
_CUSTOMERS: Final = "customers"


async def retry_policy_on(*, session: ReadSession, option: str, day: date) -> RetryPolicy:
    """The newest version for a payment option in force on an Addis Ababa date.

    Raises:
        Defect: ``collection_policy_missing``: there was none yet.
    """
    document = await _document(session, kind=PolicyKind.RETRIES, subject=option, day=day)
    return read_retry_policy(document=document)


async def find_retry_policy(*, session: ReadSession, option: str, day: date) -> RetryPolicy | None:
    """The same, or None where there was none yet."""
    document = await _find(session, kind=PolicyKind.RETRIES, subject=option, day=day)
    return None if document is None else read_retry_policy(document=document)


async def wallet_limits_on(*, session: ReadSession, day: date) -> WalletLimits:
    """The limits of a wallet in force on an Addis Ababa date.

    Raises:
        Defect: ``collection_policy_missing``: there were none yet.
    """
    kind = PolicyKind.WALLET_LIMITS
    document = await _document(session, kind=kind, subject=WALLET_LEVEL, day=day)
    return read_wallet_limits(document=document)


async def query_times_on(*, session: ReadSession, day: date) -> QueryTimes:
    """When providers are asked about unknown outcomes, by the version in force on that date.

    Raises:
        Defect: ``collection_policy_missing``: there was none yet.
    """
    document = await _document(session, kind=PolicyKind.QUERIES, subject=_ORDERS, day=day)
    return read_query_times(document=document)


async def find_query_times(*, session: ReadSession, day: date) -> QueryTimes | None:
    """The same, or None where there was none yet."""
    document = await _find(session, kind=PolicyKind.QUERIES, subject=_ORDERS, day=day)
    return None if document is None else read_query_times(document=document)


async def find_reminder_policy(*, session: ReadSession, day: date) -> ReminderPolicy | None:
    """When customers are reminded, by the version in force on that date; None before the first."""
    document = await _find(session, kind=PolicyKind.REMINDERS, subject=_CUSTOMERS, day=day)
    return None if document is None else read_reminder_policy(document=document)


async def _document(
    session: ReadSession, *, kind: PolicyKind, subject: str, day: date
) -> dict[str, Any]:
    document = await _find(session, kind=kind, subject=subject, day=day)
    if document is None:
        raise Defect(
            "collection_policy_missing", f"no {kind} policy for {subject} was in force on {day}"
        )
    return document


async def _find(
    session: ReadSession, *, kind: PolicyKind, subject: str, day: date
) -> dict[str, Any] | None:
    document: dict[str, Any] | None = await session.scalar(
        select(CollectionPolicy.document)
        .where(
            CollectionPolicy.kind == kind,
            CollectionPolicy.subject == subject,
            CollectionPolicy.effective_from <= day,
        )
        .order_by(CollectionPolicy.effective_from.desc(), CollectionPolicy.version.desc())
        .limit(1)
    )
    return document
