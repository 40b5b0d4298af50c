"""The steps of the marketplace domain that tell merchants of news."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import httpx
from standardwebhooks.webhooks import Webhook as Signer

from activities.contracts.marketplace import (
    DELIVER_NOTICE,
    FIND_UNTOLD,
    LIST_GIVEN_UP,
    RECORD_NOTICE,
    STORE_NOTICE,
    DeliverNotice,
    FindUntold,
    GivenUpListed,
    ListGivenUp,
    NoticeAnswer,
    NoticeStored,
    RecordNotice,
    StoreNotice,
    UntoldFound,
)
from activities.contracts.step import Nothing
from activities.edge import takes
from db.kernel.encryption import Keyring
from db.kernel.engine import Database
from db.marketplace import notices
from db.marketplace.merchants import require_merchant
from db.marketplace.secret_rotations import read_rotations
from db.marketplace.tables import StoredNotice
from meqenet.errors import Refusal
from meqenet.marketplace.endpoint_lanes import EndpointLanes
from meqenet.marketplace.notices import NoticeState, TryFailure
from meqenet.marketplace.signing_secrets import signing_at
from meqenet.marketplace.webhooks import Notice, notice_body

_ANSWER_MAX: Final = timedelta(seconds=10)
_HELD_BACK: Final = NoticeAnswer(delivered=False, status=None, wanted=True, held_back=True)
_NOT_WANTED: Final = NoticeAnswer(delivered=False, status=None, wanted=False)
_NS_IN_MS: Final = 1_000_000


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class _Target:
    """Where a notice is sent, and the secrets that sign it, the newest first."""

    url: str
    secrets: tuple[str, ...] = field(repr=False)


class NoticeActivities:
    """Implements :class:`activities.contracts.marketplace.NoticeSteps`.

    Args:
        database: the marketplace store.
        keyring: keys of private columns.
        http: sends notices; it must not follow redirects, and must connect only where notices may
            be sent.
        clock: the time of sending, which merchants compare with their own clocks.
        answer_max: how long an endpoint may take, from connecting to its answer's status.
    """

    def __init__(
        self,
        *,
        database: Database,
        keyring: Keyring,
        http: httpx.AsyncClient,
        clock: Callable[[], datetime] = _utc_now,
        answer_max: timedelta = _ANSWER_MAX,
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._http = http
        self._clock = clock
        self._answer_max = answer_max
        self._lanes = EndpointLanes()

    @takes(STORE_NOTICE)
    async def store_notice(self, command: StoreNotice) -> NoticeStored:
        """See :meth:`activities.contracts.marketplace.NoticeSteps.store_notice`."""
        told = command.notice
        async with self._database.write() as session:
            stored = await notices.store_notice(
                session=session,
                notice_id=told.notice_id,
                notice=_notice(told),
                at=command.at,
                after=told.after,
            )
            if told.is_replay:
                await notices.begin_replay(session=session, notice_id=told.notice_id, at=command.at)
            return NoticeStored(
                sequence=stored.sequence, wanted=stored.state is not NoticeState.NOT_WANTED
            )

    @takes(DELIVER_NOTICE)
    async def deliver_notice(self, command: DeliverNotice) -> NoticeAnswer:
        """See :meth:`activities.contracts.marketplace.NoticeSteps.deliver_notice`."""
        if not self._lanes.enter(merchant_id=command.merchant_id):
            return _HELD_BACK
        answer = None
        try:
            answer = await self._try(command)
        finally:
            self._lanes.leave(
                merchant_id=command.merchant_id,
                was_silent=answer is not None and answer.failure is TryFailure.TOO_SLOW,
            )
        return answer

    @takes(RECORD_NOTICE)
    async def record_notice(self, command: RecordNotice) -> Nothing:
        """See :meth:`activities.contracts.marketplace.NoticeSteps.record_notice`."""
        if command.answer.was_taken:
            return Nothing()
        async with self._database.write() as session:
            if not command.answer.wanted:
                await notices.call_off(session=session, notice_id=command.notice_id)
                return Nothing()
            await notices.record_try(
                session=session,
                made=notices.NoticeTry(
                    notice_id=command.notice_id,
                    merchant_id=command.merchant_id,
                    plan_id=command.plan_id,
                    kind=command.kind,
                    number=command.number,
                    status=command.answer.status,
                    failure=command.answer.failure,
                    took_ms=command.answer.took_ms,
                    delivered=command.answer.delivered,
                    is_replay=command.is_replay,
                    is_last=command.is_last,
                    at=command.at,
                ),
            )
        return Nothing()

    @takes(LIST_GIVEN_UP)
    async def list_given_up(self, command: ListGivenUp) -> GivenUpListed:
        """See :meth:`activities.contracts.marketplace.NoticeSteps.list_given_up`."""
        async with self._database.write() as session:
            found = await notices.given_up_after(
                session=session,
                merchant_id=command.merchant_id,
                since=command.since,
                until=command.until,
                after=command.after,
                limit=command.limit,
            )
        return GivenUpListed(notices=tuple(_again(stored) for stored in found))

    @takes(FIND_UNTOLD)
    async def find_untold(self, command: FindUntold) -> UntoldFound:
        """See :meth:`activities.contracts.marketplace.NoticeSteps.find_untold`.

        Asked of the written store: a replica may lag.
        """
        async with self._database.write() as session:
            settled = await notices.settled_among(
                session=session,
                notice_ids=[each.notice_id for each in command.notices],
                tries_max=command.tries_max,
            )
            listening = await notices.listening_among(
                session=session, merchant_ids={each.merchant_id for each in command.notices}
            )
        return UntoldFound(
            notice_ids=tuple(
                each.notice_id
                for each in command.notices
                if each.merchant_id in listening and each.notice_id not in settled
            )
        )

    async def _try(self, command: DeliverNotice) -> NoticeAnswer:
        now = self._clock()
        async with self._database.read() as session:
            taken = await notices.status_taken_with(session=session, notice_id=command.notice_id)
            merchant = await require_merchant(session=session, merchant_id=command.merchant_id)
            found = await read_rotations(session=session, keyring=self._keyring, merchant=merchant)
        if taken is not None and not command.is_replay:
            return NoticeAnswer(delivered=True, status=taken, wanted=True, was_taken=True)
        if found is None:
            return _NOT_WANTED
        url, rotations = found
        signing = signing_at(rotations=rotations, at=now)
        target = _Target(url=url, secrets=tuple(each.secret for each in signing))
        began = time.perf_counter_ns()
        answered = await self._post(target, command=command, now=now)
        took_ms = (time.perf_counter_ns() - began) // _NS_IN_MS
        if isinstance(answered, TryFailure):
            return NoticeAnswer(
                delivered=False, status=None, wanted=True, failure=answered, took_ms=took_ms
            )
        return NoticeAnswer(
            delivered=httpx.codes.is_success(answered),
            status=answered,
            wanted=True,
            took_ms=took_ms,
        )

    async def _post(
        self, target: _Target, *, command: DeliverNotice, now: datetime
    ) -> int | TryFailure:
        """The status of the answer, whose body nobody reads; or why there is none."""
        body = notice_body(notice=_notice(command))
        headers = {
            "content-type": "application/json",
            "webhook-id": command.notice_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(
                Signer(secret).sign(command.notice_id, now, body) for secret in target.secrets
            ),
        }
        try:
            async with (
                asyncio.timeout(self._answer_max.total_seconds()),
                self._http.stream(
                    "POST", target.url, content=body.encode(), headers=headers
                ) as response,
            ):
                return response.status_code
        except (TimeoutError, httpx.TimeoutException):
            return TryFailure.TOO_SLOW
        except Refusal:
            return TryFailure.TARGET_REFUSED
        except OSError:
            return TryFailure.NAME_UNKNOWN
        except httpx.NetworkError:
            return TryFailure.NO_CONNECTION
        except (httpx.HTTPError, httpx.InvalidURL):
            return TryFailure.ANSWER_BROKEN


def _notice(command: DeliverNotice) -> Notice:
    return Notice(
        kind=command.kind,
        merchant_id=command.merchant_id,
        plan_id=command.plan_id,
        reference=command.reference,
        at=command.at,
        sequence=command.sequence,
    )


def _again(stored: StoredNotice) -> DeliverNotice:
    return DeliverNotice(
        notice_id=stored.notice_id,
        merchant_id=stored.merchant_id,
        plan_id=stored.plan_id,
        reference=stored.reference,
        kind=stored.kind,
        at=stored.at,
        sequence=stored.sequence,
        is_replay=True,
    )
