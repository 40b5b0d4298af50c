"""A complaint's whole life on its clock, over the real store."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from temporalio.client import WithStartWorkflowOperation, WorkflowHandle, WorkflowUpdateFailedError
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.testing import WorkflowEnvironment

from activities.complaints import ComplaintActivities
from activities.contracts.complaints import ComplaintStanding, ListOpenComplaints
from db.disputes.deadlines import set_office_day
from db.disputes.views.complaints import find_complaint, said_in
from db.kernel.encryption import Keyring
from db.kernel.engine import Database
from db.kernel.events import read_stream
from meqenet.disputes.complaint_rules import Deed
from meqenet.disputes.complaint_states import (
    AnswerOutcome,
    ComplaintCategory,
    ComplaintChannel,
    ComplaintDeed,
    ComplaintState,
)
from meqenet.disputes.tracking_numbers import RANDOM_BYTES, tracking_number
from tests.backing import Databases
from tests.workflows.conftest import code_of
from tests.workflows.fakes import Domains
from tests.workflows.test_test_clock import until_ready
from workers.queue_worker import WORKFLOW_QUEUE, worker_for
from workflows.clock import ClockReading
from workflows.complaint import ComplaintWorkflow
from workflows.complaint_messages import (
    AskDeed,
    AwaitReceipt,
    ComplaintRun,
    complaint_workflow_id,
)
from workflows.complaint_restoring import ComplaintRestorationWorkflow
from workflows.messages import TestClockStart, test_clock_workflow_id
from workflows.test_clock import TestClockWorkflow
from workflows.test_clock_messages import Advance, Bind

CAME_AT = datetime(2026, 12, 28, 9, tzinfo=UTC)
"""A Monday. Christmas is on Thursday the 7th of January, and the tenth working day the 12th."""
Handle = WorkflowHandle[ComplaintWorkflow, ComplaintState]


@dataclass
class Office:
    """A complaint on a test clock, and who looks after it."""

    env: WorkflowEnvironment
    store: Database
    keyring: Keyring
    unique: str

    @property
    def number(self) -> str:
        return tracking_number(randomness=bytes.fromhex(self.unique)[:RANDOM_BYTES])

    @property
    def clock_id(self) -> str:
        return f"clk_{self.unique}"

    async def complain(
        self, *, language: str = "am", on_clock: bool = True
    ) -> tuple[Handle, ComplaintStanding]:
        reading = None
        if on_clock:
            clock = await self.clock()
            bound = Bind(plan_id=self.number, merchant_id="mer_complaints")
            view = await clock.execute_update(TestClockWorkflow.bind, bound)
            reading = ClockReading(now=view.now, turn=0)
        start = WithStartWorkflowOperation(
            ComplaintWorkflow.run,
            ComplaintRun(
                tracking_number=self.number,
                plan_id=f"pln_{self.unique}",
                merchant_id="mer_complaints",
                language=language,
                channel=ComplaintChannel.PHONE,
                category=ComplaintCategory.COLLECTION,
                text="ሁለት ጊዜ ተወሰደ",
                by="stf_first",
                assignee="stf_first",
                test_clock_id=self.clock_id if on_clock else None,
                clock=reading,
            ),
            id=complaint_workflow_id(tracking_number=self.number),
            task_queue=WORKFLOW_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        )
        found = await self.env.client.execute_update_with_start_workflow(
            ComplaintWorkflow.received,
            AwaitReceipt(tracking_number=self.number),
            start_workflow_operation=start,
        )
        return await start.workflow_handle(), found

    async def clock(self) -> WorkflowHandle[TestClockWorkflow, None]:
        return await self.env.client.start_workflow(
            TestClockWorkflow.run,
            TestClockStart(clock_id=self.clock_id, merchant_id="mer_complaints", now=CAME_AT),
            id=test_clock_workflow_id(clock_id=self.clock_id),
            task_queue=WORKFLOW_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        )

    async def until(self, moment: str) -> None:
        """Let the plan's clock come to an instant, with all that is due on the way."""
        clock = await self.clock()
        await clock.execute_update(
            TestClockWorkflow.advance, Advance(to=datetime.fromisoformat(moment))
        )
        await until_ready(clock)

    async def act(self, handle: Handle, **wanted: Any) -> ComplaintStanding:  # noqa: ANN401 - the deed's fields
        deed = Deed(**{"who": "stf_first", "why": "as it should be", **wanted})
        asked = AskDeed(deed_id=f"deed-{len(await self.told())}", deed=deed)
        return await handle.execute_update(ComplaintWorkflow.act, asked)

    async def told(self) -> list[str]:
        """What the log tells, but for what kind of thing it is about."""
        async with self.store.read() as session:
            chain = await read_stream(session=session, stream=self.number)
        assert not any(word in repr(each.content.data) for each in chain for word in ("ሁለት", "ተመል"))
        return [each.content.event_type.removeprefix("complaint_") for each in chain]


@asynccontextmanager
async def office_of(
    *, env: WorkflowEnvironment, store: Database, keyring: Keyring, unique: str
) -> AsyncIterator[Office]:
    """Workers for complaints alone, over the real store."""
    async with AsyncExitStack() as stack:
        for queue, activities in (
            (WORKFLOW_QUEUE, Domains()),
            ("disputes", ComplaintActivities(database=store, keyring=keyring)),
        ):
            worker = worker_for(client=env.client, queue=queue, activities=[activities])
            await stack.enter_async_context(worker)
        yield Office(env=env, store=store, keyring=keyring, unique=unique)


@pytest_asyncio.fixture(loop_scope="session")
async def office(
    env: WorkflowEnvironment, databases: Databases, keyring: Keyring, unique: str
) -> AsyncIterator[Office]:
    """An office with a complaint of its own."""
    store = databases["disputes"]
    async with office_of(env=env, store=store, keyring=keyring, unique=unique) as opened:
        yield opened


def answer(text: str, *, language: str = "am") -> dict[str, object]:
    return {
        "kind": ComplaintDeed.ANSWER,
        "outcome": AnswerOutcome.UPHELD,
        "language": language,
        "text": text,
    }


async def test_a_complaint_comes_up_is_answered_late_reopened_once_and_closes_by_itself(
    office: Office,
) -> None:
    handle, found = await office.complain()
    assert (found.state, found.due_on) == (ComplaintState.OPEN, date(2027, 1, 12))
    await office.until("2027-01-10T09:00:00+00:00")
    assert await office.told() == ["received", "acknowledged", "reminded"]

    async with office.store.write() as session:
        await set_office_day(
            session=session,
            day=date(2027, 1, 11),
            is_open=False,
            why="announced",
            by="stf_head",
            at=CAME_AT,
        )
    await office.until("2027-01-11T20:00:00+00:00")
    assert (await office.told())[3:] == ["deadline_moved"]
    await office.until("2027-01-12T20:00:00+00:00")
    assert (await office.told())[4:] == ["escalated"]
    await office.until("2027-01-14T09:00:00+00:00")
    assert (await office.told())[5:] == ["escalated"]

    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await office.act(handle, **answer("It came back.", language="en"))
    assert code_of(refused) == "answer_language_differs"
    await office.act(handle, **answer("ተመልሷል"))
    reopened = await office.act(
        handle, kind=ComplaintDeed.REOPEN, who="mer_complaints", text="አልተመለሰም"
    )
    assert (reopened.state, reopened.due_on) == (ComplaintState.OPEN, date(2027, 1, 29))
    settled = await office.act(handle, **answer("አሁን ተመልሷል"))
    assert settled.next_at == datetime(2027, 2, 13, 9, tzinfo=UTC)
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await office.act(handle, kind=ComplaintDeed.REOPEN, text="again")
    assert code_of(refused) == "complaint_reopened_before"

    await office.until("2027-02-14T09:00:00+00:00")
    assert await handle.result() is ComplaintState.CLOSED
    assert (await office.told())[6:] == ["answered", "reopened", "answered", "closed"]
    async with office.store.read() as session:
        view = await find_complaint(session=session, tracking_number=office.number)
        said = await said_in(session=session, keyring=office.keyring, tracking_number=office.number)
    assert view is not None
    assert (view.closing, view.in_time, view.assignee) == ("settled", True, "stf_first")
    assert [each.text for each in said] == ["ሁለት ጊዜ ተወሰደ", "ተመልሷል", "አልተመለሰም", "አሁን ተመልሷል"]


async def test_in_real_time_a_complaint_comes_up_by_itself(office: Office) -> None:
    handle, _ = await office.complain(on_clock=False)
    assert await office.env.fast_forward(handle, timedelta(days=40))
    assert (await office.told())[1:] == ["acknowledged", "reminded", "escalated", "escalated"]
    await office.act(handle, **answer("ተመልሷል"))
    assert not await office.env.fast_forward(handle, timedelta(days=31))
    assert await handle.result() is ComplaintState.CLOSED


async def test_a_complaint_whose_run_is_lost_goes_on_from_the_store(office: Office) -> None:
    lost, before = await office.complain()
    await lost.terminate("its server is lost")
    restored = await office.env.client.execute_workflow(
        ComplaintRestorationWorkflow.run,
        ListOpenComplaints(after=office.number[:-1], limit=1),
        id=f"rehydrate-{office.unique}",
        task_queue=WORKFLOW_QUEUE,
    )
    assert (restored.begun, restored.last) == (1, office.number)
    handle: Handle = office.env.client.get_workflow_handle(lost.id, result_type=ComplaintState)
    again = AwaitReceipt(tracking_number=office.number)
    assert await handle.execute_update(ComplaintWorkflow.received, again) == before
    await office.until("2027-01-06T09:00:00+00:00")
    assert await office.told() == ["received", "acknowledged", "reminded"]
    closed = await office.act(handle, kind=ComplaintDeed.CLOSE)
    assert closed.state is ComplaintState.CLOSED
    assert await handle.result() is ComplaintState.CLOSED


async def test_who_complains_in_no_language_is_told_and_nothing_is_on_file(office: Office) -> None:
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await office.complain(language="amharic!")
    assert code_of(refused) == "language_malformed"
    assert await office.told() == []
