"""Taxes on fees: what they are called and how high they are, from a date on."""

from datetime import date

from sqlalchemy import select

from db.kernel.engine import ReadSession, WriteSession
from db.settlement.tables import FeeTax
from meqenet.settlement.terms import Tax


async def tax_on(*, session: ReadSession, fee_type: str, on: date) -> Tax | None:
    """The tax on a type of fee on a date in Addis Ababa; None where none is on file."""
    found = await session.scalar(
        select(FeeTax)
        .where(FeeTax.fee_type == fee_type, FeeTax.effective_on <= on)
        .order_by(FeeTax.effective_on.desc())
        .limit(1)
    )
    return (
        None if found is None else Tax(code=found.code, rate_basis_points=found.rate_basis_points)
    )


async def set_tax(*, session: WriteSession, fee_type: str, effective_on: date, tax: Tax) -> None:
    """Enter a rate that holds from a date on."""
    await session.merge(
        FeeTax(
            fee_type=fee_type,
            effective_on=effective_on,
            code=tax.code,
            rate_basis_points=tax.rate_basis_points,
        )
    )
    await session.flush()
