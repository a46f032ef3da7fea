"""The pages of the seal: the tree's hashes, 256 to a page, as other people's verifiers read them.

A tile of level L holds 256 neighbouring nodes of tree level 8 * L; the right-most tile of each
level is partial until it is full and is the only one that ever changes. Beside them lie the entry
bundles: 256 entries each, every one behind its length.

Source: C2SP tlog-tiles (Merkle tree, tile paths, entry bundles).

>>> tile_path(0, 1234067, 89)
'tile/0/x001/x234/067.p/89'
>>> parse_tile_path("tile/entries/000")
TileName(level=None, n=0, width=256)
>>> from traceability.ledger.merkle import leaf_hash
>>> frontier, changed = grow(Frontier(), [leaf_hash(b"roll"), leaf_hash(b"lay")], {})
>>> [(tile.level, tile.n, tile.width) for tile in changed]
[(0, 0, 2)]
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from traceability.errors import LedgerCorrupt, Refused
from traceability.ledger.merkle import (
    HASH_SIZE,
    Frontier,
    HashReader,
    Node,
    parents_of,
)

WIDTH: Final = 256
"""Hashes of a full tile."""
HEIGHT: Final = 8
"""Tree levels that a tile spans."""
LEVEL_MAX: Final = 63
"""Highest tile level of the specification; a tree of 2^63 leaves needs 8."""
INDEX_MAX: Final = 2**63 - 1
"""Highest tile index: more entries than an int64 can number do not exist."""
ENTRY_SIZE_MAX: Final = 65_535
"""Bytes of an entry in a bundle: its length is a uint16."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One row of the tile table, whole: it replaces the row with the same level and n."""

    level: int
    n: int
    data: bytes
    """1 to 256 hashes of 32 bytes, left to right."""

    @property
    def width(self) -> int:
        """Number of hashes."""
        return len(self.data) // HASH_SIZE


@dataclass(frozen=True, slots=True)
class TileName:
    """What the path of a tile or of an entry bundle names."""

    level: int | None
    """Tile level; None for a bundle of entries."""
    n: int
    width: int
    """Hashes or entries in it: 256 unless the path ends in ``.p/W``."""


def grow(
    frontier: Frontier, leaf_hashes: Sequence[bytes], tails: Mapping[int, bytes]
) -> tuple[Frontier, list[Tile]]:
    """Append leaves and say which tiles change.

    Args:
        frontier: Of the tree before.
        leaf_hashes: 32 bytes each, in order.
        tails: For each tile level, the data of its last tile if that is not full: `tails_of` says
            which levels have one, and how long it must be.

    Returns:
        The new frontier, and every changed tile with all its data, by level and n. Each level's
        first tile is the only one whose row may exist already.

    Raises:
        LedgerCorrupt: If a tail is missing or as long as it cannot be at this size.

    Source: C2SP tlog-tiles, section "Merkle Tree".
    """
    lengths = tails_of(frontier.size)
    for level, (n, width) in lengths.items():
        if len(tails.get(level, b"")) != width * HASH_SIZE:
            raise LedgerCorrupt(
                f"Tile {tile_path(level, n, width)} of a ledger of {frontier.size} entries: "
                f"expected {width * HASH_SIZE} bytes, got {len(tails.get(level, b''))}."
            )
    new: dict[int, bytes] = {}

    def collect(tree_level: int, row: bytes) -> None:
        if tree_level % HEIGHT == 0:
            new[tree_level // HEIGHT] = row

    grown = frontier.append(leaf_hashes, on_row=collect)
    changed: list[Tile] = []
    for level, row in new.items():
        first = frontier.size >> (HEIGHT * level)
        data = tails[level] + row if level in lengths else row
        for at in range(0, len(data), WIDTH * HASH_SIZE):
            n = first // WIDTH + at // (WIDTH * HASH_SIZE)
            changed.append(Tile(level, n, data[at : at + WIDTH * HASH_SIZE]))
    return grown, changed


def tails_of(size: int) -> dict[int, tuple[int, int]]:
    """Name the partial tiles of a tree: level → (n, width).

    >>> tails_of(256 * 3 + 5), tails_of(256)
    ({0: (3, 5), 1: (0, 3)}, {1: (0, 1)})
    """
    tails = {}
    level, count = 0, size
    while count:
        if count % WIDTH:
            tails[level] = (count // WIDTH, count % WIDTH)
        level, count = level + 1, count // WIDTH
    return tails


def tile_names(size: int) -> list[TileName]:
    """Name every tile of a tree, level by level; the last of a level may be partial.

    >>> [tile_path(name.level, name.n, name.width) for name in tile_names(258)]
    ['tile/0/000', 'tile/0/001.p/2', 'tile/1/000.p/1']
    """
    names = []
    level, count = 0, size
    while count:
        names += [TileName(level, n, WIDTH) for n in range(count // WIDTH)]
        if count % WIDTH:
            names.append(TileName(level, count // WIDTH, count % WIDTH))
        level, count = level + 1, count // WIDTH
    return names


def hash_reader(read_tiles: Callable[[Sequence[tuple[int, int]]], Sequence[bytes]]) -> HashReader:
    """Make the reader of tree nodes that proofs need from a reader of tile rows.

    Args:
        read_tiles: Returns the data of tiles (level, n) in the order asked, each once.

    Raises:
        LedgerCorrupt: (the reader) if a tile is too short for a node that must be in it.
    """

    def read(nodes: Sequence[Node]) -> list[bytes]:
        places = [_place(node) for node in nodes]
        wanted = sorted({(level, n) for level, n, _first, _count in places})
        data = dict(zip(wanted, read_tiles(wanted), strict=True))
        return [_node_in(data[level, n], level, n, at, count) for level, n, at, count in places]

    return read


def _place(node: Node) -> tuple[int, int, int, int]:
    """Return tile level, tile n, first hash and number of hashes below a node of the tree."""
    tree_level, index = node
    level, above = divmod(tree_level, HEIGHT)
    first = index << above
    return level, first // WIDTH, first % WIDTH, 1 << above


def _node_in(data: bytes, level: int, n: int, first: int, count: int) -> bytes:
    part = data[first * HASH_SIZE : (first + count) * HASH_SIZE]
    if len(part) != count * HASH_SIZE:
        raise LedgerCorrupt(
            f"{tile_path(level, n)}: expected at least {first + count} hashes, "
            f"got {len(data) // HASH_SIZE}."
        )
    while len(part) > HASH_SIZE:
        part = parents_of(part)
    return part


def tile_path(level: int | None, n: int, width: int = WIDTH) -> str:
    """Spell the path of a tile, or of an entry bundle where level is None.

    Raises:
        ValueError: If no such tile can exist.

    Source: C2SP tlog-tiles, sections "Merkle Tree" and "Log Entries".

    >>> tile_path(15, 123456789, 41), tile_path(None, 31604937984 // 256)
    ('tile/15/x123/x456/789.p/41', 'tile/entries/x123/x456/789')
    """
    if not (level is None or 0 <= level <= LEVEL_MAX):
        raise ValueError(f"A tile level is 0 to {LEVEL_MAX}, got {level}.")
    if not 0 <= n <= INDEX_MAX or not 1 <= width <= WIDTH:
        raise ValueError(f"No tile has index {n} and width {width}.")
    digits = str(n)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    name = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
    partial = f".p/{width}" if width < WIDTH else ""
    return f"tile/{'entries' if level is None else level}/{name}{partial}"


_PATH = re.compile(
    r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?",
    re.ASCII,
)


def parse_tile_path(path: str) -> TileName:
    """Read the path of a tile or of an entry bundle; each has one spelling only.

    Raises:
        Refused: On every other text.

    Source: C2SP tlog-tiles, sections "Merkle Tree" and "Log Entries".

    >>> parse_tile_path("tile/0/x001/x234/067.p/89")
    TileName(level=0, n=1234067, width=89)
    """
    match = _PATH.fullmatch(path)
    if match is not None:
        kind, index, partial = match.groups()
        level = None if kind == "entries" else int(kind)
        n = int(index.replace("x", "").replace("/", ""))
        width = int(partial) if partial else WIDTH
        is_possible = (level or 0) <= LEVEL_MAX and n <= INDEX_MAX
        is_possible = is_possible and (partial is None or width < WIDTH)
        # Leading groups of zeros name the same tile a second time: caches would hold it twice.
        if is_possible and tile_path(level, n, width) == path:
            return TileName(level, n, width)
    raise Refused(
        f"Cannot read {path[:120]!r} as a tile path: expected tile/LEVEL/INDEX or "
        "tile/entries/INDEX, the index in groups of three digits, with .p/1 to .p/255 if partial."
    )


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """Write entries one after the other, each behind its length of two bytes, big end first.

    Raises:
        ValueError: If an entry is longer than 65,535 bytes.

    Source: C2SP tlog-tiles, section "Log Entries".
    """
    for entry in entries:
        if len(entry) > ENTRY_SIZE_MAX:
            raise ValueError(f"An entry has at most {ENTRY_SIZE_MAX} bytes, got {len(entry)}.")
    return b"".join(len(entry).to_bytes(2) + entry for entry in entries)


def decode_bundle(data: bytes) -> list[bytes]:
    """Read the entries of a bundle.

    Raises:
        LedgerCorrupt: If the bytes end inside an entry.

    >>> decode_bundle(encode_bundle([b"cut", b""]))
    [b'cut', b'']
    """
    entries: list[bytes] = []
    at = 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2])
        if len(data) < at + 2 or len(data) < end:
            raise LedgerCorrupt(
                f"An entry bundle ends inside entry {len(entries)}: "
                f"expected {end} bytes, got {len(data)}."
            )
        entries.append(data[at + 2 : end])
        at = end
    return entries
