"""Plans that are under way must go on under new code: recorded histories replay."""

import json
from pathlib import Path

import pytest
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


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
async def test_a_recorded_history_replays(path: Path) -> None:
    history = read(path)
    replayer = Replayer(
        workflows=WORKFLOWS,
        data_converter=data_converter(keys=KEYS),
        workflow_runner=workflow_runner(),
    )
    await replayer.replay_workflow(history)
