"""What the books are told where payments were replayed and other interest is earned by them."""

from dataclasses import dataclass
from typing import Final, Literal

from meqenet.money import Money

NOTHING: Final = Money(0)


@dataclass(frozen=True, kw_only=True)
class InterestRecounted:
    """Payments were replayed: interest is earned by what is known of them, ``more`` or ``less``."""

    plan_id: str
    replay_id: str
    lender: str
    more: Money = NOTHING
    less: Money = NOTHING
    kind: Literal["interest_recounted"] = "interest_recounted"
