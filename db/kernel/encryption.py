"""Private columns: AES-256-GCM under one data key per person, itself wrapped by a key of ours.

Losing a person's row in ``person_keys`` makes everything sealed for that person unreadable.
A key-encryption key (KEK) is changed in two phases: first every process gets the new key, then it
becomes the current one and :func:`rewrap` moves the data keys over; then the old one can go.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from db.kernel.engine import ReadSession, WriteSession
from db.kernel.tables import person_keys
from meqenet.errors import Defect, Mender, Refusal

_FORMAT: Final = b"\x01"
"""First byte of everything sealed: AES-256-GCM, 12-byte nonce, 16-byte tag."""
_NONCE_BYTES: Final = 12
_KEY_BYTES: Final = 32


@dataclass(frozen=True, kw_only=True)
class Keyring:
    """The keys of a process: KEKs by id, which of them wraps new keys, and the index key."""

    current: str
    keys: Mapping[str, bytes] = field(repr=False)
    blind_index_key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if self.current not in self.keys:
            raise ValueError("current: names no key of the ring")
        if any(len(key) != _KEY_BYTES for key in (*self.keys.values(), self.blind_index_key)):
            raise ValueError(f"keys: {_KEY_BYTES} bytes each")

    def blind_index(self, *, purpose: str, text: str) -> bytes:
        """HMAC-SHA256 for equality search: tells equal texts of one purpose, and nothing else."""
        message = f"{purpose}\x1f{text}".encode()
        return hmac.new(self.blind_index_key, message, hashlib.sha256).digest()


@dataclass(frozen=True, kw_only=True)
class DataKey:
    """One person's key, open, for the length of a transaction."""

    person_id: str
    secret: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class EncryptedColumn:
    """A column whose values are sealed; each value is bound to this column and to its person."""

    table: str
    name: str

    def seal(self, *, key: DataKey, text: str) -> bytes:
        """Encrypt a value for the person whose key it is."""
        return _seal(secret=key.secret, clear=text.encode(), bound_to=self._bound_to(key))

    def open(self, *, key: DataKey, sealed: bytes) -> str:
        """Decrypt a value.

        Raises:
            Defect: ``sealed_value_broken``: changed, or moved here from another place.
        """
        return _open(secret=key.secret, sealed=sealed, bound_to=self._bound_to(key)).decode()

    def _bound_to(self, key: DataKey) -> bytes:
        return f"{self.table}.{self.name}\x1f{key.person_id}".encode()


async def make_data_key(*, session: WriteSession, keyring: Keyring, person_id: str) -> DataKey:
    """The person's data key, made at the first need."""
    secret = secrets.token_bytes(_KEY_BYTES)
    await session.execute(
        insert(person_keys)
        .values(
            person_id=person_id,
            key_id=keyring.current,
            wrapped_key=_wrap(keyring=keyring, person_id=person_id, secret=secret),
        )
        .on_conflict_do_nothing()
    )
    return await find_data_key(session=session, keyring=keyring, person_id=person_id)


async def find_data_key(*, session: ReadSession, keyring: Keyring, person_id: str) -> DataKey:
    """The person's data key.

    Raises:
        Refusal: ``person_erased``: there is no key, so there is nothing to read any more.
        Defect: ``key_unknown``: it is wrapped by a key that this process was not given.
    """
    found = await session.execute(
        select(person_keys.c.key_id, person_keys.c.wrapped_key).where(
            person_keys.c.person_id == person_id
        )
    )
    row = found.first()
    if row is None:
        raise Refusal("person_erased", "this person's data has been erased", mender=Mender.NOBODY)
    secret = _unwrap(keyring=keyring, person_id=person_id, key_id=row[0], wrapped_key=row[1])
    return DataKey(person_id=person_id, secret=secret)


async def erase_person(*, session: WriteSession, person_id: str) -> None:
    """Throw the person's key away, and with it everything that was sealed under it."""
    await session.execute(delete(person_keys).where(person_keys.c.person_id == person_id))


async def rewrap(*, session: WriteSession, keyring: Keyring, limit: int) -> int:
    """Wrap up to ``limit`` data keys again under the current KEK; how many there were.

    Zero means that no data key is left under another one.
    """
    found = await session.execute(
        select(person_keys.c.person_id, person_keys.c.key_id, person_keys.c.wrapped_key)
        .where(person_keys.c.key_id != keyring.current)
        .order_by(person_keys.c.person_id)
        .limit(limit)
        .with_for_update()
    )
    rows = found.all()
    for person_id, key_id, wrapped_key in rows:
        secret = _unwrap(
            keyring=keyring, person_id=person_id, key_id=key_id, wrapped_key=wrapped_key
        )
        await session.execute(
            update(person_keys)
            .where(person_keys.c.person_id == person_id)
            .values(
                key_id=keyring.current,
                wrapped_key=_wrap(keyring=keyring, person_id=person_id, secret=secret),
            )
        )
    return len(rows)


def _wrap(*, keyring: Keyring, person_id: str, secret: bytes) -> bytes:
    kek = keyring.keys[keyring.current]
    return _seal(secret=kek, clear=secret, bound_to=_key_place(person_id))


def _unwrap(*, keyring: Keyring, person_id: str, key_id: str, wrapped_key: bytes) -> bytes:
    kek = keyring.keys.get(key_id)
    if kek is None:
        raise Defect("key_unknown", f"no key-encryption key {key_id} was given to this process")
    return _open(secret=kek, sealed=wrapped_key, bound_to=_key_place(person_id))


def _key_place(person_id: str) -> bytes:
    return f"person_keys.wrapped_key\x1f{person_id}".encode()


def _seal(*, secret: bytes, clear: bytes, bound_to: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return _FORMAT + nonce + AESGCM(secret).encrypt(nonce, clear, _FORMAT + bound_to)


def _open(*, secret: bytes, sealed: bytes, bound_to: bytes) -> bytes:
    nonce, body = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
    try:
        # The format is authenticated too: another first byte does not open.
        return AESGCM(secret).decrypt(nonce, body, sealed[:1] + bound_to)
    except (InvalidTag, ValueError):
        raise Defect(
            "sealed_value_broken", "a sealed value was changed, or stands in another's place"
        ) from None
