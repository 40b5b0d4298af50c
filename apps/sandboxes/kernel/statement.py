"""The statement that a provider hands out to its merchant: a document of one day or several.

It lists what has moved on the merchant's account, by the provider's own books. A test may plan that
it is wrong, as documents of people are: a line left out, listed twice, or of another amount.
"""

import csv
import hmac
import io
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Header, HTTPException, Query, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict

from apps.sandboxes.kernel.book import Book, Movement
from apps.sandboxes.kernel.clock import ADDIS
from apps.sandboxes.kernel.edge import CONTROL
from apps.sandboxes.kernel.keyring import Keyring
from meqenet.money import Money

PATH: Final = "/merchant-portal/statement"
_DAYS_MAX: Final = 31
_COLUMNS: Final = ("id", "at", "kind", "reference", "receipt", "amount", "charge")
_KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "payment": "payment",
        "pay_bill": "payment",
        "refund": "refund",
        "reversal": "refund",
        "payout": "payout",
        "transfer-settled": "payout",
        "fee": "charge",
    }
)
"""How the books' kinds stand on the document; other movements are not on it."""

Receipts = Callable[[Movement], str | None]
"""The provider's receipt of a movement, if it gave one."""


class Slip(StrEnum):
    """How a line is wrong."""

    LEAVE_OUT = "leave_out"
    """The line is missing."""
    REPEAT = "repeat"
    """The line is there twice."""
    OTHER_AMOUNT = "other_amount"
    """The line has one birr more than has moved."""


class PlanSlip(BaseModel):
    """Let the lines of an order be wrong from now on."""

    model_config = ConfigDict(extra="forbid")
    reference: str
    slip: Slip


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of the document."""

    movement: Movement
    kind: str
    receipt: str | None
    amount: Money

    def cells(self) -> dict[str, str]:
        """By column, amounts in birr."""
        return {
            "id": str(self.movement.id),
            "at": self.movement.at.astimezone(ADDIS).isoformat(),
            "kind": self.kind,
            "reference": self.movement.reference,
            "receipt": self.receipt or "",
            "amount": str(self.amount),
            "charge": str(Money.zero()),
        }


@dataclass
class StatementDesk:
    """Makes statements from the books, and holds the key that its merchant shows."""

    book: Book
    keyring: Keyring
    receipts: Receipts
    slips: dict[str, Slip] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What the merchant shows to get its statement."""
        return self.keyring.keep(name="statement_key", make=lambda: secrets.token_urlsafe(24))

    def lines(self, *, first: date, last: date) -> Iterator[Line]:
        """The lines of these days in Addis Ababa, in the order of commit."""
        for ahead in range((last - first).days + 1):
            for movement in self.book.movements(on=first + timedelta(days=ahead)):
                kind = _KINDS.get(movement.kind)
                if kind is not None:
                    line = Line(
                        movement=movement,
                        kind=kind,
                        receipt=self.receipts(movement),
                        amount=movement.amount,
                    )
                    yield from self._written(line)

    def _written(self, line: Line) -> Iterator[Line]:
        match self.slips.get(line.movement.reference):
            case None:
                yield line
            case Slip.LEAVE_OUT:
                return
            case Slip.REPEAT:
                yield line
                yield line
            case Slip.OTHER_AMOUNT:
                yield replace(line, amount=line.amount + Money.from_birr(1))


def statement_routes(*, desk: StatementDesk) -> APIRouter:
    """The merchant's own door: its statement, as JSON or CSV, against its key."""
    router = APIRouter(tags=["merchant portal"])

    @router.get(PATH)
    async def statement(
        first: Annotated[date, Query(alias="from")],
        last: Annotated[date, Query(alias="to")],
        form: Annotated[Literal["json", "csv"], Query(alias="format")] = "json",
        authorization: Annotated[str, Header()] = "",
    ) -> Response:
        if not hmac.compare_digest(authorization.encode(), f"Bearer {desk.key}".encode()):
            raise HTTPException(401, "show your statement key: Authorization: Bearer …")
        if not first <= last < first + timedelta(days=_DAYS_MAX):
            raise HTTPException(422, f"from, to: one day to {_DAYS_MAX} days")
        rows = [line.cells() for line in desk.lines(first=first, last=last)]
        if form == "json":
            return JSONResponse(rows)
        return Response(_as_csv(rows), media_type="text/csv")

    @router.put(f"{CONTROL}/statement/slips", status_code=204, tags=["control"])
    async def slip(planned: PlanSlip) -> None:
        desk.slips[planned.reference] = planned.slip

    @router.delete(f"{CONTROL}/statement/slips", status_code=204, tags=["control"])
    async def mend() -> None:
        desk.slips.clear()

    return router


def _as_csv(rows: list[dict[str, str]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=_COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
