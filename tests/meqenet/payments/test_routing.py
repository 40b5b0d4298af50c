from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meqenet.money import Money
from meqenet.payments.causes import REMEDIES, FailureCause
from meqenet.payments.channels import Channel, request_channel
from meqenet.payments.failures import FailedAttempt
from meqenet.payments.rail import MandateStatus, WalletProvider
from meqenet.payments.routing import MandateOnFile, NoRoute, Route, WalletOnFile, route_for
from tests.meqenet.payments.collecting import OTHER_WALLET, WALLET, addis, failed
from tests.meqenet.payments.documents import limits, retries

_POLICY, _LIMITS = retries(), limits()
_HEARD = addis("2026-11-10 06:00")
_BEFORE, _AFTER = _HEARD - timedelta(hours=1), _HEARD + timedelta(hours=4)
_MPESA = WalletOnFile(wallet_id=OTHER_WALLET, provider=WalletProvider.MPESA)
_THIRD = WalletOnFile(
    wallet_id="wlt_c",
    provider=WalletProvider.TELEBIRR,
    mandate=MandateOnFile(status=MandateStatus.ACTIVE, debit_limit=None, heard_at=_HEARD),
)


def _telebirr(status: str | None, cap: str | None = "4000.00") -> WalletOnFile:
    mandate = None
    if status is not None:
        mandate = MandateOnFile(
            status=MandateStatus(status),
            debit_limit=None if cap is None else Money.from_birr(cap),
            heard_at=_HEARD,
        )
    return WalletOnFile(wallet_id=WALLET, provider=WalletProvider.TELEBIRR, mandate=mandate)


_ACTIVE = _telebirr("active")


def _route(
    *failures: FailedAttempt,
    wallet: WalletOnFile = _ACTIVE,
    others: tuple[WalletOnFile, ...] = (),
    amount: str = "1000.00",
    mended: bool = False,
) -> Route | NoRoute:
    return route_for(
        amount=Money.from_birr(amount),
        wallet=wallet,
        others=others,
        failures=failures,
        policy=_POLICY,
        limits=_LIMITS,
        mended_at=_AFTER if mended else None,
    )


def _said(told: Route | NoRoute) -> tuple[str, ...]:
    if isinstance(told, NoRoute):
        return (told.cause,)
    return told.wallet_id, told.channel, told.reason


@pytest.mark.parametrize(
    ("wallet", "amount", "said"),
    [
        (_ACTIVE, "1000.00", (WALLET, "mandate", "mandate")),
        (_ACTIVE, "4000.00", (WALLET, "mandate", "mandate")),
        (_ACTIVE, "4000.01", (WALLET, "checkout", "over_mandate_cap")),
        (_telebirr("active", None), "5000.00", (WALLET, "mandate", "mandate")),
        (_telebirr("active", None), "5000.01", (WALLET, "checkout", "second_factor")),
        (_telebirr("absent"), "1000.00", (WALLET, "checkout", "no_mandate")),
        (_telebirr(None), "1000.00", (WALLET, "checkout", "no_mandate")),
        (_telebirr("ended"), "1000.00", (WALLET, "checkout", "mandate_ended")),
        (_MPESA, "1000.00", (OTHER_WALLET, "push", "no_mandate")),
    ],
)
def test_before_anything_has_failed(
    wallet: WalletOnFile, amount: str, said: tuple[str, ...]
) -> None:
    assert _said(_route(wallet=wallet, amount=amount)) == said


_PULLED = (WALLET, "mandate", "mandate")
_ASKED = (WALLET, "checkout", "mandate_refused")
_OTHER = (OTHER_WALLET, "push", "other_wallet")


@pytest.mark.parametrize(
    ("causes", "alone", "beside_another"),
    [
        (["no_funds"], _PULLED, _PULLED),
        (["provider_down"] * 9, _PULLED, _PULLED),
        (["customer_declined"], _PULLED, _PULLED),
        (["mandate_missing"], _ASKED, _ASKED),
        (["mandate_over_cap"], _ASKED, _ASKED),
        (["limit_reached"], _PULLED, _PULLED),
        (["limit_reached", "no_funds", "limit_reached"], _PULLED, _OTHER),
        (["wallet_frozen"], ("wallet_frozen",), _OTHER),
        (["wallet_missing"], ("wallet_missing",), _OTHER),
        (["wallet_frozen", "no_funds"], ("wallet_frozen",), _OTHER),
        (["our_credentials"], ("our_credentials",), ("our_credentials",)),
        (["duplicate"], ("duplicate",), ("duplicate",)),
        (["our_credentials", "no_funds"], _PULLED, _PULLED),
    ],
)
def test_after_failures(
    causes: list[str], alone: tuple[str, ...], beside_another: tuple[str, ...]
) -> None:
    failures = [
        failed(cause, _AFTER - timedelta(minutes=len(causes) - number))
        for number, cause in enumerate(causes)
    ]
    assert _said(_route(*failures)) == alone
    assert _said(_route(*failures, others=(_MPESA,))) == beside_another
    assert _said(_route(*failures, others=(_MPESA,), mended=True)) == _PULLED


def test_a_mandate_that_is_there_after_all_is_used_again() -> None:
    assert _said(_route(failed("mandate_missing", _BEFORE))) == _PULLED
    assert _said(_route(failed("mandate_missing", _HEARD))) == _ASKED


def test_a_reached_cap_does_not_show_in_the_mandates_standing() -> None:
    assert _said(_route(failed("mandate_over_cap", _BEFORE))) == _ASKED


def test_other_wallets_are_asked_in_their_order_and_never_debited_silently() -> None:
    frozen = failed("wallet_frozen", _AFTER)
    others = (_MPESA, _THIRD)
    also = failed("wallet_missing", _AFTER, wallet_id=OTHER_WALLET, channel=Channel.PUSH)
    assert _said(_route(frozen, others=others)) == _OTHER
    assert _said(_route(frozen, also, others=others)) == ("wlt_c", "checkout", "other_wallet")
    assert _said(_route(frozen, also, others=(_MPESA,))) == ("wallet_frozen",)


@pytest.mark.parametrize(
    ("chosen", "causes", "said"),
    [
        (OTHER_WALLET, [], (OTHER_WALLET, "push", "chosen_wallet")),
        (OTHER_WALLET, ["no_funds"] * 3, (OTHER_WALLET, "push", "chosen_wallet")),
        (OTHER_WALLET, ["limit_reached"] * 2, _PULLED),
        (OTHER_WALLET, ["wallet_frozen"], _PULLED),
        ("wlt_c", ["wallet_frozen"], ("wlt_c", "checkout", "chosen_wallet")),
        (WALLET, ["wallet_frozen"], _PULLED),
        ("wlt_of_somebody_else", [], _PULLED),
    ],
)
def test_a_chosen_wallet_is_asked_for_as_long_as_it_can_pay(
    chosen: str, causes: list[str], said: tuple[str, ...]
) -> None:
    failures = [
        failed(cause, _AFTER, wallet_id=OTHER_WALLET, channel=Channel.PUSH) for cause in causes
    ]
    told = route_for(
        amount=Money.from_birr(1_000),
        wallet=_ACTIVE,
        others=(_MPESA, _THIRD),
        failures=failures,
        policy=_POLICY,
        limits=_LIMITS,
        chosen=chosen,
    )
    assert _said(told) == said


def test_a_failure_at_the_instant_of_the_asking_counts_if_it_came_of_it() -> None:
    before = failed("wallet_frozen", _AFTER)
    assert _said(_route(before, mended=True)) == _PULLED
    assert _said(_route(replace(before, is_since_asked=True), mended=True)) == ("wallet_frozen",)


def test_what_another_wallet_has_failed_of_is_nothing_against_the_first() -> None:
    also = failed("wallet_missing", _AFTER, wallet_id=OTHER_WALLET, channel=Channel.PUSH)
    assert _said(_route(also, others=(_MPESA,))) == _PULLED


def test_a_dead_wallet_is_not_asked_even_where_the_policy_does_not_name_its_cause() -> None:
    policy = replace(_POLICY, other_wallet_after={FailureCause.WALLET_FROZEN: 1})
    told = route_for(
        amount=Money.from_birr(1_000),
        wallet=_ACTIVE,
        others=(_MPESA,),
        failures=[
            failed("wallet_frozen", _AFTER),
            failed("wallet_missing", _AFTER, wallet_id=OTHER_WALLET, channel=Channel.PUSH),
        ],
        policy=policy,
        limits=_LIMITS,
    )
    assert _said(told) == ("wallet_frozen",)


@given(
    causes=st.lists(st.tuples(st.sampled_from(FailureCause), st.booleans()), max_size=8),
    status=st.sampled_from([None, *MandateStatus]),
    santim=st.integers(1, 1_000_000),
)
def test_money_is_pulled_silently_only_under_an_active_mandate_that_allows_it(
    causes: list[tuple[FailureCause, bool]], status: MandateStatus | None, santim: int
) -> None:
    wallet = _telebirr(status)
    failures = [
        failed(
            cause, _AFTER + timedelta(minutes=number), wallet_id=OTHER_WALLET if other else WALLET
        )
        for number, (cause, other) in enumerate(causes)
    ]
    told = _route(*failures, wallet=wallet, others=(_MPESA,), amount=str(Money(santim)))
    if isinstance(told, NoRoute):
        assert not REMEDIES[told.cause].retryable
        return
    if told.channel is Channel.MANDATE:
        assert told.wallet_id == WALLET
        assert status is MandateStatus.ACTIVE
        assert wallet.mandate is not None
        assert wallet.mandate.debit_limit is not None
        assert Money(santim) <= wallet.mandate.debit_limit
        assert not _LIMITS.need_second_factor(amount=Money(santim))
    else:
        assert told.channel is request_channel(provider=told.provider)
