"""The worked examples of replayed payments are what the functions say."""

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

from meqenet.bnpl.replay_events import InstallmentStood, PaymentsReplayed, ReplayCause
from meqenet.bnpl.replaying import WantedReplay, payments_replayed
from tests.meqenet.bnpl.lived import LivedPlan
from tests.meqenet.bnpl.servicing.plans import FIXED_FEE, FOUR_PARTS, POLICY, SIX_MONTHS, birr

_PAGE = (Path(__file__).parents[3] / "docs" / "servicing.md").read_text(encoding="utf-8")
_HEADING = "## Payments that were not what they had seemed\n"


def _tables() -> list[list[tuple[str, ...]]]:
    section = _PAGE.partition(_HEADING)[2].partition("\n## ")[0]
    tables = re.findall(r"(?:^\|.*\n)+", section, flags=re.MULTILINE)
    return [
        [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]
        for lines in (table.splitlines()[2:] for table in tables)
    ]


def _stood(stood: InstallmentStood) -> tuple[str, str, str]:
    return str(stood.paid), str(stood.late_fee), str(stood.left)


def _rows(told: PaymentsReplayed) -> list[tuple[str, ...]]:
    return [
        (str(row.number), *_stood(row.before), *_stood(row.after), row.state) for row in told.rows
    ]


def test_a_payment_of_four_parts_is_gone_or_had_moved_in_time() -> None:
    plan = LivedPlan(terms=FOUR_PARTS, policy=replace(POLICY, late_fee=FIXED_FEE))
    plan.collect()
    plan.days(22)
    late = plan.collect()
    plan.days(6)
    plan.collect()
    plan.days(5)
    assert plan.on == date(2027, 2, 6)
    gone = WantedReplay(cause=ReplayCause.REVERSED, attempt_id=late)
    in_time = WantedReplay(
        cause=ReplayCause.BACKDATED, attempt_id=late, value_date=date(2027, 1, 18)
    )
    shown = [_rows(payments_replayed(plan=plan.now, wanted=each)) for each in (gone, in_time)]
    assert [_tables()[0], _tables()[2]] == shown


def test_interest_follows_the_value_date() -> None:
    plan = LivedPlan(terms=SIX_MONTHS, policy=POLICY)
    plan.days(31)
    plan.collect()
    plan.days(29)
    plan.collect()
    plan.days(4)
    paid = plan.pay(birr(30))
    assert paid is not None
    assert plan.on == date(2024, 3, 5)
    wanted = WantedReplay(
        cause=ReplayCause.BACKDATED, attempt_id=paid, value_date=date(2024, 2, 20)
    )
    told = payments_replayed(plan=plan.now, wanted=wanted)
    assert _tables()[3] == [
        (
            str(row.due_on),
            *(str(stood.before.interest), str(stood.before.left)),
            *(str(stood.after.interest), str(stood.after.left)),
        )
        for row, stood in zip(told.installments, told.rows, strict=True)
    ]
