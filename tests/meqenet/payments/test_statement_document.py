"""A statement is read alike from CSV and JSON, and what cannot be read is named."""

import csv
import io
import json
from datetime import UTC, datetime

import pytest

from meqenet.errors import Refusal
from meqenet.money import Money
from meqenet.payments.statement_document import (
    PASSED_OVER,
    LineKind,
    StatementForm,
    read_document,
)

ROW = {
    "id": "17",
    "at": "2026-11-25T09:30:00+03:00",
    "kind": "payment",
    "reference": "pln_abcdefghijklmnopqrst-i01-a1",
    "receipt": "R1",
    "amount": "1250.50",
    "charge": "0.00",
}


def as_csv(*rows: dict[str, str]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(ROW))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def test_csv_and_json_say_the_same() -> None:
    rows = [ROW, {**ROW, "id": "18", "kind": "refund", "receipt": "", "charge": "1.25"}]
    from_csv = read_document(content=as_csv(*rows), form=StatementForm.CSV)
    from_json = read_document(content=json.dumps(rows).encode(), form=StatementForm.JSON)
    assert from_csv == from_json
    first, second = from_csv
    assert first.key == "plnabcdefghijklmnopqrsti01a1"
    assert first.amount == Money.from_birr("1250.50")
    assert first.at == datetime(2026, 11, 25, 6, 30, tzinfo=UTC)
    assert (second.kind, second.receipt, second.charge) == (LineKind.REFUND, None, Money(125))


@pytest.mark.parametrize(
    ("reference", "kind"),
    [
        ("pln_abcdefghijklmnopqrst-x01-a1-r1", LineKind.REFUND),
        ("pln_abcdefghijklmnopqrst-p1", LineKind.PAYOUT),
    ],
)
def test_what_is_paid_out_to_a_customer_is_a_refund(reference: str, kind: LineKind) -> None:
    row = {**ROW, "kind": "payout", "reference": reference}
    (line,) = read_document(content=as_csv(row), form=StatementForm.CSV)
    assert line.kind is kind


def test_a_line_that_stands_there_twice_has_two_names() -> None:
    lines = read_document(content=as_csv(ROW, ROW), form=StatementForm.CSV)
    assert [line.line_id for line in lines] == ["17", "17-2"]


@pytest.mark.parametrize("kind", sorted(PASSED_OVER))
def test_movements_of_the_providers_own_are_passed_over(kind: str) -> None:
    assert read_document(content=as_csv({**ROW, "kind": kind}), form=StatementForm.CSV) == ()


@pytest.mark.parametrize(
    ("column", "value", "text"),
    [
        ("kind", "gift", "row 2: kind must be one of"),
        ("id", "", "row 2: id is missing"),
        ("reference", "", "row 2: reference is missing"),
        ("amount", "12,50", "row 2: amount must be birr like 1250.50"),
        ("amount", "-12.50", "row 2: amount must not be below zero"),
        ("charge", "x", "row 2: charge must be birr like 1250.50"),
        ("at", "yesterday", "row 2: at must be an instant like"),
        ("at", "2026-11-25T09:30:00", "row 2: at needs a time zone"),
    ],
)
def test_the_row_and_the_column_that_cannot_be_read_are_named(
    column: str, value: str, text: str
) -> None:
    content = as_csv(ROW, {**ROW, "id": "18", column: value})
    with pytest.raises(Refusal, match=f"^{text}") as refused:
        read_document(content=content, form=StatementForm.CSV)
    assert refused.value.code == "statement_malformed"


@pytest.mark.parametrize("content", [b"{", b'{"id": 1}', b"[1]", b"\xff\xfe"])
def test_a_document_that_is_none_is_refused(content: bytes) -> None:
    with pytest.raises(Refusal, match=r"^is not"):
        read_document(content=content, form=StatementForm.JSON)
