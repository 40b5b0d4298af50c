import re
from collections import Counter

import pytest

from meqenet.errors import Mender
from meqenet.payments.causes import (
    CAUSES,
    REMEDIES,
    UNDER_MANDATE,
    FailureCause,
    FailureCounter,
    cause_of,
    remedy_for,
)
from meqenet.payments.rail import WalletProvider

_TELEBIRR, _MPESA = WalletProvider.TELEBIRR, WalletProvider.MPESA

_TELEBIRR_CODES = {
    # Order states, callbacks and refund states.
    "PAY_FAILED": "refused_without_reason",
    "Failure": "refused_without_reason",
    "REFUND_FAILED": "refused_without_reason",
    "REFUND_DUPLICATED": "duplicate",
    "ORDER_CLOSED": "not_paid_in_time",
    "Expired": "not_paid_in_time",
    # The gateway and its paygate.
    "60200087": "our_credentials",
    "60200088": "our_credentials",
    "60200099": "our_credentials",
    "60320006": "not_paid_in_time",
    "60330006": "mandate_missing",
    "49401024991": "provider_down",
    "49401024995": "our_credentials",
    "49401031101": "our_credentials",
    "error.common.param.must.be.number": "our_credentials",
    # The core behind it.
    "1001": "our_credentials",
    "1002": "our_credentials",
    "1003": "our_credentials",
    "1004": "duplicate",
    "2001": "wallet_missing",
    "2002": "wrong_pin",
    "2006": "provider_down",
    "3007": "wallet_frozen",
    "3008": "our_credentials",
    "3012": "customer_busy",
    "3015": "wallet_missing",
    "3016": "limit_reached",
    "4001": "provider_down",
    "4003": "no_funds",
    "4004": "limit_reached",
    "4006": "provider_down",
    "4009": "customer_declined",
    "4010": "provider_down",
    "6001": "provider_down",
    "6002": "provider_down",
}
_MPESA_CODES = {
    # Token.
    "999991": "our_credentials",
    "999996": "our_credentials",
    "999997": "our_credentials",
    "999998": "our_credentials",
    # The gateway, at once.
    "SVC0403": "our_credentials",
    "3007": "refused_without_reason",
    "400": "wallet_missing",
    "400.002.02": "our_credentials",
    "401": "our_credentials",
    "401.002.01": "our_credentials",
    "403.001.01": "our_credentials",
    "404.001.03": "our_credentials",
    "500.001.1001": "provider_down",
    "500.002.1001": "provider_down",
    # Callbacks and Results.
    "1": "no_funds",
    "2": "our_credentials",
    "3": "limit_reached",
    "4": "limit_reached",
    "8": "limit_reached",
    "17": "limit_reached",
    "20": "our_credentials",
    "21": "our_credentials",
    "26": "provider_down",
    "1001": "customer_busy",
    "1019": "customer_unreachable",
    "1025": "provider_down",
    "9999": "provider_down",
    "1032": "customer_declined",
    "1037": "customer_unreachable",
    "2001": "wrong_pin",
    "TP40087": "wrong_pin",
    "2006": "wallet_frozen",
    "2028": "our_credentials",
    "2040": "wallet_missing",
    # The state of a transaction.
    "Failed": "refused_without_reason",
    "Declined": "refused_without_reason",
    "Cancelled": "customer_declined",
    "Expired": "not_paid_in_time",
    "receipt_known": "duplicate",
}
_OUR_CODES = {
    "unreached": "provider_down",
    "refused_us": "our_credentials",
    "too_late": "not_paid_in_time",
    "over_limit": "limit_reached",
    "no_mandate": "mandate_missing",
    "over_mandate_cap": "mandate_over_cap",
}
_WHERE_CAUSES_LEAD = {
    "no_funds": (True, "customer", "funds"),
    "limit_reached": (True, "customer", "limit"),
    "wallet_frozen": (False, "customer", "none"),
    "wallet_missing": (False, "customer", "none"),
    "wrong_pin": (True, "customer", "customer"),
    "customer_declined": (True, "customer", "customer"),
    "customer_unreachable": (True, "customer", "customer"),
    "customer_busy": (True, "customer", "customer"),
    "not_paid_in_time": (True, "customer", "customer"),
    "mandate_missing": (False, "customer", "none"),
    "mandate_over_cap": (False, "customer", "none"),
    "refused_without_reason": (True, "customer", "unexplained"),
    "provider_down": (True, "nobody", "technical"),
    "our_credentials": (False, "meqenet", "none"),
    "duplicate": (False, "meqenet", "none"),
    "unknown_code": (True, "meqenet", "unexplained"),
}
_EVERY_CODE = [
    (provider, code, cause)
    for provider, codes in (
        (_TELEBIRR, {**_TELEBIRR_CODES, **_OUR_CODES}),
        (_MPESA, {**_MPESA_CODES, **_OUR_CODES}),
    )
    for code, cause in codes.items()
]


@pytest.mark.parametrize(("provider", "code", "cause"), _EVERY_CODE)
def test_every_code_leads_where_the_table_says(
    provider: WalletProvider, code: str, cause: str
) -> None:
    found = cause_of(provider=provider, code=code)
    remedy = remedy_for(cause=found)
    assert found.value == cause
    assert (remedy.retryable, remedy.mender, remedy.counter) == _WHERE_CAUSES_LEAD[cause]
    assert remedy.english
    assert remedy.amharic


def test_no_code_is_in_the_table_that_is_not_listed_here() -> None:
    listed = Counter((provider, code) for provider, code, _ in _EVERY_CODE)
    there = Counter((provider, code) for provider, table in CAUSES.items() for code in table)
    assert there == listed


@pytest.mark.parametrize("provider", list(WalletProvider))
@pytest.mark.parametrize(
    ("code", "cause"),
    [(None, "refused_without_reason"), ("", "unknown_code"), ("x", "unknown_code")],
)
def test_no_code_and_an_unknown_one(provider: WalletProvider, code: str | None, cause: str) -> None:
    assert cause_of(provider=provider, code=code).value == cause


def test_a_broken_rule_of_a_mandate_debit_is_its_cap() -> None:
    assert cause_of(provider=_TELEBIRR, code="3016", under_mandate=True) == "mandate_over_cap"
    assert cause_of(provider=_TELEBIRR, code="3016") == "limit_reached"
    for provider, code, cause in _EVERY_CODE:
        if code not in UNDER_MANDATE[provider]:
            assert cause_of(provider=provider, code=code, under_mandate=True) == cause


def test_every_provider_has_a_table() -> None:
    assert CAUSES.keys() == UNDER_MANDATE.keys() == set(WalletProvider)


def test_every_cause_leads_somewhere() -> None:
    assert _WHERE_CAUSES_LEAD.keys() == REMEDIES.keys() == set(FailureCause)


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


def test_what_is_not_retryable_counts_on_nothing_and_the_rest_on_something() -> None:
    for cause, remedy in REMEDIES.items():
        assert (remedy.counter is FailureCounter.NONE) is not remedy.retryable, cause


def test_a_fault_and_an_empty_wallet_never_share_a_counter() -> None:
    counters = {cause: remedy.counter for cause, remedy in REMEDIES.items()}
    for counter, only in (("technical", "provider_down"), ("funds", "no_funds")):
        assert [cause for cause, each in counters.items() if each == counter] == [only]


def test_every_cause_can_come_from_somewhere() -> None:
    reachable = {cause for table in CAUSES.values() for cause in table.values()}
    assert reachable | {FailureCause.UNKNOWN_CODE} == set(FailureCause)
