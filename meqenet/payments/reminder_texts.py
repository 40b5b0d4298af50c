"""What a reminder by SMS says: the amount, the date in both calendars, what happens next.

No text names the customer, a phone or an identity number: it may be read on a locked screen.
"""

from typing import Final

from meqenet.payments.reminder_dates import in_both_calendars
from meqenet.payments.reminder_words import (
    ReminderFacts,
    days_late,
    is_due_in,
    merchant_name,
    what_to_do,
)
from meqenet.payments.reminders import Language, ReminderKind

TEMPLATE_VERSION: Final = 1
"""Grows with every change of a text; a reminder on file keeps the version that it was sent in."""
SEGMENTS_MAX: Final = 5
"""No reminder is longer, whatever the merchant's name is."""
_NAME_LETTERS_MAX: Final = 24


def reminder_text(*, facts: ReminderFacts, language: Language) -> str:
    """The reminder in one language, on one line."""
    told = _english(facts) if language is Language.ENGLISH else _amharic(facts)
    return f"{told} {what_to_do(facts=facts, language=language)}"


def _english(facts: ReminderFacts) -> str:
    language = Language.ENGLISH
    due = in_both_calendars(on=facts.due_on, language=language)
    name = merchant_name(facts=facts, letters_max=_NAME_LETTERS_MAX)
    what = f"Meqenet: payment {facts.number} of {facts.count} for {name}, {facts.amount} birr,"
    match facts.kind:
        case ReminderKind.BEFORE_DUE:
            return f"{what} is due {is_due_in(facts=facts, language=language)}, {due}."
        case ReminderKind.ATTEMPT_FAILED:
            return f"{what} due {due}, was not collected."
        case ReminderKind.PAST_DUE:
            return f"{what} due {due}, is {days_late(facts=facts, language=language)} late."


def _amharic(facts: ReminderFacts) -> str:
    language = Language.AMHARIC
    due = in_both_calendars(on=facts.due_on, language=language)
    name = merchant_name(facts=facts, letters_max=_NAME_LETTERS_MAX)
    what = f"መቀነት፦ የ{name} ክፍያ {facts.number}/{facts.count}፣ {facts.amount} ብር፣"
    match facts.kind:
        case ReminderKind.BEFORE_DUE:
            return f"{what} መክፈያው {is_due_in(facts=facts, language=language)} {due} ነው።"
        case ReminderKind.ATTEMPT_FAILED:
            return f"{what} መክፈያው {due}፣ አልተሰበሰበም።"
        case ReminderKind.PAST_DUE:
            return f"{what} መክፈያው {due} ነበር፤ {days_late(facts=facts, language=language)} አልፎታል።"
