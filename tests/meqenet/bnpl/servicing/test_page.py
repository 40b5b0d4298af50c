"""The worked examples of the page are what the functions say."""

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from meqenet.bnpl.delinquency_events import BucketChanged, ChargeOffFellDue
from meqenet.bnpl.options import PaymentOption
from meqenet.bnpl.servicing.account import Account
from meqenet.bnpl.servicing.allocation import allocate
from meqenet.bnpl.servicing.delinquency import Standing, age
from meqenet.bnpl.servicing.hardship import (
    ExtendPlan,
    HardshipChange,
    MoveDueDate,
    PausePlan,
    SpreadArrears,
    preview_change,
)
from meqenet.bnpl.servicing.late_fees import late_fees_if_never_paid
from meqenet.bnpl.servicing.pay_off import pay_off_quote
from meqenet.bnpl.servicing_policy import (
    DayLimit,
    ExtensionLimit,
    HardshipLimit,
    LateFeeBasis,
    PayOffInterest,
    SpreadLimit,
)
from meqenet.ledger.happenings import Happening
from tests.meqenet.bnpl.servicing.plans import (
    FIXED_FEE,
    FOUR_PARTS,
    POLICY,
    SIX_MONTHS,
    birr,
    left,
    opened,
    parts,
    product,
    schedule,
)

_PAGE = (Path(__file__).parents[4] / "docs" / "servicing.md").read_text(encoding="utf-8")
_PLAN = opened(SIX_MONTHS)
_PAID_ONCE = allocate(
    account=_PLAN, policy=POLICY, amount=birr("17.01"), on=date(2024, 2, 1)
).account
_Rows = list[tuple[str, ...]]


def _tables(heading: str) -> list[_Rows]:
    """The tables below a heading, without their heads."""
    section = re.split(rf"^#+ {heading}$", _PAGE, flags=re.MULTILINE)[1].partition("\n#")[0]
    tables = re.findall(r"(?:^\|.*\n)+", section, flags=re.MULTILINE)
    return [[_cells(line) for line in table.splitlines()[2:]] for table in tables]


def _cells(line: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in line.strip("|").split("|"))


def _percent(number: object) -> str:
    return f"{number} %"


def test_the_fees_of_the_catalogue() -> None:
    rows: _Rows = []
    for option in PaymentOption:
        fee = product(option).servicing_policy.late_fee
        if fee is None:
            rows.append((f"`{option}`", "none", "", "", "", ""))
            continue
        is_fixed = fee.basis is LateFeeBasis.FIXED
        rows.append(
            (
                f"`{option}`",
                f"{fee.amount} birr" if is_fixed else f"{fee.percent} % of what is overdue",
                str(fee.grace_days),
                "never" if fee.every_days is None else f"{fee.every_days} days",
                _percent(fee.installment_cap_percent),
                _percent(fee.plan_cap_percent),
            )
        )
    assert _tables("Serving a plan")[0] == rows


def test_the_limits_of_the_catalogue() -> None:
    rows: _Rows = []
    for option in PaymentOption:
        policy = product(option).servicing_policy.hardship
        limits = (policy.pause, policy.move_due_date, policy.spread_arrears, policy.extend)
        rows.append((f"`{option}`", *map(_limit, limits)))
        assert all(not limit.fee for _, limit in policy.limits())
    assert _tables("Changes in hardship")[0] == rows


def _limit(limit: HardshipLimit | None) -> str:
    match limit:
        case None:
            return "not offered"
        case DayLimit():
            return f"{limit.days_max} ({limit.days_without_approval})"
        case SpreadLimit():
            return f"{limit.times_max} ({limit.times_without_approval})"
        case ExtensionLimit():
            return f"{limit.installments_max} ({limit.installments_without_approval})"


def test_the_example_plan() -> None:
    assert _tables("Serving a plan")[1] == schedule(_PLAN)


def test_payments() -> None:
    policy = replace(POLICY, late_fee=replace(FIXED_FEE, amount=birr("1.00")))
    late = allocate(account=_PLAN, policy=policy, amount=birr("19.51"), on=date(2024, 3, 10))
    ahead = allocate(account=_PAID_ONCE, policy=POLICY, amount=birr(50), on=date(2024, 2, 15))
    assert _tables("What a payment pays") == [
        [(str(number), component, amount) for number, component, amount in parts(late)],
        [(str(number), amount) for number, amount in enumerate(left(ahead.account), start=1)],
    ]


def test_pay_off() -> None:
    days = [date(2024, 2, 1), date(2024, 2, 15), date(2024, 3, 1), date(2024, 3, 15)]
    rows: _Rows = []
    for day in days:
        to_day, to_rest = (
            pay_off_quote(account=_PAID_ONCE, policy=replace(POLICY, pay_off_interest=rule), on=day)
            for rule in PayOffInterest
        )
        amounts = (
            to_day.owed.principal,
            to_day.owed.interest,
            to_day.total,
            to_rest.owed.interest,
            to_rest.total,
        )
        rows.append((day.isoformat(), *map(str, amounts)))
    assert _tables("What it costs to end the plan") == [rows]


def test_late_fees() -> None:
    policy = product(PaymentOption.PAY_IN_4).servicing_policy.late_fee
    fees = late_fees_if_never_paid(terms=FOUR_PARTS, policy=policy)
    assert _tables("Late fees") == [
        [(str(fee.number), fee.on.isoformat(), str(fee.amount)) for fee in fees]
    ]
    smallest = replace(FOUR_PARTS, principal=product(PaymentOption.PAY_IN_4).amount_min)
    most = birr(0)
    for fee in late_fees_if_never_paid(terms=smallest, policy=policy):
        most += fee.amount
    assert f"costs at most {most} birr\nmore" in _PAGE


def test_lateness() -> None:
    start = Standing(on=date(2024, 1, 1))
    aged = age(account=_PLAN, policy=POLICY.delinquency, before=start, until=date(2024, 12, 31))
    rows: _Rows = []
    for change in aged.changes:
        if isinstance(change, BucketChanged):
            what = f"{change.before} to {change.after}"
        elif isinstance(change, ChargeOffFellDue):
            what = "the plan is to be charged off"
        else:
            what = "interest is not counted as earned any more"
        rows.append((change.on.isoformat(), what))
    assert _tables("Lateness") == [rows]


_MARCH = date(2024, 3, 10)


@pytest.mark.parametrize(
    ("heading", "account", "change", "on"),
    [
        ("Move a due date", _PLAN, MoveDueDate(number=1, to=date(2024, 3, 1)), date(2024, 1, 1)),
        (
            "Pause",
            _PAID_ONCE,
            PausePlan(first_day=date(2024, 2, 10), last_day=_MARCH),
            date(2024, 2, 5),
        ),
        ("Spread the arrears", _PLAN, SpreadArrears(), _MARCH),
        ("Extend", _PAID_ONCE, ExtendPlan(installments=3), date(2024, 2, 1)),
    ],
)
def test_changes(heading: str, account: Account, change: HardshipChange, on: date) -> None:
    preview = preview_change(account=account, policy=POLICY, change=change, on=on)
    assert _tables(heading) == [schedule(preview.after)]
    section = _PAGE.partition(f"### {heading}\n")[2].partition("\n#")[0]
    assert f"costs {preview.cost}:" in section


def test_the_books_know_what_they_are_told() -> None:
    known = {kind.__dataclass_fields__["kind"].default for kind in Happening.__args__}
    told = {row[1].strip("`") for row in _tables("What the books are told")[0]}
    assert told <= known
