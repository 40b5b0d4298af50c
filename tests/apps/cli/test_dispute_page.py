"""What staff see of disputes at the command line."""

import io

from rich.console import Console

from apps.cli.support_disputes_page import list_page


def test_each_dispute_is_a_row_its_amount_to_the_right_and_a_late_one_says_so() -> None:
    row = {"kind": "not_received", "outcome": None, "stage": "review"}
    found = [
        {**row, "id": "pln_a-d1", "amount": "9.50", "due_at": None, "late_since": "2027-01-22"},
        {
            **row,
            "id": "pln_b-d1",
            "amount": "1500.00",
            "due_at": "2027-01-22T21:00:00Z",
            "late_since": None,
        },
    ]
    console = Console(file=io.StringIO(), width=100)
    for part in list_page(found={"disputes": found}):
        console.print(part)
    written = console.file
    assert isinstance(written, io.StringIO)
    lines = [" ".join(line.split()) for line in written.getvalue().splitlines()]
    assert "dispute kind amount stands at due (UTC)" in lines
    assert "pln_a-d1 not received 9.50 review LATE" in lines
    assert "pln_b-d1 not received 1500.00 review 2027-01-22 21:00:00" in lines
    (late,) = (line for line in written.getvalue().splitlines() if "9.50" in line)
    (other,) = (line for line in written.getvalue().splitlines() if "1500.00" in line)
    assert late.index("9.50") + len("9.50") == other.index("1500.00") + len("1500.00")
