"""A merchant's day in the store: lines taken once, freed by a rejection, netted, kept and told."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import TypeAdapter
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from activities.contracts import merchant_settlement as m
from activities.contracts.reconciliation import FindOrders, FindSettledPayouts
from activities.contracts.settlement import (
    OrderLine,
    RegisterTerms,
    ScheduleSettlement,
    SettlementSteps,
)
from activities.merchant_settlement import MerchantSettlementActivities
from activities.settlement import SettlementActivities
from db.kernel.encryption import Keyring
from db.kernel.engine import Database
from db.kernel.events import read_stream
from db.settlement.views import merchants
from meqenet.calendar import addis_date
from meqenet.errors import Defect, Refusal
from meqenet.identity import payout_id, wire_id
from meqenet.money import Money
from meqenet.payments.reconciliation import Standing
from meqenet.settlement.events import LineAdded, MerchantPayoutOpened
from meqenet.settlement.lines import CloseOutcome, LineKind, LineMoney, ReserveTerms
from meqenet.settlement.payout_statement import Word, statement_of
from meqenet.settlement.payouts import PayoutState
from meqenet.settlement.transfer import TransferAnswer, TransferStatus
from tests.activities.settlement.stories import AT, run, state_of

DUE = datetime(2026, 4, 14, 6, tzinfo=UTC)
Sell = Callable[[str], Awaitable[ScheduleSettlement]]


@pytest.fixture
def days(settlement: Database, keyring: Keyring) -> MerchantSettlementActivities:
    return MerchantSettlementActivities(database=settlement, keyring=keyring)


@pytest.fixture
def sell(steps: SettlementSteps, order: ScheduleSettlement) -> Sell:
    """Sell something more of the same merchant, for the price of a thousand birr."""

    async def sold(name: str) -> ScheduleSettlement:
        plan_id = f"{order.plan_id}{name}"
        command = replace(
            order,
            plan_id=plan_id,
            payout_id=payout_id(plan_id=plan_id, number=1),
            line=OrderLine(reference=f"order-{name}"),
        )
        await steps.schedule(command)
        return command

    return sold


def closing(order: ScheduleSettlement, *, run: str = "run-1", later_days: int = 0) -> m.CloseDay:
    at = DUE + timedelta(days=later_days)
    return m.CloseDay(
        merchant_id=order.merchant_id, test_clock_id=None, day=addis_date(at=at), at=at, run=run
    )


def heard(payout: m.OpenedPayout, status: TransferStatus) -> m.RecordMerchantPayout:
    answer = TransferAnswer(
        end_to_end_id=payout.transfer.end_to_end_id,
        status=status,
        bank_reference="B1",
        reason_code="AC04" if status is TransferStatus.REJECTED else None,
    )
    return m.RecordMerchantPayout(
        payout_id=payout.transfer.end_to_end_id, answer=answer, at=DUE + timedelta(minutes=1)
    )


async def ended(
    days: MerchantSettlementActivities, payout: m.OpenedPayout, status: TransferStatus
) -> None:
    for _ in range(2):
        await days.record_merchant_payout(heard(payout, status))
        await days.finish_merchant_payout(
            m.FinishMerchantPayout(
                payout_id=payout.transfer.end_to_end_id, at=DUE + timedelta(minutes=2)
            )
        )


async def taken(days: MerchantSettlementActivities, command: m.CloseDay) -> m.OpenedPayout:
    closed: m.DayClosed = await days.close_day(command)
    assert closed.payout is not None
    return closed.payout


async def test_all_that_is_due_is_one_payout_however_many_close_and_nothing_is_taken_twice(
    days: MerchantSettlementActivities, sell: Sell, settlement: Database
) -> None:
    first, second = await sell("a"), await sell("b")
    early = replace(closing(first), at=DUE - timedelta(days=6))
    assert (await days.close_day(early)).outcome is CloseOutcome.NOTHING
    every = await asyncio.gather(*(days.close_day(closing(first)) for _ in range(4)))
    (payout,) = {each.payout for each in every}
    assert payout is not None
    assert payout.transfer.amount == Money(193_000)
    assert [share.plan_id for share in payout.shares] == [first.plan_id, second.plan_id]
    assert not payout.asks_first
    assert (await taken(days, closing(first, run="another"))).asks_first
    await ended(days, payout, TransferStatus.SETTLED)
    assert await state_of(settlement, first.plan_id) is PayoutState.SETTLED
    assert (await days.close_day(closing(first, later_days=1))).outcome is CloseOutcome.NOTHING
    with pytest.raises(IntegrityError):
        await run(
            settlement,
            "UPDATE settlement_lines SET payout_id = NULL WHERE plan_id = :plan",
            first.plan_id,
        )
    with pytest.raises(IntegrityError):
        await run(
            settlement,
            "UPDATE settlement_lines SET net_santim = 1 WHERE plan_id = :plan",
            first.plan_id,
        )


async def test_a_statement_of_the_bank_names_the_merchants_payout_and_not_the_plans_shares(
    days: MerchantSettlementActivities, steps: SettlementActivities, sell: Sell
) -> None:
    order = await sell("a")
    payout = await taken(days, closing(order))
    await ended(days, payout, TransferStatus.SETTLED)
    key = wire_id(meqenet_id=payout.transfer.end_to_end_id)
    share = wire_id(meqenet_id=order.payout_id)
    (found,) = (await steps.find_payouts(FindOrders(provider="bank", keys=(key, share)))).orders
    assert (found.key, found.standing, found.amount) == (key, Standing.MOVED, Money(96_500))
    by_wallet = await steps.find_payouts(FindOrders(provider="mpesa", keys=(key,)))
    assert by_wallet.orders == ()
    settled = await steps.find_settled_payouts(FindSettledPayouts(since=AT - timedelta(days=999)))
    assert key in {each.key for each in settled.orders}
    assert share not in {each.key for each in settled.orders}


async def test_what_contradicts_a_settled_payout_does_not_settle_it_anew(
    days: MerchantSettlementActivities, steps: SettlementActivities, sell: Sell
) -> None:
    payout = await taken(days, closing(await sell("a")))
    await ended(days, payout, TransferStatus.SETTLED)
    wanted = FindOrders(provider="bank", keys=(wire_id(meqenet_id=payout.transfer.end_to_end_id),))
    before = await steps.find_payouts(wanted)
    with pytest.raises(Defect):
        await days.record_merchant_payout(heard(payout, TransferStatus.REJECTED))
    after = await steps.find_payouts(wanted)
    assert before.orders[0].moved_since is not None
    assert after == before


async def test_a_rejection_frees_the_lines_and_only_staff_let_the_merchant_be_paid_again(
    days: MerchantSettlementActivities, sell: Sell
) -> None:
    order = await sell("a")
    rejected = await taken(days, closing(order))
    await ended(days, rejected, TransferStatus.REJECTED)
    assert (await days.close_day(closing(order, later_days=1))).outcome is CloseOutcome.HELD
    payout = rejected.transfer.end_to_end_id
    let = m.LetRetry(payout_id=payout, who="stf_1", why="the account was corrected", at=DUE)
    for _ in range(2):
        await days.let_retry(let)
    again = await taken(days, closing(order, later_days=1))
    assert again.transfer.end_to_end_id != payout
    assert again.shares[0].payout_id == payout_id(plan_id=order.plan_id, number=2)
    await ended(days, again, TransferStatus.SETTLED)
    found = await days.find_share(m.FindShare(plan_id=order.plan_id))
    assert (found.state, found.carried_by) == (
        PayoutState.SETTLED,
        again.transfer.end_to_end_id,
    )
    with pytest.raises(Refusal) as refused:
        await days.let_retry(replace(let, payout_id=again.transfer.end_to_end_id))
    assert refused.value.code == "payout_not_refused"


async def test_a_refund_before_the_payout_nets_it_and_one_after_it_is_owed_until_the_next(
    days: MerchantSettlementActivities, sell: Sell, settlement: Database
) -> None:
    order = await sell("a")
    refund = m.AddLine(
        line_id=f"{order.plan_id}-g1",
        merchant_id=order.merchant_id,
        plan_id=order.plan_id,
        kind=LineKind.REFUND,
        gross=Money(-20_000),
        fee=Money(-700),
        tax=Money(0),
        available_at=AT,
        at=AT,
    )
    before = await days.add_line(refund)
    assert (before.money, before.net) == (LineMoney.PAYABLE, Money(-19_300))
    assert await days.add_line(refund) == before
    payout = await taken(days, closing(order))
    assert (payout.transfer.amount, payout.shares[0].owed) == (Money(77_200), Money(77_200))
    after = await days.add_line(replace(refund, line_id=f"{order.plan_id}-g2"))
    assert after.money is LineMoney.RECEIVABLE
    await ended(days, payout, TransferStatus.SETTLED)
    closed = await days.close_day(closing(order, later_days=1))
    assert (closed.outcome, closed.available) == (CloseOutcome.OWING, Money(-19_300))
    async with settlement.read() as session:
        unpaid = await merchants.unpaid_money(
            session=session, merchant_id=order.merchant_id, at=DUE + timedelta(days=1)
        )
    assert (unpaid.available, unpaid.owed_back) == (Money(0), Money(19_300))
    await sell("b")
    netted = await taken(days, closing(order, later_days=1))
    assert (netted.transfer.amount, netted.owed_back) == (Money(77_200), Money(19_300))


async def test_a_reserve_is_kept_and_paid_when_its_days_are_over_and_small_sums_wait(
    days: MerchantSettlementActivities,
    steps: SettlementSteps,
    sell: Sell,
    terms: RegisterTerms,
) -> None:
    order = await sell("a")
    await steps.register_terms(
        replace(
            terms,
            at=AT,
            reserve=ReserveTerms(basis_points=500, days=30),
            minimum=Money.from_birr("950.00"),
        )
    )
    small = await days.close_day(closing(order))
    assert (small.outcome, small.available) == (CloseOutcome.CARRIED_OVER, Money(96_500))
    await sell("b")
    payout = await taken(days, closing(order))
    assert (payout.transfer.amount, payout.reserve_held) == (Money(183_350), Money(9_650))
    await ended(days, payout, TransferStatus.SETTLED)
    await steps.register_terms(replace(terms, at=AT + timedelta(days=20)))
    assert (await days.close_day(closing(order, later_days=29))).payout is None
    released = await taken(days, closing(order, later_days=30))
    assert (released.transfer.amount, released.reserve_released) == (Money(9_650), Money(9_650))


async def test_the_statement_is_made_of_what_the_events_tell(
    days: MerchantSettlementActivities, sell: Sell, settlement: Database
) -> None:
    orders = [await sell("a"), await sell("b")]
    payout = await taken(days, closing(orders[0]))
    await ended(days, payout, TransferStatus.SETTLED)
    payout_id_ = payout.transfer.end_to_end_id
    streams = [*(order.plan_id for order in orders), payout_id_.rpartition("-")[0]]
    told = []
    async with settlement.read() as session:
        for stream in streams:
            told += [each.content for each in await read_stream(session=session, stream=stream)]
        shown = await merchants.payout_statement(session=session, payout_id=payout_id_)
    lines = [
        TypeAdapter(LineAdded).validate_python(each.data)
        for each in told
        if each.event_type == LineAdded.event_type
    ]
    (opened,) = (
        TypeAdapter(MerchantPayoutOpened).validate_python(each.data)
        for each in told
        if each.event_type == MerchantPayoutOpened.event_type
    )
    word = Word(state=PayoutState.SETTLED, bank_reference="B1")
    assert statement_of(opened=opened, lines=lines, word=word) == shown
    assert [row.reference for row in shown.rows] == ["order-a", "order-b"]


async def test_hundreds_of_merchants_are_found_page_by_page_on_banking_days_alone(
    days: MerchantSettlementActivities, settlement: Database, unique: str
) -> None:
    async with settlement.write() as session:
        await session.execute(
            text(
                "INSERT INTO settlement_lines (merchant_id, line_id, clock_id, plan_id, kind,"
                " money, gross_santim, fee_santim, tax_santim, net_santim, is_protected,"
                " available_at, added_at)"
                " SELECT 'mrc_' || :unique || lpad(n::text, 4, '0'), 'l', '', 'pln', 'order',"
                " 'payable', 1, 0, 0, 1, false, :at, :at FROM generate_series(1, 300) AS n"
            ),
            {"unique": unique, "at": DUE},
        )
    found: list[str] = []
    after = f"mrc_{unique}"
    while True:
        page = await days.find_merchants_due(m.FindMerchantsDue(at=DUE, after=after))
        mine = [each for each in page.merchant_ids if each.startswith(f"mrc_{unique}")]
        found += mine
        if not mine or len(mine) < len(page.merchant_ids):
            break
        after = mine[-1]
    assert found == [f"mrc_{unique}{n:04d}" for n in range(1, 301)]
    saturday = DUE + timedelta(days=4)
    assert (await days.find_merchants_due(m.FindMerchantsDue(at=saturday))).merchant_ids == ()


async def test_terms_change_in_part_and_refuse_what_breaks_a_rule(
    days: MerchantSettlementActivities, order: ScheduleSettlement
) -> None:
    change = m.ChangeTerms(merchant_id=order.merchant_id, at=AT)
    now = await days.change_terms(change)
    assert (now.delay_days, now.minimum) == (0, Money(0))
    fees = {"pay_in_4": Money(250)}
    changed = await days.change_terms(
        replace(change, at=AT + timedelta(days=1), delay_days=3, fee_fixed=fees)
    )
    assert changed == replace(
        now, effective_at=AT + timedelta(days=1), delay_days=3, fee_fixed=fees
    )
    for broken, field in (
        ({"reserve_basis_points": 6_000}, "reserve_basis_points"),
        ({"reserve_basis_points": 100}, "reserve_days"),
        ({"minimum": Money(-1)}, "minimum"),
        ({"fee_fixed": {"pay_in_4": Money(-1)}}, "fee_fixed"),
    ):
        with pytest.raises(Refusal) as refused:
            await days.change_terms(replace(change, at=AT + timedelta(days=2), **broken))
        assert (refused.value.code, refused.value.field) == ("merchant_terms_invalid", field)
