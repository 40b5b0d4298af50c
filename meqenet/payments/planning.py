"""The next attempt at an installment, decided whole: which way, when, how much, and why."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from meqenet.calendar import addis_date
from meqenet.money import Money
from meqenet.payments.catching_up import caught_up
from meqenet.payments.causes import FailureCounter
from meqenet.payments.channels import Channel
from meqenet.payments.failures import FailedAttempt, not_mended
from meqenet.payments.rail import WalletProvider
from meqenet.payments.retry import Exhausted, NextAttempt, first_attempt, next_attempt
from meqenet.payments.retry_policy import RetryPolicy
from meqenet.payments.retry_reasons import AttemptReason, Delay, EndReason
from meqenet.payments.routing import NoRoute, Route, RouteReason, WalletOnFile, route_for
from meqenet.payments.splitting import AboveLimit, attempt_plan
from meqenet.payments.wallet_limits import WalletLimits


@dataclass(frozen=True, kw_only=True, slots=True)
class Collectable:
    """An installment and all that decides on its next attempt, beside policy and limits.

    Attributes:
        plan_id: spreads the attempts of many plans.
        amount: what is to be collected.
        due_on: the Addis Ababa date on which it falls due.
        wallet: the plan's own.
        others: further wallets of the same customer, in the order in which to ask them.
        failures: its failed attempts.
        paid_today: by wallet id, what the wallet is known to have paid today, whatever for.
        mended_at: when somebody last asked for another attempt; what stood in the way before then
            stands in the way no more.
        now: the present, aware.
        chosen: id of the wallet that the customer wants to pay from.
        rest_of: parts of this amount are paid, and ``amount`` is the rest.
        follows_part: one of them has just been paid.
    """

    plan_id: str
    amount: Money
    due_on: date
    wallet: WalletOnFile
    others: Sequence[WalletOnFile]
    failures: Sequence[FailedAttempt]
    paid_today: Mapping[str, Money]
    mended_at: datetime | None
    now: datetime
    chosen: str | None = None
    rest_of: Money | None = None
    follows_part: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedAttempt:
    """The next attempt.

    Attributes:
        at: when; never before the question.
        reason: why then.
        delays: what has moved it to a later time.
        wallet_id: which wallet is asked; an opaque id.
        provider: whose wallet it is.
        channel: how the money is asked for.
        way: why so.
        second_factor: the customer has to confirm by law.
        part: what of the amount is asked for; None is all of it.
    """

    at: datetime
    reason: AttemptReason
    delays: tuple[Delay, ...]
    wallet_id: str
    provider: WalletProvider
    channel: Channel
    way: RouteReason
    second_factor: bool
    part: Money | None = None


def plan_attempt(
    *,
    of: Collectable,
    policy: RetryPolicy,
    limits: WalletLimits,
    holidays: Collection[date],
) -> PlannedAttempt | Exhausted:
    """Decide on the next attempt, or say why nothing more is tried by itself.

    Args:
        of: the installment.
        policy: the policy in force for its plan.
        limits: the wallet's, as they are in force today.
        holidays: Ethiopia's public holidays from today on.

    Raises:
        Defect: ``no_time_to_collect``: every day ahead is closed.
    """
    route = route_for(
        amount=of.amount,
        wallet=of.wallet,
        others=of.others,
        failures=of.failures,
        policy=policy,
        limits=limits,
        mended_at=of.mended_at,
        chosen=of.chosen,
    )
    following = _when(of, policy=policy, route=route, holidays=holidays)
    if isinstance(following, Exhausted):
        return following
    if isinstance(route, NoRoute):
        return Exhausted(reason=EndReason.NEEDS_MENDING, counter=FailureCounter.NONE)
    is_today, nothing = addis_date(at=following.at) == addis_date(at=of.now), Money.zero()
    amounts = attempt_plan(
        amount=of.amount,
        channel=route.channel,
        provider=route.provider,
        policy=policy,
        limits=limits,
        on=addis_date(at=following.at),
        taken_today=of.paid_today.get(route.wallet_id, nothing) if is_today else nothing,
        rest_of=of.rest_of,
    )
    if isinstance(amounts, AboveLimit):
        return Exhausted(reason=EndReason.ABOVE_LIMIT, counter=FailureCounter.LIMIT)
    first, at, delays = amounts.parts[0], following.at, following.delays
    if first.on > addis_date(at=at):
        later = first_attempt(
            policy=policy,
            route=route,
            due_on=first.on,
            holidays=holidays,
            spread_key=of.plan_id,
        )
        at, delays = later.at, (*delays, Delay.DAY_LIMIT, *later.delays)
    return PlannedAttempt(
        at=at,
        reason=following.reason,
        delays=delays,
        wallet_id=route.wallet_id,
        provider=route.provider,
        channel=amounts.channel,
        way=route.reason,
        second_factor=amounts.second_factor,
        part=first.amount if len(amounts.parts) > 1 else None,
    )


def _when(
    of: Collectable,
    *,
    policy: RetryPolicy,
    route: Route | NoRoute,
    holidays: Collection[date],
) -> NextAttempt | Exhausted:
    if isinstance(route, Route) and _is_asked_for(of):
        return NextAttempt(at=of.now, reason=AttemptReason.ASKED_FOR, delays=(), counter=None)
    if isinstance(route, Route) and of.follows_part:
        return NextAttempt(at=of.now, reason=AttemptReason.NEXT_PART, delays=(), counter=None)
    if of.failures:
        following = next_attempt(
            policy=policy,
            failures=of.failures,
            route=route,
            due_on=of.due_on,
            holidays=holidays,
            spread_key=of.plan_id,
        )
    elif isinstance(route, Route):
        following = first_attempt(
            policy=policy,
            route=route,
            due_on=of.due_on,
            holidays=holidays,
            spread_key=of.plan_id,
        )
    else:
        return Exhausted(reason=EndReason.NEEDS_MENDING, counter=FailureCounter.NONE)
    if isinstance(following, Exhausted) or isinstance(route, NoRoute):
        return following
    quiet = policy.quiet_hours(channel=route.channel)
    return caught_up(planned=following, now=of.now, quiet=quiet)


def _is_asked_for(of: Collectable) -> bool:
    """Whether somebody has asked for an attempt that has not been made yet."""
    return of.mended_at is not None and not not_mended(of.failures, mended_at=of.mended_at)
