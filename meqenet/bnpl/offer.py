"""What an option would cost a customer, or why it is not offered."""

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from meqenet.bnpl.apr import (
    AprMeasure,
    UnitPeriodFlow,
    YearFlow,
    effective_apr_percent,
    nominal_apr_percent,
)
from meqenet.bnpl.day_count import RepayUnit
from meqenet.bnpl.interval import IntervalUnit, effective_years
from meqenet.bnpl.options import PaymentOption
from meqenet.bnpl.products import ProductVersion
from meqenet.bnpl.schedule import Schedule, build_schedule
from meqenet.bnpl.terms import ScheduleTerms
from meqenet.money import Money

_UNITS_PER_YEAR = {RepayUnit.DAYS: 365, RepayUnit.WEEKS: 52, RepayUnit.MONTHS: 12}
_INTERVAL_UNITS = {
    RepayUnit.DAYS: IntervalUnit.WEEKS,
    RepayUnit.WEEKS: IntervalUnit.WEEKS,
    RepayUnit.MONTHS: IntervalUnit.MONTHS,
}
_NAMES = {
    PaymentOption.PAY_IN_4: "Pay in 4",
    PaymentOption.PAY_IN_30: "Pay in 30 days",
    PaymentOption.PAY_OVER_TIME: "Pay over time",
    PaymentOption.PAY_IN_FULL: "Pay in full",
}


@dataclass(frozen=True, kw_only=True)
class Quote:
    """An option's terms for an amount, as if the plan were activated on ``schedule``'s day 0.

    Args:
        option: which option.
        product_version: the version it is quoted under.
        amount: price of the goods.
        schedule: what is due when.
        total_payable: everything the customer pays.
        cost_of_credit: ``total_payable`` less the price of the goods.
        nominal_rate_basis_points: the contract's rate a year; 0 is free of interest.
        nominal_apr_percent: Regulation Z measure, two decimals.
        effective_apr_percent: European measure, two decimals.
        rate_is_indicative: the credit tier is not known; this is the highest rate of the version.
    """

    option: PaymentOption
    product_version: int
    amount: Money
    schedule: Schedule
    total_payable: Money
    cost_of_credit: Money
    nominal_rate_basis_points: int
    nominal_apr_percent: Decimal
    effective_apr_percent: Decimal
    rate_is_indicative: bool


@dataclass(frozen=True, kw_only=True)
class NotOffered:
    """Why an option is not offered.

    ``code`` is one of ``amount_below_minimum``, ``amount_above_maximum``,
    ``installment_count_not_offered``, ``tier_not_offered``, ``apr_above_cap``; ``text`` is for the
    customer.
    """

    option: PaymentOption
    code: str
    text: str


def quote(
    *,
    product: ProductVersion,
    amount: Money,
    on: date,
    installment_count: int | None,
    tier: str | None,
) -> Quote | NotOffered:
    """Quote one option for an amount.

    Args:
        product: the version in force.
        amount: price of the goods.
        on: the Addis Ababa date that the schedule counts from.
        installment_count: how many installments; None is the fewest of the version, which cost
            least.
        tier: the customer's credit tier; None quotes the highest rate and says so. Without effect
            where the version is free of interest.
    """
    count = product.installment_count_min if installment_count is None else installment_count
    rates = product.rate_basis_points_by_tier
    reason = _reason_against(product=product, amount=amount, count=count, tier=tier)
    if reason is not None:
        return reason
    terms = terms_of(product=product, amount=amount, on=on, installment_count=count, tier=tier)
    schedule = build_schedule(terms=terms)
    nominal, effective = _aprs(schedule=schedule, product=product, on=on)
    is_capped_by = {AprMeasure.NOMINAL: nominal, AprMeasure.EFFECTIVE: effective}
    if is_capped_by[product.apr_cap_measure] > product.apr_cap_percent:
        return NotOffered(
            option=product.option,
            code="apr_above_cap",
            text=f"{_NAMES[product.option]} would cost more a year than we allow ourselves.",
        )
    return Quote(
        option=product.option,
        product_version=product.version,
        amount=amount,
        schedule=schedule,
        total_payable=schedule.total_payable,
        cost_of_credit=schedule.total_payable - amount,
        nominal_rate_basis_points=_rate(product=product, tier=tier),
        nominal_apr_percent=nominal,
        effective_apr_percent=effective,
        rate_is_indicative=bool(rates) and tier is None,
    )


def terms_of(
    *,
    product: ProductVersion,
    amount: Money,
    on: date,
    installment_count: int | None,
    tier: str | None,
) -> ScheduleTerms:
    """What the schedule of :func:`quote` follows from; the arguments are the same.

    Raises:
        KeyError: the version has no rate for the tier.
    """
    return _terms(
        product=product,
        amount=amount,
        on=on,
        count=product.installment_count_min if installment_count is None else installment_count,
        rate_basis_points=_rate(product=product, tier=tier),
    )


def _rate(*, product: ProductVersion, tier: str | None) -> int:
    """Of the tier, or the highest there is."""
    rates = product.rate_basis_points_by_tier
    return rates[tier] if rates and tier is not None else max(rates.values(), default=0)


def _reason_against(
    *, product: ProductVersion, amount: Money, count: int, tier: str | None
) -> NotOffered | None:
    name, rates = _NAMES[product.option], product.rate_basis_points_by_tier
    fewest, most = product.installment_count_min, product.installment_count_max
    counts = str(most) if fewest == most else f"{fewest} to {most}"
    checks = (
        (
            amount < product.amount_min,
            "amount_below_minimum",
            f"{name} starts at {product.amount_min} birr.",
        ),
        (
            amount > product.amount_max,
            "amount_above_maximum",
            f"{name} ends at {product.amount_max} birr.",
        ),
        (
            not fewest <= count <= most,
            "installment_count_not_offered",
            f"{name} is paid in {counts} installments.",
        ),
        (
            bool(rates) and tier is not None and tier not in rates,
            "tier_not_offered",
            f"{name} is not offered to this credit tier.",
        ),
    )
    for applies, code, text in checks:
        if applies:
            return NotOffered(option=product.option, code=code, text=text)
    return None


def _terms(
    *, product: ProductVersion, amount: Money, on: date, count: int, rate_basis_points: int
) -> ScheduleTerms:
    return ScheduleTerms(
        principal=amount,
        annual_rate_percent=Decimal(rate_basis_points) / 100,
        disbursed_on=on,
        repay_every=product.repay_every,
        repay_unit=product.repay_unit,
        number_of_installments=count - (product.down_payment_percent is not None),
        days_in_year=product.days_in_year,
        days_in_month=product.days_in_month,
        down_payment_percent=product.down_payment_percent,
        installment_multiple_of=product.installment_multiple_of,
        month_end=product.month_end,
    )


def _aprs(*, schedule: Schedule, product: ProductVersion, on: date) -> tuple[Decimal, Decimal]:
    """Nominal and effective rate of a schedule, drawn in one sum on day 0."""
    rows = schedule.installments
    nominal = nominal_apr_percent(
        advances=[UnitPeriodFlow(amount=schedule.principal, full_unit_periods=0)],
        payments=[
            UnitPeriodFlow(amount=row.total, full_unit_periods=unit_period)
            for unit_period, row in enumerate(rows, start=0 if rows[0].due == on else 1)
        ],
        unit_periods_per_year=Decimal(_UNITS_PER_YEAR[product.repay_unit]) / product.repay_every,
    )
    effective = effective_apr_percent(
        drawdowns=[YearFlow(amount=schedule.principal, years=Decimal(0))],
        repayments=[
            YearFlow(
                amount=row.total,
                years=effective_years(
                    start=on, end=row.due, unit=_INTERVAL_UNITS[product.repay_unit]
                ),
            )
            for row in rows
        ],
    )
    return _disclosed(nominal), _disclosed(effective)


def _disclosed(percent: Decimal) -> Decimal:
    """Two decimals, half up, as rates are shown."""
    return percent.quantize(Decimal("0.01"), ROUND_HALF_UP)
