"""The check of a client's ``private_key_jwt`` (providers.md §3.5, §3.9)."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from apps.sandboxes.fayda.clients import Client
from apps.sandboxes.fayda.generation import Generation
from apps.sandboxes.fayda.refusals import TokenRefused
from apps.sandboxes.kernel.clock import Clock

_REMEMBERED_FOR: Final = timedelta(hours=24)


class AssertionDesk:
    """Checks assertions, and remembers each ``jti`` for 24 hours where the generation does."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._seen: dict[tuple[str, str], datetime] = {}

    def check(
        self, assertion: str, *, client: Client, audiences: Collection[str], generation: Generation
    ) -> None:
        """Accept an assertion once.

        Raises:
            TokenRefused: ``invalid_assertion`` (1.4.x) or ``invalid_client`` (1.8.0).
        """
        now = self._clock()
        try:
            claims = _verified(assertion, client=client, generation=generation)
            jwt.JWTClaimsRegistry(
                now=int(now.timestamp()),
                leeway=int(generation.assertion_leeway.total_seconds()),
                iss={"essential": True, "value": client.client_id},
                sub={"essential": True, "value": client.client_id},
                aud={"essential": True, "values": list(audiences)},
                exp={"essential": True},
                iat={"essential": True},
                jti={"essential": generation.jti_required},
            ).validate(claims)
        except (JoseError, ValueError):
            raise TokenRefused(generation.assertion_refused) from None
        if generation.jti_required:
            self._remember(jti=claims["jti"], client=client, now=now, generation=generation)

    def _remember(self, *, jti: str, client: Client, now: datetime, generation: Generation) -> None:
        self._seen = {key: until for key, until in self._seen.items() if until > now}
        key = (client.client_id, jti)
        if key in self._seen:
            raise TokenRefused(generation.assertion_refused)
        self._seen[key] = now + _REMEMBERED_FOR


def _verified(assertion: str, *, client: Client, generation: Generation) -> dict[str, Any]:
    key = RSAKey.import_key(client.public_jwk)
    return jwt.decode(assertion, key, algorithms=generation.assertion_algorithms).claims
