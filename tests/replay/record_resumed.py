"""Record plans that go on from the stores: ``python -m tests.replay.record_resumed VERSION``.

As with :mod:`tests.replay.record`: once when there is a new way to go on, and never again.
"""

import asyncio
import sys

from meqenet.payments.rail import WalletProvider
from tests.replay.record import keep
from tests.workflows.conftest import temporal_with_time_skipping
from tests.workflows.losing import DONE, Step, losing

LIVES: dict[str, tuple[str, WalletProvider, Step]] = {
    "login": ("pay_in_full", WalletProvider.MPESA, ("kyc.record_identity", 1, DONE)),
    "checkout": ("pay_in_full", WalletProvider.MPESA, ("mpesa.push_payment", 1, DONE)),
    "debit": ("pay_in_30", WalletProvider.TELEBIRR, ("telebirr.debit_mandate", 1, DONE)),
    "payout": ("pay_in_full", WalletProvider.MPESA, ("bank.send_transfer", 1, DONE)),
}
"""By name: which plan is lost at which step."""


async def record(version: str) -> None:
    """Lose each plan once, live it to its end, and keep every run's history."""
    for name, (option, provider, step) in LIVES.items():
        async with (
            temporal_with_time_skipping() as env,
            losing(env, f"resumed{name}", step) as lost,
        ):
            application = lost.bench.application(option, provider=provider)
            assert await lost.go_on(application) == "completed"
            await keep(env.client, name=f"{version}.resumed-{name}")


if __name__ == "__main__":
    asyncio.run(record(sys.argv[1]))
