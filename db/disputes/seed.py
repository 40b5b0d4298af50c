"""Puts the policy versions of ``db/disputes/policies`` into the store."""

import json
from pathlib import Path
from typing import Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from db.disputes.tables import DeadlinePolicy
from meqenet.disputes.policies import key_of
from meqenet.errors import Defect

_DIRECTORY: Final = Path(__file__).parent / "policies"


async def seed(connection: AsyncConnection) -> None:
    """Add what is missing.

    Raises:
        Defect: ``deadline_policy_changed``: a version that is stored reads otherwise now.
        ValueError: a document breaks a rule of its kind; the text names it.
    """
    for path in sorted(_DIRECTORY.glob("*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        key = key_of(document=document)
        await connection.execute(
            insert(DeadlinePolicy)
            .values(
                kind=key.kind,
                version=key.version,
                effective_from=key.effective_from,
                document=document,
            )
            .on_conflict_do_nothing()
        )
        stored = await connection.scalar(
            select(DeadlinePolicy.document).where(
                DeadlinePolicy.kind == key.kind, DeadlinePolicy.version == key.version
            )
        )
        if stored != document:
            raise Defect(
                "deadline_policy_changed",
                f"{key.kind} version {key.version} was in force with other content; give the "
                "change a version of its own",
            )
