"""Money that came when nobody waited for it: followed until it is posted where it belongs.

A callback or a statement may tell of it when its attempt had counted as failed, when the collection
was over, or when the plan was. It pays its installment if that is still to be paid; else it is the
customer's credit.
"""

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import FailureError, WorkflowAlreadyStartedError
from temporalio.workflow import ParentClosePolicy

with workflow.unsafe.imports_passed_through():
    from activities.contracts import bnpl, ledger
    from activities.contracts import late_money as late
    from activities.contracts import payments as p
    from activities.contracts import reconciliation as r
    from meqenet.bnpl.states import InstallmentState
    from meqenet.identity import OWN_PAYMENT_FROM
    from meqenet.ledger.happenings import CustomerCreditReceived
    from meqenet.payments.late_money import MoneyPlace, Need
    from meqenet.payments.orders import installment_number, plan_of
    from meqenet.payments.rail import PaymentAnswer, RailStatus, WalletProvider
    from workflows.asking import ask, distances
    from workflows.hints import with_receipt
    from workflows.messages import MoneyCame, late_money_workflow_id, plan_workflow_id
    from workflows.rails import query_payment

_LOOK_AGAIN_AFTER = distances(first=timedelta(seconds=1), longest=timedelta(hours=1), count=13)
"""How long the plan, or another attempt of the installment, is given each time."""
_ASK_AGAIN_AFTER = distances(first=timedelta(seconds=3), longest=timedelta(hours=1), count=12)
"""A provider that cannot be asked is asked again after these; then its statement will tell."""


@dataclass(frozen=True, kw_only=True)
class LateMoney:
    """Whose money, and the word that tells of it.

    Attributes:
        answer: None follows what the store knows already.
        source: who told us.
        is_hint: nothing proves who sent it, so the provider is asked whether it is true.
    """

    attempt_id: str
    answer: PaymentAnswer | None = None
    source: p.AnswerSource = p.AnswerSource.CALLBACK
    is_hint: bool = False


@workflow.defn
class LateMoneyWorkflow:
    """Follows the money of one attempt. Whatever it asks for is done once, however often asked."""

    def __init__(self) -> None:
        self._unread: deque[LateMoney] = deque()

    @workflow.signal
    def told(self, money: LateMoney) -> None:
        """Another word on the same money: a question's answer may come while a hint is followed."""
        self._unread.append(money)

    @workflow.run
    async def run(self, money: LateMoney) -> MoneyPlace:
        """Return where the money belongs, once it is posted there."""
        place = await self._take(money)
        while self._unread:
            another = self._unread.popleft()
            if another != money:
                place = await self._take(another)
        return place

    async def _take(self, money: LateMoney) -> MoneyPlace:
        attempt = await ask(
            late.FIND_ATTEMPT,
            late.FindAttempt(attempt_id=money.attempt_id),
            summary="Is it an order of ours?",
        )
        if attempt.state is None:
            workflow.logger.warning("no order of ours has this id")
            return MoneyPlace.NOWHERE
        answer, source = await self._proved(money, attempt)
        if answer is not None:
            await ask(
                p.RECORD_ANSWER,
                p.RecordAnswer(
                    attempt_id=money.attempt_id, answer=answer, source=source, at=workflow.now()
                ),
                summary=f"Store the answer: {answer.status}",
            )
        return await self._follow(money.attempt_id)

    async def _proved(
        self, money: LateMoney, attempt: late.AttemptKnown
    ) -> tuple[PaymentAnswer | None, p.AnswerSource]:
        """The provider's own word; None where there is nothing to record."""
        if not money.is_hint or money.answer is None or attempt.provider is None:
            return money.answer, money.source
        for turn in range(len(_ASK_AGAIN_AFTER) + 1):
            told = await _asked(
                attempt.provider,
                money.attempt_id,
                attempt.provider_reference,
                receipt=attempt.receipt,
            )
            is_unknown = told is not None and told.status is RailStatus.NOT_FOUND
            if is_unknown and attempt.receipt is None:
                # Its own name of the order may have come with a callback that nobody has proved.
                told = await _asked(attempt.provider, money.attempt_id, None)
            if told is not None:
                return with_receipt(answer=told, hint=money.answer), p.AnswerSource.QUERY
            if turn < len(_ASK_AGAIN_AFTER):
                await workflow.sleep(_ASK_AGAIN_AFTER[turn], summary="then ask the provider again")
        workflow.logger.warning("the provider cannot be asked: its statement will tell")
        return None, money.source

    async def _follow(self, attempt_id: str) -> MoneyPlace:
        need, turn = Need.UNDECIDED, 0
        while True:
            placed = await ask(
                late.PLACE_MONEY,
                late.PlaceMoney(attempt_id=attempt_id, need=need, at=workflow.now()),
                summary="Where does the money belong?",
            )
            workflow.set_current_details(f"{attempt_id}: {placed.amount} birr, {placed.place}")
            if placed.place is MoneyPlace.NOWHERE:
                return placed.place
            if placed.place is MoneyPlace.SURPLUS:
                await self._post(attempt_id, placed)
                return placed.place
            plan = await ask(
                bnpl.LOAD_PLAN,
                bnpl.LoadPlan(plan_id=plan_of(order_id=attempt_id)),
                summary="Does the plan need it?",
            )
            is_taken = placed.place is MoneyPlace.INSTALLMENT
            if is_taken and await _is_settled(plan, attempt_id, placed):
                return placed.place
            if need is Need.UNDECIDED and _is_over(plan, attempt_id, is_taken=is_taken):
                need = Need.OVER
                continue
            if not plan.ended:
                await _tell_plan(attempt_id)
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(LateMoney(attempt_id=attempt_id))
            wait = _LOOK_AGAIN_AFTER[min(turn, len(_LOOK_AGAIN_AFTER) - 1)]
            await workflow.sleep(wait, summary="then look whether it has been taken")
            turn += 1

    async def _post(self, attempt_id: str, placed: late.MoneyPlaced) -> None:
        await ask(
            ledger.POST,
            ledger.Post(
                posting_id=attempt_id,
                happening=CustomerCreditReceived(
                    plan_id=plan_of(order_id=attempt_id),
                    attempt_id=attempt_id,
                    provider=placed.provider,
                    amount=placed.amount,
                ),
                effective_at=placed.surplus_at or workflow.now(),
            ),
            summary="Post the customer's credit",
        )


async def follow_money(money: LateMoney) -> None:
    """Have an attempt's money followed, by a run that outlives whoever asks for it."""
    try:
        # Started, not awaited: it has a life of its own.
        _ = await workflow.start_child_workflow(
            LateMoneyWorkflow.run,
            money,
            id=late_money_workflow_id(attempt_id=money.attempt_id),
            parent_close_policy=ParentClosePolicy.ABANDON,
            static_summary="Money that nobody waited for",
        )
    except WorkflowAlreadyStartedError:
        workflow.logger.info("the money is being followed already")
        if workflow.patched("late-money-told"):
            await _tell_run(money)


async def _tell_run(money: LateMoney) -> None:
    run = workflow.get_external_workflow_handle_for(
        LateMoneyWorkflow.run, late_money_workflow_id(attempt_id=money.attempt_id)
    )
    try:
        await run.signal(LateMoneyWorkflow.told, money)
    except FailureError:
        workflow.logger.warning("its run has ended meanwhile; the provider's statement will tell")


async def settled(*, plan_id: str, installment_id: str, at: datetime) -> p.AttemptStanding | None:
    """The attempt whose money pays an installment, late money being taken for it.

    None where no money is there, or where an attempt is open that may bring it.
    """
    answer = await ask(
        late.SETTLE_INSTALLMENT,
        late.SettleInstallment(plan_id=plan_id, installment_id=installment_id, at=at),
        summary="Is there money that pays the installment?",
    )
    return answer.standing


async def _asked(
    provider: WalletProvider, attempt_id: str, reference: str | None, *, receipt: str | None = None
) -> PaymentAnswer | None:
    return await query_payment(
        provider=provider, attempt_id=attempt_id, provider_reference=reference, receipt=receipt
    )


def _is_paid(plan: bnpl.LoadedPlan, attempt_id: str) -> bool:
    number = installment_number(order_id=attempt_id)
    states = {row.planned.number: row.state for row in plan.installments}
    return states.get(number) == InstallmentState.PAID


async def _is_settled(plan: bnpl.LoadedPlan, attempt_id: str, placed: late.MoneyPlaced) -> bool:
    """Whether money that was taken is posted where it belongs."""
    if _is_paid(plan, attempt_id):
        return True
    asks_ledger = plan.ended or _is_own_payment(attempt_id)
    return asks_ledger and await _is_posted(attempt_id, placed)


def _is_over(plan: bnpl.LoadedPlan, attempt_id: str, *, is_taken: bool) -> bool:
    """Whether nobody will take the money any more."""
    if plan.ended or is_taken or not _is_own_payment(attempt_id):
        return plan.ended or (not is_taken and _was_moved(plan, attempt_id))
    asked = plan.progress.payment
    own = installment_number(order_id=attempt_id) - OWN_PAYMENT_FROM
    return asked is None or asked.order != own


def _was_moved(plan: bnpl.LoadedPlan, attempt_id: str) -> bool:
    """Whether a change for hardship asks for its installment with later ones."""
    number = installment_number(order_id=attempt_id)
    states = {row.planned.number: row.state for row in plan.installments}
    is_over = states.get(number) == InstallmentState.CANCELLED
    return is_over and bool(plan.progress.account.changes)


def _is_own_payment(attempt_id: str) -> bool:
    """Whether it is beside the schedule: what its payment has not taken is a credit."""
    return installment_number(order_id=attempt_id) > OWN_PAYMENT_FROM


async def _is_posted(attempt_id: str, placed: late.MoneyPlaced) -> bool:
    """Whether the plan has taken the money before it ended, and may have returned it."""
    cleared = await ask(
        r.FIND_CLEARED,
        r.FindCleared(provider=placed.provider, order_ids=(attempt_id,)),
        summary="Has the ledger taken it?",
    )
    return attempt_id in cleared.posted


async def _tell_plan(attempt_id: str) -> None:
    plan = workflow.get_external_workflow_handle(
        plan_workflow_id(plan_id=plan_of(order_id=attempt_id))
    )
    try:
        await plan.signal("money_came", MoneyCame(number=installment_number(order_id=attempt_id)))
    except FailureError:
        workflow.logger.warning("the plan's workflow could not be told; it is told again")
