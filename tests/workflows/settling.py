"""Merchants' days in memory: lines by plan, and the payouts that have taken them."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from activities.contracts import merchant_books, settlement
from activities.contracts import merchant_settlement as m
from activities.contracts.step import Nothing
from activities.edge import takes
from meqenet.errors import Mender, Refusal
from meqenet.identity import merchant_payout_id, payday_id, payout_id
from meqenet.money import Money, total
from meqenet.settlement.lines import CloseOutcome, LineMoney
from meqenet.settlement.payouts import PayoutState
from meqenet.settlement.transfer import (
    CreditTransfer,
    PayoutAccount,
    PayoutRail,
    TransferStatus,
)
from tests.workflows.books import Books

_FINAL = {
    TransferStatus.SETTLED: PayoutState.SETTLED,
    TransferStatus.REJECTED: PayoutState.REJECTED,
}


@dataclass
class Line:
    """An order's line, or a capture's of ``plan_id``."""

    merchant_id: str
    clock: str | None
    net: Money
    due_at: datetime
    protected: bool
    taken_by: str | None = None
    plan_id: str = ""


@dataclass
class Day:
    """A payout of a merchant."""

    opened: m.OpenedPayout
    run: str
    merchant_id: str
    clock: str | None
    is_finished: bool = False
    is_let: bool = False


@dataclass
class Paydays(Books):
    """Lines and payouts of merchants. ``unproven``: what the ledger says against a payout."""

    lines: dict[str, Line] = field(default_factory=dict)
    days: dict[str, Day] = field(default_factory=dict)
    minimum: Money = field(default_factory=lambda: Money(1))
    rail: PayoutRail = PayoutRail.BANK
    unproven: list[tuple[str, ...]] = field(default_factory=list)
    told_unproven: list[m.RecordUnproven] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)
    """Merchants whose terms are missing."""
    retried: list[m.LetRetry] = field(default_factory=list)
    added: dict[str, m.AddLine] = field(default_factory=dict)

    def add_order(
        self, command: settlement.ScheduleSettlement, scheduled: settlement.SettlementScheduled
    ) -> None:
        """The order's line, where the merchant's day brings it."""
        if command.line is not None:
            self.lines.setdefault(
                command.plan_id,
                Line(
                    merchant_id=command.merchant_id,
                    clock=command.line.test_clock_id,
                    net=scheduled.net,
                    due_at=scheduled.due_at,
                    protected=command.protection_days > 0,
                ),
            )

    @takes(m.ADD_LINE)
    async def add_line(self, command: m.AddLine) -> m.LineAdded:
        """It takes from the order's money while no payout has that, else it is owed back."""
        line, net = self.lines[command.plan_id], command.gross - command.fee - command.tax
        is_out = line.taken_by is not None
        if command.line_id not in self.added:
            self.added[command.line_id] = command
            line.net += Money.zero() if is_out else net
        return m.LineAdded(
            line_id=command.line_id,
            money=LineMoney.RECEIVABLE if is_out else LineMoney.PAYABLE,
            net=net,
            is_protected=line.protected and not is_out,
        )

    def carrier_of(self, plan_id: str) -> str | None:
        """The merchant's payout in which the plan's order is."""
        line = self.lines.get(plan_id)
        return None if line is None else line.taken_by

    @takes(m.CLOSE_DAY)
    async def close_day(self, command: m.CloseDay) -> m.DayClosed:
        """As the store does it, with one line for each plan."""
        if command.merchant_id in self.refuses:
            raise Refusal("merchant_terms_missing", "no terms are on file", mender=Mender.MEQENET)
        mine = [
            day
            for day in self.days.values()
            if (day.merchant_id, day.clock) == (command.merchant_id, command.test_clock_id)
        ]
        for day in mine:
            if not day.is_finished:
                opened = replace(day.opened, asks_first=day.run != command.run)
                return m.DayClosed(
                    outcome=CloseOutcome.TAKEN, available=opened.transfer.amount, payout=opened
                )
        free = {
            plan_id: line
            for plan_id, line in sorted(self.lines.items())
            if (line.merchant_id, line.clock) == (command.merchant_id, command.test_clock_id)
            and line.taken_by is None
            and line.due_at <= command.at
        }
        available = total(line.net for line in free.values())
        if not free:
            return m.DayClosed(outcome=CloseOutcome.NOTHING, available=available)
        if mine and mine[-1].opened.state is PayoutState.REJECTED and not mine[-1].is_let:
            return m.DayClosed(outcome=CloseOutcome.HELD, available=available)
        if available < self.minimum:
            return m.DayClosed(outcome=CloseOutcome.CARRIED_OVER, available=available)
        return m.DayClosed(
            outcome=CloseOutcome.TAKEN,
            available=available,
            payout=self._take(command, free, available=available),
        )

    def _take(
        self, command: m.CloseDay, free: dict[str, Line], *, available: Money
    ) -> m.OpenedPayout:
        day_id = payday_id(
            merchant_id=command.merchant_id, clock_id=command.test_clock_id, day=command.day
        )
        number = 1 + sum(each.startswith(day_id) for each in self.days)
        made = merchant_payout_id(payday_id=day_id, number=number)
        of_plans: dict[str, list[Line]] = {}
        releases: dict[str, list[m.Release]] = {}
        for name, line in free.items():
            line.taken_by = made
            if line.plan_id and line.protected:
                release = m.Release(posting_id=f"{name}-protection", amount=line.net)
                releases.setdefault(line.plan_id, []).append(release)
            of_plans.setdefault(line.plan_id or name, []).append(line)
        opened = m.OpenedPayout(
            transfer=CreditTransfer(
                end_to_end_id=made,
                creditor=PayoutAccount(bic="CBETETAA", account_number="1", account_name="Shop"),
                amount=available,
                remittance=made,
            ),
            rail=self.rail,
            state=PayoutState.CREATED,
            shares=tuple(
                m.Share(
                    plan_id=plan_id,
                    payout_id=payout_id(plan_id=plan_id, number=1 + self._shares_of(plan_id)),
                    amount=total(line.net for line in lines),
                    owed=total(line.net for line in lines),
                    protected=total(line.net for line in lines if line.protected),
                    releases=tuple(releases.get(plan_id, ())),
                )
                for plan_id, lines in of_plans.items()
            ),
            owed_back=Money.zero(),
            reserve_held=Money.zero(),
            reserve_released=Money.zero(),
            opened_at=command.at,
        )
        self.days[made] = Day(
            opened=opened,
            run=command.run,
            merchant_id=command.merchant_id,
            clock=command.test_clock_id,
        )
        return opened

    def _shares_of(self, plan_id: str) -> int:
        """How many payouts have had something of the plan."""
        shares = (share for day in self.days.values() for share in day.opened.shares)
        return sum(share.plan_id == plan_id for share in shares)

    @takes(m.RECORD_MERCHANT_PAYOUT)
    async def record_merchant_payout(self, command: m.RecordMerchantPayout) -> Nothing:
        """A rejection frees the lines."""
        day, answer = self.days[command.payout_id], command.answer
        if answer is None or answer.status not in _FINAL:
            return Nothing()
        day.opened = replace(
            day.opened, state=_FINAL[answer.status], reason_code=answer.reason_code
        )
        if day.opened.state is PayoutState.REJECTED:
            for line in self.lines.values():
                if line.taken_by == command.payout_id:
                    line.taken_by = None
        return Nothing()

    @takes(m.RECORD_UNPROVEN)
    async def record_unproven(self, command: m.RecordUnproven) -> Nothing:
        """Kept, to be looked at."""
        self.told_unproven.append(command)
        return Nothing()

    @takes(m.FINISH_MERCHANT_PAYOUT)
    async def finish_merchant_payout(self, command: m.FinishMerchantPayout) -> Nothing:
        """Nothing is left to do for it."""
        self.days[command.payout_id].is_finished = True
        return Nothing()

    @takes(m.LET_RETRY)
    async def let_retry(self, command: m.LetRetry) -> m.RetryLet:
        """A member of staff's word."""
        self.retried.append(command)
        day = self.days[command.payout_id]
        day.is_let = True
        return m.RetryLet(merchant_id=day.merchant_id, test_clock_id=day.clock)

    @takes(m.FIND_SHARE)
    async def find_share(self, command: m.FindShare) -> m.ShareFound:
        """The newest payout that had the plan's order."""
        for day in reversed(self.days.values()):
            for share in day.opened.shares:
                if share.plan_id == command.plan_id:
                    return m.ShareFound(
                        payout_id=share.payout_id,
                        carried_by=day.opened.transfer.end_to_end_id,
                        amount=share.amount,
                        state=day.opened.state,
                        reason_code=day.opened.reason_code,
                    )
        return m.ShareFound()

    @takes(m.FIND_MERCHANTS_DUE)
    async def find_merchants_due(self, command: m.FindMerchantsDue) -> m.MerchantsDue:
        """In real time."""
        due = {
            line.merchant_id
            for line in self.lines.values()
            if line.clock is None and line.taken_by is None and line.due_at <= command.at
        }
        behind = sorted(each for each in due if each > command.after)
        return m.MerchantsDue(merchant_ids=tuple(behind[: command.limit]))

    @takes(merchant_books.RELEASE_PROTECTED)
    async def release_protected(self, command: merchant_books.ReleaseProtected) -> Nothing:
        """Posted as any happening is."""
        own_ids = command.posting_ids or [f"{each.plan_id}-protection" for each in command.ended]
        for own_id, ended in zip(own_ids, command.ended, strict=True):
            await self.keep(own_id, ended, command.effective_at)
        return Nothing()

    @takes(merchant_books.HOLD_DISPUTED)
    async def hold_disputed(self, command: merchant_books.HoldDisputed) -> Nothing:
        """Posted as any happening is."""
        await self.keep(command.posting_id, command.held, command.effective_at)
        return Nothing()

    @takes(merchant_books.PROVE_PAYOUT)
    async def prove_payout(
        self, _command: merchant_books.ProvePayout
    ) -> merchant_books.PayoutProven:
        """What is planned, in order; then nothing is said against it."""
        found = self.unproven.pop(0) if self.unproven else ()
        return merchant_books.PayoutProven(differences=found)

    @takes(merchant_books.POST_SHARES)
    async def post_shares(self, command: merchant_books.PostShares) -> Nothing:
        """Posted as any happening is."""
        for share in command.shares:
            await self.keep(share.payout_id, share, command.effective_at)
        return Nothing()

    @takes(merchant_books.POST_MERCHANT_PAYOUT)
    async def post_merchant_payout(self, command: merchant_books.PostMerchantPayout) -> Nothing:
        """Posted as any happening is."""
        await self.keep(command.settled.payout_id, command.settled, command.effective_at)
        return Nothing()
