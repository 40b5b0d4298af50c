"""An amount that a wallet may not pay at once: collected in parts, one after the other."""

from dataclasses import dataclass, field, replace

from activities.contracts.payments import AttemptStanding, AttemptState
from meqenet.identity import attempt_id
from meqenet.money import Money
from workflows.attempt_planner import AttemptPlanner, Way
from workflows.news import CollectionOrder


@dataclass(kw_only=True)
class Parts:
    """The parts of one collection that are paid, by their attempts."""

    paid: dict[str, AttemptStanding] = field(default_factory=dict)

    def come(
        self, standing: AttemptStanding, *, order: CollectionOrder, way: Way, number: int
    ) -> Money | None:
        """The part that an attempt has brought; None: it asked for all, or has brought nothing.

        Args:
            standing: of the attempt, or of one whose money has come late.
            order: what is collected.
            way: how the attempt was made.
            number: which attempt it was.
        """
        own = attempt_id(installment_id=order.installment_id, number=number)
        is_own = standing.attempt_id == own
        return way.part if is_own and standing.state is AttemptState.SUCCEEDED else None

    def take(
        self,
        standing: AttemptStanding,
        *,
        order: CollectionOrder,
        part: Money,
        planner: AttemptPlanner,
    ) -> CollectionOrder:
        """Have what is left collected next; returns the order of that.

        Args:
            standing: of the attempt that has brought the part.
            order: of which it is a part.
            part: how much it is.
            planner: plans the attempts at the rest from here on.
        """
        self.paid[standing.attempt_id] = standing
        planner.whole = planner.whole or order.amount
        left = order.amount - part
        planner.order = replace(planner.order, amount=left, part=None)
        return replace(order, amount=left, part=None)
