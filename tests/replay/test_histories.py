"""Plans that are under way must go on under new code: recorded histories replay."""

import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from integrations.temporal.connection import data_converter
from tests.replay.record import HISTORIES
from tests.workflows.conftest import KEYS
from workers.queue_worker import WORKFLOWS
from workers.workflow_runner import workflow_runner

RECORDED = sorted(HISTORIES.glob("*.json"))


def test_every_kind_of_workflow_with_a_history_of_its_own_is_recorded() -> None:
    kinds = {path.stem.rpartition(".")[2] for path in RECORDED}
    assert kinds >= {
        "PaymentPlanWorkflow",
        "InstallmentCollectionWorkflow",
        "RefundWorkflow",
        "LateMoneyWorkflow",
        "CreditReturnWorkflow",
        "MerchantPayoutWorkflow",
        "MerchantSettlementWorkflow",
        "MerchantTransferWorkflow",
        "SettlementDayWorkflow",
        "MerchantNoticeWorkflow",
        "NoticeReplayWorkflow",
        "ReminderWorkflow",
        "ComplaintWorkflow",
        "DisputeWorkflow",
    }


def read(path: Path) -> WorkflowHistory:
    recorded = json.loads(path.read_text())
    return WorkflowHistory.from_json(recorded.pop("id"), recorded)


async def _all() -> AsyncIterator[WorkflowHistory]:
    for path in RECORDED:
        yield read(path)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def ends() -> Mapping[str, Exception | None]:
    """How each history replayed, by its file. A replayer reads all workflows before its first."""
    replayer = Replayer(
        workflows=WORKFLOWS,
        data_converter=data_converter(keys=KEYS),
        workflow_runner=workflow_runner(),
    )
    async with replayer.workflow_replay_iterator(_all()) as results:
        failures = [result.replay_failure async for result in results]
    return {path.stem: failure for path, failure in zip(RECORDED, failures, strict=True)}


@pytest.mark.parametrize("name", [path.stem for path in RECORDED])
def test_a_recorded_history_replays(ends: Mapping[str, Exception | None], name: str) -> None:
    if (failure := ends[name]) is not None:
        raise failure
