"""The command ``meqenet merchant terms``: what is agreed with a merchant, shown and changed."""

import asyncio
import re
import secrets
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Final, NoReturn

import typer

from apps.cli.reading import BAD_INPUT, end, paper
from meqenet.bnpl.options import PaymentOption
from meqenet.errors import Defect
from meqenet.money import Money
from meqenet.settlement.transfer import PayoutAccount, PayoutRail

if TYPE_CHECKING:
    from activities.contracts.merchant_settlement import ChangeTerms, TermsTold

_COMMAND: Final = "merchant terms"
_FEE: Final = re.compile(
    r"(?P<option>[a-z_0-9]+)=(?P<percent>[0-9]+(?:\.[0-9]{1,2})?)%(?:\+(?P<fixed>[0-9.]+))?",
    re.ASCII,
)
_FEE_FORM: Final = "an option with a percentage and perhaps birr: pay_in_4=4.25%+2.50"


def terms(
    *,
    merchant: Annotated[str, typer.Argument(help="The merchant's id.", metavar="MERCHANT")],
    fee: Annotated[
        list[str] | None, typer.Option(help="OPTION=PERCENT%[+BIRR]; once for each option.")
    ] = None,
    delay_days: Annotated[int | None, typer.Option(help="Whole days until the payout.")] = None,
    pay_to: Annotated[
        str | None,
        typer.Option(help="BIC/ACCOUNT/NAME of a bank account, or mpesa/2517…/NAME of a wallet."),
    ] = None,
    reserve: Annotated[
        str | None, typer.Option(help="PERCENT%:DAYS that is kept; 0%:0 for nothing.")
    ] = None,
    minimum: Annotated[
        str | None, typer.Option(help="Birr; what would be less waits for the next day.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show a merchant's terms; with options, change them from now on.

    Orders keep the fee and the day of payout that held when their plan became active.
    """
    from activities.contracts.merchant_settlement import (  # noqa: PLC0415 - heavy; not for --help
        ChangeTerms,
    )
    from workers.opening import utc_now  # noqa: PLC0415 - the same

    points, fixed = _fees(fee or [])
    kept = (None, None) if reserve is None else _reserve(reserve)
    change = ChangeTerms(
        merchant_id=merchant,
        at=utc_now(),
        fee_basis_points=points,
        fee_fixed=fixed,
        delay_days=delay_days,
        account=None if pay_to is None else _account(pay_to),
        reserve_basis_points=kept[0],
        reserve_days=kept[1],
        minimum=None if minimum is None else _birr(minimum, option="--minimum"),
    )
    _show(_changed(change), as_json=as_json)


def _changed(change: "ChangeTerms") -> "TermsTold":
    from temporalio.client import WorkflowFailureError  # noqa: PLC0415 - heavy; not for --help

    from workers.connecting import temporal_client  # noqa: PLC0415 - the same
    from workers.onboarding import change_terms  # noqa: PLC0415 - the same
    from workers.opening import Environment  # noqa: PLC0415 - the same

    async def run() -> "TermsTold":
        client = await temporal_client(settings=Environment().settings)
        return await change_terms(client=client, change=change, run_id=secrets.token_hex(6))

    try:
        return asyncio.run(run())
    except WorkflowFailureError as error:
        end(command=_COMMAND, text=str(error.cause), code=BAD_INPUT)
    except Defect as defect:
        end(command=_COMMAND, text=f"{defect.text}. Run `meqenet up` in this checkout.")
    except RuntimeError as error:
        # The SDK's own error of a Temporal server that cannot be reached.
        end(command=_COMMAND, text=f"the Temporal server does not answer ({error})")


def _fees(written: list[str]) -> tuple[dict[str, int], dict[str, Money]]:
    points: dict[str, int] = {}
    fixed: dict[str, Money] = {}
    for each in written:
        found = _FEE.fullmatch(each)
        if found is None or found["option"] not in set(PaymentOption):
            _bad(f"--fee: {_FEE_FORM}; options are {', '.join(PaymentOption)}")
        points[found["option"]] = _points(found["percent"])
        fixed[found["option"]] = _birr(found["fixed"] or "0", option="--fee")
    return points, fixed


def _reserve(written: str) -> tuple[int, int]:
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]{1,2})?)%:([0-9]{1,4})", written)
    if found is None:
        _bad("--reserve: a percentage and days, like 5%:30")
    return _points(found[1]), int(found[2])


def _points(percent: str) -> int:
    """Two decimals of a percentage are basis points."""
    whole, _, part = percent.partition(".")
    return int(whole) * 100 + int(part.ljust(2, "0") or 0)


def _birr(written: str, *, option: str) -> Money:
    try:
        return Money.from_birr(written)
    except ValueError:
        _bad(f"{option}: birr with at most two decimals, like 2.50")


def _account(written: str) -> PayoutAccount:
    bank, _, rest = written.partition("/")
    number, _, name = rest.partition("/")
    if not (bank and number and name):
        _bad("--pay-to: BIC/ACCOUNT/NAME, or mpesa/PHONE/NAME")
    if bank == PayoutRail.MPESA:
        return PayoutAccount(
            bic="", account_number=number, account_name=name, rail=PayoutRail.MPESA
        )
    return PayoutAccount(bic=bank, account_number=number, account_name=name)


def _show(told: "TermsTold", *, as_json: bool) -> None:
    from apps.writing import as_json as json_of  # noqa: PLC0415 - heavy; not for --help
    from apps.writing import instant, table  # noqa: PLC0415 - the same

    fees = {
        option: {
            "percent": _percent(points),
            "fixed": str(told.fee_fixed.get(option, Money.zero())),
        }
        for option, points in told.fee_basis_points.items()
    }
    facts: Mapping[str, object] = {
        "since": told.effective_at.isoformat(),
        "delay_days": told.delay_days,
        "paid_by": told.rail.value,
        "bic": told.bic or None,
        "reserve_percent": _percent(told.reserve.basis_points),
        "reserve_days": told.reserve.days,
        "minimum": str(told.minimum),
    }
    if as_json:
        typer.echo(json_of({**facts, "fees": fees}))
        return
    rows = table(f"terms since {instant(told.effective_at)}", "what", "agreed")
    for option, each in fees.items():
        rows.add_row(f"fee of {option}", f"{each['percent']} % + {each['fixed']} birr")
    for name in ("delay_days", "paid_by", "bic", "reserve_percent", "reserve_days", "minimum"):
        rows.add_row(name.replace("_", " "), "-" if facts[name] is None else str(facts[name]))
    paper().print(rows)


def _percent(basis_points: int) -> str:
    return f"{Decimal(basis_points).scaleb(-2):.2f}"


def _bad(text: str) -> NoReturn:
    end(command=_COMMAND, text=text, code=BAD_INPUT)
