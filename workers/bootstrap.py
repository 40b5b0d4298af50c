"""The one composition root: settings in, parts out. Nothing else builds a store or a client."""

import secrets
import string
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, assert_never

import httpx

from activities.auth import AuthActivities
from activities.bank import BankActivities
from activities.bnpl import BnplActivities
from activities.captures import CaptureActivities
from activities.cash_back import CashBackActivities
from activities.complaints import ComplaintActivities
from activities.contracts.step import questions_queue
from activities.credit import CreditActivities
from activities.disputes import DisputeActivities
from activities.kyc import FaydaActivities, KycActivities
from activities.late_money import LateMoneyActivities
from activities.ledger import LedgerActivities
from activities.marketplace import MarketplaceActivities
from activities.merchant_books import MerchantBookActivities
from activities.merchant_settlement import MerchantSettlementActivities
from activities.mpesa import MpesaActivities
from activities.mpesa_payouts import MpesaPayoutActivities
from activities.notices import NoticeActivities
from activities.payment_replays import PaymentReplayActivities
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
from integrations.webhooks.pinned import webhook_client
from integrations.webhooks.settings import WebhookSettings
from meqenet.payments.lanes import Lane
from workers.gates import Gates
from workers.opening import Environment, anchor_signer, database, keyring, utc_now
from workers.settings import Domain

_NONCE_ALPHABET = string.ascii_uppercase + string.digits
_NONCE_LENGTH = 32
_CALLED: Mapping[Domain, tuple[str, ...]] = {
    "payments": ("telebirr", "mpesa", "messages"),
    "settlement": ("bank",),
}
"""The providers before whom there is a gate, by the domain that calls them."""
_ASKED_APART = frozenset({"telebirr", "mpesa"})
"""What these are only asked has a queue of its own: it does not wait behind a burst of orders."""


_OF_STORE_ALONE: Mapping[Domain, tuple[Callable[..., object], ...]] = {
    "auth": (AuthActivities,),
    "bnpl": (BnplActivities,),
    "ledger": (LedgerActivities, MerchantBookActivities),
}
"""Domains whose steps need their store and nothing else."""


def fresh_nonce() -> str:
    """32 upper-case letters and digits, as Telebirr's envelope takes them."""
    return "".join(secrets.choice(_NONCE_ALPHABET) for _ in range(_NONCE_LENGTH))


@dataclass(frozen=True, kw_only=True)
class DomainParts:
    """What serves one domain: its store, activities by task queue, and the models that it keeps.

    ``signer`` anchors its event chains; a domain that records no events of its own has none.
    ``in_hand_max``: how many steps of a provider's queue a worker takes at a time.
    """

    domain: Domain
    database: Database
    activities_by_queue: Mapping[str, list[Any]]
    read_models: tuple[ReadModel, ...] = ()
    signer: Signer | None = None
    in_hand_max: Mapping[str, int] = field(default_factory=dict)


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
    async with AsyncExitStack() as opened:
        opened.push_async_callback(store.dispose)
        opened.push_async_callback(gates.close)
        yield DomainParts(
            domain=domain,
            database=store,
            activities_by_queue=_activities(
                domain=domain,
                store=store,
                environment=environment,
                http=http,
                gates=gates,
                opened=opened,
            ),
            read_models=tuple(MODELS.values()) if domain == "analytics" else (),
            signer=None if domain == "analytics" else anchor_signer(settings=environment.settings),
            in_hand_max=_in_hand_max(domain=domain, gates=gates),
        )


def _in_hand_max(*, domain: Domain, gates: Gates) -> dict[str, int]:
    """By task queue, of the providers that the domain calls."""
    found = {
        provider: gates.in_hand_max(provider=provider, lane=Lane.ORDERS)
        for provider in _CALLED.get(domain, ())
    }
    for provider in _ASKED_APART.intersection(found):
        queue = questions_queue(provider=provider)
        found[queue] = gates.in_hand_max(provider=provider, lane=Lane.QUESTIONS)
    return found


def _activities(
    *,
    domain: Domain,
    store: Database,
    environment: Environment,
    http: httpx.AsyncClient,
    gates: Gates,
    opened: AsyncExitStack,
) -> dict[str, list[Any]]:
    settings = environment.settings
    match domain:
        case "analytics":
            # Nobody asks this domain for anything: it lives on events.
            parts: dict[str, list[Any]] = {}
        case "auth" | "bnpl" | "ledger":
            parts = {domain: [made(database=store) for made in _OF_STORE_ALONE[domain]]}
        case "credit":
            keys = keyring(settings=settings)
            parts = {"credit": [CreditActivities(database=store, keyring=keys)]}
        case "disputes":
            keys = keyring(settings=settings)
            parts = {
                "disputes": [
                    ComplaintActivities(database=store, keyring=keys),
                    DisputeActivities(database=store),
                ]
            }
        case "marketplace":
            keys = keyring(settings=settings)
            rules = environment.read(WebhookSettings).rules
            # A client of its own, which connects only where notices may be sent.
            endpoints = webhook_client(rules=rules)
            opened.push_async_callback(endpoints.aclose)
            telling = NoticeActivities(database=store, keyring=keys, http=endpoints)
            market = MarketplaceActivities(database=store, keyring=keys, rules=rules)
            # Notices have a queue of their own: an endpoint that hangs keeps no checkout waiting.
            parts = {"marketplace": [market, telling], "webhooks": [telling]}
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
            parts = _payments(store=store, environment=environment, http=http, gates=gates)
        case "settlement":
            keys = keyring(settings=settings)
            bank = BankClient(settings=environment.read(BankSettings), http=http, clock=utc_now)
            parts = {
                "settlement": [
                    SettlementActivities(database=store, keyring=keys),
                    MerchantSettlementActivities(database=store, keyring=keys),
                    CaptureActivities(database=store),
                ],
                "bank": [
                    BankActivities(bank=bank, gate=gates.before(provider="bank")),
                    BankStatementActivities(statements=statements(environment, http=http)),
                ],
            }
        case _:
            assert_never(domain)
    return parts


def _payments(
    *, store: Database, environment: Environment, http: httpx.AsyncClient, gates: Gates
) -> dict[str, list[Any]]:
    keys = keyring(settings=environment.settings)
    documents = statements(environment, http=http)
    # One client for all that M-PESA does: it keeps the access token.
    to_mpesa = mpesa(environment, http=http)
    by_telebirr = [
        TelebirrActivities(
            telebirr=telebirr(environment, http=http),
            gate=gates.before(provider="telebirr"),
        ),
        TelebirrStatementActivities(statements=documents),
    ]
    by_mpesa = [
        MpesaActivities(mpesa=to_mpesa, gate=gates.before(provider="mpesa")),
        MpesaPayoutActivities(mpesa=to_mpesa, gate=gates.before(provider="mpesa")),
        MpesaStatementActivities(statements=documents),
    ]
    return {
        "payments": [
            PaymentsActivities(database=store, keyring=keys),
            LateMoneyActivities(database=store, keyring=keys),
            CashBackActivities(database=store, keyring=keys),
            PaymentReplayActivities(database=store),
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
        questions_queue(provider="telebirr"): by_telebirr,
        questions_queue(provider="mpesa"): by_mpesa,
    }


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
