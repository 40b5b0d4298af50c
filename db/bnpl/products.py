"""The product catalogue: published versions, and the one in force on a date."""

from datetime import date

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on

from db.bnpl.tables import Product
from db.kernel.engine import ReadSession
from meqenet.bnpl.options import PaymentOption
from meqenet.bnpl.products import ProductVersion, product_from_document
from meqenet.errors import Defect, Mender, Refusal


async def product_on(*, session: ReadSession, option: str, on: date) -> ProductVersion:
    """The version of an option that new plans are opened under on an Addis Ababa date.

    Raises:
        Refusal: ``option_unknown`` when there is no such option, or none in force yet.
    """
    document = None
    if option in set(PaymentOption):
        document = await session.scalar(
            select(Product.document)
            .where(Product.option == PaymentOption(option), Product.effective_from <= on)
            .order_by(Product.version.desc())
            .limit(1)
        )
    if document is None:
        raise Refusal(
            "option_unknown",
            f"option: must be one of {', '.join(PaymentOption)}",
            mender=Mender.MERCHANT,
            field="option",
        )
    return product_from_document(document=document)


async def product_version(
    *, session: ReadSession, option: PaymentOption, version: int
) -> ProductVersion:
    """The version that a plan was signed under."""
    product = await session.get(Product, (option, version))
    if product is None:
        raise Defect("product_missing", f"{option} version {version} is not in the catalogue")
    return product_from_document(document=product.document)


async def products_on(*, session: ReadSession, on: date) -> tuple[ProductVersion, ...]:
    """The version in force of every option that has one, in the order of the options."""
    found = await session.scalars(
        select(Product)
        .where(Product.effective_from <= on)
        .ext(distinct_on(Product.option))
        .order_by(Product.option, Product.version.desc())
    )
    by_option = {product.option: product.document for product in found}
    return tuple(
        product_from_document(document=by_option[option])
        for option in PaymentOption
        if option in by_option
    )
