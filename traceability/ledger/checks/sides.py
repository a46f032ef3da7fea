"""The rows beside the entries that must follow from them: landmarks, erasures, personal values.

They are few, and each says something of one entry: where the rare kinds stand, which body was
erased by whom, which personal value is behind a commitment. A row that no entry speaks for, and an
entry whose row is not there, are named.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from operator import itemgetter
from typing import Any

from traceability.epcis import body as bodies
from traceability.errors import InvalidEvent
from traceability.ledger.append import Ledger
from traceability.ledger.checks.finding import Finding
from traceability.ledger.checks.rows import Row, one_value, plain_rows
from traceability.ledger.entry import SALT_SIZE, body_commitment
from traceability.ledger.redacted import left_of

__all__ = ["Sides"]

_STEP = 1000
_EVENTS = frozenset(("event", "declaration"))
_UNMARKED = frozenset(("event", "declaration", "master", "private"))
_DOCUMENT = b',"document":"'
_KIND, _ENTRY = itemgetter(1), itemgetter(2)


class Sides:
    """Collects what a walk over the entries says of other tables, and compares at its end."""

    def __init__(self, ledger: Ledger, size: int) -> None:
        self._ledger = ledger
        self._size = size
        self._where = {"l": ledger.ledger_id, "s": size}
        self._kinds: Counter[str] = Counter()
        self._erased_values: dict[str, int] = {}
        self._erased_documents: set[bytes] = set()
        self._erased_bodies: dict[int, int] = {}
        self._missing_values: dict[str, int] = {}
        self._missing_documents: dict[bytes, int] = {}
        self._document_seen = b""

    def see(self, rows: Sequence[Row]) -> Finding | None:
        """Take note of what entries say; each is known to be as it was sealed."""
        kinds = Counter(map(_KIND, rows))
        self._kinds.update(kinds)
        # Slices of nothing but events are by far the most, and are not gone through for others.
        rare = [row for row in rows if row[1] not in _EVENTS] if kinds.keys() - _EVENTS else ()
        for position, kind, _, _, body in rare:
            finding = None if body is None else self._see_rare(position, kind, body)
            if finding is not None:
                return finding
        if _DOCUMENT not in b"".join(map(_ENTRY, rows)):
            return None
        for row in rows:
            if _DOCUMENT in row[2] and (finding := self._document(row[0], row[2])):
                return finding
        return None

    def _see_rare(self, position: int, kind: str, body: bytes) -> Finding | None:
        if kind != "erasure" and b'"private":{' not in body:
            return None
        try:
            tree = bodies.parse(body)
        except InvalidEvent:
            return None
        if not isinstance(tree, Mapping):
            return None
        if kind == "erasure":
            return self._erasure(position, tree)
        private = tree.get("private")
        return self._values(position, private) if isinstance(private, Mapping) else None

    def _erasure(self, position: int, tree: Mapping[str, Any]) -> Finding | None:
        for name in tree.get("fields", ()):
            self._erased_values[str(name)] = position
        for digest in tree.get("documents", ()):
            self._erased_documents.add(bytes.fromhex(str(digest)))
        for erased in tree.get("positions", ()):
            if left_of(tree, erased) is None or not 0 <= erased < position:
                continue
            self._erased_bodies.setdefault(erased, position)
            where = {"l": self._ledger.ledger_id, "p": erased}
            with self._ledger.database.read() as connection:
                by = one_value(
                    connection,
                    "SELECT position FROM erasure WHERE ledger_id = :l AND erased = :p",
                    where,
                )
                body = one_value(
                    connection,
                    "SELECT position FROM body WHERE ledger_id = :l AND position = :p",
                    where,
                )
            if by != self._erased_bodies[erased] or body is not None:
                return Finding(
                    position,
                    "side row",
                    f"Entry {position} erased the body of entry {erased}, and the table of "
                    "erasures does not say so, or the body is back.",
                )
        return None

    def _values(self, position: int, sealed: Mapping[str, Any]) -> Finding | None:
        with self._ledger.database.read() as connection:
            rows = plain_rows(
                connection,
                "SELECT field, salt, value FROM private WHERE ledger_id = :l AND position = :p",
                {"l": self._ledger.ledger_id, "p": position},
            ).fetchall()
        for name, salt, value in rows:
            if not (
                isinstance(salt, bytes)
                and len(salt) == SALT_SIZE
                and body_commitment(salt, str(value).encode()).hex() == sealed.get(name)
            ):
                return Finding(
                    position,
                    "side row",
                    f"The personal value {name!r} of entry {position} is not what was sealed.",
                )
        self._kinds["private"] += len(rows)
        for name in sealed.keys() - {row[0] for row in rows}:
            self._missing_values[name] = position
        return None

    def _document(self, position: int, entry: bytes) -> Finding | None:
        at = entry.index(_DOCUMENT) + len(_DOCUMENT)
        digest = bytes.fromhex(entry[at : at + 64].decode())
        if digest == self._document_seen:  # the events of one document follow one another
            return None
        self._document_seen = digest
        with self._ledger.database.read() as connection:
            stored = one_value(
                connection,
                "SELECT bytes FROM document WHERE ledger_id = :l AND sha256 = :d",
                {"l": self._ledger.ledger_id, "d": digest},
            )
        if stored is None:
            self._missing_documents.setdefault(digest, position)
            return None
        try:
            is_same = sha256(zlib.decompress(stored)).digest() == digest
        except (zlib.error, TypeError):
            is_same = False
        if is_same:
            return None
        return Finding(
            position,
            "changed document",
            f"The sender's original of entry {position} is not what was sealed.",
        )

    def compare(self) -> Finding | None:
        """Hold the tables against all that was seen, once the walk is at its end."""
        for check in (self._lost, self._landmarks, self._erasures, self._strangers):
            for finding in check():
                return finding
        return None

    def _lost(self) -> Iterator[Finding]:
        for name, position in self._missing_values.items():
            if self._erased_values.get(name, -1) < position:
                yield Finding(
                    position, "side row", f"The personal value {name!r} of {position} is gone."
                )
        for digest, position in self._missing_documents.items():
            if digest not in self._erased_documents:
                yield Finding(
                    position,
                    "missing document",
                    f"The sender's original of entry {position} is gone, and no entry says that "
                    "it was erased.",
                )

    def _landmarks(self) -> Iterator[Finding]:
        count: Counter[str] = Counter()
        for kind, position, told in self._read(
            "SELECT m.kind, m.position, e.kind FROM landmark m LEFT JOIN entry e "
            "ON e.ledger_id = m.ledger_id AND e.position = m.position WHERE m.ledger_id = :l "
            "AND (m.position < :s) AND (m.kind > :a OR (m.kind = :a AND m.position > :b)) "
            "ORDER BY m.kind, m.position LIMIT :n",
            ("", -(2**62)),
        ):
            if kind != told:
                yield Finding(
                    position,
                    "side row",
                    f"A landmark calls entry {position} {kind}, it is {told}.",
                )
            count[kind] += 1
        for kind, wanted in self._kinds.items():
            if kind not in _UNMARKED and count[kind] != wanted:
                yield self._unmarked(kind)

    def _unmarked(self, kind: str) -> Finding:
        rows = self._read(
            "SELECT e.position, e.position, m.kind FROM entry e LEFT JOIN landmark m "
            "ON m.ledger_id = e.ledger_id AND m.kind = e.kind AND m.position = e.position "
            "WHERE e.ledger_id = :l AND e.position < :s AND e.kind = :k AND e.position > :a "
            "ORDER BY e.position LIMIT :n",
            (-1, -1),
            kind,
        )
        position = next((row[0] for row in rows if row[2] is None), None)
        return Finding(position, "side row", f"Entry {position} ({kind}) is in no landmark.")

    def _erasures(self) -> Iterator[Finding]:
        for erased, position, _ in self._read(
            "SELECT erased, position, 0 FROM erasure WHERE ledger_id = :l AND position < :s "
            "AND (erased > :a OR (erased = :a AND position > :b)) ORDER BY erased, position "
            "LIMIT :n",
            (-(2**62), 0),
        ):
            if self._erased_bodies.get(erased) != position:
                yield Finding(
                    erased,
                    "side row",
                    f"The table of erasures says that entry {position} erased the body of "
                    f"{erased}; the entry does not.",
                )

    def _strangers(self) -> Iterator[Finding]:
        """Find what lies where no entry is: before the first, beyond the last."""
        with self._ledger.database.read() as connection:
            where = {"l": self._ledger.ledger_id}
            where["n"] = one_value(
                connection, "SELECT size FROM ledger WHERE ledger_id = :l", where
            )
            for table in ("entry", "body", "private", "landmark", "erasure"):
                for beyond in ("position < 0", "position >= :n"):
                    position = one_value(
                        connection,
                        f"SELECT position FROM {table} WHERE ledger_id = :l AND {beyond} "  # noqa: S608
                        "LIMIT 1",
                        where,
                    )
                    if position is not None:
                        yield _stranger(table, position)
            values = one_value(
                connection,
                "SELECT count(*) FROM private WHERE ledger_id = :l AND position < :s",
                self._where,
            )
        if values != self._kinds["private"]:
            yield Finding(
                None, "side row", f"Of {values} personal values no entry speaks for every one."
            )

    def _read(
        self, statement: str, after: tuple[Any, Any], kind: str = ""
    ) -> Iterator[tuple[Any, Any, Any]]:
        """Yield rows by their first two columns, a thousand in one moment."""
        while True:
            where = {**self._where, "a": after[0], "b": after[1], "k": kind, "n": _STEP}
            with self._ledger.database.read() as connection:
                rows = plain_rows(connection, statement, where).fetchall()
            yield from rows
            if len(rows) < _STEP:
                return
            after = rows[-1][:2]


def _stranger(table: str, position: int) -> Finding:
    if table == "entry":
        return Finding(position, "inserted", f"Entry {position} lies beyond the ledger's end.")
    return Finding(
        position, "side row", f"A row of {table} for position {position} belongs to no entry."
    )
