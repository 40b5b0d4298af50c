"""Port of a provider's statement: what it says it has moved for us."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from meqenet.money import Money
from meqenet.payments.statement_document import StatementForm


class Direction(StrEnum):
    """Which way a movement went."""

    COLLECTED = "collected"
    """From a customer's wallet to us."""
    RETURNED = "returned"
    """From us back to a customer's wallet."""
    PAID_OUT = "paid_out"
    """From us to a merchant."""


@dataclass(frozen=True, kw_only=True)
class StatementRow:
    """A movement of money.

    Attributes:
        number: which row of the statement it is, from 1.
        reference: the id of our order, in the provider's spelling; of money that a customer paid
            unasked, its receipt.
        at: when it moved, by the provider.
    """

    number: int
    direction: Direction
    reference: str
    amount: Money
    at: datetime


class Statements(Protocol):
    """The statement of one provider."""

    @property
    def provider(self) -> str:
        """``telebirr``, ``mpesa`` or ``bank``."""
        ...

    @property
    def is_live(self) -> bool:
        """Whether it grows and holds everything from the first movement on.

        One that is not live holds what lies between its first row and its last.
        """
        ...

    def rows(self) -> AsyncIterator[StatementRow]:
        """Every movement in order.

        Raises:
            Unavailable: the provider cannot be reached.
            Refusal: ``statement_malformed``: it cannot be read; the row is in the text.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class StatementDocument:
    """A day's statement as the provider hands it out. It may name customers."""

    form: StatementForm
    content: bytes = field(repr=False)


class DailyStatements(Protocol):
    """Whoever hands out daily statements."""

    async def fetch(self, *, provider: str, day: date) -> StatementDocument:
        """The document of one day in Addis Ababa. Fetching changes nothing.

        Raises:
            Unavailable: no readable answer; ask again later.
            Defect: our key was refused, or there is no address to ask at.
        """
        ...
