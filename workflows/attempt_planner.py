"""Asks for the next attempt of an installment, and whether its mandate is still what it was."""

from dataclasses import dataclass, replace

from temporalio import workflow
from temporalio.exceptions import ActivityError

from activities.contracts import payments as p
from activities.contracts.collecting import (
    PLAN_NEXT_ATTEMPT,
    NextAttemptPlanned,
    PlanNextAttempt,
    PolicyTerms,
)
from meqenet.money import Money
from meqenet.payments.rail import MandateStatus, WalletProvider
from meqenet.payments.retry_reasons import AttemptReason, EndReason
from workflows.asking import ask, report_of
from workflows.clock import PlanClock
from workflows.news import CollectionOrder

PATCH = "collection-policy-1"


@dataclass(frozen=True, kw_only=True)
class Way:
    """Which wallet an attempt asks, and how; ``part`` of the amount, where not for all of it."""

    channel: p.Channel
    provider: WalletProvider
    wallet_id: str | None
    part: Money | None = None

    def __str__(self) -> str:
        """As an operator reads it; nothing private."""
        return f"{self.channel} of {self.wallet_id or 'the own wallet'} ({self.provider})"


def way_of(order: CollectionOrder, /, *, planned: NextAttemptPlanned | None = None) -> Way:
    """The way of a planned attempt; without one, that on which the collection begins."""
    if planned is None or planned.channel is None:
        return Way(
            channel=order.channel,
            provider=order.provider,
            wallet_id=order.wallet_id,
            part=order.part,
        )
    return Way(
        channel=planned.channel,
        provider=planned.provider or order.provider,
        wallet_id=planned.wallet_id,
        part=planned.part,
    )


@dataclass(kw_only=True)
class AttemptPlanner:
    """The policy's word on one installment's attempts.

    ``whole``: the amount, where parts of it are paid.
    """

    order: CollectionOrder
    clock: PlanClock
    whole: Money | None = None

    def choose(self, *, wallet_id: str, number: int) -> None:
        """The customer wants to pay from this wallet: attempts are planned for it from now on.

        Args:
            wallet_id: an opaque id.
            number: of the next attempt, which is made at once.
        """
        if self.order.policy is not None:
            now = self.clock.now()
            terms = replace(
                self.order.policy, wallet_id=wallet_id, mended_at=now, asked_from=number
            )
            self.order = replace(self.order, policy=terms)

    @property
    def policy(self) -> PolicyTerms | None:
        """By what they are planned; None where the product's own dates decide."""
        if self.order.policy is None or not workflow.patched(PATCH):
            return None
        return self.order.policy

    async def plan(self, *, follows_part: bool = False) -> NextAttemptPlanned:
        """When and how the next attempt is made, and why; or why there is none.

        Args:
            follows_part: a part has just been paid, so that the rest is asked for next.
        """
        terms = self.order.policy
        if terms is None:
            raise ValueError("a collection without a policy goes by its dates")
        with self.clock.working():
            planned = await ask(
                PLAN_NEXT_ATTEMPT,
                PlanNextAttempt(
                    plan_id=self.order.plan_id,
                    installment_id=self.order.installment_id,
                    amount=self.order.amount,
                    terms=terms,
                    at=max(self.clock.now(), self.order.not_before or self.clock.now()),
                    rest_of=self.whole,
                    follows_part=follows_part,
                ),
                summary="When and how is it collected next?",
            )
        if self.order.is_single and planned.reason != AttemptReason.ASKED_FOR:
            return replace(planned, at=None, reason=EndReason.PAST_LAST_DAY)
        return planned

    async def still_holds(self, planned: NextAttemptPlanned) -> bool:
        """Ask the provider for the mandate right before the attempt; False: plan it anew.

        A provider that cannot be asked now changes nothing: the debit itself will tell.
        """
        if planned.contract_no is None:
            return True
        with self.clock.working():
            try:
                answer = await ask(
                    p.TELEBIRR_QUERY_MANDATE,
                    p.QueryMandate(contract_no=planned.contract_no),
                    summary="Does the mandate still stand?",
                )
            except ActivityError as error:
                workflow.logger.warning("mandate query failed: %s", report_of(error).code)
                return True
            await ask(
                p.RECORD_MANDATE,
                p.RecordMandate(plan_id=self.order.plan_id, answer=answer, at=self.clock.now()),
                summary=f"Store the mandate: {answer.status}",
            )
        return answer.status is (planned.mandate or MandateStatus.ABSENT)
