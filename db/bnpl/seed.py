"""Puts the product versions of ``db/bnpl/catalogue`` into the store."""

import json
from pathlib import Path
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from db.bnpl.tables import Product
from db.kernel.versions import keep_version
from meqenet.bnpl.products import product_from_document
from meqenet.errors import Defect

_DIRECTORY: Final = Path(__file__).parent / "catalogue"


async def seed(connection: AsyncConnection) -> None:
    """Add what is missing.

    Raises:
        Refusal: ``product_invalid``: a document breaks a rule; the text names field and rule.
        Defect: ``product_version_changed``: a version that is stored reads otherwise now.
    """
    for path in sorted(_DIRECTORY.glob("*.json")):
        document = json.loads(path.read_text())
        product = product_from_document(document=document)
        is_kept = await keep_version(
            connection=connection,
            table=Product,
            key={"option": product.option, "version": product.version},
            effective_from=product.effective_from,
            document=document,
        )
        if not is_kept:
            raise Defect(
                "product_version_changed",
                f"{product.option} version {product.version} was sold with other content; "
                "give the change a version of its own",
            )
