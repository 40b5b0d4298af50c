"""Databases, login roles and grants: what makes a store private to its domain."""

import base64
import hashlib
import hmac
import secrets
from typing import Final

from sqlalchemy import URL, Connection, MetaData, Table, text

from db.kernel.columns import Access
from meqenet.errors import Mender, Refusal

_SCRAM_ROUNDS: Final = 4096
_TIMEOUTS: Final = {
    "statement_timeout": "10s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "30s",
    "timezone": "UTC",
}
"""A step has fifteen seconds; the database gives up before its caller does."""


def prepare_database(admin: Connection, *, url: URL) -> None:
    """Make the login role and the database that ``url`` names, and shut out everybody else.

    ``admin`` is in AUTOCOMMIT: databases are not made in transactions.

    Raises:
        Refusal: ``database_url_incomplete``: the URL names no role or no database.
    """
    role, database = url.username, url.database
    if not role or not database:
        raise Refusal(
            "database_url_incomplete",
            "a database URL must name a role and a database",
            mender=Mender.MEQENET,
        )
    _make_role(admin, role=role, password=url.password)
    known = admin.scalar(
        text("SELECT true FROM pg_database WHERE datname = :name"), {"name": database}
    )
    if not known:
        admin.execute(
            text(
                f"CREATE DATABASE {quoted(database)} TEMPLATE template0 ENCODING 'UTF8' "
                "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'"
            )
        )
    admin.execute(text(f"REVOKE CONNECT, TEMPORARY ON DATABASE {quoted(database)} FROM PUBLIC"))
    admin.execute(text(f"GRANT CONNECT ON DATABASE {quoted(database)} TO {quoted(role)}"))
    for setting, value in _TIMEOUTS.items():
        admin.execute(
            text(
                f"ALTER ROLE {quoted(role)} IN DATABASE {quoted(database)} "
                f"SET {setting} = '{value}'"
            )
        )


def grant_tables(connection: Connection, *, role: str, metadata: tuple[MetaData, ...]) -> None:
    """Give the runtime role exactly what each table's :class:`Access` says, and nothing else."""
    name = quoted(role)
    connection.execute(text("REVOKE ALL ON SCHEMA public FROM PUBLIC"))
    connection.execute(text(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, {name}"))
    connection.execute(text(f"GRANT USAGE ON SCHEMA public TO {name}"))
    present = set(
        connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
    )
    for tables in metadata:
        for table in tables.sorted_tables:
            if table.name in present:
                privileges = _access(table).value
                connection.execute(
                    text(f"GRANT {privileges} ON TABLE {quoted(table.name)} TO {name}")
                )


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""').replace(":", r"\:") + '"'


def scram_verifier(*, password: str, salt: bytes) -> str:
    """What PostgreSQL stores of a password (RFC 5803), so that it never travels in a statement."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _SCRAM_ROUNDS)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    stored_key = hashlib.sha256(client_key).digest()
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    parts = [base64.b64encode(part).decode() for part in (salt, stored_key, server_key)]
    return f"SCRAM-SHA-256${_SCRAM_ROUNDS}:{parts[0]}${parts[1]}:{parts[2]}"


def _make_role(admin: Connection, *, role: str, password: str | None) -> None:
    known = admin.scalar(text("SELECT true FROM pg_roles WHERE rolname = :name"), {"name": role})
    if not known:
        admin.execute(text(f"CREATE ROLE {quoted(role)}"))
    secret = ""
    if password is not None:
        if not password.isascii():
            raise Refusal(
                "database_password_not_ascii",
                "the password in a database URL must be ASCII",
                mender=Mender.MEQENET,
            )
        verifier = scram_verifier(password=password, salt=secrets.token_bytes(16))
        secret = " PASSWORD '" + verifier.replace(":", r"\:") + "'"
    admin.execute(
        text(
            f"ALTER ROLE {quoted(role)} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE "
            f"NOREPLICATION NOINHERIT{secret}"
        )
    )


def _access(table: Table) -> Access:
    access = table.info.get("access", Access.READ_WRITE)
    if not isinstance(access, Access):
        raise TypeError(f"{table.name}: its access is not an Access")
    return access
