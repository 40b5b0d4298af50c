"""The steps of the credit domain."""

from activities.contracts.credit import (
    ASSESS,
    CONVERT_HOLD,
    RECORD_REPAYMENT,
    RELEASE_HOLD,
    REVERSE_REPAYMENT,
    WRITE_OFF,
    AssessCredit,
    ConvertHold,
    CreditDecision,
    DeclineReason,
    RecordRepayment,
    ReleaseHold,
    ReverseRepayment,
    WriteOffDebt,
)
from activities.contracts.step import Nothing
from activities.edge import takes
from db.credit import exposures
from db.credit.assessing import CreditApplication, assess
from db.credit.policies import policy_on
from db.kernel.encryption import Keyring
from db.kernel.engine import Database
from meqenet.calendar import addis_date


class CreditActivities:
    """Implements :class:`activities.contracts.credit.CreditSteps` over the credit store."""

    def __init__(self, *, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring

    @takes(ASSESS)
    async def assess(self, command: AssessCredit) -> CreditDecision:
        """See :meth:`activities.contracts.credit.CreditSteps.assess`."""
        application = CreditApplication(
            plan_id=command.plan_id,
            customer_id=command.customer_id,
            age_years=command.age_years,
            option=command.option,
            amount=command.amount,
            monthly_payment=command.monthly_payment,
            monthly_income=command.monthly_income,
        )
        async with self._database.write() as session:
            decided = await assess(
                session=session,
                keyring=self._keyring,
                policy=await policy_on(session=session, day=addis_date(at=command.at)),
                application=application,
                at=command.at,
            )
        return CreditDecision(
            approved=decided.approved,
            tier=decided.tier.value,
            limit=decided.limit_santim,
            reasons=tuple(DeclineReason(**reason) for reason in decided.reasons),
        )

    @takes(RELEASE_HOLD)
    async def release_hold(self, command: ReleaseHold) -> Nothing:
        """See :meth:`activities.contracts.credit.CreditSteps.release_hold`."""
        async with self._database.write() as session:
            await exposures.release_hold(
                session=session,
                plan_id=command.plan_id,
                at=command.at,
                released_as=command.released_as,
            )
        return Nothing()

    @takes(CONVERT_HOLD)
    async def convert_hold(self, command: ConvertHold) -> Nothing:
        """See :meth:`activities.contracts.credit.CreditSteps.convert_hold`."""
        async with self._database.write() as session:
            await exposures.convert_hold(
                session=session, plan_id=command.plan_id, owed=command.owed, at=command.at
            )
        return Nothing()

    @takes(RECORD_REPAYMENT)
    async def record_repayment(self, command: RecordRepayment) -> Nothing:
        """See :meth:`activities.contracts.credit.CreditSteps.record_repayment`."""
        async with self._database.write() as session:
            await exposures.record_repayment(
                session=session,
                plan_id=command.plan_id,
                repayment_id=command.repayment_id,
                principal=command.principal,
                on_time=command.on_time,
                at=command.at,
            )
        return Nothing()

    @takes(REVERSE_REPAYMENT)
    async def reverse_repayment(self, command: ReverseRepayment) -> Nothing:
        """See :meth:`activities.contracts.credit.CreditSteps.reverse_repayment`."""
        async with self._database.write() as session:
            await exposures.reverse_repayment(
                session=session,
                plan_id=command.plan_id,
                repayment_id=command.repayment_id,
                principal=command.principal,
                at=command.at,
            )
        return Nothing()

    @takes(WRITE_OFF)
    async def write_off(self, command: WriteOffDebt) -> Nothing:
        """See :meth:`activities.contracts.credit.CreditSteps.write_off`."""
        async with self._database.write() as session:
            await exposures.write_off(session=session, plan_id=command.plan_id, at=command.at)
        return Nothing()
