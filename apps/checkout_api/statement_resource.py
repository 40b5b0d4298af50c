"""A merchant's statement as the wire shows it."""

from datetime import datetime

from pydantic import ConfigDict, Field

from apps.checkout_api.amounts import Birr, Day, day_of
from apps.checkout_api.plan_list import PayoutStateName
from apps.checkout_api.told import Told
from db.analytics.views import StatementTotals
from meqenet.analytics.merchant_statement import StatementLine
from meqenet.bnpl.options import PaymentOption
from meqenet.calendar import addis_date
from meqenet.errors import Defect
from meqenet.money import Currency


class Totals(Told):
    """All lines of the period added up: `gross = fees + net` and `net = paid_out + payable`."""

    plans: int
    gross: Birr
    fees: Birr
    net: Birr
    paid_out: Birr
    payable: Birr


class Payout(Told):
    """The transfer to your bank account, by its newest attempt."""

    id: str
    state: PayoutStateName
    due_at: datetime
    paid_out: Birr
    paid_on: Day | None
    bank_reference: str | None
    """The bank's own number of the transfer."""
    reason_code: str | None
    """Why the bank refused it (ISO 20022)."""


class Line(Told):
    """One plan: `gross = fee + net`."""

    plan: str
    reference: str | None
    """The merchant's own name for the order."""
    option: PaymentOption
    on: Day
    """The day on which the plan became active."""
    gross: Birr
    """Price of the goods."""
    fee: Birr
    net: Birr
    payout: Payout


class Statement(Told):
    """A merchant's statement. Ask on with ``after`` while ``next_after`` is given."""

    model_config = ConfigDict(
        populate_by_name=True,
        json_schema_extra={
            "examples": [
                {
                    "merchant": "mrc_abcdefghijklmnopqrst",
                    "currency": "ETB",
                    "from": {"gregorian": "2026-11-01", "ethiopian": "2019-02-22"},
                    "to": {"gregorian": "2026-11-30", "ethiopian": "2019-03-21"},
                    "totals": {
                        "plans": 1,
                        "gross": "4000.00",
                        "fees": "120.00",
                        "net": "3880.00",
                        "paid_out": "3880.00",
                        "payable": "0.00",
                    },
                    "lines": [
                        {
                            "plan": "pln_abcdefghijklmnopqrst",
                            "reference": "order-1042",
                            "option": "pay_in_4",
                            "on": {"gregorian": "2026-11-23", "ethiopian": "2019-03-14"},
                            "gross": "4000.00",
                            "fee": "120.00",
                            "net": "3880.00",
                            "payout": {
                                "id": "pln_abcdefghijklmnopqrst-p1",
                                "state": "settled",
                                "due_at": "2026-11-24T07:00:00Z",
                                "paid_out": "3880.00",
                                "paid_on": {"gregorian": "2026-11-24", "ethiopian": "2019-03-15"},
                                "bank_reference": "FT26328X1",
                                "reason_code": None,
                            },
                        }
                    ],
                    "next_after": None,
                }
            ]
        },
    )

    merchant: str
    currency: Currency
    from_: Day | None = Field(alias="from")
    to: Day | None
    totals: Totals
    """Of the whole period, also where the lines are only a page of it."""
    lines: list[Line]
    """In the order in which the plans became active."""
    next_after: str | None


def totals_of(totals: StatementTotals) -> Totals:
    """The sums of a period."""
    return Totals(
        plans=totals.plans,
        gross=totals.gross,
        fees=totals.fees,
        net=totals.net,
        paid_out=totals.paid_out,
        payable=totals.payable,
    )


def line_of(line: StatementLine) -> Line:
    """One plan's line.

    Raises:
        Defect: ``line_not_scheduled``.
    """
    if line.gross is None or line.fee is None or line.net is None or line.scheduled_at is None:
        raise Defect("line_not_scheduled", f"{line.plan_id} is on a statement without its sums")
    return Line(
        plan=line.plan_id,
        reference=line.reference,
        option=PaymentOption(line.option or ""),
        on=day_of(addis_date(at=line.scheduled_at)),
        gross=line.gross,
        fee=line.fee,
        net=line.net,
        payout=Payout.model_validate(
            {
                "id": line.payout_id,
                "state": line.payout_state,
                "due_at": line.due_at,
                "paid_out": line.paid_out,
                "paid_on": None if line.paid_at is None else day_of(addis_date(at=line.paid_at)),
                "bank_reference": line.bank_reference,
                "reason_code": line.reason_code,
            }
        ),
    )
