import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from apps.verify.statement_files import StatementFile
from integrations.ports.statements import Direction, StatementRow
from meqenet.errors import Refusal
from meqenet.money import Money

AT = "2026-11-23T09:30:00+00:00"
HEAD = "id,at,kind,reference,debit,credit,amount\n"


async def _read(path: Path) -> list[StatementRow]:
    return [row async for row in StatementFile(provider="mpesa", path=path).rows()]


async def test_rows_of_a_csv_file(tmp_path: Path) -> None:
    path = tmp_path / "statement.csv"
    path.write_text(
        "\ufeff" + HEAD + f"1,{AT},adjustment,control,issue,wallet:1,90.00\n"
        f"2,{AT},payment,plnxi01a1,wallet:1,merchant:1,12.50\n"
        f"3,{AT},reversal,plnxi01a1r1,merchant:1,wallet:1,12.5\n",
        encoding="utf-8",
    )
    at = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
    assert await _read(path) == [
        StatementRow(
            number=2,
            direction=Direction.COLLECTED,
            reference="plnxi01a1",
            amount=Money(1250),
            at=at,
        ),
        StatementRow(
            number=3,
            direction=Direction.RETURNED,
            reference="plnxi01a1r1",
            amount=Money(1250),
            at=at,
        ),
    ]


async def test_rows_of_a_json_file(tmp_path: Path) -> None:
    path = tmp_path / "statement.json"
    row = {"at": AT, "kind": "transfer-settled", "reference": "plnxp1", "amount": "3840.00"}
    path.write_text(json.dumps([row]))
    (found,) = await _read(path)
    assert (found.direction, found.amount) == (Direction.PAID_OUT, Money(384_000))


async def test_money_that_came_unasked_is_named_by_its_receipt_and_a_payout_by_its_refund(
    tmp_path: Path,
) -> None:
    path = tmp_path / "statement.csv"
    rows = (
        "pay_bill,ABCDEFGH2345,10.00,RCH7BT9MZ1",
        "payment,ABCDEFGH2345,10.00,RCH7BT9MZ2",
        "payment,pln_abcdefghijklmnopqrst-i01-a1,10.00,RCH7BT9MZ3",
        "payout,pln_abcdefghijklmnopqrst-x01-a1-r1,5.00,RCH7BT9MZ4",
        "payout,pln_abcdefghijklmnopqrst-p1,5.00,",
        "pay_bill,ABCDEFGH2345,10.00,",
    )
    lines = [f"{AT},{row}" for row in rows]
    path.write_text("\n".join(["at,kind,reference,amount,receipt", *lines]), encoding="utf-8")
    assert [(each.direction, each.reference) for each in await _read(path)] == [
        (Direction.COLLECTED, "RCH7BT9MZ1"),
        (Direction.COLLECTED, "RCH7BT9MZ2"),
        (Direction.COLLECTED, "pln_abcdefghijklmnopqrst-i01-a1"),
        (Direction.RETURNED, "pln_abcdefghijklmnopqrst-x01-a1-r1"),
    ]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("s.csv", HEAD + f"1,{AT},gift,x,a,b,1.00\n", "row 1: kind must be one of adjustment"),
        ("s.csv", HEAD + f"1,{AT},payment,x,a,b,1.001\n", "row 1: amount must be birr"),
        ("s.csv", HEAD + "1,yesterday,payment,x,a,b,1.00\n", "row 1: at must be an instant"),
        ("s.csv", HEAD + "1,2026-11-23T09:30:00,payment,x,a,b,1.00\n", "at needs a time zone"),
        ("s.csv", HEAD + f"1,{AT},payment,,a,b,1.00\n", "row 1: reference is missing"),
        ("s.json", "{", "is not JSON"),
        ("s.json", '{"rows": []}', "is not a list of objects"),
        ("s.json", '[{"kind": "payment", "amount": 12.5}]', "row 1: amount is missing"),
    ],
)
async def test_what_cannot_be_read_is_named(
    tmp_path: Path, name: str, text: str, told: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(Refusal, match=told):
        await _read(tmp_path / name)
