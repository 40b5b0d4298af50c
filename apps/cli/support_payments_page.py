"""What replaying a payment would do, as a member of staff reads it on a terminal."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from apps.writing import table

_SUMS = (
    ("principal_more", "principal owed"),
    ("interest_more", "interest asked for"),
    ("late_fees_more", "late fees"),
    ("credit_more", "the customer's credit"),
)


def preview_page(*, found: Mapping[str, Any]) -> Iterator[RenderableType]:
    """Installments before and after, what each payment would pay, and what the books would do."""
    on = found["on"]
    yield Text(f"{found['attempt']}, {found['amount']} birr: {found['cause']}")
    rows = table(
        f"as of {on['gregorian']} ({on['ethiopian']})",
        "#",
        "due",
        "paid>",
        "fee>",
        "left>",
        "paid after>",
        "fee after>",
        "left after>",
        "state after",
    )
    for row in found["installments"]:
        was, now = row["before"], row["after"]
        rows.add_row(
            str(row["number"]),
            row["due_on"]["gregorian"],
            *(was["paid"], was["late_fee"], was["left"]),
            *(now["paid"], now["late_fee"], now["left"]),
            row["state"],
        )
    yield rows
    payments = table("payments after it", "attempt", "counts from", "birr>", "pays", "credit>")
    for payment in found["payments"]:
        pays = ", ".join(f"{_sum(share)} of {share['number']}" for share in payment["pays"])
        payments.add_row(
            payment["attempt"],
            payment["on"]["gregorian"],
            payment["amount"],
            pays + (" (otherwise than before)" if payment["pays_otherwise"] else ""),
            payment["credit"],
        )
    yield payments
    for name, what in _SUMS:
        yield Text(f"{what}: {found[name]} birr more")
    days = (found["days_past_due_before"], found["days_past_due_after"])
    yield Text(f"days past due: {days[0]} before, {days[1]} after")
    books = table("the books", "account", "debit>", "credit>")
    for line in found["books"]:
        books.add_row(line["account"], line["debit"], line["credit"])
    yield books


def _sum(share: Mapping[str, str]) -> str:
    parts = (share["principal"], share["interest"], share["late_fee"])
    return " + ".join(part for part in parts if part != "0.00") or "0.00"
