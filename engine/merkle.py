"""The Merkle tree of RFC 6962: one hash over many leaves, and a short proof that a leaf is among them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

EMPTY = hashlib.sha256(b"").hexdigest()


def leaf_hash(content: bytes) -> bytes:
    """This will return the hash of a leaf: SHA-256 over a zero byte and its content."""
    return hashlib.sha256(b"\x00" + content).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(leaves: Iterable[bytes]) -> str:
    """This will return the root over hashes of leaves, as hex digits; only one hash a level is kept in memory."""
    whole: list[tuple[int, bytes]] = []  # of growing trees that are full: height and hash, the highest first
    for leaf in leaves:
        height, found = 0, leaf
        while whole and whole[-1][0] == height:
            found = _node(whole.pop()[1], found)
            height += 1
        whole.append((height, found))
    if not whole:
        return EMPTY
    found = whole.pop()[1]
    while whole:
        found = _node(whole.pop()[1], found)
    return found.hex()


def path(leaves: Sequence[bytes], index: int) -> list[str]:
    """This will return the hashes that lead from leaf `index` to the root, the nearest first (RFC 6962, 2.1.1)."""
    if len(leaves) <= 1:
        return []
    half = 1 << (len(leaves) - 1).bit_length() - 1
    if index < half:
        return [*path(leaves[:half], index), root(leaves[half:])]
    return [*path(leaves[half:], index - half), root(leaves[:half])]


def root_by_path(leaf: bytes, index: int, size: int, steps: Sequence[str]) -> str | None:
    """This will return the root that a leaf and its path lead to, None when the path has a wrong length."""
    found, node, last = leaf, index, size - 1
    for step in steps:
        if last == 0:
            return None
        if node % 2 or node == last:
            found = _node(bytes.fromhex(step), found)
            while node % 2 == 0 and node:
                node, last = node // 2, last // 2
        else:
            found = _node(found, bytes.fromhex(step))
        node, last = node // 2, last // 2
    return found.hex() if last == 0 else None
