"""What the marketplace domain can be asked: merchants, orders, notices to merchants."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from activities.contracts.step import Nothing, Step, StepKind
from meqenet.marketplace.notices import TryFailure
from meqenet.money import Money


class OrderOutcome(StrEnum):
    """How an order ended for the merchant."""

    APPROVED = "approved"
    """The plan is active: deliver."""
    DECLINED = "declined"
    """No plan: offer another way to pay."""
    EXPIRED = "expired"
    """The customer did not finish in time."""
    CANCELLED = "cancelled"
    """Cancelled before activation; anything collected goes back to the customer."""


@dataclass(frozen=True, kw_only=True)
class RegisterMerchant:
    """Take a merchant on. ``webhook_secret`` is a Standard Webhooks secret (``whsec_…``)."""

    merchant_id: str
    name: str
    webhook_url: str | None
    webhook_secret: str | None
    at: datetime


@dataclass(frozen=True, kw_only=True)
class PlaceOrder:
    """A merchant's order that a plan is to pay.

    ``return_url`` is where the shopper's browser goes after the checkout, if the merchant says so.
    """

    plan_id: str
    merchant_id: str
    reference: str
    amount: Money
    description: str
    at: datetime
    return_url: str | None = None


@dataclass(frozen=True, kw_only=True)
class OrderPlaced:
    """The order is on file."""

    merchant_name: str
    wants_notices: bool


@dataclass(frozen=True, kw_only=True)
class CloseOrder:
    """The order's outcome."""

    plan_id: str
    outcome: OrderOutcome
    at: datetime


@dataclass(frozen=True, kw_only=True)
class LoadOrder:
    """What must a run know that goes on with a plan whose process was lost?"""

    plan_id: str


@dataclass(frozen=True, kw_only=True)
class LoadedOrder:
    """The order of a plan. ``placed`` is False when it was never placed."""

    placed: bool
    description: str = ""
    return_url: str | None = None
    merchant_name: str = ""


@dataclass(frozen=True, kw_only=True)
class NoticeOf:
    """A notice, and the merchant whom it tells."""

    notice_id: str
    merchant_id: str


@dataclass(frozen=True, kw_only=True)
class FindUntold:
    """Which of these notices are still to be told? After ``tries_max`` tries one was given up."""

    notices: tuple[NoticeOf, ...]
    tries_max: int


@dataclass(frozen=True, kw_only=True)
class UntoldFound:
    """The ids of those, in the order in which they were asked for."""

    notice_ids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class DeliverNotice:
    """Tell the merchant of a plan's news by one signed POST to its webhook URL.

    ``notice_id`` is the ``webhook-id`` header, the same at each repetition; ``kind`` for example
    ``plan.approved``; ``at`` the instant of the news; ``sequence`` the notice's number among the
    plan's, None before it is stored; ``is_replay``: the merchant has asked for it again, so it is
    sent even if it was taken; ``after`` is the plan's notice before it, which is stored first.
    """

    notice_id: str
    merchant_id: str
    plan_id: str
    reference: str
    kind: str
    at: datetime
    sequence: int | None = None
    is_replay: bool = False
    after: str | None = None


@dataclass(frozen=True, kw_only=True)
class StoreNotice:
    """Put a notice on file at the instant ``at``, before its first try; of a replay, begin anew."""

    notice: DeliverNotice
    at: datetime


@dataclass(frozen=True, kw_only=True)
class NoticeStored:
    """Its number among the plan's notices; ``wanted``: whether the merchant has a webhook."""

    sequence: int
    wanted: bool


@dataclass(frozen=True, kw_only=True)
class NoticeAnswer:
    """What one try came to.

    ``delivered``: the merchant answered 2xx; ``status``: its HTTP status, None when it gave none,
    and then ``failure`` says why; ``wanted``: False when the merchant has given no webhook, and so
    nothing was sent; ``held_back``: as many of this merchant's notices are under way as may be, so
    nothing was sent and it is no try; ``was_taken``: it was delivered before, so nothing was sent
    either; ``took_ms``: how long the try took.
    """

    delivered: bool
    status: int | None
    wanted: bool
    failure: TryFailure | None = None
    held_back: bool = False
    was_taken: bool = False
    took_ms: int | None = None


@dataclass(frozen=True, kw_only=True)
class RecordNotice:
    """Log what try ``number`` (from 1) of a notice came to, as told at the instant ``at``.

    ``is_last``: after it the notice is given up, unless it was delivered.
    """

    notice_id: str
    merchant_id: str
    plan_id: str
    kind: str
    number: int
    answer: NoticeAnswer
    at: datetime
    is_replay: bool = False
    is_last: bool = False


@dataclass(frozen=True, kw_only=True)
class ListGivenUp:
    """Which of a merchant's notices, put on file in a period, were given up?

    ``after`` is the last of the page before.
    """

    merchant_id: str
    since: datetime | None
    until: datetime | None
    after: str | None
    limit: int


@dataclass(frozen=True, kw_only=True)
class GivenUpListed:
    """The notices, to be replayed, in the order of their ids."""

    notices: tuple[DeliverNotice, ...]


REGISTER_MERCHANT = Step(
    name="marketplace.register_merchant", command=RegisterMerchant, result=Nothing
)
PLACE_ORDER = Step(name="marketplace.place_order", command=PlaceOrder, result=OrderPlaced)
CLOSE_ORDER = Step(name="marketplace.close_order", command=CloseOrder, result=Nothing)
LOAD_ORDER = Step(name="marketplace.load_order", command=LoadOrder, result=LoadedOrder)
FIND_UNTOLD = Step(name="marketplace.find_untold", command=FindUntold, result=UntoldFound)
DELIVER_NOTICE = Step(
    name="webhooks.deliver_notice",
    command=DeliverNotice,
    result=NoticeAnswer,
    kind=StepKind.QUESTION,
)
STORE_NOTICE = Step(name="marketplace.store_notice", command=StoreNotice, result=NoticeStored)
LIST_GIVEN_UP = Step(name="marketplace.list_given_up", command=ListGivenUp, result=GivenUpListed)
RECORD_NOTICE = Step(name="marketplace.record_notice", command=RecordNotice, result=Nothing)


class MarketplaceSteps(Protocol):
    """The marketplace domain's steps."""

    async def register_merchant(self, command: RegisterMerchant) -> Nothing:
        """Idempotent by merchant id; other content is refused (``merchant_differs``)."""
        ...

    async def place_order(self, command: PlaceOrder) -> OrderPlaced:
        """Idempotent by plan id. Refusals: ``merchant_unknown``, ``order_differs``."""
        ...

    async def close_order(self, command: CloseOrder) -> Nothing:
        """Idempotent; another outcome than the one stored is a defect."""
        ...

    async def load_order(self, command: LoadOrder) -> LoadedOrder:
        """Changes nothing."""
        ...


class NoticeSteps(Protocol):
    """The marketplace domain's steps that tell merchants of news."""

    async def store_notice(self, command: StoreNotice) -> NoticeStored:
        """Unavailable while the notice ``after`` which it comes is not stored.

        Idempotent: a notice keeps its number, and a replay begins once for its ``at``.
        """
        ...

    async def deliver_notice(self, command: DeliverNotice) -> NoticeAnswer:
        """POST once and write nothing; any status is an answer, and so is silence.

        A notice that is on file as delivered is not sent again, but for a replay. Refusals:
        ``merchant_unknown``.
        """
        ...

    async def record_notice(self, command: RecordNotice) -> Nothing:
        """Idempotent by notice id, instant and number; once delivered, a notice stays delivered."""
        ...

    async def list_given_up(self, command: ListGivenUp) -> GivenUpListed:
        """Changes nothing."""
        ...

    async def find_untold(self, command: FindUntold) -> UntoldFound:
        """Changes nothing. A merchant without a webhook wants none of them."""
        ...
