"""Well-known creditor accounts: zeros, then two digits that choose the outcome.

``000…0NN`` at the length of the chosen bank, for example ``0000000000001`` at CBETETAA;
docs/sandboxes.md holds the table.
"""

import re
from enum import StrEnum

from apps.sandboxes.kernel.faults import Fault, FaultKind

_WELL_KNOWN = re.compile(r"0{6,}(\d{2})")


class BankOutcome(StrEnum):
    """What a transfer to a well-known account does. The value is the account's last two digits."""

    SETTLES = "00"
    """Settles like a transfer to any other account."""
    INCORRECT_ACCOUNT = "01"
    """Rejected at once: AC01."""
    CLOSED_ACCOUNT = "02"
    """Rejected at once: AC04."""
    INSUFFICIENT_FUNDS = "03"
    """Rejected at once: AM04, as if the debtor's account were empty."""
    REJECTED_LATE = "04"
    """Pending first; then rejected with AC04 and the money returned."""
    SLOW = "05"
    """Pending ten times as long as others."""
    HELD = "06"
    """Pending until it is released by the control API."""
    TIMEOUT_AFTER_COMMIT = "07"
    """Taken, and the answer is lost."""
    ERROR_AFTER_COMMIT = "08"
    """Taken, and the answer is HTTP 500."""
    UNAVAILABLE_ONCE = "09"
    """HTTP 503 once per order; then it is taken."""


REFUSALS = {
    BankOutcome.INCORRECT_ACCOUNT: "AC01",
    BankOutcome.CLOSED_ACCOUNT: "AC04",
    BankOutcome.INSUFFICIENT_FUNDS: "AM04",
}
"""Status reasons of transfers that are rejected at once."""

FAULTS = {
    BankOutcome.TIMEOUT_AFTER_COMMIT: Fault(kind=FaultKind.TIMEOUT_AFTER_COMMIT),
    BankOutcome.ERROR_AFTER_COMMIT: Fault(kind=FaultKind.ERROR_AFTER_COMMIT),
    BankOutcome.UNAVAILABLE_ONCE: Fault(kind=FaultKind.UNAVAILABLE),
}
"""Faults that come with an account; the last one strikes once per order."""


def outcome_for(*, account: str) -> BankOutcome:
    """The outcome that this account stands for; ``SETTLES`` for all that are not well known."""
    match = _WELL_KNOWN.fullmatch(account)
    known = {outcome.value: outcome for outcome in BankOutcome}
    return known.get(match[1], BankOutcome.SETTLES) if match else BankOutcome.SETTLES
