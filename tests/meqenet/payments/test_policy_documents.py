from datetime import timedelta
from typing import Any

import pytest

from meqenet.bnpl.options import PaymentOption
from meqenet.payments.distances import read_distance, whole_days
from meqenet.payments.policy_documents import (
    PolicyKind,
    key_of,
    read_query_times,
    read_retry_policy,
    read_wallet_limits,
)
from tests.meqenet.payments.documents import PATHS, document

_RETRIES = "retries-pay_in_4-v1"
_LIMITS = "wallet_limits-level_2-v2"
_QUERIES = "queries-orders-v1"
_READERS: dict[str, Any] = {
    _RETRIES: read_retry_policy,
    _LIMITS: read_wallet_limits,
    _QUERIES: read_query_times,
}


@pytest.mark.parametrize("name", [path.stem for path in PATHS])
def test_a_document_reads_and_stands_under_its_name(name: str) -> None:
    key = key_of(document=document(name))
    assert name == f"{key.kind}-{key.subject}-v{key.version}"


def test_every_option_has_a_policy() -> None:
    keys = [key_of(document=document(path.stem)) for path in PATHS]
    options = {key.subject for key in keys if key.kind is PolicyKind.RETRIES}
    assert options == set(PaymentOption)
    assert {key.kind for key in keys} == set(PolicyKind)


def _changed(name: str, place: tuple[str, ...], value: object) -> dict[str, Any]:
    whole = document(name)
    inner = whole
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    return whole


_WINDOW = {"times_of_day": ["10:00"], "on_holidays": True, "spread": "1h"}


@pytest.mark.parametrize(
    ("name", "place", "value", "rule"),
    [
        (_RETRIES, ("kind",), "queries", "kind: retries was expected"),
        (_RETRIES, ("version",), 0, "version: from 1"),
        (_RETRIES, ("effective_from",), "soon", "Invalid isoformat"),
        (_RETRIES, ("surprise",), 1, "surprise"),
        (_RETRIES, ("subject",), "", "option: not empty"),
        (_RETRIES, ("attempts_per_day_max",), 0, "attempts_per_day_max: at least 1"),
        (_RETRIES, ("attempts_per_day_max",), 5, "attempts_per_day_max: of a counter"),
        (_RETRIES, ("days_after_due_max",), -1, "days_after_due_max: not negative"),
        (_RETRIES, ("plans",), {}, "plans: one for each counter"),
        (_RETRIES, ("plans", "luck"), {}, "luck"),
        (_RETRIES, ("plans", "funds", "failures_max"), 0, "failures_max: at least 1"),
        (_RETRIES, ("plans", "funds", "steps"), [], "steps: at least one"),
        (_RETRIES, ("plans", "funds", "steps"), [{"after": "59s"}], "steps: at least a minute"),
        (_RETRIES, ("plans", "funds", "steps"), [{"after": "-1d"}], "distance: '-1d'"),
        (_RETRIES, ("plans", "funds", "steps"), [{"later": "1d"}], "after"),
        (
            _RETRIES,
            ("due_day",),
            {**_WINDOW, "times_of_day": ["10:00", "10:00"]},
            "times_of_day: each once, in order",
        ),
        (_RETRIES, ("due_day",), {**_WINDOW, "times_of_day": []}, "due_day: has a time of day"),
        (_RETRIES, ("due_day",), {**_WINDOW, "times_of_day": ["20:30"]}, "outside the quiet hours"),
        (_RETRIES, ("due_day",), {**_WINDOW, "times_of_day": ["23:30"]}, "outside the quiet hours"),
        (_RETRIES, ("due_day",), {**_WINDOW, "spread": "14h"}, "outside the quiet hours"),
        (
            _RETRIES,
            ("quiet_for_prompts",),
            {"start": "09:00", "end": "09:00"},
            "start and end at different times",
        ),
        (_RETRIES, ("quiet_for_prompts",), None, "items"),
        (_RETRIES, ("salary_days", "first_day"), 31, "salary_days: days are between 1 and 30"),
        (_RETRIES, ("salary_days", "calendar"), "lunar", "lunar"),
        (_RETRIES, ("causes", "duplicate"), None, "mapping"),
        (
            _RETRIES,
            ("causes", "duplicate"),
            {"steps": [{"after": "1d"}], "window": _WINDOW},
            "causes: only of counters",
        ),
        (_RETRIES, ("over_limit",), "wait", "wait"),
        (_RETRIES, ("part_min",), "0.00", "part_min: more than nothing"),
        (_RETRIES, ("other_wallet_after",), {"no_funds": 0}, "other_wallet_after: from 1"),
        (_LIMITS, ("kind",), "retries", "kind: wallet_limits was expected"),
        (_LIMITS, ("subject",), "", "level: not empty"),
        (_LIMITS, ("version",), 0, "version: from 1"),
        (_LIMITS, ("balance_max",), "0.00", "limits: more than nothing"),
        (_LIMITS, ("second_factor_above",), "-1.00", "second_factor_above: not negative"),
        (_LIMITS, ("grades", "per_day_max"), "D", "grades: A, B or C"),
        (_LIMITS, ("per_transaction_max",), "9.00", "grades: one for each limit that is set"),
        (_LIMITS, ("surprise",), 1, "surprise"),
        (_QUERIES, ("kind",), "retries", "kind: queries was expected"),
        (_QUERIES, ("version",), 0, "version: from 1"),
        (_QUERIES, ("after",), [], "after: at least one"),
        (_QUERIES, ("after",), ["0s"], "after: at least one, of a second or more"),
        (_QUERIES, ("after",), ["2s", "1s"], "after: never shrinking"),
        (_QUERIES, ("alarm_after",), "0s", "alarm_after: more than nothing"),
        (_QUERIES, ("surprise",), 1, "surprise"),
    ],
)
def test_a_document_against_a_rule_is_refused_by_the_rules_name(
    name: str, place: tuple[str, ...], value: object, rule: str
) -> None:
    with pytest.raises(ValueError, match=rule):
        _READERS[name](document=_changed(name, place, value))


@pytest.mark.parametrize("name", [_RETRIES, _LIMITS, _QUERIES])
def test_no_field_may_be_missing(name: str) -> None:
    for field in document(name):
        broken = {key: value for key, value in document(name).items() if key != field}
        with pytest.raises(ValueError, match=field):
            _READERS[name](document=broken)


def test_a_document_without_a_kind_is_none() -> None:
    with pytest.raises(ValueError, match="kind"):
        key_of(document={})


@pytest.mark.parametrize(
    ("text", "distance", "days"),
    [
        ("3s", timedelta(seconds=3), None),
        ("90m", timedelta(minutes=90), None),
        ("4h", timedelta(hours=4), None),
        ("2d", timedelta(days=2), 2),
        ("24h", timedelta(days=1), 1),
        ("0d", timedelta(0), None),
    ],
)
def test_distances(text: str, distance: timedelta, days: int | None) -> None:
    assert read_distance(text) == distance
    assert whole_days(distance) == days


@pytest.mark.parametrize("text", ["", "3", "d", "1 d", "1w", "1.5h", "-1h", "99999s", "1d\n"])
def test_no_other_text_is_a_distance(text: str) -> None:
    with pytest.raises(ValueError, match="distance"):
        read_distance(text)
