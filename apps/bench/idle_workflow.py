"""A workflow that does nothing: what the server and a worker cost by themselves."""

from temporalio import workflow


@workflow.defn
class IdleWorkflow:
    """Starts and ends."""

    @workflow.run
    async def run(self) -> None:
        """Nothing."""
