"""The life of a dispute: its kinds, its stages, and how it can end."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple

from meqenet.errors import Mender, Refusal


class DisputeKind(StrEnum):
    """What a customer disputes."""

    NOT_RECEIVED = "not_received"
    """The goods or the service did not come."""
    NOT_AS_DESCRIBED = "not_as_described"
    """What came is not what was sold."""
    UNAUTHORISED = "unauthorised"
    """The customer did not agree to the plan."""
    DUPLICATE = "duplicate"
    """The same order was charged twice."""
    REFUND_NOT_PROCESSED = "refund_not_processed"
    """The merchant has promised money back, and it did not come."""


class Stage(StrEnum):
    """Where a dispute stands."""

    OPENED = "opened"
    """On file; the merchant has not been asked yet."""
    MERCHANT_RESPONSE = "merchant_response"
    """The merchant accepts it, or answers with evidence."""
    REVIEW = "review"
    """The merchant has answered: staff weigh the evidence of both."""
    DECIDED = "decided"
    """Over. Final."""

    @property
    def is_final(self) -> bool:
        """Whether nobody is waited for any more."""
        return self is Stage.DECIDED


class Outcome(StrEnum):
    """How a dispute ended, as the customer sees it."""

    WITHDRAWN = "withdrawn"
    """The customer does not dispute it any more: everything goes on as before."""
    MERCHANT_ACCEPTED = "merchant_accepted"
    """The merchant takes the disputed part back."""
    WON = "won"
    """The evidence speaks for the customer, who is made whole."""
    LOST = "lost"
    """The evidence speaks for the merchant, who is paid."""
    EXPIRED = "expired"
    """The merchant has not answered in time: the customer is made whole."""

    @property
    def favours_customer(self) -> bool:
        """Whether the disputed part goes back to the customer."""
        return self in (Outcome.MERCHANT_ACCEPTED, Outcome.WON, Outcome.EXPIRED)


class Move(StrEnum):
    """What brings a dispute on."""

    ASK_MERCHANT = "ask_merchant"
    """The merchant was told, and is to answer."""
    MERCHANT_ANSWERS = "merchant_answers"
    """The merchant contests it."""
    MERCHANT_ACCEPTS = "merchant_accepts"
    """The merchant gives in."""
    CUSTOMER_WITHDRAWS = "customer_withdraws"
    """The customer gives up."""
    DECIDE_FOR_CUSTOMER = "decide_for_customer"
    """Staff decide."""
    DECIDE_FOR_MERCHANT = "decide_for_merchant"
    """Staff decide."""
    DEADLINE_PASSES = "deadline_passes"
    """Whoever was waited for has not acted."""


class Place(NamedTuple):
    """A stage; and the outcome, once it is decided."""

    stage: Stage
    outcome: Outcome | None


_ENDED = {outcome: Place(Stage.DECIDED, outcome) for outcome in Outcome}
_TRANSITIONS: Final[Mapping[tuple[Stage, Move], Place]] = MappingProxyType(
    {
        (Stage.OPENED, Move.ASK_MERCHANT): Place(Stage.MERCHANT_RESPONSE, None),
        (Stage.OPENED, Move.CUSTOMER_WITHDRAWS): _ENDED[Outcome.WITHDRAWN],
        (Stage.OPENED, Move.MERCHANT_ACCEPTS): _ENDED[Outcome.MERCHANT_ACCEPTED],
        (Stage.MERCHANT_RESPONSE, Move.MERCHANT_ANSWERS): Place(Stage.REVIEW, None),
        (Stage.MERCHANT_RESPONSE, Move.MERCHANT_ACCEPTS): _ENDED[Outcome.MERCHANT_ACCEPTED],
        (Stage.MERCHANT_RESPONSE, Move.CUSTOMER_WITHDRAWS): _ENDED[Outcome.WITHDRAWN],
        (Stage.MERCHANT_RESPONSE, Move.DEADLINE_PASSES): _ENDED[Outcome.EXPIRED],
        (Stage.REVIEW, Move.MERCHANT_ACCEPTS): _ENDED[Outcome.MERCHANT_ACCEPTED],
        (Stage.REVIEW, Move.CUSTOMER_WITHDRAWS): _ENDED[Outcome.WITHDRAWN],
        (Stage.REVIEW, Move.DECIDE_FOR_CUSTOMER): _ENDED[Outcome.WON],
        (Stage.REVIEW, Move.DECIDE_FOR_MERCHANT): _ENDED[Outcome.LOST],
    }
)


def after(*, stage: Stage, move: Move) -> Place:
    """Where a move brings a dispute.

    =================== ================= ================= ================= =======
    move                opened            merchant_response review            decided
    =================== ================= ================= ================= =======
    ask_merchant        merchant_response --                --                --
    merchant_answers    --                review            --                --
    merchant_accepts    merchant_accepted merchant_accepted merchant_accepted --
    customer_withdraws  withdrawn         withdrawn         withdrawn         --
    decide_for_customer --                --                won               --
    decide_for_merchant --                --                lost              --
    deadline_passes     --                expired           --                --
    =================== ================= ================= ================= =======

    A deadline that passes in review is ours: it is an alarm for staff and decides nothing, because
    neither side may lose by our being late.

    Raises:
        Refusal: ``dispute_move_impossible``.
    """
    found = _TRANSITIONS.get((stage, move))
    if found is None:
        raise Refusal(
            "dispute_move_impossible",
            f"a dispute at {stage} does not take {move.replace('_', ' ')}; read it again",
            mender=Mender.NOBODY,
        )
    return found


def moves_at(*, stage: Stage) -> frozenset[Move]:
    """What brings a dispute on that stands there."""
    return frozenset(move for at, move in _TRANSITIONS if at is stage)
