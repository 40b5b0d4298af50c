"""Puts the policy versions of ``db/payments/policies`` into the store."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from db.payments.tables import CollectionPolicy
from meqenet.errors import Defect
from meqenet.payments.policy_documents import key_of

_DIRECTORY: Final = Path(__file__).parent / "policies"


async def seed(connection: AsyncConnection) -> None:
    """Add what is missing.

    Raises:
        Defect: ``collection_policy_changed``: a version that is stored reads otherwise now.
        ValueError: a document breaks a rule of its kind; the text names it.
    """
    for path in sorted(_DIRECTORY.glob("*.json")):
        document = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
        key = key_of(document=document)
        await connection.execute(
            insert(CollectionPolicy)
            .values(
                kind=key.kind,
                subject=key.subject,
                version=key.version,
                effective_from=key.effective_from,
                document=document,
            )
            .on_conflict_do_nothing()
        )
        stored = await connection.scalar(
            select(CollectionPolicy.document).where(
                CollectionPolicy.kind == key.kind,
                CollectionPolicy.subject == key.subject,
                CollectionPolicy.version == key.version,
            )
        )
        if stored != document:
            raise Defect(
                "collection_policy_changed",
                f"{key.kind} of {key.subject} version {key.version} was in force with other "
                "content; give the change a version of its own",
            )
