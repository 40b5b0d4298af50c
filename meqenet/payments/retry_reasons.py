"""Why the next attempt is when it is, in both languages, and why there is none."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from meqenet.payments.causes import FailureCounter


@dataclass(frozen=True, kw_only=True, slots=True)
class Wording:
    """A text for people, in both languages; no private data."""

    english: str
    amharic: str


class AttemptReason(StrEnum):
    """Why an attempt is made when it is. The value is stable: it is stored and shown."""

    DUE = "due"
    """The money falls due."""
    AFTER_NO_FUNDS = "after_no_funds"
    """The wallet held too little."""
    SALARY_DAY = "salary_day"
    """The last attempt has failed, and salaries are paid on that day."""
    AFTER_LIMIT = "after_limit"
    """The wallet had come to its limit."""
    AFTER_CUSTOMER = "after_customer"
    """The customer did not confirm."""
    AFTER_FAULT = "after_fault"
    """The provider, or the way to it, did not work."""
    AFTER_UNEXPLAINED = "after_unexplained"
    """It failed, and nobody said why."""
    ANOTHER_WAY = "another_way"
    """The way it was tried last leads nowhere: another wallet or another channel is used."""
    ASKED_FOR = "asked_for"
    """Somebody has asked for it: it is made at once, whatever failed before."""
    NEXT_PART = "next_part"
    """A part has been paid: what the wallet may pay next is asked for."""


class Delay(StrEnum):
    """What has moved an attempt to a later time than its distance alone."""

    HOLIDAY = "holiday"
    """A public holiday was passed over."""
    QUIET_HOURS = "quiet_hours"
    """Quiet hours were waited for to end."""
    DAY_IS_FULL = "day_is_full"
    """A day had seen as many attempts as the policy allows."""
    DAY_LIMIT = "day_limit"
    """The wallet may pay no more on that day."""


class EndReason(StrEnum):
    """Why nothing more is tried without a person. The value is stable: it is stored and shown."""

    NEEDS_MENDING = "needs_mending"
    """A repetition cannot help, and there is no other way."""
    FAILURES_USED_UP = "failures_used_up"
    """It has failed as often as the policy allows on this counter."""
    PAST_LAST_DAY = "past_last_day"
    """The next time would be later after the due date than the policy allows."""
    ABOVE_LIMIT = "above_limit"
    """The wallet may not pay so much at once: a person has it paid in parts."""


REASON_AFTER: Final[Mapping[FailureCounter, AttemptReason]] = {
    FailureCounter.FUNDS: AttemptReason.AFTER_NO_FUNDS,
    FailureCounter.LIMIT: AttemptReason.AFTER_LIMIT,
    FailureCounter.CUSTOMER: AttemptReason.AFTER_CUSTOMER,
    FailureCounter.TECHNICAL: AttemptReason.AFTER_FAULT,
    FailureCounter.UNEXPLAINED: AttemptReason.AFTER_UNEXPLAINED,
    FailureCounter.NONE: AttemptReason.ANOTHER_WAY,
}
"""Why it is tried again after a failure on this counter."""

WORDINGS: Final[Mapping[AttemptReason | Delay | EndReason, Wording]] = {
    AttemptReason.DUE: Wording(
        english="The installment falls due.",
        amharic="የክፍያው ቀን ደርሷል።",
    ),
    AttemptReason.AFTER_NO_FUNDS: Wording(
        english="There was not enough money in the wallet; we try again.",
        amharic="በዋሌቱ ውስጥ በቂ ገንዘብ አልነበረም፤ እንደገና እንሞክራለን።",
    ),
    AttemptReason.SALARY_DAY: Wording(
        english="The payment did not succeed; we try again when salaries are paid.",
        amharic="ክፍያው አልተሳካም፤ ደመወዝ በሚከፈልበት ጊዜ እንደገና እንሞክራለን።",
    ),
    AttemptReason.AFTER_LIMIT: Wording(
        english="The wallet had come to its limit; we try again when it allows more.",
        amharic="ዋሌቱ ገደቡ ላይ ደርሶ ነበር፤ ገደቡ ሲፈቅድ እንደገና እንሞክራለን።",
    ),
    AttemptReason.AFTER_CUSTOMER: Wording(
        english="The payment was not confirmed; we ask again.",
        amharic="ክፍያው አልተረጋገጠም፤ እንደገና እንጠይቃለን።",
    ),
    AttemptReason.AFTER_FAULT: Wording(
        english="The payment service did not work; we try again.",
        amharic="የክፍያ አገልግሎቱ አልሠራም፤ እንደገና እንሞክራለን።",
    ),
    AttemptReason.AFTER_UNEXPLAINED: Wording(
        english="The payment did not succeed, and we were not told why; we try again.",
        amharic="ክፍያው አልተሳካም፣ ምክንያቱም አልተነገረንም፤ እንደገና እንሞክራለን።",
    ),
    AttemptReason.ANOTHER_WAY: Wording(
        english="The payment cannot be made that way; we ask in another way.",
        amharic="ክፍያው በዚያ መንገድ ሊፈጸም አይችልም፤ በሌላ መንገድ እንጠይቃለን።",
    ),
    AttemptReason.ASKED_FOR: Wording(
        english="Somebody has asked us to try again.",
        amharic="እንደገና እንድንሞክር ተጠይቀናል።",
    ),
    AttemptReason.NEXT_PART: Wording(
        english="A part has been paid; we ask for the next one.",
        amharic="ከፊሉ ተከፍሏል፤ ቀጣዩን ክፍል እንጠይቃለን።",
    ),
    Delay.HOLIDAY: Wording(
        english="Not on a public holiday.",
        amharic="በሕዝብ በዓል ቀን አይሆንም።",
    ),
    Delay.QUIET_HOURS: Wording(
        english="Not during the quiet hours.",
        amharic="በእረፍት ሰዓት አይሆንም።",
    ),
    Delay.DAY_IS_FULL: Wording(
        english="Not more often on one day.",
        amharic="በአንድ ቀን ከዚህ በላይ አይሆንም።",
    ),
    Delay.DAY_LIMIT: Wording(
        english="The wallet may pay no more on that day.",
        amharic="ዋሌቱ በዚያ ቀን ከዚህ በላይ ሊከፍል አይችልም።",
    ),
    EndReason.NEEDS_MENDING: Wording(
        english="Trying again would not help; something has to be mended first.",
        amharic="እንደገና መሞከር አይረዳም፤ መጀመሪያ ችግሩ መፈታት አለበት።",
    ),
    EndReason.FAILURES_USED_UP: Wording(
        english="We have tried as often as we may.",
        amharic="የተፈቀደውን ያህል ሞክረናል።",
    ),
    EndReason.PAST_LAST_DAY: Wording(
        english="The time in which we try by ourselves has passed.",
        amharic="በራሳችን የምንሞክርበት ጊዜ አልፏል።",
    ),
    EndReason.ABOVE_LIMIT: Wording(
        english="The amount is above what the wallet may pay at once; it can be paid in parts.",
        amharic="መጠኑ ዋሌቱ በአንድ ጊዜ ሊከፍል ከሚችለው በላይ ነው፤ በከፊል ሊከፈል ይችላል።",
    ),
}
"""What people are told of each."""
