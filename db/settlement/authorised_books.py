"""The authorised orders of many plans at once, for those who compare them with other books."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Text, any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from db.kernel.engine import ReadSession
from db.settlement.tables import Authorisation, AuthorisedPart
from meqenet.money import Money, total
from meqenet.settlement.authorisations import PartKind


@dataclass(frozen=True, kw_only=True)
class PartRow:
    """A part that was captured or voided; the tax on the fee is in the fee."""

    part_id: str
    kind: PartKind
    gross: Money
    fee: Money
    net: Money


@dataclass(frozen=True, kw_only=True)
class AuthorisedRow:
    """An order that its merchant captures itself, and its parts in their order."""

    gross: Money
    fee: Money
    net: Money
    parts: tuple[PartRow, ...] = ()

    def of(self, kind: PartKind, /) -> Money:
        """What of the price is captured, or voided."""
        return total(part.gross for part in self.parts if part.kind is kind)

    @property
    def net_left(self) -> Money:
        """What the merchant would get of what is neither captured nor voided."""
        return self.net - total(part.net for part in self.parts)


async def read_authorised(
    *, session: ReadSession, plan_ids: Sequence[str]
) -> dict[str, AuthorisedRow]:
    """Those of these plans' orders that their merchants capture."""
    wanted = any_(literal(list(plan_ids), ARRAY(Text)))
    parts: dict[str, list[PartRow]] = {}
    for row in await session.scalars(
        select(AuthorisedPart)
        .where(AuthorisedPart.plan_id == wanted)
        .order_by(AuthorisedPart.plan_id, AuthorisedPart.place)
    ):
        part = PartRow(
            part_id=row.part_id,
            kind=row.kind,
            gross=row.gross_santim,
            fee=row.fee_santim + row.tax_santim,
            net=row.net_santim,
        )
        parts.setdefault(row.plan_id, []).append(part)
    orders = await session.scalars(select(Authorisation).where(Authorisation.plan_id == wanted))
    return {
        order.plan_id: AuthorisedRow(
            gross=order.gross_santim,
            fee=order.fee_santim + order.tax_santim,
            net=order.net_santim,
            parts=tuple(parts.get(order.plan_id, ())),
        )
        for order in orders
    }
