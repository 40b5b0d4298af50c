"""What the API is made of, built once from settings."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict
from temporalio.client import Client

from db.kernel.engine import Database
from integrations.mpesa.settings import MpesaCallbackSettings
from integrations.telebirr.settings import TelebirrNotifySettings
from workers.connecting import temporal_client
from workers.front_door import (
    AnswerBook,
    CallbackInbox,
    ComplaintDesk,
    DisputeDesk,
    front_door,
)
from workers.opening import Environment, utc_now
from workers.statement_signing import StatementSigner
from workers.webhook_desk import WebhookDesk


class ApiSettings(BaseSettings):
    """What only the API is told; its address is in ``workers.settings``."""

    model_config = SettingsConfigDict(
        env_prefix="MEQENET_API_", env_ignore_empty=True, extra="ignore", frozen=True
    )

    sandbox: bool = True
    """Whether the providers behind this API are sandboxes: then test keys are taken and live keys
    refused; where money is real it is the other way round, and there are no test clocks."""


@dataclass(frozen=True, kw_only=True)
class ApiParts:
    """Everything that a request may need.

    Attributes:
        temporal: starts and asks workflows.
        auth: merchants' keys, read only.
        bnpl: plans and products, read only.
        analytics: the read models, read only.
        answers: what was answered under which idempotency key.
        inbox: where callbacks are kept.
        complaints: what customers have complained about, words included; read only.
        disputes: orders that customers dispute; files that are evidence are brought in here.
        webhooks: merchants' notices, and the secrets that sign them.
        stores: each store by its domain.
        telebirr: how its callbacks are told from others'.
        mpesa_callback_secret: the part of our callback address that only M-PESA knows.
        hash_key: keys the hashes of requests; they hold numbers that are easily guessed.
        clock: the real time, aware UTC.
        sandbox: see ``ApiSettings.sandbox``.
        statements: signs merchants' statements, where there is a key for it.
        answer_seconds_max: how long a workflow's answer is awaited.
        advance_seconds_max: how long an advancing test clock is watched.
        read_after_seconds_max: how long a read model may take to come to what a client has written.
    """

    temporal: Client
    auth: Database
    bnpl: Database
    analytics: Database
    answers: AnswerBook
    inbox: CallbackInbox
    complaints: ComplaintDesk
    disputes: DisputeDesk
    webhooks: WebhookDesk
    stores: Mapping[str, Database]
    telebirr: TelebirrNotifySettings
    mpesa_callback_secret: SecretStr
    hash_key: bytes = field(repr=False)
    clock: Callable[[], datetime]
    sandbox: bool
    statements: StatementSigner | None = None
    answer_seconds_max: int = 25
    advance_seconds_max: int = 20
    read_after_seconds_max: int = 5


@asynccontextmanager
async def api_parts(*, environment: Environment) -> AsyncIterator[ApiParts]:
    """Connect to everything, and close it at the end.

    Raises:
        Defect: a setting that is needed is missing; its name is in the text.
        pydantic.ValidationError: a provider's settings are missing or malformed.
        RuntimeError: the Temporal server cannot be reached.
    """
    settings = environment.settings
    async with front_door(environment=environment) as stores:
        yield ApiParts(
            temporal=await temporal_client(settings=settings),
            auth=stores.auth,
            bnpl=stores.bnpl,
            analytics=stores.analytics,
            answers=stores.answers,
            inbox=stores.inbox,
            complaints=stores.complaints,
            disputes=stores.disputes,
            webhooks=stores.webhooks,
            stores=stores.stores,
            statements=stores.statements,
            telebirr=environment.read(TelebirrNotifySettings),
            mpesa_callback_secret=environment.read(MpesaCallbackSettings).callback_secret,
            hash_key=settings.blind_index(),
            clock=utc_now,
            sandbox=environment.read(ApiSettings).sandbox,
        )


def parts_of(request: Request) -> ApiParts:
    """The parts of the application that serves the request."""
    parts = request.app.state.parts
    if not isinstance(parts, ApiParts):
        raise TypeError("app.state.parts: not made by create_app")
    return parts


Parts = Annotated[ApiParts, Depends(parts_of)]
"""The API's parts, as a dependency."""
