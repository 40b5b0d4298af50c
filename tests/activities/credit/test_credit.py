import asyncio
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from activities.contracts.credit import (
    AssessCredit,
    ConvertHold,
    CreditDecision,
    DeclineReason,
    RecordRepayment,
    ReleaseHold,
    ReverseRepayment,
    WriteOffDebt,
)
from activities.credit import CreditActivities
from db.credit.tables import Exposure, ExposureState
from db.credit.views import CreditStanding, explain_decision, find_standing
from db.kernel.encryption import Keyring
from db.kernel.events import read_stream, require_unbroken
from meqenet.credit.holds import Release
from meqenet.errors import Defect
from meqenet.money import Money
from tests.backing import Databases, fingerprint

AT = datetime(2026, 3, 1, 9, tzinfo=UTC)
THOUSAND = Money.from_birr(1_000)


@dataclass(frozen=True, kw_only=True)
class Desk:
    """The steps and one customer of this test's own."""

    steps: CreditActivities
    databases: Databases
    keyring: Keyring
    unique: str

    @property
    def customer_id(self) -> str:
        return f"cus_{self.unique}"

    def asks(self, plan: str = "a", **change: Any) -> AssessCredit:  # noqa: ANN401 - any field
        command = AssessCredit(
            plan_id=f"pln_{self.unique}{plan}",
            customer_id=self.customer_id,
            age_years=30,
            option="pay_over_time",
            amount=Money.from_birr(40_000),
            monthly_payment=Money.from_birr(4_000),
            monthly_income=Money.from_birr(12_000),
            at=AT,
        )
        return replace(command, **change)

    async def assess(self, command: AssessCredit) -> CreditDecision:
        decision = await self.steps.assess(command)
        assert isinstance(decision, CreditDecision)
        return decision

    async def standing(self) -> CreditStanding | None:
        async with self.databases["credit"].read() as session:
            return await find_standing(session=session, customer_id=self.customer_id)

    async def events(self) -> list[str]:
        async with self.databases["credit"].read() as session:
            await require_unbroken(session=session, stream=self.customer_id)
            found = await read_stream(session=session, stream=self.customer_id)
        return [event.content.event_type for event in found]

    async def activate(self, command: AssessCredit) -> None:
        assert (await self.assess(command)).approved
        await self.steps.convert_hold(
            ConvertHold(plan_id=command.plan_id, owed=command.amount, at=command.at)
        )

    def repays(
        self,
        plan_id: str,
        number: int,
        birr: int,
        **change: Any,  # noqa: ANN401 - any field
    ) -> RecordRepayment:
        command = RecordRepayment(
            plan_id=plan_id,
            repayment_id=f"{plan_id}-i{number:02d}-a1",
            principal=Money.from_birr(birr),
            on_time=True,
            at=AT + timedelta(days=14 * number),
        )
        return replace(command, **change)


@pytest.fixture
def desk(databases: Databases, keyring: Keyring, unique: str) -> Desk:
    steps = CreditActivities(database=databases["credit"], keyring=keyring)
    return Desk(steps=steps, databases=databases, keyring=keyring, unique=unique)


async def test_a_new_customer_is_approved_and_the_limit_is_held(desk: Desk) -> None:
    decision = await desk.assess(desk.asks())
    assert decision == CreditDecision(approved=True, tier="D", limit=Money.from_birr(50_000))
    standing = await desk.standing()
    assert standing is not None
    assert (standing.held, standing.owed) == (Money.from_birr(40_000), Money.zero())
    assert await desk.events() == ["credit_decided"]


async def test_a_decision_stands_however_often_it_is_asked_for(desk: Desk) -> None:
    first = await desk.assess(desk.asks())
    before = await fingerprint(desk.databases["credit"])
    for again in (desk.asks(), desk.asks(age_years=3, at=AT + timedelta(days=400))):
        assert await desk.assess(again) == first
    for other in (desk.asks(amount=THOUSAND), desk.asks(customer_id="cus_other")):
        with pytest.raises(Defect) as defect:
            await desk.assess(other)
        assert defect.value.code == "decision_differs"
    assert await fingerprint(desk.databases["credit"]) == before


async def test_a_decline_holds_nothing_and_is_explained(desk: Desk) -> None:
    command = desk.asks(age_years=17, monthly_income=Money.from_birr(11_000))
    decision = await desk.assess(command)
    assert not decision.approved
    assert [reason.code for reason in decision.reasons] == ["under_age", "over_indebted"]
    assert all(type(reason) is DeclineReason and reason.text for reason in decision.reasons)
    assert await desk.assess(command) == decision
    standing = await desk.standing()
    assert standing is not None
    assert not standing.held
    async with desk.databases["credit"].read() as session:
        explained = await explain_decision(
            session=session, keyring=desk.keyring, plan_id=command.plan_id
        )
    assert explained is not None
    assert explained.inputs["age_years"] == 17
    assert explained.inputs["monthly_income"] == {"currency": "ETB", "santim": 1_100_000}
    assert explained.policy_version == 1


async def test_what_was_declared_is_not_readable_in_the_store_or_the_events(desk: Desk) -> None:
    await desk.assess(desk.asks(monthly_income=Money(7_654_321_00)))
    async with desk.databases["credit"].read() as session:
        found = await read_stream(session=session, stream=desk.customer_id)
        connection = await session.connection()
        rows = await connection.exec_driver_sql("SELECT d::text FROM decisions d")
        stored = "".join(row[0] for row in rows)
    written = stored + json.dumps([dict(event.content.data) for event in found])
    assert "765432100" not in written
    assert "age_years" not in written


async def test_the_same_application_from_many_at_once_is_held_once(desk: Desk) -> None:
    decisions = await asyncio.gather(*(desk.assess(desk.asks()) for _ in range(8)))
    assert all(decision == decisions[0] for decision in decisions)
    standing = await desk.standing()
    assert standing is not None
    assert standing.held == Money.from_birr(40_000)
    assert await desk.events() == ["credit_decided"]


async def test_a_released_hold_is_free_again(desk: Desk) -> None:
    command = desk.asks()
    await desk.assess(command)
    release = ReleaseHold(plan_id=command.plan_id, at=AT)
    await desk.steps.release_hold(release)
    before = await fingerprint(desk.databases["credit"])
    await desk.steps.release_hold(release)
    await desk.steps.release_hold(ReleaseHold(plan_id=f"pln_{desk.unique}none", at=AT))
    assert await fingerprint(desk.databases["credit"]) == before
    assert (await desk.assess(desk.asks("b", monthly_income=None))).approved
    with pytest.raises(Defect, match="given back"):
        await desk.steps.convert_hold(
            ConvertHold(plan_id=command.plan_id, owed=command.amount, at=AT)
        )


@pytest.mark.parametrize("released_as", list(Release))
async def test_a_release_says_whether_it_was_voided_or_expired(
    desk: Desk, released_as: Release
) -> None:
    command = desk.asks()
    await desk.assess(command)
    for said in (released_as, Release.VOIDED):
        await desk.steps.release_hold(ReleaseHold(plan_id=command.plan_id, at=AT, released_as=said))
    async with desk.databases["credit"].read() as session:
        row = await session.get_one(Exposure, command.plan_id)
        *_, told = await read_stream(session=session, stream=desk.customer_id)
    assert (row.state, row.released_as) == (ExposureState.RELEASED, released_as)
    assert told.content.data == {
        "plan_id": command.plan_id,
        "released": {"currency": "ETB", "santim": 4_000_000},
        "released_as": released_as,
    }


async def test_a_plan_is_held_then_owed_then_repaid(desk: Desk) -> None:
    command = desk.asks(amount=Money.from_birr(30_000))
    await desk.activate(command)
    await desk.activate(command)
    standing = await desk.standing()
    assert standing is not None
    assert (standing.held, standing.owed) == (Money.zero(), Money.from_birr(30_000))
    for number in (1, 2, 3):
        repayment = desk.repays(command.plan_id, number, 10_000)
        await asyncio.gather(*(desk.steps.record_repayment(repayment) for _ in range(4)))
    standing = await desk.standing()
    assert standing is not None
    assert (standing.held, standing.owed) == (Money.zero(), Money.zero())
    assert await desk.events() == ["credit_decided", "hold_converted", *["principal_repaid"] * 3]
    decision = await desk.assess(desk.asks("b"))
    assert (decision.tier, decision.limit) == ("C", Money.from_birr(80_000))


async def test_late_plans_lower_the_tier_but_never_the_limit_below_what_is_used(
    desk: Desk,
) -> None:
    for name in ("a", "b", "c"):
        command = desk.asks(name, amount=Money.from_birr(1_000))
        await desk.activate(command)
        await desk.steps.record_repayment(desk.repays(command.plan_id, 1, 1_000))
    large = desk.asks("d", amount=Money.from_birr(140_000))
    await desk.activate(large)
    for name in ("e", "f"):
        command = desk.asks(name, amount=Money.from_birr(1_000), monthly_income=None)
        await desk.activate(command)
        await desk.steps.record_repayment(desk.repays(command.plan_id, 1, 1_000, on_time=False))
    decision = await desk.assess(desk.asks("g", amount=THOUSAND, monthly_income=None))
    assert decision.tier == "C"
    assert decision.limit == Money.from_birr(140_000)
    assert [reason.code for reason in decision.reasons] == ["limit_exceeded"]


async def test_what_is_written_off_takes_nothing_of_the_limit_and_counts_as_late(
    desk: Desk,
) -> None:
    for name in ("a", "b"):
        command = desk.asks(name, amount=Money.from_birr(1_000), monthly_income=None)
        await desk.activate(command)
        await desk.steps.record_repayment(desk.repays(command.plan_id, 1, 400, on_time=name == "a"))
    # One is written off with a rest, the other when all of its principal has come.
    await desk.steps.record_repayment(desk.repays(f"pln_{desk.unique}b", 2, 600))
    for name in ("a", "b"):
        lost = WriteOffDebt(plan_id=f"pln_{desk.unique}{name}", at=AT + timedelta(days=200))
        await asyncio.gather(*(desk.steps.write_off(lost) for _ in range(3)))
    standing = await desk.standing()
    assert standing is not None
    assert (standing.held, standing.owed) == (Money.zero(), Money.zero())
    assert (await desk.events()).count("debt_written_off") == 1
    async with desk.databases["credit"].read() as session:
        found = [await session.get_one(Exposure, f"pln_{desk.unique}{name}") for name in "ab"]
    assert [row.state for row in found] == [ExposureState.WRITTEN_OFF, ExposureState.REPAID]
    assert all(row.was_late for row in found)
    later = desk.asks("c", amount=THOUSAND, monthly_income=None, at=AT + timedelta(days=201))
    assert (await desk.assess(later)).approved


async def test_what_turns_out_not_to_be_repaid_is_owed_again_whatever_the_limit_is(
    desk: Desk,
) -> None:
    asked = desk.asks(amount=THOUSAND)
    plan = asked.plan_id
    await desk.activate(asked)
    await desk.steps.record_repayment(desk.repays(plan, 1, 1_000))
    reversed_ = ReverseRepayment(
        plan_id=plan, repayment_id=f"{plan}-replay-1", principal=THOUSAND, at=AT
    )
    for _ in range(2):
        await desk.steps.reverse_repayment(reversed_)
    async with desk.databases["credit"].read() as session:
        found = await session.get_one(Exposure, plan)
        await require_unbroken(session=session, stream=desk.customer_id)
    assert (found.state, found.owed_santim) == (ExposureState.OWED, THOUSAND)
    for wrong, code in (
        (replace(reversed_, principal=Money(1)), "repayment_differs"),
        (replace(reversed_, repayment_id=f"{plan}-replay-2"), "reversal_exceeds_repaid"),
    ):
        with pytest.raises(Defect) as refused:
            await desk.steps.reverse_repayment(wrong)
        assert refused.value.code == code


async def test_a_plan_that_nobody_pays_on_stops_the_next(desk: Desk) -> None:
    await desk.activate(desk.asks(amount=THOUSAND))
    later = AT + timedelta(days=40)
    soon = desk.asks("b", amount=THOUSAND, monthly_income=None, at=later)
    assert (await desk.assess(soon)).approved
    decision = await desk.assess(
        desk.asks("c", amount=THOUSAND, monthly_income=None, at=later + timedelta(seconds=1))
    )
    assert [reason.code for reason in decision.reasons] == ["overdue_elsewhere"]
    await desk.steps.record_repayment(
        desk.repays(f"pln_{desk.unique}a", 1, 500, on_time=False, at=later)
    )
    again = desk.asks("d", amount=THOUSAND, monthly_income=None, at=later + timedelta(seconds=1))
    assert (await desk.assess(again)).approved


async def test_other_plans_payments_count_against_the_income(desk: Desk) -> None:
    assert (await desk.assess(desk.asks(amount=THOUSAND))).approved
    decision = await desk.assess(desk.asks("b", amount=THOUSAND, monthly_payment=Money(1)))
    assert [reason.code for reason in decision.reasons] == ["over_indebted"]


async def test_nothing_owed_after_checkout_goes_the_same_way(desk: Desk) -> None:
    command = desk.asks(
        option="pay_in_full", amount=Money.zero(), age_years=16, monthly_payment=Money.zero()
    )
    await desk.activate(command)
    decision = await desk.assess(desk.asks("b"))
    assert (decision.approved, decision.tier) == (True, "D")


@pytest.mark.parametrize(
    ("deed", "code"),
    [
        (lambda p: ConvertHold(plan_id=p + "none", owed=THOUSAND, at=AT), "exposure_missing"),
        (lambda p: ConvertHold(plan_id=p, owed=THOUSAND, at=AT), "conversion_differs"),
        (lambda p: ReleaseHold(plan_id=p, at=AT), "hold_converted"),
        (
            lambda p: RecordRepayment(
                plan_id=p, repayment_id=p + "-r", principal=THOUSAND, on_time=True, at=AT
            ),
            "repayment_differs",
        ),
        (
            lambda p: RecordRepayment(
                plan_id=p,
                repayment_id=p + "-x",
                principal=Money.from_birr(39_500),
                on_time=True,
                at=AT,
            ),
            "repayment_exceeds_debt",
        ),
    ],
)
async def test_what_must_not_happen_fails_and_leaves_no_trace(
    desk: Desk,
    deed: Any,  # noqa: ANN401 - a table of small functions
    code: str,
) -> None:
    command = desk.asks()
    await desk.activate(command)
    await desk.steps.record_repayment(
        desk.repays(command.plan_id, 1, 501, repayment_id=f"{command.plan_id}-r")
    )
    before = await fingerprint(desk.databases["credit"])
    given = deed(command.plan_id)
    step = {
        ConvertHold: desk.steps.convert_hold,
        ReleaseHold: desk.steps.release_hold,
        RecordRepayment: desk.steps.record_repayment,
    }[type(given)]
    with pytest.raises(Defect) as defect:
        await step(given)
    assert defect.value.code == code
    assert await fingerprint(desk.databases["credit"]) == before


async def test_more_than_was_approved_is_never_owed(desk: Desk) -> None:
    command = desk.asks(amount=THOUSAND)
    await desk.assess(command)
    before = await fingerprint(desk.databases["credit"])
    with pytest.raises(Defect) as defect:
        await desk.steps.convert_hold(
            ConvertHold(plan_id=command.plan_id, owed=THOUSAND + Money(1), at=AT)
        )
    assert defect.value.code == "owed_exceeds_hold"
    assert await fingerprint(desk.databases["credit"]) == before


async def test_holds_conversions_and_repayments_that_race_never_pass_the_limit(
    desk: Desk,
) -> None:
    share = Money.from_birr(10_000)

    async def live(number: int) -> bool:
        command = desk.asks(str(number), amount=share, monthly_income=None)
        if not (await desk.assess(command)).approved:
            return False
        standing = await desk.standing()
        assert standing is not None
        assert standing.held + standing.owed <= standing.limit
        if number % 2:
            await desk.steps.release_hold(ReleaseHold(plan_id=command.plan_id, at=AT))
        else:
            await desk.steps.convert_hold(ConvertHold(plan_id=command.plan_id, owed=share, at=AT))
        return True

    outcomes = await asyncio.gather(*(live(number) for number in range(16)))
    assert sum(outcomes) >= 5
    standing = await desk.standing()
    assert standing is not None
    assert standing.held + standing.owed <= standing.limit
    await desk.events()
