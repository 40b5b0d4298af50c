"""The payments domain in memory; what it decides, it decides by the real rules and policies."""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from importlib.resources import files
from json import loads
from typing import Any

from activities.contracts import collecting
from activities.contracts import payments as p
from activities.contracts.cash_back import (
    SHARE_CASH_BACK,
    CashBackPart,
    CashBackShared,
    ShareCashBack,
)
from activities.contracts.late_money import KEEP_OVERPAID, KeepOverpaid
from activities.contracts.step import Nothing
from activities.contracts.wallets import FILE_WALLET, FileWallet, WalletFiled
from activities.edge import takes
from meqenet.errors import Mender, Refusal
from meqenet.identity import refund_id
from meqenet.money import Money, total
from meqenet.payments.causes import FailureCause, cause_of
from meqenet.payments.channels import Channel
from meqenet.payments.failures import FailedAttempt
from meqenet.payments.orders import attempt_number
from meqenet.payments.planning import Collectable, plan_attempt
from meqenet.payments.policy_documents import (
    read_query_times,
    read_retry_policy,
    read_wallet_limits,
)
from meqenet.payments.rail import PaymentAnswer, RailStatus, RefundPayment, WalletProvider
from meqenet.payments.routing import MandateOnFile, WalletOnFile
from meqenet.payments.wallet_ids import OWN_WALLET, wallet_id_of, wallet_number
from meqenet.payments.wallet_limits import WalletLimits


def policy(name: str) -> dict[str, Any]:
    """A policy of collection as it is published."""
    text = (files("db.payments") / "policies" / f"{name}.json").read_text()
    found: dict[str, Any] = loads(text)
    return found


QUESTIONS = read_query_times(document=policy("queries-orders-v1"))


@dataclass
class Payments:
    """Wallets, mandates, attempts and refunds, and the plans of next attempts."""

    attempts: dict[str, p.OpenAttempt] = field(default_factory=dict)
    standings: dict[str, p.AttemptStanding] = field(default_factory=dict)
    wallets: dict[str, p.RegisterWallet] = field(default_factory=dict)
    further: dict[str, list[FileWallet]] = field(default_factory=lambda: defaultdict(list))
    heard: list[PaymentAnswer] = field(default_factory=list)
    failed_at: dict[str, datetime] = field(default_factory=dict)
    mandates: dict[str, MandateOnFile] = field(default_factory=dict)
    planned: list[collecting.PlanNextAttempt] = field(default_factory=list)
    holidays: frozenset[date] = frozenset()
    cash_backs: dict[str, list[CashBackPart]] = field(default_factory=dict)
    payment_max: Money | None = None
    """What a wallet may pay at once; None leaves that to the directive."""
    overpaid: dict[str, Money] = field(default_factory=dict)

    @takes(KEEP_OVERPAID)
    async def keep_overpaid(self, command: KeepOverpaid) -> Nothing:
        self.overpaid[command.attempt_id] = command.amount
        return Nothing()

    @takes(p.REGISTER_WALLET)
    async def register_wallet(self, command: p.RegisterWallet) -> Nothing:
        self.wallets[command.plan_id] = command
        return Nothing()

    @takes(FILE_WALLET)
    async def file_wallet(self, command: FileWallet) -> WalletFiled:
        filed = self.further[command.plan_id]
        if command.msisdn == self.wallets[command.plan_id].msisdn:
            raise Refusal("wallet_is_own", "its own", mender=Mender.MERCHANT)
        if command.msisdn not in [each.msisdn for each in filed]:
            filed.append(command)
        phones = [each.msisdn for each in filed]
        number = OWN_WALLET + 1 + phones.index(command.msisdn)
        return WalletFiled(wallet_id=wallet_id_of(plan_id=command.plan_id, number=number))

    def provider_of(self, attempt_id: str) -> WalletProvider:
        """Whose wallet an attempt asks."""
        return self._wallet(self.attempts[attempt_id])[0]

    def _wallet(self, attempt: p.OpenAttempt) -> tuple[WalletProvider, str, str | None]:
        number = wallet_number(plan_id=attempt.plan_id, wallet_id=attempt.wallet_id)
        own = self.wallets[attempt.plan_id]
        if number == OWN_WALLET:
            return own.provider, own.msisdn, own.contract_no
        other = self.further[attempt.plan_id][number - OWN_WALLET - 1]
        return other.provider, other.msisdn, None

    @takes(p.OPEN_ATTEMPT)
    async def open_attempt(self, command: p.OpenAttempt) -> p.AttemptOpened:
        self.attempts[command.attempt_id] = command
        provider, msisdn, contract_no = self._wallet(command)
        standing = self.standings.setdefault(
            command.attempt_id,
            p.AttemptStanding(attempt_id=command.attempt_id, state=p.AttemptState.CREATED),
        )
        return p.AttemptOpened(
            attempt_id=command.attempt_id,
            provider=provider,
            msisdn=msisdn,
            contract_no=contract_no,
            state=standing.state,
            provider_reference=None,
            standing=standing,
            questions=QUESTIONS,
        )

    @takes(p.RECORD_ANSWER)
    async def record_answer(self, command: p.RecordAnswer) -> p.AttemptStanding:
        if command.answer is not None:
            self.heard.append(command.answer)
        before = self.standings[command.attempt_id]
        if before.state in (p.AttemptState.SUCCEEDED, p.AttemptState.FAILED):
            return before
        attempt = self.attempts[command.attempt_id]
        provider, _, _ = self._wallet(attempt)
        after = replace(_standing(before, command, attempt=attempt), provider=provider)
        self.standings[command.attempt_id] = after
        if after.state is p.AttemptState.FAILED:
            self.failed_at[command.attempt_id] = command.at
        return after

    @takes(p.RECORD_MANDATE)
    async def record_mandate(self, command: p.RecordMandate) -> Nothing:
        self.mandates[command.plan_id] = MandateOnFile(
            status=command.answer.status,
            debit_limit=command.answer.debit_limit,
            heard_at=command.at,
        )
        return Nothing()

    @takes(collecting.PLAN_NEXT_ATTEMPT)
    async def plan_next_attempt(
        self, command: collecting.PlanNextAttempt
    ) -> collecting.NextAttemptPlanned:
        self.planned.append(command)
        wallet = self.wallets[command.plan_id]
        mandate = self.mandates.get(command.plan_id)
        planned = plan_attempt(
            of=Collectable(
                plan_id=command.plan_id,
                amount=command.amount,
                due_on=command.terms.due_on,
                wallet=WalletOnFile(
                    wallet_id=wallet_id_of(plan_id=command.plan_id),
                    provider=wallet.provider,
                    mandate=mandate,
                ),
                others=[
                    WalletOnFile(
                        wallet_id=wallet_id_of(plan_id=command.plan_id, number=number),
                        provider=each.provider,
                    )
                    for number, each in enumerate(self.further[command.plan_id], start=2)
                ],
                failures=self._failures(command),
                paid_today={},
                mended_at=command.terms.mended_at,
                now=command.at,
                chosen=command.terms.wallet_id,
                rest_of=command.rest_of,
                follows_part=command.follows_part,
            ),
            policy=read_retry_policy(document=policy(f"retries-{command.terms.option}-v1")),
            limits=self._limits(),
            holidays=self.holidays,
        )
        return collecting.told(
            planned=planned,
            contract_no=wallet.contract_no,
            mandate=None if mandate is None else mandate.status,
        )

    @takes(SHARE_CASH_BACK)
    async def share_cash_back(self, command: ShareCashBack) -> CashBackShared:
        """To the newest payments first, as the store does it."""
        shares = self.cash_backs.get(command.cash_back_id)
        if shares is not None:
            return CashBackShared(
                reason="goods went back",
                parts=tuple(replace(each, is_new=False) for each in shares),
            )
        missing, parts = command.amount, list[CashBackPart]()
        for attempt_id in reversed(list(self.attempts)):
            attempt, standing = self.attempts[attempt_id], self.standings[attempt_id]
            if attempt.plan_id == command.plan_id and standing.state is p.AttemptState.SUCCEEDED:
                before = [
                    each
                    for shares in self.cash_backs.values()
                    for each in shares
                    if each.attempt_id == attempt_id
                ]
                amount = min(missing, attempt.amount - total(each.amount for each in before))
                if amount:
                    part = CashBackPart(
                        refund_id=refund_id(attempt_id=attempt_id, number=len(before) + 1),
                        attempt_id=attempt_id,
                        provider=self.provider_of(attempt_id),
                        amount=amount,
                        is_new=True,
                        is_returned=False,
                    )
                    parts.append(part)
                    missing -= amount
        assert not missing
        self.cash_backs[command.cash_back_id] = parts
        return CashBackShared(reason="goods went back", parts=tuple(parts))

    def _limits(self) -> WalletLimits:
        limits = read_wallet_limits(document=policy("wallet_limits-level_2-v2"))
        if self.payment_max is None:
            return limits
        grades = {**limits.grades, "per_transaction_max": "C"}
        return replace(limits, per_transaction_max=self.payment_max, grades=grades)

    def _failures(self, command: collecting.PlanNextAttempt) -> list[FailedAttempt]:
        return [
            FailedAttempt(
                wallet_id=self.attempts[attempt_id].wallet_id
                or wallet_id_of(plan_id=command.plan_id),
                channel=Channel(self.attempts[attempt_id].channel.value),
                cause=FailureCause(self.standings[attempt_id].cause or ""),
                opened_at=self.attempts[attempt_id].at,
                failed_at=at,
                is_since_asked=command.terms.asked_from is not None
                and attempt_number(order_id=attempt_id) >= command.terms.asked_from,
            )
            for attempt_id, at in self.failed_at.items()
            if self.attempts[attempt_id].installment_id == command.installment_id
        ]

    @takes(p.FIND_MANDATE)
    async def find_mandate(self, command: p.FindMandate) -> p.MandateToCancel:
        wallet = self.wallets[command.plan_id]
        return p.MandateToCancel(contract_no=wallet.contract_no, msisdn=wallet.msisdn)

    @takes(p.OPEN_REFUND)
    async def open_refund(self, command: p.OpenRefund) -> p.RefundOpened:
        attempt = self.attempts[command.attempt_id]
        provider, msisdn, _ = self._wallet(attempt)
        return p.RefundOpened(
            provider=provider,
            order=RefundPayment(
                refund_id=command.refund_id,
                order_id=command.attempt_id,
                receipt="R",
                amount=command.amount,
                msisdn=msisdn,
            ),
            state=p.AttemptState.CREATED,
        )

    @takes(p.RECORD_REFUND)
    async def record_refund(self, _command: p.RecordRefund) -> Nothing:
        return Nothing()


def _standing(
    before: p.AttemptStanding, command: p.RecordAnswer, *, attempt: p.OpenAttempt
) -> p.AttemptStanding:
    if command.answer is None:
        return p.AttemptStanding(attempt_id=before.attempt_id, state=p.AttemptState.UNKNOWN)
    match command.answer.status:
        case RailStatus.SUCCEEDED:
            return p.AttemptStanding(
                attempt_id=before.attempt_id,
                state=p.AttemptState.SUCCEEDED,
                amount=attempt.amount,
                receipt="R",
            )
        case RailStatus.FAILED:
            return p.AttemptStanding(
                attempt_id=before.attempt_id,
                state=p.AttemptState.FAILED,
                cause=cause_of(
                    provider=WalletProvider.TELEBIRR
                    if attempt.channel is not p.Channel.PUSH
                    else WalletProvider.MPESA,
                    code=command.answer.failure_code,
                    under_mandate=attempt.channel is p.Channel.MANDATE,
                ),
                retryable=True,
            )
        case RailStatus.PENDING:
            return p.AttemptStanding(attempt_id=before.attempt_id, state=p.AttemptState.PENDING)
        case RailStatus.NOT_FOUND:
            return p.AttemptStanding(attempt_id=before.attempt_id, state=p.AttemptState.CREATED)
