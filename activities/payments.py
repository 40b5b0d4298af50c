"""The payments domain's steps: each one transaction, each idempotent by its ids."""

from dataclasses import replace
from datetime import date

from activities.contracts import collecting
from activities.contracts import payments as contract
from activities.contracts.step import Nothing
from activities.contracts.wallets import FILE_WALLET, FileWallet, WalletFiled
from activities.edge import takes
from activities.holidays import public_holidays
from db.kernel.encryption import Keyring
from db.kernel.engine import Database, ReadSession
from db.payments import attempts, loading, planning, policies, refunds, wallets
from db.payments.tables import Attempt
from meqenet.calendar import addis_date
from meqenet.errors import Defect
from meqenet.payments.attempts import Finding
from meqenet.payments.causes import remedy_for
from meqenet.payments.channels import request_channel
from meqenet.payments.planning import plan_attempt
from meqenet.payments.wallet_ids import wallet_id_of, wallet_number


class PaymentsActivities:
    """See ``PaymentsSteps``, ``WalletSteps`` and ``CollectingSteps`` in the contracts."""

    def __init__(self, *, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring

    @takes(contract.REGISTER_WALLET)
    async def register_wallet(self, command: contract.RegisterWallet) -> Nothing:
        """Put the wallet that pays a plan on file."""
        async with self._database.write() as session:
            await wallets.register_wallet(
                session=session,
                keyring=self._keyring,
                plan_id=command.plan_id,
                provider=command.provider,
                msisdn=command.msisdn,
                contract_no=command.contract_no,
                at=command.at,
            )
        return Nothing()

    @takes(FILE_WALLET)
    async def file_wallet(self, command: FileWallet) -> WalletFiled:
        """Put a further wallet of the customer on file."""
        async with self._database.write() as session:
            wallet_id = await wallets.file_wallet(
                session=session,
                keyring=self._keyring,
                plan_id=command.plan_id,
                provider=command.provider,
                msisdn=command.msisdn,
                at=command.at,
            )
        return WalletFiled(wallet_id=wallet_id)

    @takes(collecting.PLAN_NEXT_ATTEMPT)
    async def plan_next_attempt(
        self, command: collecting.PlanNextAttempt
    ) -> collecting.NextAttemptPlanned:
        """Decide on an installment's next attempt. Asked of the written store, as it stands."""
        terms, today = command.terms, addis_date(at=command.at)
        async with self._database.write() as session:
            policy = await policies.find_retry_policy(
                session=session, option=terms.option, day=terms.signed_on
            )
            if policy is None:
                return await _without_policy(session=session, command=command)
            limits = await policies.wallet_limits_on(session=session, day=today)
            stored = await planning.collectable_of(
                session=session,
                plan_id=command.plan_id,
                installment_id=command.installment_id,
                amount=command.amount,
                due_on=terms.due_on,
                mended_at=terms.mended_at,
                asked_from=terms.asked_from,
                chosen=terms.wallet_id,
                at=command.at,
            )
        planned = plan_attempt(
            of=replace(
                stored.collectable, rest_of=command.rest_of, follows_part=command.follows_part
            ),
            policy=policy,
            limits=limits,
            holidays=_holidays_from(day=min(today, terms.due_on)),
        )
        mandate = stored.collectable.wallet.mandate
        return collecting.told(
            planned=planned,
            contract_no=stored.contract_no,
            mandate=None if mandate is None else mandate.status,
        )

    @takes(contract.OPEN_ATTEMPT)
    async def open_attempt(self, command: contract.OpenAttempt) -> contract.AttemptOpened:
        """Store the intent to collect."""
        async with self._database.write() as session:
            opened = await attempts.open_attempt(
                session=session,
                keyring=self._keyring,
                new=attempts.NewAttempt(
                    attempt_id=command.attempt_id,
                    plan_id=command.plan_id,
                    installment_id=command.installment_id,
                    wallet_id=command.wallet_id,
                    channel=command.channel,
                    amount=command.amount,
                    at=command.at,
                    is_part=command.is_part,
                ),
            )
            questions = await policies.find_query_times(
                session=session, day=addis_date(at=command.at)
            )
        return contract.AttemptOpened(
            attempt_id=command.attempt_id,
            provider=opened.attempt.provider,
            msisdn=opened.wallet.msisdn,
            contract_no=opened.wallet.contract_no,
            state=contract.AttemptState(opened.attempt.state),
            provider_reference=opened.attempt.provider_reference,
            standing=_standing(opened.attempt),
            questions=questions,
        )

    @takes(contract.RECORD_ANSWER)
    async def record_answer(self, command: contract.RecordAnswer) -> contract.AttemptStanding:
        """Store what is known of an attempt now.

        The evidence of another amount than asked for is committed before the defect is raised.
        """
        async with self._database.write() as session:
            attempt, finding = await attempts.record_answer(
                session=session,
                attempt_id=command.attempt_id,
                answer=command.answer,
                source=command.source,
                at=command.at,
            )
        if finding is Finding.AMOUNT_DIFFERS:
            raise Defect(
                "amount_differs",
                f"{command.attempt_id}: another amount has moved than was asked for",
                facts={"asked": str(attempt.asked_santim)},
            )
        return _standing(attempt)

    @takes(contract.RECORD_MANDATE)
    async def record_mandate(self, command: contract.RecordMandate) -> Nothing:
        """Store what the provider says of the plan's mandate."""
        async with self._database.write() as session:
            await wallets.record_mandate(
                session=session, plan_id=command.plan_id, answer=command.answer, at=command.at
            )
        return Nothing()

    @takes(contract.FIND_MANDATE)
    async def find_mandate(self, command: contract.FindMandate) -> contract.MandateToCancel:
        """Which mandate must be cancelled? Asked of the written store: a replica may lag."""
        async with self._database.write() as session:
            contract_no = await wallets.active_contract(session=session, plan_id=command.plan_id)
            wallet = await wallets.wallet_of(
                session=session, keyring=self._keyring, plan_id=command.plan_id
            )
        return contract.MandateToCancel(contract_no=contract_no, msisdn=wallet.msisdn)

    @takes(contract.OPEN_REFUND)
    async def open_refund(self, command: contract.OpenRefund) -> contract.RefundOpened:
        """Store the intent to give money back."""
        async with self._database.write() as session:
            opened = await refunds.open_refund(
                session=session,
                keyring=self._keyring,
                refund_id=command.refund_id,
                attempt_id=command.attempt_id,
                amount=command.amount,
                reason=command.reason,
                at=command.at,
            )
        return contract.RefundOpened(
            provider=opened.provider,
            order=opened.order,
            state=contract.AttemptState(opened.state),
        )

    @takes(contract.RECORD_REFUND)
    async def record_refund(self, command: contract.RecordRefund) -> Nothing:
        """Store what is known of a refund now."""
        async with self._database.write() as session:
            await refunds.record_refund(
                session=session,
                refund_id=command.refund_id,
                answer=command.answer,
                at=command.at,
            )
        return Nothing()

    @takes(contract.LOAD_PAYMENTS)
    async def load_payments(self, command: contract.LoadPayments) -> contract.LoadedPayments:
        """What is known of a plan's payments. Asked of the written store: a replica may lag."""
        async with self._database.write() as session:
            orders = await loading.orders_of(
                session=session, keyring=self._keyring, plan_id=command.plan_id
            )
        return contract.LoadedPayments(
            msisdn=orders.msisdn,
            attempts=tuple(
                contract.AttemptFound(
                    attempt_id=attempt.attempt_id,
                    state=contract.AttemptState(attempt.state),
                    channel=contract.Channel(attempt.channel),
                    succeeded_at=attempt.moved_at,
                    is_surplus=attempt.surplus_at is not None,
                    is_part=attempt.is_part,
                    amount=attempt.asked_santim,
                    provider=attempt.provider,
                    wallet_id=wallet_id_of(plan_id=attempt.plan_id, number=attempt.wallet_number),
                )
                for attempt in orders.attempts
            ),
            refunds=tuple(
                contract.RefundFound(
                    refund_id=refund.refund_id,
                    attempt_id=refund.attempt_id,
                    state=contract.AttemptState(refund.state),
                )
                for refund in orders.refunds
            ),
            further_wallets=tuple(orders.further_wallets),
        )


async def _without_policy(
    *, session: ReadSession, command: collecting.PlanNextAttempt
) -> collecting.NextAttemptPlanned:
    """The product's dates say when; of a wallet that was chosen it is told how it is asked."""
    number = wallet_number(plan_id=command.plan_id, wallet_id=command.terms.wallet_id)
    for other in await wallets.further_wallets(session=session, plan_id=command.plan_id):
        if other.number == number:
            return collecting.NextAttemptPlanned(
                at=None,
                reason=collecting.NO_POLICY,
                channel=contract.Channel(request_channel(provider=other.provider).value),
                wallet_id=command.terms.wallet_id,
                provider=other.provider,
            )
    return collecting.NextAttemptPlanned(at=None, reason=collecting.NO_POLICY)


def _standing(attempt: Attempt) -> contract.AttemptStanding:
    cause = attempt.cause
    return contract.AttemptStanding(
        attempt_id=attempt.attempt_id,
        state=contract.AttemptState(attempt.state),
        cause=cause,
        retryable=cause is not None and remedy_for(cause=cause).retryable,
        receipt=attempt.receipt,
        amount=attempt.moved_santim,
        succeeded_at=attempt.moved_at,
        provider=attempt.provider,
    )


def _holidays_from(*, day: date) -> frozenset[date]:
    """Ethiopia's public holidays of that year and the two after it."""
    return public_holidays(years=(day.year, day.year + 1, day.year + 2))
