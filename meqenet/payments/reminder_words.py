"""What the texts of all channels say in the same words: wallets, causes, what happens next."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from meqenet.money import Money
from meqenet.payments.causes import FailureCause, remedy_for
from meqenet.payments.rail import WalletProvider
from meqenet.payments.reminder_dates import in_both_calendars
from meqenet.payments.reminders import Language, ReminderKind

_WALLETS: Final = {
    (WalletProvider.TELEBIRR, Language.ENGLISH): "telebirr",
    (WalletProvider.TELEBIRR, Language.AMHARIC): "ቴሌብር",
    (WalletProvider.MPESA, Language.ENGLISH): "M-PESA",
    (WalletProvider.MPESA, Language.AMHARIC): "ኤም-ፔሳ",
}


@dataclass(frozen=True, kw_only=True)
class ReminderFacts:
    """What a reminder is about.

    Attributes:
        days: to the due date, or since then.
        number / count: which of the plan's installments.
        cause: why the newest attempt failed, of a reminder that tells of it.
        next_attempt_on: the Addis Ababa date of the next attempt; None when none is planned.
    """

    kind: ReminderKind
    days: int
    number: int
    count: int
    due_on: date
    amount: Money
    merchant_name: str
    provider: WalletProvider
    cause: FailureCause | None = None
    next_attempt_on: date | None = None

    def __post_init__(self) -> None:
        if self.kind is ReminderKind.ATTEMPT_FAILED and self.cause is None:
            raise ValueError("cause: a failure is told with its cause")


def wallet_name(*, facts: ReminderFacts, language: Language) -> str:
    """The brand of the wallet that pays."""
    return _WALLETS[facts.provider, language]


def merchant_name(*, facts: ReminderFacts, letters_max: int) -> str:
    """The shop's name on one line, cut where it would make the text long."""
    name = " ".join(facts.merchant_name.split())
    return name[:letters_max].rstrip()


def is_due_in(*, facts: ReminderFacts, language: Language) -> str:
    """``tomorrow`` or ``in 3 days``."""
    if language is Language.ENGLISH:
        return "tomorrow" if facts.days == 1 else f"in {facts.days} days"
    return "ነገ" if facts.days == 1 else f"ከ{facts.days} ቀን በኋላ"


def days_late(*, facts: ReminderFacts, language: Language) -> str:
    """``1 day`` or ``3 days``."""
    if language is Language.AMHARIC:
        return f"{facts.days} ቀን"
    return "1 day" if facts.days == 1 else f"{facts.days} days"


def what_to_do(*, facts: ReminderFacts, language: Language) -> str:
    """What the customer can do now, and what happens next."""
    if language is Language.ENGLISH:
        return _english(facts)
    return _amharic(facts)


def _english(facts: ReminderFacts) -> str:
    wallet = _WALLETS[facts.provider, Language.ENGLISH]
    match facts.kind:
        case ReminderKind.BEFORE_DUE:
            how = (
                "it is collected on that day"
                if facts.provider is WalletProvider.TELEBIRR
                else "on that day confirm the prompt on your phone with your PIN"
            )
            return f"Keep this amount in your {wallet} wallet; {how}."
        case ReminderKind.ATTEMPT_FAILED:
            cause = "" if facts.cause is None else remedy_for(cause=facts.cause).english
            return f"{cause} {_english_next(facts)}"
        case ReminderKind.PAST_DUE:
            return f"Put this amount into your {wallet} wallet. {_english_next(facts)}"


def _amharic(facts: ReminderFacts) -> str:
    wallet = _WALLETS[facts.provider, Language.AMHARIC]
    match facts.kind:
        case ReminderKind.BEFORE_DUE:
            how = (
                "በዕለቱ ከዋሌትዎ ይሰበሰባል።"
                if facts.provider is WalletProvider.TELEBIRR
                else "በዕለቱ በስልክዎ የሚመጣውን ጥያቄ በሚስጥር ቁጥርዎ ያረጋግጡ።"
            )
            return f"ገንዘቡን በ{wallet} ዋሌትዎ ያኑሩ፤ {how}"
        case ReminderKind.ATTEMPT_FAILED:
            cause = "" if facts.cause is None else remedy_for(cause=facts.cause).amharic
            return f"{cause} {_amharic_next(facts)}"
        case ReminderKind.PAST_DUE:
            return f"ገንዘቡን በ{wallet} ዋሌትዎ ያስገቡ። {_amharic_next(facts)}"


def _english_next(facts: ReminderFacts) -> str:
    if facts.next_attempt_on is None:
        return "We do not try again by ourselves: contact Meqenet to pay."
    on = in_both_calendars(on=facts.next_attempt_on, language=Language.ENGLISH)
    return f"We try again on {on}."


def _amharic_next(facts: ReminderFacts) -> str:
    if facts.next_attempt_on is None:
        return "በራሳችን ዳግም አንሞክርም፤ ለመክፈል መቀነትን ያነጋግሩ።"
    on = in_both_calendars(on=facts.next_attempt_on, language=Language.AMHARIC)
    return f"{on} እንደገና እንሞክራለን።"
