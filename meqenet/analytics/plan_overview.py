"""One line per plan: what was agreed, where it stands, what each domain's books say of it.

The groups of fields are fed by one domain each, so they can be compared: what the plan's events
leave owing, what the wallets brought, what the merchant got, and what the ledger has receivable.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from types import MappingProxyType
from typing import Final

from meqenet.analytics.changed_schedule import (
    allocated_lines,
    changed_lines,
    given_back,
    replayed_lines,
)
from meqenet.analytics.facts import NOTHING, Fact, require_version
from meqenet.analytics.installment_line import LINES_FED_BY, InstallmentLine
from meqenet.money import Money, total

_OWED_STATES: Final = frozenset({"active", "past_due"})
_ENDED_STATES: Final = frozenset({"declined", "expired", "cancelled", "completed", "written_off"})
_CLOSED: Final = frozenset({"paid", "cancelled"})


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanOverview:
    """A plan. What no event has told yet is None, and an amount is zero.

    Attributes:
        outstanding_principal: of the installments that are still owed, once the plan is active.
        outstanding_interest: of the same installments, as scheduled and not paid in part.
        outstanding_late_fees: charged, and neither waived nor paid.
        returned: what went back because the plan did not become active.
        goods_returned: what of the order's price has gone back with goods.
        captured: what of it the merchant has delivered: all, unless it captures the order itself.
        voided: what of it will not be captured.
        collected: what attempts have brought, by the payments domain.
        refunded: what refunds took back to the wallet, by the payments domain.
        findings: answers of a provider that contradict each other.
        merchant_net: what the merchant gets, by its newest settlement.
        merchant_paid: what the bank has settled of it.
        receivable: what stands on the plan's receivable account in the ledger.
        deposits: what stands on its customer's deposit account in the ledger.
        charged_off_on: the Addis Ababa date on which it was given up as a loss.
        changed_at: when the newest of all facts was true.
    """

    plan_id: str
    merchant_id: str | None = None
    reference: str | None = None
    option: str | None = None
    product_version: int | None = None
    amount: Money | None = None
    wallet_provider: str | None = None
    test_clock_id: str | None = None
    state: str | None = None
    customer_id: str | None = None
    tier: str | None = None
    lender_of_record: str | None = None
    total_payable: Money | None = None
    opened_at: datetime | None = None
    activated_on: date | None = None
    ended_at: datetime | None = None
    next_due_on: date | None = None
    outstanding_principal: Money = NOTHING
    outstanding_interest: Money = NOTHING
    outstanding_late_fees: Money = NOTHING
    returned: Money = NOTHING
    goods_returned: Money = NOTHING
    captured: Money = NOTHING
    voided: Money = NOTHING
    collected: Money = NOTHING
    refunded: Money = NOTHING
    attempts: int = 0
    failed_attempts: int = 0
    findings: int = 0
    payout_state: str | None = None
    merchant_net: Money | None = None
    merchant_paid: Money = NOTHING
    receivable: Money = NOTHING
    deposits: Money = NOTHING
    charged_off_on: date | None = None
    changed_at: datetime | None = None
    installments: tuple[InstallmentLine, ...] = ()


def key_of(*, fact: Fact) -> str | None:
    """The plan that the fact is of; None when this model does not take it in.

    Every event of a plan tells its state, so those that change nothing else are taken in as well.
    """
    data = fact.content.data
    is_of_a_plan = fact.name in FED_BY or (fact.source == "bnpl" and "state" in data)
    if fact.source == "ledger":
        # A provider's settlement is of many plans, and stands for itself in the books.
        is_of_a_plan = is_of_a_plan and "plan_id" in data.get("happening", ())
    return fact.content.stream if is_of_a_plan else None


def fold(*, before: PlanOverview, fact: Fact) -> PlanOverview:
    """The plan after a fact.

    Raises:
        Defect: ``event_malformed``, ``event_version_unknown``.
    """
    after = before
    change = FED_BY.get(fact.name)
    if change is not None:
        require_version(fact=fact)
        after = change(before, fact)
    if fact.source == "bnpl":
        after = _owing(replace(after, state=fact.text("state")), fact)
    newest = fact.at if before.changed_at is None else max(before.changed_at, fact.at)
    return replace(after, changed_at=newest)


def _owing(plan: PlanOverview, fact: Fact) -> PlanOverview:
    """What follows from the installments and the state."""
    is_owed = plan.activated_on is not None and plan.state in _OWED_STATES
    owed = [line for line in plan.installments if is_owed and line.state not in _CLOSED]
    return replace(
        plan,
        outstanding_principal=total(line.principal_left for line in owed),
        outstanding_interest=total(line.interest_left for line in owed),
        outstanding_late_fees=total(
            line.late_fee - line.late_fee_paid for line in plan.installments
        ),
        next_due_on=min((line.due_on for line in owed), default=None),
        ended_at=_ended_at(plan, fact),
    )


def _ended_at(plan: PlanOverview, fact: Fact) -> datetime | None:
    """None again of a plan that is in force again."""
    if plan.state not in _ENDED_STATES:
        return None
    return fact.at if plan.ended_at is None else plan.ended_at


def _opened(plan: PlanOverview, fact: Fact) -> PlanOverview:
    return replace(
        plan,
        merchant_id=fact.text("merchant_id"),
        reference=fact.text("reference"),
        option=fact.text("option"),
        product_version=fact.integer("product_version"),
        amount=fact.money("amount"),
        wallet_provider=fact.text("wallet_provider"),
        test_clock_id=fact.text_or_none("test_clock_id"),
        opened_at=fact.at,
    )


def _customer_known(plan: PlanOverview, fact: Fact) -> PlanOverview:
    return replace(plan, customer_id=fact.text("customer_id"))


def _offered(plan: PlanOverview, fact: Fact) -> PlanOverview:
    return replace(
        plan,
        tier=fact.text("tier"),
        lender_of_record=fact.text("lender_of_record"),
        total_payable=fact.money("total_payable"),
        installments=tuple(
            InstallmentLine(
                number=row.integer("number"),
                due_on=row.day("due_on"),
                principal=row.money("principal"),
                interest=row.money("interest"),
            )
            for row in fact.parts("installments")
        ),
    )


def _activated(plan: PlanOverview, fact: Fact) -> PlanOverview:
    due = {row.integer("number"): row.day("due_on") for row in fact.parts("installments")}
    if set(due) != {line.number for line in plan.installments}:
        raise fact.malformed("installments")
    by_merchant = fact.instant_or_none("authorised_until") is not None
    if plan.amount is None:
        raise fact.malformed("installments")
    return replace(
        plan,
        captured=NOTHING if by_merchant else plan.amount,
        activated_on=fact.day("activated_on"),
        installments=tuple(replace(line, due_on=due[line.number]) for line in plan.installments),
    )


def _charged_off(plan: PlanOverview, fact: Fact) -> PlanOverview:
    not_owed = {
        row.integer("number"): row.money("interest_not_owed") for row in fact.parts("installments")
    }
    lines = (
        replace(line, interest=line.interest - not_owed.get(line.number, NOTHING))
        for line in plan.installments
    )
    return replace(
        plan,
        charged_off_on=fact.day("on"),
        installments=tuple(
            line if line.state in _CLOSED else replace(line, state="failed", next_attempt_at=None)
            for line in lines
        ),
    )


def _written_off(plan: PlanOverview, _fact: Fact) -> PlanOverview:
    return replace(
        plan,
        installments=tuple(
            replace(
                line,
                state="paid" if line.state == "paid" else "cancelled",
                late_fee=line.late_fee_paid,
                next_attempt_at=None,
            )
            for line in plan.installments
        ),
    )


def _changed(plan: PlanOverview, fact: Fact) -> PlanOverview:
    if not fact.parts("installments"):
        # A dispute that is over without any date having passed.
        return plan
    return replace(plan, installments=changed_lines(lines=plan.installments, fact=fact))


def _allocated(plan: PlanOverview, fact: Fact) -> PlanOverview:
    return replace(plan, installments=allocated_lines(lines=plan.installments, fact=fact))


def _order_captured(plan: PlanOverview, fact: Fact) -> PlanOverview:
    return replace(plan, captured=plan.captured + fact.money("amount"))


def _replayed(plan: PlanOverview, fact: Fact) -> PlanOverview:
    return replace(plan, installments=replayed_lines(lines=plan.installments, fact=fact))


def _money_gone(plan: PlanOverview, fact: Fact) -> PlanOverview:
    return replace(plan, collected=plan.collected - fact.money("amount"))


def _order_refunded(plan: PlanOverview, fact: Fact) -> PlanOverview:
    less = _price_gone(plan, fact)
    return replace(less, goods_returned=plan.goods_returned + fact.money("amount"))


def _order_voided(plan: PlanOverview, fact: Fact) -> PlanOverview:
    return replace(_price_gone(plan, fact), voided=plan.voided + fact.money("amount"))


def _price_gone(plan: PlanOverview, fact: Fact) -> PlanOverview:
    lines = given_back(lines=plan.installments, fact=fact)
    return replace(plan, installments=allocated_lines(lines=lines, fact=fact))


def _ended_early(plan: PlanOverview, _fact: Fact) -> PlanOverview:
    lines = tuple(replace(line, state="cancelled") for line in plan.installments)
    return replace(plan, installments=lines)


def _returned(plan: PlanOverview, fact: Fact) -> PlanOverview:
    return replace(plan, returned=plan.returned + fact.money("amount"))


def _asked(plan: PlanOverview, _fact: Fact) -> PlanOverview:
    return replace(plan, attempts=plan.attempts + 1)


def _brought(plan: PlanOverview, fact: Fact) -> PlanOverview:
    return replace(plan, collected=plan.collected + fact.money("amount"))


def _brought_nothing(plan: PlanOverview, _fact: Fact) -> PlanOverview:
    return replace(plan, failed_attempts=plan.failed_attempts + 1)


def _refunded(plan: PlanOverview, fact: Fact) -> PlanOverview:
    return replace(plan, refunded=plan.refunded + fact.money("amount"))


def _found(plan: PlanOverview, _fact: Fact) -> PlanOverview:
    return replace(plan, findings=plan.findings + 1)


def _settlement_scheduled(plan: PlanOverview, fact: Fact) -> PlanOverview:
    return replace(plan, payout_state="scheduled", merchant_net=fact.money("net"))


def _payout_settled(plan: PlanOverview, fact: Fact) -> PlanOverview:
    paid = plan.merchant_paid + fact.money("amount")
    return replace(plan, payout_state="settled", merchant_paid=paid)


def _payout_is(state: str) -> Callable[[PlanOverview, Fact], PlanOverview]:
    return lambda plan, _fact: replace(plan, payout_state=state)


def _posted(plan: PlanOverview, fact: Fact) -> PlanOverview:
    """An asset grows on its debit side, what is owed to the customer on its credit side."""
    receivable, deposits = plan.receivable, plan.deposits
    for entry in fact.parts("entries"):
        account, amount = entry.text("account"), entry.money("amount")
        signed = amount if entry.text("side") == "debit" else -amount
        if account == f"plan_receivable:{plan.plan_id}":
            receivable += signed
        elif account == f"customer_deposits:{plan.plan_id}":
            deposits -= signed
    return replace(plan, receivable=receivable, deposits=deposits)


def _of_line(
    change: Callable[[InstallmentLine, Fact], InstallmentLine],
) -> Callable[[PlanOverview, Fact], PlanOverview]:
    def changed(plan: PlanOverview, fact: Fact) -> PlanOverview:
        number = fact.integer("number")
        if number not in {line.number for line in plan.installments}:
            raise fact.malformed("number")
        return replace(
            plan,
            installments=tuple(
                change(line, fact) if line.number == number else line for line in plan.installments
            ),
        )

    return changed


FED_BY: Final[Mapping[str, Callable[[PlanOverview, Fact], PlanOverview]]] = MappingProxyType(
    {
        "bnpl.plan_opened": _opened,
        "bnpl.identity_confirmed": _customer_known,
        "bnpl.plan_offered": _offered,
        "bnpl.plan_expired": _ended_early,
        "bnpl.plan_cancelled": _ended_early,
        "bnpl.payment_returned": _returned,
        "bnpl.plan_activated": _activated,
        **{name: _of_line(change) for name, change in LINES_FED_BY.items()},
        "bnpl.plan_charged_off": _charged_off,
        "bnpl.plan_written_off": _written_off,
        "bnpl.plan_changed": _changed,
        "bnpl.order_dispute_ended": _changed,
        "bnpl.own_payment_allocated": _allocated,
        "bnpl.order_captured": _order_captured,
        "bnpl.order_voided": _order_voided,
        "bnpl.authorisation_expired": _order_voided,
        "bnpl.order_refunded": _order_refunded,
        "bnpl.payments_replayed": _replayed,
        "payments.attempt_opened": _asked,
        "payments.attempt_succeeded": _brought,
        "payments.attempt_failed": _brought_nothing,
        "payments.refund_succeeded": _refunded,
        "payments.payment_reversed": _money_gone,
        "payments.finding_made": _found,
        "settlement.settlement_scheduled": _settlement_scheduled,
        "settlement.payout_opened": _payout_is("created"),
        "settlement.payout_created": _payout_is("created"),
        "settlement.payout_unknown": _payout_is("unknown"),
        "settlement.payout_pending": _payout_is("pending"),
        "settlement.payout_settled": _payout_settled,
        "settlement.payout_rejected": _payout_is("rejected"),
        "ledger.transaction_posted": _posted,
    }
)
"""Every fact that changes more than the state, and how."""
