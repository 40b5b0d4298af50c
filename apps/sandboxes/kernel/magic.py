"""Well-known test phone numbers: the last two digits choose the outcome, without the control API.

``2519000000NN`` (Telebirr) and ``2517000000NN`` (M-PESA); docs/sandboxes.md holds the table.
"""

import re
from datetime import datetime
from enum import StrEnum

from apps.sandboxes.kernel.book import Book, WalletStatus, WalletUnknown
from meqenet.money import Money

_WELL_KNOWN = re.compile(r"251[0-9]000000(\d{2})")
_START_BALANCE = Money.from_birr(1_000_000)


class MagicOutcome(StrEnum):
    """What a payment from a well-known number does. The value is the number's last two digits."""

    PAYS = "00"
    """The customer confirms and the money moves."""
    NO_FUNDS = "01"
    """The wallet is empty."""
    WRONG_PIN = "02"
    """The customer types a wrong PIN."""
    FROZEN = "03"
    """The wallet is frozen."""
    DECLINES = "04"
    """The customer cancels."""
    UNREACHABLE = "05"
    """The phone is off; the prompt never arrives."""
    OVER_LIMIT = "06"
    """The amount is over the wallet's daily limit."""
    CALLBACK_LATE = "07"
    """Pays; the callback comes 5 seconds late."""
    TIMEOUT_AFTER_COMMIT = "08"
    """Pays; the API's answer is lost after the commit."""
    CALLBACK_LOST = "09"
    """Pays; the callback never comes."""
    CALLBACK_TWICE = "10"
    """Pays; the callback comes twice."""
    UNAVAILABLE_ONCE = "11"
    """The provider answers 503 once per order, then pays."""
    CALLBACK_FIRST = "12"
    """Pays; the callback comes before the API's answer."""


def outcome_for(*, msisdn: str | None) -> MagicOutcome:
    """The outcome that this number stands for; ``PAYS`` for every number that is not well known."""
    match = _WELL_KNOWN.fullmatch(msisdn or "")
    known = {outcome.value: outcome for outcome in MagicOutcome}
    return known.get(match[1], MagicOutcome.PAYS) if match else MagicOutcome.PAYS


def open_well_known(*, book: Book, operator: str, pin: str, at: datetime) -> None:
    """Open the well-known wallets that are missing, each with 1,000,000 birr (01 with none).

    Args:
        book: where the wallets are kept.
        operator: the digit after 251: ``9`` Ethio telecom, ``7`` Safaricom.
        pin: the PIN that all of them share.
        at: the time of the first movements.
    """
    for outcome in MagicOutcome:
        msisdn = f"251{operator}000000{outcome.value}"
        try:
            book.wallet(msisdn=msisdn)
        except WalletUnknown:
            empty = outcome is MagicOutcome.NO_FUNDS
            book.open_wallet(
                msisdn=msisdn,
                name=f"Test {outcome.name.replace('_', ' ').title()}",
                pin=pin,
                at=at,
                balance=Money.zero() if empty else _START_BALANCE,
            )
            if outcome is MagicOutcome.FROZEN:
                book.set_status(msisdn=msisdn, status=WalletStatus.FROZEN)
