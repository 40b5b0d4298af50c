"""The payments domain's steps for money that came late: each one transaction."""

from activities.contracts import late_money as contract
from activities.contracts.payments import AttemptStanding, AttemptState
from activities.contracts.step import Nothing
from activities.edge import takes
from db.kernel.encryption import Keyring
from db.kernel.engine import Database
from db.payments import customer_credit, placing, stray_bills
from db.payments.late_money import find_attempt
from meqenet.payments.channels import Channel


class LateMoneyActivities:
    """See :class:`activities.contracts.late_money.LateMoneySteps`."""

    def __init__(self, *, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring

    @takes(contract.SETTLE_INSTALLMENT)
    async def settle_installment(
        self, command: contract.SettleInstallment
    ) -> contract.InstallmentSettled:
        """Take late money for an installment."""
        async with self._database.write() as session:
            attempt = await placing.settle_installment(
                session=session,
                plan_id=command.plan_id,
                installment_id=command.installment_id,
                at=command.at,
            )
        if attempt is None:
            return contract.InstallmentSettled(standing=None)
        return contract.InstallmentSettled(
            standing=AttemptStanding(
                attempt_id=attempt.attempt_id,
                state=AttemptState(attempt.state),
                receipt=attempt.receipt,
                amount=attempt.moved_santim,
                succeeded_at=attempt.moved_at,
                provider=attempt.provider,
            )
        )

    @takes(contract.FIND_ATTEMPT)
    async def find_attempt(self, command: contract.FindAttempt) -> contract.AttemptKnown:
        """Asked of the written store: a replica may lag."""
        async with self._database.write() as session:
            attempt = await find_attempt(session=session, attempt_id=command.attempt_id)
        if attempt is None:
            return contract.AttemptKnown(state=None)
        return contract.AttemptKnown(
            state=AttemptState(attempt.state),
            provider=attempt.provider,
            provider_reference=attempt.provider_reference,
            receipt=attempt.receipt if attempt.channel == Channel.PAY_BILL else None,
        )

    @takes(contract.OPEN_STRAY_BILL)
    async def open_stray_bill(self, command: contract.OpenStrayBill) -> contract.StrayBillOpened:
        """Make money that came for a plan which has ended an order of ours."""
        async with self._database.write() as session:
            attempt = await stray_bills.open_stray_bill(
                session=session,
                keyring=self._keyring,
                plan_id=command.plan_id,
                receipt=command.receipt,
                amount=command.amount,
                at=command.at,
            )
        return contract.StrayBillOpened(attempt_id=attempt.attempt_id)

    @takes(contract.PLACE_MONEY)
    async def place_money(self, command: contract.PlaceMoney) -> contract.MoneyPlaced:
        """Decide where an attempt's money belongs."""
        async with self._database.write() as session:
            placed = await placing.place_money(
                session=session, attempt_id=command.attempt_id, need=command.need, at=command.at
            )
        attempt = placed.attempt
        return contract.MoneyPlaced(
            place=placed.place,
            provider=attempt.provider,
            amount=attempt.asked_santim,
            surplus_at=attempt.surplus_at,
        )

    @takes(contract.KEEP_OVERPAID)
    async def keep_overpaid(self, command: contract.KeepOverpaid) -> Nothing:
        """Keep what was more than was owed."""
        async with self._database.write() as session:
            await customer_credit.keep_overpaid(
                session=session,
                attempt_id=command.attempt_id,
                amount=command.amount,
                at=command.at,
            )
        return Nothing()

    @takes(contract.ASK_CREDIT_RETURN)
    async def ask_credit_return(
        self, command: contract.AskCreditReturn
    ) -> contract.CreditReturnOpened:
        """Store that a surplus goes back."""
        async with self._database.write() as session:
            asked = await customer_credit.ask_return(
                session=session,
                keyring=self._keyring,
                attempt_id=command.attempt_id,
                by=command.by,
                why=command.why,
                at=command.at,
            )
        return contract.CreditReturnOpened(
            refund_id=asked.refund_id,
            provider=asked.provider,
            amount=asked.amount,
            reason=customer_credit.REASON,
            is_new=asked.is_new,
            is_returned=asked.is_returned,
        )
