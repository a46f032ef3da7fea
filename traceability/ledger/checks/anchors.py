"""What is known of the record from elsewhere: sizes with their roots, signed, that it must contain.

Who can write the database can make every hash in it anew. What he cannot make is a signature, and
what he does not reach is what somebody else keeps: the signer's memory, a checkpoint that a partner
signed along, a file in an auditor's drawer. Each says that the record had so many entries with this
root. A record that gives another root at that size has another history; one that never reaches the
size has lost its end.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from traceability.errors import LedgerCorrupt
from traceability.ledger.append import Ledger
from traceability.ledger.checks.finding import Finding, Gap
from traceability.ledger.checks.keys import Keys
from traceability.ledger.checks.rows import one_value, plain_rows
from traceability.ledger.entry import Entry
from traceability.ledger.merkle import EMPTY_ROOT
from traceability.ledger.proof.checkpoint import Checkpoint
from traceability.ledger.proof.note import InvalidNote, Opened, Verifier, open_note, parse_note

__all__ = ["Anchor", "Anchors", "anchor_of"]

SIGNATURES_ALL = 2000
"""So many of the newest signatures in the table are all checked; of the older ones as many again,
drawn by lot: each takes as long as 50 entries."""
_STEP = 512


@dataclass(frozen=True, slots=True)
class Anchor:
    """A size and its root as something outside the entries has it."""

    size: int
    root: bytes
    source: str
    """What it is, for a sentence: ``the signer's memory``, a file's name."""
    signed_by: Verifier | None = None
    """The log's key; None where nobody signed: a size that was verified here before."""
    cosigned_by: tuple[str, ...] = ()
    """Names of the witnesses whose signatures were checked."""


@dataclass
class Anchors:
    """The known sizes of one ledger, in their order, as a walk over its entries meets them."""

    ledger: Ledger
    size: int
    """Entries that are judged."""
    keys: Keys
    outside: Sequence[Anchor]
    gaps: list[Gap] = field(default_factory=list)
    rows_seen: int = 0
    """Checkpoints of the table that were held against the entries."""
    _good: int = 0
    _begin: int = 0
    _at: list[Anchor] = field(default_factory=list)
    _row: tuple[int, str] | None = None
    _rows: Iterator[tuple[int, str]] | None = None
    _count: int = 0

    def prepare(self, begin: int = 0) -> Finding | None:
        """Sort what is known; say what is wrong with it before an entry is read.

        Args:
            begin: Sizes up to this one are not asked for: the walk begins there.
        """
        self._begin = self._good = begin
        with self.ledger.database.read() as connection:
            where = {"l": self.ledger.ledger_id, "s": begin}
            self._count = one_value(
                connection,
                "SELECT count(*) FROM checkpoint WHERE ledger_id = :l AND size > :s",
                where,
            )
        if finding := self.keys.finding:
            return finding
        for anchor in self.outside:
            if finding := self._in_gap(anchor):
                return finding
            if anchor.size == 0 and anchor.root != EMPTY_ROOT:
                return self._forked(anchor)
        covered = {gap.position: gap for gap in self.gaps}
        self._at = sorted(
            (one for one in self.outside if self.keys.gap_of(one.signed_by, one.size) is None),
            key=lambda one: -one.size,
        )
        self._at = [one for one in self._at if one.size > begin]
        self.gaps = [covered.get(gap.position, gap) for gap in self.keys.gaps]
        self._rows = self._read_rows(begin)
        self._row = next(self._rows, None)
        return None

    def _in_gap(self, anchor: Anchor) -> Finding | None:
        """Note that a declared restore explains why a size is not reached."""
        begun = self.keys.gap_of(anchor.signed_by, anchor.size)
        if begun is None or begun.gap is None:
            return None
        if not begun.is_trusted:
            return Finding(
                begun.gap.first,
                "rolled back",
                f"{anchor.source} speaks of {anchor.size} entries. Entry {begun.position} declares "
                f"a restore from {begun.gap.first}, but the key before did not sign it: believe "
                "it only if the owner tells you so, and then give its new key with --vkey.",
            )
        known = begun.gap.known_size
        self.gaps = [gap for gap in self.gaps if gap.position != begun.position]
        self.gaps.append(
            replace(
                begun.gap,
                seen_size=max(anchor.size, begun.gap.seen_size or 0),
                is_understated=known is not None and anchor.size > known,
            )
        )
        return None

    def next_size(self, after: int) -> int | None:
        """Return the smallest known size beyond one; None if there is none up to the end."""
        sizes = [one.size for one in self._at[-1:] if one.size <= self.size]
        if self._row is not None and self._row[0] <= self.size:
            sizes.append(self._row[0])
        found = min(sizes, default=None)
        assert found is None or found > after, "known sizes come in order"
        return found

    def check(self, size: int, root: bytes) -> Finding | None:
        """Hold a root that the entries give against all that is known of this size."""
        while self._at and self._at[-1].size == size:
            anchor = self._at.pop()
            if anchor.root != root:
                return self._forked(anchor)
        while self._row is not None and self._row[0] == size and self._rows is not None:
            finding = self._check_row(self._row[1], size, root)
            self._row = next(self._rows, None)
            if finding is not None:
                return finding
        self._good = size
        return None

    def _forked(self, anchor: Anchor) -> Finding:
        last = max(anchor.size - 1, 0)
        return Finding(
            self._good,
            "forked history",
            f"{anchor.source} has another root for {anchor.size} entries: the entries from "
            f"{self._good} to {last} are not those that were signed.",
        )

    def _check_row(self, note: str, size: int, root: bytes) -> Finding | None:
        self.rows_seen += 1
        source = f"The checkpoint of {size} entries in the table"
        try:
            text = parse_note(note.encode()).text
            checkpoint = Checkpoint.parse(text)
            newest = self._count - self.rows_seen < SIGNATURES_ALL
            fits = checkpoint.size == size and checkpoint.origin == self.ledger.origin
            if not fits:
                raise InvalidNote(f"it is of {checkpoint.size} entries of {checkpoint.origin!r}")
            # A root that does not fit is a fork if it was signed, and else nobody's word.
            if newest or checkpoint.root != root or self._is_drawn():
                self._log_key(open_note(note.encode(), self.keys.verifiers), source)
        except InvalidNote as error:
            return Finding(size, "checkpoint altered", f"{source} is not one: {error}")
        if checkpoint.root != root:
            return self._forked(Anchor(size, checkpoint.root, source))
        return None

    def _is_drawn(self) -> bool:
        return secrets.randbelow(max(self._count, 1)) < SIGNATURES_ALL

    def _log_key(self, opened: Opened, source: str) -> Verifier:
        for verifier, _ in opened.by:
            if verifier.name == self.ledger.origin:
                return verifier
        raise InvalidNote(f"{source} is not signed by the ledger's own key")

    def beyond(self) -> Finding | None:
        """Say whether something known speaks of more entries than there are."""
        with self.ledger.database.read() as connection:
            where = {"l": self.ledger.ledger_id}
            now = one_value(connection, "SELECT size FROM ledger WHERE ledger_id = :l", where)
            largest = _largest(connection, self.ledger.ledger_id)
        if largest is not None and largest > now:
            return Finding(
                now,
                "truncated tail",
                f"A checkpoint in the table speaks of {largest} entries, there are {now}.",
            )
        for anchor in sorted(self._at, key=lambda one: -one.size):
            if anchor.size > now:
                return Finding(
                    now,
                    "rolled back",
                    f"{anchor.source} speaks of {anchor.size} entries, there are {now}: the "
                    "record went back to an older state, and no entry declares it.",
                )
        return None

    def _read_rows(self, after: int) -> Iterator[tuple[int, str]]:
        while True:
            with self.ledger.database.read() as connection:
                rows = plain_rows(
                    connection,
                    "SELECT size, note FROM checkpoint WHERE ledger_id = :l AND size > :s "
                    "ORDER BY size LIMIT :n",
                    {"l": self.ledger.ledger_id, "s": after, "n": _STEP},
                ).fetchall()
            for size, note in rows:
                yield int(size), str(note)
            if len(rows) < _STEP:
                return
            after = rows[-1][0]


def _largest(connection: Connection, ledger_id: int) -> int | None:
    found = one_value(
        connection,
        "SELECT size FROM checkpoint WHERE ledger_id = :l ORDER BY size DESC LIMIT 1",
        {"l": ledger_id},
    )
    return None if found is None else int(found)


def _first_origin(ledger: Ledger) -> str | None:
    """Return whose the record is by its first entry; None if that cannot be read."""
    with ledger.database.read() as connection:
        data = one_value(
            connection,
            "SELECT entry FROM entry WHERE ledger_id = :l AND position = 0",
            {"l": ledger.ledger_id},
        )
    try:
        return None if data is None else Entry.parse(data).origin
    except LedgerCorrupt:
        return None


def anchor_of(
    data: bytes, source: str, *, ledger: Ledger, keys: Keys, pinned: Sequence[Verifier]
) -> Anchor | Finding:
    """Read a checkpoint that was kept elsewhere.

    Args:
        data: The signed note.
        source: What it is, for a sentence.
        ledger: The ledger it must be of.
        keys: The ledger's own keys.
        pinned: Keys that whoever kept it relies on: of the log, of witnesses.

    Returns:
        What it says; a finding if it is signed by a key that is none of the ledger's.

    Raises:
        InvalidNote: If it is no checkpoint, or not of this ledger.
    """
    try:
        note = parse_note(data)
        checkpoint = Checkpoint.parse(note.text)
    except InvalidNote as error:
        raise InvalidNote(f"{source} is no checkpoint: {error}") from error
    if checkpoint.origin != ledger.origin:
        if _first_origin(ledger) == checkpoint.origin:
            return Finding(
                None,
                "head altered",
                f"The head says that this is {ledger.origin!r}; the first entry and {source} say "
                f"{checkpoint.origin!r}.",
            )
        raise InvalidNote(
            f"{source} is a checkpoint of {checkpoint.origin!r}, the ledger is {ledger.origin!r}."
        )
    known = tuple(dict.fromkeys((*pinned, *keys.verifiers)))
    signers = {(one.name, one.key_id) for one in note.signatures}
    log = [one for one in known if one.name == ledger.origin and (one.name, one.key_id) in signers]
    if not log:
        names = ", ".join(f"{name}+{key_id.hex()}" for name, key_id in sorted(signers))
        return Finding(
            keys.first_position,
            "key swapped",
            f"{source} is signed by {names}; no key in the ledger's entries is that one.",
        )
    opened = open_note(data, known)
    cosigned = tuple(one.name for one, _ in opened.by if one not in log)
    return Anchor(checkpoint.size, checkpoint.root, source, log[0], cosigned)
