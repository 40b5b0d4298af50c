"""The one composition root: settings in, parts out. Nothing else builds a store or a client."""

import secrets
import string
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar, assert_never

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic_settings import BaseSettings
from temporalio.client import Client

from activities.auth import AuthActivities
from activities.bank import BankActivities
from activities.bnpl import BnplActivities
from activities.contracts.step import questions_queue
from activities.credit import CreditActivities
from activities.kyc import FaydaActivities, KycActivities
from activities.late_money import LateMoneyActivities
from activities.ledger import LedgerActivities
from activities.marketplace import MarketplaceActivities
from activities.mpesa import MpesaActivities
from activities.payments import PaymentsActivities
from activities.reconciliation import (
    BankStatementActivities,
    MpesaStatementActivities,
    ReconciliationActivities,
    TelebirrStatementActivities,
)
from activities.reminders import MessageActivities, ReminderActivities
from activities.settlement import SettlementActivities
from activities.telebirr import TelebirrActivities
from db.analytics.models import MODELS, ReadModel
from db.kernel.anchors import Signer
from db.kernel.encryption import Keyring
from db.kernel.engine import Database
from integrations.bank.client import BankClient
from integrations.bank.settings import BankSettings
from integrations.fayda.client import FaydaClient
from integrations.fayda.settings import FaydaSettings
from integrations.messages.client import MessagesClient
from integrations.messages.settings import MessagesSettings
from integrations.mpesa.client import MpesaClient
from integrations.mpesa.settings import MpesaSettings
from integrations.statements.client import StatementClient
from integrations.statements.settings import StatementSettings
from integrations.telebirr.client import TelebirrClient
from integrations.telebirr.settings import TelebirrSettings
from integrations.temporal.codec import PayloadKeys
from integrations.temporal.connection import connect
from workers.gates import Gates
from workers.settings import Domain, Settings, read

_CONNECT_SECONDS_MAX = 10
_ANSWER_SECONDS_MAX = 30
_NONCE_ALPHABET = string.ascii_uppercase + string.digits
_NONCE_LENGTH = 32

SettingsT = TypeVar("SettingsT", bound=BaseSettings)


def utc_now() -> datetime:
    """The real clock; the only place outside the sandboxes where it is read."""
    return datetime.now(UTC)


def fresh_nonce() -> str:
    """32 upper-case letters and digits, as Telebirr's envelope takes them."""
    return "".join(secrets.choice(_NONCE_ALPHABET) for _ in range(_NONCE_LENGTH))


@dataclass
class Environment:
    """Where a process reads its settings: a mapping given, or the process's own environment."""

    values: Mapping[str, str] | None = None
    settings: Settings = field(init=False)

    def __post_init__(self) -> None:
        self.settings = self.read(Settings)

    def read(self, settings_class: type[SettingsT]) -> SettingsT:
        """Read a provider's settings from the same place."""
        return read(settings_class, environment=self.values)


@dataclass(frozen=True, kw_only=True)
class DomainParts:
    """What serves one domain: its store, activities by task queue, and the models that it keeps.

    ``signer`` anchors its event chains; a domain that records no events of its own has none.
    """

    domain: Domain
    database: Database
    activities_by_queue: Mapping[str, list[Any]]
    read_models: tuple[ReadModel, ...] = ()
    signer: Signer | None = None


def payload_keys(*, settings: Settings) -> PayloadKeys:
    """The keys of workflow payloads."""
    ring = settings.payload_keyring()
    return PayloadKeys(current=ring.current, by_id=ring.keys)


async def temporal_client(*, settings: Settings) -> Client:
    """A client that encrypts and reads as every other of ours."""
    return await connect(
        address=settings.temporal_address,
        namespace=settings.temporal_namespace,
        keys=payload_keys(settings=settings),
    )


def keyring(*, settings: Settings) -> Keyring:
    """The keys of private columns."""
    ring = settings.column_keyring()
    return Keyring(keys=ring.keys, current=ring.current, blind_index_key=settings.blind_index())


def anchor_signer(*, settings: Settings) -> Signer:
    """The key that signs anchors over event chains.

    Raises:
        Defect: a setting is missing or malformed.
    """
    key_id, key = settings.anchor_signing()
    return Signer(key_id=key_id, sign=Ed25519PrivateKey.from_private_bytes(key).sign)


def database(*, settings: Settings, domain: Domain) -> Database:
    """A domain's store, with its replica for reading when there is one."""
    return Database(
        url=settings.database_url(domain=domain), read_url=settings.read_url(domain=domain)
    )


@asynccontextmanager
async def http_client() -> AsyncIterator[httpx.AsyncClient]:
    """One pooled client per process: it never retries, follows no redirect, heeds no proxy."""
    timeout = httpx.Timeout(_ANSWER_SECONDS_MAX, connect=_CONNECT_SECONDS_MAX)
    async with httpx.AsyncClient(
        timeout=timeout, follow_redirects=False, trust_env=False
    ) as client:
        yield client


@asynccontextmanager
async def domain_parts(
    *, domain: Domain, environment: Environment, http: httpx.AsyncClient
) -> AsyncIterator[DomainParts]:
    """Build one domain's parts from the settings that it needs, and no others."""
    store = database(settings=environment.settings, domain=domain)
    redis_url = environment.settings.redis_url
    gates = Gates(
        redis_url=redis_url.get_secret_value() if redis_url is not None else None,
        read=environment.read,
    )
    try:
        yield DomainParts(
            domain=domain,
            database=store,
            activities_by_queue=_activities(
                domain=domain, store=store, environment=environment, http=http, gates=gates
            ),
            read_models=tuple(MODELS.values()) if domain == "analytics" else (),
            signer=None if domain == "analytics" else anchor_signer(settings=environment.settings),
        )
    finally:
        await gates.close()
        await store.dispose()


def _activities(
    *,
    domain: Domain,
    store: Database,
    environment: Environment,
    http: httpx.AsyncClient,
    gates: Gates,
) -> dict[str, list[Any]]:
    settings = environment.settings
    match domain:
        case "analytics":
            # Nobody asks this domain for anything: it lives on events.
            parts: dict[str, list[Any]] = {}
        case "auth":
            parts = {"auth": [AuthActivities(database=store)]}
        case "bnpl":
            parts = {"bnpl": [BnplActivities(database=store)]}
        case "credit":
            keys = keyring(settings=settings)
            parts = {"credit": [CreditActivities(database=store, keyring=keys)]}
        case "ledger":
            parts = {"ledger": [LedgerActivities(database=store)]}
        case "marketplace":
            keys = keyring(settings=settings)
            market = MarketplaceActivities(database=store, keyring=keys, http=http)
            # Notices have a queue of their own: an endpoint that hangs keeps no checkout waiting.
            parts = {"marketplace": [market], "webhooks": [market]}
        case "kyc":
            provider = fayda(environment, http=http)
            kyc = KycActivities(
                database=store,
                keyring=keyring(settings=settings),
                provider=provider,
                randomness=secrets.token_bytes,
            )
            parts = {"kyc": [kyc], "fayda": [FaydaActivities(provider=provider)]}
        case "payments":
            keys = keyring(settings=settings)
            documents = statements(environment, http=http)
            by_telebirr = [
                TelebirrActivities(
                    telebirr=telebirr(environment, http=http),
                    gate=gates.before(provider="telebirr"),
                ),
                TelebirrStatementActivities(statements=documents),
            ]
            by_mpesa = [
                MpesaActivities(
                    mpesa=mpesa(environment, http=http), gate=gates.before(provider="mpesa")
                ),
                MpesaStatementActivities(statements=documents),
            ]
            parts = {
                "payments": [
                    PaymentsActivities(database=store, keyring=keys),
                    LateMoneyActivities(database=store, keyring=keys),
                    ReconciliationActivities(database=store, keyring=keys),
                    ReminderActivities(database=store, keyring=keys),
                ],
                "messages": [
                    MessageActivities(
                        messages=messages(environment, http=http),
                        gate=gates.before(provider="messages"),
                    )
                ],
                "telebirr": by_telebirr,
                "mpesa": by_mpesa,
                # What only asks does not wait behind a burst of orders.
                questions_queue(provider="telebirr"): by_telebirr,
                questions_queue(provider="mpesa"): by_mpesa,
            }
        case "settlement":
            keys = keyring(settings=settings)
            bank = BankClient(settings=environment.read(BankSettings), http=http, clock=utc_now)
            parts = {
                "settlement": [SettlementActivities(database=store, keyring=keys)],
                "bank": [
                    BankActivities(bank=bank, gate=gates.before(provider="bank")),
                    BankStatementActivities(statements=statements(environment, http=http)),
                ],
            }
        case _:
            assert_never(domain)
    return parts


def statements(environment: Environment, *, http: httpx.AsyncClient) -> StatementClient:
    """The client of providers' statements."""
    return StatementClient(settings=environment.read(StatementSettings), http=http)


def fayda(environment: Environment, *, http: httpx.AsyncClient) -> FaydaClient:
    """The Fayda client."""
    return FaydaClient(
        settings=environment.read(FaydaSettings), http=http, clock=utc_now, jti=fresh_nonce
    )


def telebirr(environment: Environment, *, http: httpx.AsyncClient) -> TelebirrClient:
    """The Telebirr client."""
    return TelebirrClient(
        settings=environment.read(TelebirrSettings), http=http, clock=utc_now, nonce=fresh_nonce
    )


def mpesa(environment: Environment, *, http: httpx.AsyncClient) -> MpesaClient:
    """The M-PESA client."""
    return MpesaClient(settings=environment.read(MpesaSettings), http=http, clock=utc_now)


def messages(environment: Environment, *, http: httpx.AsyncClient) -> MessagesClient:
    """The client of the provider of messages."""
    return MessagesClient(settings=environment.read(MessagesSettings), http=http)
