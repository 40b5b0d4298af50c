"""What a complaint is about, how it came, where it stands, and what may be done with it."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class ComplaintCategory(StrEnum):
    """What a complaint is about, as the monthly summary counts it."""

    CHARGES = "charges"
    """Interest, late fees, or a price other than what was shown."""
    COLLECTION = "collection"
    """Money taken at a wrong time, twice, or too much of it."""
    REFUND = "refund"
    """Money that should have come back."""
    DELIVERY = "delivery"
    """Goods or services: not received, or not as described."""
    CREDIT_DECISION = "credit_decision"
    """A plan or a limit that was refused."""
    PRIVACY = "privacy"
    """What is known, kept or told of the customer."""
    CONDUCT = "conduct"
    """How the customer was treated by us or by a merchant."""
    ACCESS = "access"
    """A page, a code or a payment that did not work."""
    OTHER = "other"
    """Anything else."""


class ComplaintChannel(StrEnum):
    """How the customer complained."""

    CHECKOUT = "checkout"
    """At a merchant's checkout."""
    PHONE = "phone"
    """By phone."""
    EMAIL = "email"
    """By e-mail."""
    LETTER = "letter"
    """On paper."""
    IN_PERSON = "in_person"
    """At an office."""
    SOCIAL_MEDIA = "social_media"
    """In public, or by a messenger."""
    REGULATOR = "regulator"
    """Passed on by the National Bank of Ethiopia."""


class ComplaintState(StrEnum):
    """Where a complaint stands."""

    RECEIVED = "received"
    """On file; its clock is just being set."""
    OPEN = "open"
    """Acknowledged: an answer is due."""
    ANSWERED = "answered"
    """Answered; for a while the customer may say that it is not settled."""
    CLOSED = "closed"
    """Over. Final."""


class Escalation(StrEnum):
    """How far a complaint has come up."""

    NONE = "none"
    """With whoever it was assigned to."""
    ASKED = "asked"
    """A member of staff has asked a supervisor to look at it."""
    DUE_SOON = "due_soon"
    """Its answer is due within days: supervisors see it first."""
    OVERDUE = "overdue"
    """Its answer is late."""

    @property
    def rank(self) -> int:
        """0 for none; an escalation is never taken back to a lower one within a round."""
        return list(type(self)).index(self)


class AnswerOutcome(StrEnum):
    """What the answer says."""

    UPHELD = "upheld"
    """The customer is right, and it is made good."""
    PARTLY_UPHELD = "partly_upheld"
    """The customer is right in part."""
    REJECTED = "rejected"
    """Nothing went wrong; the answer says why."""
    EXPLAINED = "explained"
    """It was a question, and it is answered."""


class Closing(StrEnum):
    """Why a complaint is over."""

    SETTLED = "settled"
    """It was answered, and the customer did not come back to it."""
    WITHDRAWN = "withdrawn"
    """The customer does not want it followed any more."""


class ComplaintDeed(StrEnum):
    """What people do with a complaint. Each says who and why."""

    ASSIGN = "assign"
    """Somebody looks after it from now on."""
    ESCALATE = "escalate"
    """A supervisor should look at it."""
    ANSWER = "answer"
    """The customer is answered, in the customer's language."""
    REOPEN = "reopen"
    """The customer is not content with the answer: once."""
    CLOSE = "close"
    """The customer does not want it followed, or is content."""


POSSIBLE: Final[Mapping[ComplaintState, frozenset[ComplaintDeed]]] = MappingProxyType(
    {
        ComplaintState.RECEIVED: frozenset(),
        ComplaintState.OPEN: frozenset(
            {
                ComplaintDeed.ASSIGN,
                ComplaintDeed.ESCALATE,
                ComplaintDeed.ANSWER,
                ComplaintDeed.CLOSE,
            }
        ),
        ComplaintState.ANSWERED: frozenset({ComplaintDeed.REOPEN, ComplaintDeed.CLOSE}),
        ComplaintState.CLOSED: frozenset(),
    }
)
"""By state, what may be done."""


class ClockStep(StrEnum):
    """What the clock of a complaint does by itself, in this order, each once a round."""

    REMIND = "remind"
    """Remind whoever looks after it."""
    ESCALATE = "escalate"
    """Show it to supervisors, because its answer is due."""
    OVERDUE = "overdue"
    """Show it to supervisors again, because its answer is late."""
    CLOSE = "close"
    """Close it, because the customer did not come back to the answer."""
