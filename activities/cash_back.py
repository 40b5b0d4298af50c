"""The payments domain's step for money that goes back because goods do."""

from activities.contracts import cash_back as contract
from activities.edge import takes
from db.kernel.encryption import Keyring
from db.kernel.engine import Database
from db.payments import cash_back


class CashBackActivities:
    """See :class:`activities.contracts.cash_back.CashBackSteps`."""

    def __init__(self, *, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring

    @takes(contract.SHARE_CASH_BACK)
    async def share_cash_back(self, command: contract.ShareCashBack) -> contract.CashBackShared:
        """Store which payments it goes back to."""
        async with self._database.write() as session:
            parts = await cash_back.share_cash_back(
                session=session,
                keyring=self._keyring,
                plan_id=command.plan_id,
                cash_back_id=command.cash_back_id,
                amount=command.amount,
                at=command.at,
                again=None
                if command.again_by is None
                else cash_back.Again(by=command.again_by, why=command.again_why),
            )
        return contract.CashBackShared(reason=cash_back.REASON, parts=parts)
