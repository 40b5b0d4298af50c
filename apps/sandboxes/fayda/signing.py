"""Keys of the sandbox and what it signs with them."""

import json
from functools import lru_cache
from typing import Any

from joserfc import jwe, jws
from joserfc.jwk import RSAKey

from apps.sandboxes.fayda.clients import Client, UserinfoForm
from apps.sandboxes.kernel.keyring import Keyring


class SigningKeys:
    """eSignet's key signs tokens, the identity authority's signs userinfo; both are published."""

    def __init__(self, *, keyring: Keyring) -> None:
        self._keyring = keyring
        self.esignet = self._key("esignet-key")
        self.authority = self._key("authority-key")

    def published(self) -> dict[str, Any]:
        """The JWKS."""
        keys = (self.esignet, self.authority)
        return {"keys": [dict(key.as_dict(private=False)) for key in keys]}

    def forged(self) -> RSAKey:
        """Another key under the authority's ``kid``: what it signs must not be trusted."""
        stranger = self._key("stranger-key").as_dict(private=True)
        stranger["kid"] = self.authority.thumbprint()
        return RSAKey.import_key(stranger)

    def _key(self, name: str) -> RSAKey:
        return _read(self._keyring.keep(name=name, make=_new_key))


def sign(claims: dict[str, Any], *, key: RSAKey, algorithm: str) -> str:
    """A compact JWS of these claims."""
    header = {"alg": algorithm, "typ": "JWT", "kid": key.kid}
    payload = json.dumps(claims, ensure_ascii=False, separators=(",", ":")).encode()
    return jws.serialize_compact(header, payload, key, algorithms=[algorithm])


def in_form_of(client: Client, *, signed: str) -> str:
    """Userinfo as the client asked for it: the JWS, or a JWE around it (§3.6)."""
    if client.userinfo_form is UserinfoForm.JWS or client.encryption_jwk is None:
        return signed
    key = RSAKey.import_key(client.encryption_jwk)
    header = {"alg": "RSA-OAEP-256", "enc": "A256GCM", "cty": "JWT", "kid": key.kid}
    return jwe.encrypt_compact(header, signed.encode(), key, algorithms=["RSA-OAEP-256", "A256GCM"])


@lru_cache(maxsize=8)
def _read(text: str) -> RSAKey:
    """Kept as read: the check of its primes takes longer than a start of the sandbox may."""
    return RSAKey.import_key(json.loads(text))


def _new_key() -> str:
    key = RSAKey.generate_key(2048, parameters={"use": "sig"}, auto_kid=True)
    return json.dumps(key.as_dict(private=True))
