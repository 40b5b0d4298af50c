import re

import pytest

from meqenet.errors import Mender
from meqenet.payments.causes import CAUSES, REMEDIES, FailureCause, cause_of, remedy_for
from meqenet.payments.rail import WalletProvider

_TELEBIRR, _MPESA = WalletProvider.TELEBIRR, WalletProvider.MPESA


@pytest.mark.parametrize(
    ("provider", "code", "cause", "retryable"),
    [
        # providers.md 2.4
        (_MPESA, "1", FailureCause.NO_FUNDS, True),
        (_MPESA, "17", FailureCause.LIMIT_REACHED, True),
        (_MPESA, "1001", FailureCause.CUSTOMER_BUSY, True),
        (_MPESA, "1019", FailureCause.CUSTOMER_UNREACHABLE, True),
        (_MPESA, "1032", FailureCause.CUSTOMER_DECLINED, True),
        (_MPESA, "1037", FailureCause.CUSTOMER_UNREACHABLE, True),
        (_MPESA, "2001", FailureCause.WRONG_PIN, True),
        (_MPESA, "TP40087", FailureCause.WRONG_PIN, True),
        (_MPESA, "2006", FailureCause.WALLET_FROZEN, False),
        # providers.md 1.8, 1.10, 1.12, 1.13
        (_TELEBIRR, "PAY_FAILED", FailureCause.REFUSED_WITHOUT_REASON, True),
        (_TELEBIRR, "ORDER_CLOSED", FailureCause.NOT_PAID_IN_TIME, True),
        (_TELEBIRR, "60330006", FailureCause.MANDATE_MISSING, False),
        (_TELEBIRR, "60200099", FailureCause.OUR_CREDENTIALS, False),
        (_TELEBIRR, "49401024991", FailureCause.PROVIDER_DOWN, True),
        (_TELEBIRR, "2002", FailureCause.WRONG_PIN, True),
        (_TELEBIRR, "3007", FailureCause.WALLET_FROZEN, False),
        (_TELEBIRR, "4003", FailureCause.NO_FUNDS, True),
        (_TELEBIRR, "4004", FailureCause.LIMIT_REACHED, True),
        (_TELEBIRR, "1004", FailureCause.DUPLICATE, False),
        # The same number means different things to the two.
        (_TELEBIRR, "2001", FailureCause.WALLET_MISSING, False),
        (_TELEBIRR, "1001", FailureCause.OUR_CREDENTIALS, False),
        # Our own, whoever the provider is.
        (_TELEBIRR, "unreached", FailureCause.PROVIDER_DOWN, True),
        (_MPESA, "unreached", FailureCause.PROVIDER_DOWN, True),
        (_MPESA, "refused_us", FailureCause.OUR_CREDENTIALS, False),
        (_TELEBIRR, "too_late", FailureCause.NOT_PAID_IN_TIME, True),
        # No reason, and one that nobody has seen.
        (_MPESA, None, FailureCause.REFUSED_WITHOUT_REASON, True),
        (_MPESA, "4711", FailureCause.UNKNOWN_CODE, True),
        (_TELEBIRR, "", FailureCause.UNKNOWN_CODE, True),
    ],
)
def test_a_code_has_one_cause(
    provider: WalletProvider,
    code: str | None,
    cause: FailureCause,
    retryable: bool,  # noqa: FBT001 - a column of the table
) -> None:
    found = cause_of(provider=provider, code=code)
    assert (found, remedy_for(cause=found).retryable) == (cause, retryable)


def test_every_provider_has_a_table() -> None:
    assert CAUSES.keys() == set(WalletProvider)


@pytest.mark.parametrize("cause", list(FailureCause))
def test_every_cause_says_what_to_do_in_both_languages(cause: FailureCause) -> None:
    remedy = REMEDIES[cause]
    assert remedy.english.endswith(".")
    assert remedy.amharic.endswith("።")
    assert not re.search(r"[A-Za-z0-9]", remedy.amharic)
    assert re.fullmatch(r"[A-Za-z';,. ]+", remedy.english)


def test_what_nobody_can_mend_passes_by_itself() -> None:
    for cause, remedy in REMEDIES.items():
        assert remedy.mender is not Mender.NOBODY or remedy.retryable, cause


def test_every_cause_can_come_from_somewhere() -> None:
    reachable = {cause for table in CAUSES.values() for cause in table.values()}
    assert reachable | {FailureCause.UNKNOWN_CODE} == set(FailureCause)
