"""The payments domain's steps for payments that a plan replays: each one transaction."""

from activities.contracts import payment_replays as contract
from activities.contracts.step import Nothing
from activities.edge import takes
from db.kernel.engine import Database
from db.payments import replays


class PaymentReplayActivities:
    """See :class:`activities.contracts.payment_replays.PaymentReplaySteps`."""

    def __init__(self, *, database: Database) -> None:
        self._database = database

    @takes(contract.FIND_GONE_BACK)
    async def find_gone_back(self, command: contract.FindGoneBack) -> contract.GoneBackFound:
        """Asked of the written store: a replica may lag."""
        async with self._database.write() as session:
            found = await replays.went_back(session=session, plan_id=command.plan_id)
        return contract.GoneBackFound(attempt_ids=tuple(found))

    @takes(contract.RECOUNT_PAYMENTS)
    async def recount_payments(self, command: contract.RecountPayments) -> Nothing:
        """Note what became of the money of each payment."""
        async with self._database.write() as session:
            if command.gone is not None:
                await replays.reverse_payment(
                    session=session,
                    attempt_id=command.gone.attempt_id,
                    replay_id=command.replay_id,
                    by=command.gone.by,
                    why=command.gone.why,
                    at=command.at,
                )
            await replays.recount_payments(
                session=session,
                replay_id=command.replay_id,
                credit_of={each.attempt_id: each.credit for each in command.recounted},
                at=command.at,
            )
        return Nothing()
