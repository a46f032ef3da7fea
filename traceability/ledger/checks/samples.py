"""A few of the entries that were checked long ago, drawn by lot, each led up to the known root.

Whoever changes something old does not know which tiles will be looked at.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from sqlalchemy import Connection

from traceability.ledger.append import Ledger
from traceability.ledger.checks.chain import Chain
from traceability.ledger.checks.finding import Finding
from traceability.ledger.checks.rows import tile_of
from traceability.ledger.checks.tree import Regrown, hashes_of
from traceability.ledger.merkle import HASH_SIZE
from traceability.ledger.tiles import WIDTH

__all__ = ["TILES", "sample", "tree_at"]

TILES = 32
"""Tiles drawn: 8,192 entries."""


def tree_at(connection: Connection, ledger_id: int, size: int) -> Regrown:
    """Read the unfinished tiles of a size that is a whole number of tiles.

    What stands in them is believed only once the root of a known size follows from it.
    """
    tails: list[list[bytes]] = []
    level, count = 0, size
    while count:
        n, width = divmod(count, WIDTH)
        data = tile_of(connection, ledger_id, level, n)[: width * HASH_SIZE] if width else b""
        tails.append(hashes_of(data.ljust(width * HASH_SIZE, b"\0")))
        level, count = level + 1, n
    return Regrown(size, tails)


def sample(ledger: Ledger, chain: Chain, begun: Regrown) -> tuple[Finding | None, int]:
    """Check some tiles of entries before a size whose root is known.

    Args:
        ledger: The ledger.
        chain: Knows how to check entries.
        begun: The unfinished tiles of that size, found to be true.

    Returns:
        What does not fit, and how many entries were looked at.
    """
    count = begun.size // WIDTH
    drawn = sorted(secrets.SystemRandom().sample(range(count), min(count, TILES)))
    for n in drawn:
        finding, root = chain.tile(n)
        if finding is None and root is not None:
            with ledger.database.read() as connection:
                finding = _lead_up(connection, ledger.ledger_id, n, root, begun.tails)
        if finding is not None:
            return finding, len(drawn) * WIDTH
    return None, len(drawn) * WIDTH


def _lead_up(
    connection: Connection,
    ledger_id: int,
    index: int,
    root: bytes,
    tails: Sequence[Sequence[bytes]],
) -> Finding | None:
    """Follow a tile's hash from level to level up to one that is known to be true."""
    first = index * WIDTH
    for level in range(1, len(tails) + 1):
        n, at = divmod(index, WIDTH)
        before = sum(
            len(tails[up]) << (8 * (up - level - 1)) for up in range(level + 1, len(tails))
        )
        is_last = n == before
        data = b"".join(tails[level]) if is_last else tile_of(connection, ledger_id, level, n)
        if data[at * HASH_SIZE : (at + 1) * HASH_SIZE] != root:
            return Finding(
                first,
                "tile altered",
                f"Hash {at} of tile {n}, level {level}, is not what the entries from {first} give.",
            )
        if is_last:
            return None
        tree = Regrown()
        for _ in tree.add(hashes_of(data)):
            pass
        index, root = n, tree.frontier().hashes[0]
    return None
