"""What a breaker and a bucket say together of one call, whoever keeps them."""

from dataclasses import dataclass

from meqenet.payments.lanes import HoldReason


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """Whether a call may be made.

    Attributes:
        turn: the breaker's, to be told with how the call went.
        held: why it may not be made; None when it may.
        wait_ms: when it may not: how long until it is worth asking again, in milliseconds.
    """

    turn: int
    held: HoldReason | None = None
    wait_ms: int = 0
