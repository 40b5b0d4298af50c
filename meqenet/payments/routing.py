"""Which wallet is asked for an installment, and how: its mandate, a request, or another wallet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from meqenet.money import Money
from meqenet.payments.causes import FailureCause, FailureCounter, remedy_for
from meqenet.payments.channels import Channel, request_channel
from meqenet.payments.failures import FailedAttempt, last_of, not_mended
from meqenet.payments.rail import MandateStatus, WalletProvider
from meqenet.payments.retry_policy import RetryPolicy
from meqenet.payments.wallet_limits import WalletLimits

_OURS_TO_MEND: Final = (FailureCause.OUR_CREDENTIALS, FailureCause.DUPLICATE)
"""No wallet and no channel is a way around these."""
_OF_THE_MANDATE: Final = (FailureCause.MANDATE_MISSING, FailureCause.MANDATE_OVER_CAP)
"""The wallet itself may pay: its owner is asked instead."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MandateOnFile:
    """The provider's newest word on a wallet's mandate, and when it was heard."""

    status: MandateStatus
    debit_limit: Money | None
    heard_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class WalletOnFile:
    """A wallet of the customer.

    Attributes:
        wallet_id: an opaque id.
        provider: whose wallet it is.
        mandate: the plan's mandate on it, if there is one.
    """

    wallet_id: str
    provider: WalletProvider
    mandate: MandateOnFile | None = None


class RouteReason(StrEnum):
    """Why this way. The value is stable: it is stored and shown."""

    MANDATE = "mandate"
    """The wallet's mandate is active and allows the amount."""
    NO_MANDATE = "no_mandate"
    """The wallet has no mandate: its owner is asked."""
    MANDATE_ENDED = "mandate_ended"
    """The mandate was cancelled or has expired: the wallet's owner is asked."""
    MANDATE_REFUSED = "mandate_refused"
    """A debit has failed because of the mandate: the wallet's owner is asked."""
    OVER_MANDATE_CAP = "over_mandate_cap"
    """The amount is above what the mandate allows: the wallet's owner is asked."""
    SECOND_FACTOR = "second_factor"
    """The amount has to be confirmed by law: the wallet's owner is asked."""
    OTHER_WALLET = "other_wallet"
    """The first wallet cannot pay: the owner of another one is asked."""
    CHOSEN_WALLET = "chosen_wallet"
    """Staff have chosen another wallet on the customer's word: its owner is asked."""

    @property
    def is_another_wallet(self) -> bool:
        """Whether it is not the plan's own wallet that is asked."""
        return self in (RouteReason.OTHER_WALLET, RouteReason.CHOSEN_WALLET)


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """Which wallet is asked, how, and why so."""

    wallet_id: str
    provider: WalletProvider
    channel: Channel
    reason: RouteReason


@dataclass(frozen=True, kw_only=True, slots=True)
class NoRoute:
    """No wallet can be asked until somebody has mended this cause."""

    cause: FailureCause


def route_for(
    *,
    amount: Money,
    wallet: WalletOnFile,
    others: Sequence[WalletOnFile],
    failures: Sequence[FailedAttempt],
    policy: RetryPolicy,
    limits: WalletLimits,
    mended_at: datetime | None = None,
    chosen: str | None = None,
) -> Route | NoRoute:
    """The way on which the next attempt goes.

    Another wallet is never debited silently: its owner has allowed that for other debts at most.

    Args:
        amount: what is to be collected.
        wallet: the plan's own wallet.
        others: further wallets of the same customer, in the order in which to ask them.
        failures: the installment's failed attempts.
        policy: after which causes another wallet may be asked.
        limits: those in force, with the amount above which the customer confirms.
        mended_at: when somebody last mended what stood in the way; older failures do not count.
        chosen: id of the wallet that the customer wants to pay from; asked for as long as it can
            pay.
    """
    known = not_mended(failures, mended_at=mended_at)
    if known and (last := last_of(known)).cause in _OURS_TO_MEND:
        return NoRoute(cause=last.cause)
    able = [each for each in others if _is_able(each, known, policy)]
    picked = next((each for each in able if each.wallet_id == chosen), None)
    if picked is not None:
        return _request(picked, reason=RouteReason.CHOSEN_WALLET)
    if able and _is_spent(wallet, known, policy):
        return _request(able[0], reason=RouteReason.OTHER_WALLET)
    if (cause := _dead_of(wallet, known)) is not None:
        return NoRoute(cause=cause)
    reason = _reason(wallet, amount=amount, failures=known, limits=limits)
    silent = reason is RouteReason.MANDATE
    return Route(
        wallet_id=wallet.wallet_id,
        provider=wallet.provider,
        channel=Channel.MANDATE if silent else request_channel(provider=wallet.provider),
        reason=reason,
    )


def _request(wallet: WalletOnFile, *, reason: RouteReason) -> Route:
    return Route(
        wallet_id=wallet.wallet_id,
        provider=wallet.provider,
        channel=request_channel(provider=wallet.provider),
        reason=reason,
    )


def _is_able(wallet: WalletOnFile, failures: list[FailedAttempt], policy: RetryPolicy) -> bool:
    """Whether nothing that this wallet has answered keeps us from asking it again."""
    return not _is_spent(wallet, failures, policy) and _dead_of(wallet, failures) is None


def _is_spent(wallet: WalletOnFile, failures: list[FailedAttempt], policy: RetryPolicy) -> bool:
    """Whether the policy sends us to another wallet after what this one has answered."""
    causes = [each.cause for each in failures if each.wallet_id == wallet.wallet_id]
    return any(causes.count(cause) >= most for cause, most in policy.other_wallet_after.items())


def _dead_of(wallet: WalletOnFile, failures: list[FailedAttempt]) -> FailureCause | None:
    """The last cause because of which this wallet cannot pay at all."""
    causes = [each.cause for each in failures if each.wallet_id == wallet.wallet_id]
    dead = [
        cause
        for cause in causes
        if remedy_for(cause=cause).counter is FailureCounter.NONE
        and cause not in (*_OF_THE_MANDATE, *_OURS_TO_MEND)
    ]
    return dead[-1] if dead else None


def _reason(
    wallet: WalletOnFile, *, amount: Money, failures: list[FailedAttempt], limits: WalletLimits
) -> RouteReason:
    mandate = wallet.mandate
    if mandate is None or mandate.status is MandateStatus.ABSENT:
        return RouteReason.NO_MANDATE
    if mandate.status is MandateStatus.ENDED:
        return RouteReason.MANDATE_ENDED
    if mandate.debit_limit is not None and amount > mandate.debit_limit:
        return RouteReason.OVER_MANDATE_CAP
    refusals = [
        each
        for each in failures
        if each.wallet_id == wallet.wallet_id and each.cause in _OF_THE_MANDATE
    ]
    # A newer word of the provider outweighs a mandate that was missing; a cap that a count of
    # debits has reached does not show in it.
    if any(
        each.cause is FailureCause.MANDATE_OVER_CAP or each.failed_at >= mandate.heard_at
        for each in refusals
    ):
        return RouteReason.MANDATE_REFUSED
    if limits.need_second_factor(amount=amount):
        return RouteReason.SECOND_FACTOR
    return RouteReason.MANDATE
