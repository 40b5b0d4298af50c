"""What would it cost? All four options for an amount, or why one is not offered."""

from datetime import date
from decimal import Decimal
from typing import Literal

from fastapi import APIRouter
from pydantic import ConfigDict

from apps.checkout_api.amounts import Birr, Day, Percent, day_of
from apps.checkout_api.authentication import Authenticated
from apps.checkout_api.exact_json import ExactRoute
from apps.checkout_api.late_fee_terms import LateFeeTerms, late_fee_terms
from apps.checkout_api.parts import Parts
from apps.checkout_api.problems import openapi_responses
from apps.checkout_api.told import Told
from apps.checkout_api.wire import QuoteRequest
from db.bnpl.views import products_on
from meqenet.bnpl.lateness_price import LatenessPrice, lateness_price
from meqenet.bnpl.offer import NotOffered, Quote, quote
from meqenet.bnpl.options import PaymentOption
from meqenet.bnpl.products import ProductVersion
from meqenet.bnpl.schedule import Installment
from meqenet.calendar import addis_date

router = APIRouter(prefix="/v1/quotes", tags=["quotes"], route_class=ExactRoute)


class QuotedInstallment(Told):
    """One row of a schedule."""

    number: int
    due_on: Day
    principal: Birr
    interest: Birr
    amount: Birr
    """What is collected: principal and interest."""


class OptionQuote(Told):
    """What an option costs."""

    option: PaymentOption
    offered: Literal[True] = True
    product_version: int
    schedule: list[QuotedInstallment]
    total_payable: Birr
    cost_of_credit: Birr
    """``total_payable`` less the price of the goods."""
    nominal_rate_percent: Percent
    """The contract's rate a year."""
    nominal_apr_percent: Percent
    effective_apr_percent: Percent
    rate_is_indicative: bool
    """The customer's credit tier is not known yet: this is the highest rate there is."""
    late_fees: LateFeeTerms | None
    """What lateness costs; null where it costs nothing."""


class Reason(Told):
    """Why something is not offered."""

    code: str
    text: str
    """May be shown to the customer."""


class OptionNotOffered(Told):
    """An option that is not offered for this amount."""

    option: PaymentOption
    offered: Literal[False] = False
    reason: Reason


class Quotes(Told):
    """The options, in the order in which a checkout shows them."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "amount": "1000.00",
                    "currency": "ETB",
                    "quoted_on": {"gregorian": "2026-11-23", "ethiopian": "2019-03-14"},
                    "options": [
                        {
                            "option": "pay_in_30",
                            "offered": True,
                            "product_version": 1,
                            "schedule": [
                                {
                                    "number": 1,
                                    "due_on": {
                                        "gregorian": "2026-12-23",
                                        "ethiopian": "2019-04-14",
                                    },
                                    "principal": "1000.00",
                                    "interest": "0.00",
                                    "amount": "1000.00",
                                }
                            ],
                            "total_payable": "1000.00",
                            "cost_of_credit": "0.00",
                            "nominal_rate_percent": "0.00",
                            "nominal_apr_percent": "0.00",
                            "effective_apr_percent": "0.00",
                            "rate_is_indicative": False,
                            "late_fees": None,
                        },
                        {
                            "option": "pay_over_time",
                            "offered": False,
                            "reason": {
                                "code": "amount_below_minimum",
                                "text": "Pay over time starts at 3000.00 birr.",
                            },
                        },
                    ],
                }
            ]
        }
    )

    amount: Birr
    currency: Literal["ETB"] = "ETB"
    quoted_on: Day
    """Schedules count from this day, as if the plan were activated on it."""
    options: list[OptionQuote | OptionNotOffered]


@router.post("", summary="Quote an amount", responses=openapi_responses(401, 403, 422, 503))
async def quotes(parts: Parts, merchant: Authenticated, body: QuoteRequest) -> Quotes:
    """Every option, or the one asked for. Nothing is stored; no Idempotency-Key is needed."""
    del merchant  # every merchant is quoted alike
    on = addis_date(at=parts.clock())
    async with parts.bnpl.read() as session:
        products = await products_on(session=session, on=on)
    return Quotes(
        amount=body.amount,
        quoted_on=day_of(on),
        options=[
            _option(product, body=body, on=on)
            for product in products
            if body.option in (None, product.option)
        ],
    )


def _option(
    product: ProductVersion, *, body: QuoteRequest, on: date
) -> OptionQuote | OptionNotOffered:
    lets_choose = product.installment_count_min < product.installment_count_max
    # Asked of all options, a number of installments is meant for those that leave a choice.
    count = body.installment_count if lets_choose or body.option else None
    told = quote(product=product, amount=body.amount, on=on, installment_count=count, tier=None)
    match told:
        case NotOffered():
            reason = Reason(code=told.code, text=told.text)
            return OptionNotOffered(option=told.option, reason=reason)
        case Quote():
            price = lateness_price(
                product=product, amount=body.amount, on=on, installment_count=count, tier=None
            )
            return _quoted(told, price=price)


def _quoted(told: Quote, *, price: LatenessPrice | None) -> OptionQuote:
    return OptionQuote(
        option=told.option,
        product_version=told.product_version,
        schedule=[_row(row) for row in told.schedule.installments],
        total_payable=told.total_payable,
        cost_of_credit=told.cost_of_credit,
        nominal_rate_percent=Decimal(told.nominal_rate_basis_points) / 100,
        nominal_apr_percent=told.nominal_apr_percent,
        effective_apr_percent=told.effective_apr_percent,
        rate_is_indicative=told.rate_is_indicative,
        late_fees=late_fee_terms(price),
    )


def _row(row: Installment) -> QuotedInstallment:
    return QuotedInstallment(
        number=row.number,
        due_on=day_of(row.due),
        principal=row.principal,
        interest=row.interest,
        amount=row.total,
    )
