"""Money that came to our short code: M-PESA's, counted once, found on the statement by receipt."""

import base64
import zlib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from activities.contracts import reconciliation as r
from activities.contracts.late_money import AskCreditReturn, KeepOverpaid, LateMoneySteps
from activities.contracts.payments import (
    AnswerSource,
    Channel,
    OpenAttempt,
    OpenRefund,
    PaymentsSteps,
    RecordAnswer,
    RegisterWallet,
)
from activities.late_money import LateMoneyActivities
from activities.payments import PaymentsActivities
from activities.reconciliation import ReconciliationActivities
from db.kernel.encryption import Keyring
from db.kernel.events import read_stream
from db.payments import views
from db.payments.inbox import CallbackInbox
from db.payments.views.credit import credits_of
from meqenet.errors import Defect, Refusal
from meqenet.identity import attempt_id, installment_id, plan_id
from meqenet.money import Money
from meqenet.payments.rail import PaymentAnswer, RailStatus, WalletProvider
from meqenet.payments.statement_document import StatementForm
from tests.backing import Databases
from workers.bill_desk import BillDesk

_AT = datetime(2026, 11, 26, 1, tzinfo=UTC)
_AMOUNT = Money.from_birr(400)


async def _paid(payments: PaymentsSteps, plan: str, *, receipt: str) -> str:
    parent = installment_id(plan_id=plan, number=101)
    order_id = attempt_id(installment_id=parent, number=1)
    await payments.register_wallet(
        RegisterWallet(
            plan_id=plan,
            provider=WalletProvider.TELEBIRR,
            msisdn="251911000001",
            contract_no="7" * 32,
            at=_AT,
        )
    )
    opened = await payments.open_attempt(
        OpenAttempt(
            attempt_id=order_id,
            plan_id=plan,
            installment_id=parent,
            channel=Channel.PAY_BILL,
            amount=_AMOUNT,
            at=_AT,
        )
    )
    assert opened.provider is WalletProvider.MPESA
    answer = PaymentAnswer(
        order_id=order_id, status=RailStatus.SUCCEEDED, amount=_AMOUNT, receipt=receipt
    )
    await payments.record_answer(
        RecordAnswer(attempt_id=order_id, answer=answer, source=AnswerSource.QUERY, at=_AT)
    )
    return order_id


async def test_a_bill_is_matched_by_its_receipt_and_a_receipt_counts_once(
    databases: Databases, keyring: Keyring, unique: str
) -> None:
    database = databases["payments"]
    payments: PaymentsSteps = PaymentsActivities(database=database, keyring=keyring)
    steps: r.ReconciliationSteps = ReconciliationActivities(database=database, keyring=keyring)
    receipt = f"R{unique[:9].upper()}"
    plan = plan_id(merchant_id=unique, reference="billed")
    order_id = await _paid(payments, plan, receipt=receipt)

    day = date(1900, 1, 1) + timedelta(days=int(unique, 16) % 40_000)
    number = plan.removeprefix("pln_")[:12].upper()
    rows = (
        "id,at,kind,reference,receipt,amount,charge",
        f"1,{day}T10:00:00+03:00,payment,{number},{receipt},400.00,0.00",
    )
    packed = base64.b64encode(zlib.compress("\r\n".join(rows).encode())).decode()
    await steps.keep_statement(
        r.KeepStatement(
            provider="mpesa",
            day=day,
            document=r.FetchedStatement(form=StatementForm.CSV, packed=packed),
            source="provider",
            at=_AT,
        )
    )
    ours = await steps.find_orders(r.FindOrders(provider="mpesa", keys=(receipt,)))
    assert [each.order_id for each in ours.orders] == [order_id]
    await steps.judge_keys(
        r.JudgeKeys(
            provider="mpesa",
            keys=(receipt,),
            orders=ours.orders,
            posted={order_id: _AMOUNT},
            at=_AT,
            pending_hours_max=36,
        )
    )
    async with database.read() as session:
        (line,) = await views.lines_of_day(session=session, provider="mpesa", day=day)
    assert (line.verdict, line.amount) == ("matched", _AMOUNT)

    other = plan_id(merchant_id=unique, reference="another")
    with pytest.raises(IntegrityError, match="uq_attempts_pay_bill"):
        await _paid(payments, other, receipt=receipt)


async def test_a_confirmation_of_what_a_prompt_has_brought_is_no_second_payment(
    databases: Databases, keyring: Keyring, unique: str
) -> None:
    payments: PaymentsSteps = PaymentsActivities(database=databases["payments"], keyring=keyring)
    plan, receipt = plan_id(merchant_id=unique, reference="prompted"), f"Q{unique[:9].upper()}"
    await payments.register_wallet(
        RegisterWallet(
            plan_id=plan,
            provider=WalletProvider.MPESA,
            msisdn="251700000001",
            contract_no=None,
            at=_AT,
        )
    )
    states = {}
    for number, channel in ((1, Channel.PUSH), (101, Channel.PAY_BILL)):
        parent = installment_id(plan_id=plan, number=number)
        order_id = attempt_id(installment_id=parent, number=1)
        await payments.open_attempt(
            OpenAttempt(
                attempt_id=order_id,
                plan_id=plan,
                installment_id=parent,
                channel=channel,
                amount=_AMOUNT,
                at=_AT,
            )
        )
        answer = PaymentAnswer(
            order_id=order_id, status=RailStatus.SUCCEEDED, amount=_AMOUNT, receipt=receipt
        )
        states[channel] = await payments.record_answer(
            RecordAnswer(attempt_id=order_id, answer=answer, source=AnswerSource.QUERY, at=_AT)
        )
    assert states[Channel.PUSH].state == "succeeded"
    assert (states[Channel.PAY_BILL].state, states[Channel.PAY_BILL].cause) == (
        "failed",
        "duplicate",
    )


async def test_money_that_only_a_statement_tells_of_is_assigned_but_no_order_of_ours(
    databases: Databases, keyring: Keyring, unique: str
) -> None:
    database = databases["payments"]
    steps: r.ReconciliationSteps = ReconciliationActivities(database=database, keyring=keyring)
    plan = plan_id(merchant_id=unique, reference="lost")
    day = date(1900, 1, 1) + timedelta(days=int(unique[:8], 16) % 40_000)
    unasked, asked = f"A{unique[:9].upper()}", f"B{unique[:9].upper()}"
    rows = (
        "id,at,kind,reference,receipt,amount,charge",
        f"1,{day}T10:00:00+03:00,payment,A TYPING ERROR,{unasked},400.00,0.00",
        f"2,{day}T10:00:00+03:00,payment,{plan}-i01-a1,{asked},400.00,0.00",
    )
    packed = base64.b64encode(zlib.compress("\r\n".join(rows).encode())).decode()
    document = r.FetchedStatement(form=StatementForm.CSV, packed=packed)
    await steps.keep_statement(
        r.KeepStatement(provider="mpesa", day=day, document=document, source="provider", at=_AT)
    )
    desk = BillDesk(payments=database)
    for _ in range(2):
        bill = await desk.assign(receipt=unasked, plan_id=plan, by="stf_1", why="shown", at=_AT)
        assert bill.amount == _AMOUNT
    async with database.read() as session:
        (told,) = await read_stream(session=session, stream=plan)
    assert told.content.event_type == "bill_assigned"
    with pytest.raises(Refusal, match="no money is known"):
        await desk.assign(receipt=asked, plan_id=plan, by="stf_1", why="shown", at=_AT)


async def test_what_is_too_much_of_a_bill_goes_to_the_phone_that_paid_if_anybody_knows_it(
    databases: Databases, keyring: Keyring, unique: str
) -> None:
    database = databases["payments"]
    payments: PaymentsSteps = PaymentsActivities(database=database, keyring=keyring)
    steps: LateMoneySteps = LateMoneyActivities(database=database, keyring=keyring)
    receipt, more = f"P{unique[:9].upper()}", Money.from_birr(150)
    plan = plan_id(merchant_id=unique, reference="overpaid")
    order_id = await _paid(payments, plan, receipt=receipt)
    kept = KeepOverpaid(attempt_id=order_id, amount=more, at=_AT)
    for _ in range(2):
        await steps.keep_overpaid(kept)
    with pytest.raises(Defect, match="another amount"):
        await steps.keep_overpaid(replace(kept, amount=_AMOUNT))
    async with database.read() as session:
        (credit,) = await credits_of(session=session, plan_id=plan)
        told = [each.content.event_type for each in await read_stream(session=session, stream=plan)]
    assert (credit.amount, credit.since, told.count("surplus_received")) == (more, _AT, 1)

    asked = AskCreditReturn(attempt_id=order_id, by="stf_1", why="too much", at=_AT)
    with pytest.raises(Refusal, match="masked") as refused:
        await steps.ask_credit_return(asked)
    assert refused.value.code == "payer_unknown"
    await CallbackInbox(database=database, keyring=keyring).keep_bill(
        receipt=receipt, plan_id=plan, amount=_AMOUNT, payer="251700000009", at=_AT
    )
    made = await steps.ask_credit_return(asked)
    opened = await payments.open_refund(
        OpenRefund(
            refund_id=made.refund_id, attempt_id=order_id, amount=more, reason=made.reason, at=_AT
        )
    )
    assert (opened.order.is_part, opened.order.msisdn) == (True, "251700000009")
