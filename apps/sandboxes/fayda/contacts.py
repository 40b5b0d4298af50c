"""Where an OTP went, with most of it hidden."""

from typing import Final

from apps.sandboxes.fayda.people import Person

_SHOWN: Final = 4


def masked_contacts(*, person: Person) -> dict[str, str]:
    """``maskedMobile`` and ``maskedEmail`` of the channels that the person has."""
    contacts = {}
    if person.phone is not None:
        hidden = "X" * max(len(person.phone) - _SHOWN, 0)
        contacts["maskedMobile"] = hidden + person.phone[-_SHOWN:]
    if person.email is not None:
        name, _, host = person.email.partition("@")
        contacts["maskedEmail"] = f"{name[:1]}{'X' * (len(name) - 1)}@{host}"
    return contacts
