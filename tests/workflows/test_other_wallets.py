"""Another wallet of the customer pays, by policy or because staff say so; and pays once."""

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.testing import WorkflowEnvironment

from activities.contracts.collecting import (
    NO_POLICY,
    PLAN_NEXT_ATTEMPT,
    NextAttemptPlanned,
    PlanNextAttempt,
)
from activities.contracts.payments import Channel
from activities.contracts.wallets import FileWallet
from activities.edge import takes
from meqenet.bnpl.events import PaymentRequested
from meqenet.bnpl.staff_events import WalletAdded, WalletChosen
from meqenet.identity import attempt_id, installment_id
from meqenet.ledger.happenings import InstallmentCollected
from meqenet.payments.rail import RailStatus, WalletProvider
from tests.waiting import eventually
from tests.workflows.conftest import Bench, Handle, code_of, serving
from tests.workflows.due import collect
from tests.workflows.fakes import WALLETS, Domains
from tests.workflows.losing import DONE, losing
from tests.workflows.test_support import waiting
from tests.workflows.test_test_clock import advance
from workflows.collection import InstallmentCollectionWorkflow
from workflows.messages import AddWallet, DeedStanding, PayByAnotherWallet
from workflows.plan import PaymentPlanWorkflow

WHO, WHY = "stf_aaaaaaaaaaaaaaaaaaaa", "the customer asked for it"


def order(plan_id: str, number: int) -> str:
    return attempt_id(installment_id=installment_id(plan_id=plan_id, number=1), number=number)


async def active(bench: Bench, *, provider: WalletProvider) -> tuple[Handle, str]:
    """A plan whose one installment is due in thirty days."""
    application = bench.application("pay_in_30", provider=provider)
    handle = await bench.in_force(application)
    assert await handle.query(PaymentPlanWorkflow.state) == "active"
    return handle, application.plan_id


async def add(
    handle: Handle, provider: WalletProvider, *, msisdn: str | None = None, why: str = WHY
) -> None:
    deed = AddWallet(provider=provider, msisdn=msisdn or WALLETS[provider], who=WHO, why=why)
    await handle.execute_update(PaymentPlanWorkflow.add_wallet, deed)


async def until(condition: Callable[[], bool]) -> None:
    async def look() -> bool:
        return condition()

    await eventually(look, lambda holds: holds)


async def test_the_second_wallet_is_asked_when_the_first_is_frozen_and_pays_once(
    bench: Bench,
) -> None:
    handle, plan = await active(bench, provider=WalletProvider.TELEBIRR)
    for _ in range(2):
        await add(handle, WalletProvider.MPESA)
    bench.domains.answer = lambda sent: (
        (RailStatus.FAILED, "3007") if sent == order(plan, 1) else RailStatus.SUCCEEDED
    )
    await bench.live_out(handle)
    assert (await handle.result()).state == "completed"
    assert bench.domains.sent == [order(plan, 1), order(plan, 2)]
    asked = bench.domains.attempts[order(plan, 2)]
    assert (asked.wallet_id, asked.channel) == (f"{plan}-w2", "push")
    (posted,) = [h for h in bench.domains.happenings(plan) if isinstance(h, InstallmentCollected)]
    assert posted.provider == WalletProvider.MPESA
    added = [e.event for e in bench.domains.events[plan] if isinstance(e.event, WalletAdded)]
    assert added == [WalletAdded(wallet_id=f"{plan}-w2", provider="mpesa", by=WHO, why=WHY)]


async def test_a_telebirr_wallet_beside_is_asked_by_a_page_and_its_provider_is_asked_about_it(
    bench: Bench,
) -> None:
    handle, plan = await active(bench, provider=WalletProvider.MPESA)
    await add(handle, WalletProvider.TELEBIRR)
    bench.domains.answer = lambda _order: (RailStatus.FAILED, "2006")
    await bench.live_out(handle)
    assert (await handle.result()).state == "completed"
    assert bench.domains.sent == [order(plan, 1)]
    assert bench.domains.attempts[order(plan, 2)].channel == "checkout"
    requested = [e for e in bench.domains.events[plan] if isinstance(e.event, PaymentRequested)]
    assert requested[-1].next_action is not None
    assert bench.domains.asked_of[order(plan, 2)] is WalletProvider.TELEBIRR
    (posted,) = [h for h in bench.domains.happenings(plan) if isinstance(h, InstallmentCollected)]
    assert posted.provider == WalletProvider.TELEBIRR


async def failed(bench: Bench) -> tuple[Handle, str]:
    """A plan with a frozen M-PESA wallet: its policy tries no more."""
    bench.domains.answer = lambda _order: (RailStatus.FAILED, "2006")
    handle, plan = await active(bench, provider=WalletProvider.MPESA)
    await bench.days_pass(handle, 31)
    await until(lambda: "installment_failed" in bench.domains.kinds(plan))
    return handle, plan


def by(plan: str, *, wallet: str = "w2", who: str = WHO) -> PayByAnotherWallet:
    return PayByAnotherWallet(number=1, wallet_id=f"{plan}-{wallet}", who=who, why=WHY)


async def test_a_lost_run_goes_on_at_the_wallet_that_was_asked(
    env: WorkflowEnvironment, unique: str
) -> None:
    async with losing(env, unique, ("telebirr.open_checkout", 1, DONE)) as lost:
        application, stores = lost.bench.application("pay_in_30"), lost.stores
        plan, msisdn = application.plan_id, WALLETS[WalletProvider.TELEBIRR]
        other = FileWallet(
            plan_id=plan, provider=WalletProvider.TELEBIRR, msisdn=msisdn, at=datetime.now(UTC)
        )
        stores.further[plan].append(other)
        stores.answer = lambda _order: (RailStatus.FAILED, "2006")
        stores.query = lambda _order: RailStatus.SUCCEEDED
        assert await lost.go_on(application) == "completed"
        assert stores.sent == [order(plan, 1)]
        assert stores.asked_of == {order(plan, 2): WalletProvider.TELEBIRR}
        (posted,) = [h for h in stores.happenings(plan) if isinstance(h, InstallmentCollected)]
        assert (posted.provider, posted.attempt_id) == (WalletProvider.TELEBIRR, order(plan, 2))


class ByDates(Domains):
    """No policy was in force yet: the product's dates say when, and only the choice who."""

    @takes(PLAN_NEXT_ATTEMPT)
    async def plan_next_attempt(self, command: PlanNextAttempt) -> NextAttemptPlanned:
        chosen = command.terms.wallet_id
        way = Channel.PUSH if chosen else None
        return NextAttemptPlanned(at=None, reason=NO_POLICY, channel=way, wallet_id=chosen)


async def test_where_dates_say_when_a_chosen_wallet_is_asked_once_and_at_once(
    env: WorkflowEnvironment, unique: str
) -> None:
    plan, domains = f"pln_{unique}", ByDates()
    far = (date(2999, 1, 1), date(2999, 1, 2))
    second, third = (attempt_id(installment_id=f"{plan}-i02", number=n) for n in (2, 3))
    domains.answer = lambda _order: (RailStatus.FAILED, "1")
    async with serving(env, domains):
        handle = await collect(env, domains, plan=plan, merchant="mer_1", retry_on=far)
        other = FileWallet(
            plan_id=plan, provider=WalletProvider.MPESA, msisdn="251711000001", at=datetime.now(UTC)
        )
        domains.further[plan].append(other)
        await until(lambda: len(domains.failed_at) == 1)
        await handle.signal(InstallmentCollectionWorkflow.pay_by, f"{plan}-w2")
        await until(lambda: second in domains.failed_at)
        domains.answer = lambda _order: RailStatus.SUCCEEDED
        await handle.signal(InstallmentCollectionWorkflow.retry_now)
        assert (await handle.result()).attempt_id == third
    assert [domains.attempts[each].wallet_id for each in (second, third)] == [f"{plan}-w2"] * 2


async def test_two_agents_at_once_make_one_attempt_at_the_other_wallet(bench: Bench) -> None:
    handle, plan = await failed(bench)
    update = PaymentPlanWorkflow.pay_by_another_wallet
    with pytest.raises(WorkflowUpdateFailedError) as none_yet:
        await handle.execute_update(update, by(plan))
    assert code_of(none_yet) == "no_other_wallet"
    await add(handle, WalletProvider.MPESA, msisdn="251711000001")
    with pytest.raises(WorkflowUpdateFailedError) as foreign:
        await handle.execute_update(update, by(plan, wallet="w3"))
    assert code_of(foreign) == "wallet_unknown"
    bench.domains.answer = bench.domains.query = lambda _order: RailStatus.PENDING
    answers = await asyncio.gather(
        *(handle.execute_update(update, by(plan, who=who)) for who in ("stf_abebe", "stf_sara")),
        return_exceptions=True,
    )
    assert sum(isinstance(each, WorkflowUpdateFailedError) for each in answers) == 1
    await until(lambda: len(bench.domains.sent) == 2)
    standing = await handle.query(PaymentPlanWorkflow.support)
    blocked = {deed.deed: deed.code for deed in standing.deeds}
    assert blocked["pay_by_another_wallet"] == "attempt_under_way"
    assert DeedStanding(deed="add_wallet") in standing.deeds
    bench.domains.query = lambda _order: RailStatus.SUCCEEDED
    assert (await handle.result()).state == "completed"
    assert bench.domains.sent == [order(plan, 1), order(plan, 2)]
    assert bench.domains.attempts[order(plan, 2)].wallet_id == f"{plan}-w2"
    chosen = [e.event for e in bench.domains.events[plan] if isinstance(e.event, WalletChosen)]
    assert [(each.number, each.wallet_id) for each in chosen] == [(1, f"{plan}-w2")]


async def test_a_wait_for_the_first_wallet_ends_with_the_choice_of_another(bench: Bench) -> None:
    async with waiting(bench) as (clock, handle, plan):
        await add(handle, WalletProvider.MPESA, msisdn="251711000001")
        with pytest.raises(WorkflowUpdateFailedError) as own:
            await add(handle, WalletProvider.MPESA)
        assert code_of(own) == "wallet_is_own"
        before = bench.domains.attempts[order(plan, 1)]
        bench.domains.answer = lambda sent: (
            (RailStatus.FAILED, "1") if sent == order(plan, 2) else RailStatus.SUCCEEDED
        )
        await handle.execute_update(PaymentPlanWorkflow.pay_by_another_wallet, by(plan))
        await until(lambda: bench.domains.kinds(plan).count("collection_attempt_failed") == 2)
        chosen = bench.domains.attempts[order(plan, 2)]
        assert chosen.at - before.at < timedelta(hours=2)
        # It stays with the wallet that the customer has named, at the times that the policy sets.
        await advance(clock, days=3)
        assert (await handle.result()).state == "completed"
        assert bench.domains.sent == [order(plan, n) for n in (1, 2, 3)]
        made = [bench.domains.attempts[order(plan, n)] for n in (1, 2, 3)]
        own_id, other = f"{plan}-w1", f"{plan}-w2"
        assert [each.wallet_id for each in made] == [own_id, other, other]
        assert made[2].at - made[1].at > timedelta(hours=12)
