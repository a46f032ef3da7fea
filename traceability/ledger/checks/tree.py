"""The tree of fingerprints made again from the leaves, to hold the stored one against.

>>> from traceability.ledger.merkle import Frontier, leaf_hash
>>> leaves = [leaf_hash(str(number).encode()) for number in range(600)]
>>> tree = Regrown()
>>> full = list(tree.add(leaves))
>>> [(tile.level, tile.n, tile.width) for tile in [*full, *tree.partial()]]
[(0, 0, 256), (0, 1, 256), (0, 2, 88), (1, 0, 2)]
>>> tree.frontier() == Frontier().append(leaves)
True
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from traceability.ledger.merkle import HASH_SIZE, Frontier, parents_of
from traceability.ledger.tiles import WIDTH, Tile

__all__ = ["Regrown"]


class Regrown:
    """A tree on its way: of each level only what is not yet a full tile is kept."""

    def __init__(self, size: int = 0, tails: Sequence[Sequence[bytes]] = ()) -> None:
        """Begin at a size; ``tails`` are the hashes of its unfinished tiles, level by level."""
        self.size = size
        self._tails = [list(tail) for tail in tails] or [[]]

    @property
    def tails(self) -> list[list[bytes]]:
        """The hashes of the unfinished tile of each level, lowest first."""
        return [list(tail) for tail in self._tails]

    def add(self, leaves: Sequence[bytes]) -> Iterator[Tile]:
        """Add leaves of 32 bytes; yield each tile as it becomes full, children before parents."""
        at = 0
        while at < len(leaves):
            room = WIDTH - len(self._tails[0])
            part = leaves[at : at + room]
            self._tails[0].extend(part)
            self.size += len(part)
            at += len(part)
            if len(self._tails[0]) == WIDTH:
                yield from self._close(0)

    def _close(self, level: int) -> Iterator[Tile]:
        # The tile that is full now is the last one before the size, on its level.
        full = b"".join(self._tails[level])
        yield Tile(level, (self.size >> (8 * (level + 1))) - 1, full)
        self._tails[level] = []
        if level + 1 == len(self._tails):
            self._tails.append([])
        self._tails[level + 1].append(_root(full))
        if len(self._tails[level + 1]) == WIDTH:
            yield from self._close(level + 1)

    def partial(self) -> Iterator[Tile]:
        """Yield the tiles that are not full, level by level."""
        for level, tail in enumerate(self._tails):
            if tail:
                yield Tile(level, self.size >> (8 * (level + 1)), b"".join(tail))

    def frontier(self) -> Frontier:
        """Return the right edge of the tree as it is now."""
        hashes: list[bytes] = []
        for tail in reversed(self._tails):
            at = 0
            for bit in range(WIDTH.bit_length() - 1, -1, -1):
                if len(tail) >> bit & 1:
                    hashes.append(_root(b"".join(tail[at : at + (1 << bit)])))
                    at += 1 << bit
        return Frontier(self.size, tuple(hashes))


def _root(row: bytes) -> bytes:
    """Hash a row of 1, 2, 4 … neighbours into the node above them all."""
    while len(row) > HASH_SIZE:
        row = parents_of(row)
    return row


def hashes_of(data: bytes) -> list[bytes]:
    """Cut the data of a tile into its hashes."""
    return [data[at : at + HASH_SIZE] for at in range(0, len(data), HASH_SIZE)]
