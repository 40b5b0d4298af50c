"""A statement as a file for spreadsheets: a line per plan, birr, days of Addis Ababa."""

import csv
import io
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from meqenet.analytics.merchant_statement import StatementLine
from meqenet.calendar import addis_date, to_ethiopian

CSV: Final = "text/csv"
CSV_LINES_MAX: Final = 20_000
"""What one file holds: it is made in memory."""
COLUMNS: Final = (
    "plan",
    "reference",
    "option",
    "on",
    "on_ethiopian",
    "currency",
    "gross",
    "fee",
    "net",
    "payout",
    "payout_state",
    "payout_due_on",
    "paid_out",
    "paid_on",
    "bank_reference",
    "reason_code",
)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def csv_of(*, lines: Iterable[StatementLine]) -> str:
    """The lines under their header, by RFC 4180."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for line in lines:
        gross = line.gross
        writer.writerow(
            (
                line.plan_id,
                safe(line.reference or ""),
                line.option,
                _day(line.scheduled_at),
                "" if line.scheduled_at is None else _ethiopian(line.scheduled_at),
                "" if gross is None else gross.currency.value,
                gross,
                line.fee,
                line.net,
                line.payout_id,
                line.payout_state,
                _day(line.due_at),
                line.paid_out,
                _day(line.paid_at),
                safe(line.bank_reference or ""),
                safe(line.reason_code or ""),
            )
        )
    return file.getvalue()


def safe(text: str) -> str:
    """Spreadsheets calculate what begins like a formula, and others chose this text."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _day(at: datetime | None) -> str:
    return "" if at is None else addis_date(at=at).isoformat()


def _ethiopian(at: datetime) -> str:
    return str(to_ethiopian(on=addis_date(at=at)))
