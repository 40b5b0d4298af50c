"""One hash over a list of things, from which each can be shown to be in the list.

The Merkle tree hash of RFC 6962, section 2.1: a leaf is SHA-256 of ``00`` and its bytes, an inner
node SHA-256 of ``01`` and its two children, and the left subtree is the largest full one.
"""

import hashlib

_LEAF = b"\x00"
_NODE = b"\x01"


class MerkleTree:
    """Takes leaves in order. Holds one hash per level, however many leaves there are."""

    def __init__(self) -> None:
        self._full: list[tuple[int, bytes]] = []

    def add(self, leaf: bytes) -> None:
        """Take the next leaf."""
        height, root = 0, hashlib.sha256(_LEAF + leaf).digest()
        while self._full and self._full[-1][0] == height:
            root = _joined(left=self._full.pop()[1], right=root)
            height += 1
        self._full.append((height, root))

    @property
    def root(self) -> bytes:
        """The root of what was taken so far; of no leaves it is SHA-256 of nothing."""
        if not self._full:
            return hashlib.sha256().digest()
        *lefts, (_, root) = self._full
        for _, left in reversed(lefts):
            root = _joined(left=left, right=root)
        return root


def _joined(*, left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(_NODE + left + right).digest()
