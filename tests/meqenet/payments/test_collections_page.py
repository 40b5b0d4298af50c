"""``docs/collections.md`` says what the code and the policy documents say."""

import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from meqenet.payments.causes import (
    CAUSES,
    REMEDIES,
    UNDER_MANDATE,
    FailureCause,
    FailureCounter,
)
from meqenet.payments.rail import WalletProvider
from meqenet.payments.retry_reasons import WORDINGS
from meqenet.payments.routing import RouteReason
from tests.meqenet.payments.documents import document

_PAGE = (Path(__file__).parents[3] / "docs" / "collections.md").read_text(encoding="utf-8")
_OURS = set(CAUSES[WalletProvider.TELEBIRR].items()) & set(CAUSES[WalletProvider.MPESA].items())
_OURS = {(code, cause) for code, cause in _OURS if re.fullmatch(r"[a-z_]+", code)}


def _rows(title: str) -> list[str]:
    """The rows of the first table below a heading, its two head lines left out."""
    section = _PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    return [line for line in section.splitlines() if line.startswith("| ")][1:]


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _codes(provider: WalletProvider, cause: FailureCause) -> str:
    under = [f"`{code}` ¹" for code, each in UNDER_MANDATE[provider].items() if each is cause]
    own = [
        f"`{code}`"
        for code, each in CAUSES[provider].items()
        if each is cause and (code, each) not in _OURS
    ]
    return " ".join([*own, *under])


def _cause_row(cause: FailureCause) -> str:
    remedy = REMEDIES[cause]
    return _row(
        f"`{cause}`",
        "yes" if remedy.retryable else "no",
        remedy.mender,
        f"`{remedy.counter}`",
        _codes(WalletProvider.TELEBIRR, cause),
        _codes(WalletProvider.MPESA, cause),
        " ".join(f"`{code}`" for code, each in sorted(_OURS) if each is cause),
    )


def test_the_table_of_causes() -> None:
    assert _rows("Causes") == [_cause_row(cause) for cause in FailureCause]


def test_the_texts_for_the_customer() -> None:
    assert _rows("What the customer is told") == [
        _row(f"`{cause}`", remedy.english, remedy.amharic) for cause, remedy in REMEDIES.items()
    ]


def test_the_reasons_of_attempts() -> None:
    assert _rows("Reasons") == [
        _row(f"`{code}`", wording.english, wording.amharic) for code, wording in WORDINGS.items()
    ]


def _plan_row(counter: FailureCounter, plan: Mapping[str, Any]) -> str:
    steps = [
        step["after"] + (" to a salary day" if step.get("on_salary_day") else "")
        for step in plan["steps"]
    ]
    window = plan["window"]
    return _row(
        f"`{counter}`",
        str(plan["failures_max"]),
        str(plan["attempts_per_day_max"]),
        ", ".join(steps),
        ", ".join(window["times_of_day"]) or "any",
        window["spread"],
        "yes" if window["on_holidays"] else "no",
    )


def test_the_first_retry_policy() -> None:
    plans = document("retries-pay_in_4-v1")["plans"]
    assert _rows("Retries, version 1") == [
        _plan_row(counter, plans[counter]) for counter in FailureCounter
    ]


def test_the_wallet_limits() -> None:
    documents = [document(f"wallet_limits-level_2-v{version}") for version in (1, 2)]
    assert _rows("Wallet limits") == [
        _row(
            each["effective_from"],
            each["instrument"],
            each["balance_max"],
            each["per_day_max"],
            each["second_factor_above"] or "",
        )
        for each in documents
    ]


def _keys(value: object) -> set[str]:
    """Names of fields in a document; what stands under names of the field's own is not one."""
    if isinstance(value, list):
        return set().union(*map(_keys, value))
    if not isinstance(value, dict):
        return set()
    own = {*FailureCounter, *FailureCause}
    return {key for key in value if key not in own}.union(*map(_keys, value.values()))


@pytest.mark.parametrize(
    ("title", "name"),
    [("Retry policies", "retries-pay_in_4-v1"), ("Questions", "queries-orders-v1")],
)
def test_every_field_of_a_document_is_explained(title: str, name: str) -> None:
    explained = {re.findall(r"`(\w+)`", row)[0] for row in _rows(title)}
    common = {"kind", "subject", "version", "effective_from"}
    assert explained == _keys(document(name)) - common


def test_the_routes() -> None:
    explained = [re.findall(r"`(\w+)`", row)[0] for row in _rows("Which way")]
    assert explained == [reason.value for reason in RouteReason]


def test_every_code_word_of_the_page_exists() -> None:
    words: set[StrEnum] = {*FailureCause, *FailureCounter, *RouteReason, *WORDINGS}
    assert {str(word) for word in words} <= set(re.findall(r"`([a-z_]+)`", _PAGE))
