import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, func, make_url, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

import db.bnpl
from db.bnpl.seed import seed
from db.bnpl.tables import Product
from meqenet.bnpl.options import PaymentOption
from meqenet.bnpl.products import document_of, product_from_document
from meqenet.errors import Defect
from tests.backing import Databases

_CATALOGUE = sorted((Path(db.bnpl.__file__).parent / "catalogue").glob("*.json"))


@pytest.fixture
async def owner(databases: Databases) -> AsyncIterator[AsyncConnection]:
    """The store's owner in a transaction that is rolled back."""
    url = make_url(databases.admin_url).set(database="meqenet_bnpl")
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.connect() as connection, connection.begin() as transaction:
        yield connection
        await transaction.rollback()
    await engine.dispose()


def _read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


@pytest.mark.parametrize("path", _CATALOGUE, ids=[path.stem for path in _CATALOGUE])
def test_every_document_of_the_catalogue_is_a_product_under_its_name(path: Path) -> None:
    document = _read(path)
    product = product_from_document(document=document)
    assert document_of(product=product) == document
    assert path.stem == f"{product.option}-v{product.version}"


def test_every_option_is_sold() -> None:
    assert {_read(path)["option"] for path in _CATALOGUE} == set(PaymentOption)


async def test_seeding_again_changes_nothing(owner: AsyncConnection) -> None:
    for _ in range(2):
        await seed(owner)
        assert await owner.scalar(select(func.count()).select_from(Product)) == len(_CATALOGUE)


async def test_what_is_missing_is_added(owner: AsyncConnection) -> None:
    await owner.execute(delete(Product))
    await seed(owner)
    assert await owner.scalar(select(func.count()).select_from(Product)) == len(_CATALOGUE)


async def test_a_version_that_was_sold_is_never_changed(owner: AsyncConnection) -> None:
    await owner.execute(delete(Product))
    document = _read(_CATALOGUE[0])
    product = product_from_document(document=document)
    await owner.execute(
        insert(Product).values(
            option=product.option,
            version=product.version,
            effective_from=product.effective_from,
            document={**document, "collection_hour": 11},
        )
    )
    with pytest.raises(Defect) as broken:
        await seed(owner)
    assert broken.value.code == "product_version_changed"
