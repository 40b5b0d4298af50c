"""The ledger's steps of a merchant's money."""

from activities.contracts import merchant_books as contract
from activities.contracts.step import Nothing
from activities.edge import takes
from db.kernel.engine import Database
from db.ledger import disputes, order_refunds, payable, store


class MerchantBookActivities:
    """See :class:`activities.contracts.merchant_books.MerchantBookSteps`."""

    def __init__(self, *, database: Database) -> None:
        self._database = database

    @takes(contract.RELEASE_PROTECTED)
    async def release_protected(self, command: contract.ReleaseProtected) -> Nothing:
        """Let go of what was held for buyers."""
        own_ids = command.posting_ids or ("",) * len(command.ended)
        each_with_id = zip(command.ended, own_ids, strict=True)
        async with self._database.write() as session:
            for ended, own_id in sorted(each_with_id, key=lambda pair: (pair[0].plan_id, pair[1])):
                plan_id = ended.plan_id
                await store.post(
                    session=session,
                    posting_id=own_id
                    or await order_refunds.release_id(session=session, plan_id=plan_id),
                    happening=ended,
                    effective_at=command.effective_at,
                )
        return Nothing()

    @takes(contract.PROVE_PAYOUT)
    async def prove_payout(self, command: contract.ProvePayout) -> contract.PayoutProven:
        """Hold the lines to the books. Asked of the written store: a replica may lag."""
        async with self._database.write() as session:
            differences = await payable.differences(
                session=session,
                merchant_id=command.merchant_id,
                owed=dict(command.owed),
                owed_back=command.owed_back,
                reserve_released=command.reserve_released,
            )
        return contract.PayoutProven(differences=differences)

    @takes(contract.POST_SHARES)
    async def post_shares(self, command: contract.PostShares) -> Nothing:
        """Post what plans have had in a payout, in the order of their ids."""
        async with self._database.write() as session:
            for share in sorted(command.shares, key=lambda each: each.plan_id):
                await store.post(
                    session=session,
                    posting_id=share.payout_id,
                    happening=share,
                    effective_at=command.effective_at,
                )
        return Nothing()

    @takes(contract.POST_MERCHANT_PAYOUT)
    async def post_merchant_payout(self, command: contract.PostMerchantPayout) -> Nothing:
        """Post the whole."""
        await store.post_alone(
            database=self._database,
            posting_id=command.settled.payout_id,
            happening=command.settled,
            effective_at=command.effective_at,
        )
        return Nothing()

    @takes(contract.HOLD_DISPUTED)
    async def hold_disputed(self, command: contract.HoldDisputed) -> Nothing:
        """Have a disputed part wait."""
        async with self._database.write() as session:
            await disputes.hold_disputed(
                session=session,
                posting_id=command.posting_id,
                held=command.held,
                at=command.effective_at,
            )
        return Nothing()
