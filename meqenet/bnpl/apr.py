"""The annual percentage rate, by two measures that are never mixed up.

*Nominal*: United States, Regulation Z (12 CFR 1026), Appendix J, actuarial method: the rate of a
unit period times the unit periods of a year. *Effective*: European Union, directive 2008/48/EC,
Annex I: the rate of a year, compounded. 18 % nominal, paid monthly, is 19.56 % effective.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal, localcontext
from enum import StrEnum

from meqenet.bnpl.rate_factor import PRECISION
from meqenet.errors import Mender, Refusal
from meqenet.money import Money

_RATE_MAX = Decimal(10) ** 100
"""A fee of half the sum for one day is about 10^66 a year; beyond this nobody asks."""
_RATE_MIN = Decimal(-1)
_HALVINGS_MAX = 100
_TOLERANCE = Decimal(10) ** -20


class AprMeasure(StrEnum):
    """Which annual percentage rate a number is."""

    NOMINAL = "nominal"
    """Regulation Z, Appendix J: not compounded."""
    EFFECTIVE = "effective"
    """Directive 2008/48/EC, Annex I: compounded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitPeriodFlow:
    """An advance or a payment, at its distance from the first advance.

    Args:
        amount: zero or more.
        full_unit_periods: whole unit periods, at least 0.
        fraction: the odd days as a part of a unit period, from 0 to less than 1.
    """

    amount: Money
    full_unit_periods: int
    fraction: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class YearFlow:
    """A drawdown or a repayment, at its distance in years from the first drawdown.

    Args:
        amount: zero or more.
        years: zero or more; see :func:`meqenet.bnpl.interval.effective_years`.
    """

    amount: Money
    years: Decimal


def nominal_apr_percent(
    *,
    advances: Iterable[UnitPeriodFlow],
    payments: Iterable[UnitPeriodFlow],
    unit_periods_per_year: Decimal,
) -> Decimal:
    """Percent a year: the unit-period rate i that balances the flows, times the periods of a year.

    Appendix J (b)(8): sum A / ((1 + e i)(1 + i)^q) = sum P / ((1 + f i)(1 + i)^t); odd days bear
    simple interest.

    Raises:
        Refusal: ``apr_undefined``: no rate balances the flows.
    """
    flows = [(flow.amount.santim, flow) for flow in advances]
    flows += [(-flow.amount.santim, flow) for flow in payments]

    def net(rate: Decimal) -> Decimal:
        return sum(
            (
                santim / ((1 + flow.fraction * rate) * (1 + rate) ** flow.full_unit_periods)
                for santim, flow in flows
            ),
            Decimal(0),
        )

    with localcontext(PRECISION):
        rate = _balancing_rate(net=net, cost=-sum(santim for santim, _ in flows))
        return rate * unit_periods_per_year * 100


def effective_apr_percent(
    *, drawdowns: Iterable[YearFlow], repayments: Iterable[YearFlow]
) -> Decimal:
    """Percent a year: the X that balances sum C (1 + X)^-t and sum D (1 + X)^-s, Annex I, part I.

    Raises:
        Refusal: ``apr_undefined``: no rate balances the flows.
    """
    flows = [(flow.amount.santim, flow.years) for flow in drawdowns]
    flows += [(-flow.amount.santim, flow.years) for flow in repayments]

    def net(rate: Decimal) -> Decimal:
        log_growth = (1 + rate).ln()
        return sum((santim * (-years * log_growth).exp() for santim, years in flows), Decimal(0))

    with localcontext(PRECISION):
        return _balancing_rate(net=net, cost=-sum(santim for santim, _ in flows)) * 100


def _balancing_rate(*, net: Callable[[Decimal], Decimal], cost: int) -> Decimal:
    """The rate at which drawdowns less repayments are worth nothing: bracket, then bisect.

    Without cost it is zero, whenever the flows are. With a cost it is the first one found above
    zero, with a gain (less is repaid than drawn) the first one below; none is below -100 %.
    """
    if cost == 0:
        return Decimal(0)
    near, far = Decimal(0), _far_side(net=net, cost=cost)
    # Between the two the sign changes; near keeps the sign it has at zero.
    while abs(far - near) > _TOLERANCE * max(Decimal(1), abs(far)):
        middle = (near + far) / 2
        if (net(middle) < 0) is (cost > 0):
            near = middle
        else:
            far = middle
    return (near + far) / 2


def _far_side(*, net: Callable[[Decimal], Decimal], cost: int) -> Decimal:
    """A rate on the other side of the answer, seen from zero."""
    if cost > 0:
        rate = Decimal(1)
        while rate <= _RATE_MAX:
            if net(rate) >= 0:
                return rate
            rate *= 4
    else:
        for halvings in range(1, _HALVINGS_MAX):
            rate = _RATE_MIN + Decimal(2) ** -halvings
            if net(rate) <= 0:
                return rate
    raise Refusal(
        "apr_undefined",
        "no rate makes the repayments worth the drawdowns: is anything drawn, and repaid later?",
        mender=Mender.MERCHANT,
    )
