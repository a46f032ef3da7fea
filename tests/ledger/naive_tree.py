"""The tree of RFC 6962 word by word: slow, recursive, and nothing of it shared with the ledger."""

from __future__ import annotations

from hashlib import sha256


def largest_power_below(count: int) -> int:
    """Find k, the largest power of two smaller than n (section 2.1)."""
    power = 1
    while power * 2 < count:
        power *= 2
    return power


def root(entries: list[bytes]) -> bytes:
    """MTH(D[n]) of section 2.1."""
    if not entries:
        return sha256(b"").digest()
    if len(entries) == 1:
        return sha256(b"\x00" + entries[0]).digest()
    split = largest_power_below(len(entries))
    return sha256(b"\x01" + root(entries[:split]) + root(entries[split:])).digest()


def path(index: int, entries: list[bytes]) -> list[bytes]:
    """PATH(m, D[n]) of section 2.1.1."""
    if len(entries) == 1:
        return []
    split = largest_power_below(len(entries))
    if index < split:
        return [*path(index, entries[:split]), root(entries[split:])]
    return [*path(index - split, entries[split:]), root(entries[:split])]


def proof(older: int, entries: list[bytes], *, is_whole: bool = True) -> list[bytes]:
    """PROOF(m, D[n]), that is SUBPROOF(m, D[n], true), of section 2.1.2."""
    if older == len(entries):
        return [] if is_whole else [root(entries)]
    split = largest_power_below(len(entries))
    if older <= split:
        return [*proof(older, entries[:split], is_whole=is_whole), root(entries[split:])]
    return [*proof(older - split, entries[split:], is_whole=False), root(entries[:split])]
