"""The portfolio: what is lent out by how late it is, and how collections end."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from apps.writing import birr, day, percent, table
from db.analytics.views import (
    CollectionRate,
    LatenessClass,
    Losses,
    collection_rates,
    losses,
    portfolio,
)
from db.kernel.engine import ReadSession
from meqenet.analytics.past_due import Lateness
from meqenet.money import Money, total

_AT_RISK = (Lateness.DAYS_31_60, Lateness.DAYS_61_90, Lateness.DAYS_OVER_90)
_WHOLE = 10_000


@dataclass(frozen=True, kw_only=True)
class Portfolio:
    """What is lent out at the end of a day, and how collections ended until then.

    Attributes:
        merchant_id: of this merchant's plans only, as ``option``; None is all.
        losses: all until then, of the same plans.
        rates: from ``since`` to ``as_of``; None where plans are narrowed, for attempts are counted
            for all of them together.
    """

    as_of: date
    since: date
    merchant_id: str | None
    option: str | None
    classes: tuple[LatenessClass, ...]
    losses: Losses
    rates: tuple[CollectionRate, ...] | None

    @property
    def plans(self) -> int:
        """How many owe something."""
        return sum(each.plans for each in self.classes)

    @property
    def outstanding(self) -> Money:
        """All principal that is owed, due or not."""
        return total(each.outstanding for each in self.classes)

    @property
    def past_due(self) -> Money:
        """Principal and interest of overdue installments."""
        return total(each.past_due for each in self.classes)

    @property
    def at_risk(self) -> Money:
        """Principal of plans that are more than 30 days late (PAR 30)."""
        return total(each.outstanding for each in self.classes if each.lateness in _AT_RISK)


async def read_portfolio(
    *,
    session: ReadSession,
    as_of: date,
    since: date,
    merchant_id: str | None,
    option: str | None,
) -> Portfolio:
    """The report, of one moment."""
    narrowed = merchant_id is not None or option is not None
    return Portfolio(
        as_of=as_of,
        since=since,
        merchant_id=merchant_id,
        option=option,
        classes=await portfolio(
            session=session, as_of=as_of, merchant_id=merchant_id, option=option
        ),
        losses=await losses(session=session, as_of=as_of, merchant_id=merchant_id, option=option),
        rates=None
        if narrowed
        else await collection_rates(session=session, since=since, until=as_of),
    )


def portfolio_page(*, report: Portfolio) -> Iterator[RenderableType]:
    """The report for people."""
    of = "".join(f", {name}" for name in (report.merchant_id, report.option) if name)
    yield Text(f"\nportfolio at the end of {day(report.as_of)}{of}", style="bold")
    yield Text("amounts in birr", style="dim")
    yield _lateness(report)
    share = _share(report.at_risk, report.outstanding)
    yield Text(
        f"more than 30 days late: {birr(report.at_risk)} of {birr(report.outstanding)}{share}"
    )
    if report.losses.plans:
        yield _losses(report.losses)
    if report.rates is None:
        yield Text("attempts are counted for all plans together, and are left out", style="dim")
        return
    yield _rates(report)
    if any(rate.failures for rate in report.rates):
        yield _failures(report)


def portfolio_to_tell(*, report: Portfolio) -> dict[str, object]:
    """The report for programs, as :func:`apps.writing.as_json` takes it."""
    return {
        "as_of": report.as_of,
        "merchant_id": report.merchant_id,
        "option": report.option,
        "currency": "ETB",
        "plans": report.plans,
        "outstanding": report.outstanding,
        "past_due": report.past_due,
        "at_risk_over_30_days": report.at_risk,
        "classes": report.classes,
        "losses": {
            "plans": report.losses.plans,
            "charged_off": report.losses.charged_off,
            "recovered": report.losses.recovered,
            "written_off": report.losses.written_off,
            "still_owed": report.losses.still_owed,
        },
        "collections": None
        if report.rates is None
        else {
            "since": report.since,
            "until": report.as_of,
            "providers": [_rate_to_tell(rate) for rate in report.rates],
        },
    }


def _rate_to_tell(rate: CollectionRate) -> dict[str, object]:
    return {
        "provider": rate.provider,
        "attempts": rate.attempts,
        "succeeded": rate.succeeded,
        "asked": rate.asked,
        "collected": rate.collected,
        "attempts_basis_points": rate.attempts_basis_points,
        "amount_basis_points": rate.amount_basis_points,
        "failures": rate.failures,
    }


def _lateness(report: Portfolio) -> Table:
    found = table("by days past due", "days past due", "plans>", "outstanding>", "past due>")
    for each in report.classes:
        found.add_row(
            each.lateness.value, f"{each.plans:,}", birr(each.outstanding), birr(each.past_due)
        )
    found.add_section()
    found.add_row("total", f"{report.plans:,}", birr(report.outstanding), birr(report.past_due))
    return found


def _losses(lost: Losses) -> Table:
    found = table(
        "given up as a loss",
        "plans>",
        "charged off>",
        "recovered>",
        "written off>",
        "still owed>",
    )
    found.add_row(
        f"{lost.plans:,}",
        birr(lost.charged_off),
        birr(lost.recovered),
        birr(lost.written_off),
        birr(lost.still_owed),
    )
    return found


def _share(part: Money, of: Money) -> str:
    return f" ({percent(part.santim * _WHOLE // of.santim)})" if of else ""


def _rates(report: Portfolio) -> Table:
    found = table(
        f"collections from {report.since} to {report.as_of}",
        "provider",
        "attempts>",
        "succeeded>",
        "of attempts>",
        "asked for>",
        "collected>",
        "of birr>",
    )
    rates = report.rates or ()
    for rate in rates:
        found.add_row(
            rate.provider,
            f"{rate.attempts:,}",
            f"{rate.succeeded:,}",
            percent(rate.attempts_basis_points),
            birr(rate.asked),
            birr(rate.collected),
            percent(rate.amount_basis_points),
        )
    found.add_section()
    found.add_row(
        "total",
        f"{sum(rate.attempts for rate in rates):,}",
        f"{sum(rate.succeeded for rate in rates):,}",
        "",
        birr(total(rate.asked for rate in rates)),
        birr(total(rate.collected for rate in rates)),
    )
    return found


def _failures(report: Portfolio) -> Table:
    found = table(
        "why attempts failed", "provider", "cause", "attempts>", "of its attempts>", "asked for>"
    )
    for rate in report.rates or ():
        for failure in rate.failures:
            found.add_row(
                rate.provider,
                failure.cause,
                f"{failure.attempts:,}",
                percent(failure.attempts * _WHOLE // rate.attempts),
                birr(failure.amount),
            )
    return found
