"""Which member of staff is asking, and whether their role allows it: ``Bearer mqs_…``."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from apps.checkout_api.parts import Parts
from apps.checkout_api.problems import Problem
from db.auth.views import find_staff_key
from meqenet.auth.keys import PresentedStaffKey, parse_staff_key, secret_matches
from meqenet.auth.roles import Deed, Role, require_allowed
from meqenet.errors import Mender, Refusal

_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="StaffKey",
    bearerFormat="mqs_…",
    description="A key of a member of staff: `meqenet staff add HANDLE --role ROLE`.",
)
_NOBODYS_HASH: Final = hashlib.sha256(b"no staff key has this secret").hexdigest()
"""Compared with when there is no such key, so that its absence takes the same time."""


@dataclass(frozen=True, kw_only=True)
class Staff:
    """Who is asking."""

    staff_id: str
    role: Role

    @property
    def asker_id(self) -> str:
        """Whose idempotency keys the request's is one of."""
        return self.staff_id


async def _authenticated(
    request: Request,
    parts: Parts,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Staff:
    """The member of staff whose key came with the request.

    Raises:
        Problem: 401 ``staff_key_missing``, ``staff_key_invalid``, ``staff_key_revoked``.
    """
    if credentials is None:
        text = "authorization: send your staff key as Authorization: Bearer mqs_…"
        raise _who_are_you("staff_key_missing", text)
    presented = _presented(credentials.credentials)
    async with parts.auth.read() as session:
        key = await find_staff_key(session=session, key_id=presented.key_id)
    stored_hash = key.secret_hash if key else _NOBODYS_HASH
    matches = secret_matches(secret=presented.secret, stored_hash=stored_hash)
    if key is None or not matches:
        raise _who_are_you("staff_key_invalid", "authorization: there is no such staff key")
    if key.revoked_at is not None:
        raise _who_are_you("staff_key_revoked", "authorization: this staff key has been revoked")
    request.state.staff_id = key.staff_id
    return Staff(staff_id=key.staff_id, role=key.role)


def staff_who(deed: Deed) -> Callable[..., Awaitable[Staff]]:
    """A dependency: a member of staff whose role allows the deed; 403 for every other."""

    async def allowed(staff: Annotated[Staff, Depends(_authenticated)]) -> Staff:
        require_role(staff=staff, deed=deed)
        return staff

    return allowed


def require_role(*, staff: Staff, deed: Deed) -> None:
    """Hold a member of staff to what their role allows.

    Raises:
        Problem: 403 ``role_not_allowed``.
    """
    try:
        require_allowed(role=staff.role, deed=deed)
    except Refusal as refusal:
        raise Problem(
            status=403,
            code=refusal.code,
            detail=refusal.text,
            mender=refusal.mender,
            field=refusal.field,
        ) from None


def _presented(text: str) -> PresentedStaffKey:
    try:
        return parse_staff_key(text=text)
    except Refusal as refusal:
        raise _who_are_you("staff_key_invalid", refusal.text) from None


def _who_are_you(code: str, detail: str) -> Problem:
    return Problem(
        status=401, code=code, detail=detail, mender=Mender.MEQENET, field="authorization"
    )
