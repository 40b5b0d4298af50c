"""Callbacks: sent in the background, repeated until acknowledged, logged attempt by attempt."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

import httpx
from sqlalchemy import insert, select

from apps.sandboxes.kernel import tables
from apps.sandboxes.kernel.book import Book
from apps.sandboxes.kernel.clock import Clock
from apps.sandboxes.kernel.faults import CallbackManner

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
DISTANCES = tuple(timedelta(seconds=seconds) for seconds in (0.2, 1, 5, 30, 60, 300))
_ONCE = CallbackManner()
_SEND_TIMEOUT_S = 5


class CallbackResult(StrEnum):
    """What became of one attempt."""

    ACKNOWLEDGED = "acknowledged"
    """Answered 2xx."""
    REFUSED = "refused"
    """Answered something else; it is sent again."""
    UNREACHABLE = "unreachable"
    """No answer; it is sent again."""
    DROPPED = "dropped"
    """Not sent, as planned."""
    BLOCKED = "blocked"
    """Not sent: the host is not allowed, like a notify URL that is not whitelisted."""


@dataclass(frozen=True, kw_only=True)
class SentCallback:
    """One line of the log. ``status`` is the receiver's HTTP status, if it answered."""

    id: int
    at: datetime
    reference: str
    url: str
    body: str
    attempt: int
    result: CallbackResult
    status: int | None


@dataclass(frozen=True, kw_only=True)
class _Letter:
    reference: str
    url: str
    body: str


class CallbackSender:
    """Sends callbacks of one sandbox.

    Args:
        book: keeps the log.
        clock: the time of log lines.
        hosts: host names that may be called; loopback only unless told otherwise.
        distances: waits between an attempt and its repetition; after the last it is given up.
    """

    def __init__(
        self,
        *,
        book: Book,
        clock: Clock,
        hosts: frozenset[str] = LOOPBACK,
        distances: Sequence[timedelta] = DISTANCES,
    ) -> None:
        self._book = book
        self._clock = clock
        self._hosts = hosts
        self._distances = tuple(distances)
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = asyncio.Event()
        self._http: httpx.AsyncClient | None = None

    async def send(
        self,
        *,
        url: str,
        body: Mapping[str, object] | str,
        reference: str,
        manner: CallbackManner = _ONCE,
    ) -> None:
        """Send a callback in the background; with ``manner.first`` its first attempt is awaited.

        Args:
            url: where to.
            body: a JSON object, or JSON text that goes out unchanged.
            reference: the order it tells of, for the log.
            manner: dropped, delayed, doubled or first (``Faults.manner()``).
        """
        text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
        letter = _Letter(reference=reference, url=url, body=text)
        if manner.copies == 0:
            self._log(letter, attempt=0, result=CallbackResult.DROPPED, status=None)
            return
        if urlsplit(url).hostname not in self._hosts:
            self._log(letter, attempt=0, result=CallbackResult.BLOCKED, status=None)
            return
        for _ in range(manner.copies):
            tried = asyncio.Event()
            task = asyncio.create_task(self._deliver(letter, delay=manner.delay, tried=tried))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            if manner.first:
                await tried.wait()

    async def idle(self) -> None:
        """Return when nothing is left to send or to repeat."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    async def drain(self) -> None:
        """Stop waiting: what is outstanding gets one last attempt, then the sender is closed."""
        self._closing.set()
        await self.idle()
        if self._http is not None:
            await self._http.aclose()
            self._http = None

    def log(self, *, last: int = 100) -> list[SentCallback]:
        """The last attempts, oldest first."""
        query = select(tables.callbacks).order_by(tables.callbacks.c.id.desc()).limit(last)
        with self._book.transaction() as connection:
            rows = connection.execute(query).mappings().all()
        return [
            SentCallback(**{**row, "result": CallbackResult(row["result"])})
            for row in reversed(rows)
        ]

    async def _deliver(self, letter: _Letter, *, delay: timedelta, tried: asyncio.Event) -> None:
        try:
            await self._wait(delay)
            for attempt, distance in enumerate((*self._distances, None), start=1):
                result, status = await self._attempt(letter)
                self._log(letter, attempt=attempt, result=result, status=status)
                tried.set()
                if result is CallbackResult.ACKNOWLEDGED or distance is None:
                    return
                if self._closing.is_set():
                    return
                await self._wait(distance)
        finally:
            tried.set()

    async def _attempt(self, letter: _Letter) -> tuple[CallbackResult, int | None]:
        if self._http is None:
            self._http = httpx.AsyncClient(timeout=_SEND_TIMEOUT_S, trust_env=False)
        headers = {"Content-Type": "application/json"}
        try:
            answer = await self._http.post(letter.url, content=letter.body, headers=headers)
        except (httpx.TransportError, httpx.InvalidURL):
            return CallbackResult.UNREACHABLE, None
        result = CallbackResult.ACKNOWLEDGED if answer.is_success else CallbackResult.REFUSED
        return result, answer.status_code

    async def _wait(self, distance: timedelta) -> None:
        """Wait, or less when the sender is being drained."""
        if not distance:
            return
        try:
            await asyncio.wait_for(self._closing.wait(), timeout=distance.total_seconds())
        except TimeoutError:
            return

    def _log(
        self, letter: _Letter, *, attempt: int, result: CallbackResult, status: int | None
    ) -> None:
        with self._book.transaction() as connection:
            connection.execute(
                insert(tables.callbacks).values(
                    at=self._clock(),
                    reference=letter.reference,
                    url=letter.url,
                    body=letter.body,
                    attempt=attempt,
                    result=result,
                    status=status,
                )
            )
