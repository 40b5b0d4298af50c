"""Notices and the secrets that sign them, as a merchant is shown them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final

from fastapi import Path
from pydantic import ConfigDict, StringConstraints
from pydantic.config import JsonDict, JsonValue

from apps.checkout_api.told import Told
from db.marketplace.views.notices import NoticeView, TryView
from meqenet.event_chain import instant_text
from meqenet.marketplace.notices import NoticeState, TryFailure
from meqenet.marketplace.signing_secrets import Signing

_NOTICE_ID: Final = r"^[a-z]{3}_[A-Za-z0-9_-]{1,80}$"
NoticeId = Annotated[str, StringConstraints(pattern=_NOTICE_ID)]
"""A notice's id: its `webhook-id`."""
NoticeOfPath = Annotated[str, Path(pattern=_NOTICE_ID)]
_NOTICE_EXAMPLE: Final[JsonDict] = {
    "id": "pln_abcdefghijklmnopqrst-n8",
    "sequence": 1,
    "content": {
        "type": "plan.approved",
        "timestamp": "2026-11-23T06:00:00.000000Z",
        "data": {
            "plan_id": "pln_abcdefghijklmnopqrst",
            "merchant_id": "mer_b5hq7xk2p3c4d6e2f7g3",
            "reference": "order-1042",
            "sequence": 1,
        },
    },
    "state": "delivered",
    "stored_at": "2026-11-23T06:00:00Z",
    "attempt_count": 2,
    "last_status": 204,
    "attempted_at": "2026-11-23T06:00:05Z",
    "delivered_at": "2026-11-23T06:00:05Z",
    "replayed_at": None,
}
_SECRETS_EXAMPLE: Final[list[JsonValue]] = [
    {"number": 1, "since": "2026-11-23T06:00:00Z", "until": None},
    {"number": 0, "since": "2026-03-01T06:00:00Z", "until": "2026-11-24T06:00:00Z"},
]


class NoticeData(Told):
    """What a notice is about."""

    plan_id: str
    merchant_id: str
    reference: str
    """The merchant's own name for the order."""
    sequence: int
    """Counts the plan's notices: 1, 2, 3 … without a gap."""


class NoticeContent(Told):
    """The body that is sent."""

    type: str
    """The kind of news: ``plan.approved`` and others."""
    timestamp: str
    """The instant of the news by the plan's own clock."""
    data: NoticeData


class NoticeTold(Told):
    """A notice, and what became of it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_NOTICE_EXAMPLE]})

    id: str
    """The `webhook-id`."""
    sequence: int
    """Counts the plan's notices: 1, 2, 3 … without a gap."""
    content: NoticeContent
    state: NoticeState
    stored_at: datetime
    """When it was put on file, in real time."""
    attempt_count: int
    """Tries since it was begun, or begun anew by a replay."""
    last_status: int | None
    """Your last HTTP answer, if there was one."""
    attempted_at: datetime | None
    delivered_at: datetime | None
    replayed_at: datetime | None
    """When you last asked for it again."""


class TryTold(Told):
    """One try of a notice: your HTTP status, or why there was none."""

    number: int
    tried_at: datetime
    """When the answer was there, or was not waited for any longer."""
    is_replay: bool
    """Whether it was sent because you asked for it again."""
    status: int | None
    failure: TryFailure | None
    """``too_slow``: nothing within ten seconds; ``no_connection``: refused, unreachable, or no
    valid certificate; ``name_unknown``: the host's name does not resolve; ``target_refused``: it
    leads to an address that is not public; ``answer_broken``: no HTTP; ``not_sent``: ours."""
    took_ms: int | None


class NoticeWithTries(NoticeTold):
    """A notice, what became of it, and every try in its order."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **_NOTICE_EXAMPLE,
                    "tries": [
                        {
                            "number": 1,
                            "tried_at": "2026-11-23T06:00:00Z",
                            "is_replay": False,
                            "status": None,
                            "failure": "no_connection",
                            "took_ms": 31,
                        },
                        {
                            "number": 2,
                            "tried_at": "2026-11-23T06:00:05Z",
                            "is_replay": False,
                            "status": 204,
                            "failure": None,
                            "took_ms": 187,
                        },
                    ],
                }
            ]
        }
    )

    tries: list[TryTold]


class NoticeList(Told):
    """Notices, newest first. Ask on with ``after`` while ``next_after`` is given."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"notices": [_NOTICE_EXAMPLE], "next_after": None}]}
    )

    notices: list[NoticeTold]
    next_after: str | None


class PlanNoticesTold(Told):
    """A plan's notices behind a number, in their order, whatever became of their delivery."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"notices": [_NOTICE_EXAMPLE], "newest": 1}]}
    )

    notices: list[NoticeTold]
    """Where the last of them is not the newest, ask again after it."""
    newest: int
    """The number of the plan's newest notice; 0 while there is none."""


class ReplayBegun(Told):
    """What is being told again."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"notices": 12}]})

    notices: int
    """How many given-up notices there were in the period."""


class SigningSecret(Told):
    """A secret that signs; its text is shown only when it is made."""

    number: int
    """Counts your secrets; 0 is the one that you came with."""
    since: datetime
    until: datetime | None
    """When it stops; None of the newest."""


class SecretStanding(Told):
    """The secrets that sign now, the newest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"signing": _SECRETS_EXAMPLE}]})

    signing: list[SigningSecret]


class SecretRotated(SecretStanding):
    """A new secret, shown this once."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "secret": "whsec_bWVxZW5ldC1leGFtcGxlLXNlY3JldC0wMDAx",
                    "signing": _SECRETS_EXAMPLE,
                }
            ]
        }
    )

    secret: str
    """A Standard Webhooks secret: it and, until the overlap ends, the old one sign each notice."""


def notice_told(notice: NoticeView) -> NoticeTold:
    """A notice as it is shown."""
    return NoticeTold(
        id=notice.notice_id,
        sequence=notice.sequence,
        content=NoticeContent(
            type=notice.kind,
            timestamp=instant_text(at=notice.at),
            data=NoticeData(
                plan_id=notice.plan_id,
                merchant_id=notice.merchant_id,
                reference=notice.reference,
                sequence=notice.sequence,
            ),
        ),
        state=notice.state,
        stored_at=notice.stored_at,
        attempt_count=notice.attempt_count,
        last_status=notice.status,
        attempted_at=notice.attempted_at,
        delivered_at=notice.delivered_at,
        replayed_at=notice.replayed_at,
    )


def with_tries(notice: NoticeView, *, tries: Sequence[TryView]) -> NoticeWithTries:
    """A notice and its tries as they are shown."""
    told = notice_told(notice)
    return NoticeWithTries(
        **{name: getattr(told, name) for name in NoticeTold.model_fields},
        tries=[
            TryTold(
                number=made.number,
                tried_at=made.tried_at,
                is_replay=made.is_replay,
                status=made.status,
                failure=made.failure,
                took_ms=made.took_ms,
            )
            for made in tries
        ],
    )


def signing_told(signing: Sequence[Signing]) -> list[SigningSecret]:
    """The secrets that sign, without their texts."""
    return [
        SigningSecret(number=each.number, since=each.since, until=each.until) for each in signing
    ]
