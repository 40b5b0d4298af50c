"""The steps of the auth domain."""

from activities.contracts.auth import (
    ISSUE_KEY,
    ISSUE_STAFF_KEY,
    REVOKE_KEY,
    REVOKE_STAFF_KEYS,
    IssueKey,
    IssueStaffKey,
    RevokeKey,
    RevokeStaffKeys,
)
from activities.contracts.step import Nothing
from activities.edge import takes
from db.auth import staff, store
from db.kernel.engine import Database
from meqenet.auth.roles import Role


class AuthActivities:
    """Implements :class:`activities.contracts.auth.AuthSteps` over the auth store."""

    def __init__(self, *, database: Database) -> None:
        self._database = database

    @takes(ISSUE_KEY)
    async def issue_key(self, command: IssueKey) -> Nothing:
        """See :meth:`activities.contracts.auth.AuthSteps.issue_key`."""
        async with self._database.write() as session:
            await store.issue_key(
                session=session,
                merchant_id=command.merchant_id,
                key_id=command.key_id,
                secret_hash=command.secret_hash,
                label=command.label,
                sandbox=command.sandbox,
                at=command.at,
            )
        return Nothing()

    @takes(REVOKE_KEY)
    async def revoke_key(self, command: RevokeKey) -> Nothing:
        """See :meth:`activities.contracts.auth.AuthSteps.revoke_key`."""
        async with self._database.write() as session:
            await store.revoke_key(
                session=session,
                merchant_id=command.merchant_id,
                key_id=command.key_id,
                at=command.at,
            )
        return Nothing()

    @takes(ISSUE_STAFF_KEY)
    async def issue_staff_key(self, command: IssueStaffKey) -> Nothing:
        """See :meth:`activities.contracts.auth.AuthSteps.issue_staff_key`."""
        async with self._database.write() as session:
            await staff.issue_staff_key(
                session=session,
                staff_id=command.staff_id,
                handle=command.handle,
                role=Role(command.role),
                key_id=command.key_id,
                secret_hash=command.secret_hash,
                at=command.at,
            )
        return Nothing()

    @takes(REVOKE_STAFF_KEYS)
    async def revoke_staff_keys(self, command: RevokeStaffKeys) -> Nothing:
        """See :meth:`activities.contracts.auth.AuthSteps.revoke_staff_keys`."""
        async with self._database.write() as session:
            await staff.revoke_staff_keys(session=session, staff_id=command.staff_id, at=command.at)
        return Nothing()
