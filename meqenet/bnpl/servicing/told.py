"""What a plan's log tells of its money, in the words that a replay works on: plain values."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from meqenet.bnpl.servicing.account import LateFee
from meqenet.bnpl.servicing.amounts import Amounts
from meqenet.money import Money


class Covers(StrEnum):
    """What of an installment is paid."""

    REST = "rest"
    """All that was left of its principal and interest."""
    PART = "part"
    """A part of it, told by principal and interest."""
    FEES = "fees"
    """Late fees alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldShare:
    """What a payment pays of an installment.

    Attributes:
        number: the installment.
        covers: what of it.
        paid: by component; of ``REST`` the late fee alone is told, the rest follows.
    """

    number: int
    covers: Covers
    paid: Amounts


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldPayment:
    """Money that came for a plan.

    Attributes:
        attempt_id: what has brought it.
        sequence: the number of the event that first told of it: payments of one day pay in this
            order, and keep it whatever is replayed.
        on: the Addis Ababa date as of which it pays.
        paid_at: when the money moved.
        amount: all that was told of it, the customer's credit included.
        shares: what it pays, in order.
        by_rule: it paid by the plan's rule, whatever that gives; else what its shares say.
        is_checkout: it was made at checkout, and came into the books with the activation.
    """

    attempt_id: str
    sequence: int
    on: date
    paid_at: datetime
    amount: Money
    shares: tuple[ToldShare, ...] = ()
    by_rule: bool = False
    is_checkout: bool = False

    @property
    def is_own(self) -> bool:
        """Whether the customer made it beside the schedule, which had not asked for it."""
        return self.attempt_id.split("-")[-2].startswith("x")

    @property
    def place(self) -> tuple[date, int]:
        """Where it stands among all that happened: by its value date, then as it was told."""
        return self.on, self.sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldWaiver:
    """Late fees that staff have taken back; what follows from the money's date is no waiver."""

    number: int
    sequence: int
    on: date
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldDates:
    """When an installment begins and is due since the schedule became another one."""

    number: int
    starts_on: date
    due_on: date
    regular_due_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldSchedule:
    """The schedule became another one: what each installment asks for since then, and when.

    Attributes:
        sequence: the number of its event.
        on: the Addis Ababa date.
        owed: by installment.
        is_refund: goods went back, or were never delivered; else dates or amounts were changed.
        dates: of each installment; empty in what was found before they were told.
    """

    sequence: int
    on: date
    owed: tuple[tuple[int, Amounts], ...]
    is_refund: bool
    dates: tuple[ToldDates, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldPlan:
    """Everything that a replay has to know of a plan's past.

    Attributes:
        payments: as they count now, in the order of their events.
        late_fees: those that were charged, and count.
        waivers: of staff.
        schedules: changes for hardship and refunds, in order.
        taken_out: attempts whose money was found not to be a payment of the plan.
        replays: how often payments were replayed before.
    """

    payments: tuple[ToldPayment, ...] = ()
    late_fees: tuple[LateFee, ...] = ()
    waivers: tuple[ToldWaiver, ...] = ()
    schedules: tuple[ToldSchedule, ...] = ()
    taken_out: tuple[str, ...] = ()
    replays: int = 0

    def payment(self, *, attempt_id: str) -> ToldPayment | None:
        """The payment that an attempt has brought; None: it has brought none, or none any more."""
        return next((each for each in self.payments if each.attempt_id == attempt_id), None)
