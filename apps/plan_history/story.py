"""A plan as it was at a moment: its events up to then, folded by the rules of the read models."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from apps.plan_history.books import PlanBooks
from db.bnpl.views import progress_from
from db.kernel.recorded import RecordedEvent
from db.ledger.views import PlanHold, PostedEntry
from meqenet.analytics import customer_exposure, merchant_statement, plan_overview
from meqenet.analytics.customer_exposure import ExposureLine
from meqenet.analytics.facts import Fact
from meqenet.analytics.merchant_statement import StatementLine
from meqenet.analytics.plan_overview import PlanOverview
from meqenet.bnpl.outlook import AwaitedInstallment, Outlook, outlook_of
from meqenet.bnpl.states import InstallmentState, PlanState
from meqenet.event_catalogue import as_known_or_told
from meqenet.ledger.accounts import AccountType, Side, account_of
from meqenet.money import Money
from meqenet.payments.orders import installment_number


@dataclass(frozen=True, kw_only=True)
class Moment:
    """Of which moment the plan is told.

    Attributes:
        at: what was true by then; None is everything. Of a plan on a test clock, its clock's time.
        recorded_at: of that, what had been written down by then; None is everything. Always real
            time.
    """

    at: datetime | None = None
    recorded_at: datetime | None = None

    def has(self, *, effective_at: datetime, recorded_at: datetime) -> bool:
        """Whether something belongs to the moment."""
        was_true = self.at is None or effective_at <= self.at
        return was_true and (self.recorded_at is None or recorded_at <= self.recorded_at)


@dataclass(frozen=True, kw_only=True)
class AccountBalance:
    """What a plan has put on an account. ``balance`` stands on the account's normal side."""

    code: str
    type: AccountType
    debit: Money
    credit: Money

    @property
    def balance(self) -> Money:
        """Negative when more stands on the other side than on the normal one."""
        net = self.debit - self.credit
        return net if self.type.normal_side is Side.DEBIT else -net


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """An attempt to collect. ``cause`` and ``receipt`` by the last answer of the provider."""

    attempt_id: str
    installment: int
    provider: str
    amount: Money
    state: str
    cause: str | None
    receipt: str | None
    opened_at: datetime
    changed_at: datetime


@dataclass(frozen=True, kw_only=True)
class Credit:
    """What an attempt has brought too much. ``returned_at``: when it was back in the wallet."""

    attempt_id: str
    provider: str
    amount: Money
    since: datetime
    returned_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class PlanStory:
    """A plan at a moment.

    Attributes:
        later: how many of the plan's own events came after the moment.
        outlook: what happened next by itself; None when the plan had ended.
        merchant: what the merchant gets for it.
        exposure: what it takes of its customer's limit; None before it is decided.
        balances: what the plan's entries add up to on each account, by the accounts' codes.
    """

    plan_id: str
    moment: Moment
    overview: PlanOverview
    outlook: Outlook | None
    later: int
    events: tuple[RecordedEvent, ...]
    attempts: tuple[Attempt, ...]
    credits: tuple[Credit, ...]
    merchant: StatementLine
    exposure: ExposureLine | None
    entries: tuple[PostedEntry, ...]
    balances: tuple[AccountBalance, ...]
    holds: tuple[PlanHold, ...]


def story_of(*, books: PlanBooks, moment: Moment) -> PlanStory | None:
    """The plan at the moment; None when it had not been opened by then.

    Raises:
        Defect: an event is not what its type promises.
    """
    events = _by(moment, books.events)
    own = [event for event in events if event.source == "bnpl"]
    if not own:
        return None
    facts = [_fact(event) for event in events]
    overview = PlanOverview(plan_id=books.plan_id)
    merchant = StatementLine(plan_id=books.plan_id)
    for fact in facts:
        if plan_overview.key_of(fact=fact) is not None:
            overview = plan_overview.fold(before=overview, fact=fact)
        if merchant_statement.key_of(fact=fact) is not None:
            merchant = merchant_statement.fold(before=merchant, fact=fact)
    entries = tuple(
        entry
        for entry in books.entries
        if moment.has(effective_at=entry.effective_at, recorded_at=entry.recorded_at)
    )
    credit = _by(moment, books.credit)
    return PlanStory(
        plan_id=books.plan_id,
        moment=moment,
        overview=overview,
        outlook=_outlook(own, overview, merchant, collection_hour=books.collection_hour),
        later=sum(event.source == "bnpl" for event in books.events) - len(own),
        events=tuple(sorted((*events, *credit), key=lambda event: event.recorded_at)),
        attempts=_attempts(facts),
        credits=_credits(facts),
        merchant=merchant,
        exposure=_exposure(credit, plan_id=books.plan_id),
        entries=entries,
        balances=balances_of(entries=entries),
        holds=tuple(_hold(hold, moment) for hold in books.holds if _was_placed(hold, moment)),
    )


def balances_of(*, entries: Iterable[PostedEntry]) -> tuple[AccountBalance, ...]:
    """The entries added up by account, in the order of the codes."""
    sums: dict[str, dict[Side, Money]] = {}
    for entry in entries:
        of_account = sums.setdefault(entry.account_code, dict.fromkeys(Side, Money.zero()))
        of_account[entry.side] += entry.amount
    return tuple(
        AccountBalance(
            code=code,
            type=account_of(code=code).type,
            debit=of_account[Side.DEBIT],
            credit=of_account[Side.CREDIT],
        )
        for code, of_account in sorted(sums.items())
    )


def _by(moment: Moment, events: Iterable[RecordedEvent]) -> list[RecordedEvent]:
    return [
        event
        for event in events
        if moment.has(effective_at=event.content.effective_at, recorded_at=event.recorded_at)
    ]


def _fact(event: RecordedEvent) -> Fact:
    known = as_known_or_told(domain=event.source, content=event.content)
    return Fact(source=event.source, content=known)


def _outlook(
    own: Iterable[RecordedEvent],
    overview: PlanOverview,
    merchant: StatementLine,
    *,
    collection_hour: int,
) -> Outlook | None:
    return outlook_of(
        state=PlanState(overview.state or ""),
        progress=progress_from(log=[event.content for event in own]),
        installments=[
            AwaitedInstallment(
                number=line.number,
                due_on=line.due_on,
                state=InstallmentState(line.state),
                next_attempt_at=line.next_attempt_at,
            )
            for line in overview.installments
        ],
        collection_hour=collection_hour,
        payout_due_at=merchant.due_at if merchant.payout_state == "scheduled" else None,
    )


def _attempts(facts: Iterable[Fact]) -> tuple[Attempt, ...]:
    found: dict[str, Attempt] = {}
    for fact in facts:
        if fact.name == "payments.payment_reversed":
            gone = fact.text("attempt_id")
            found[gone] = replace(found[gone], state="reversed", changed_at=fact.at)
        if not fact.name.startswith("payments.attempt_"):
            continue
        attempt_id, state = fact.text("attempt_id"), fact.content.event_type
        before = found.get(attempt_id)
        found[attempt_id] = Attempt(
            attempt_id=attempt_id,
            installment=installment_number(order_id=attempt_id),
            provider=fact.text("provider"),
            amount=fact.money("amount"),
            state=state.removeprefix("attempt_"),
            cause=fact.text_or_none("cause"),
            receipt=fact.text_or_none("receipt"),
            opened_at=fact.at if before is None else before.opened_at,
            changed_at=fact.at,
        )
    return tuple(found.values())


def _credits(facts: Iterable[Fact]) -> tuple[Credit, ...]:
    found: dict[str, Credit] = {}
    for fact in facts:
        if fact.name == "payments.surplus_received":
            attempt_id = fact.text("attempt_id")
            found[attempt_id] = Credit(
                attempt_id=attempt_id,
                provider=fact.text("provider"),
                amount=fact.money("amount"),
                since=fact.at,
            )
        elif fact.name == "payments.payment_recounted" and fact.text("attempt_id") in found:
            attempt_id, left = fact.text("attempt_id"), fact.money("credit")
            found[attempt_id] = replace(found[attempt_id], amount=left)
        elif fact.name == "payments.payment_reversed":
            found.pop(fact.text("attempt_id"), None)
        elif fact.name == "payments.refund_succeeded" and fact.text("attempt_id") in found:
            attempt_id = fact.text("attempt_id")
            found[attempt_id] = replace(found[attempt_id], returned_at=fact.at)
    return tuple(each for each in found.values() if each.amount)


def _exposure(credit: Iterable[RecordedEvent], *, plan_id: str) -> ExposureLine | None:
    line = None
    for fact in map(_fact, credit):
        if customer_exposure.plan_of(fact=fact) is not None:
            before = line or ExposureLine(plan_id=plan_id)
            line = customer_exposure.fold_plan(before=before, fact=fact)
    return line


def _was_placed(hold: PlanHold, moment: Moment) -> bool:
    return moment.has(effective_at=hold.placed_at, recorded_at=hold.recorded_at)


def _hold(hold: PlanHold, moment: Moment) -> PlanHold:
    """The hold as it stood: pending when it ended later."""
    end = hold.ended
    if end is None or moment.has(effective_at=end.ended_at, recorded_at=end.recorded_at):
        return hold
    return replace(hold, ended=None)
