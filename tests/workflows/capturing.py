"""Orders in memory that their merchants capture themselves, beside a merchant's other lines."""

from dataclasses import dataclass, field
from datetime import timedelta

from activities.contracts import captures as c
from activities.edge import takes
from meqenet.calendar import at_addis
from meqenet.money import Money, total
from meqenet.settlement.authorisations import share_of
from meqenet.settlement.payouts import PayoutState
from meqenet.settlement.terms import PAYOUT_HOUR, Proceeds
from tests.workflows.settling import Line, Paydays

FEE_BASIS_POINTS = 300


def _proceeds(amount: Money) -> Proceeds:
    fee = amount.portion(basis_points=FEE_BASIS_POINTS)
    return Proceeds(gross=amount, fee=fee, net=amount - fee)


@dataclass
class Capturing(Paydays):
    """``parts``: by plan, what was captured and voided, in its order."""

    authorised: dict[str, c.AuthoriseOrder] = field(default_factory=dict)
    parts: dict[str, list[tuple[str, Proceeds]]] = field(default_factory=dict)
    taken_back: dict[str, c.TakeFromCaptures] = field(default_factory=dict)
    gone: dict[str, Money] = field(default_factory=dict)
    """By capture, what of its price has gone back."""

    @takes(c.AUTHORISE_ORDER)
    async def authorise_order(self, command: c.AuthoriseOrder) -> c.OrderAuthorised:
        order = self.authorised.setdefault(command.plan_id, command)
        brings = _proceeds(order.amount)
        return c.OrderAuthorised(gross=brings.gross, fee=brings.fee, net=brings.net)

    @takes(c.CAPTURE_ORDER)
    async def capture_order(self, command: c.CaptureOrder) -> c.OrderCaptured:
        order = self.authorised[command.plan_id]
        share = self._part(command.plan_id, command.capture_id, command.amount)
        due_on = command.on + timedelta(days=1 + order.protection_days)
        self.lines.setdefault(
            command.capture_id,
            Line(
                merchant_id=order.merchant_id,
                clock=order.test_clock_id,
                net=share.net,
                due_at=at_addis(on=due_on, hour=PAYOUT_HOUR),
                protected=order.protection_days > 0,
                plan_id=command.plan_id,
            ),
        )
        return c.OrderCaptured(
            net=share.net,
            is_protected=order.protection_days > 0,
            found=self.captures_of(command.plan_id),
        )

    @takes(c.VOID_ORDER)
    async def void_order(self, command: c.VoidOrder) -> c.OrderVoided:
        return c.OrderVoided(fee=self._part(command.plan_id, command.void_id, command.amount).fee)

    @takes(c.TAKE_FROM_CAPTURES)
    async def take_from_captures(self, command: c.TakeFromCaptures) -> c.TakenFromCaptures:
        """All from the newest capture that no payout has, which these lives leave enough in."""
        of_plan = [each for each in self.lines.items() if each[1].plan_id == command.plan_id]
        key, line = next(each for each in reversed(of_plan) if each[1].taken_by is None)
        whole = dict(self.parts[command.plan_id])[key]
        share = share_of(whole=whole, before=self.gone.get(key, Money.zero()), part=command.amount)
        if command.refund_id not in self.taken_back:
            self.taken_back[command.refund_id] = command
            self.gone[key] = self.gone.get(key, Money.zero()) + command.amount
            line.net -= share.net
        return c.TakenFromCaptures(
            fee_back=share.fee,
            protected=share.net if line.protected else Money.zero(),
            payable=Money.zero() if line.protected else share.net,
            paid_out=Money.zero(),
            found=self.captures_of(command.plan_id),
        )

    @takes(c.FIND_CAPTURES)
    async def find_captures(self, command: c.FindCaptures) -> c.CapturesFound:
        return self.captures_of(command.plan_id)

    def captures_of(self, plan_id: str) -> c.CapturesFound:
        """As the store tells it."""
        settled = {
            name for name, day in self.days.items() if day.opened.state is PayoutState.SETTLED
        }
        return c.CapturesFound(
            captures=tuple(
                c.CaptureStanding(
                    capture_id=name,
                    amount=share.gross,
                    fee=share.fee,
                    left=share.gross - self.gone.get(name, Money.zero()),
                    due_at=self.lines[name].due_at,
                    is_paid=self.lines[name].taken_by in settled,
                )
                for name, share in self.parts.get(plan_id, [])
                if name in self.lines
            ),
            shares=tuple(
                c.ShareStanding(
                    payout_id=share.payout_id or "",
                    amount=share.amount,
                    state=day.opened.state,
                    reason_code=day.opened.reason_code,
                )
                for day in self.days.values()
                for share in day.opened.shares
                if share.plan_id == plan_id
            ),
        )

    def _part(self, plan_id: str, part_id: str, amount: Money) -> Proceeds:
        parts = self.parts.setdefault(plan_id, [])
        stored = dict(parts)
        if part_id not in stored:
            whole = _proceeds(self.authorised[plan_id].amount)
            before = total(share.gross for _, share in parts)
            share = share_of(whole=whole, before=before, part=amount)
            parts.append((part_id, share))
            return share
        assert stored[part_id].gross == amount
        return stored[part_id]
