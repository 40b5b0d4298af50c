"""Who is asking: a merchant's API key in ``Authorization: Bearer mqk_…``."""

import hashlib
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from apps.checkout_api.parts import ApiParts, Parts
from apps.checkout_api.problems import Problem
from db.auth.views import StoredKey, find_key
from meqenet.auth.keys import PresentedKey, parse_key, secret_matches
from meqenet.errors import Refusal

_bearer = HTTPBearer(
    auto_error=False,
    bearerFormat="mqk_test_… or mqk_live_…",
    description="The merchant's API key. Test keys move no real money.",
)
_NOBODYS_HASH: Final = hashlib.sha256(b"no key has this secret").hexdigest()
"""Compared with when there is no such key, so that its absence takes the same time."""


@dataclass(frozen=True, kw_only=True)
class Merchant:
    """Who is asking. ``sandbox``: with a test key."""

    merchant_id: str
    sandbox: bool

    @property
    def asker_id(self) -> str:
        """Whose idempotency keys the request's is one of."""
        return self.merchant_id


async def authenticated(
    request: Request,
    parts: Parts,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Merchant:
    """The merchant whose key came with the request.

    Raises:
        Problem: 401 ``api_key_missing``, ``api_key_invalid``, ``api_key_revoked``; 403
            ``api_key_wrong_mode``: a live key in a sandbox, or a test key where money is real.
    """
    if credentials is None:
        raise _who_are_you(
            "api_key_missing", "authorization: send your API key as Authorization: Bearer mqk_…"
        )
    key = await _stored(_presented(credentials.credentials), parts=parts)
    if key.revoked_at is not None:
        raise _who_are_you("api_key_revoked", "authorization: this API key has been revoked")
    if key.sandbox is not parts.sandbox:
        raise Problem(
            status=403,
            code="api_key_wrong_mode",
            detail="authorization: this is a sandbox, use a test key (mqk_test_…)"
            if parts.sandbox
            else "authorization: money is real here, use a live key (mqk_live_…)",
            field="authorization",
        )
    request.state.merchant_id = key.merchant_id
    return Merchant(merchant_id=key.merchant_id, sandbox=key.sandbox)


Authenticated = Annotated[Merchant, Depends(authenticated)]
"""A merchant who has shown a valid key."""


def _presented(text: str) -> PresentedKey:
    try:
        return parse_key(text=text)
    except Refusal as refusal:
        raise _who_are_you("api_key_invalid", refusal.text) from None


async def _stored(presented: PresentedKey, *, parts: ApiParts) -> StoredKey:
    async with parts.auth.read() as session:
        key = await find_key(session=session, key_id=presented.key_id)
    stored_hash = key.secret_hash if key else _NOBODYS_HASH
    matches = secret_matches(secret=presented.secret, stored_hash=stored_hash)
    if key is None or not matches or key.sandbox is not presented.sandbox:
        raise _who_are_you("api_key_invalid", "authorization: there is no such API key")
    return key


def _who_are_you(code: str, detail: str) -> Problem:
    return Problem(status=401, code=code, detail=detail, field="authorization")
