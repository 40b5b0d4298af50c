import json
import subprocess
import sys
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from apps.cli.calc import calc_app

_VECTORS = Path(__file__).parents[2] / "vectors"
_SCHEDULES = json.loads((_VECTORS / "schedules.json").read_text(encoding="utf-8"))["cases"]
_APR = json.loads((_VECTORS / "apr.json").read_text(encoding="utf-8"))
_SCHEDULE: dict[str, Any] = {
    "principal": "10000",
    "annual_rate_percent": "12",
    "disbursed_on": "2023-12-12",
    "repay_every": 1,
    "repay_unit": "MONTHS",
    "number_of_instalments": 6,
    "days_in_year": "ACTUAL",
    "days_in_month": "ACTUAL",
    "down_payment_percent": None,
    "instalment_multiple_of": None,
    "month_end_strategy": None,
}
_EFFECTIVE: dict[str, Any] = {
    "measure": "effective",
    "drawdowns": [{"amount": "500.00", "years": "0"}],
    "repayments": [{"amount": "600.00", "years": "1"}],
}
_NOMINAL: dict[str, Any] = {
    "measure": "nominal",
    "unit_periods_per_year": 12,
    "advances": [{"amount": "5000.00", "full_unit_periods": 0, "fraction": "0"}],
    "payments": [{"amount": "5050.00", "full_unit_periods": 1, "fraction": "0"}],
}


def _run(*arguments: str, given: object) -> Result:
    text = given if isinstance(given, str | bytes) else json.dumps(given)
    return CliRunner().invoke(calc_app, list(arguments), input=text)


def _answer(*arguments: str, given: object) -> Any:  # noqa: ANN401 - whatever JSON says
    result = _run(*arguments, given=given)
    assert (result.exit_code, result.stderr) == (0, "")
    return json.loads(result.stdout)


def _wire(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """A published case in the words of the command, which are the same but for the date."""
    day = inputs.get("disbursed_on") or inputs["disbursements"][0]["date"]
    known = {name: inputs[name] for name in _SCHEDULE if name in inputs}
    return known | {"disbursed_on": day}


@pytest.mark.parametrize("case", _SCHEDULES, ids=lambda case: case["id"])
def test_published_schedules(case: Mapping[str, Any]) -> None:
    rows = _answer("schedule", given=_wire(case["inputs"]))["instalments"]
    assert [(row["n"], row["due"]) for row in rows] == [
        (row["n"], row["due"]) for row in case["expected"]
    ]
    for found, expected in zip(rows, case["expected"], strict=True):
        assert set(found) == {"n", "due", "principal", "interest", "total", "balance"}
        for amount in ("principal", "interest", "total", "balance"):
            assert Decimal(found[amount]) == Decimal(expected[amount])
            assert len(found[amount].partition(".")[2]) == 2


def test_the_example_of_the_documentation() -> None:
    first = _answer("schedule", given=_SCHEDULE)["instalments"][0]
    assert first == {
        "n": 1,
        "due": "2024-01-12",
        "principal": "1623.75",
        "interest": "101.81",
        "total": "1725.56",
        "balance": "8376.25",
    }


@pytest.mark.parametrize("case", _APR["nominal"], ids=lambda case: case["id"])
def test_regulation_z(case: Mapping[str, Any]) -> None:
    given = {
        "measure": "nominal",
        "unit_periods_per_year": case["unit_periods_per_year"],
        "advances": [
            {"amount": case["advance"]["amount"], "full_unit_periods": 0, "fraction": "0"}
        ],
        "payments": case["payments"],
    }
    assert _answer("apr", given=given) == {"apr_percent": case["expected_apr_percent"]}
    six = _answer("apr", "--decimals", "6", given=given)["apr_percent"]
    assert six == f"{case['recomputed']:.6f}"


@pytest.mark.parametrize("case", _APR["effective"], ids=lambda case: case["id"])
def test_european_examples(case: Mapping[str, Any]) -> None:
    given = {"measure": "effective"} | {name: case[name] for name in ("drawdowns", "repayments")}
    assert _answer("apr", given=given) == {"apr_percent": case["expected_apr_percent"]}


@pytest.mark.parametrize(
    ("decimals", "expected"),
    [("0", "20"), ("2", "20.00"), ("4", "20.0000"), ("12", "20.000000000000")],
)
def test_as_many_decimals_as_asked_for(decimals: str, expected: str) -> None:
    found = _answer("apr", "--decimals", decimals, given=_EFFECTIVE)
    assert found == {"apr_percent": expected}


@pytest.mark.parametrize(
    ("repayments", "expected"),
    [
        ([{"amount": "500", "years": 0}], "0.00"),
        ([{"amount": 500.0, "years": 0.5}], "0.00"),
        ([{"amount": "2670.00", "years": "1"}], "434.00"),
        ([{"amount": "250.00", "years": "1"}], "-50.00"),
        ([{"amount": "499.9999", "years": "1"}], None),
        ([{"amount": "499.99", "years": "200"}], "0.00"),
    ],
)
def test_rates_at_the_edges(repayments: list[dict[str, Any]], expected: str | None) -> None:
    result = _run("apr", given=_EFFECTIVE | {"repayments": repayments})
    if expected is None:
        assert result.exit_code == 2
    else:
        assert json.loads(result.stdout) == {"apr_percent": expected}


def test_a_rate_beyond_all_measure_is_written_out() -> None:
    overnight = [{"amount": "750", "years": "0.00273972602739726"}]
    percent = _answer("apr", given=_EFFECTIVE | {"repayments": overnight})["apr_percent"]
    assert percent.replace(".", "").isdigit()
    assert len(percent) > 60


def test_input_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "flows.json"
    file.write_text(json.dumps(_NOMINAL), encoding="utf-8")
    assert _answer("apr", "--file", str(file), given="") == {"apr_percent": "12.00"}


def test_numbers_with_a_point_are_exact() -> None:
    given = json.dumps(_SCHEDULE).replace('"10000"', "0.29")
    rows = _answer("schedule", given=given)["instalments"]
    assert sum(Decimal(row["principal"]) for row in rows) == Decimal("0.29")


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"principal": None}, "principal: required"),
        ({"principal": "ten"}, "principal: must be a plain decimal number"),
        ({"principal": "1e3"}, "principal: must be a plain decimal number"),
        ({"principal": "10.001"}, "principal: must be birr with at most two decimals"),
        ({"principal": ["10"]}, "principal: must be a decimal number"),
        ({"principal": True}, "principal: must be a decimal number"),
        ({"principal": "0"}, "principal: more than 0"),
        ({"principal": "-5"}, "principal: more than 0"),
        ({"annual_rate_percent": "-1"}, "annual_rate_percent: between 0 and 1000"),
        ({"disbursed_on": "12/12/2023"}, "disbursed_on: must be a date that exists"),
        ({"disbursed_on": "20231212"}, "disbursed_on: must be a date that exists"),
        ({"disbursed_on": "2023-02-29"}, "disbursed_on: must be a date that exists"),
        ({"disbursed_on": "9999-12-31"}, "disbursed_on: the last due date lies after"),
        ({"repay_every": 0}, "repay_every: between 1 and 366"),
        ({"repay_every": "monthly"}, "repay_every: must be a whole number"),
        ({"repay_unit": "months"}, "repay_unit: must be one of DAYS, WEEKS, MONTHS"),
        ({"number_of_instalments": 0}, "number_of_instalments: between 1 and 600"),
        ({"number_of_instalments": 1.5}, "number_of_instalments: must be a whole number"),
        ({"days_in_year": 360}, "days_in_year: must be one of ACTUAL, 360, 364, 365"),
        ({"days_in_month": "31"}, "days_in_month: must be one of ACTUAL, 30"),
        ({"down_payment_percent": "101"}, "down_payment_percent: between 0 and 100"),
        ({"instalment_multiple_of": "0"}, "instalment_multiple_of: more than 0"),
        ({"month_end_strategy": "CLAMP"}, "month_end_strategy: must be one of LAST_DAY"),
        ({"grace": 1}, "grace: no such field"),
        ({"gra\nce": 1}, "gra ce: no such field"),
    ],
)
def test_a_bad_schedule_is_one_line_that_names_field_and_rule(
    changes: dict[str, Any], line: str
) -> None:
    _assert_refused(_run("schedule", given=_SCHEDULE | changes), line)


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (_EFFECTIVE | {"measure": "real"}, "measure: must be one of nominal, effective"),
        ({"measure": "effective"}, "drawdowns: required"),
        (_EFFECTIVE | {"drawdowns": {}}, "drawdowns: must be a list"),
        (_EFFECTIVE | {"drawdowns": []}, "drawdowns: must not be empty"),
        (_EFFECTIVE | {"drawdowns": [1]}, "drawdowns[0]: must be a JSON object"),
        (
            _EFFECTIVE | {"repayments": [{"amount": "1", "years": "-1"}]},
            "repayments[0].years: must be between 0 and 200",
        ),
        (
            _EFFECTIVE | {"repayments": [{"amount": "-1", "years": "1"}]},
            "repayments[0].amount: must not be negative",
        ),
        (
            _EFFECTIVE | {"repayments": [{"amount": "1", "years": "1", "date": "x"}]},
            "repayments[0].date: no such field",
        ),
        (
            _EFFECTIVE | {"repayments": [{"amount": "600", "years": "0"}]},
            "repayments: no rate",
        ),
        (
            _NOMINAL | {"payments": [{"amount": "1", "full_unit_periods": -1, "fraction": "0"}]},
            "payments[0].full_unit_periods: must be between 0",
        ),
        (
            _NOMINAL | {"payments": [{"amount": "1", "full_unit_periods": 1, "fraction": "1"}]},
            "payments[0].fraction: must be at least 0 and less than 1",
        ),
        (_NOMINAL | {"payments": _NOMINAL["advances"][:0]}, "payments: must not be empty"),
        (
            _NOMINAL | {"payments": [{"amount": "1", "full_unit_periods": 0, "fraction": 0}]},
            "payments: no rate",
        ),
        (_NOMINAL | {"unit_periods_per_year": 0}, "unit_periods_per_year: must be more than 0"),
        (_NOMINAL | {"drawdowns": []}, "drawdowns: no such field"),
    ],
)
def test_bad_flows_are_one_line_that_names_field_and_rule(given: dict[str, Any], line: str) -> None:
    _assert_refused(_run("apr", given=given), line)


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ("", "input: must be JSON"),
        ("{", "input: must be JSON"),
        ("[]", "document: must be a JSON object"),
        ('{"principal": NaN}', "input: must be JSON: NaN is no number"),
        ('{"principal": 1, "principal": 2}', "principal: must be given once only"),
        ('{"principal": 1e9999999999999999999}', "input: must be JSON"),
        ("[" * 100_000, "input: must be JSON"),
        (b'{"principal": "\xff"}', "input: must be JSON"),
        ('{"principal": ' + "9" * 5_000 + "}", "input: must be JSON"),
    ],
)
def test_what_is_not_json_is_refused(given: str | bytes, line: str) -> None:
    _assert_refused(_run("schedule", given=given), line)


@pytest.mark.parametrize("decimals", ["-1", "13", "two", "", "²"])
def test_impossible_decimals_are_refused(decimals: str) -> None:
    line = "--decimals: must be a whole number between 0 and 12"
    _assert_refused(_run("apr", "--decimals", decimals, given=_EFFECTIVE), line)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    result = _run("schedule", "--file", str(tmp_path / "none.json"), given="")
    _assert_refused(result, "--file: cannot be read: No such file or directory")


def _assert_refused(result: Result, line: str) -> None:
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith(line)
    assert result.stderr.count("\n") == 1


def test_the_arithmetic_starts_without_the_servers_libraries() -> None:
    heavy = ("temporalio", "sqlalchemy", "pydantic", "httpx", "fastapi", "cryptography")
    code = f"import sys, apps.cli.calc; print([m for m in {heavy!r} if m in sys.modules])"
    loaded = subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
    )
    assert loaded.stdout.strip() == "[]"
