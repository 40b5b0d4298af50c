"""How a plan is served once it is active: data of its product version.

Which money pays what first, what an early end costs, what lateness costs, when a plan counts as
lost, and what may be changed for a customer in hardship.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from meqenet.bnpl.authorisation_policy import (
    AUTHORISATION_WHERE_SILENT,
    AuthorisationPolicy,
)
from meqenet.errors import Mender, Refusal
from meqenet.money import Money

_ALL_PERCENT = 100
_NOTHING = Money.zero()


class Component(StrEnum):
    """What an installment is made of."""

    PENALTY = "penalty"
    """Late fees."""
    FEE = "fee"
    """Fees for something done, such as changing the plan."""
    INTEREST = "interest"
    """What pays for time."""
    PRINCIPAL = "principal"
    """What pays for the goods."""


class PaidAhead(StrEnum):
    """Where money goes when nothing is due any more."""

    NEXT_INSTALLMENT = "next_installment"
    """To the installments to come, the next one first."""
    LAST_INSTALLMENT = "last_installment"
    """To the installments to come, the last one first: the plan ends earlier."""


class RefundTo(StrEnum):
    """Which installments ask for less when goods go back."""

    NEXT_INSTALLMENTS = "next_installments"
    """The oldest that are not paid, what is past due before all others."""
    LAST_INSTALLMENTS = "last_installments"
    """The last ones: the plan ends earlier."""
    RE_AMORTISE = "re_amortise"
    """All to come, each of them less; what is past due only where these are not enough."""


@dataclass(frozen=True, kw_only=True)
class RefundPolicy:
    """What becomes of a plan whose goods, or a part of them, go back.

    Attributes:
        to: which installments ask for less.
        returns_interest: what the part has cost in interest is given back.
    """

    to: RefundTo
    returns_interest: bool


REFUND_WHERE_SILENT: Final = RefundPolicy(to=RefundTo.LAST_INSTALLMENTS, returns_interest=True)
"""Of versions that are silent: the plan ends earlier, and what went back has cost nothing."""


class PayOffInterest(StrEnum):
    """Until when interest runs if the customer pays everything before its time."""

    TO_THE_DAY = "to_the_day"
    """Until the day of the payment, which earns nothing any more."""
    TO_NEXT_REST_DATE = "to_next_rest_date"
    """Until the next due date: the period that has begun is paid in full."""


class LateFeeBasis(StrEnum):
    """What a late fee is counted from."""

    FIXED = "fixed"
    """The same amount whatever is overdue."""
    PERCENT_OF_OVERDUE = "percent_of_overdue"
    """A share of the principal and interest that are overdue; of fees never."""


@dataclass(frozen=True, kw_only=True)
class LateFeePolicy:
    """What an installment costs more when it is late.

    Attributes:
        grace_days: so many days after the due date cost nothing; the fee is charged on the next.
        basis: fixed, or a share of what is overdue.
        amount: the fee, of a fixed one.
        percent: the share, of the other.
        every_days: a further fee after so many days each while it stays unpaid; None is once.
        installment_cap_percent: all fees of an installment together, at most, in percent of its
            principal and interest.
        plan_cap_percent: all fees of a plan together, at most, in percent of the sum financed:
            so no fee, however small the plan, makes it cost more than this.

    Raises:
        Refusal: ``product_invalid``; field and text name the value at fault and the rule.
    """

    grace_days: int
    basis: LateFeeBasis
    amount: Money | None
    percent: Decimal | None
    every_days: int | None
    installment_cap_percent: Decimal
    plan_cap_percent: Decimal

    def __post_init__(self) -> None:
        is_fixed = self.basis is LateFeeBasis.FIXED
        amount, percent = self.amount, self.percent
        _hold(
            "late_fee",
            (
                ("grace_days", self.grace_days >= 0, "at least 0"),
                (
                    "amount",
                    (amount is not None and amount > _NOTHING) if is_fixed else amount is None,
                    "more than 0 where the fee is fixed, else null",
                ),
                (
                    "percent",
                    percent is None if is_fixed else _is_share(percent),
                    "more than 0 and at most 100 where the fee is a share, else null",
                ),
                (
                    "every_days",
                    self.every_days is None or self.every_days >= 1,
                    "null, or at least 1",
                ),
                (
                    "installment_cap_percent",
                    _is_share(self.installment_cap_percent),
                    "more than 0 and at most 100",
                ),
                (
                    "plan_cap_percent",
                    _is_share(self.plan_cap_percent),
                    "more than 0 and at most 100",
                ),
            ),
        )


class ChargeOffBy(StrEnum):
    """Who gives a plan up once it is late enough."""

    STAFF = "staff"
    """A person: it falls due, and waits for somebody who does it."""
    POLICY = "policy"
    """The plan itself, on the day."""


@dataclass(frozen=True, kw_only=True)
class DelinquencyPolicy:
    """From when on a late plan counts as not performing, and as lost.

    Attributes:
        non_accrual_days: days past due from which interest is no longer counted as earned.
        charge_off_days: days past due from which the plan is a loss; None is never by the rule.
        charge_off_by: who gives it up from then on; money decisions are people's, if nothing else
            is said.

    Raises:
        Refusal: ``product_invalid``; field and text name the value at fault and the rule.
    """

    non_accrual_days: int
    charge_off_days: int | None
    charge_off_by: ChargeOffBy = ChargeOffBy.STAFF

    def __post_init__(self) -> None:
        charge_off = self.charge_off_days
        _hold(
            "delinquency",
            (
                ("non_accrual_days", self.non_accrual_days >= 1, "at least 1"),
                (
                    "charge_off_days",
                    charge_off is None or charge_off >= self.non_accrual_days,
                    "null, or not below non_accrual_days",
                ),
                (
                    "charge_off_by",
                    charge_off is not None or self.charge_off_by is ChargeOffBy.STAFF,
                    "staff where charge_off_days is null",
                ),
            ),
        )


@dataclass(frozen=True, kw_only=True)
class DayLimit:
    """How far dates may be moved.

    Attributes:
        days_max: more is refused.
        days_without_approval: more needs an approval.
        times_max: so often in a plan's life; more is refused.
        times_without_approval: more needs an approval.
        amount_without_approval: where more than this is concerned, it needs an approval.
        fee: what the change costs.
    """

    days_max: int
    days_without_approval: int
    times_max: int
    times_without_approval: int
    amount_without_approval: Money
    fee: Money


@dataclass(frozen=True, kw_only=True)
class SpreadLimit:
    """How often, and how much of arrears may be spread; the fields are those of a DayLimit."""

    times_max: int
    times_without_approval: int
    amount_without_approval: Money
    fee: Money


@dataclass(frozen=True, kw_only=True)
class ExtensionLimit:
    """By how many installments a plan may grow; the others are those of a DayLimit.

    Attributes:
        installments_max: more is refused.
        installments_without_approval: more needs an approval.
    """

    installments_max: int
    installments_without_approval: int
    times_max: int
    times_without_approval: int
    amount_without_approval: Money
    fee: Money


HardshipLimit = DayLimit | SpreadLimit | ExtensionLimit


@dataclass(frozen=True, kw_only=True)
class HardshipPolicy:
    """What may be changed for a customer who cannot pay as agreed; None is not offered.

    Raises:
        Refusal: ``product_invalid``; field and text name the value at fault and the rule.
    """

    pause: DayLimit | None
    move_due_date: DayLimit | None
    spread_arrears: SpreadLimit | None
    extend: ExtensionLimit | None

    def __post_init__(self) -> None:
        for name, limit in self.limits():
            _hold(f"hardship.{name}", _limit_rules(limit))

    def limits(self) -> tuple[tuple[str, HardshipLimit], ...]:
        """Those that are offered, by their names."""
        named = (
            ("pause", self.pause),
            ("move_due_date", self.move_due_date),
            ("spread_arrears", self.spread_arrears),
            ("extend", self.extend),
        )
        return tuple((name, limit) for name, limit in named if limit is not None)


@dataclass(frozen=True, kw_only=True)
class ServicingPolicy:
    """Everything that a product version says of serving its plans.

    Attributes:
        allocation_order: inside an installment, what a payment pays first; each component once.
        paid_ahead: where money goes when nothing is due any more.
        pay_off_interest: until when interest runs if everything is paid before its time.
        late_fee: None: lateness costs nothing.
        delinquency: from when on a plan is not performing, and lost.
        hardship: what may be changed.
        refund: what becomes of it when goods go back.
        authorisation: until when its merchant captures it, where it does so itself.

    Raises:
        Refusal: ``product_invalid``; field and text name the value at fault and the rule.
    """

    allocation_order: tuple[Component, ...]
    paid_ahead: PaidAhead
    pay_off_interest: PayOffInterest
    late_fee: LateFeePolicy | None
    delinquency: DelinquencyPolicy
    hardship: HardshipPolicy
    refund: RefundPolicy = REFUND_WHERE_SILENT
    authorisation: AuthorisationPolicy = AUTHORISATION_WHERE_SILENT

    def __post_init__(self) -> None:
        named = sorted(self.allocation_order)
        _hold("", (("allocation_order", named == sorted(Component), "each component once"),))


_Rules = Iterable[tuple[str, bool, str]]
"""Field, whether its rule holds, and the rule."""


def _hold(path: str, rules: _Rules) -> None:
    for name, holds, rule in rules:
        if not holds:
            field = ".".join(part for part in ("servicing", path, name) if part)
            raise Refusal("product_invalid", f"{field}: {rule}", mender=Mender.MEQENET, field=field)


def _is_share(percent: Decimal | None) -> bool:
    return percent is not None and 0 < percent <= _ALL_PERCENT


def _limit_rules(limit: HardshipLimit) -> _Rules:
    yield from _up_to("times_max", limit.times_max, "times_without_approval", limit)
    match limit:
        case DayLimit():
            yield from _up_to("days_max", limit.days_max, "days_without_approval", limit)
        case ExtensionLimit():
            yield from _up_to(
                "installments_max", limit.installments_max, "installments_without_approval", limit
            )
        case SpreadLimit():
            pass
    for name, amount in (
        ("amount_without_approval", limit.amount_without_approval),
        ("fee", limit.fee),
    ):
        yield name, amount >= _NOTHING, "at least 0"


def _up_to(name: str, most: int, below: str, limit: HardshipLimit) -> _Rules:
    yield name, most >= 1, "at least 1"
    yield below, 0 <= getattr(limit, below) <= most, f"between 0 and {name}"


SILENT = ServicingPolicy(
    allocation_order=tuple(Component),
    paid_ahead=PaidAhead.NEXT_INSTALLMENT,
    pay_off_interest=PayOffInterest.TO_THE_DAY,
    late_fee=None,
    delinquency=DelinquencyPolicy(non_accrual_days=90, charge_off_days=None),
    hardship=HardshipPolicy(pause=None, move_due_date=None, spread_arrears=None, extend=None),
)
"""Of versions that say nothing: nothing costs more than was signed, and nothing is changed."""
