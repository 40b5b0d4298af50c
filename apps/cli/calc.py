"""``meqenet calc``: the arithmetic of plans at the command line, JSON in and JSON out."""

import json
import sys
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from meqenet.bnpl.apr import (
    AprMeasure,
    UnitPeriodFlow,
    YearFlow,
    effective_apr_percent,
    nominal_apr_percent,
)
from meqenet.bnpl.day_count import DaysInMonth, DaysInYear, RepayUnit
from meqenet.bnpl.document import DocumentReader
from meqenet.bnpl.schedule import build_schedule
from meqenet.bnpl.terms import ScheduleTerms
from meqenet.calendar import MonthEnd
from meqenet.errors import Mender, Refusal
from meqenet.money import Money

_DECIMALS_MAX = 12
_YEARS_MAX = 200
_UNIT_PERIODS_MAX = 12_000
_UNIT_PERIODS_PER_YEAR_MAX = 366
_BAD_INPUT = 2
_EXACT = Context(prec=150, rounding=ROUND_HALF_UP)
"""Wide enough for the largest rate there is, with all its decimals."""
_WIRE_NAMES = {
    "number_of_installments": "number_of_instalments",
    "installment_multiple_of": "instalment_multiple_of",
    "month_end": "month_end_strategy",
}
"""Names of the terms that this wire spells differently."""
_Flow = TypeVar("_Flow", UnitPeriodFlow, YearFlow)

calc_app = typer.Typer(
    name="calc",
    help="The pure arithmetic of plans: JSON on standard input or --file, JSON on standard output.",
    no_args_is_help=True,
)
_File = Annotated[
    Path | None,
    typer.Option("--file", help="Read the JSON from this file instead of standard input."),
]
_Decimals = Annotated[
    str, typer.Option("--decimals", metavar="N", help="Decimals of the rate, 0 to 12.")
]


def register(*, app: typer.Typer) -> None:
    """Add ``calc`` to a command line."""
    app.add_typer(calc_app, name="calc")


@calc_app.command("schedule")
def schedule_command(file: _File = None) -> None:
    """What is due when: the instalments of a loan."""
    _answer(lambda: _schedule(_read(file)))


@calc_app.command("apr")
def apr_command(file: _File = None, decimals: _Decimals = "2") -> None:
    """The annual percentage rate of given flows, nominal or effective."""
    _answer(lambda: _apr(_read(file), places=_places(decimals)))


def _answer(compute: Callable[[], dict[str, object]]) -> None:
    """Print the answer; or one line that names the field and the rule, and exit 2."""
    try:
        answer = compute()
    except Refusal as refusal:
        field = refusal.field or ""
        text = _WIRE_NAMES.get(field, field) + refusal.text.removeprefix(field)
        typer.echo(" ".join(text.split()), err=True)
        raise typer.Exit(_BAD_INPUT) from None
    typer.echo(json.dumps(answer))


def _read(file: Path | None) -> DocumentReader:
    """The JSON object given; numbers with a point become decimals, never floats."""
    try:
        content = sys.stdin.buffer.read() if file is None else file.read_bytes()
    except OSError as fault:
        raise _bad("--file", f"cannot be read: {fault.strerror}") from None
    try:
        document = json.loads(
            content,
            parse_float=Decimal,
            parse_constant=_no_constant,
            object_pairs_hook=_without_repeats,
        )
    except (ValueError, ArithmeticError, RecursionError) as fault:
        raise _bad("input", f"must be JSON: {fault}") from None
    return DocumentReader(document)


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no number")


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    document = dict(pairs)
    if len(document) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise _bad(repeated, "must be given once only")
    return document


def _schedule(read: DocumentReader) -> dict[str, object]:
    down, multiple = "down_payment_percent", "instalment_multiple_of"
    month_end = "month_end_strategy"
    terms = ScheduleTerms(
        principal=read.money("principal"),
        annual_rate_percent=read.decimal("annual_rate_percent"),
        disbursed_on=read.day("disbursed_on"),
        repay_every=read.integer("repay_every"),
        repay_unit=read.member("repay_unit", RepayUnit),
        number_of_installments=read.integer("number_of_instalments"),
        days_in_year=read.member("days_in_year", DaysInYear),
        days_in_month=read.member("days_in_month", DaysInMonth),
        down_payment_percent=None if read.is_null(down) else read.decimal(down),
        installment_multiple_of=None if read.is_null(multiple) else read.money(multiple),
        month_end=MonthEnd.LAST_DAY_OF_MONTH
        if read.is_null(month_end)
        else read.member(month_end, MonthEnd),
    )
    read.finish()
    return {
        "instalments": [
            {
                "n": row.number,
                "due": row.due.isoformat(),
                "principal": str(row.principal),
                "interest": str(row.interest),
                "total": str(row.total),
                "balance": str(row.balance),
            }
            for row in build_schedule(terms=terms).installments
        ]
    }


def _apr(read: DocumentReader, *, places: int) -> dict[str, object]:
    percent = _RATES[read.member("measure", AprMeasure)](read)
    with localcontext(_EXACT):
        # Adding zero turns a negative zero into a plain one.
        shown = percent.quantize(Decimal(1).scaleb(-places)) + 0
    return {"apr_percent": f"{shown:f}"}


def _nominal(read: DocumentReader) -> Decimal:
    per_year = read.decimal("unit_periods_per_year")
    if not 0 < per_year <= _UNIT_PERIODS_PER_YEAR_MAX:
        rule = f"must be more than 0 and at most {_UNIT_PERIODS_PER_YEAR_MAX}"
        raise read.refusal("unit_periods_per_year", rule)
    advances = _flows(read, "advances", _unit_period_flow)
    payments = _flows(read, "payments", _unit_period_flow)
    read.finish()
    try:
        return nominal_apr_percent(
            advances=advances, payments=payments, unit_periods_per_year=per_year
        )
    except Refusal as refusal:
        raise read.refusal("payments", refusal.text) from None


def _effective(read: DocumentReader) -> Decimal:
    drawdowns = _flows(read, "drawdowns", _year_flow)
    repayments = _flows(read, "repayments", _year_flow)
    read.finish()
    try:
        return effective_apr_percent(drawdowns=drawdowns, repayments=repayments)
    except Refusal as refusal:
        raise read.refusal("repayments", refusal.text) from None


_RATES = {AprMeasure.NOMINAL: _nominal, AprMeasure.EFFECTIVE: _effective}


def _flows(
    read: DocumentReader, name: str, read_one: Callable[[DocumentReader], _Flow]
) -> list[_Flow]:
    inner = read.objects(name)
    if not inner:
        raise read.refusal(name, "must not be empty")
    flows = []
    for one in inner:
        flows.append(read_one(one))
        one.finish()
    return flows


def _unit_period_flow(read: DocumentReader) -> UnitPeriodFlow:
    periods, fraction = read.integer("full_unit_periods"), read.decimal("fraction")
    if not 0 <= periods <= _UNIT_PERIODS_MAX:
        raise read.refusal("full_unit_periods", f"must be between 0 and {_UNIT_PERIODS_MAX}")
    if not 0 <= fraction < 1:
        raise read.refusal("fraction", "must be at least 0 and less than 1")
    return UnitPeriodFlow(amount=_amount(read), full_unit_periods=periods, fraction=fraction)


def _year_flow(read: DocumentReader) -> YearFlow:
    years = read.decimal("years")
    if not 0 <= years <= _YEARS_MAX:
        raise read.refusal("years", f"must be between 0 and {_YEARS_MAX}")
    return YearFlow(amount=_amount(read), years=years)


def _amount(read: DocumentReader) -> Money:
    amount = read.money("amount")
    if amount < Money.zero():
        raise read.refusal("amount", "must not be negative")
    return amount


def _places(decimals: str) -> int:
    if not decimals.isascii() or not decimals.isdigit() or int(decimals) > _DECIMALS_MAX:
        raise _bad("--decimals", f"must be a whole number between 0 and {_DECIMALS_MAX}")
    return int(decimals)


def _bad(field: str, rule: str) -> Refusal:
    return Refusal("input_invalid", f"{field}: {rule}", mender=Mender.MERCHANT, field=field)
