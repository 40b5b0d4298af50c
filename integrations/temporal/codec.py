"""Every payload in a workflow's history is encrypted: AES-256-GCM, the key's id in its metadata."""

import base64
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec

from meqenet.errors import Defect

ENCODING = b"binary/encrypted"
_NONCE_BYTES = 12
_KEY_BYTES = 32


@dataclass(frozen=True)
class PayloadKeys:
    """Keys by id. Rotation has two phases: every process knows the new key, then it is current.

    Old keys stay for as long as a history written under them may be read.
    """

    current: str
    by_id: Mapping[str, bytes] = field(repr=False)

    def __post_init__(self) -> None:
        if self.current not in self.by_id:
            raise ValueError("payload keys: the current key id is not among the keys")
        if any(len(key) != _KEY_BYTES for key in self.by_id.values()):
            raise ValueError("payload keys: each key is 32 bytes in base64")

    @classmethod
    def from_base64(cls, *, current: str, by_id: Mapping[str, str]) -> "PayloadKeys":
        """Read the keys as settings hold them."""
        return cls(current, {kid: base64.b64decode(key) for kid, key in by_id.items()})


class EncryptingCodec(PayloadCodec):
    """Encrypts what goes to the server and decrypts what comes back.

    The key id is bound as associated data; workflow ids are not, because payloads move between
    parent, child and continued runs, and the codec server sees no context.
    """

    def __init__(self, keys: PayloadKeys) -> None:
        self._current = keys.current
        self._ciphers = {kid: AESGCM(key) for kid, key in keys.by_id.items()}

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Encrypt each payload whole, metadata included, under the current key."""
        return [self._sealed(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Decrypt what this codec encrypted; leave other encodings as they are.

        Raises:
            Defect: ``payload_key_unknown`` or ``payload_altered``.
        """
        return [self._opened(payload) for payload in payloads]

    def _sealed(self, payload: Payload) -> Payload:
        nonce = os.urandom(_NONCE_BYTES)
        key_id = self._current.encode()
        sealed = self._ciphers[self._current].encrypt(nonce, payload.SerializeToString(), key_id)
        return Payload(
            metadata={"encoding": ENCODING, "encryption-key-id": key_id}, data=nonce + sealed
        )

    def _opened(self, payload: Payload) -> Payload:
        if payload.metadata.get("encoding") != ENCODING:
            return payload
        key_id = payload.metadata["encryption-key-id"]
        cipher = self._ciphers.get(key_id.decode())
        if cipher is None:
            raise Defect("payload_key_unknown", "a payload was encrypted under a key not known")
        nonce, sealed = payload.data[:_NONCE_BYTES], payload.data[_NONCE_BYTES:]
        try:
            return Payload.FromString(cipher.decrypt(nonce, sealed, key_id))
        except InvalidTag:
            raise Defect("payload_altered", "a payload does not match its key") from None
