"""Installments that fail again and again, for tests of when they are tried."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from meqenet.calendar import ADDIS
from meqenet.payments.causes import FailureCause
from meqenet.payments.channels import Channel
from meqenet.payments.failures import FailedAttempt
from meqenet.payments.rail import WalletProvider
from meqenet.payments.retry import Exhausted, NextAttempt, first_attempt, next_attempt
from meqenet.payments.retry_policy import Pace, RetryPolicy
from meqenet.payments.routing import Route, RouteReason

PLAN = "pln_a"
WALLET, OTHER_WALLET = "wlt_a", "wlt_b"


def addis(clock: str) -> datetime:
    """``2026-11-10 10:00`` in Addis Ababa, as an instant in UTC."""
    return datetime.fromisoformat(clock).replace(tzinfo=ADDIS).astimezone(UTC)


def route(channel: Channel, wallet_id: str = WALLET) -> Route:
    """A way to this wallet; why it is taken matters to nobody here."""
    provider = WalletProvider.MPESA if channel is Channel.PUSH else WalletProvider.TELEBIRR
    return Route(
        wallet_id=wallet_id, provider=provider, channel=channel, reason=RouteReason.MANDATE
    )


def failed(
    cause: str, at: str | datetime, *, channel: Channel = Channel.MANDATE, wallet_id: str = WALLET
) -> FailedAttempt:
    """An attempt that failed as soon as it was made."""
    instant = addis(at) if isinstance(at, str) else at
    return FailedAttempt(
        wallet_id=wallet_id,
        channel=channel,
        cause=FailureCause(cause),
        opened_at=instant,
        failed_at=instant,
    )


def without_spread(policy: RetryPolicy) -> RetryPolicy:
    """The same policy, with every attempt at the beginning of its window."""

    def sharp(pace: Pace) -> Pace:
        return replace(pace, window=replace(pace.window, spread=timedelta(0)))

    return replace(
        policy,
        due_day=replace(policy.due_day, spread=timedelta(0)),
        plans={
            counter: replace(plan, pace=sharp(plan.pace)) for counter, plan in policy.plans.items()
        },
        causes={cause: sharp(pace) for cause, pace in policy.causes.items()},
    )


@dataclass(frozen=True, kw_only=True)
class Story:
    """What became of an installment whose attempts failed of these causes, in turn."""

    attempts: tuple[NextAttempt, ...]
    failures: tuple[FailedAttempt, ...]
    end: Exhausted | None


def live(
    *,
    policy: RetryPolicy,
    causes: Iterable[tuple[FailureCause, Channel, timedelta]],
    due_on: date,
    holidays: frozenset[date] = frozenset(),
    wallet_ids: tuple[str, ...] = (WALLET,),
) -> Story:
    """Fail of each cause, on the channel and after the time beside it, until nothing is tried.

    The wallets take turns, so that with two of them the route always leads another way.
    """
    attempts: list[NextAttempt] = []
    failures: list[FailedAttempt] = []
    for number, (cause, channel, took) in enumerate(causes):
        way = route(channel, wallet_ids[number % len(wallet_ids)])
        told: NextAttempt | Exhausted
        if failures:
            told = next_attempt(
                policy=policy,
                failures=failures,
                route=way,
                due_on=due_on,
                holidays=holidays,
                spread_key=PLAN,
            )
        else:
            told = first_attempt(
                policy=policy, route=way, due_on=due_on, holidays=holidays, spread_key=PLAN
            )
        if isinstance(told, Exhausted):
            return Story(attempts=tuple(attempts), failures=tuple(failures), end=told)
        attempts.append(told)
        failures.append(
            FailedAttempt(
                wallet_id=way.wallet_id,
                channel=channel,
                cause=cause,
                opened_at=told.at,
                failed_at=told.at + took,
            )
        )
    return Story(attempts=tuple(attempts), failures=tuple(failures), end=None)
