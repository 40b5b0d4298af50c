"""A lived plan whose order is captured, voided, taken back and disputed, as its process does it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from meqenet.bnpl.account_history import AccountHistory
from meqenet.bnpl.dispute_events import DisputedCapture, OrderDisputed, OrderDisputeEnded
from meqenet.bnpl.order_money import OrderMoney, order_money
from meqenet.bnpl.own_payment import own_payment
from meqenet.bnpl.payment_events import PaidShare
from meqenet.bnpl.progress import progress_of
from meqenet.bnpl.refund_events import (
    Gone,
    OrderCaptured,
    OrderVoided,
    order_refunded,
    price_gone,
)
from meqenet.bnpl.schedule_in_force import in_force
from meqenet.bnpl.servicing.account import InstallmentAccount
from meqenet.bnpl.servicing.dispute_wait import due_again, waiting_installments
from meqenet.bnpl.servicing.order_refund import refund_order
from meqenet.bnpl.servicing.pouring import amounts_of, pour
from meqenet.disputes.dispute_ids import dispute_id
from meqenet.errors import Refusal
from meqenet.money import Money, total
from tests.meqenet.bnpl.lived import LivedPlan

_NOTHING = Money.zero()
_DUE_AGAIN_DAYS = 14


@dataclass
class LivedOrder(LivedPlan):
    """A lived plan and what became of its order.

    Attributes:
        until: when the merchant's time to capture is over; None: all of it is captured at once.
        came: all that the customer has paid.
        went_back: what of that has been given back.
    """

    until: datetime | None = None
    came: Money = _NOTHING
    went_back: Money = _NOTHING

    @property
    def history(self) -> AccountHistory:
        """What has changed its account, by the log."""
        return progress_of(log=self.log).account

    @property
    def sums(self) -> OrderMoney:
        """What of the order is captured, voided and refunded."""
        return order_money(price=self.terms.principal, history=self.history, expires_at=self.until)

    @property
    def disputed(self) -> Money:
        """What of the order is in dispute."""
        dispute = self.history.dispute
        return _NOTHING if dispute is None else dispute.amount

    @property
    def refundable(self) -> Money:
        """What a merchant may take back by itself."""
        return self.sums.refundable - self.disputed

    @property
    def bears_interest(self) -> bool:
        """Whether time costs its customer anything."""
        return bool(self.terms.annual_rate_percent)

    @property
    def next_due(self) -> InstallmentAccount | None:
        """What is collected next: something is left of it, it is due, and in no dispute."""
        dispute = self.history.dispute
        waiting = () if dispute is None else dispute.waiting
        return next(
            (
                row
                for row in self.account.installments
                if row.left.planned and row.due_on <= self.on and row.number not in waiting
            ),
            None,
        )

    def pay_own(self, amount: Money | None) -> Money:
        """The customer pays by their own will, None pays off; returns nothing where refused."""
        try:
            asked = own_payment(
                account=self.account, policy=self.policy, amount=amount, on=self.on
            ).amount
        except Refusal:
            return _NOTHING
        self.pay(asked)
        self.came += asked
        return asked

    def collect_whole(self, row: InstallmentAccount) -> str:
        """All that is left of an installment is collected."""
        attempt = self.next_attempt(row.number)
        self._whole(attempt, row.number, amount=row.left.total, late_fee=_NOTHING)
        self.came += row.left.total
        return attempt

    def collect_part(self, row: InstallmentAccount, amount: Money) -> PaidShare:
        """A part of it is collected, of an amount that its wallet may not pay at once."""
        poured = amounts_of(
            pour(
                account=self.account,
                amount=amount,
                payable={row.number: row.left},
                components=self.policy.allocation_order,
            ).parts
        )
        share = PaidShare(
            number=row.number,
            principal=poured.principal,
            interest=poured.interest,
            late_fee=poured.fees,
        )
        self._part(self.next_attempt(row.number), share)
        self.came += amount
        return share

    def next_attempt(self, number: int) -> str:
        """The id of an installment's next attempt; every payment of a part was one."""
        made = [each for each in self.history.parts if each.number == number]
        return f"{self.plan_id}-i{number:02d}-a{len(made) + 1}"

    def capture(self, amount: Money) -> OrderCaptured:
        """The merchant has delivered a part."""
        number = len(self.history.captures) + 1
        told = OrderCaptured(number=number, reference=f"c-{number}", on=self.on, amount=amount)
        self.tell(told)
        return told

    def take_off(self, amount: Money, *, reference: str, is_void: bool) -> Gone:
        """A part of the order goes back, or will never be captured."""
        before, history = self.account, self.history
        found = refund_order(
            account=before,
            policy=self.policy,
            amount=amount,
            on=self.on,
            returns_interest=True if is_void else None,
        )
        told: Gone
        if is_void:
            number = len(history.voids()) + 1
            gone = price_gone(before=before, refund=found, number=number, reference=reference)
            told = OrderVoided(**vars(gone), by="merchant")
        else:
            number = len(history.goods_back()) + 1
            told = order_refunded(before=before, refund=found, number=number, reference=reference)
        self.tell(told)
        self.went_back += told.cash_back
        return told

    def dispute(
        self, amount: Money, *, fee: Money, captures: tuple[DisputedCapture, ...] = ()
    ) -> OrderDisputed:
        """The customer disputes a part; ``fee`` is the merchant's on it."""
        number = len(self.history.disputes) + 1
        told = OrderDisputed(
            dispute_id=dispute_id(plan_id=self.plan_id, number=number),
            opening_id=f"o-{number}",
            reason="not_received",
            on=self.on,
            amount=amount,
            held=amount - fee,
            waiting=waiting_installments(
                account=self.account, policy=self.policy, amount=amount, on=self.on
            ),
            due_again_days=_DUE_AGAIN_DAYS,
            by="cus_1",
            captures=captures,
        )
        self.tell(told)
        return told

    def end_dispute(self, dispute: OrderDisputed, *, outcome: str) -> OrderDisputeEnded:
        """Nothing waits any more; where it went for the customer, the part has gone back before."""
        before = self.account
        after = due_again(
            account=before,
            waiting=dispute.waiting,
            on=self.on,
            after_days=dispute.due_again_days,
        )
        told = OrderDisputeEnded(
            dispute_id=dispute.dispute_id,
            outcome=outcome,
            on=self.on,
            amount=dispute.amount,
            installments=()
            if after is None
            else tuple(in_force(row=r) for r in after.installments),
            arrears_moved=before.arrears_moved,
            paid=total(row.paid.planned for row in before.installments),
        )
        self.tell(told)
        return told

    def pass_days(self, days: int) -> None:
        """Time passes; none of these plans has late fees."""
        self.on += timedelta(days=days)

    def require_invariants(self) -> None:
        """Hold the plan to what must be so after every deed."""
        account, sums, history = self.account, self.sums, self.history
        principal = total(row.owed.principal for row in account.installments)
        owed_less = total(each.owed_less for each in history.refunds)
        assert principal == self.terms.principal - owed_less
        assert _NOTHING <= sums.refunded <= sums.captured
        assert sums.captured + sums.voided <= sums.authorised == self.terms.principal
        assert self.disputed <= sums.refundable
        assert total(each.cash_back for each in history.refunds) == self.went_back <= self.came
        kept = total(row.paid.planned for row in account.installments)
        assert self.came - total(each.interest_returned for each in history.refunds) == kept
        for row in account.installments:
            assert _NOTHING <= row.paid.principal <= row.owed.principal
            assert _NOTHING <= row.paid.interest <= row.owed.interest
        dates = [row.due_on for row in account.installments]
        assert dates == sorted(dates)
