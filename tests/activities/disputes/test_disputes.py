"""Disputes on the real store: steps that may be repeated, and evidence that is sealed there."""

import asyncio
import hashlib
from collections.abc import Awaitable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text

from activities.contracts.disputes import (
    AddEvidence,
    DisputeSteps,
    FollowDispute,
    ListUnsettledDisputes,
    OpenDispute,
    RecordOutcome,
    RecordStage,
    SettleDispute,
)
from activities.disputes import DisputeActivities
from db.disputes.deadlines import set_office_day
from db.disputes.evidence import bring_file, read_file
from db.disputes.views.disputes import (
    count_open_disputes,
    disputes_of,
    evidence_of,
    list_open_disputes,
    moves_of,
)
from db.kernel.encryption import Keyring
from db.kernel.engine import Database
from db.kernel.events import read_stream
from meqenet.calendar import addis_date
from meqenet.disputes.dispute_ids import dispute_id, evidence_id
from meqenet.disputes.dispute_states import DisputeKind, Move, Outcome, Stage
from meqenet.disputes.evidence import Side
from meqenet.errors import Defect, Refusal
from meqenet.money import Money
from tests.backing import Databases
from workers.dispute_desk import DisputeDesk

AT = datetime(2026, 4, 7, 9, tzinfo=UTC)
"""A Tuesday; Good Friday of the Ethiopian church follows."""
FILE = b"%PDF-1.7\nthe parcel was empty"


@pytest.fixture
def store(databases: Databases) -> Database:
    return databases["disputes"]


@pytest.fixture
def steps(store: Database) -> DisputeSteps:
    return DisputeActivities(database=store)


@pytest.fixture
def opening(unique: str) -> OpenDispute:
    return OpenDispute(
        dispute_id=dispute_id(plan_id=f"pln_{unique}", number=1),
        merchant_id=f"mer_{unique}",
        kind=DisputeKind.NOT_RECEIVED,
        amount=Money(60_000),
        captured=Money(100_000),
        refunded=Money(10_000),
        activated_on=date(2026, 3, 1),
        by="stf_first",
        at=AT,
    )


SECOND = timedelta(seconds=1)


def follow(opening: OpenDispute, at: datetime) -> FollowDispute:
    return FollowDispute(dispute_id=opening.dispute_id, at=at)


def settled(opening: OpenDispute) -> SettleDispute:
    return SettleDispute(dispute_id=opening.dispute_id, at=AT)


async def code_of(call: Awaitable[object]) -> str:
    with pytest.raises((Refusal, Defect)) as raised:
        await call
    code: str = raised.value.code
    return code


async def told(store: Database, opening: OpenDispute) -> list[str]:
    plan = opening.dispute_id.removesuffix("-d1")
    async with store.read() as session:
        chain = await read_stream(session=session, stream=plan)
    return [each.content.event_type.removeprefix("dispute_") for each in chain]


async def test_a_dispute_runs_through_its_stages_each_step_once(
    steps: DisputeSteps, store: Database, opening: OpenDispute
) -> None:
    opened = await steps.open_dispute(opening)
    assert opened == await steps.open_dispute(opening)
    assert (opened.stage, opened.due_at) == (Stage.OPENED, datetime(2026, 4, 8, 21, tzinfo=UTC))
    other = replace(opening, amount=Money(50_000))
    assert await code_of(steps.open_dispute(other)) == "dispute_differs"
    second = replace(opening, dispute_id=f"{opening.dispute_id[:-1]}2", amount=Money(30_001))
    assert await code_of(steps.open_dispute(second)) == "disputed_amount_invalid"
    late = replace(second, at=AT + timedelta(days=200))
    assert await code_of(steps.open_dispute(late)) == "dispute_too_late"

    asked = RecordStage(
        dispute_id=opening.dispute_id,
        move_id="m1",
        move=Move.ASK_MERCHANT,
        by=None,
        why=None,
        at=AT + timedelta(hours=1),
    )
    waiting = await steps.record_stage(asked)
    assert waiting == await steps.record_stage(asked)
    assert waiting.stage is Stage.MERCHANT_RESPONSE
    early = replace(asked, move_id="m2", move=Move.DECIDE_FOR_CUSTOMER)
    assert await code_of(steps.record_stage(early)) == "dispute_move_impossible"
    accepts = replace(asked, move_id="m2", move=Move.MERCHANT_ACCEPTS)
    assert await code_of(steps.record_stage(accepts)) == "dispute_move_decides"
    assert await code_of(steps.record_stage(replace(asked, by="stf_x"))) == "dispute_move_differs"

    over = RecordOutcome(
        dispute_id=opening.dispute_id,
        move_id="m2",
        move=Move.DEADLINE_PASSES,
        by=None,
        why=None,
        at=AT + timedelta(days=30),
    )
    ended = await steps.record_outcome(over)
    assert ended == await steps.record_outcome(over)
    assert (ended.outcome, ended.due_at) == (Outcome.EXPIRED, None)
    assert await told(store, opening) == ["opened", "stage_reached", "decided"]
    async with store.read() as session:
        plan = opening.dispute_id.removesuffix("-d1")
        (view,) = await disputes_of(session=session, plan_id=plan)
        moves = await moves_of(session=session, plan_id=plan, dispute_id=view.dispute_id)
    assert (view.outcome, view.amount) == (Outcome.EXPIRED, Money(60_000))
    assert [(each.move, each.stage) for each in moves] == [
        (Move.ASK_MERCHANT, Stage.MERCHANT_RESPONSE),
        (Move.DEADLINE_PASSES, Stage.DECIDED),
    ]
    # What is decided is in dispute no more: it may be disputed up to what is left.
    assert (await steps.open_dispute(replace(second, amount=Money(90_000)))).stage is Stage.OPENED


async def test_two_who_dispute_the_same_money_at_once_do_not_both_get_it(
    steps: DisputeSteps, opening: OpenDispute
) -> None:
    second = replace(opening, dispute_id=f"{opening.dispute_id[:-1]}2")
    ends = await asyncio.gather(
        steps.open_dispute(opening), steps.open_dispute(second), return_exceptions=True
    )
    refused = [end.code for end in ends if isinstance(end, Refusal)]
    assert refused == ["disputed_amount_invalid"]


async def test_evidence_is_sealed_hashed_and_added_once_by_one_side(
    steps: DisputeSteps, store: Database, keyring: Keyring, opening: OpenDispute
) -> None:
    await steps.open_dispute(opening)
    file_id = evidence_id(dispute_id=opening.dispute_id, number=1)
    adding = AddEvidence(evidence_id=file_id, side=Side.CUSTOMER, at=AT)
    assert await code_of(steps.add_evidence(adding)) == "evidence_unknown"

    async def bring(content: bytes) -> None:
        async with store.write() as session:
            await bring_file(
                session=session,
                keyring=keyring,
                evidence_id=file_id,
                content=content,
                by="mer_x",
                at=AT,
            )

    assert await code_of(bring(b"MZ\x90\x00")) == "evidence_type_unknown"
    await bring(FILE)
    await bring(FILE)
    assert await code_of(bring(FILE + b"!")) == "evidence_differs"
    added = await steps.add_evidence(adding)
    assert added == await steps.add_evidence(adding)
    assert added.sha256 == hashlib.sha256(FILE).hexdigest()
    other = replace(adding, side=Side.MERCHANT)
    assert await code_of(steps.add_evidence(other)) == "evidence_of_other_side"
    assert await told(store, opening) == ["opened", "evidence_added"]

    plan = opening.dispute_id.removesuffix("-d1")
    async with store.read() as session:
        (view,) = await evidence_of(session=session, plan_id=plan, dispute_id=opening.dispute_id)
        assert (view.content_type, view.side, view.size_bytes) == (
            "application/pdf",
            Side.CUSTOMER,
            len(FILE),
        )
        assert await read_file(session=session, keyring=keyring, evidence_id=file_id) == FILE
        kept = await session.scalar(
            text("SELECT content_sealed FROM evidence_files WHERE evidence_id = :id"),
            {"id": file_id},
        )
    assert kept is not None
    assert FILE[:12] not in kept
    async with store.write() as session:
        await session.execute(
            text("UPDATE evidence_files SET sha256 = :hash WHERE evidence_id = :id"),
            {"hash": b"0" * 32, "id": file_id},
        )
    async with store.read() as session:
        altered = read_file(session=session, keyring=keyring, evidence_id=file_id)
        assert await code_of(altered) == "evidence_altered"


async def test_a_merchant_is_waited_for_until_the_days_counted_anew_are_over(
    steps: DisputeSteps, store: Database, opening: OpenDispute
) -> None:
    await steps.open_dispute(opening)
    asked = RecordStage(
        dispute_id=opening.dispute_id,
        move_id="m1",
        move=Move.ASK_MERCHANT,
        by=None,
        why=None,
        at=AT,
    )
    waiting = await steps.record_stage(asked)
    assert waiting.due_at is not None
    assert (await steps.follow_dispute(follow(opening, waiting.due_at - SECOND))) == waiting
    # A holiday is announced the day before the last.
    holiday = addis_date(at=waiting.due_at - timedelta(days=1))
    async with store.write() as session:
        await set_office_day(
            session=session, day=holiday, is_open=False, why="announced", by="stf_x", at=AT
        )
    moved = await steps.follow_dispute(follow(opening, waiting.due_at))
    assert (moved.stage, moved.outcome) == (Stage.MERCHANT_RESPONSE, None)
    assert moved.due_at is not None
    assert moved.due_at > waiting.due_at
    over = await steps.follow_dispute(follow(opening, moved.due_at))
    assert over == await steps.follow_dispute(follow(opening, moved.due_at))
    assert (over.outcome, over.due_at) == (Outcome.EXPIRED, None)
    assert await told(store, opening) == ["opened", "stage_reached", "deadline_moved", "decided"]
    async with store.write() as session:
        await set_office_day(
            session=session, day=holiday, is_open=True, why="called off", by="stf_x", at=AT + SECOND
        )


async def test_a_review_that_is_late_alarms_once_and_decides_nothing(
    steps: DisputeSteps, store: Database, opening: OpenDispute
) -> None:
    await steps.open_dispute(replace(opening, test_clock_id="clk_a"))
    assert await code_of(steps.settle_dispute(settled(opening))) == "dispute_undecided"
    asked = RecordStage(
        dispute_id=opening.dispute_id,
        move_id="m1",
        move=Move.ASK_MERCHANT,
        by="mer_x",
        why="as it is",
        at=AT,
    )
    await steps.record_stage(asked)
    answered = replace(asked, move_id="m2", move=Move.MERCHANT_ANSWERS)
    reviewed = await steps.record_stage(answered)
    assert reviewed.due_at is not None
    late = await steps.follow_dispute(follow(opening, reviewed.due_at))
    assert late == await steps.follow_dispute(follow(opening, reviewed.due_at + 9 * SECOND))
    assert (late.stage, late.is_late, late.due_at) == (Stage.REVIEW, True, reviewed.due_at)
    plan = opening.dispute_id.removesuffix("-d1")
    page = ListUnsettledDisputes(after=f"{plan}-d0", limit=1)
    (open_one,) = (await steps.list_unsettled_disputes(page)).disputes
    assert (open_one.test_clock_id, open_one.lived_until) == ("clk_a", reviewed.due_at)
    async with store.read() as session:
        counts = await count_open_disputes(session=session)
        listed = await list_open_disputes(session=session, limit=10)
    assert counts.late >= 1
    assert listed[0].late_since is not None
    lost = RecordOutcome(
        dispute_id=opening.dispute_id,
        move_id="m3",
        move=Move.DECIDE_FOR_MERCHANT,
        by="stf_x",
        why="signed for",
        at=AT,
    )
    await steps.record_outcome(lost)
    assert await steps.settle_dispute(settled(opening)) == await steps.settle_dispute(
        settled(opening)
    )
    assert (await told(store, opening))[3:] == ["review_overdue", "decided", "settled"]


async def test_what_its_plan_never_took_up_is_withdrawn(
    steps: DisputeSteps, opening: OpenDispute
) -> None:
    opened = await steps.open_dispute(opening)
    assert (opened.due_at, opened.due_again_days) == (datetime(2026, 4, 8, 21, tzinfo=UTC), 14)
    over = await steps.follow_dispute(follow(opening, datetime(2026, 4, 8, 21, tzinfo=UTC)))
    assert over.outcome is Outcome.WITHDRAWN


async def test_files_are_numbered_in_turn_and_the_same_file_is_the_same(
    steps: DisputeSteps, store: Database, keyring: Keyring, opening: OpenDispute
) -> None:
    await steps.open_dispute(opening)
    desk = DisputeDesk(database=store, keyring=keyring)

    async def brought(content: bytes, by: str) -> str:
        return await desk.bring(dispute_id=opening.dispute_id, content=content, by=by, at=AT)

    first = await brought(FILE, "mer_x")
    assert first == await brought(FILE, "mer_x") == f"{opening.dispute_id}-e1"
    # Of another asker it is another's evidence.
    assert await brought(FILE, "stf_x") == f"{opening.dispute_id}-e2"
    at_once = await asyncio.gather(*(brought(f"note {n}".encode(), "mer_x") for n in range(19)))
    assert sorted(at_once) == sorted(f"{opening.dispute_id}-e{n}" for n in range(3, 22))
    assert await code_of(brought(b"one more", "mer_x")) == "evidence_too_many"
    assert await desk.content(evidence_id=first) == FILE
