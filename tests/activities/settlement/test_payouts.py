import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError, ProgrammingError

from activities.contracts.settlement import (
    OpenPayout,
    RegisterTerms,
    ScheduleSettlement,
    SettlementSteps,
)
from db.kernel.engine import Database
from db.kernel.events import read_stream, require_unbroken
from db.settlement import views
from meqenet.errors import Defect
from meqenet.identity import payout_id
from meqenet.money import Money
from meqenet.settlement.payouts import PayoutState
from meqenet.settlement.transfer import CreditTransfer, TransferStatus
from tests.activities.settlement.stories import ACCOUNT, AT, everything, heard, run, state_of


async def test_the_same_payout_gives_the_same_order_whatever_the_terms_by_then(
    steps: SettlementSteps, settlement: Database, order: ScheduleSettlement, terms: RegisterTerms
) -> None:
    await steps.schedule(order)
    newer = replace(ACCOUNT, account_number="1000999999999")
    await steps.register_terms(replace(terms, account=newer, at=AT + timedelta(days=1)))
    command = OpenPayout(payout_id=order.payout_id, at=AT + timedelta(days=1))
    transfer = CreditTransfer(
        end_to_end_id=order.payout_id,
        creditor=newer,
        amount=Money(96_500),
        remittance=f"Meqenet {order.plan_id}",
    )
    assert await asyncio.gather(*(steps.open_payout(command) for _ in range(4))) == [transfer] * 4
    before = await everything(settlement, order.plan_id)
    await steps.register_terms(replace(terms, at=AT + timedelta(days=2)))
    later = replace(command, at=AT + timedelta(days=2))
    assert await steps.open_payout(later) == transfer
    assert await everything(settlement, order.plan_id) == before
    assert len(transfer.end_to_end_id) <= 35


async def test_the_banks_word_is_stored_and_what_is_final_stays(
    steps: SettlementSteps, settlement: Database, order: ScheduleSettlement
) -> None:
    await steps.schedule(order)
    await steps.open_payout(OpenPayout(payout_id=order.payout_id, at=AT))
    for status, state in (
        (None, PayoutState.UNKNOWN),
        (TransferStatus.NOT_FOUND, PayoutState.CREATED),
        (TransferStatus.PENDING, PayoutState.PENDING),
        (TransferStatus.SETTLED, PayoutState.SETTLED),
        (TransferStatus.SETTLED, PayoutState.SETTLED),
        (TransferStatus.PENDING, PayoutState.SETTLED),
    ):
        for _ in range(2):
            await steps.record_payout(heard(order.payout_id, status))
        assert await state_of(settlement, order.plan_id) is state
    async with settlement.read() as session:
        events = await read_stream(session=session, stream=order.plan_id)
        await require_unbroken(session=session, stream=order.plan_id)
    assert [event.content.event_type for event in events] == [
        "settlement_scheduled",
        "payout_opened",
        "payout_unknown",
        "payout_created",
        "payout_pending",
        "payout_settled",
    ]


@pytest.mark.parametrize(
    ("final", "then"),
    [
        (TransferStatus.SETTLED, TransferStatus.REJECTED),
        (TransferStatus.REJECTED, TransferStatus.SETTLED),
    ],
)
async def test_a_contradiction_is_a_defect_and_its_evidence_stays(
    steps: SettlementSteps,
    settlement: Database,
    order: ScheduleSettlement,
    final: TransferStatus,
    then: TransferStatus,
) -> None:
    await steps.schedule(order)
    await steps.open_payout(OpenPayout(payout_id=order.payout_id, at=AT))
    await steps.record_payout(heard(order.payout_id, final))
    for _ in range(2):
        with pytest.raises(Defect) as broken:
            await steps.record_payout(heard(order.payout_id, then, minutes=2))
        assert broken.value.code == "payout_contradicted"
    rows = await everything(settlement, order.plan_id)
    assert len(rows["payout_answers"]) == 2
    assert (await state_of(settlement, order.plan_id)) == PayoutState(final.value)
    async with settlement.read() as session:
        events = await read_stream(session=session, stream=order.plan_id)
    assert [e.content.event_type for e in events].count("payout_contradicted") == 1


async def test_after_a_rejection_the_same_money_is_paid_under_a_new_id(
    steps: SettlementSteps, settlement: Database, order: ScheduleSettlement, terms: RegisterTerms
) -> None:
    first = await steps.schedule(order)
    await steps.open_payout(OpenPayout(payout_id=order.payout_id, at=AT))
    again = replace(order, payout_id=payout_id(plan_id=order.plan_id, number=2))
    with pytest.raises(Defect):
        await steps.schedule(again)
    await steps.record_payout(heard(order.payout_id, TransferStatus.REJECTED, reason="AC03"))
    await steps.register_terms(
        replace(
            terms,
            fee_basis_points={"pay_in_4": 9_000},
            account=replace(ACCOUNT, account_number="77"),
            at=AT,
        )
    )
    second = await steps.schedule(again)
    assert (second.gross, second.fee, second.net) == (first.gross, first.fee, first.net)
    transfer = await steps.open_payout(OpenPayout(payout_id=again.payout_id, at=AT))
    assert (transfer.creditor.account_number, transfer.amount) == ("77", first.net)
    await steps.record_payout(heard(again.payout_id, TransferStatus.SETTLED))
    async with settlement.read() as session:
        (position,) = await views.merchant_positions(session=session, merchant_id=order.merchant_id)
        payouts = await views.payouts_of(session=session, plan_id=order.plan_id)
    assert (position.plans, position.gross, position.fees) == (1, first.gross, first.fee)
    assert (position.payable, position.paid) == (Money.zero(), first.net)
    assert [(p.payout_id, p.state, p.reason_code) for p in payouts] == [
        (order.payout_id, PayoutState.REJECTED, "AC03"),
        (again.payout_id, PayoutState.SETTLED, None),
    ]


async def test_a_position_is_gross_less_fees_and_either_payable_or_paid(
    steps: SettlementSteps, settlement: Database, order: ScheduleSettlement
) -> None:
    async def position() -> tuple[str, str, str, str]:
        async with settlement.read() as session:
            (found,) = await views.merchant_positions(
                session=session, merchant_id=order.merchant_id
            )
        return str(found.gross), str(found.fees), str(found.payable), str(found.paid)

    await steps.schedule(order)
    assert await position() == ("1000.00", "35.00", "965.00", "0.00")
    await steps.open_payout(OpenPayout(payout_id=order.payout_id, at=AT))
    await steps.record_payout(heard(order.payout_id, TransferStatus.REJECTED, reason="AC03"))
    assert await position() == ("1000.00", "35.00", "965.00", "0.00")
    async with settlement.read() as session:
        fees = await views.fees_by_option(session=session)
        everybody = await views.merchant_positions(session=session)
    assert order.option in {each.option for each in fees}
    assert sum(each.plans for each in fees) == sum(each.plans for each in everybody)


async def test_what_was_never_stored_is_a_defect(
    steps: SettlementSteps, order: ScheduleSettlement
) -> None:
    unknown = f"{order.plan_id}-p7"
    with pytest.raises(Defect) as broken:
        await steps.open_payout(OpenPayout(payout_id=unknown, at=AT))
    assert broken.value.code == "settlement_missing"
    said = heard(unknown, TransferStatus.SETTLED)
    with pytest.raises(Defect) as broken:
        await steps.record_payout(said)
    assert broken.value.code == "payout_missing"
    await steps.schedule(order)
    await steps.open_payout(OpenPayout(payout_id=order.payout_id, at=AT))
    with pytest.raises(Defect) as broken:
        await steps.record_payout(replace(said, payout_id=order.payout_id))
    assert broken.value.code == "answer_foreign"


@pytest.mark.parametrize(
    ("statement", "refused_as"),
    [
        ("UPDATE settlements SET net_santim = 1 WHERE plan_id = :plan", "permission denied"),
        ("DELETE FROM settlements WHERE plan_id = :plan", "permission denied"),
        ("DELETE FROM payouts WHERE plan_id = :plan", "permission denied"),
        ("UPDATE payout_answers SET status = NULL", "permission denied"),
        ("DELETE FROM payout_answers", "permission denied"),
        ("UPDATE merchant_terms SET delay_days = 9", "permission denied"),
        ("UPDATE payouts SET state = 'created' WHERE plan_id = :plan", "is final"),
        (
            """INSERT INTO settlements SELECT plan_id, payout_id || '0', 10, merchant_id, option,
            gross_santim, fee_santim + 1, net_santim, activated_on, protection_days, due_at,
            scheduled_at FROM settlements WHERE plan_id = :plan""",
            "gross_is_fee_and_net",
        ),
    ],
)
async def test_the_database_itself_keeps_what_is_settled(
    steps: SettlementSteps,
    settlement: Database,
    order: ScheduleSettlement,
    statement: str,
    refused_as: str,
) -> None:
    await steps.schedule(order)
    await steps.open_payout(OpenPayout(payout_id=order.payout_id, at=AT))
    await steps.record_payout(heard(order.payout_id, TransferStatus.SETTLED))
    before = await everything(settlement, order.plan_id)
    with pytest.raises((IntegrityError, ProgrammingError), match=refused_as):
        await run(settlement, statement, order.plan_id)
    assert await everything(settlement, order.plan_id) == before


async def test_the_database_itself_refuses_a_second_payout_of_a_plan(
    steps: SettlementSteps, settlement: Database, order: ScheduleSettlement
) -> None:
    await steps.schedule(order)
    await steps.open_payout(OpenPayout(payout_id=order.payout_id, at=AT))
    with pytest.raises(IntegrityError, match="uq_payouts_one_at_a_time"):
        await run(
            settlement,
            """
            WITH again AS (
                INSERT INTO settlements SELECT plan_id, payout_id || '0', 10, merchant_id, option,
                    gross_santim, fee_santim, net_santim, activated_on, protection_days, due_at,
                    scheduled_at
                FROM settlements WHERE plan_id = :plan
            )
            INSERT INTO payouts
            SELECT plan_id, payout_id || '0', merchant_id, terms_at, amount_santim, state,
                opened_at, changed_at, NULL, NULL
            FROM payouts WHERE plan_id = :plan
            """,
            order.plan_id,
        )
