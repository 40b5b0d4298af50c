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
    OpenDispute,
    RecordOutcome,
    RecordStage,
)
from activities.disputes import DisputeActivities
from db.disputes.evidence import bring_file, read_file
from db.disputes.views.disputes import disputes_of, evidence_of, moves_of
from db.kernel.encryption import Keyring
from db.kernel.engine import Database
from db.kernel.events import read_stream
from meqenet.disputes.dispute_ids import dispute_id, evidence_id
from meqenet.disputes.dispute_states import DisputeKind, Move, Outcome, Stage
from meqenet.disputes.evidence import Side
from meqenet.errors import Defect, Refusal
from meqenet.money import Money
from tests.backing import Databases

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
