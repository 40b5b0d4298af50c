"""Faults of the house: a part is ended under everybody's feet, and comes back by itself."""

import shutil
import signal
from typing import Final

from apps.faults import processes
from apps.faults.mishaps import HouseFault
from apps.faults.patience import until
from apps.faults.world import World
from meqenet.payments.rail import WalletProvider

_DOWN_SECONDS_MAX: Final = 6
"""A provider that is down comes back after so long, even if nobody has asked it for anything."""
_REFUSED_ENOUGH: Final = 2
_BUSY: Final = 503
_APPENDED: Final = "appendonlydir"
"""Where Valkey keeps its data, in its own directory."""


async def strike(*, world: World, fault: HouseFault) -> None:
    """Let it happen; returns when the part is being started again, or the providers are up."""
    match fault:
        case HouseFault.WORKER_KILLED:
            await processes.kill(running=world.running, part="worker")
        case HouseFault.API_KILLED:
            await processes.kill(running=world.running, part="API")
        case HouseFault.POSTGRES_RESTARTED:
            # Immediate shutdown: no session ends in good order, and the log has to be replayed.
            await processes.kill(
                running=world.running, part="PostgreSQL", signal_number=signal.SIGQUIT
            )
        case HouseFault.TEMPORAL_RESTARTED:
            await processes.kill(running=world.running, part="Temporal")
        case HouseFault.VALKEY_EMPTIED:
            kept = world.running.directory.root / "valkey" / _APPENDED
            shutil.rmtree(kept, ignore_errors=True)
            await processes.kill(running=world.running, part="Valkey")
        case HouseFault.PROVIDERS_DOWN:
            await _providers_down(world)


async def _providers_down(world: World) -> None:
    """Until some orders have been turned away."""
    controls = [world.controls[provider] for provider in WalletProvider]
    before = await _refused(world, controls)
    for control in controls:
        await world.post(f"{control}/down")

    async def enough() -> bool:
        return await _refused(world, controls) >= before + _REFUSED_ENOUGH

    try:
        await until(enough, seconds_max=_DOWN_SECONDS_MAX)
    finally:
        for control in controls:
            await world.post(f"{control}/up")


async def _refused(world: World, controls: list[str]) -> int:
    """How many requests the providers have answered that they are down."""
    found = [await world.rows(f"{control}/requests", last="1000") for control in controls]
    return sum(row["status"] == _BUSY for rows in found for row in rows)
