"""Any sequence of deeds on an order keeps the stores right, and leaves nothing behind at its end.

The rules and the stores of settlement and ledger are real; a deed is done as a plan's process does.
"""

import secrets
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from db.kernel.encryption import Keyring
from meqenet.bnpl.day_count import DaysInMonth, DaysInYear, RepayUnit
from meqenet.bnpl.servicing_policy import SILENT, RefundPolicy, RefundTo
from meqenet.bnpl.terms import ScheduleTerms
from meqenet.calendar import at_addis
from meqenet.money import Money
from meqenet.settlement.lines import ReserveTerms
from meqenet.settlement.transfer import TransferStatus
from tests.activities.settlement import lived_checks as checks
from tests.activities.settlement import lived_goods as goods
from tests.activities.settlement import lived_payments as payments
from tests.activities.settlement.lived_books import LivedBooks, Steps
from tests.backing import Databases
from tests.meqenet.bnpl.lived_order import LivedOrder
from tests.meqenet.bnpl.servicing.plans import FOUR_PARTS

_BEARS_INTEREST = ScheduleTerms(
    principal=Money(50_001),
    annual_rate_percent=Decimal(22),
    disbursed_on=date(2027, 1, 4),
    repay_every=14,
    repay_unit=RepayUnit.DAYS,
    number_of_installments=3,
    days_in_year=DaysInYear.DAYS_365,
    days_in_month=DaysInMonth.ACTUAL,
)
_DEEDS = st.lists(
    st.tuples(
        st.integers(0, 99),
        st.sampled_from((0, 0, 1, 6, 14)),
        st.sampled_from((1, 777, 3_333, 5_000, 10_000)),
    ),
    min_size=5,
    max_size=8,
)
"""Which of the deeds that are possible, the days before it, and how much of what there is."""
_ORDERS = st.fixed_dictionaries(
    {
        "to": st.sampled_from(RefundTo),
        "gives_back": st.booleans(),
        "is_manual": st.booleans(),
        "protection_days": st.sampled_from((0, 10)),
        "reserve": st.sampled_from((ReserveTerms(), ReserveTerms(basis_points=500, days=9))),
    }
)
_WON_BETWEEN_PAYOUTS: dict[str, Any] = {
    "drawn": {
        "to": RefundTo.LAST_INSTALLMENTS,
        "gives_back": True,
        "is_manual": False,
        "protection_days": 10,
        "reserve": ReserveTerms(),
    },
    "deeds": [*[(94, 0, 3333)] * 3, (63, 1, 1), *[(29, 14, 3333)] * 2, (76, 0, 5000)],
}
"""Three refunds, and a dispute that is won while a payout is under way: fees that round apart."""
_FEW = settings(max_examples=10, deadline=None, derandomize=True, database=None)


def _order(terms: ScheduleTerms, drawn: dict[str, object], steps: Steps) -> LivedBooks:
    unique = secrets.token_hex(8)
    policy = RefundPolicy(to=drawn["to"], returns_interest=drawn["gives_back"])  # type: ignore[arg-type]  # as drawn
    plan = LivedOrder(
        terms=terms,
        policy=replace(SILENT, refund=policy),
        plan_id=f"pln_{unique}",
        until=at_addis(on=terms.disbursed_on + timedelta(days=999), hour=0)
        if drawn["is_manual"]
        else None,
    )
    return LivedBooks(
        steps=steps,
        plan=plan,
        merchant_id=f"mrc_{unique}",
        protection_days=drawn["protection_days"],  # type: ignore[arg-type]  # as drawn
        reserve=drawn["reserve"],  # type: ignore[arg-type]  # as drawn
    )


def _some(most: Money, share: int) -> Money:
    return max(Money(1), most.portion(basis_points=share))


def _possible(books: LivedBooks) -> tuple[str, ...]:
    """Verbs that change something now; what leads to more stands there more than once."""
    plan, row = books.plan, books.plan.next_due
    due = () if row is None else ("collect", "part")
    owed = ("pay", "pay", "pay_off") if plan.account.left.total else ()
    authorised = ("capture", "capture", "capture", "void") if plan.sums.left else ()
    back = ("refund", "refund") if plan.refundable else ()
    may_dispute = ("dispute", "dispute") if plan.sums.refundable else ()
    disputed = may_dispute if plan.history.dispute is None else ("won", "won", "lost")
    payout = ("close", "take") if books.payout is None else ("settle", "reject")
    return (*due, *owed, *authorised, *back, *disputed, *payout)


async def _do(books: LivedBooks, verb: str, share: int) -> None:
    plan, row, dispute = books.plan, books.plan.next_due, books.plan.history.dispute
    match verb:
        case "collect" | "part" if row is not None:
            part = row.left.total if verb == "collect" else _some(row.left.total, share)
            await payments.collect(books, row, part)
        case "pay":
            await payments.pay(books, plan.account.left.total.portion(basis_points=share))
        case "pay_off":
            await payments.pay(books, None)
        case "capture" if plan.sums.left:
            await goods.capture(books, _some(plan.sums.left, share))
        case "void" if plan.sums.left:
            await goods.void(books, _some(plan.sums.left, share))
        case "refund" if plan.refundable:
            await goods.refund(books, _some(plan.refundable, share))
        case "dispute" if dispute is None and plan.sums.refundable:
            await goods.dispute(books, _some(plan.sums.refundable, share))
        case "won" | "lost" if dispute is not None:
            await goods.end_dispute(books, dispute, is_won=verb == "won")
        case _:
            await _see_to_payout(books, verb)


async def _see_to_payout(books: LivedBooks, verb: str) -> None:
    if verb in ("close", "take") and books.payout is None:
        await goods.take_day(books)
    if verb in ("close", "settle", "reject"):
        is_rejected = verb == "reject"
        status = TransferStatus.REJECTED if is_rejected else TransferStatus.SETTLED
        await goods.end_day(books, status)


async def _end(books: LivedBooks) -> None:
    """All is captured, ended, paid off and paid out; what the merchant owes it pays of more."""
    for verb in ("settle", "lost", "capture", "pay_off"):
        await _do(books, verb, 10_000)
        await checks.require_right(books)
    await books.sell_another(Money(1_000_000))
    for _ in range(3):
        books.plan.pass_days(25)
        await _do(books, "close", 0)
        await checks.require_right(books)
    await checks.require_nothing_left(books)
    await checks.require_statements(books)


async def _live(books: LivedBooks, deeds: list[tuple[int, int, int]]) -> None:
    await books.open()
    await checks.require_right(books)
    for which, days, share in deeds:
        books.plan.pass_days(days)
        books.minutes += 1
        verbs = _possible(books)
        await _do(books, verbs[which % len(verbs)], share)
        await checks.require_right(books)
    await _end(books)


@_FEW
@example(**_WON_BETWEEN_PAYOUTS)
@example(**{**_WON_BETWEEN_PAYOUTS, "drawn": {**_WON_BETWEEN_PAYOUTS["drawn"], "is_manual": True}})
@given(drawn=_ORDERS, deeds=_DEEDS)
async def test_an_order_in_four_parts(
    databases: Databases,
    keyring: Keyring,
    drawn: dict[str, object],
    deeds: list[tuple[int, int, int]],
) -> None:
    await _live(_order(FOUR_PARTS, drawn, Steps(databases, keyring)), deeds)


@_FEW
@given(drawn=_ORDERS, deeds=_DEEDS)
async def test_an_order_that_bears_interest(
    databases: Databases,
    keyring: Keyring,
    drawn: dict[str, object],
    deeds: list[tuple[int, int, int]],
) -> None:
    await _live(_order(_BEARS_INTEREST, drawn, Steps(databases, keyring)), deeds)
