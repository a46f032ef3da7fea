"""The walk over a record from its first entry to its last: every hash is derived again.

Two ways through a slice: all at once, for a record that is as it was, which takes no call for a
single entry; and one by one (`fault`), to say which position does not fit and what is wrong
with it. Only what the first way finds nothing wrong with is believed without the second.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from operator import lt

from traceability.ledger.append import Ledger
from traceability.ledger.checks.anchors import Anchors
from traceability.ledger.checks.fault import Fault
from traceability.ledger.checks.finding import Finding
from traceability.ledger.checks.rows import (
    SLICE,
    Row,
    entry_rows,
    leaves_of,
    one_value,
    plain_rows,
    tile_of,
)
from traceability.ledger.checks.tree import Regrown
from traceability.ledger.entry import KINDS, SALT_SIZE
from traceability.ledger.merkle import HASH_SIZE, Frontier
from traceability.ledger.tiles import WIDTH, Tile, tails_of, tile_path

__all__ = ["Chain", "Progress", "See"]

Progress = Callable[[int, int], None]
"""Told how many of how many entries are done."""
See = Callable[[Sequence[Row]], Finding | None]
"""Shown every row that was found to be as it was sealed, in order."""


_MEMBER = b',"body":"'
_SEAL = len(b'{"at":1767571698000000,"body":"')
_LAST = b',"v":1}'
_VERSION, _END = len(_LAST), len(b"1767571698000000" + _LAST)
"""From the end backward: where the version begins, and the record time of an entry without run."""


class Chain:
    """One walk; memory does not grow with the record, and no transaction outlives a slice."""

    def __init__(self, ledger: Ledger, size: int, anchors: Anchors, tree: Regrown) -> None:
        """Prepare the walk.

        Args:
            ledger: Only read.
            size: Entries to look at; what is appended meanwhile is not judged.
            anchors: Sizes whose roots are known from elsewhere, at or after the tree's size.
            tree: Of the entries before the first one to look at.
        """
        self.tree = tree
        self.erased = 0
        self._ledger = ledger
        self._size = size
        self._anchors = anchors
        self._edge: Frontier | None = None
        self._recorded = b""
        self._fault = Fault(ledger, size)
        marks = {kind: f'","kind":"{kind}","origin":"{ledger.origin}","record":' for kind in KINDS}
        self._marks = {kind: mark.encode() for kind, mark in marks.items()}

    @property
    def recorded_at(self) -> int:
        """Record time of the last entry so far, µs since 1970; 0 before the first."""
        return int(self._recorded or 0)

    def walk(self, progress: Progress | None, seen: Sequence[See] = ()) -> Finding | None:
        """Go through all entries; return the first thing that does not fit."""
        while self.tree.size < self._size:
            finding = self._slice(self.tree.size, seen)
            if finding is not None:
                return finding
            if progress is not None:
                progress(self.tree.size, self._size)
        return self._partial_tiles()

    def _slice(self, first: int, seen: Sequence[See]) -> Finding | None:
        last = min(first + SLICE, self._size)
        with self._ledger.database.read() as connection:
            rows, stranger = entry_rows(connection, self._ledger.ledger_id, first, last)
            stored = leaves_of(connection, self._ledger.ledger_id, first, first + len(rows))
        leaves = self._leaves_if_true(rows, stored)
        if leaves is None:
            finding = self._fault.find(rows, stored, self._recorded)
            if finding is not None:
                return finding
            leaves = self._fault.leaves
            self._recorded = self._fault.recorded
            self.erased += self._fault.erased
        if not rows or stranger is not None:
            return self._fault.gap(first + len(rows), stranger)
        for see in seen:
            finding = see(rows)
            if finding is not None:
                return finding
        return self._grow(leaves)

    def tile(self, n: int) -> tuple[Finding | None, bytes | None]:
        """Look at the entries of one full tile by themselves; return the hash above them, too."""
        first, last = n * WIDTH, (n + 1) * WIDTH
        leaves: list[bytes] = []
        self._recorded = b""
        while first < last:
            with self._ledger.database.read() as connection:
                rows, stranger = entry_rows(connection, self._ledger.ledger_id, first, last)
                stored = leaves_of(connection, self._ledger.ledger_id, first, first + len(rows))
            more = self._leaves_if_true(rows, stored)
            if more is None:
                finding = self._fault.find(rows, stored, self._recorded)
                if finding is not None:
                    return finding, None
                more, self._recorded = self._fault.leaves, self._fault.recorded
            if not rows or stranger is not None:
                return self._fault.gap(first + len(rows), stranger), None
            leaves += more
            first += len(rows)
        tree = Regrown()
        for _ in tree.add(leaves):
            pass
        self._recorded = b""
        return None, tree.frontier().hashes[0]

    def _leaves_if_true(self, rows: Sequence[Row], stored: bytes) -> list[bytes] | None:
        """Return the leaves if every entry is sealed by the tree and seals its own body."""
        if not rows:
            return []
        # By columns: whatever is asked of every row alike is asked of all of them at once.
        _, kinds, entries, salts, _bodies = zip(*rows, strict=True)
        try:
            leaves = [sha256(b"\x00" + entry).digest() for entry in entries]
            if b"".join(leaves) != stored or set(map(len, salts)) != {SALT_SIZE}:
                return None
            # What an entry seals stands behind a time of 16 digits: true from 2001 to 2286.
            if b"".join([entry[_SEAL - 9 : _SEAL] for entry in entries]) != _MEMBER * len(rows):
                return None
            sealed = b"".join([entry[_SEAL : _SEAL + 64] for entry in entries])
            given = b"".join([sha256(row[3] + row[4]).digest() for row in rows])
            if given.hex().encode() != sealed:
                return None
            times = self._times(kinds, entries)
        except (TypeError, ValueError, KeyError):  # gone, or not what belongs there
            return None
        if not all(map(lt, [self._recorded, *times], times)) or not b"".join(times).isdigit():
            return None
        self._recorded = times[-1]
        return leaves

    def _times(self, kinds: Sequence[str], entries: Sequence[bytes]) -> list[bytes]:
        """Return the record times that stand behind what stands beside the entry, too.

        Raises:
            ValueError: If an entry is of another kind or origin than it should be.
            KeyError: If there is no such kind.
        """
        # Most entries end with their time: by columns again, it is a third of what a search costs.
        mark = self._marks[kinds[0]]
        begin = -_END - len(mark)
        if kinds.count(kinds[0]) == len(kinds):
            ends = b"".join([entry[begin:-_END] + entry[-_VERSION:] for entry in entries])
            if ends == (mark + _LAST) * len(entries):
                return [entry[-_END:-_VERSION] for entry in entries]
        marks = [self._marks[kind] for kind in kinds]
        after = [
            entry.index(mark, _SEAL) + len(mark) for entry, mark in zip(entries, marks, strict=True)
        ]
        return [entry[at : at + 16] for entry, at in zip(entries, after, strict=True)]

    def _grow(self, leaves: list[bytes]) -> Finding | None:
        """Add leaves to the tree; hold its tiles and the roots at known sizes against it."""
        at = 0
        while at < len(leaves):
            upto = self._anchors.next_size(self.tree.size)
            end = len(leaves) if upto is None else min(len(leaves), at + upto - self.tree.size)
            is_known = upto is not None and at + upto - self.tree.size == end
            part = leaves[at:end]
            if is_known:
                # Neighbouring sizes are signed where little happens: the edge goes along then.
                edge = self.tree.frontier() if self._edge is None else self._edge
                self._edge = edge.append(part)
            else:
                self._edge = None
            for tile in self.tree.add(part):
                finding = self._compare(tile) if tile.level else None
                if finding is not None:
                    return finding
            at = end
            if is_known and self._edge is not None:
                finding = self._anchors.check(self._edge.size, self._edge.root())
                if finding is not None:
                    return finding
        return None

    def beyond(self) -> Finding | None:
        """Say whether there are tiles, or parts of them, of entries that are not there."""
        ledger = self._ledger
        with ledger.database.read() as connection:
            now = one_value(
                connection,
                "SELECT size FROM ledger WHERE ledger_id = :l",
                {"l": ledger.ledger_id},
            )
            tails = tails_of(now)
            rows = plain_rows(
                connection,
                "SELECT level, n, length(data) FROM tile WHERE ledger_id = :l "
                "AND (level > :v OR level < 0 OR n < 0) LIMIT 1",
                {"l": ledger.ledger_id, "v": max(tails, default=-1)},
            ).fetchall()
            for level in range(max(tails, default=-1) + 1):
                full, width = now >> (8 * (level + 1)), tails.get(level, (0, 0))[1]
                for n, data in plain_rows(
                    connection,
                    "SELECT n, data FROM tile WHERE ledger_id = :l AND level = :v AND n >= :n",
                    {"l": ledger.ledger_id, "v": level, "n": full},
                ):
                    if n != full or len(data) != width * HASH_SIZE:
                        rows.append((level, n, len(data)))
        if not rows:
            return None
        level, n, _ = rows[0]
        name = f"tile of level {level}, number {n}"
        return Finding(
            None, "tile altered", f"The {name} has hashes of entries that are not there."
        )

    def _partial_tiles(self) -> Finding | None:
        for tile in self.tree.partial():
            finding = self._compare(tile)
            if finding is not None:
                return finding
        return None

    def _compare(self, tile: Tile) -> Finding | None:
        with self._ledger.database.read() as connection:
            stored = tile_of(connection, self._ledger.ledger_id, tile.level, tile.n)
        if stored[: len(tile.data)] == tile.data:
            return None
        at = next(
            at
            for at in range(tile.width)
            if stored[at * HASH_SIZE : (at + 1) * HASH_SIZE]
            != tile.data[at * HASH_SIZE : (at + 1) * HASH_SIZE]
        )
        span = 1 << (8 * tile.level)
        first = (tile.n * 256 + at) * span
        name = tile_path(tile.level, tile.n, tile.width)
        what = f"entries {first} to {first + span - 1} give" if span > 1 else f"entry {first} gives"
        return Finding(first, "tile altered", f"Hash {at} of {name} is not what {what}.")
