"""What a seed stands for: the same scenario each time, in a house with the same faults."""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from apps.faults.mishaps import (
    CODES,
    DELIVERY,
    PAYOUT,
    UNKNOWN_CODES,
    HouseFault,
    Mishap,
)
from meqenet.bnpl.options import PaymentOption
from meqenet.money import Money
from meqenet.payments.rail import WalletProvider

BATCH_SEEDS: Final = 25
"""So many seeds in a row are lived beside each other, under the same faults of the house."""
_SANTIM_MIN: Final = 50_000
"""Less than this no plan in four installments is offered for."""
_SANTIM_MAX: Final = 480_000
_FIRST_DAY: Final = date(2026, 12, 1)
_DAYS: Final = 21
"""Plans begin on any weekday, before and after pay day."""
_FAILURES_OF_A_DAY: Final = 6
"""After so many technical failures the policy lets the day rest."""
_LATER: Final = frozenset({Mishap.NO_FUNDS, Mishap.WALLET_FROZEN, Mishap.DOWN_FOR_A_DAY})
"""They need an installment that is collected by itself."""
_LOST_REQUESTS: Final = frozenset(DELIVERY) - {
    Mishap.CALLBACK_LOST,
    Mishap.CALLBACK_TWICE,
    Mishap.CALLBACK_FIRST,
}
"""At Telebirr they are worth most where money is pulled: a page that is opened moves none."""
_OPTIONS: Final = {
    PaymentOption.PAY_IN_FULL: 90,
    PaymentOption.PAY_IN_30: 9,
    PaymentOption.PAY_IN_4: 1,
}
"""How often of a hundred: a plan that collects later is twice as much work as one that does not,
and one in four installments three times."""
_INSTALLMENTS: Final = {
    PaymentOption.PAY_IN_FULL: 1,
    PaymentOption.PAY_IN_30: 1,
    PaymentOption.PAY_IN_4: 4,
}
_HALVES: Final = (
    (HouseFault.WORKER_KILLED, HouseFault.VALKEY_EMPTIED, HouseFault.PROVIDERS_DOWN),
    (HouseFault.API_KILLED, HouseFault.POSTGRES_RESTARTED, HouseFault.TEMPORAL_RESTARTED),
)
"""Batches take turns, so any two in a row have every fault of the house."""


@dataclass(frozen=True, kw_only=True)
class AttemptPlot:
    """One attempt to collect.

    Attributes:
        delivery: how its requests or callbacks get lost or out of order; None is not at all.
        refusal: the provider's code; None is paid.
        wait_ms: how long a lost answer is held before the connection is dropped, or how late a
            callback comes.
    """

    delivery: Mishap | None = None
    refusal: str | None = None
    wait_ms: int = 0


@dataclass(frozen=True, kw_only=True)
class CollectionPlot:
    """One installment: attempts that fail, and the last one, which is paid.

    ``is_empty``: the first attempt finds an empty wallet. ``needs_person``: its cause is none that
    a later attempt does not meet.
    """

    attempts: tuple[AttemptPlot, ...]
    is_empty: bool = False
    needs_person: bool = False


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A life with what goes wrong in it.

    Attributes:
        seed: what it is drawn from.
        starts_on: the test clock's first day.
        lead: the mishap that this seed is there for; others may come on top.
        collections: one of each installment.
        payout: what goes wrong at the bank.
    """

    seed: int
    option: PaymentOption
    provider: WalletProvider
    amount: Money
    starts_on: date
    lead: Mishap
    collections: tuple[CollectionPlot, ...]
    payout: Mishap | None

    @property
    def mishaps(self) -> frozenset[Mishap]:
        """All that goes wrong in it."""
        deliveries = [each.delivery for plot in self.collections for each in plot.attempts]
        every = (self.lead, self.payout, *deliveries)
        return frozenset(mishap for mishap in every if mishap is not None)


@dataclass(frozen=True, kw_only=True)
class Strike:
    """A fault of the house, when so much of a hundred of a batch's lives has been lived."""

    fault: HouseFault
    at_percent: int


def lead_of(*, seed: int) -> Mishap:
    """Of as many seeds in a row as there are mishaps, from a multiple of it, each has another."""
    kinds = list(Mishap)
    block, place = divmod(seed, len(kinds))
    random.Random(f"leads {block}").shuffle(kinds)  # noqa: S311 - a plot is no secret
    return kinds[place]


def draw(*, seed: int) -> Scenario:
    """The scenario of a seed, which is not below zero."""
    lead = lead_of(seed=seed)
    chance = random.Random(f"scenario {seed}")  # noqa: S311 - a plot is no secret
    provider = chance.choice(list(WalletProvider))
    is_later = lead in _LATER or (lead in _LOST_REQUESTS and provider is WalletProvider.TELEBIRR)
    options = [each for each in _OPTIONS if not (is_later and each is PaymentOption.PAY_IN_FULL)]
    option = chance.choices(options, weights=[_OPTIONS[each] for each in options])[0]
    count = _INSTALLMENTS[option]
    struck = chance.randrange(1 if is_later and count > 1 else 0, count)
    collections = tuple(
        _collection(chance, provider, lead if number == struck else None) for number in range(count)
    )
    payout = lead if lead in PAYOUT else None
    if payout is None and chance.randrange(8) == 0:
        payout = chance.choice(PAYOUT)
    return Scenario(
        seed=seed,
        option=option,
        provider=provider,
        amount=Money(chance.randrange(_SANTIM_MIN, _SANTIM_MAX + 1)),
        starts_on=_FIRST_DAY + timedelta(days=chance.randrange(_DAYS)),
        lead=lead,
        collections=collections,
        payout=payout,
    )


def batches(*, seeds: Iterable[int]) -> dict[int, list[int]]:
    """Seeds by the number of their batch."""
    found: dict[int, list[int]] = {}
    for seed in seeds:
        found.setdefault(seed // BATCH_SEEDS, []).append(seed)
    return found


def strikes_of(*, batch: int) -> tuple[Strike, ...]:
    """What befalls the house during a batch, first things first."""
    chance = random.Random(f"house {batch}")  # noqa: S311 - a plot is no secret
    faults = [*_HALVES[batch % 2]]
    if chance.randrange(3) == 0:
        faults.append(chance.choice(_HALVES[1 - batch % 2]))
    chance.shuffle(faults)
    moments = sorted(chance.sample(range(15, 86), k=len(faults)))
    return tuple(
        Strike(fault=fault, at_percent=moment)
        for fault, moment in zip(faults, moments, strict=True)
    )


def _collection(
    chance: random.Random, provider: WalletProvider, lead: Mishap | None
) -> CollectionPlot:
    failing = _failing(chance, provider, lead)
    delivery = lead if lead in DELIVERY else None
    if delivery is None and chance.randrange(4) == 0:
        delivery = chance.choice(DELIVERY)
    last = AttemptPlot(delivery=delivery, wait_ms=chance.choice((0, 0, 400, 1500)))
    return CollectionPlot(
        attempts=(*failing, last),
        is_empty=lead is Mishap.NO_FUNDS,
        needs_person=lead is Mishap.WALLET_FROZEN,
    )


def _failing(
    chance: random.Random, provider: WalletProvider, lead: Mishap | None
) -> tuple[AttemptPlot, ...]:
    """The attempts that do not bring the money."""
    codes = CODES[provider]
    refusals: tuple[str, ...] = ()
    match lead:
        case Mishap.OUT_OF_ORDER:
            refusal, wait_ms = chance.choice(codes.known), chance.randrange(3500, 6000)
            return (AttemptPlot(delivery=lead, refusal=refusal, wait_ms=wait_ms),)
        case Mishap.NO_FUNDS:
            return (AttemptPlot(),)
        case Mishap.REFUSED:
            refusals = tuple(chance.choices(codes.known, k=chance.choice((1, 1, 2))))
        case Mishap.UNKNOWN_CODE:
            refusals = (chance.choice(UNKNOWN_CODES),)
        case Mishap.WALLET_FROZEN:
            refusals = (codes.frozen,)
        case Mishap.DOWN_FOR_A_DAY:
            refusals = tuple(chance.choices(codes.out_of_order, k=_FAILURES_OF_A_DAY))
        case _:
            pass
    return tuple(AttemptPlot(refusal=refusal) for refusal in refusals)
