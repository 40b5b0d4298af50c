"""What becomes of money that comes although its attempt had counted as failed.

It pays its installment if that is still to be paid; else it is the customer's credit. While another
attempt of the installment is open, nobody can say which of the two it is.
"""

from enum import StrEnum


class Need(StrEnum):
    """Whether somebody wants money for the installment now."""

    NEEDED = "needed"
    """Whoever collects the installment takes it, and posts it as its payment."""
    OVER = "over"
    """The plan has ended, or never came about: it takes nothing any more."""
    UNDECIDED = "undecided"
    """The plan has not been asked, or has not answered."""


class MoneyPlace(StrEnum):
    """Where the money of an attempt belongs."""

    NOWHERE = "nowhere"
    """None has come, as far as is known, or it has gone back."""
    WAITS = "waits"
    """It has come, and it is not known yet whether the installment needs it."""
    INSTALLMENT = "installment"
    """It pays the installment."""
    SURPLUS = "surplus"
    """It is the customer's credit: the installment is paid by another attempt, or not wanted."""


def place_of_late_money(
    *, is_paid_otherwise: bool, is_another_open: bool, need: Need
) -> MoneyPlace:
    """Decide where money belongs that came after its attempt had counted as failed.

    ==================  ================  ============  ============
    paid by another     another is open   need          place
    ==================  ================  ============  ============
    yes                 any               any           SURPLUS
    no                  yes               any           WAITS
    no                  no                NEEDED        INSTALLMENT
    no                  no                OVER          SURPLUS
    no                  no                UNDECIDED     WAITS
    ==================  ================  ============  ============

    Args:
        is_paid_otherwise: another attempt has paid the installment.
        is_another_open: another attempt of the installment has not ended.
        need: whether somebody takes the money for the installment.
    """
    if is_paid_otherwise:
        return MoneyPlace.SURPLUS
    if is_another_open or need is Need.UNDECIDED:
        return MoneyPlace.WAITS
    return MoneyPlace.INSTALLMENT if need is Need.NEEDED else MoneyPlace.SURPLUS
