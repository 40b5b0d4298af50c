"""Userinfo: opened, verified, and bound to the login that it belongs to (providers.md §3.6)."""

from typing import Any, Final

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from integrations.fayda.discovery import PublishedKeys
from integrations.fayda.errors import distrusted
from integrations.fayda.signatures import verified_claims

_SIGNED_PARTS: Final = 3
_ENCRYPTED_PARTS: Final = 5
_ENCRYPTION: Final = ("RSA-OAEP-256", "A256GCM")


class _Registry(jwe.JWERegistry):
    """A portrait among the claims takes tens of kilobytes."""

    max_protected_header_length = 16 * 1024
    max_ciphertext_length = 1536 * 1024


_REGISTRY: Final = _Registry(algorithms=_ENCRYPTION, strict_check_header=False)


async def open_userinfo(
    *, body: str, keys: PublishedKeys, decryption_key: RSAKey | None, subject: str, client_id: str
) -> dict[str, Any]:
    """The claims in a userinfo answer.

    ``iss`` is not compared: the identity authority signs userinfo under a name of its own, and is
    known by its key in Fayda's key set.

    Args:
        body: compact JWS, or JWE around one when ``decryption_key`` is given.
        keys: Fayda's published keys.
        decryption_key: ours, if Fayda encrypts for us.
        subject: ``sub`` of the id_token of the same login, which must return (OIDC Core §5.3.2).
        client_id: ours, which ``aud`` must name where there is one.

    Raises:
        Defect: it does not hold.
        Unavailable: an unknown key had to be looked up and could not.
    """
    token = body.strip()
    if decryption_key is not None:
        token = _decrypt(token, key=decryption_key)
    if len(token.split(".")) != _SIGNED_PARTS:
        raise distrusted(what="userinfo", why="it is not signed, or encrypted without agreement")
    claims = await verified_claims(token=token, keys=keys, what="userinfo")
    if claims.get("sub") != subject:
        raise distrusted(what="userinfo", why="sub is not the one of the login")
    audience = claims.get("aud", client_id)
    if client_id not in (audience if isinstance(audience, list) else [audience]):
        raise distrusted(what="userinfo", why="aud")
    return claims


def _decrypt(token: str, *, key: RSAKey) -> str:
    if len(token.split(".")) != _ENCRYPTED_PARTS:
        raise distrusted(what="userinfo", why="it is not encrypted, although agreed")
    try:
        opened = jwe.decrypt_compact(
            token.encode(), key, algorithms=_ENCRYPTION, registry=_REGISTRY
        )
        return (opened.plaintext or b"").decode("ascii")
    except (JoseError, ValueError) as error:
        raise distrusted(what="userinfo", why="its encryption") from error
