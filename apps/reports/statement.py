"""A merchant's statement, for staff: every line of the period, and its sums."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from rich.console import RenderableType
from rich.text import Text

from apps.writing import birr, table
from db.analytics.views import StatementTotals, merchant_statement, statement_totals
from db.kernel.engine import ReadSession
from meqenet.analytics.merchant_statement import StatementLine
from meqenet.calendar import addis_date, at_addis

_PAGE = 500


@dataclass(frozen=True, kw_only=True)
class MerchantReport:
    """The lines of plans that became active on these Addis Ababa days, both included."""

    merchant_id: str
    since: date | None
    until: date | None
    lines: tuple[StatementLine, ...]
    totals: StatementTotals


async def read_statement(
    *, session: ReadSession, merchant_id: str, since: date | None, until: date | None
) -> MerchantReport:
    """The report, of one moment."""
    first = None if since is None else at_addis(on=since, hour=0)
    end = None if until is None else at_addis(on=until + timedelta(days=1), hour=0)
    lines: list[StatementLine] = []
    after: str | None = None
    while page := await merchant_statement(
        session=session, merchant_id=merchant_id, since=first, until=end, after=after, limit=_PAGE
    ):
        lines += page
        after = page[-1].plan_id
    return MerchantReport(
        merchant_id=merchant_id,
        since=since,
        until=until,
        lines=tuple(lines),
        totals=await statement_totals(
            session=session, merchant_id=merchant_id, since=first, until=end
        ),
    )


def statement_page(*, report: MerchantReport) -> Iterator[RenderableType]:
    """The report for people."""
    since = "the beginning" if report.since is None else str(report.since)
    until = "now" if report.until is None else str(report.until)
    yield Text(f"\nstatement of {report.merchant_id} from {since} to {until}", style="bold")
    yield Text("days are those of Addis Ababa, amounts birr", style="dim")
    found = table(
        "by plan",
        "active on",
        "plan",
        "order",
        "option",
        "gross>",
        "fee>",
        "net>",
        "paid out>",
        "payout",
        "paid on",
    )
    for line in report.lines:
        found.add_row(
            _on(line.scheduled_at),
            line.plan_id,
            line.reference or "",
            line.option,
            birr(line.gross),
            birr(line.fee),
            birr(line.net),
            birr(line.paid_out),
            " ".join(filter(None, (line.payout_state, line.reason_code))),
            _on(line.paid_at),
        )
    totals = report.totals
    found.add_section()
    found.add_row(
        "total",
        f"{totals.plans:,} {'plan' if totals.plans == 1 else 'plans'}",
        "",
        "",
        birr(totals.gross),
        birr(totals.fees),
        birr(totals.net),
        birr(totals.paid_out),
    )
    yield found
    yield Text(f"still payable: {birr(totals.payable)}")


def statement_to_tell(*, report: MerchantReport) -> dict[str, object]:
    """The report for programs, as :func:`apps.writing.as_json` takes it."""
    totals = report.totals
    return {
        "merchant_id": report.merchant_id,
        "from": report.since,
        "to": report.until,
        "currency": "ETB",
        "totals": {
            "plans": totals.plans,
            "gross": totals.gross,
            "fees": totals.fees,
            "net": totals.net,
            "paid_out": totals.paid_out,
            "payable": totals.payable,
        },
        "lines": report.lines,
    }


def _on(at: datetime | None) -> str:
    return "" if at is None else str(addis_date(at=at))
