"""A merchant's payout that is over, beside its lines and the ledger."""

from datetime import timedelta

from sqlalchemy import text

from activities.contracts import merchant_settlement as m
from activities.contracts.merchant_books import PostMerchantPayout
from activities.contracts.settlement import OrderLine, RegisterTerms, ScheduleSettlement
from activities.merchant_books import MerchantBookActivities
from activities.merchant_settlement import MerchantSettlementActivities
from activities.settlement import SettlementActivities
from db.kernel.encryption import Keyring
from meqenet.calendar import addis_date
from meqenet.identity import payout_id
from meqenet.ledger.happenings import MerchantPayoutSettled
from meqenet.money import Money
from meqenet.settlement.transfer import PayoutAccount, TransferAnswer, TransferStatus
from tests.backing import Databases
from tests.workers.beginnings import BEGIN
from workers.verifying.findings import Scope
from workers.verifying.payouts import check_payouts

_NET = Money.from_birr("970.00")


class _Nobody:
    """Watches nothing."""

    def begin(self, *, what: str, total: int | None) -> None:
        pass

    def advance(self, count: int) -> None:
        pass


async def test_a_payout_is_the_sum_of_its_lines_and_posted_as_it_was_paid(
    databases: Databases, keyring: Keyring, unique: str
) -> None:
    merchant, plan, store = f"mrc_{unique}", f"pln_{unique}", databases["settlement"]
    async with store.read() as session:
        # What other tests have left in the store, or not posted, is not looked at.
        since = await session.scalar(text("SELECT clock_timestamp()"))
    payout = await _paid(databases, keyring, merchant=merchant, plan=plan)
    scope = Scope(stores={"settlement": store, "ledger": databases["ledger"]}, since=since)
    unposted = await check_payouts(scope=scope, watch=_Nobody())
    assert unposted.bad is not None
    assert unposted.bad.what == f"{payout}: 970.00 paid, and nothing by the ledger"
    settled = MerchantPayoutSettled(
        payout_id=payout, merchant_id=merchant, amount=_NET, shares=_NET
    )
    await MerchantBookActivities(database=databases["ledger"]).post_merchant_payout(
        PostMerchantPayout(settled=settled, effective_at=BEGIN)
    )
    posted = await check_payouts(scope=scope, watch=_Nobody())
    assert (posted.bad, posted.count) == (None, 1)
    async with store.write() as session:
        await session.execute(
            text(
                "INSERT INTO settlement_lines (merchant_id, line_id, clock_id, kind, money,"
                " gross_santim, fee_santim, tax_santim, net_santim, is_protected, available_at,"
                " added_at, payout_id) VALUES (:merchant, 'forged', '', 'order', 'reserve',"
                " 1, 0, 0, 1, false, :at, :at, :payout)"
            ),
            {"merchant": merchant, "at": BEGIN, "payout": payout},
        )
    forged = await check_payouts(scope=scope, watch=_Nobody())
    assert forged.bad is not None
    assert forged.bad.what == f"{payout}: 970.00 paid, and 970.01 by its lines"


async def _paid(databases: Databases, keyring: Keyring, *, merchant: str, plan: str) -> str:
    """A merchant whose day is closed and paid by the bank; the payout."""
    store = databases["settlement"]
    steps = SettlementActivities(database=store, keyring=keyring)
    days = MerchantSettlementActivities(database=store, keyring=keyring)
    await steps.register_terms(
        RegisterTerms(
            merchant_id=merchant,
            fee_basis_points={"pay_in_30": 300},
            delay_days=0,
            account=PayoutAccount(bic="CBETETAA", account_number="1", account_name="Shop"),
            at=BEGIN,
        )
    )
    scheduled = await steps.schedule(
        ScheduleSettlement(
            plan_id=plan,
            merchant_id=merchant,
            payout_id=payout_id(plan_id=plan, number=1),
            option="pay_in_30",
            amount=Money.from_birr("1000.00"),
            activated_on=addis_date(at=BEGIN),
            protection_days=0,
            at=BEGIN,
            line=OrderLine(reference="order-1"),
        )
    )
    at = scheduled.due_at
    closed = await days.close_day(
        m.CloseDay(
            merchant_id=merchant, test_clock_id=None, day=addis_date(at=at), at=at, run="run-1"
        )
    )
    assert closed.payout is not None
    payout: str = closed.payout.transfer.end_to_end_id
    answer = TransferAnswer(end_to_end_id=payout, status=TransferStatus.SETTLED)
    later = at + timedelta(minutes=1)
    await days.record_merchant_payout(
        m.RecordMerchantPayout(payout_id=payout, answer=answer, at=later)
    )
    await days.finish_merchant_payout(m.FinishMerchantPayout(payout_id=payout, at=later))
    return payout
