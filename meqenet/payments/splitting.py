"""What an attempt is made of: the channel, the second factor, and parts within the limits."""

from dataclasses import dataclass
from datetime import date, timedelta

from meqenet.money import Money
from meqenet.payments.causes import FailureCause
from meqenet.payments.channels import Channel
from meqenet.payments.rail import WalletProvider
from meqenet.payments.retry_policy import OverLimit, RetryPolicy
from meqenet.payments.wallet_limits import WalletLimits, confirmed_channel


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A share of the amount that one payment can move.

    Attributes:
        amount: how much.
        on: the Addis Ababa date on which the wallet's daily limit has room for it.
    """

    amount: Money
    on: date


@dataclass(frozen=True, kw_only=True, slots=True)
class AttemptPlan:
    """How an amount is asked for.

    Attributes:
        channel: how; never silently where the customer has to confirm.
        second_factor: the customer has to confirm by law, whatever the channel.
        parts: in order; the next one is asked for when the one before it has succeeded. Together
            they are the amount, to the santim.
    """

    channel: Channel
    second_factor: bool
    parts: tuple[Part, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class AboveLimit:
    """The amount is above what the wallet may pay, and the policy does not split it.

    Attributes:
        payable: the most that the wallet may pay at once on that day.
        failure_code: our own code of such a failure.
        cause: what it is a failure of.
    """

    payable: Money
    failure_code: str = "over_limit"
    cause: FailureCause = FailureCause.LIMIT_REACHED


@dataclass(frozen=True, kw_only=True, slots=True)
class _Room:
    """What a wallet may pay at once, a day, and at least."""

    at_once: Money
    per_day: Money
    part_min: Money


def attempt_plan(
    *,
    amount: Money,
    channel: Channel,
    provider: WalletProvider,
    policy: RetryPolicy,
    limits: WalletLimits,
    on: date,
    taken_today: Money,
    rest_of: Money | None = None,
) -> AttemptPlan | AboveLimit:
    """How to ask for this amount within the wallet's limits.

    Whether the customer has to confirm is decided by the whole amount: parts are no way around it.

    Args:
        amount: what is to be collected, more than nothing.
        channel: how it would be asked for, the limits aside.
        provider: whose wallet it is.
        policy: whether amounts are split, and how finely.
        limits: those in force on the day.
        on: the Addis Ababa date of the first part.
        taken_today: what the wallet is known to have paid on that date.
        rest_of: the whole amount, where parts of it have been paid.

    Raises:
        ValueError: the amount is nothing, or the limits have no room for two smallest parts.
    """
    if amount <= Money.zero():
        raise ValueError("amount: more than nothing")
    left_today = max(limits.per_day_max - taken_today, Money.zero())
    payable = min(limits.payment_max, left_today)
    if amount <= payable:
        parts: tuple[Part, ...] = (Part(amount=amount, on=on),)
    elif policy.over_limit is OverLimit.FAIL:
        return AboveLimit(payable=payable)
    else:
        room = _Room(
            at_once=limits.payment_max, per_day=limits.per_day_max, part_min=policy.part_min
        )
        parts = _parts(amount, room=room, on=on, left_today=left_today)
    whole = amount if rest_of is None else rest_of
    return AttemptPlan(
        channel=confirmed_channel(channel=channel, provider=provider, amount=whole, limits=limits),
        second_factor=limits.need_second_factor(amount=whole),
        parts=parts,
    )


def _parts(amount: Money, *, room: _Room, on: date, left_today: Money) -> tuple[Part, ...]:
    if room.at_once < room.part_min * 2:
        raise ValueError("part_min: a wallet can pay at least two of the smallest parts at once")
    parts: list[Part] = []
    rest, day, left = amount, on, left_today
    while rest:
        part = _next_part(rest, at_most=min(room.at_once, left), part_min=room.part_min)
        if part is None:
            day, left = day + timedelta(days=1), room.per_day
            continue
        parts.append(Part(amount=part, on=day))
        rest, left = rest - part, left - part
    return tuple(parts)


def _next_part(rest: Money, *, at_most: Money, part_min: Money) -> Money | None:
    """The largest part that leaves nothing, or enough for another one; None where none fits."""
    if rest <= at_most:
        return rest
    part = min(at_most, rest - part_min)
    return part if part >= part_min else None
