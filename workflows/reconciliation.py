"""A provider's statement, fetched each morning, beside our orders and our ledger.

What the provider has moved and we did not know of is told to whoever waits for it, as if the
provider had called back; a payment that nobody waits for any more is followed until it is posted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, FailureError

with workflow.unsafe.imports_passed_through():
    from activities.contracts import payments
    from activities.contracts import reconciliation as r
    from activities.contracts.report import ErrorKind
    from meqenet.calendar import addis_date, at_addis
    from meqenet.identity import payday_on_the_wire
    from meqenet.payments.orders import installment_of
    from meqenet.payments.rail import PaymentAnswer, RailStatus, RefundAnswer
    from meqenet.payments.reconciliation import Order
    from meqenet.payments.statement_document import LineKind
    from workflows.asking import ask, distances, passed_on, report_of
    from workflows.late_money import LateMoney, follow_money
    from workflows.messages import (
        PaymentReported,
        RefundReported,
        collection_workflow_id,
        refund_workflow_id,
    )

BANK = "bank"
_FETCH = {
    "telebirr": r.TELEBIRR_FETCH_STATEMENT,
    "mpesa": r.MPESA_FETCH_STATEMENT,
    BANK: r.BANK_FETCH_STATEMENT,
}
_FETCH_AGAIN_AFTER = distances(first=timedelta(minutes=1), longest=timedelta(hours=1), count=12)
"""About seven hours; then the next morning's run makes up for the day."""
_LOOK_AGAIN_AFTER = (timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=2))
"""So long those that were told of found money have to take it up, each time."""
_EXPECT_BACK = timedelta(days=1)
"""An order may have been recorded as moved before its day, by the provider's clock."""


@dataclass(frozen=True, kw_only=True)
class KeptDay:
    """A day whose statement is kept."""

    day: date
    version: int


@dataclass(frozen=True, kw_only=True)
class ReconcileStatement:
    """Which statements.

    Attributes:
        day: None takes all days up to yesterday that lack theirs.
        kept: statements that are kept already; nothing is fetched.
        is_awaited: somebody waits for the end: a provider that cannot be reached is not waited for.
        after: go on behind this key.
        found: of these keys something was found and told.
    """

    provider: str
    pending_hours_max: int
    day: date | None = None
    kept: tuple[KeptDay, ...] = ()
    is_awaited: bool = False
    after: str = ""
    found: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class DayReconciled:
    """How a day's statement stands after the run."""

    day: date
    version: int
    line_counts: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class ProviderReconciled:
    """The days, and how many differences are open at the provider, of whatever day."""

    provider: str
    days: tuple[DayReconciled, ...]
    open_count: int


def reconciliation_workflow_id(*, provider: str, day: date | None = None) -> str:
    """The morning's run of a provider, or the run of one day."""
    return f"reconcile-{provider}" if day is None else f"reconcile-{provider}-{day:%Y%m%d}"


@workflow.defn
class ReconciliationWorkflow:
    """Reconciles a provider: fetch, keep, expect, judge, tell, judge again, finish."""

    @workflow.run
    async def run(self, order: ReconcileStatement) -> ProviderReconciled:
        """Return how it stands. A statement that cannot be read or fetched fails the run."""
        kept = order.kept or await self._keep(order)
        found = set(order.found)
        if not order.after:
            await self._expect(order.provider, kept)
        after = order.after
        while True:
            page = await ask(
                r.FIND_UNDECIDED,
                r.FindUndecided(provider=order.provider, after=after),
                summary=f"What is undecided after {after or 'none'}?",
            )
            if not page.keys:
                break
            found |= await self._judge(order, page.keys)
            after = page.keys[-1]
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(
                    ReconcileStatement(
                        provider=order.provider,
                        pending_hours_max=order.pending_hours_max,
                        kept=kept,
                        is_awaited=order.is_awaited,
                        after=after,
                        found=tuple(sorted(found)),
                    )
                )
        await self._look_again(order, found)
        return await self._finish(order.provider, kept)

    async def _keep(self, order: ReconcileStatement) -> tuple[KeptDay, ...]:
        days: Sequence[date] = () if order.day is None else (order.day,)
        if order.day is None:
            yesterday = addis_date(at=workflow.now()) - timedelta(days=1)
            due = await ask(
                r.FIND_DAYS_DUE,
                r.FindDaysDue(provider=order.provider, until=yesterday),
                summary="Which days lack their statement?",
            )
            days = due.days
        kept = []
        for day in days:
            document = await self._fetch(order, day)
            try:
                told = await ask(
                    r.KEEP_STATEMENT,
                    r.KeepStatement(
                        provider=order.provider,
                        day=day,
                        document=document,
                        source="provider",
                        at=workflow.now(),
                    ),
                    summary=f"Keep the statement of {day}",
                )
            except ActivityError as error:
                raise passed_on(report_of(error)) from error
            kept.append(KeptDay(day=day, version=told.version))
        return tuple(kept)

    async def _fetch(self, order: ReconcileStatement, day: date) -> r.FetchedStatement:
        waits = () if order.is_awaited else _FETCH_AGAIN_AFTER
        for turn in range(len(waits) + 1):
            try:
                return await ask(
                    _FETCH[order.provider],
                    r.FetchStatement(provider=order.provider, day=day),
                    summary=f"Fetch the statement of {day}",
                    patience=timedelta(minutes=3),
                )
            except ActivityError as error:
                report = report_of(error)
                if report.kind is ErrorKind.REFUSAL or turn == len(waits):
                    raise passed_on(report) from error
                workflow.logger.warning("no statement of %s: %s", day, report.code)
            await workflow.sleep(waits[turn], summary="then fetch it again")
        raise ApplicationError("there is a last turn", non_retryable=True)

    async def _expect(self, provider: str, kept: tuple[KeptDay, ...]) -> None:
        if not kept:
            return
        since = at_addis(on=min(each.day for each in kept), hour=0) - _EXPECT_BACK
        payouts: tuple[Order, ...] = ()
        if provider == BANK:
            settled = await ask(
                r.FIND_SETTLED_PAYOUTS,
                r.FindSettledPayouts(since=since),
                summary="Which payouts should be on it?",
            )
            payouts = settled.orders
        await ask(
            r.EXPECT_MOVED,
            r.ExpectMoved(provider=provider, since=since, at=workflow.now(), payouts=payouts),
            summary="Expect what we have as moved",
        )

    async def _judge(self, order: ReconcileStatement, keys: tuple[str, ...]) -> set[str]:
        """Judge the keys and tell what was found; the keys of that."""
        find = r.FIND_PAYOUTS if order.provider == BANK else r.FIND_ORDERS
        wanted = r.FindOrders(provider=order.provider, keys=keys)
        ours = await ask(find, wanted, summary=f"Our orders of {len(keys)} keys")
        payouts = tuple(key for key in keys if payday_on_the_wire(reference=key))
        if order.provider != BANK and payouts:
            # A merchant that is paid to its wallet; no statement had such a line before.
            paid = await ask(
                r.FIND_PAYOUTS,
                r.FindOrders(provider=order.provider, keys=payouts),
                summary=f"Merchants' payouts of {len(payouts)} keys",
            )
            ours = r.OrdersFound(orders=(*ours.orders, *paid.orders))
        cleared = await ask(
            r.FIND_CLEARED,
            r.FindCleared(
                provider=order.provider, order_ids=tuple(each.order_id for each in ours.orders)
            ),
            summary="What has the ledger of them?",
        )
        judged = await ask(
            r.JUDGE_KEYS,
            r.JudgeKeys(
                provider=order.provider,
                keys=keys,
                orders=ours.orders,
                posted=cleared.posted,
                at=workflow.now(),
                pending_hours_max=order.pending_hours_max,
            ),
            summary="Judge them",
        )
        key_of = {each.order_id: each.key for each in ours.orders}
        for found in judged.found:
            await self._tell(found)
        return {key_of[found.order_id] for found in judged.found}

    async def _tell(self, found: r.FoundPayment) -> None:
        """Tell whoever waits for the order; else have its money followed, or record it."""
        if found.kind is LineKind.PAYMENT:
            answer = PaymentAnswer(
                order_id=found.order_id,
                status=RailStatus.SUCCEEDED,
                receipt=found.receipt,
                amount=found.amount,
                occurred_at=found.moved_at,
            )
            waiting = collection_workflow_id(installment_id=installment_of(order_id=found.order_id))
            if await _signalled(waiting, "payment_reported", PaymentReported(answer=answer)):
                return
            source = payments.AnswerSource.STATEMENT
            if workflow.patched("late-money"):
                money = LateMoney(attempt_id=found.order_id, answer=answer, source=source)
                await follow_money(money)
            else:
                await ask(
                    payments.RECORD_ANSWER,
                    payments.RecordAnswer(
                        attempt_id=found.order_id,
                        answer=answer,
                        source=source,
                        at=workflow.now(),
                    ),
                    summary="Record what the statement says",
                )
        elif found.kind is LineKind.REFUND:
            returned = RefundAnswer(
                refund_id=found.order_id, status=RailStatus.SUCCEEDED, receipt=found.receipt
            )
            waiting = refund_workflow_id(refund_id=found.order_id)
            if not await _signalled(waiting, "refund_reported", RefundReported(answer=returned)):
                await ask(
                    payments.RECORD_REFUND,
                    payments.RecordRefund(
                        refund_id=found.order_id, answer=returned, at=workflow.now()
                    ),
                    summary="Record what the statement says",
                )

    async def _look_again(self, order: ReconcileStatement, found: set[str]) -> None:
        """What was told may have been taken up by now; what was not stays open for a person."""
        for wait in _LOOK_AGAIN_AFTER:
            if not found:
                return
            await workflow.sleep(wait, summary="what was told is taken up")
            found = await self._judge(order, tuple(sorted(found)))

    async def _finish(self, provider: str, kept: tuple[KeptDay, ...]) -> ProviderReconciled:
        days = []
        open_count = 0
        for each in kept:
            done = await ask(
                r.FINISH_DAY,
                r.FinishDay(
                    provider=provider, day=each.day, version=each.version, at=workflow.now()
                ),
                summary=f"How {each.day} stands",
            )
            open_count = done.open_count
            days.append(
                DayReconciled(
                    day=each.day, version=each.version, line_counts=dict(done.line_counts)
                )
            )
        workflow.set_current_details(f"{len(days)} days, {open_count} differences open")
        if open_count:
            workflow.logger.warning("%s: %d differences are open", provider, open_count)
        return ProviderReconciled(provider=provider, days=tuple(days), open_count=open_count)


async def _signalled(workflow_id: str, name: str, message: object) -> bool:
    """Whether somebody of that name runs and has been told."""
    try:
        await workflow.get_external_workflow_handle(workflow_id).signal(name, message)
    except FailureError:
        return False
    return True
