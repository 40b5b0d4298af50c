"""The statement of a payout as a file: CSV for spreadsheets, PDF for people, JSON for machines."""

import csv
import io
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time
from types import MappingProxyType
from typing import Final

from fpdf import FPDF, XPos, YPos
from fpdf.fonts import FontFace

from apps.checkout_api.payout_resource import statement_told
from apps.checkout_api.statement_csv import CSV, safe
from meqenet.calendar import to_ethiopian
from meqenet.settlement.payout_statement import PayoutStatement, StatementRow, Sums

COLUMNS: Final = (
    "payout",
    "day",
    "line",
    "kind",
    "plan",
    "reference",
    "currency",
    "gross",
    "fee",
    "tax",
    "tax_code",
    "refund",
    "dispute",
    "reserve",
    "net",
)
_SHOWN: Final = ("order", "kind", "gross", "fee", "tax", "refund", "dispute", "reserve", "net")
_WIDTHS: Final = (58, 30, 28, 24, 22, 28, 28, 28, 31)
_REFERENCE_MAX: Final = 30


def as_csv(statement: PayoutStatement, /) -> bytes:
    """A line under the header for each of the payout's, by RFC 4180."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for row in statement.rows:
        sums = row.sums
        writer.writerow(
            (
                statement.payout_id,
                statement.day.isoformat(),
                row.line_id,
                row.kind,
                row.plan_id or "",
                safe(row.reference or ""),
                sums.net.currency.value,
                sums.gross,
                sums.fee,
                sums.tax,
                row.tax_code or "",
                sums.refund,
                sums.dispute,
                sums.reserve,
                sums.net,
            )
        )
    return file.getvalue().encode()


def as_json(statement: PayoutStatement, /) -> bytes:
    """The statement as the document describes it."""
    return statement_told(statement).model_dump_json(by_alias=True).encode()


def as_pdf(statement: PayoutStatement, /) -> bytes:
    """A4 on its side; the same statement makes the same bytes, so that its signature holds."""
    pdf = _Pages(payout_id=statement.payout_id)
    pdf.set_creation_date(datetime.combine(statement.day, time(), tzinfo=UTC))
    pdf.set_title(f"Payout {statement.payout_id}")
    pdf.set_creator("Meqenet")
    pdf.add_page()
    _head(pdf, statement)
    _table(pdf, statement)
    return bytes(pdf.output())


class _Pages(FPDF):
    """Numbered pages, each of which names the payout."""

    def __init__(self, *, payout_id: str) -> None:
        super().__init__(orientation="landscape", format="A4")
        self._payout_id = payout_id
        self.set_auto_page_break(auto=True, margin=16)
        self.set_font("Helvetica", size=9)

    def footer(self) -> None:
        self.set_y(-12)
        self.set_font("Helvetica", size=8)
        text = f"{self._payout_id} - page {self.page_no()} of {{nb}}"
        self.cell(0, 6, text, align="R")


def _head(pdf: FPDF, statement: PayoutStatement) -> None:
    pdf.set_font("Helvetica", style="B", size=16)
    pdf.cell(0, 10, "Statement of a payout", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    pdf.set_font("Helvetica", size=10)
    day = f"{statement.day:%Y-%m-%d} (Ethiopian {to_ethiopian(on=statement.day)})"
    for name, value in (
        ("Payout", statement.payout_id),
        ("Merchant", statement.merchant_id),
        ("Business day", day),
        ("Paid by", statement.rail.value),
        ("State", statement.state.value),
        ("Reference of the bank", statement.bank_reference or "-"),
        ("Amount", f"{statement.amount} ETB"),
    ):
        pdf.cell(48, 6, name)
        pdf.cell(0, 6, _plain(value), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    pdf.ln(4)


def _table(pdf: FPDF, statement: PayoutStatement) -> None:
    pdf.set_font("Helvetica", size=8)
    align = ("LEFT", "LEFT", *("RIGHT",) * 7)
    heading = FontFace(emphasis="BOLD", fill_color=(230, 230, 230))
    with pdf.table(
        col_widths=_WIDTHS, text_align=align, headings_style=heading, line_height=4
    ) as table:
        table.row([name.capitalize() for name in _SHOWN])
        for row in statement.rows:
            table.row([_named(row), _words(row.kind.value), *_amounts(row.sums)])
        table.row(["Total", "", *_amounts(statement.sums)], style=FontFace(emphasis="BOLD"))
    pdf.ln(3)
    pdf.multi_cell(
        0,
        5,
        "Birr. Net = gross - fee - tax + refund + dispute + reserve. The signature of this file is "
        "in the header Meqenet-Signature of the answer that brought it (a detached JWS); the "
        "public key is published at /v1/keys.",
    )


def _named(row: StatementRow) -> str:
    if row.plan_id is None:
        return "-"
    reference = _plain(row.reference or "")
    if len(reference) > _REFERENCE_MAX:
        reference = f"{reference[: _REFERENCE_MAX - 3]}..."
    return f"{reference}\n{row.plan_id}"


def _words(kind: str) -> str:
    return kind.replace("_", " ")


def _amounts(sums: Sums) -> list[str]:
    every = (sums.gross, sums.fee, sums.tax, sums.refund, sums.dispute, sums.reserve, sums.net)
    return [str(amount) if amount else "-" for amount in every]


def _plain(text: str) -> str:
    """The built-in fonts have Latin letters only; the CSV and JSON have every letter."""
    return text.encode("latin-1", "replace").decode("latin-1")


FORMS: Final[Mapping[str, tuple[str, Callable[[PayoutStatement], bytes]]]] = MappingProxyType(
    {
        "csv": (CSV, as_csv),
        "pdf": ("application/pdf", as_pdf),
        "json": ("application/json", as_json),
    }
)
"""By the file's ending: its media type, and what makes it."""
