"""What was collected, what is under way, and what a person must look at."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import BigInteger, ColumnElement, func, select, tuple_, type_coerce
from sqlalchemy.orm import aliased

from db.kernel.engine import ReadSession
from db.payments.tables import (
    Answer,
    Attempt,
    ReconciliationItem,
    ReconciliationJudgement,
    Refund,
    Statement,
)
from meqenet.money import Money
from meqenet.payments.attempts import Finding, OrderState
from meqenet.payments.causes import FailureCause
from meqenet.payments.channels import Channel
from meqenet.payments.rail import RailStatus, WalletProvider
from meqenet.payments.reconciliation import Because, Verdict
from meqenet.payments.statement_document import LineKind
from meqenet.payments.wallet_ids import wallet_id_of

_OPEN = (OrderState.CREATED, OrderState.PENDING, OrderState.UNKNOWN)


@dataclass(frozen=True, kw_only=True)
class Collected:
    """What a provider has collected for us, and given back. ``held`` is the difference."""

    provider: WalletProvider
    payments: int
    collected: Money
    refunds: int
    returned: Money

    @property
    def held(self) -> Money:
        """What the provider's own books must have for us."""
        return self.collected - self.returned


@dataclass(frozen=True, kw_only=True)
class AttemptView:
    """An attempt as support sees it; no phone. ``cause`` is of ``meqenet.payments.causes``."""

    plan_id: str
    attempt_id: str
    installment_id: str
    channel: str
    provider: WalletProvider
    wallet_id: str
    asked: Money
    state: OrderState
    cause: str | None
    failure_code: str | None
    provider_reference: str | None
    receipt: str | None
    moved_at: datetime | None
    opened_at: datetime
    changed_at: datetime
    reversed_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class FindingView:
    """Two words on one order that cannot both be true."""

    plan_id: str
    order_id: str
    finding: Finding
    status: RailStatus | None
    amount: Money | None
    receipt: str | None
    heard_at: datetime


async def collected_by_provider(*, session: ReadSession) -> tuple[Collected, ...]:
    """What each provider has brought in and given back, in the order of their names."""
    paid = await session.execute(
        select(
            Attempt.provider,
            func.count(),
            func.sum(type_coerce(Attempt.moved_santim, BigInteger)),
        )
        .where(Attempt.state == OrderState.SUCCEEDED, Attempt.reversed_at.is_(None))
        .group_by(Attempt.provider)
    )
    incoming = {provider: (count, _money(santim)) for provider, count, santim in paid}
    given_back = await session.execute(
        select(
            Attempt.provider,
            func.count(),
            func.sum(type_coerce(Refund.amount_santim, BigInteger)),
        )
        .join(
            Attempt,
            (Attempt.plan_id == Refund.plan_id) & (Attempt.attempt_id == Refund.attempt_id),
        )
        .where(Refund.state == OrderState.SUCCEEDED)
        .group_by(Attempt.provider)
    )
    outgoing = {provider: (count, _money(santim)) for provider, count, santim in given_back}
    nothing = (0, Money.zero())
    return tuple(
        Collected(
            provider=provider,
            payments=incoming.get(provider, nothing)[0],
            collected=incoming.get(provider, nothing)[1],
            refunds=outgoing.get(provider, nothing)[0],
            returned=outgoing.get(provider, nothing)[1],
        )
        for provider in sorted({*incoming, *outgoing})
    )


async def attempts_of(*, session: ReadSession, plan_id: str) -> tuple[AttemptView, ...]:
    """A plan's attempts in the order in which they were opened."""
    found = await session.scalars(
        select(Attempt)
        .where(Attempt.plan_id == plan_id)
        .order_by(Attempt.opened_at, Attempt.attempt_id)
    )
    return tuple(_view(attempt) for attempt in found)


async def open_attempts(
    *, session: ReadSession, opened_before: datetime, limit: int
) -> tuple[AttemptView, ...]:
    """Attempts that have not ended, the oldest first."""
    found = await session.scalars(
        select(Attempt)
        .where(Attempt.state.in_(_OPEN), Attempt.opened_at < opened_before)
        .order_by(Attempt.opened_at, Attempt.attempt_id)
        .limit(limit)
    )
    return tuple(_view(attempt) for attempt in found)


@dataclass(frozen=True, kw_only=True)
class FailedFor:
    """Collections whose newest attempt failed for a cause at a provider within a time.

    The payment at checkout is none of them: nobody but the customer tries it again.
    """

    cause: FailureCause
    provider: WalletProvider
    since: datetime
    until: datetime


async def failed_collections(
    *, session: ReadSession, of: FailedFor, after: str | None, limit: int
) -> tuple[AttemptView, ...]:
    """The newest attempts of such collections, by id, behind the attempt ``after``."""
    query = select(Attempt).where(*_newest_failed(of))
    if after is not None:
        query = query.where(Attempt.attempt_id > after)
    found = await session.scalars(query.order_by(Attempt.attempt_id).limit(limit))
    return tuple(_view(attempt) for attempt in found)


async def count_failed_collections(*, session: ReadSession, of: FailedFor) -> tuple[int, Money]:
    """How many such collections there are, and what they are about altogether."""
    found = await session.execute(
        select(func.count(), func.sum(type_coerce(Attempt.asked_santim, BigInteger))).where(
            *_newest_failed(of)
        )
    )
    count, santim = found.one()
    return count, _money(santim or 0)


def _newest_failed(of: FailedFor) -> tuple[ColumnElement[bool], ...]:
    later = aliased(Attempt)
    # On a test clock two attempts may be of one instant; their numbers tell them apart.
    place, before = (
        tuple_(each.opened_at, func.length(each.attempt_id), each.attempt_id)
        for each in (later, Attempt)
    )
    is_not_newest = (
        select(later.attempt_id)
        .where(
            later.plan_id == Attempt.plan_id,
            later.installment_id == Attempt.installment_id,
            place > before,
        )
        .exists()
    )
    return (
        Attempt.state == OrderState.FAILED,
        Attempt.cause == of.cause,
        Attempt.provider == of.provider,
        Attempt.channel != Channel.CHECKOUT.value,
        # A payment of the customer's own will is theirs to make again.
        Attempt.installment_id.like("%-i__"),
        Attempt.changed_at >= of.since,
        Attempt.changed_at < of.until,
        ~is_not_newest,
    )


async def findings(
    *, session: ReadSession, plan_id: str | None = None, limit: int = 100
) -> tuple[FindingView, ...]:
    """What a person must look at, the newest first; of one plan, or of all."""
    query = select(Answer).where(Answer.finding.is_not(None))
    if plan_id is not None:
        query = query.where(Answer.plan_id == plan_id)
    found = await session.scalars(
        query.order_by(Answer.heard_at.desc(), Answer.order_id, Answer.number.desc()).limit(limit)
    )
    return tuple(
        FindingView(
            plan_id=answer.plan_id,
            order_id=answer.order_id,
            finding=answer.finding,
            status=answer.status,
            amount=answer.amount_santim,
            receipt=answer.receipt,
            heard_at=answer.heard_at,
        )
        for answer in found
        if answer.finding is not None
    )


@dataclass(frozen=True, kw_only=True)
class ItemView:
    """A line of a statement, or an order that should be on one.

    Attributes:
        day: a line's; None of an order that no statement has.
        since: when the line came, or since when we have the order as moved.
    """

    provider: str
    item_id: str
    kind: LineKind
    day: date | None
    order_id: str | None
    amount: Money
    charge: Money
    receipt: str | None
    moved_at: datetime | None
    since: datetime
    verdict: Verdict
    because: Because
    accepted_by: str | None
    changed_at: datetime


@dataclass(frozen=True, kw_only=True)
class JudgementView:
    """A change of how an item stands. ``judged_by`` None: a run."""

    verdict: Verdict
    because: Because
    judged_by: str | None
    reason: str | None
    at: datetime


@dataclass(frozen=True, kw_only=True)
class StatementView:
    """A version of a day's statement."""

    day: date
    version: int
    source: str
    content_hash: str
    line_count: int
    received_at: datetime


async def open_items(
    *, session: ReadSession, provider: str | None = None, with_pending: bool = False
) -> tuple[ItemView, ...]:
    """Differences that nobody has closed, the oldest first; of a pair the line.

    Args:
        session: reads.
        provider: of this provider only.
        with_pending: also what still waits for a statement, for the ledger or for a run.
    """
    item = ReconciliationItem
    wanted = [verdict for verdict in Verdict if verdict.is_open]
    if with_pending:
        wanted.append(Verdict.PENDING)
    query = select(item).where(
        item.verdict.in_(wanted),
        item.accepted_by.is_(None),
        item.day.is_not(None) | item.partner.is_(None),
    )
    if provider is not None:
        query = query.where(item.provider == provider)
    found = await session.scalars(query.order_by(item.since, item.item_id))
    return tuple(_item_view(each) for each in found)


async def lines_of_day(*, session: ReadSession, provider: str, day: date) -> tuple[ItemView, ...]:
    """Every line of the day's newest statement, in the order of its instants."""
    item = ReconciliationItem
    found = await session.scalars(
        select(item)
        .where(item.provider == provider, item.day == day, item.verdict != Verdict.WITHDRAWN)
        .order_by(item.moved_at, item.item_id)
    )
    return tuple(_item_view(each) for each in found)


async def history_of(*, session: ReadSession, item_id: str) -> tuple[JudgementView, ...]:
    """How an item has stood, the oldest first."""
    judgement = ReconciliationJudgement
    found = await session.scalars(
        select(judgement).where(judgement.item_id == item_id).order_by(judgement.number)
    )
    return tuple(
        JudgementView(
            verdict=each.verdict,
            because=each.because,
            judged_by=each.judged_by,
            reason=each.reason,
            at=each.at,
        )
        for each in found
    )


async def versions_of(
    *, session: ReadSession, provider: str, day: date
) -> tuple[StatementView, ...]:
    """Every version of a day's statement."""
    found = await session.scalars(
        select(Statement)
        .where(Statement.provider == provider, Statement.day == day)
        .order_by(Statement.version)
    )
    return tuple(
        StatementView(
            day=each.day,
            version=each.version,
            source=each.source,
            content_hash=each.content_hash.hex(),
            line_count=each.line_count,
            received_at=each.received_at,
        )
        for each in found
    )


def _money(santim: int) -> Money:
    # PostgreSQL sums BIGINT as NUMERIC.
    return Money(int(santim))


def _view(attempt: Attempt) -> AttemptView:
    return AttemptView(
        plan_id=attempt.plan_id,
        attempt_id=attempt.attempt_id,
        installment_id=attempt.installment_id,
        channel=attempt.channel,
        provider=attempt.provider,
        wallet_id=wallet_id_of(plan_id=attempt.plan_id, number=attempt.wallet_number),
        asked=attempt.asked_santim,
        state=attempt.state,
        cause=attempt.cause,
        failure_code=attempt.failure_code,
        provider_reference=attempt.provider_reference,
        receipt=attempt.receipt,
        moved_at=attempt.moved_at,
        opened_at=attempt.opened_at,
        changed_at=attempt.changed_at,
        reversed_at=attempt.reversed_at,
    )


def _item_view(item: ReconciliationItem) -> ItemView:
    return ItemView(
        provider=item.provider,
        item_id=item.item_id,
        kind=item.kind,
        day=item.day,
        order_id=item.order_id,
        amount=item.amount_santim,
        charge=item.charge_santim,
        receipt=item.receipt,
        moved_at=item.moved_at,
        since=item.since,
        verdict=item.verdict,
        because=item.because,
        accepted_by=item.accepted_by,
        changed_at=item.changed_at,
    )
