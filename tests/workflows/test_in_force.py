"""A plan that begins in force lives as one does that was onboarded."""

from collections.abc import Iterator
from typing import Any

import pytest

from meqenet.payments.rail import RailStatus, WalletProvider
from tests.waiting import eventually
from tests.workflows.conftest import Bench
from tests.workflows.fakes import Domains
from tests.workflows.in_force import Contents, contents_of, forgotten, onboarded_like
from tests.workflows.rails import Answering
from tests.workflows.test_test_clock import advance, bound, new_clock
from workflows.messages import Application


def _failing_once(fails: str) -> Answering:
    return lambda order: (RailStatus.FAILED, "1") if order == fails else RailStatus.SUCCEEDED


async def _is_told(domains: Domains, plan: str) -> None:
    """The merchant's notices have runs of their own: approved, settled, completed."""

    async def on_file() -> int:
        return len(domains.notices_on_file[plan])

    await eventually(on_file, lambda count: count == 3)


def _cleared(bench: Bench, *, version: int) -> Domains:
    domains = bench.domains
    vars(domains).update(vars(Domains()))
    domains.product_version = version
    return domains


def _comparable(domains: Domains, *, plan: str) -> Contents:
    """What the domains hold, but for the run that closed the day.

    Nor does a notice count that a plan of an earlier test may still be trying to have told.
    """
    held = contents_of(domains)
    for day in held["days"].values():
        day.run = ""
    held["notices_on_file"] = {plan: held["notices_on_file"][plan]}
    return held


@pytest.fixture(autouse=True)
def _nothing_is_known() -> Iterator[None]:
    with forgotten():
        yield


@pytest.mark.parametrize(
    ("option", "count", "provider", "version"),
    [
        ("pay_in_30", None, WalletProvider.TELEBIRR, 1),
        ("pay_over_time", 7, WalletProvider.MPESA, 2),
    ],
)
async def test_a_plan_that_begins_in_force_lives_as_one_that_was_onboarded(
    bench: Bench, option: str, count: int | None, provider: WalletProvider, version: int
) -> None:
    """All of it in one step of the clock, through a failure; in the end all domains hold the same.

    The one of seven months continues as new before its last installment.
    """
    wanted: dict[str, Any] = {"count": count, "provider": provider}
    other = Bench(env=bench.env, domains=bench.domains, merchant_id=f"{bench.merchant_id}x")
    domains = _cleared(bench, version=version)
    clock = await new_clock(other)
    first = await other.in_force(await bound(other, clock, option, **wanted))
    await first.terminate()
    await clock.terminate()
    lives = []
    for begin in (bench.in_force, bench.onboarded):
        _cleared(bench, version=version)
        clock = await new_clock(bench)
        application: Application = await bound(bench, clock, option, **wanted)
        assert onboarded_like(application, domains=domains) is not None
        handle = await begin(application)
        begun = _comparable(domains, plan=application.plan_id)
        number = 1 if option == "pay_in_30" else 2
        first_of = f"{application.plan_id}-i{number:02d}-a1"
        domains.answer = _failing_once(first_of)
        await advance(clock, days=220)
        assert (await handle.result()).state == "completed"
        assert domains.kinds(application.plan_id).count("installment_paid") == (count or 1)
        assert len(set(domains.sent)) == len(domains.sent) == (count or 1) + 1
        await _is_told(domains, application.plan_id)
        assert "collection_attempt_failed" in domains.kinds(application.plan_id)
        await clock.terminate()
        lives.append((begun, _comparable(domains, plan=application.plan_id)))
    (begun, lived), (onboarded, lived_as_well) = lives
    assert begun == onboarded
    assert lived == lived_as_well
