"""A worker's own breaker and buckets, by the same rules, for while Redis cannot be reached."""

from collections.abc import Callable

from integrations.throttling.settings import GateSettings
from integrations.throttling.shared import HALF_OPEN_MS
from integrations.throttling.verdicts import Verdict
from meqenet.payments.circuit_breaker import Breaker, BreakerState, admit, after_call
from meqenet.payments.lanes import HoldReason, Lane
from meqenet.payments.token_bucket import empty_bucket, local_share, take


class LocalGate:
    """One process's gate: what it learns from its own calls, and its share of the rate.

    Args:
        now_ms: a clock of this process that never steps back, in milliseconds.
    """

    def __init__(self, *, settings: GateSettings, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._rule = settings.breaker()
        self._shares = {
            lane: local_share(settings=settings.bucket(lane=lane), workers=settings.workers_max)
            for lane in Lane
        }
        self.begin()

    def begin(self) -> None:
        """Redis has just been lost: what was in the shared buckets may have been taken already."""
        self._breaker = Breaker()
        self._buckets = {lane: empty_bucket(at_ms=self._now_ms()) for lane in Lane}

    def admit(self, *, lane: Lane) -> Verdict:
        """Ask for one call; an admitted one has taken its token, and its probe if it is one."""
        now_ms = self._now_ms()
        admission = admit(breaker=self._breaker, settings=self._rule, at_ms=now_ms)
        if admission.retry_at_ms is not None:
            wait_ms = max(admission.retry_at_ms - now_ms, 1)
            held = HoldReason(self._breaker.state.value)
            return Verdict(turn=admission.turn, held=held, wait_ms=wait_ms)
        taken = take(bucket=self._buckets[lane], settings=self._shares[lane], at_ms=now_ms)
        self._buckets[lane] = taken.bucket
        if not taken.is_granted:
            return Verdict(turn=admission.turn, held=HoldReason.RATE, wait_ms=taken.wait_ms)
        self._breaker = admission.breaker
        return Verdict(turn=admission.turn)

    def tell(self, *, turn: int, succeeded: bool) -> None:
        """Count how a call went that was admitted in a turn."""
        self._breaker = after_call(
            breaker=self._breaker,
            settings=self._rule,
            turn=turn,
            succeeded=succeeded,
            at_ms=self._now_ms(),
        )

    def look(self, *, lane: Lane) -> Verdict:
        """Whether a call is worth trying; takes nothing."""
        now_ms = self._now_ms()
        admission = admit(breaker=self._breaker, settings=self._rule, at_ms=now_ms)
        if admission.retry_at_ms is not None:
            is_open = self._breaker.state is BreakerState.OPEN
            return Verdict(
                turn=admission.turn,
                held=HoldReason(self._breaker.state.value),
                wait_ms=max(admission.retry_at_ms - now_ms, 1) if is_open else HALF_OPEN_MS,
            )
        taken = take(bucket=self._buckets[lane], settings=self._shares[lane], at_ms=now_ms)
        if taken.is_granted:
            return Verdict(turn=admission.turn)
        return Verdict(turn=admission.turn, held=HoldReason.RATE, wait_ms=taken.wait_ms)
