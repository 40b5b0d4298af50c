import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meqenet.money import Money
from meqenet.payments.causes import FailureCause
from meqenet.payments.messages import MessageKind
from meqenet.payments.rail import WalletProvider
from meqenet.payments.reminder_dates import in_both_calendars
from meqenet.payments.reminder_emails import written_reminder
from meqenet.payments.reminder_texts import SEGMENTS_MAX, reminder_text
from meqenet.payments.reminder_words import ReminderFacts
from meqenet.payments.reminders import Language, ReminderKind
from meqenet.payments.sms_segments import is_gsm7, segment_count
from meqenet.payments.written_message import WrittenMessage, read_kept

BEFORE, FAILED, LATE = (
    ReminderKind.BEFORE_DUE,
    ReminderKind.ATTEMPT_FAILED,
    ReminderKind.PAST_DUE,
)
TELEBIRR, MPESA = WalletProvider.TELEBIRR, WalletProvider.MPESA
NO_FUNDS = FailureCause.NO_FUNDS


def facts(
    kind: ReminderKind,
    days: int,
    *,
    provider: WalletProvider = TELEBIRR,
    cause: FailureCause | None = None,
    again: date | None = None,
    name: str = "Abeba Coffee",
) -> ReminderFacts:
    return ReminderFacts(
        kind=kind,
        days=days,
        number=2,
        count=4,
        due_on=date(2026, 12, 15),
        amount=Money.from_birr("1250.50"),
        merchant_name=name,
        provider=provider,
        cause=cause,
        next_attempt_on=again,
    )


AGAIN = date(2026, 12, 18)
TEXTS = [
    (
        facts(BEFORE, 3),
        (
            "Meqenet: payment 2 of 4 for Abeba Coffee, 1250.50 birr, is due in 3 days, 15 Dec 2026 "
            "(6 Tahsas 2019 E.C.). Keep this amount in your telebirr wallet; it is "
            "collected on that "
            "day."
        ),
        (
            "መቀነት፦ የAbeba Coffee ክፍያ 2/4፣ 1250.50 ብር፣ መክፈያው ከ3 ቀን በኋላ ታኅሣሥ 6 ቀን 2019 ዓ.ም "
            "(15/12/2026) "
            "ነው። ገንዘቡን በቴሌብር ዋሌትዎ ያኑሩ፤ በዕለቱ ከዋሌትዎ ይሰበሰባል።"
        ),
    ),
    (
        facts(BEFORE, 1, provider=MPESA),
        (
            "Meqenet: payment 2 of 4 for Abeba Coffee, 1250.50 birr, is due tomorrow, 15 Dec 2026 "
            "(6 Tahsas 2019 E.C.). Keep this amount in your M-PESA wallet; on that day confirm the "
            "prompt on your phone with your PIN."
        ),
        (
            "መቀነት፦ የAbeba Coffee ክፍያ 2/4፣ 1250.50 ብር፣ መክፈያው ነገ ታኅሣሥ 6 ቀን 2019 ዓ.ም (15/12/2026) ነው። "
            "ገንዘቡን በኤም-ፔሳ ዋሌትዎ ያኑሩ፤ በዕለቱ በስልክዎ የሚመጣውን ጥያቄ በሚስጥር ቁጥርዎ ያረጋግጡ።"
        ),
    ),
    (
        facts(FAILED, 0, cause=NO_FUNDS, again=AGAIN),
        (
            "Meqenet: payment 2 of 4 for Abeba Coffee, 1250.50 birr, due 15 Dec 2026 (6 "
            "Tahsas 2019 "
            "E.C.), was not collected. There is not enough money in your wallet. Please top it up. "
            "We try again on 18 Dec 2026 (9 Tahsas 2019 E.C.)."
        ),
        (
            "መቀነት፦ የAbeba Coffee ክፍያ 2/4፣ 1250.50 ብር፣ መክፈያው ታኅሣሥ 6 ቀን 2019 ዓ.ም (15/12/2026)፣ "
            "አልተሰበሰበም። በዋሌትዎ ውስጥ በቂ ገንዘብ የለም። እባክዎ ገንዘብ ያስገቡ። ታኅሣሥ 9 ቀን 2019 ዓ.ም (18/12/2026) "
            "እንደገና እንሞክራለን።"
        ),
    ),
    (
        facts(LATE, 1, provider=MPESA),
        (
            "Meqenet: payment 2 of 4 for Abeba Coffee, 1250.50 birr, due 15 Dec 2026 (6 "
            "Tahsas 2019 "
            "E.C.), is 1 day late. Put this amount into your M-PESA wallet. We do not try again by "
            "ourselves: contact Meqenet to pay."
        ),
        (
            "መቀነት፦ የAbeba Coffee ክፍያ 2/4፣ 1250.50 ብር፣ መክፈያው ታኅሣሥ 6 ቀን 2019 ዓ.ም (15/12/2026) ነበር፤ "
            "1 ቀን አልፎታል። ገንዘቡን በኤም-ፔሳ ዋሌትዎ ያስገቡ። በራሳችን ዳግም አንሞክርም፤ ለመክፈል መቀነትን ያነጋግሩ።"
        ),
    ),
]


@pytest.mark.parametrize(("about", "english", "amharic"), TEXTS)
def test_the_texts(about: ReminderFacts, english: str, amharic: str) -> None:
    assert reminder_text(facts=about, language=Language.ENGLISH) == english
    assert reminder_text(facts=about, language=Language.AMHARIC) == amharic
    assert is_gsm7(text=english)


DATES = [
    (date(2026, 9, 11), "11 Sep 2026 (1 Meskerem 2019 E.C.)", "መስከረም 1 ቀን 2019 ዓ.ም (11/09/2026)"),
    (date(2027, 9, 11), "11 Sep 2027 (6 Pagume 2019 E.C.)", "ጳጉሜ 6 ቀን 2019 ዓ.ም (11/09/2027)"),
    (date(2027, 1, 12), "12 Jan 2027 (4 Tir 2019 E.C.)", "ጥር 4 ቀን 2019 ዓ.ም (12/01/2027)"),
]


@pytest.mark.parametrize(("on", "english", "amharic"), DATES)
def test_dates_in_both_calendars(on: date, english: str, amharic: str) -> None:
    assert in_both_calendars(on=on, language=Language.ENGLISH) == english
    assert in_both_calendars(on=on, language=Language.AMHARIC) == amharic


def test_a_failure_is_told_with_its_cause() -> None:
    with pytest.raises(ValueError, match="cause"):
        facts(FAILED, 0)


EMAILS = [
    (
        facts(BEFORE, 3),
        Language.ENGLISH,
        "Meqenet: payment 2 of 4 is due soon",
        (
            "Payment 2 of 4 for Abeba Coffee is due in 3 days.",
            "",
            "Amount: 1250.50 birr",
            "Due date: 15 Dec 2026 (6 Tahsas 2019 E.C.)",
            "Wallet: telebirr",
            "",
            ("What to do: Keep this amount in your telebirr wallet; it is collected on that day."),
            "",
            "Meqenet never asks for your PIN or a one-time password. Give them to nobody.",
        ),
    ),
    (
        facts(FAILED, 0, cause=NO_FUNDS, again=AGAIN),
        Language.ENGLISH,
        "Meqenet: payment 2 of 4 was not collected",
        (
            "Payment 2 of 4 for Abeba Coffee was not collected.",
            "",
            "Amount: 1250.50 birr",
            "Due date: 15 Dec 2026 (6 Tahsas 2019 E.C.)",
            "Wallet: telebirr",
            "",
            (
                "What to do: There is not enough money in your wallet. Please top it up. We try "
                "again on 18 Dec 2026 (9 Tahsas 2019 E.C.)."
            ),
            "",
            "Meqenet never asks for your PIN or a one-time password. Give them to nobody.",
        ),
    ),
    (
        facts(LATE, 1, provider=MPESA),
        Language.AMHARIC,
        "መቀነት፦ ክፍያ 2/4 ጊዜው አልፏል",
        (
            "የAbeba Coffee ክፍያ 2/4 ጊዜው 1 ቀን አልፎታል።",
            "",
            "መጠን፦ 1250.50 ብር",
            "የመክፈያ ቀን፦ ታኅሣሥ 6 ቀን 2019 ዓ.ም (15/12/2026)",
            "ዋሌት፦ ኤም-ፔሳ",
            "",
            ("ምን ማድረግ ይገባል፦ ገንዘቡን በኤም-ፔሳ ዋሌትዎ ያስገቡ። በራሳችን ዳግም አንሞክርም፤ ለመክፈል መቀነትን ያነጋግሩ።"),
            "",
            "መቀነት የሚስጥር ቁጥርዎን ወይም የአንድ ጊዜ የይለፍ ቃል በፍጹም አይጠይቅም፤ ለማንም አይስጡ።",
        ),
    ),
    (
        facts(BEFORE, 1),
        Language.AMHARIC,
        "መቀነት፦ ክፍያ 2/4 መክፈያው ደርሷል",
        (
            "የAbeba Coffee ክፍያ 2/4 መክፈያው ነገ ነው።",
            "",
            "መጠን፦ 1250.50 ብር",
            "የመክፈያ ቀን፦ ታኅሣሥ 6 ቀን 2019 ዓ.ም (15/12/2026)",
            "ዋሌት፦ ቴሌብር",
            "",
            "ምን ማድረግ ይገባል፦ ገንዘቡን በቴሌብር ዋሌትዎ ያኑሩ፤ በዕለቱ ከዋሌትዎ ይሰበሰባል።",
            "",
            "መቀነት የሚስጥር ቁጥርዎን ወይም የአንድ ጊዜ የይለፍ ቃል በፍጹም አይጠይቅም፤ ለማንም አይስጡ።",
        ),
    ),
]


@pytest.mark.parametrize(("about", "language", "subject", "lines"), EMAILS)
def test_the_emails(
    about: ReminderFacts, language: Language, subject: str, lines: tuple[str, ...]
) -> None:
    written = written_reminder(facts=about, language=language, channel=MessageKind.EMAIL)
    assert written.subject == subject
    assert written.text.split("\n") == list(lines)


def test_a_text_message_has_no_subject_and_the_text_of_its_own() -> None:
    written = written_reminder(
        facts=facts(BEFORE, 3), language=Language.ENGLISH, channel=MessageKind.SMS
    )
    assert written == WrittenMessage(text=TEXTS[0][1], template_version=1)


days_known = st.dates(min_value=date(2026, 1, 1), max_value=date(2040, 12, 31))
anything = st.builds(
    ReminderFacts,
    kind=st.sampled_from(ReminderKind),
    days=st.integers(1, 90),
    number=st.integers(1, 24),
    count=st.just(24),
    due_on=days_known,
    amount=st.integers(1, 10**9).map(Money),
    merchant_name=st.text(max_size=300),
    provider=st.sampled_from(WalletProvider),
    cause=st.sampled_from(FailureCause),
    next_attempt_on=st.none() | days_known,
)


@given(about=anything, language=st.sampled_from(Language))
def test_no_text_is_longer_than_the_bound_or_broken_by_a_name(
    about: ReminderFacts, language: Language
) -> None:
    text = reminder_text(facts=about, language=language)
    assert 1 <= segment_count(text=text) <= SEGMENTS_MAX
    assert "\n" not in text
    assert str(about.amount) in text
    assert in_both_calendars(on=about.due_on, language=language) in text


@given(about=anything, language=st.sampled_from(Language), channel=st.sampled_from(MessageKind))
def test_what_is_kept_is_what_was_sent(
    about: ReminderFacts, language: Language, channel: MessageKind
) -> None:
    written = written_reminder(facts=about, language=language, channel=channel)
    kept = written.kept
    version = written.template_version
    assert read_kept(kept=kept, channel=channel, template_version=version) == written
    assert (written.subject is None) is (channel is MessageKind.SMS)
    assert len(written.subject or "") <= 200
    assert len(written.text) <= 5000
    assert str(about.amount) in written.text
    assert in_both_calendars(on=about.due_on, language=language) in written.text


def test_no_template_names_a_person() -> None:
    texts = [
        written_reminder(facts=about, language=language, channel=channel).kept
        for about, _, _ in TEXTS
        for language in Language
        for channel in MessageKind
    ]
    assert not any(re.search(r"\d{7,}", text) for text in texts)
