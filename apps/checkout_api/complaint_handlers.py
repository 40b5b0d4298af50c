"""Who of the staff looks after complaints: by id, and by the handle that people know."""

from collections.abc import Mapping

from apps.checkout_api.parts import ApiParts
from apps.checkout_api.problems import Problem
from db.auth.views import staff_keys
from meqenet.auth.roles import ALLOWED, Deed
from meqenet.errors import Mender


async def handles_of_staff(parts: ApiParts) -> Mapping[str, str]:
    """The handle of everybody who was ever given a key, by staff id."""
    async with parts.auth.read() as session:
        return {key.staff_id: key.handle for key in await staff_keys(session=session)}


async def handler_named(parts: ApiParts, *, name: str) -> str:
    """The staff id of somebody who may handle complaints, named by it or by their handle.

    Raises:
        Problem: 422 ``assignee_unknown``: nobody of that name has a key with such a role.
    """
    async with parts.auth.read() as session:
        for key in await staff_keys(session=session):
            may = key.revoked_at is None and Deed.HANDLE_COMPLAINT in ALLOWED[key.role]
            if may and name in (key.staff_id, key.handle):
                return key.staff_id
    raise Problem(
        status=422,
        code="assignee_unknown",
        detail="to: nobody of this name has a key of support or of a supervisor; `meqenet staff "
        "list` shows who has",
        mender=Mender.MEQENET,
        field="to",
    )
