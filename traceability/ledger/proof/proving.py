"""Proofs out of the stored tiles: as fast in a large ledger as in a small one.

A full tile never changes, nor does the beginning of one that is not full yet: what was hashed up
from it once is kept, and serves every smaller size of the ledger as well.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Final

from sqlalchemy import Connection

from traceability.database import rows_by
from traceability.errors import LedgerCorrupt
from traceability.ledger import tables
from traceability.ledger.checks.rows import tile_of
from traceability.ledger.merkle import (
    EMPTY_ROOT,
    HASH_SIZE,
    HashReader,
    Node,
    consistency_proof,
    node_hash,
    parents_of,
)
from traceability.ledger.tiles import HEIGHT, WIDTH, tile_path

KEPT_MAX: Final = 2048
"""Tiles whose nodes are kept: at most 33 MB. Those of 500,000 entries fit in."""
EDGES_MAX: Final = 64
"""Sizes whose right edge is kept."""

_Place = tuple[int, int]
"""Level and n of a tile."""


class Proofs:
    """Makes the proofs of one ledger. Safe for many threads."""

    def __init__(self, ledger_id: int, *, kept_max: int = KEPT_MAX) -> None:
        self._ledger_id = ledger_id
        self._kept_max = kept_max
        self._lock = threading.Lock()
        self._kept: OrderedDict[_Place, tuple[bytes, ...]] = OrderedDict()
        """Tile → its nodes by height, as wide as it was when it was read. Owned by _lock."""
        self._edges: dict[int, list[bytes]] = {}  # owned by _lock

    def inclusion(self, connection: Connection, position: int, size: int) -> list[bytes]:
        """Prove that the entry at a position stands in the ledger of a size: hashes upward.

        Raises:
            ValueError: If that ledger has no such position.
            LedgerCorrupt: If a tile is missing or too short.
        """
        if not 0 <= position < size:
            raise ValueError(f"A ledger of {size} entries has no position {position}.")
        levels = range(-(-(size - 1).bit_length() // HEIGHT))
        places = [(level, position >> HEIGHT * (level + 1)) for level in levels]
        full = {place for place in places if _width(place, size) > 0}
        return self._walk(position, size, places, self._tiles(connection, full, size), connection)

    def _walk(
        self,
        position: int,
        size: int,
        places: list[_Place],
        tiles: dict[_Place, tuple[bytes, ...]],
        connection: Connection,
    ) -> list[bytes]:
        """Collect the neighbour on every level of the tree (RFC 6962 section 2.1.1)."""
        edge = self._edge(connection, size)
        proof: list[bytes] = []
        for level in range((size - 1).bit_length()):
            neighbour = (position >> level) ^ 1
            if neighbour + 1 << level <= size:
                place = places[level // HEIGHT]
                height = level % HEIGHT
                index = neighbour % (WIDTH >> height)
                proof.append(_node(tiles[place], place, height, index, size))
            elif neighbour << level < size:
                proof.append(edge[level])
        return proof

    def inclusions(
        self, connection: Connection, positions: Sequence[int], size: int
    ) -> list[list[bytes]]:
        """Prove many positions as `inclusion` does, with one question for all of them."""
        self.read_ahead(connection, {(0, position // WIDTH) for position in positions}, size)
        return [self.inclusion(connection, position, size) for position in positions]

    def consistency(self, connection: Connection, older: int, size: int) -> list[bytes]:
        """Prove that the ledger of an older size is the beginning of that of a size.

        Raises:
            ValueError: If the older size is 0 or larger than the other.
            LedgerCorrupt: If a tile is missing or too short.
        """
        return consistency_proof(older, size, self.reader(connection, size))

    def root(self, connection: Connection, size: int) -> bytes:
        """Compute the root of the ledger of a size from its tiles.

        Raises:
            LedgerCorrupt: If a tile is missing or too short.
        """
        return self._edge(connection, size)[-1]

    def _edge(self, connection: Connection, size: int) -> list[bytes]:
        """Return for each level the hash of the entries behind the last full node of that level.

        The last one is the root. Where nothing is behind, any hash stands: nobody asks for it.
        """
        with self._lock:
            known = self._edges.get(size)
        if known is not None:
            return known
        levels = [level for level in range(size.bit_length()) if size >> level & 1]
        read = self.reader(connection, size)
        full = dict(zip(levels, read([(at, (size >> at) - 1) for at in levels]), strict=True))
        edge, behind = [], EMPTY_ROOT
        for level in range(size.bit_length()):
            edge.append(behind)
            if level in full:
                is_last = level == levels[0]
                behind = full[level] if is_last else node_hash(full[level], behind)
        edge.append(behind)
        with self._lock:
            if len(self._edges) >= EDGES_MAX:
                self._edges.clear()
            self._edges[size] = edge
        return edge

    def reader(self, connection: Connection, size: int) -> HashReader:
        """Return what reads full nodes of the ledger of a size, for the functions of `merkle`."""

        def read(nodes: Sequence[Node]) -> list[bytes]:
            places = [_place(node) for node in nodes]
            tiles = self._tiles(connection, {place for place, _height, _index in places}, size)
            return [
                _node(tiles[place], place, height, index, size) for place, height, index in places
            ]

        return read

    def read_ahead(self, connection: Connection, places: Iterable[_Place], size: int) -> None:
        """Read tiles (level, n) in one question and keep them, as many as are kept at all."""
        self._tiles(connection, set(list(places)[: self._kept_max // 2]), size)

    def _tiles(
        self, connection: Connection, places: set[_Place], size: int
    ) -> dict[_Place, tuple[bytes, ...]]:
        found: dict[_Place, tuple[bytes, ...]] = {}
        with self._lock:
            for place in places:
                nodes = self._kept.get(place)
                # A wider one has all nodes of a smaller size: full nodes never change.
                if nodes is not None and len(nodes[0]) >= _width(place, size) * HASH_SIZE:
                    self._kept.move_to_end(place)
                    found[place] = nodes
        missing = places - found.keys()
        if missing:
            new = self._read(connection, missing)
            found |= new
            with self._lock:
                self._kept |= new
                while len(self._kept) > self._kept_max:
                    self._kept.popitem(last=False)
        return found

    def _read(self, connection: Connection, places: set[_Place]) -> dict[_Place, tuple[bytes, ...]]:
        found: dict[_Place, tuple[bytes, ...]] = {}
        for level in sorted({level for level, _n in places}):
            wanted = sorted(n for at, n in places if at == level)
            for n, data in self._rows(connection, level, wanted):
                found[level, n] = _rows_of(bytes(data))
        for level, n in places - found.keys():
            raise LedgerCorrupt(f"{tile_path(level, n)} is missing.")
        return found

    def _rows(
        self, connection: Connection, level: int, wanted: list[int]
    ) -> list[tuple[int, bytes]]:
        if len(wanted) == 1:  # by far the usual question, and a third of the price of the other
            data = tile_of(connection, self._ledger_id, level, wanted[0])
            return [(wanted[0], data)] if data else []
        return rows_by(
            connection,
            tables.tile,
            ("n", "data"),
            ledger_id=self._ledger_id,
            column="n",
            values=wanted,
            where=f"t.level = {level}",
        )


def _place(node: Node) -> tuple[_Place, int, int]:
    """Return the tile of a node, its height in the tile and its index on that height."""
    tree_level, index = node
    level, height = divmod(tree_level, HEIGHT)
    n, at = divmod(index, WIDTH >> height)
    return (level, n), height, at


def _width(place: _Place, size: int) -> int:
    """Return how many hashes a tile has in the ledger of a size."""
    level, n = place
    return min(WIDTH, (size >> HEIGHT * level) - n * WIDTH)


def _rows_of(data: bytes) -> tuple[bytes, ...]:
    """Hash a tile up: its hashes, the nodes above each two of them, and so on, full ones only."""
    rows = [data]
    while len(rows) < HEIGHT and (pairs := len(data) // (2 * HASH_SIZE)):
        data = parents_of(data[: pairs * 2 * HASH_SIZE])
        rows.append(data)
    return tuple(rows)


def _node(rows: tuple[bytes, ...], place: _Place, height: int, index: int, size: int) -> bytes:
    row = rows[height] if height < len(rows) else b""
    node = row[index * HASH_SIZE : (index + 1) * HASH_SIZE]
    if len(node) != HASH_SIZE:
        level, n = place
        raise LedgerCorrupt(
            f"{tile_path(level, n)}: expected {_width(place, size)} hashes, "
            f"got {len(rows[0]) // HASH_SIZE}."
        )
    return node
