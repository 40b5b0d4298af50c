"""The deterministic sandbox in which workflows run, without what nobody here needs of it.

The SDK asks each run, once for every payload, in which context its converter and codec should
see it, and enters the sandbox for the answer. Ours look at no context (payloads move between
parents, children and continued runs, see ``integrations.temporal.codec``), and payloads go to no
external storage: answering outside saves a worker a sixth of its time.
"""

from typing import Any

from temporalio.converter import SerializationContext, StorageDriverStoreContext
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions
from temporalio.workflow import Info

_PASSED_THROUGH = ("meqenet", "activities.contracts", "workflows")
"""Pure modules: importing them anew for each workflow would cost milliseconds and gain nothing."""


class _WithoutContext(WorkflowInstance):
    """A run in its sandbox, whose payloads are the same in every context."""

    def __init__(self, sandboxed: WorkflowInstance) -> None:
        self._sandboxed = sandboxed

    def activate(self, act: Any) -> Any:  # noqa: ANN401 - protobuf messages of the SDK's core
        return self._sandboxed.activate(act)

    def get_serialization_context(self, command_info: object) -> SerializationContext | None:
        del command_info
        return None

    def get_external_store_context(self, command_info: object) -> StorageDriverStoreContext:
        del command_info
        return StorageDriverStoreContext()

    def get_info(self) -> Info:
        return self._sandboxed.get_info()

    def get_thread_id(self) -> int | None:
        return self._sandboxed.get_thread_id()


class _Runner(SandboxedWorkflowRunner):
    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        return _WithoutContext(super().create_instance(det))


def workflow_runner() -> SandboxedWorkflowRunner:
    """The runner in which our workflows live and replay."""
    return _Runner(
        restrictions=SandboxRestrictions.default.with_passthrough_modules(*_PASSED_THROUGH)
    )
