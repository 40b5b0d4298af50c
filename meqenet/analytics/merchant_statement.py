"""One line per plan for the merchant who sold it: price, commission, and what was paid out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Final

from meqenet.analytics.facts import NOTHING, Fact, require_version
from meqenet.money import Money


@dataclass(frozen=True, kw_only=True, slots=True)
class StatementLine:
    """What a merchant gets for one plan, by the newest settlement of it.

    Of an order that its merchant captures itself, it is what all captures by then bring.

    Attributes:
        reference: the merchant's own order number.
        gross: the price. ``gross = fee + net``.
        scheduled_at: when the plan became active, or was first captured; None before.
        payout_state: ``scheduled``, then the payout's own: ``created``, ``unknown``, ``pending``,
            ``settled``, ``rejected``.
        paid_out: what the merchant's bank has of it.
        bank_reference: the bank's own number of the transfer.
        reason_code: why the bank refused it (ISO 20022 status reason).
        rejected_payouts: how often it has.
        contradictions: how often the bank has said otherwise than it had said before.
    """

    plan_id: str
    merchant_id: str | None = None
    reference: str | None = None
    option: str | None = None
    gross: Money | None = None
    fee: Money | None = None
    net: Money | None = None
    scheduled_at: datetime | None = None
    due_at: datetime | None = None
    payout_id: str | None = None
    payout_state: str | None = None
    paid_out: Money = NOTHING
    paid_at: datetime | None = None
    bank_reference: str | None = None
    reason_code: str | None = None
    rejected_payouts: int = 0
    contradictions: int = 0


def key_of(*, fact: Fact) -> str | None:
    """The plan that the fact is of; None when this model does not take it in."""
    return fact.content.stream if fact.name in FED_BY else None


def fold(*, before: StatementLine, fact: Fact) -> StatementLine:
    """The line after a fact.

    Raises:
        Defect: ``event_malformed``, ``event_version_unknown``.
    """
    require_version(fact=fact)
    return FED_BY[fact.name](before, fact)


def _opened(line: StatementLine, fact: Fact) -> StatementLine:
    return replace(line, reference=fact.text("reference"))


def _scheduled(line: StatementLine, fact: Fact) -> StatementLine:
    """A second settlement of a plan follows a payout that the bank refused, or a capture."""
    return replace(
        line,
        merchant_id=fact.text("merchant_id"),
        option=fact.text("option"),
        gross=fact.money("gross"),
        fee=fact.money("fee"),
        net=fact.money("net"),
        scheduled_at=fact.at if line.scheduled_at is None else line.scheduled_at,
        due_at=fact.instant("due_at"),
        payout_id=fact.text("payout_id"),
        payout_state="scheduled",
        bank_reference=None,
        reason_code=None,
    )


def _payout_is(state: str) -> Callable[[StatementLine, Fact], StatementLine]:
    def change(line: StatementLine, fact: Fact) -> StatementLine:
        if not _is_newest(line, fact):
            return line
        reference = fact.text_or_none("bank_reference") or line.bank_reference
        return replace(line, payout_state=state, bank_reference=reference)

    return change


def _settled(line: StatementLine, fact: Fact) -> StatementLine:
    paid = _payout_is("settled")(line, fact)
    return replace(paid, paid_out=line.paid_out + fact.money("amount"), paid_at=fact.at)


def _rejected(line: StatementLine, fact: Fact) -> StatementLine:
    rejected = replace(line, rejected_payouts=line.rejected_payouts + 1)
    if not _is_newest(line, fact):
        return rejected
    return replace(
        _payout_is("rejected")(rejected, fact), reason_code=fact.text_or_none("reason_code")
    )


def _contradicted(line: StatementLine, _fact: Fact) -> StatementLine:
    return replace(line, contradictions=line.contradictions + 1)


def _is_newest(line: StatementLine, fact: Fact) -> bool:
    """Whether it is about the newest payout; of captures an earlier one may be under way still.

    The bank's word on a payout that was never scheduled is a defect.
    """
    told, newest = fact.text("payout_id"), line.payout_id
    if newest is None or _number(told) > _number(newest):
        raise fact.malformed("payout_id")
    return told == newest


def _number(payout_id: str) -> int:
    """Payouts of a plan are numbered: ``pln_…-p2``."""
    number = payout_id.rpartition("-p")[2]
    return int(number) if number.isdecimal() else 0


FED_BY: Final[Mapping[str, Callable[[StatementLine, Fact], StatementLine]]] = MappingProxyType(
    {
        "bnpl.plan_opened": _opened,
        "settlement.settlement_scheduled": _scheduled,
        "settlement.payout_opened": _payout_is("created"),
        "settlement.payout_created": _payout_is("created"),
        "settlement.payout_unknown": _payout_is("unknown"),
        "settlement.payout_pending": _payout_is("pending"),
        "settlement.payout_settled": _settled,
        "settlement.payout_rejected": _rejected,
        "settlement.payout_contradicted": _contradicted,
    }
)
"""Every fact that changes the model, and how."""
