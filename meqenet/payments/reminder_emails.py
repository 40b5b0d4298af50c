"""What a reminder by e-mail says: more room than an SMS has, the same facts, and a subject.

Plain text. As in an SMS nothing names the customer, a phone or an identity number.
"""

from typing import Final

from meqenet.payments.messages import MessageKind
from meqenet.payments.reminder_dates import in_both_calendars
from meqenet.payments.reminder_texts import TEMPLATE_VERSION, reminder_text
from meqenet.payments.reminder_words import (
    ReminderFacts,
    days_late,
    is_due_in,
    merchant_name,
    wallet_name,
    what_to_do,
)
from meqenet.payments.reminders import Language, ReminderKind
from meqenet.payments.written_message import WrittenMessage

EMAIL_TEMPLATE_VERSION: Final = 1
"""Grows with every change of an e-mail's subject or text."""
_NAME_LETTERS_MAX: Final = 80


def written_reminder(
    *, facts: ReminderFacts, language: Language, channel: MessageKind
) -> WrittenMessage:
    """The reminder as its channel carries it, with the version of its templates."""
    if channel is MessageKind.SMS:
        text = reminder_text(facts=facts, language=language)
        return WrittenMessage(text=text, template_version=TEMPLATE_VERSION)
    subject, text = _english(facts) if language is Language.ENGLISH else _amharic(facts)
    return WrittenMessage(subject=subject, text=text, template_version=EMAIL_TEMPLATE_VERSION)


def _english(facts: ReminderFacts) -> tuple[str, str]:
    language = Language.ENGLISH
    part = f"{facts.number} of {facts.count}"
    name = merchant_name(facts=facts, letters_max=_NAME_LETTERS_MAX)
    told, short = {
        ReminderKind.BEFORE_DUE: (
            f"is due {is_due_in(facts=facts, language=language)}",
            "is due soon",
        ),
        ReminderKind.ATTEMPT_FAILED: ("was not collected", "was not collected"),
        ReminderKind.PAST_DUE: (
            f"is {days_late(facts=facts, language=language)} late",
            "is late",
        ),
    }[facts.kind]
    lines = (
        f"Payment {part} for {name} {told}.",
        "",
        f"Amount: {facts.amount} birr",
        f"Due date: {in_both_calendars(on=facts.due_on, language=language)}",
        f"Wallet: {wallet_name(facts=facts, language=language)}",
        "",
        f"What to do: {what_to_do(facts=facts, language=language)}",
        "",
        "Meqenet never asks for your PIN or a one-time password. Give them to nobody.",
    )
    return f"Meqenet: payment {part} {short}", "\n".join(lines)


def _amharic(facts: ReminderFacts) -> tuple[str, str]:
    language = Language.AMHARIC
    what = f"ክፍያ {facts.number}/{facts.count}"
    name = merchant_name(facts=facts, letters_max=_NAME_LETTERS_MAX)
    told, short = {
        ReminderKind.BEFORE_DUE: (
            f"መክፈያው {is_due_in(facts=facts, language=language)} ነው።",
            "መክፈያው ደርሷል",
        ),
        ReminderKind.ATTEMPT_FAILED: ("አልተሰበሰበም።", "አልተሰበሰበም"),
        ReminderKind.PAST_DUE: (
            f"ጊዜው {days_late(facts=facts, language=language)} አልፎታል።",
            "ጊዜው አልፏል",
        ),
    }[facts.kind]
    lines = (
        f"የ{name} {what} {told}",
        "",
        f"መጠን፦ {facts.amount} ብር",
        f"የመክፈያ ቀን፦ {in_both_calendars(on=facts.due_on, language=language)}",
        f"ዋሌት፦ {wallet_name(facts=facts, language=language)}",
        "",
        f"ምን ማድረግ ይገባል፦ {what_to_do(facts=facts, language=language)}",
        "",
        "መቀነት የሚስጥር ቁጥርዎን ወይም የአንድ ጊዜ የይለፍ ቃል በፍጹም አይጠይቅም፤ ለማንም አይስጡ።",
    )
    return f"መቀነት፦ {what} {short}", "\n".join(lines)
