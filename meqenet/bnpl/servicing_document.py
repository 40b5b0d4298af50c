"""Reads what a product document says of servicing, field by field, as strictly as the rest."""

from meqenet.bnpl.authorisation_policy import (
    AUTHORISATION_WHERE_SILENT,
    AuthorisationPolicy,
)
from meqenet.bnpl.document import DocumentReader
from meqenet.bnpl.servicing_policy import (
    REFUND_WHERE_SILENT,
    ChargeOffBy,
    Component,
    DayLimit,
    DelinquencyPolicy,
    ExtensionLimit,
    HardshipPolicy,
    LateFeeBasis,
    LateFeePolicy,
    PaidAhead,
    PayOffInterest,
    RefundPolicy,
    RefundTo,
    ServicingPolicy,
    SpreadLimit,
)


def read_servicing(*, read: DocumentReader) -> ServicingPolicy:
    """The policy in its JSON object.

    Raises:
        Refusal: ``document_invalid`` or ``product_invalid``, naming the field and the rule.
    """
    policy = ServicingPolicy(
        allocation_order=read.members("allocation_order", Component),
        paid_ahead=read.member("paid_ahead", PaidAhead),
        pay_off_interest=read.member("pay_off_interest", PayOffInterest),
        late_fee=None if read.is_null("late_fee") else _late_fee(read.part("late_fee")),
        delinquency=_delinquency(read.part("delinquency")),
        hardship=_hardship(read.part("hardship")),
        refund=REFUND_WHERE_SILENT if read.is_null("refund") else _refund(read.part("refund")),
        authorisation=AUTHORISATION_WHERE_SILENT
        if read.is_null("authorisation")
        else _authorisation(read.part("authorisation")),
    )
    read.finish()
    return policy


def _refund(read: DocumentReader) -> RefundPolicy:
    policy = RefundPolicy(
        to=read.member("to", RefundTo),
        returns_interest=read.truth("returns_interest"),
    )
    read.finish()
    return policy


def _authorisation(read: DocumentReader) -> AuthorisationPolicy:
    policy = AuthorisationPolicy(
        days=read.integer("days"), warning_days=read.integer("warning_days")
    )
    read.finish()
    return policy


def _late_fee(read: DocumentReader) -> LateFeePolicy:
    policy = LateFeePolicy(
        grace_days=read.integer("grace_days"),
        basis=read.member("basis", LateFeeBasis),
        amount=None if read.is_null("amount") else read.money("amount"),
        percent=None if read.is_null("percent") else read.decimal("percent"),
        every_days=None if read.is_null("every_days") else read.integer("every_days"),
        installment_cap_percent=read.decimal("installment_cap_percent"),
        plan_cap_percent=read.decimal("plan_cap_percent"),
    )
    read.finish()
    return policy


def _delinquency(read: DocumentReader) -> DelinquencyPolicy:
    last, by = "charge_off_days", "charge_off_by"
    policy = DelinquencyPolicy(
        non_accrual_days=read.integer("non_accrual_days"),
        charge_off_days=None if read.is_null(last) else read.integer(last),
        charge_off_by=ChargeOffBy.STAFF if read.is_null(by) else read.member(by, ChargeOffBy),
    )
    read.finish()
    return policy


def _hardship(read: DocumentReader) -> HardshipPolicy:
    pause, move, spread, extend = "pause", "move_due_date", "spread_arrears", "extend"
    policy = HardshipPolicy(
        pause=None if read.is_null(pause) else _day_limit(read.part(pause)),
        move_due_date=None if read.is_null(move) else _day_limit(read.part(move)),
        spread_arrears=None if read.is_null(spread) else _spread_limit(read.part(spread)),
        extend=None if read.is_null(extend) else _extension_limit(read.part(extend)),
    )
    read.finish()
    return policy


def _day_limit(read: DocumentReader) -> DayLimit:
    limit = DayLimit(
        days_max=read.integer("days_max"),
        days_without_approval=read.integer("days_without_approval"),
        times_max=read.integer("times_max"),
        times_without_approval=read.integer("times_without_approval"),
        amount_without_approval=read.money("amount_without_approval"),
        fee=read.money("fee"),
    )
    read.finish()
    return limit


def _spread_limit(read: DocumentReader) -> SpreadLimit:
    limit = SpreadLimit(
        times_max=read.integer("times_max"),
        times_without_approval=read.integer("times_without_approval"),
        amount_without_approval=read.money("amount_without_approval"),
        fee=read.money("fee"),
    )
    read.finish()
    return limit


def _extension_limit(read: DocumentReader) -> ExtensionLimit:
    limit = ExtensionLimit(
        installments_max=read.integer("installments_max"),
        installments_without_approval=read.integer("installments_without_approval"),
        times_max=read.integer("times_max"),
        times_without_approval=read.integer("times_without_approval"),
        amount_without_approval=read.money("amount_without_approval"),
        fee=read.money("fee"),
    )
    read.finish()
    return limit
