"""Signatures over merchants' statements: detached JWS (RFC 7515 F), by a published key."""

from base64 import b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, KeySetSerialization, OKPKey
from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from meqenet.errors import Defect

_ALGORITHM: Final = "Ed25519"


class SignatureSettings(BaseSettings):
    """What only the API is told: with what it signs merchants' statements."""

    model_config = SettingsConfigDict(
        env_prefix="MEQENET_STATEMENT_", env_ignore_empty=True, extra="ignore", frozen=True
    )

    signing_key: SecretStr | None = None
    """Base64 of the 32 bytes of an Ed25519 key. Without one, no statement is handed out."""
    key_id: str = "statement-1"
    """The name under which its public half is published."""


@dataclass(frozen=True, kw_only=True)
class StatementSigner:
    """Signs files, and tells the key by which that is checked."""

    key: OKPKey = field(repr=False)
    key_id: str

    def sign(self, content: bytes, /) -> str:
        """``<header>..<signature>``: the file itself, in base64url, belongs between the dots."""
        signed = jws.serialize_compact(
            {"alg": _ALGORITHM, "kid": self.key_id}, content, self.key, algorithms=[_ALGORITHM]
        )
        return jws.detach_content(signed)

    def public_keys(self) -> KeySetSerialization:
        """The public half, as a JSON Web Key Set."""
        public = self.key.as_dict(private=False)
        return {"keys": [{**public, "kid": self.key_id, "alg": _ALGORITHM, "use": "sig"}]}


def statement_signer(*, settings: SignatureSettings) -> StatementSigner | None:
    """The signer, where a key is given.

    Raises:
        Defect: ``setting_malformed``.
    """
    if settings.signing_key is None:
        return None
    try:
        key = b64decode(settings.signing_key.get_secret_value(), validate=True)
        private = Ed25519PrivateKey.from_private_bytes(key)
    except ValueError:
        text = "MEQENET_STATEMENT_SIGNING_KEY is not base64 of 32 bytes"
        raise Defect("setting_malformed", text) from None
    key_id = settings.key_id
    return StatementSigner(key=OKPKey.import_key(private, {"kid": key_id}), key_id=key_id)


def is_signed(*, content: bytes, signature: str, public_keys: KeySetSerialization) -> bool:
    """Whether a file is what was signed, by one of the published keys."""
    header, _, tail = signature.partition("..")
    attached = f"{header}.{_base64url(content)}.{tail}"
    try:
        jws.deserialize_compact(
            attached, KeySet.import_key_set(public_keys), algorithms=[_ALGORITHM]
        )
    except (JoseError, ValueError):
        return False
    return True


def _base64url(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode("ascii")
