"""Faults that a test plans and a provider's handler takes.

A handler asks once per request and then applies the phases in order::

    faults = kernel.faults.take(operation="refund", subject=order_id, msisdn=payer)
    faults.before()                 # 503 or a dropped connection: nothing has happened
    if code := faults.refusal(): …  # answer in the provider's own way
    with book.transaction(): …      # commit
    await kernel.callbacks.send(url=…, body=…, reference=order_id, manner=faults.manner())
    faults.after_commit()           # 500, 299 or a dropped connection: it has happened
"""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from apps.sandboxes.kernel.magic import MagicOutcome, outcome_for

ANY = "*"


class FaultKind(StrEnum):
    """What goes wrong."""

    TIMEOUT_BEFORE = "timeout_before"
    """No answer, and nothing has happened."""
    TIMEOUT_AFTER_COMMIT = "timeout_after_commit"
    """No answer, and it has happened."""
    UNAVAILABLE = "unavailable"
    """HTTP 503; nothing has happened."""
    ERROR_AFTER_COMMIT = "error_after_commit"
    """HTTP 500; it has happened."""
    EMPTY_AFTER_COMMIT = "empty_after_commit"
    """HTTP 299 without a body; it has happened."""
    DROP_CALLBACK = "drop_callback"
    """The callback is never sent."""
    DELAY_CALLBACK = "delay_callback"
    """The callback is sent ``delay_ms`` later."""
    DUPLICATE_CALLBACK = "duplicate_callback"
    """The callback is sent twice."""
    CALLBACK_FIRST = "callback_first"
    """The callback is delivered before the request is answered."""
    REFUSE = "refuse"
    """The provider refuses with ``code`` (the provider's own spelling)."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault.

    Attributes:
        delay_ms: of a callback: how much later it is sent; of a timeout: how long the answer is
            held before the connection is dropped (0: dropped at once).
        code: the provider's refusal code.
    """

    kind: FaultKind
    delay_ms: int = 0
    code: str | None = None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A fault that waits for matching requests; ``*`` and ``None`` match any."""

    operation: str
    subject: str | None
    fault: Fault
    times: int


@dataclass(frozen=True, kw_only=True)
class CallbackManner:
    """How a callback is sent."""

    copies: int = 1
    delay: timedelta = timedelta(0)
    first: bool = False


class FaultAnswer(Exception):
    """The request is answered with this HTTP status in the middle of the handler."""

    def __init__(self, *, status: int) -> None:
        super().__init__(f"planned fault: HTTP {status}")
        self.status = status


class EmptyAnswer(Exception):
    """The request is answered with HTTP 299 and no body, as was seen in production."""

    status = 299


class DropConnection(Exception):
    """The TCP connection is closed without an answer, after holding it for ``hold``."""

    def __init__(self, *, hold: timedelta) -> None:
        super().__init__("planned fault: connection dropped")
        self.hold = hold


class Faults(tuple[Fault, ...]):
    """The faults of one request."""

    __slots__ = ()

    def before(self) -> None:
        """Raise what goes wrong before anything has happened."""
        if self.has(kind=FaultKind.UNAVAILABLE):
            raise FaultAnswer(status=503)
        self._drop(FaultKind.TIMEOUT_BEFORE)

    def after_commit(self) -> None:
        """Raise what goes wrong after the commit."""
        if self.has(kind=FaultKind.ERROR_AFTER_COMMIT):
            raise FaultAnswer(status=500)
        if self.has(kind=FaultKind.EMPTY_AFTER_COMMIT):
            raise EmptyAnswer
        self._drop(FaultKind.TIMEOUT_AFTER_COMMIT)

    def refusal(self) -> str | None:
        """The provider code of a planned refusal; ``""`` when it was planned without a code."""
        return next((fault.code or "" for fault in self if fault.kind is FaultKind.REFUSE), None)

    def manner(self) -> CallbackManner:
        """How the callback of this request is sent."""
        copies = 2 if self.has(kind=FaultKind.DUPLICATE_CALLBACK) else 1
        delays = [fault.delay_ms for fault in self if fault.kind is FaultKind.DELAY_CALLBACK]
        return CallbackManner(
            copies=0 if self.has(kind=FaultKind.DROP_CALLBACK) else copies,
            delay=timedelta(milliseconds=max(delays, default=0)),
            first=self.has(kind=FaultKind.CALLBACK_FIRST),
        )

    def has(self, *, kind: FaultKind) -> bool:
        """Whether one of the faults is of this kind."""
        return any(fault.kind is kind for fault in self)

    def _drop(self, kind: FaultKind) -> None:
        for fault in self:
            if fault.kind is kind:
                raise DropConnection(hold=timedelta(milliseconds=fault.delay_ms))


_MAGIC: dict[MagicOutcome, Fault] = {
    MagicOutcome.CALLBACK_LATE: Fault(kind=FaultKind.DELAY_CALLBACK, delay_ms=5000),
    MagicOutcome.TIMEOUT_AFTER_COMMIT: Fault(kind=FaultKind.TIMEOUT_AFTER_COMMIT),
    MagicOutcome.CALLBACK_LOST: Fault(kind=FaultKind.DROP_CALLBACK),
    MagicOutcome.CALLBACK_TWICE: Fault(kind=FaultKind.DUPLICATE_CALLBACK),
    MagicOutcome.CALLBACK_FIRST: Fault(kind=FaultKind.CALLBACK_FIRST),
}


class FaultBoard:
    """What has been planned, and whether the whole provider is down."""

    def __init__(self) -> None:
        self.down = False
        self._plans: list[Plan] = []
        self._refused_once: Counter[tuple[str, str]] = Counter()

    def plan(
        self,
        *,
        operation: str,
        outcome: FaultKind,
        subject: str | None = None,
        times: int = 1,
        delay_ms: int = 0,
        code: str | None = None,
    ) -> None:
        """Let the next ``times`` matching requests go wrong.

        Args:
            operation: the provider's operation name, or ``*`` for any.
            outcome: what goes wrong.
            subject: order id or phone number; None for any.
            times: how many requests.
            delay_ms: see Fault.
            code: the refusal code.
        """
        if times < 1 or delay_ms < 0:
            raise ValueError("times: at least one; delay_ms: not below zero")
        fault = Fault(kind=outcome, delay_ms=delay_ms, code=code)
        self._plans.append(Plan(operation=operation, subject=subject, fault=fault, times=times))

    def take(
        self, *, operation: str, subject: str | None = None, msisdn: str | None = None
    ) -> Faults:
        """The faults of one request: the planned ones, and those of a well-known ``msisdn``.

        A plan's subject may be the order id (``subject``) or the phone number (``msisdn``).
        """
        taken: list[Fault] = []
        kept: list[Plan] = []
        for plan in self._plans:
            of_operation = plan.operation in (ANY, operation)
            if not of_operation or plan.subject not in (None, subject, msisdn):
                kept.append(plan)
                continue
            taken.append(plan.fault)
            if plan.times > 1:
                kept.append(replace(plan, times=plan.times - 1))
        self._plans = kept
        return Faults((*taken, *self._magic(subject=subject, msisdn=msisdn)))

    def planned(self) -> list[Plan]:
        """What still waits."""
        return list(self._plans)

    def clear(self) -> None:
        """Forget what was planned."""
        self._plans.clear()

    def _magic(self, *, subject: str | None, msisdn: str | None) -> tuple[Fault, ...]:
        outcome = outcome_for(msisdn=msisdn)
        if outcome is MagicOutcome.UNAVAILABLE_ONCE:
            seen = (msisdn or "", subject or "")
            self._refused_once[seen] += 1
            first = self._refused_once[seen] == 1
            return (Fault(kind=FaultKind.UNAVAILABLE),) if first else ()
        fault = _MAGIC.get(outcome)
        return (fault,) if fault else ()
