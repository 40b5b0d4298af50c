"""What a reminder says: the amount, the date in both calendars, what happens next, how to pay.

No text names the customer, a phone or an identity number: it may be read on a locked screen.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

from meqenet.money import Money
from meqenet.payments.causes import FailureCause, remedy_for
from meqenet.payments.rail import WalletProvider
from meqenet.payments.reminder_dates import in_both_calendars
from meqenet.payments.reminders import Language, ReminderKind

TEMPLATE_VERSION: Final = 1
"""Grows with every change of a text; a reminder on file keeps the version that it was sent in."""
SEGMENTS_MAX: Final = 5
"""No reminder is longer, whatever the merchant's name is."""
_NAME_LETTERS_MAX: Final = 24
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


@dataclass(frozen=True, kw_only=True)
class ReminderText:
    """A reminder in words. The subject is used where the channel has one."""

    subject: str
    text: str


def reminder_text(*, facts: ReminderFacts, language: Language) -> ReminderText:
    """The reminder in one language.

    Raises:
        ValueError: a reminder of a failure without its cause.
    """
    if facts.kind is ReminderKind.ATTEMPT_FAILED and facts.cause is None:
        raise ValueError("cause: a failure is told with its cause")
    if language is Language.ENGLISH:
        return ReminderText(subject=_english_subject(facts), text=_english(facts))
    return ReminderText(subject=_amharic_subject(facts), text=_amharic(facts))


def _english(facts: ReminderFacts) -> str:
    wallet = _WALLETS[facts.provider, Language.ENGLISH]
    due = in_both_calendars(on=facts.due_on, language=Language.ENGLISH)
    what = (
        f"Meqenet: payment {facts.number} of {facts.count} for {_name(facts)}, {facts.amount} birr,"
    )
    match facts.kind:
        case ReminderKind.BEFORE_DUE:
            when = "tomorrow" if facts.days == 1 else f"in {facts.days} days"
            how = (
                "it is collected on that day"
                if facts.provider is WalletProvider.TELEBIRR
                else "on that day confirm the prompt on your phone with your PIN"
            )
            return f"{what} is due {when}, {due}. Keep this amount in your {wallet} wallet; {how}."
        case ReminderKind.ATTEMPT_FAILED:
            cause, after = _english_cause(facts), _english_next(facts)
            return f"{what} due {due}, was not collected. {cause} {after}"
        case ReminderKind.PAST_DUE:
            late = "1 day" if facts.days == 1 else f"{facts.days} days"
            return (
                f"{what} due {due}, is {late} late. Put this amount into your {wallet} wallet. "
                f"{_english_next(facts)}"
            )


def _amharic(facts: ReminderFacts) -> str:
    wallet = _WALLETS[facts.provider, Language.AMHARIC]
    due = in_both_calendars(on=facts.due_on, language=Language.AMHARIC)
    what = f"መቀነት፦ የ{_name(facts)} ክፍያ {facts.number}/{facts.count}፣ {facts.amount} ብር፣"
    match facts.kind:
        case ReminderKind.BEFORE_DUE:
            when = "ነገ" if facts.days == 1 else f"ከ{facts.days} ቀን በኋላ"
            how = (
                "በዕለቱ ከዋሌትዎ ይሰበሰባል።"
                if facts.provider is WalletProvider.TELEBIRR
                else "በዕለቱ በስልክዎ የሚመጣውን ጥያቄ በሚስጥር ቁጥርዎ ያረጋግጡ።"
            )
            return f"{what} መክፈያው {when} {due} ነው። ገንዘቡን በ{wallet} ዋሌትዎ ያኑሩ፤ {how}"
        case ReminderKind.ATTEMPT_FAILED:
            cause, after = _amharic_cause(facts), _amharic_next(facts)
            return f"{what} መክፈያው {due}፣ አልተሰበሰበም። {cause} {after}"
        case ReminderKind.PAST_DUE:
            return (
                f"{what} መክፈያው {due} ነበር፤ {facts.days} ቀን አልፎታል። ገንዘቡን በ{wallet} ዋሌትዎ ያስገቡ። "
                f"{_amharic_next(facts)}"
            )


def _english_subject(facts: ReminderFacts) -> str:
    told = {
        ReminderKind.BEFORE_DUE: "is due soon",
        ReminderKind.ATTEMPT_FAILED: "was not collected",
        ReminderKind.PAST_DUE: "is late",
    }
    return f"Meqenet: payment {facts.number} of {facts.count} {told[facts.kind]}"


def _amharic_subject(facts: ReminderFacts) -> str:
    told = {
        ReminderKind.BEFORE_DUE: "መክፈያው ደርሷል",
        ReminderKind.ATTEMPT_FAILED: "አልተሰበሰበም",
        ReminderKind.PAST_DUE: "ጊዜው አልፏል",
    }
    return f"መቀነት፦ ክፍያ {facts.number}/{facts.count} {told[facts.kind]}"


def _english_cause(facts: ReminderFacts) -> str:
    return "" if facts.cause is None else remedy_for(cause=facts.cause).english


def _amharic_cause(facts: ReminderFacts) -> str:
    return "" if facts.cause is None else remedy_for(cause=facts.cause).amharic


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


def _name(facts: ReminderFacts) -> str:
    """The shop's name on one line, cut where it would make the text long."""
    name = " ".join(facts.merchant_name.split())
    return name[:_NAME_LETTERS_MAX].rstrip()
