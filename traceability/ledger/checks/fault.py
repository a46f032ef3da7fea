"""The search for what is wrong in a slice of the record, entry by entry.

The first position that does not fit is named, and which hand it looks like: an entry that was
rewritten, taken out, put in, moved; a tile that was rewritten; a body that is gone or not its own.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from traceability.errors import LedgerCorrupt
from traceability.ledger.append import Ledger
from traceability.ledger.checks.finding import Finding
from traceability.ledger.checks.rows import Row, entry_rows, leaves_of, one_value, tile_of
from traceability.ledger.checks.tree import Regrown
from traceability.ledger.entry import SALT_SIZE, Entry, body_commitment
from traceability.ledger.merkle import HASH_SIZE, leaf_hash
from traceability.ledger.redacted import erased_by
from traceability.ledger.tiles import WIDTH

__all__ = ["Fault"]

_TILES_STEP = 64


class Fault:
    """Looks for the first fault of one slice after another."""

    def __init__(self, ledger: Ledger, size: int) -> None:
        self._ledger = ledger
        self._size = size
        self.leaves: list[bytes] = []
        """Of the slice, if nothing was found wrong in it."""
        self.recorded = b""
        """Record time of its last entry, decimal digits."""
        self.erased = 0
        """Bodies in it that were erased, and say so."""

    def find(self, rows: Sequence[Row], stored: bytes, recorded: bytes) -> Finding | None:
        """Return the first thing wrong in these rows.

        Args:
            rows: Entries that follow one another.
            stored: Their leaves in the stored tree, joined; fewer if tiles are missing.
            recorded: Record time of the entry before them, decimal digits; empty for none.
        """
        self.leaves, self.erased = [], 0
        last = int(recorded) if recorded else -(2**63)
        with self._ledger.database.read() as connection:
            for at, (position, kind, stored_entry, salt, body) in enumerate(rows):
                entry = as_bytes(stored_entry)
                leaf = leaf_hash(entry)
                if leaf != stored[at * HASH_SIZE : (at + 1) * HASH_SIZE]:
                    return self._leaf(connection, position, leaf)
                # The same bytes as text are no bytes: whoever reads them next trips over them.
                if not isinstance(stored_entry, bytes):
                    return _no_bytes(position, "entry")
                if not all(one is None or isinstance(one, bytes) for one in (salt, body)):
                    return _no_bytes(position, "body")
                try:
                    read = Entry.parse(entry)
                except LedgerCorrupt as error:
                    return Finding(position, "changed entry", str(error))
                finding = self._entry(position, read, str(kind), last) or self._body(
                    connection, position, read, as_bytes(salt), as_bytes(body)
                )
                if finding is not None:
                    return finding
                last = read.record
                self.leaves.append(leaf)
        self.recorded = str(last).encode()
        return None

    def gap(self, position: int, stranger: int | None) -> Finding:
        """Say what it means that no entry stands at a position."""
        if stranger is not None and stranger < position:
            return Finding(position, "inserted", f"A row stands where {position} is expected.")
        with self._ledger.database.read() as connection:
            later = stranger
            if later is None:
                later = one_value(
                    connection,
                    "SELECT position FROM entry WHERE ledger_id = :l AND position > :p "
                    "ORDER BY position LIMIT 1",
                    {"l": self._ledger.ledger_id, "p": position},
                )
        if later is None:
            return Finding(
                position,
                "truncated tail",
                f"Entries from {position} to {self._size - 1} are missing at the end.",
            )
        return Finding(position, "deleted", f"Entry {position} is missing.")

    def _entry(self, position: int, entry: Entry, kind: str, last: int) -> Finding | None:
        if entry.origin != self._ledger.origin:
            return Finding(
                position,
                "changed entry",
                f"Entry {position} says that it belongs to {entry.origin}, "
                f"the ledger is {self._ledger.origin}.",
            )
        if entry.kind != kind:
            return Finding(
                position,
                "changed entry",
                f"Entry {position} is of kind {entry.kind!r}, the column beside it says {kind!r}.",
            )
        if entry.record <= last:
            return Finding(
                position,
                "reordered",
                f"Entry {position} was recorded before the one that stands in front of it.",
            )
        return None

    def _leaf(self, connection: Connection, position: int, leaf: bytes) -> Finding:
        """Say what it means that an entry does not hash to its leaf."""
        key = self._ledger.ledger_id
        first = position - position % WIDTH
        around, _ = entry_rows(connection, key, first, min(first + WIDTH, self._size))
        given = [leaf_hash(as_bytes(row[2])) for row in around]
        at = position - first
        leaves = leaves_of(connection, key, first, first + WIDTH)
        kept = [leaves[i : i + HASH_SIZE] for i in range(0, len(leaves), HASH_SIZE)]
        if (
            given[at + 1 : at + 2]
            and given[at + 1 :][: len(kept) - at - 1] == (kept[at : at + len(given) - at - 1])
        ):
            return Finding(position, "inserted", f"Entry {position} was put in between others.")
        if (
            kept[at + 1 : at + 2]
            and kept[at + 1 :][: len(given) - at] == (given[at : at + len(kept) - at - 1])
        ):
            return Finding(
                position, "deleted", f"Entry {position} was taken out and the others moved up."
            )
        if self._is_sealed_above(connection, first, given):
            return Finding(
                position,
                "tile altered",
                f"The leaf of entry {position} in the tree is not its hash; "
                "the tree above has the hash of the entry as it is.",
            )
        other = self._place_of(connection, leaf)
        if other is not None:
            return Finding(
                position, "reordered", f"Position {position} holds the entry of position {other}."
            )
        return Finding(
            position, "changed entry", f"Entry {position} does not hash to its leaf in the tree."
        )

    def _is_sealed_above(self, connection: Connection, first: int, given: list[bytes]) -> bool:
        """Say whether the node above a tile is the hash of the entries rather than of the tile."""
        if len(given) < min(WIDTH, self._size - first):
            return False
        if len(given) == WIDTH:
            tree = Regrown()
            for _ in tree.add(given):
                pass
            above = tile_of(connection, self._ledger.ledger_id, 1, first // WIDTH // WIDTH)
            at = first // WIDTH % WIDTH * HASH_SIZE
            return above[at : at + HASH_SIZE] == tree.frontier().hashes[0]
        head = one_value(
            connection,
            "SELECT frontier FROM ledger WHERE ledger_id = :l AND size = :s",
            {"l": self._ledger.ledger_id, "s": self._size},
        )
        tree = Regrown()
        for _ in tree.add(given):
            pass
        return isinstance(head, bytes) and head.endswith(tree.frontier().encode())

    def _place_of(self, connection: Connection, leaf: bytes) -> int | None:
        """Return at which position the tree holds a leaf."""
        for first in range(0, self._size, _TILES_STEP * WIDTH):
            leaves = leaves_of(
                connection,
                self._ledger.ledger_id,
                first,
                min(first + _TILES_STEP * WIDTH, self._size),
            )
            at = leaves.find(leaf)
            while at >= 0 and at % HASH_SIZE:
                at = leaves.find(leaf, at + 1)
            if at >= 0:
                return first + at // HASH_SIZE
        return None

    def _body(
        self, connection: Connection, position: int, entry: Entry, salt: bytes, body: bytes
    ) -> Finding | None:
        if body or salt:
            if len(salt) == SALT_SIZE and body_commitment(salt, body) == entry.body:
                return None
            return Finding(
                position, "changed body", f"The body at position {position} is not what was sealed."
            )
        by = erased_by(connection, self._ledger.ledger_id, position)
        if by is not None:
            self.erased += 1
            return None
        return Finding(
            position,
            "missing body",
            f"The body of entry {position} is gone, and no entry says that it was erased.",
        )


def _no_bytes(position: int, what: str) -> Finding:
    return Finding(
        position, f"changed {what}", f"The {what} at position {position} is stored as no bytes."
    )


def as_bytes(stored: object) -> bytes:
    """Return stored bytes; a hand at the file may have left text there, or nothing at all."""
    if isinstance(stored, str):
        return stored.encode()
    return stored if isinstance(stored, bytes) else b""
