"""Policies of collection as JSON documents: what each kind holds, read strictly."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum
from typing import Any, Final

from meqenet.money import Money
from meqenet.payments.causes import FailureCause, FailureCounter
from meqenet.payments.distances import read_distance
from meqenet.payments.query_times import QueryTimes
from meqenet.payments.quiet_hours import QuietHours
from meqenet.payments.reminders import Language, ReminderKind, ReminderPolicy
from meqenet.payments.retry_policy import (
    OverLimit,
    Pace,
    RetryPlan,
    RetryPolicy,
    Step,
    Window,
)
from meqenet.payments.salary_days import SalaryCalendar, SalaryDays
from meqenet.payments.wallet_limits import WalletLimits


class PolicyKind(StrEnum):
    """What a document decides."""

    RETRIES = "retries"
    """When a failed collection is tried again; its subject is a payment option."""
    WALLET_LIMITS = "wallet_limits"
    """What a wallet may pay at most; its subject is a level of wallets."""
    QUERIES = "queries"
    """When a provider is asked about an unknown outcome; its subject is ``orders``."""
    REMINDERS = "reminders"
    """When a customer is reminded of a payment; its subject is ``customers``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyKey:
    """Which document it is."""

    kind: PolicyKind
    subject: str
    version: int
    effective_from: date


def key_of(*, document: Mapping[str, Any]) -> PolicyKey:
    """Which document it is, after its rules were checked.

    Raises:
        ValueError: a field is missing, unknown or against a rule.
    """
    try:
        kind = PolicyKind(document["kind"])
        _READERS[kind](document=document)
        return PolicyKey(
            kind=kind,
            subject=document["subject"],
            version=document["version"],
            effective_from=date.fromisoformat(document["effective_from"]),
        )
    except KeyError as error:
        raise ValueError(f"collection policy: {error}") from error


def read_retry_policy(*, document: Mapping[str, Any]) -> RetryPolicy:
    """The retry policy in its document.

    Raises:
        ValueError: a field is missing, unknown or against a rule.
    """
    try:
        fields = _fields(document, kind=PolicyKind.RETRIES)
        read = {
            "due_day": _window(fields["due_day"]),
            "salary_days": _salary_days(fields["salary_days"]),
            "quiet_for_prompts": _quiet_hours(fields["quiet_for_prompts"]),
            "quiet_for_debits": _quiet_hours_or_none(fields["quiet_for_debits"]),
            "plans": {FailureCounter(key): _plan(plan) for key, plan in fields["plans"].items()},
            "causes": {FailureCause(key): _pace(**pace) for key, pace in fields["causes"].items()},
            "over_limit": OverLimit(fields["over_limit"]),
            "part_min": Money.from_birr(fields["part_min"]),
            "other_wallet_after": {
                FailureCause(key): count for key, count in fields["other_wallet_after"].items()
            },
        }
        option = fields.pop("subject")
        return RetryPolicy(option=option, **{**fields, **read})
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"retry policy: {error}") from error


def read_wallet_limits(*, document: Mapping[str, Any]) -> WalletLimits:
    """The wallet limits in their document; amounts are birr as decimal strings.

    Raises:
        ValueError: a field is missing, unknown or against a rule.
    """
    try:
        fields = _fields(document, kind=PolicyKind.WALLET_LIMITS)
        read = {
            "balance_max": Money.from_birr(fields["balance_max"]),
            "per_day_max": Money.from_birr(fields["per_day_max"]),
            "per_transaction_max": _birr_or_none(fields["per_transaction_max"]),
            "second_factor_above": _birr_or_none(fields["second_factor_above"]),
        }
        level = fields.pop("subject")
        return WalletLimits(level=level, **{**fields, **read})
    except (KeyError, TypeError) as error:
        raise ValueError(f"wallet limits: {error}") from error


def read_query_times(*, document: Mapping[str, Any]) -> QueryTimes:
    """The query times in their document.

    Raises:
        ValueError: a field is missing, unknown or against a rule.
    """
    try:
        fields = _fields(document, kind=PolicyKind.QUERIES)
        del fields["subject"]
        read = {
            "after": tuple(read_distance(each) for each in fields["after"]),
            "alarm_after": read_distance(fields["alarm_after"]),
        }
        return QueryTimes(**{**fields, **read})
    except (KeyError, TypeError) as error:
        raise ValueError(f"query times: {error}") from error


def read_reminder_policy(*, document: Mapping[str, Any]) -> ReminderPolicy:
    """The reminder policy in its document.

    Raises:
        ValueError: a field is missing, unknown or against a rule.
    """
    try:
        fields = _fields(document, kind=PolicyKind.REMINDERS)
        del fields["subject"]
        read = {
            "language": Language(fields["language"]),
            "days_before": tuple(fields["days_before"]),
            "days_past_due": tuple(fields["days_past_due"]),
            "time_of_day": time.fromisoformat(fields["time_of_day"]),
            "quiet": _quiet_hours(fields["quiet"]),
            # The first version was written before there was another channel than SMS.
            "by_email": tuple(ReminderKind(each) for each in fields.get("by_email", ())),
        }
        return ReminderPolicy(**{**fields, **read})
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"reminders: {error}") from error


_READERS: Final[Mapping[PolicyKind, Callable[..., object]]] = {
    PolicyKind.RETRIES: read_retry_policy,
    PolicyKind.WALLET_LIMITS: read_wallet_limits,
    PolicyKind.QUERIES: read_query_times,
    PolicyKind.REMINDERS: read_reminder_policy,
}


def _fields(document: Mapping[str, Any], *, kind: PolicyKind) -> dict[str, Any]:
    """What every kind has is read; the kind itself is checked and left out."""
    fields = {**document, "effective_from": date.fromisoformat(document["effective_from"])}
    if fields.pop("kind") != kind:
        raise ValueError(f"kind: {kind} was expected")
    return fields


def _plan(fields: Mapping[str, Any]) -> RetryPlan:
    rest = dict(fields)
    pace = _pace(steps=rest.pop("steps"), window=rest.pop("window"))
    return RetryPlan(pace=pace, **rest)


def _pace(*, steps: list[Mapping[str, Any]], window: Mapping[str, Any]) -> Pace:
    read = tuple(Step(**{**step, "after": read_distance(step["after"])}) for step in steps)
    return Pace(steps=read, window=_window(window))


def _window(fields: Mapping[str, Any]) -> Window:
    read = {
        "times_of_day": tuple(time.fromisoformat(each) for each in fields["times_of_day"]),
        "spread": read_distance(fields["spread"]),
    }
    return Window(**{**fields, **read})


def _salary_days(fields: Mapping[str, Any]) -> SalaryDays:
    return SalaryDays(**{**fields, "calendar": SalaryCalendar(fields["calendar"])})


def _quiet_hours(fields: Mapping[str, Any]) -> QuietHours:
    return QuietHours(**{name: time.fromisoformat(clock) for name, clock in fields.items()})


def _quiet_hours_or_none(fields: Mapping[str, Any] | None) -> QuietHours | None:
    return None if fields is None else _quiet_hours(fields)


def _birr_or_none(text: str | None) -> Money | None:
    return None if text is None else Money.from_birr(text)
