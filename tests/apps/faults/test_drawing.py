import json
from collections import Counter
from importlib.resources import files
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.faults.drawing import BATCH_SEEDS, batches, draw, lead_of, strikes_of
from apps.faults.mishaps import CODES, UNKNOWN_CODES, HouseFault, Mishap
from apps.faults.planting import rail_of
from meqenet.bnpl.options import PaymentOption
from meqenet.bnpl.products import product_from_document
from meqenet.payments.causes import FailureCause, cause_of, remedy_for
from meqenet.payments.rail import WalletProvider

SEEDS = st.integers(min_value=0, max_value=1_000_000)
FIFTY = 50


@given(SEEDS)
def test_a_seed_is_always_the_same_scenario(seed: int) -> None:
    scenario = draw(seed=seed)
    assert scenario == draw(seed=seed)
    assert scenario.lead is lead_of(seed=seed)
    assert scenario.lead in scenario.mishaps


@pytest.mark.parametrize("block", range(4))
def test_every_amount_is_one_that_its_option_is_offered_for(block: int) -> None:
    catalogue = files("db.bnpl") / "catalogue"
    limits = {
        option: product_from_document(
            document=json.loads((catalogue / f"{option}-v1.json").read_text("utf-8"))
        )
        for option in PaymentOption
    }
    for seed in range(block * 1000, block * 1000 + 1000):
        scenario = draw(seed=seed)
        product = limits[scenario.option]
        assert product.amount_min <= scenario.amount <= product.amount_max, f"seed {seed}"


@given(SEEDS)
def test_any_fifty_seeds_in_a_row_have_every_fault(first: int) -> None:
    seeds = range(first, first + FIFTY)
    assert {lead_of(seed=seed) for seed in seeds} == set(Mishap)
    struck = chain.from_iterable(strikes_of(batch=batch) for batch in batches(seeds=seeds))
    assert {strike.fault for strike in struck} == set(HouseFault)


@given(SEEDS)
def test_what_leads_a_scenario_happens_in_it(seed: int) -> None:
    scenario = draw(seed=seed)
    failing = [attempt for plot in scenario.collections for attempt in plot.attempts[:-1]]
    lasts = [plot.attempts[-1] for plot in scenario.collections]
    assert all(attempt.refusal is None for attempt in lasts)
    fails = {
        Mishap.REFUSED,
        Mishap.OUT_OF_ORDER,
        Mishap.NO_FUNDS,
        Mishap.UNKNOWN_CODE,
        Mishap.WALLET_FROZEN,
        Mishap.DOWN_FOR_A_DAY,
    }
    assert bool(failing) == (scenario.lead in fails)
    assert any(plot.is_empty for plot in scenario.collections) == (scenario.lead is Mishap.NO_FUNDS)


def test_the_first_fifty_are_of_every_provider_and_option_that_is_lived_often() -> None:
    drawn = [draw(seed=seed) for seed in range(FIFTY)]
    assert {scenario.option for scenario in drawn} == {
        PaymentOption.PAY_IN_FULL,
        PaymentOption.PAY_IN_30,
        PaymentOption.PAY_IN_4,
    }
    rails = {
        rail_of(scenario=scenario, number=number).request
        for scenario in drawn
        for number, plot in enumerate(scenario.collections, start=1)
        if plot.attempts[-1].delivery in (Mishap.TIMEOUT_AFTER_COMMIT, Mishap.SILENCE)
    }
    assert {"stk_push", "disburseOrder"} <= rails, "money is pushed and pulled, and nobody answers"
    providers = Counter(scenario.provider for scenario in drawn)
    assert min(providers.values()) > FIFTY // 4
    assert len(providers) == len(WalletProvider)


@given(st.integers(min_value=0, max_value=10_000))
def test_strikes_come_one_after_the_other_while_lives_are_under_way(batch: int) -> None:
    strikes = strikes_of(batch=batch)
    assert strikes == strikes_of(batch=batch)
    moments = [strike.at_percent for strike in strikes]
    assert moments == sorted(set(moments))
    assert 0 < moments[0] <= moments[-1] < 100


def test_batches_are_the_same_wherever_one_begins() -> None:
    assert batches(seeds=range(BATCH_SEEDS - 1, BATCH_SEEDS + 1)) == {
        0: [BATCH_SEEDS - 1],
        1: [BATCH_SEEDS],
    }


@pytest.mark.parametrize("provider", WalletProvider)
def test_codes_are_of_the_causes_that_they_are_drawn_for(provider: WalletProvider) -> None:
    codes = CODES[provider]
    for code in codes.known:
        remedy = remedy_for(cause=cause_of(provider=provider, code=code))
        assert remedy.retryable
    assert cause_of(provider=provider, code=codes.frozen) is FailureCause.WALLET_FROZEN
    down = {cause_of(provider=provider, code=code) for code in codes.out_of_order}
    assert down == {FailureCause.PROVIDER_DOWN}
    unknown = {cause_of(provider=provider, code=code) for code in UNKNOWN_CODES}
    assert unknown == {FailureCause.UNKNOWN_CODE}
