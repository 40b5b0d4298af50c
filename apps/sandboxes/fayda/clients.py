"""Relying parties: their keys, redirect URIs and the form of their userinfo."""

import base64
import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlsplit

from joserfc.jwk import RSAKey
from sqlalchemy import JSON, Column, MetaData, String, Table, Text, insert, select, update

from apps.sandboxes.kernel.book import Book
from apps.sandboxes.kernel.keyring import Keyring

TEST_CLIENT_ID: Final = "meqenet-sandbox"
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})

metadata = MetaData()

clients = Table(
    "clients",
    metadata,
    Column("client_id", String(64), primary_key=True),
    Column("name", Text, nullable=False),
    Column("relying_party", Text, nullable=False),
    Column("public_jwk", JSON, nullable=False),
    Column("redirect_uris", JSON, nullable=False),
    Column("userinfo_form", String(3), nullable=False),
    Column("encryption_jwk", JSON),
)


class UserinfoForm(StrEnum):
    """How a client gets userinfo."""

    JWS = "JWS"
    """Signed."""
    JWE = "JWE"
    """Signed, then encrypted to the client's encryption key."""


class ClientUnknown(Exception):
    """No client has this id."""


@dataclass(frozen=True, kw_only=True)
class Client:
    """A relying party.

    Attributes:
        public_jwk: verifies its assertions.
        encryption_jwk: encrypts its userinfo, if it asked for that.
    """

    client_id: str
    name: str
    relying_party: str
    public_jwk: dict[str, Any] = field(repr=False)
    redirect_uris: tuple[str, ...] = ()
    userinfo_form: UserinfoForm = UserinfoForm.JWS
    encryption_jwk: dict[str, Any] | None = field(default=None, repr=False)

    def accepts(self, *, redirect_uri: str, any_loopback: bool) -> bool:
        """Whether a login may return there: an exact match, or loopback where that is allowed."""
        if redirect_uri in self.redirect_uris:
            return True
        parts = urlsplit(redirect_uri)
        return any_loopback and parts.scheme == "http" and parts.hostname in _LOOPBACK


class Clients:
    """All clients; the test client is there from the start."""

    def __init__(self, *, book: Book, keyring: Keyring) -> None:
        self._book = book
        book.add_tables(metadata=metadata)
        self.test_private_key = keyring.keep(name="client-key", make=_new_private_key)
        with book.transaction():
            if not self._exists(client_id=TEST_CLIENT_ID):
                key = RSAKey.import_key(json.loads(base64.b64decode(self.test_private_key)))
                self.add(
                    client=Client(
                        client_id=TEST_CLIENT_ID,
                        name="Meqenet",
                        relying_party=TEST_CLIENT_ID,
                        public_jwk=dict(key.as_dict(private=False)),
                    )
                )

    def add(self, *, client: Client) -> None:
        """Register a client, or replace the one of the same id."""
        values = {
            "name": client.name,
            "relying_party": client.relying_party,
            "public_jwk": client.public_jwk,
            "redirect_uris": list(client.redirect_uris),
            "userinfo_form": client.userinfo_form,
            "encryption_jwk": client.encryption_jwk,
        }
        with self._book.transaction() as connection:
            if self._exists(client_id=client.client_id):
                same = clients.c.client_id == client.client_id
                connection.execute(update(clients).where(same).values(**values))
            else:
                connection.execute(insert(clients).values(client_id=client.client_id, **values))

    def get(self, *, client_id: str) -> Client:
        """One client.

        Raises:
            ClientUnknown: there is none of this id.
        """
        with self._book.transaction() as connection:
            query = select(clients).where(clients.c.client_id == client_id)
            row = connection.execute(query).one_or_none()
        if row is None:
            raise ClientUnknown("no client has this id")
        return Client(
            client_id=row.client_id,
            name=row.name,
            relying_party=row.relying_party,
            public_jwk=row.public_jwk,
            redirect_uris=tuple(row.redirect_uris),
            userinfo_form=UserinfoForm(row.userinfo_form),
            encryption_jwk=row.encryption_jwk,
        )

    def _exists(self, *, client_id: str) -> bool:
        with self._book.transaction() as connection:
            query = select(clients.c.client_id).where(clients.c.client_id == client_id)
            return connection.execute(query).one_or_none() is not None


def _new_private_key() -> str:
    """As Fayda delivers it: base64 of a JSON RSA JWK with ``kid`` (§3.5)."""
    key = RSAKey.generate_key(2048, parameters={"use": "sig"}, auto_kid=True)
    return base64.b64encode(json.dumps(key.as_dict(private=True)).encode()).decode()
