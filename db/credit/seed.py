"""Puts the policy versions of ``db/credit/policies`` into the store."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from db.credit.tables import Policy
from db.kernel.versions import keep_version
from meqenet.credit.policy import read_policy
from meqenet.errors import Defect

_DIRECTORY: Final = Path(__file__).parent / "policies"


async def seed(connection: AsyncConnection) -> None:
    """Add what is missing.

    Raises:
        Defect: ``policy_version_changed``: a version that is stored reads otherwise now.
        ValueError: a document breaks a rule of :class:`meqenet.credit.policy.CreditPolicy`.
    """
    for path in sorted(_DIRECTORY.glob("*.json")):
        document = json.loads(path.read_text(), parse_float=Decimal)
        policy = read_policy(document=document)
        is_kept = await keep_version(
            connection=connection,
            table=Policy,
            key={"version": policy.version},
            effective_from=policy.effective_from,
            document=document,
        )
        if not is_kept:
            raise Defect(
                "policy_version_changed",
                f"credit policy {policy.version} was in force with other content; "
                "give the change a version of its own",
            )
