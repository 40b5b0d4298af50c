from dataclasses import replace
from datetime import date

import pytest

from meqenet.bnpl.servicing.account import Account, HardshipKind
from meqenet.bnpl.servicing.allocation import allocate
from meqenet.bnpl.servicing.delinquency import charge_off
from meqenet.bnpl.servicing.hardship import (
    ExtendPlan,
    HardshipChange,
    HardshipPreview,
    MoveDueDate,
    PausePlan,
    SpreadArrears,
    preview_change,
)
from meqenet.bnpl.servicing_policy import HardshipPolicy, ServicingPolicy
from meqenet.errors import Mender, Refusal
from tests.meqenet.bnpl.servicing.plans import (
    POLICY,
    SIX_MONTHS,
    birr,
    opened,
)

_PLAN = opened(SIX_MONTHS)
_PAID_ONCE = allocate(
    account=_PLAN, policy=POLICY, amount=birr("17.01"), on=date(2024, 2, 1)
).account


def _preview(
    change: HardshipChange,
    *,
    on: date,
    account: Account = _PLAN,
    policy: ServicingPolicy = POLICY,
) -> HardshipPreview:
    return preview_change(account=account, policy=policy, change=change, on=on)


_PAUSE = PausePlan(first_day=date(2024, 2, 10), last_day=date(2024, 2, 20))


def _narrow(**changes: object) -> ServicingPolicy:
    limit = POLICY.hardship.pause
    assert limit is not None
    pause = replace(limit, **changes)  # type: ignore[arg-type]  # fields of the class
    return replace(POLICY, hardship=replace(POLICY.hardship, pause=pause))


@pytest.mark.parametrize(
    ("policy", "reasons"),
    [
        (POLICY, []),
        (_narrow(days_without_approval=11), []),
        (
            _narrow(days_without_approval=10),
            [("days_without_approval", "11 days, more than 10")],
        ),
        (
            _narrow(times_without_approval=0, amount_without_approval=birr(80)),
            [
                ("times_without_approval", "number 1 of the plan, more than 0"),
                ("amount_without_approval", "83.57 birr, more than 80.00"),
            ],
        ),
    ],
)
def test_above_its_limits_a_change_needs_an_approval(
    policy: ServicingPolicy, reasons: list[tuple[str, str]]
) -> None:
    preview = _preview(_PAUSE, on=date(2024, 2, 5), account=_PAID_ONCE, policy=policy)
    assert [(reason.field, reason.text) for reason in preview.approvals] == reasons
    assert preview.needs_approval is bool(reasons)


def test_times_count_by_kind() -> None:
    on = date(2024, 1, 10)
    first = _preview(MoveDueDate(number=1, to=date(2024, 2, 5)), on=on)
    second = _preview(MoveDueDate(number=1, to=date(2024, 2, 9)), on=on, account=first.after)
    extended = _preview(ExtendPlan(installments=1), on=on, account=second.after)
    assert [each.needs_approval for each in (first, second, extended)] == [False, True, False]
    assert extended.after.changes == (
        HardshipKind.MOVE_DUE_DATE,
        HardshipKind.MOVE_DUE_DATE,
        HardshipKind.EXTEND,
    )


_NOT_OFFERED = replace(
    POLICY,
    hardship=HardshipPolicy(pause=None, move_due_date=None, spread_arrears=None, extend=None),
)
_PAUSED = _preview(_PAUSE, on=date(2024, 2, 5), account=_PAID_ONCE).after
_LOST = charge_off(account=_PLAN, on=date(2024, 2, 5)).account
_PAID = allocate(account=_PLAN, policy=POLICY, amount=birr(200), on=date(2024, 2, 5)).account


@pytest.mark.parametrize(
    ("change", "account", "policy", "code", "text"),
    [
        (_PAUSE, _PLAN, _NOT_OFFERED, "hardship_not_offered", "change: pause is not offered"),
        (_PAUSE, _LOST, POLICY, "plan_not_changeable", "plan: the plan was charged off"),
        (_PAUSE, _PAID, POLICY, "plan_not_changeable", "plan: nothing is owed any more"),
        (
            _PAUSE,
            _PAID_ONCE,
            _narrow(days_max=10, days_without_approval=5),
            "hardship_above_limit",
            "last_day: at most 10 days, not 11",
        ),
        (
            PausePlan(first_day=date(2024, 3, 20), last_day=date(2024, 3, 20)),
            _PAUSED,
            _narrow(times_max=1),
            "hardship_above_limit",
            "change: pause at most 1 times",
        ),
        (
            PausePlan(first_day=date(2024, 2, 9), last_day=date(2024, 2, 8)),
            _PAID_ONCE,
            POLICY,
            "pause_invalid",
            "last_day: not before first_day",
        ),
        (
            PausePlan(first_day=date(2024, 2, 4), last_day=date(2024, 2, 8)),
            _PAID_ONCE,
            POLICY,
            "pause_invalid",
            "first_day: not before 2024-02-05",
        ),
        (
            PausePlan(first_day=date(2024, 2, 5), last_day=date(2024, 2, 8)),
            opened(replace(SIX_MONTHS, disbursed_on=date(2024, 2, 5))),
            POLICY,
            "pause_invalid",
            "first_day: after the day from which interest runs",
        ),
        (
            PausePlan(first_day=date(2024, 7, 2), last_day=date(2024, 7, 8)),
            _PAID_ONCE,
            POLICY,
            "pause_invalid",
            "first_day: not after the last installment",
        ),
        (
            PausePlan(first_day=date(2024, 2, 20), last_day=date(2024, 2, 25)),
            _PAUSED,
            POLICY,
            "pause_invalid",
            "first_day: no day of an earlier pause",
        ),
        (
            MoveDueDate(number=1, to=date(2024, 2, 20)),
            _PLAN,
            POLICY,
            "due_date_invalid",
            "number: an installment that is not past due; spread the arrears or extend",
        ),
        (
            MoveDueDate(number=1, to=date(2024, 2, 20)),
            _PAID_ONCE,
            POLICY,
            "due_date_invalid",
            "number: an installment that is not paid",
        ),
        (
            MoveDueDate(number=7, to=date(2024, 2, 20)),
            _PLAN,
            POLICY,
            "due_date_invalid",
            "number: an installment that is not paid",
        ),
        (
            MoveDueDate(number=2, to=date(2024, 3, 1)),
            _PLAN,
            POLICY,
            "due_date_invalid",
            "to: later than 2024-03-01",
        ),
        (
            MoveDueDate(number=2, to=date(2024, 5, 1)),
            _PLAN,
            POLICY,
            "hardship_above_limit",
            "to: at most 60 days, not 61",
        ),
        (SpreadArrears(), _PAID_ONCE, POLICY, "nothing_past_due", "plan: nothing is past due"),
        (
            ExtendPlan(installments=0),
            _PLAN,
            POLICY,
            "extension_invalid",
            "installments: between 1 and 93",
        ),
        (
            ExtendPlan(installments=13),
            _PLAN,
            POLICY,
            "hardship_above_limit",
            "installments: at most 12 installments, not 13",
        ),
    ],
)
def test_what_cannot_be_done_is_refused_by_field_and_rule(
    change: HardshipChange, account: Account, policy: ServicingPolicy, code: str, text: str
) -> None:
    with pytest.raises(Refusal) as refused:
        _preview(change, on=date(2024, 2, 5), account=account, policy=policy)
    assert refused.value.code == code
    assert refused.value.text.startswith(text)
    assert refused.value.field == text.split(":", maxsplit=1)[0]
    assert refused.value.mender is Mender.MEQENET


def test_arrears_need_installments_to_come() -> None:
    with pytest.raises(Refusal, match="plan: no installment is due later; extend the plan"):
        _preview(SpreadArrears(), on=date(2024, 8, 20))
