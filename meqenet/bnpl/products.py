"""Products are versioned data: limits, prices, day counts, windows. A plan keeps its version."""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise

from meqenet.bnpl.apr import AprMeasure
from meqenet.bnpl.day_count import DaysInMonth, DaysInYear, RepayUnit
from meqenet.bnpl.document import DocumentReader
from meqenet.bnpl.options import PaymentOption
from meqenet.bnpl.servicing_document import read_servicing
from meqenet.bnpl.servicing_policy import SILENT, ServicingPolicy
from meqenet.bnpl.terms import INSTALLMENTS_MAX, REPAY_EVERY_MAX
from meqenet.calendar import MonthEnd
from meqenet.errors import Mender, Refusal
from meqenet.money import Money

_ALL_PERCENT = 100
_RATE_BASIS_POINTS_MAX = 10_000
_LAST_HOUR = 23


@dataclass(frozen=True, kw_only=True)
class ProductVersion:
    """One version of one payment option.

    Args:
        option: which option.
        version: from 1, per option.
        effective_from: the Addis Ababa date from which new plans are opened under it.
        lender_of_record: who lends; only banks, microfinance institutions and savings and credit
            cooperatives may charge interest in Ethiopia.
        amount_min: smallest price of goods.
        amount_max: largest price of goods.
        installment_count_min: fewest installments, one at checkout included.
        installment_count_max: most installments, one at checkout included.
        down_payment_percent: share due at checkout; None where nothing is.
        repay_every: units between installments after checkout.
        repay_unit: days, weeks or months.
        days_in_year: day count of the year.
        days_in_month: day count of the month.
        month_end: where a date goes in a month that is too short.
        installment_multiple_of: level installments are rounded to multiples of this.
        rate_basis_points_by_tier: nominal rate a year by credit tier; empty is free of interest.
        apr_cap_percent: no quote costs more than this a year.
        apr_cap_measure: by which measure the cap is meant.
        offer_minutes_max: how long an offer stands.
        first_payment_minutes_max: how long the customer has to pay at checkout.
        collection_hour: hour of the day, Addis Ababa, at which due installments are collected.
        retry_after_days: distances of the retries from the due date, in order.
        protection_days: how long the merchant's money is held for the buyer's protection.
        servicing: how a plan is served once it is active; None of versions that say nothing.

    Raises:
        Refusal: ``product_invalid``; field and text name the value at fault and the rule.
    """

    option: PaymentOption
    version: int
    effective_from: date
    lender_of_record: str
    amount_min: Money
    amount_max: Money
    installment_count_min: int
    installment_count_max: int
    down_payment_percent: Decimal | None
    repay_every: int
    repay_unit: RepayUnit
    days_in_year: DaysInYear
    days_in_month: DaysInMonth
    month_end: MonthEnd
    installment_multiple_of: Money | None
    rate_basis_points_by_tier: Mapping[str, int]
    apr_cap_percent: Decimal
    apr_cap_measure: AprMeasure
    offer_minutes_max: int
    first_payment_minutes_max: int
    collection_hour: int
    retry_after_days: tuple[int, ...]
    protection_days: int
    servicing: ServicingPolicy | None = None

    def __post_init__(self) -> None:
        for field, holds, rule in (*_limits(self), *_prices(self), *_windows(self)):
            if not holds:
                raise Refusal(
                    "product_invalid", f"{field}: {rule}", mender=Mender.MEQENET, field=field
                )

    @property
    def bears_interest(self) -> bool:
        """Whether time costs the customer anything under this version."""
        return bool(self.rate_basis_points_by_tier)

    @property
    def servicing_policy(self) -> ServicingPolicy:
        """How its plans are served; what holds of silent versions where it says nothing."""
        return self.servicing or SILENT


_Rules = tuple[tuple[str, bool, str], ...]
"""Field, whether its rule holds, and the rule."""


def _limits(product: ProductVersion) -> _Rules:
    down, multiple = product.down_payment_percent, product.installment_multiple_of
    fewest, most = product.installment_count_min, product.installment_count_max
    return (
        ("version", product.version >= 1, "at least 1"),
        ("lender_of_record", bool(product.lender_of_record.strip()), "not empty"),
        ("amount_min", product.amount_min > Money.zero(), "more than 0"),
        ("amount_max", product.amount_max >= product.amount_min, "not below amount_min"),
        ("installment_count_min", fewest >= 1, "at least 1"),
        (
            "installment_count_max",
            fewest <= most <= INSTALLMENTS_MAX,
            f"between installment_count_min and {INSTALLMENTS_MAX}",
        ),
        (
            "down_payment_percent",
            down is None or 0 < down <= _ALL_PERCENT,
            "null, or more than 0 and at most 100",
        ),
        (
            "installment_count_max",
            down != _ALL_PERCENT or most == 1,
            "1 where everything is paid at checkout",
        ),
        (
            "installment_count_min",
            down is None or down == _ALL_PERCENT or fewest > 1,
            "at least 2 where a part is paid at checkout",
        ),
        (
            "repay_every",
            1 <= product.repay_every <= REPAY_EVERY_MAX,
            f"between 1 and {REPAY_EVERY_MAX}",
        ),
        (
            "installment_multiple_of",
            multiple is None or multiple > Money.zero(),
            "null, or more than 0",
        ),
    )


def _prices(product: ProductVersion) -> _Rules:
    rates = product.rate_basis_points_by_tier
    is_same_on_any_day = (
        product.days_in_month is DaysInMonth.DAYS_30
        and product.days_in_year is not DaysInYear.ACTUAL
    )
    return (
        (
            "rate_basis_points_by_tier",
            all(1 <= rate <= _RATE_BASIS_POINTS_MAX for rate in rates.values()),
            f"each between 1 and {_RATE_BASIS_POINTS_MAX}; empty is free of interest",
        ),
        (
            "days_in_month",
            is_same_on_any_day or not rates,
            "30, with a year that is not ACTUAL, for amounts that hold on any day of activation",
        ),
        ("apr_cap_percent", product.apr_cap_percent >= 0, "at least 0"),
        *(
            (
                f"servicing.hardship.{name}.fee",
                product.bears_interest or not limit.fee,
                "0 where the version is free of interest",
            )
            for name, limit in product.servicing_policy.hardship.limits()
        ),
    )


def _windows(product: ProductVersion) -> _Rules:
    retries = product.retry_after_days
    return (
        ("offer_minutes_max", product.offer_minutes_max >= 1, "at least 1"),
        ("first_payment_minutes_max", product.first_payment_minutes_max >= 1, "at least 1"),
        ("collection_hour", 0 <= product.collection_hour <= _LAST_HOUR, "between 0 and 23"),
        (
            "retry_after_days",
            all(before < after for before, after in pairwise((0, *retries))),
            "whole days from 1, each later than the one before",
        ),
        ("protection_days", product.protection_days >= 0, "at least 0"),
    )


def product_from_document(*, document: Mapping[str, object]) -> ProductVersion:
    """Read a version from its JSON object; :func:`document_of` writes the same object again.

    Raises:
        Refusal: ``document_invalid`` or ``product_invalid``, naming the field and the rule.
    """
    read = DocumentReader(document, mender=Mender.MEQENET)
    down, multiple = "down_payment_percent", "installment_multiple_of"
    product = ProductVersion(
        option=read.member("option", PaymentOption),
        version=read.integer("version"),
        effective_from=read.day("effective_from"),
        lender_of_record=read.text("lender_of_record"),
        amount_min=read.money("amount_min"),
        amount_max=read.money("amount_max"),
        installment_count_min=read.integer("installment_count_min"),
        installment_count_max=read.integer("installment_count_max"),
        down_payment_percent=None if read.is_null(down) else read.decimal(down),
        repay_every=read.integer("repay_every"),
        repay_unit=read.member("repay_unit", RepayUnit),
        days_in_year=read.member("days_in_year", DaysInYear),
        days_in_month=read.member("days_in_month", DaysInMonth),
        month_end=read.member("month_end", MonthEnd),
        installment_multiple_of=None if read.is_null(multiple) else read.money(multiple),
        rate_basis_points_by_tier=read.integers_by_text("rate_basis_points_by_tier"),
        apr_cap_percent=read.decimal("apr_cap_percent"),
        apr_cap_measure=read.member("apr_cap_measure", AprMeasure),
        offer_minutes_max=read.integer("offer_minutes_max"),
        first_payment_minutes_max=read.integer("first_payment_minutes_max"),
        collection_hour=read.integer("collection_hour"),
        retry_after_days=read.integers("retry_after_days"),
        protection_days=read.integer("protection_days"),
        servicing=(
            None if read.is_null("servicing") else read_servicing(read=read.part("servicing"))
        ),
    )
    read.finish()
    return product


def document_of(*, product: ProductVersion) -> dict[str, object]:
    """The JSON object of a version: money, decimals and dates as strings.

    What the version says nothing of is left out, so that old versions stay as they were sold.
    """
    return {
        field.name: _plain(getattr(product, field.name))
        for field in fields(product)
        if field.name != "servicing" or product.servicing is not None
    }


def _plain(value: object) -> object:
    match value:
        case Money() | Decimal() | StrEnum():
            return str(value)
        case date():
            return value.isoformat()
        case tuple():
            return [_plain(item) for item in value]
        case Mapping():
            return dict(value)
        case _ if is_dataclass(value) and not isinstance(value, type):
            return {
                field.name: _plain(getattr(value, field.name))
                for field in fields(value)
                if field.default is MISSING or getattr(value, field.name) != field.default
            }
        case _:
            return value
