"""What a customer reads on the phone and by e-mail: each once, in both calendars."""

from typing import Any

from tests.journeys.conftest import FourInstallments, Town
from tests.waiting import eventually
from workers.opening import Environment, keyring
from workers.reminder_evidence import ToldReminder, read_reminders

BEFORE = (
    "መቀነት፦ የShop ክፍያ {number}/4፣ 1000.00 ብር፣ መክፈያው {when} {due} ነው። "
    "ገንዘቡን በቴሌብር ዋሌትዎ ያኑሩ፤ በዕለቱ ከዋሌትዎ ይሰበሰባል።"
)
SECOND = "ታኅሣሥ 6 ቀን 2019 ዓ.ም (15/12/2026)"
THIRD = "ታኅሣሥ 20 ቀን 2019 ዓ.ም (29/12/2026)"
FOURTH = "ጥር 4 ቀን 2019 ዓ.ም (12/01/2027)"
AGAIN = "ታኅሣሥ 7 ቀን 2019 ዓ.ም (16/12/2026) እንደገና እንሞክራለን።"
TEXTS = [
    ("i02-mb20261212", BEFORE.format(number=2, when="ከ3 ቀን በኋላ", due=SECOND)),
    ("i02-mb20261214", BEFORE.format(number=2, when="ነገ", due=SECOND)),
    (
        "i02-mf20261215",
        (
            f"መቀነት፦ የShop ክፍያ 2/4፣ 1000.00 ብር፣ መክፈያው {SECOND}፣ አልተሰበሰበም። "
            f"በዋሌትዎ ውስጥ በቂ ገንዘብ የለም። እባክዎ ገንዘብ ያስገቡ። {AGAIN}"
        ),
    ),
    (
        "i02-ml20261216",
        (
            f"መቀነት፦ የShop ክፍያ 2/4፣ 1000.00 ብር፣ መክፈያው {SECOND} ነበር፤ 1 ቀን አልፎታል። "
            f"ገንዘቡን በቴሌብር ዋሌትዎ ያስገቡ። {AGAIN}"
        ),
    ),
    ("i03-mb20261226", BEFORE.format(number=3, when="ከ3 ቀን በኋላ", due=THIRD)),
    ("i03-mb20261228", BEFORE.format(number=3, when="ነገ", due=THIRD)),
    ("i04-mb20270109", BEFORE.format(number=4, when="ከ3 ቀን በኋላ", due=FOURTH)),
    ("i04-mb20270111", BEFORE.format(number=4, when="ነገ", due=FOURTH)),
]
"""The end of each message's id, and its text."""


async def written_to(town: Town, reader: str, *, count: int) -> list[dict[str, Any]]:
    """What the provider of messages has kept for a reader, once it is so many, in their order."""

    async def kept() -> list[dict[str, Any]]:
        found = await town.http.get(f"{town.controls['messages']}/messages", params={"to": reader})
        return sorted(found.json(), key=lambda row: str(row["id"])[-8:])

    return await eventually(kept, lambda rows: len(rows) >= count)


async def on_file(town: Town, plan_id: str, *, count: int) -> tuple[ToldReminder, ...]:
    """The evidence of a plan's reminders, once so many are known to have arrived."""
    keys = keyring(settings=Environment(values=town.running.environment).settings)

    async def read() -> tuple[ToldReminder, ...]:
        async with town.store("payments").read() as session:
            found = await read_reminders(session=session, plan_id=plan_id, keyring=keys)
        return found or ()

    return await eventually(
        read, lambda rows: [row.state for row in rows].count("delivered") >= count
    )


async def test_a_customer_is_told_before_after_and_of_a_failure(
    four_installments: FourInstallments,
) -> None:
    """Each message is sent once, the two as well whose answers were lost."""
    town, plan_id = four_installments.town, four_installments.plan_id
    customer, mailbox = four_installments.customer, four_installments.mailbox
    told = await on_file(town, plan_id, count=2 * len(TEXTS))
    expected = [(f"{plan_id}-{end}", text) for end, text in TEXTS]
    by_sms = [each for each in told if each.channel == "sms"]
    assert [(each.reminder_id, each.text) for each in by_sms] == expected
    sent = await written_to(town, customer.phone, count=len(TEXTS))
    assert [(row["id"], row["text"]) for row in sent] == expected
    assert {(row["status"], row["channel"], row["sender"]) for row in sent} == {
        ("delivered", "sms", "Meqenet")
    }

    by_email = [each for each in told if each.channel == "email"]
    ids = [id_of_sms.replace("-m", "-e") for id_of_sms, _ in expected]
    assert [each.reminder_id for each in by_email] == ids
    emails = await written_to(town, mailbox, count=len(TEXTS))
    assert [(row["id"], row["subject"], row["text"]) for row in emails] == [
        (each.reminder_id, each.subject, each.text) for each in by_email
    ]
    assert {(row["status"], row["channel"]) for row in emails} == {("delivered", "email")}
    assert emails[0]["subject"] == "መቀነት፦ ክፍያ 2/4 መክፈያው ደርሷል"
    assert emails[0]["text"].startswith("የShop ክፍያ 2/4 መክፈያው ከ3 ቀን በኋላ ነው።\n\nመጠን፦ 1000.00 ብር\n")

    for each in (by_sms, by_email):
        words = [[word.state for word in reminder.words] for reminder in each]
        (hit,) = [heard for heard in words if heard[0] == "unknown"]
        assert hit[-1] == "delivered"
        assert all(heard in (["sent", "delivered"], ["delivered"], hit) for heard in words)
    private = (customer.phone, customer.phone[-9:], customer.fan, mailbox)
    assert not any(each in row["text"] for row in (*sent, *emails) for each in private)
