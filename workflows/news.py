"""What children tell the plan while they work, and what the plan tells them."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from activities.contracts.collecting import PolicyTerms
from activities.contracts.payments import Channel
from meqenet.money import Money
from meqenet.payments.rail import WalletProvider
from workflows.clock import ClockReading


class NewsKind(StrEnum):
    """What a collection has to tell."""

    CUSTOMER_ASKED = "customer_asked"
    """The customer can pay now: on the page, in the app, or at the prompt on the phone."""
    ATTEMPT_FAILED = "attempt_failed"
    """An attempt failed; the next is at ``next_attempt_at``, if there is one."""
    PART_PAID = "part_paid"
    """A part of the amount is there; the rest is asked for at ``next_attempt_at``, if it is."""
    AT_REST = "at_rest"
    """All that was due at the test clock's ``turn`` is done; next wake at ``next_attempt_at``."""


@dataclass(frozen=True, kw_only=True)
class CollectionNews:
    """Signal ``collection_news`` from a collection to its plan.

    ``next_attempt_reason`` is a code of ``meqenet.payments.retry_reasons``; ``expires_at``: until
    when the customer can pay. Of a part that is paid: ``amount``, ``paid_at`` and whose wallet
    (``provider``) has brought it.
    """

    number: int
    kind: NewsKind
    attempt_id: str | None = None
    cause: str | None = None
    next_attempt_at: datetime | None = None
    next_attempt_reason: str | None = None
    expires_at: datetime | None = None
    url: str | None = None
    app_link: str | None = None
    turn: int = 0
    amount: Money | None = None
    paid_at: datetime | None = None
    provider: WalletProvider | None = None


@dataclass(frozen=True, kw_only=True)
class CollectionOrder:
    """What to collect, and how patiently.

    Attributes:
        first_attempt: number of the first attempt, so that a later collection of the same
            installment goes on counting.
        policy: by what the attempts are planned; None of a payment at checkout, and of
            collections from before there were policies.
        retry_on: without a policy: Addis dates on which a failed attempt is repeated, in order.
        collection_hour: Addis hour of those repetitions.
        deadline: for a payment at checkout: when the customer is too late.
        first_debit_on: when set, the customer signs the mandate in the same step.
        asks_first: a run that was lost may have sent the first attempt: ask before sending it.
        is_shown: the customer already has the page of the first attempt.
        is_unwanted: the plan no longer wants the money: see what was sent to its end, send nothing.
        not_before: when the first attempt is made, if not at once.
        wallet_id: which of the plan's wallets the first attempt asks; None is its own.
        is_single: only what a person asks for is attempted; nothing is repeated by itself.
        receipt: of money that came to our short code: the provider's id of it, to ask about.
        part: what the first attempt asks for, where a run that was lost had asked for a part.
    """

    plan_id: str
    installment_id: str
    number: int
    amount: Money
    provider: WalletProvider
    channel: Channel
    first_attempt: int
    retry_on: tuple[date, ...]
    collection_hour: int
    title: str
    account_reference: str
    return_url: str | None = None
    deadline: datetime | None = None
    contract_no: str | None = None
    first_debit_on: date | None = None
    clock: ClockReading | None = None
    asks_first: bool = False
    is_shown: bool = False
    is_unwanted: bool = False
    not_before: datetime | None = None
    policy: PolicyTerms | None = None
    wallet_id: str | None = None
    is_single: bool = False
    receipt: str | None = None
    part: Money | None = None


class CollectionEnd(StrEnum):
    """How a collection ended."""

    PAID = "paid"
    """The money is with us."""
    FAILED = "failed"
    """All set attempts failed; no order is open."""
    STOPPED = "stopped"
    """The plan asked to stop, or the customer was too late; no order is open."""


@dataclass(frozen=True, kw_only=True)
class CollectionResult:
    """The end of a collection; the money's facts when PAID, the last cause otherwise.

    ``reason`` is the policy's code of why nothing more is tried by itself; ``provider`` is whose
    wallet brought the money, None where that is the plan's own.
    """

    number: int
    end: CollectionEnd
    attempts: int
    attempt_id: str | None = None
    amount: Money | None = None
    paid_at: datetime | None = None
    cause: str | None = None
    reason: str | None = None
    provider: WalletProvider | None = None
