"""Puts the policy versions of ``db/payments/policies`` into the store."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from db.kernel.versions import keep_version
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
        is_kept = await keep_version(
            connection=connection,
            table=CollectionPolicy,
            key={"kind": key.kind, "subject": key.subject, "version": key.version},
            effective_from=key.effective_from,
            document=document,
        )
        if not is_kept:
            raise Defect(
                "collection_policy_changed",
                f"{key.kind} of {key.subject} version {key.version} was in force with other "
                "content; give the change a version of its own",
            )
