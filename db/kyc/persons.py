"""Recognising people, and keeping what Fayda says of them sealed."""

from datetime import date, datetime
from typing import Final

from sqlalchemy import select

from db.kernel.encryption import DataKey, EncryptedColumn, Keyring, find_data_key, make_data_key
from db.kernel.engine import ReadSession, WriteSession
from db.kernel.once import insert_once
from db.kyc.tables import Identifier, IdentifierKind, Person
from meqenet.identity import derived_id
from meqenet.kyc.fayda import IdentityClaims

_NAME: Final = EncryptedColumn(table="persons", name="name_sealed")
_BIRTH_DATE: Final = EncryptedColumn(table="persons", name="birth_date_sealed")
_PHONE: Final = EncryptedColumn(table="persons", name="phone_sealed")
_GENDER: Final = EncryptedColumn(table="persons", name="gender_sealed")
_IDENTIFIER: Final = EncryptedColumn(table="identifiers", name="value_sealed")


def number_index(*, keyring: Keyring, digits: str) -> bytes:
    """The blind index of a Fayda number."""
    return keyring.blind_index(purpose="fayda_number", text=digits)


async def likely_customer(*, session: ReadSession, index: bytes) -> str:
    """The customer known by this number; else the one that the number makes."""
    known = await _customer_of(session, index=index)
    return known or derived_id(prefix="cus", parts=(index.hex(),))


async def recognise(
    *, session: WriteSession, keyring: Keyring, claims: IdentityClaims, at: datetime
) -> str:
    """The customer id of the person whom Fayda vouches for.

    Fayda's token for the person decides, so a new number does not make a new customer. A person
    who was never seen gets an id derived from the number's blind index.
    """
    by_number = number_index(keyring=keyring, digits=claims.individual_id)
    by_subject = keyring.blind_index(purpose="fayda_subject", text=claims.subject)
    likely = await likely_customer(session=session, index=by_number)
    # Only one of two logins at once gets the token; the other waits and finds its customer.
    seen = await _customer_of(session, index=by_subject)
    if seen is None:
        key = await make_data_key(session=session, keyring=keyring, person_id=likely)
        kind, value = IdentifierKind.SUBJECT, claims.subject
        await _identify(session, key=key, index=by_subject, kind=kind, value=value, at=at)
        seen = await _customer_of(session, index=by_subject) or likely
    key = await make_data_key(session=session, keyring=keyring, person_id=seen)
    kind, value = IdentifierKind.NUMBER, claims.individual_id
    await _identify(session, key=key, index=by_number, kind=kind, value=value, at=at)
    return seen


async def keep_claims(
    *,
    session: WriteSession,
    keyring: Keyring,
    customer_id: str,
    claims: IdentityClaims,
    at: datetime,
) -> None:
    """Store what Fayda says now in place of what it said before."""
    key = await make_data_key(session=session, keyring=keyring, person_id=customer_id)
    said = {
        "name_sealed": _NAME.seal(key=key, text=claims.name),
        "birth_date_sealed": _BIRTH_DATE.seal(key=key, text=claims.birth_date.isoformat()),
        "phone_sealed": _PHONE.seal(key=key, text=claims.phone) if claims.phone else None,
        "gender_sealed": _GENDER.seal(key=key, text=claims.gender) if claims.gender else None,
        "verified_at": at,
    }
    first = {"customer_id": customer_id, "first_verified_at": at, **said}
    if await insert_once(session=session, table=Person, values=first):
        return
    person = await session.get_one(Person, customer_id, with_for_update=True)
    for name, value in said.items():
        setattr(person, name, value)


async def read_birth_date(*, session: ReadSession, keyring: Keyring, customer_id: str) -> date:
    """The birth date on file.

    Raises:
        Refusal: ``person_erased``.
    """
    person = await session.get_one(Person, customer_id)
    key = await find_data_key(session=session, keyring=keyring, person_id=customer_id)
    return date.fromisoformat(_BIRTH_DATE.open(key=key, sealed=person.birth_date_sealed))


async def _customer_of(session: ReadSession, *, index: bytes) -> str | None:
    return await session.scalar(
        select(Identifier.customer_id).where(Identifier.blind_index == index)
    )


async def _identify(
    session: WriteSession,
    *,
    key: DataKey,
    index: bytes,
    kind: IdentifierKind,
    value: str,
    at: datetime,
) -> None:
    values = {
        "blind_index": index,
        "kind": kind,
        "customer_id": key.person_id,
        "value_sealed": _IDENTIFIER.seal(key=key, text=value),
        "known_since": at,
    }
    await insert_once(session=session, table=Identifier, values=values)
