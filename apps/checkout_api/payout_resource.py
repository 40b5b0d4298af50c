"""A merchant's payouts as the wire shows them."""

from datetime import datetime
from typing import Annotated, Final

from pydantic import ConfigDict, PlainSerializer, PlainValidator, WithJsonSchema
from pydantic.config import JsonDict

from apps.checkout_api.amounts import Birr, Day, day_of
from apps.checkout_api.told import Told
from db.settlement.views.merchants import MerchantPayoutView, UnpaidMoney
from meqenet.money import Currency, Money
from meqenet.settlement.lines import LineKind
from meqenet.settlement.payout_statement import PayoutStatement, StatementRow, Sums
from meqenet.settlement.payouts import PayoutState
from meqenet.settlement.transfer import PayoutRail


def _signed(value: object) -> Money:
    return value if isinstance(value, Money) else Money.from_birr(str(value))


SignedBirr = Annotated[
    Money,
    PlainValidator(_signed),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^-?[0-9]+\.[0-9]{2}$", "examples": ["-120.00"]}),
]
"""An amount that may be less than nothing. Answers only."""
PAYOUT_SHOWN: Final[JsonDict] = {
    "id": "pay_abcdefghijklmnopqrst-1",
    "day": {"gregorian": "2026-11-24", "ethiopian": "2019-03-15"},
    "by": "bank",
    "state": "settled",
    "amount": "3686.00",
    "owed_back": "0.00",
    "reserve_held": "194.00",
    "reserve_released": "0.00",
    "opened_at": "2026-11-24T06:00:00Z",
    "finished_at": "2026-11-24T06:00:02Z",
    "bank_reference": "FT26328X1",
    "reason_code": None,
    "test_clock": None,
}


class PayoutTold(Told):
    """A payout: `amount = what your orders bring - owed_back - reserve_held + reserve_released`."""

    model_config = ConfigDict(json_schema_extra={"examples": [PAYOUT_SHOWN]})

    id: str
    """Also the order id at the bank, in letters and digits alone."""
    day: Day
    """The business day that it closes."""
    by: PayoutRail
    state: PayoutState
    """`settled` and `rejected` are final."""
    amount: Birr
    owed_back: Birr
    """Kept because you owed it: refunds of orders that had been paid out."""
    reserve_held: Birr
    """Kept for a while, as your terms say."""
    reserve_released: Birr
    """Paid of what was kept before."""
    opened_at: datetime
    finished_at: datetime | None
    bank_reference: str | None
    reason_code: str | None
    """Why it was rejected (ISO 20022)."""
    test_clock: str | None
    """The test clock whose day it closes."""


class Unpaid(Told):
    """What no payout has taken, in real time."""

    available: Birr
    """The next payout takes it, once it is not less than the minimum of your terms."""
    waiting: SignedBirr
    """It becomes available later."""
    owed_back: Birr
    """You owe this: refunds and lost disputes of orders that had been paid out."""


class Payouts(Told):
    """Payouts, the newest first. Ask on with ``after`` while ``next_after`` is given."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "unpaid": {"available": "0.00", "waiting": "970.00", "owed_back": "0.00"},
                    "payouts": [PAYOUT_SHOWN],
                    "next_after": None,
                }
            ]
        }
    )

    unpaid: Unpaid
    payouts: list[PayoutTold]
    next_after: str | None


class SumsTold(Told):
    """`net = gross - fee - tax + refund + dispute + reserve`."""

    gross: SignedBirr
    fee: SignedBirr
    tax: SignedBirr
    refund: SignedBirr
    dispute: SignedBirr
    reserve: SignedBirr
    net: SignedBirr


class StatementLineTold(SumsTold):
    """A line of a payout."""

    id: str
    kind: LineKind
    plan: str | None
    reference: str | None
    """Your own order number."""
    tax_code: str | None


class PayoutStatementTold(Told):
    """The statement of a payout: the lines whose sum it is."""

    payout: str
    merchant: str
    day: Day
    by: PayoutRail
    state: PayoutState
    currency: Currency
    amount: Birr
    bank_reference: str | None
    lines: list[StatementLineTold]
    totals: SumsTold


def payout_told(payout: MerchantPayoutView, /) -> PayoutTold:
    """A payout."""
    return PayoutTold(
        id=payout.payout_id,
        day=day_of(payout.day),
        by=payout.rail,
        state=payout.state,
        amount=payout.amount,
        owed_back=payout.owed_back,
        reserve_held=payout.reserve_held,
        reserve_released=payout.reserve_released,
        opened_at=payout.opened_at,
        finished_at=payout.finished_at,
        bank_reference=payout.bank_reference,
        reason_code=payout.reason_code,
        test_clock=payout.test_clock_id,
    )


def unpaid_told(unpaid: UnpaidMoney, /) -> Unpaid:
    """What is still to come, or owed."""
    return Unpaid(available=unpaid.available, waiting=unpaid.waiting, owed_back=unpaid.owed_back)


def statement_told(statement: PayoutStatement, /) -> PayoutStatementTold:
    """A statement."""
    return PayoutStatementTold(
        payout=statement.payout_id,
        merchant=statement.merchant_id,
        day=day_of(statement.day),
        by=statement.rail,
        state=statement.state,
        currency=Currency.ETB,
        amount=statement.amount,
        bank_reference=statement.bank_reference,
        lines=[_line(row) for row in statement.rows],
        totals=SumsTold.model_validate(_sums(statement.sums)),
    )


def _line(row: StatementRow) -> StatementLineTold:
    return StatementLineTold(
        id=row.line_id,
        kind=row.kind,
        plan=row.plan_id,
        reference=row.reference,
        tax_code=row.tax_code,
        **_sums(row.sums),
    )


def _sums(sums: Sums) -> dict[str, Money]:
    return {
        "gross": sums.gross,
        "fee": sums.fee,
        "tax": sums.tax,
        "refund": sums.refund,
        "dispute": sums.dispute,
        "reserve": sums.reserve,
        "net": sums.net,
    }
