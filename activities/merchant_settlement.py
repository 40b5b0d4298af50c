"""The settlement domain's steps of a merchant's day: each one transaction, idempotent by ids."""

from activities.contracts import merchant_settlement as contract
from activities.contracts.step import Nothing
from activities.edge import takes
from activities.holidays import holidays_after
from db.kernel.encryption import Keyring
from db.kernel.engine import Database, WriteSession
from db.settlement import closing, due, lines, merchant_payouts, merchants
from db.settlement.scheduling import closed_days
from db.settlement.tables import MerchantPayout
from meqenet.calendar import addis_date
from meqenet.errors import Defect
from meqenet.money import Money
from meqenet.settlement.lines import ReserveTerms
from meqenet.working_days import is_working_day


class MerchantSettlementActivities:
    """See :class:`activities.contracts.merchant_settlement.MerchantSettlementSteps`."""

    def __init__(self, *, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring

    @takes(contract.ADD_LINE)
    async def add_line(self, command: contract.AddLine) -> contract.LineAdded:
        """Add a line of a plan."""
        async with self._database.write() as session:
            await lines.lock_merchant(session=session, merchant_id=command.merchant_id)
            added = await lines.add_line(
                session=session,
                line=lines.NewLine(
                    line_id=command.line_id,
                    merchant_id=command.merchant_id,
                    plan_id=command.plan_id,
                    kind=command.kind,
                    gross=command.gross,
                    fee=command.fee,
                    tax=command.tax,
                    available_at=command.available_at,
                    follows=command.follows,
                    of_line=command.of_line,
                ),
                at=command.at,
            )
            return contract.LineAdded(
                line_id=added.line_id,
                money=added.money,
                net=added.net_santim,
                is_protected=added.is_protected,
            )

    @takes(contract.CLOSE_DAY)
    async def close_day(self, command: contract.CloseDay) -> contract.DayClosed:
        """Close a merchant's day."""
        async with self._database.write() as session:
            closed = await closing.close_day(
                session=session,
                wanted=closing.DayToClose(
                    merchant_id=command.merchant_id,
                    clock_id=command.test_clock_id or "",
                    day=command.day,
                    at=command.at,
                    run=command.run,
                ),
            )
            opened = None
            if closed.payout is not None:
                opened = await self._opened(session, closed.payout, run=command.run)
            return contract.DayClosed(
                outcome=closed.outcome, available=closed.available, payout=opened
            )

    @takes(contract.RECORD_MERCHANT_PAYOUT)
    async def record_merchant_payout(self, command: contract.RecordMerchantPayout) -> Nothing:
        """Store what was said; the evidence is committed before a defect is raised."""
        async with self._database.write() as session:
            contradicts = await merchant_payouts.record_answer(
                session=session,
                payout_id=command.payout_id,
                answer=command.answer,
                at=command.at,
            )
        if contradicts:
            raise Defect(
                "payout_contradicted",
                f"{command.payout_id}: the provider says otherwise than it has said before",
            )
        return Nothing()

    @takes(contract.RECORD_UNPROVEN)
    async def record_unproven(self, command: contract.RecordUnproven) -> Nothing:
        """Tell of differences."""
        async with self._database.write() as session:
            await merchant_payouts.record_unproven(
                session=session,
                payout_id=command.payout_id,
                differences=command.differences,
            )
        return Nothing()

    @takes(contract.FINISH_MERCHANT_PAYOUT)
    async def finish_merchant_payout(self, command: contract.FinishMerchantPayout) -> Nothing:
        """Close the payout itself."""
        async with self._database.write() as session:
            await merchant_payouts.finish(
                session=session, payout_id=command.payout_id, at=command.at
            )
        return Nothing()

    @takes(contract.CHANGE_TERMS)
    async def change_terms(self, command: contract.ChangeTerms) -> contract.TermsTold:
        """Put other terms on file, or tell those in force."""
        async with self._database.write() as session:
            found = await merchants.change_terms(
                session=session,
                keyring=self._keyring,
                change=merchants.TermsChange(
                    merchant_id=command.merchant_id,
                    fee_basis_points=command.fee_basis_points,
                    fee_fixed=command.fee_fixed,
                    delay_days=command.delay_days,
                    account=command.account,
                    reserve_basis_points=command.reserve_basis_points,
                    reserve_days=command.reserve_days,
                    minimum=command.minimum,
                ),
                at=command.at,
            )
            fixed = found.fee_fixed_santim
            return contract.TermsTold(
                effective_at=found.effective_at,
                fee_basis_points=found.fee_basis_points,
                fee_fixed={option: Money(santim) for option, santim in fixed.items()},
                delay_days=found.delay_days,
                rail=found.rail,
                bic=found.bic,
                reserve=ReserveTerms(
                    basis_points=found.reserve_basis_points, days=found.reserve_days
                ),
                minimum=found.minimum_santim,
            )

    @takes(contract.LET_RETRY)
    async def let_retry(self, command: contract.LetRetry) -> contract.RetryLet:
        """Note a member of staff's word."""
        async with self._database.write() as session:
            payout = await merchant_payouts.let_retry(
                session=session,
                payout_id=command.payout_id,
                who=command.who,
                why=command.why,
                at=command.at,
            )
            return contract.RetryLet(
                merchant_id=payout.merchant_id, test_clock_id=payout.clock_id or None
            )

    @takes(contract.FIND_SHARE)
    async def find_share(self, command: contract.FindShare) -> contract.ShareFound:
        """How a plan's money stands. Asked of the written store: a replica may lag."""
        async with self._database.write() as session:
            share = await merchant_payouts.share_of(session=session, plan_id=command.plan_id)
            if share is None:
                return contract.ShareFound()
            return contract.ShareFound(
                payout_id=share.payout_id,
                carried_by=share.carried_by,
                amount=share.amount_santim,
                state=share.state,
                reason_code=share.reason_code,
            )

    @takes(contract.FIND_MERCHANTS_DUE)
    async def find_merchants_due(self, command: contract.FindMerchantsDue) -> contract.MerchantsDue:
        """Whose days are to be closed; nobody's while banks are closed."""
        day = addis_date(at=command.at)
        async with self._database.write() as session:
            closed = await closed_days(session=session, holidays=holidays_after(day=day))
            if not is_working_day(day=day, closed_on=closed):
                return contract.MerchantsDue(merchant_ids=())
            found = await due.merchants_due(
                session=session, at=command.at, after=command.after, limit=command.limit
            )
        return contract.MerchantsDue(merchant_ids=found)

    async def _opened(
        self, session: WriteSession, payout: MerchantPayout, *, run: str
    ) -> contract.OpenedPayout:
        shares = await merchant_payouts.plan_shares(session=session, payout=payout)
        return contract.OpenedPayout(
            transfer=await merchant_payouts.transfer_of(
                session=session, keyring=self._keyring, payout=payout
            ),
            rail=payout.rail,
            state=payout.state,
            shares=tuple(
                contract.Share(
                    plan_id=share.plan_id,
                    payout_id=share.payout_id,
                    amount=share.amount,
                    owed=share.owed,
                    protected=share.protected,
                    releases=tuple(
                        contract.Release(posting_id=each.posting_id, amount=each.amount)
                        for each in share.releases
                    ),
                )
                for share in shares
            ),
            owed_back=payout.owed_back_santim,
            reserve_held=payout.reserve_held_santim,
            reserve_released=payout.reserve_released_santim,
            opened_at=payout.opened_at,
            asks_first=payout.opened_by != run,
            reason_code=payout.reason_code,
        )
