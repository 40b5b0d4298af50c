"""How a payout's standing changes with the bank's word: what is final stays, or it is a defect."""

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from meqenet.errors import Defect
from meqenet.settlement.transfer import TransferAnswer, TransferStatus


class PayoutState(StrEnum):
    """Where a payout stands."""

    CREATED = "created"
    """Stored; the bank may or may not have heard of it."""
    UNKNOWN = "unknown"
    """Sent without a readable answer: only a query can tell."""
    PENDING = "pending"
    """The bank took it."""
    SETTLED = "settled"
    """The merchant has the money. Final."""
    REJECTED = "rejected"
    """The bank refused it; the money stays payable. Final."""

    @property
    def is_final(self) -> bool:
        """Whether nothing can change it any more."""
        return self in (PayoutState.SETTLED, PayoutState.REJECTED)


@dataclass(frozen=True, kw_only=True, slots=True)
class PayoutStanding:
    """What is known of a payout. ``reason_code`` is an ISO 20022 status reason when REJECTED."""

    state: PayoutState = PayoutState.CREATED
    bank_reference: str | None = None
    reason_code: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class BankHeard:
    """The standing after an answer, and whether the answer contradicts what is final."""

    standing: PayoutStanding
    contradicts: bool = False


_PAYOUT: Final = re.compile(r"(?P<plan>.+)-p(?P<number>[1-9][0-9]{0,3})", re.ASCII)
_STATES: Final = {
    TransferStatus.PENDING: PayoutState.PENDING,
    TransferStatus.SETTLED: PayoutState.SETTLED,
    TransferStatus.REJECTED: PayoutState.REJECTED,
    TransferStatus.NOT_FOUND: PayoutState.CREATED,
}


def after_transfer_answer(*, standing: PayoutStanding, answer: TransferAnswer | None) -> BankHeard:
    """The standing after this answer; None means sent, outcome unknown.

    ============  ===========  ==========  ==========  ==========  ===========
    standing      unknown      PENDING     SETTLED     REJECTED    NOT_FOUND
    ============  ===========  ==========  ==========  ==========  ===========
    CREATED       UNKNOWN      PENDING     SETTLED     REJECTED    CREATED
    UNKNOWN       UNKNOWN      PENDING     SETTLED     REJECTED    CREATED
    PENDING       as it was    PENDING     SETTLED     REJECTED    contradicts
    SETTLED       as it was    as it was   as it was   contradicts contradicts
    REJECTED      as it was    as it was   contradicts as it was   as it was
    ============  ===========  ==========  ==========  ==========  ===========
    """
    state = standing.state
    if answer is None:
        sent = state in (PayoutState.CREATED, PayoutState.UNKNOWN)
        return BankHeard(
            standing=replace(standing, state=PayoutState.UNKNOWN) if sent else standing
        )
    said = _STATES[answer.status]
    forgotten = said is PayoutState.CREATED and state in (PayoutState.PENDING, PayoutState.SETTLED)
    if forgotten or (state.is_final and said.is_final and said is not state):
        return BankHeard(standing=standing, contradicts=True)
    if state.is_final:
        return BankHeard(standing=standing)
    return BankHeard(
        standing=PayoutStanding(
            state=said,
            bank_reference=answer.bank_reference or standing.bank_reference,
            reason_code=answer.reason_code if said is PayoutState.REJECTED else None,
        )
    )


def plan_and_number_of(*, payout_id: str) -> tuple[str, int]:
    """The plan that a payout's id (``pln_…-p1``) is derived from, and its number among its payouts.

    Raises:
        Defect: ``payout_id_malformed``.
    """
    found = _PAYOUT.fullmatch(payout_id)
    if found is None:
        raise Defect("payout_id_malformed", f"{payout_id!r} is no payout's id")
    return found["plan"], int(found["number"])
