"""One attempt at one order id: stored, sent at most once, asked about until its end is known."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from temporalio import workflow
from temporalio.exceptions import ActivityError

from activities.contracts import payments as p
from activities.contracts.report import ErrorKind
from meqenet.payments.rail import (
    CheckoutOpened,
    MandateTerms,
    OpenCheckout,
    PaymentAnswer,
    RailStatus,
)
from workflows.asking import ask, believed_from, report_of
from workflows.clock import PlanClock
from workflows.hints import needs_asking, with_receipt
from workflows.messages import PaymentReported
from workflows.news import CollectionOrder
from workflows.questions import Questions
from workflows.rails import (
    RESEND_AFTER,
    Sent,
    attempted,
    patience,
    query_payment,
    send_payment,
)
from workflows.turns import Turns, in_turn, never

FINAL = (p.AttemptState.SUCCEEDED, p.AttemptState.FAILED)
UNREACHED = "unreached"
"""Our own failure code: the provider certainly never got the order, however often it was sent."""
REFUSED_US = "refused_us"
"""Our own failure code: the provider refused our credentials, signature or grammar."""
TOO_LATE = "too_late"
"""Our own failure code: the customer did not pay in time and the provider's order has lapsed."""
PROBES_MAX = 288
"""So often an order that had waited for its turn may not get there without that counting: a day of
probes of a provider that is down. Its workflow's history has to end some day."""


@dataclass
class Attempt:
    """The life of one attempt. ``reported`` is filled by the workflow's callback signal.

    ``hint``: a success that a callback without proof has told of, and that is being asked after.
    ``asks_first``: a run that was lost may have sent it already. ``is_stopped``: its money is not
    wanted any more, so that it need not wait for the provider.
    """

    order: CollectionOrder
    clock: PlanClock
    attempt_id: str
    reported: dict[str, PaymentReported]
    asks_first: bool = False
    is_stopped: Callable[[], bool] = never
    turns: Turns | None = field(init=False)
    standing: p.AttemptStanding = field(init=False)
    provider_reference: str | None = None
    questions: Questions = field(init=False)
    hint: PaymentAnswer | None = None

    def __post_init__(self) -> None:
        self.standing = p.AttemptStanding(attempt_id=self.attempt_id, state=p.AttemptState.CREATED)
        self.questions = Questions(times=None)
        # Of a payment at checkout somebody is told soon; an installment waits as long as it takes.
        self.turns = None if self.order.policy is None else Turns(unless=self.is_stopped)

    def ended(self) -> bool:
        """Whether the money certainly moved or certainly will not under this id."""
        return self.standing.state in FINAL

    async def open(self) -> p.AttemptOpened:
        """Store the intent before the provider hears of it."""
        opened = await ask(p.OPEN_ATTEMPT, self._intent(), summary="Store the attempt")
        self.provider_reference = opened.provider_reference
        # Whose wallet it asks, the store knows; an order made from the plan may name another.
        self.order = replace(self.order, provider=opened.provider)
        self.standing = opened.standing or self.standing
        self.questions = Questions(times=opened.questions)
        return opened

    async def collect(self) -> p.AttemptStanding:
        """Push or pull the money and see it through."""
        opened = await self.open()
        if self.ended():
            return self.standing
        if self.asks_first or opened.state is not p.AttemptState.CREATED:
            # It was sent in an earlier run of this collection: ask, never send again unasked.
            await self.resolve(until_unknown_there=True)
            if not self.ended() and self.order.is_unwanted:
                await self._give_up(UNREACHED)
            if self.ended():
                return self.standing
        resent = 0
        while resent <= len(RESEND_AFTER):
            waited = self._waited()
            await self._send(opened)
            if self.ended():
                return self.standing
            # It certainly never got there: after a wait the same id is sent again.
            if resent < len(RESEND_AFTER) and await patience(
                self._heard, turn=resent, waits=RESEND_AFTER
            ):
                await self.resolve(until_unknown_there=True)
                if self.ended():
                    return self.standing
            if waited == self._waited() or waited >= PROBES_MAX:
                # One that had to wait for its turn has only shown that the provider is away still.
                resent += 1
        await self._give_up(UNREACHED)
        return self.standing

    def _waited(self) -> int:
        return self.turns.waited if self.turns is not None else 0

    async def _send(self, opened: p.AttemptOpened) -> None:
        """Send once; then stay until the end is known, or it is known never to have got there."""
        sending = await attempted(
            lambda: send_payment(
                opened,
                order=self._intent(),
                title=self.order.title,
                account_reference=self.order.account_reference,
                turns=self.turns,
            )
        )
        match sending.outcome:
            case Sent.ANSWERED:
                await self.record(sending.answer, source=p.AnswerSource.CALL)
            case Sent.UNKNOWN:
                await self.record(None, source=p.AnswerSource.CALL)
            case Sent.REFUSED_US:
                await self._give_up(REFUSED_US)
            case Sent.UNREACHED:
                if self._is_over(sending.code):
                    await self._give_up(UNREACHED)
                return
        await self.resolve(until_unknown_there=True)

    async def resolve(self, *, until_unknown_there: bool = False) -> None:
        """Await the callback, asking at growing distances, until the end is known.

        With ``until_unknown_there`` it also returns when the provider does not know the id, and
        will not come to know it any more.
        """
        believed_at = believed_from(asks_first=self.asks_first)
        self.questions.begin()
        while not self.ended():
            if await self.questions.next_is_due(self._heard):
                await self._take_report()
                continue
            self._show_alarm()
            told = await self._query() and workflow.now() >= believed_at
            if told and until_unknown_there and self.standing.state is p.AttemptState.CREATED:
                return

    async def open_checkout(self, *, expires_minutes: int) -> CheckoutOpened | None:
        """Open the provider's payment page; None when that failed for good, or nobody needs it.

        Opening moves no money, so the same id is simply sent again when the answer got lost; but
        not before it is known that nobody has paid on a page which a lost run has opened.
        """
        await self.open()
        if self.asks_first and not self.ended():
            await self._look()
        if self.ended() or self._is_open_there():
            return None
        request = self._checkout(expires_minutes=expires_minutes)
        for resent in range(len(RESEND_AFTER) + 1):
            try:
                opened = await in_turn(
                    p.TELEBIRR_OPEN_CHECKOUT,
                    request,
                    summary="Open the payment page",
                    turns=self.turns,
                )
            except ActivityError as error:
                report = report_of(error)
                if report.kind in (ErrorKind.DEFECT, ErrorKind.REFUSAL):
                    await self._give_up(REFUSED_US)
                    return None
                workflow.logger.warning("payment page not opened: %s", report.code)
                if self._is_over(report.code):
                    break
            else:
                self.provider_reference = opened.provider_reference
                return opened
            if resent < len(RESEND_AFTER):
                await patience(self._heard, turn=resent, waits=RESEND_AFTER)
        await self._give_up(UNREACHED)
        return None

    async def _look(self) -> None:
        """Ask until the provider has told whether it knows the order and how it stands."""
        told = False
        self.questions.begin()
        while not told and not self.ended():
            if await self.questions.next_is_due(self._heard):
                await self._take_report()
            else:
                told = await self._query()
        if self.order.is_unwanted and self.standing.state is p.AttemptState.CREATED:
            await self._give_up(UNREACHED)

    def _show_alarm(self) -> None:
        """Past the age that the policy sets, whoever opens the run sees that a person owns it."""
        since = self.questions.unknown_since
        if self.questions.is_alarm() and since is not None:
            workflow.set_current_details(
                f"**Outcome unknown since {since:%Y-%m-%d %H:%M} UTC**: attempt {self.attempt_id} "
                f"({self.order.amount} birr). Ask {self.order.provider} what became of it; "
                "nothing is sent again before it has told."
            )

    def _is_open_there(self) -> bool:
        """The provider holds the order open, and the customer has its page or shall not pay."""
        shown = self.order.is_shown or self.order.is_unwanted
        return self.asks_first and shown and self.standing.state is not p.AttemptState.CREATED

    async def lapse(self) -> None:
        """The customer is too late: ask once more, then close the attempt."""
        await self._query(waits=False)
        if not self.ended():
            await self._give_up(TOO_LATE)

    async def _query(self, *, waits: bool = True) -> bool:
        """Ask what became of the order and store the answer; False when it cannot be asked.

        While the provider takes no questions it ``waits``, and a callback ends that.
        """
        answer = await query_payment(
            provider=self.order.provider,
            attempt_id=self.attempt_id,
            provider_reference=self.provider_reference,
            turns=Turns(unless=self._heard) if waits else None,
            receipt=self.order.receipt,
        )
        if answer is None:
            return False
        await self.record(answer, source=p.AnswerSource.QUERY)
        return True

    async def record(self, answer: PaymentAnswer | None, *, source: p.AnswerSource) -> None:
        """Store what is known now and take over the store's reading of it."""
        if answer is not None and answer.provider_reference is not None:
            self.provider_reference = answer.provider_reference
        with self.clock.working():
            self.standing = await ask(
                p.RECORD_ANSWER,
                p.RecordAnswer(
                    attempt_id=self.attempt_id, answer=answer, source=source, at=self.clock.now()
                ),
                summary=f"Store the answer: {answer.status if answer else 'outcome unknown'}",
            )

    def _is_over(self, code: str | None) -> bool:
        """Whether it was held back, and its money is not wanted any more."""
        return self.turns is not None and self.turns.is_over(code=code)

    def _heard(self) -> bool:
        return self.attempt_id in self.reported

    async def _take_report(self) -> None:
        """Record a callback; of one that nothing proves, ask the provider what is true of it."""
        report = self.reported.pop(self.attempt_id)
        if needs_asking(report):
            self.hint = report.answer
            self.questions.begin()
            await self._query()
            return
        answer = with_receipt(answer=report.answer, hint=self.hint)
        await self.record(answer, source=p.AnswerSource.CALLBACK)

    async def _give_up(self, code: str) -> None:
        await self.record(
            PaymentAnswer(order_id=self.attempt_id, status=RailStatus.FAILED, failure_code=code),
            source=p.AnswerSource.CALL,
        )

    def _intent(self) -> p.OpenAttempt:
        return p.OpenAttempt(
            attempt_id=self.attempt_id,
            plan_id=self.order.plan_id,
            installment_id=self.order.installment_id,
            channel=self.order.channel,
            amount=self.order.amount,
            at=self.clock.now(),
            wallet_id=self.order.wallet_id,
            is_part=self.order.part is not None,
        )

    def _checkout(self, *, expires_minutes: int) -> OpenCheckout:
        order = self.order
        mandate = None
        if order.contract_no is not None and order.first_debit_on is not None:
            mandate = MandateTerms(
                contract_no=order.contract_no, first_debit_on=order.first_debit_on
            )
        return OpenCheckout(
            order_id=self.attempt_id,
            amount=order.amount,
            title=order.title,
            return_url=order.return_url,
            expires_minutes=expires_minutes,
            mandate=mandate,
        )
