"""When and how an installment is collected next: decided by the policy, before it happens."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from activities.contracts.payments import Channel
from activities.contracts.step import Step
from meqenet.money import Money
from meqenet.payments.planning import PlannedAttempt
from meqenet.payments.rail import MandateStatus, WalletProvider
from meqenet.payments.retry import Exhausted

NO_POLICY = "no_policy"
"""Reason of a plan whose option had no policy yet: its product's own dates decide.

The way to a wallet that was chosen is told all the same.
"""


@dataclass(frozen=True, kw_only=True)
class PolicyTerms:
    """By which policy an installment's attempts are planned.

    Attributes:
        option: the payment option, whose line of versions it is.
        signed_on: the Addis Ababa date whose version decides, for the plan's whole life.
        due_on: the Addis Ababa date on which the installment falls due.
        mended_at: when somebody last asked for another attempt; what stood in the way before then
            stands in the way no more.
        asked_from: number of the attempt that was asked for.
        wallet_id: the wallet that the customer wants to pay from; None leaves it to the policy.
    """

    option: str
    signed_on: date
    due_on: date
    mended_at: datetime | None = None
    asked_from: int | None = None
    wallet_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class PlanNextAttempt:
    """When and how is the installment collected next?

    ``rest_of``: parts of this amount are paid, and ``amount`` is the rest; ``follows_part``: one of
    them has just been.
    """

    plan_id: str
    installment_id: str
    amount: Money
    terms: PolicyTerms
    at: datetime
    rest_of: Money | None = None
    follows_part: bool = False


@dataclass(frozen=True, kw_only=True)
class NextAttemptPlanned:
    """The answer.

    Attributes:
        at: when it is made, not before the question; None when nothing more is tried by itself.
        reason: why then, or why not: a code of ``meqenet.payments.retry_reasons``, or
            ``NO_POLICY``.
        delays: codes of what has moved it to a later time.
        channel: how the money is asked for; None without an attempt.
        way: why so: a code of ``meqenet.payments.routing.RouteReason``.
        second_factor: the customer has to confirm by law.
        contract_no: the wallet's mandate, which is asked after before the attempt; None where
            there cannot be one.
        mandate: what was known of it.
        wallet_id: which of the customer's wallets is asked; None without an attempt.
        provider: whose it is.
        part: what of the amount is asked for first, where the wallet may not pay it at once.
    """

    at: datetime | None
    reason: str
    delays: tuple[str, ...] = ()
    channel: Channel | None = None
    way: str | None = None
    second_factor: bool = False
    contract_no: str | None = None
    mandate: MandateStatus | None = None
    wallet_id: str | None = None
    provider: WalletProvider | None = None
    part: Money | None = None


def told(
    *,
    planned: PlannedAttempt | Exhausted,
    contract_no: str | None,
    mandate: MandateStatus | None,
) -> NextAttemptPlanned:
    """The answer as it travels, with the plan's mandate as it was known.

    An attempt at another wallet is no debit: its mandate is not asked after.
    """
    if isinstance(planned, Exhausted):
        return NextAttemptPlanned(
            at=None, reason=planned.reason, contract_no=contract_no, mandate=mandate
        )
    return NextAttemptPlanned(
        at=planned.at,
        reason=planned.reason,
        delays=planned.delays,
        channel=Channel(planned.channel.value),
        way=planned.way,
        second_factor=planned.second_factor,
        contract_no=None if planned.way.is_another_wallet else contract_no,
        mandate=mandate,
        wallet_id=planned.wallet_id,
        provider=planned.provider,
        part=planned.part,
    )


PLAN_NEXT_ATTEMPT = Step(
    name="payments.plan_next_attempt", command=PlanNextAttempt, result=NextAttemptPlanned
)


class CollectingSteps(Protocol):
    """What the payments domain decides of collections."""

    async def plan_next_attempt(self, command: PlanNextAttempt) -> NextAttemptPlanned:
        """Changes nothing: the same attempts, mandate and policy give the same answer."""
        ...
