"""A bundle of evidence: all that the record holds of one thing, to be checked without Hangtag.

One zip with the entries as they were sealed, their words, the proof of each against one signed
checkpoint, the keys, the policy, what was corrected and what was erased, a page that explains it,
and the program that checks it (`bundle_check.py`, as ``verify.py``). The same ledger and checkpoint
give the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from sqlalchemy import text

from traceability.database import rows_by
from traceability.errors import LedgerCorrupt, Refused
from traceability.ledger import tables
from traceability.ledger.append import Ledger
from traceability.ledger.entry import SALT_SIZE, Entry, body_commitment
from traceability.ledger.merkle import leaf_hash, verify_inclusion
from traceability.ledger.proof import bundle_check, evidence_words
from traceability.ledger.proof.checkpoint import Checkpoint
from traceability.ledger.proof.cosigning import (
    add_checkpoint_request,
    ask_witnesses,
    cosigned_note,
    policy_file,
    read_policy,
)
from traceability.ledger.proof.evidence_scope import Scope, scope_of, spellings_in
from traceability.ledger.proof.log_keys import read_log_keys
from traceability.ledger.proof.note import Verifier, open_note, parse_note
from traceability.ledger.proof.policy import Policy, Quorum
from traceability.ledger.proof.proof_file import ProofFile
from traceability.ledger.proof.proving import Proofs
from traceability.ledger.proof.signing import sign_now
from traceability.projections.aliases import names_of
from traceability.projections.holding import class_of
from traceability.projections.items import find_items
from traceability.projections.view import View, look

__all__ = ["Evidence", "write_evidence"]

ENTRIES_MAX: Final = 100_000
"""Entries in a bundle; more are no evidence about one thing, but a copy of the ledger."""
OLDER_MAX: Final = 12
"""Older checkpoints that a bundle leads back to."""
SLICE: Final = 500
_STAMP: Final = (1980, 1, 1, 0, 0, 0)
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was put into a bundle."""

    key: str
    name: str
    size: int
    """Entries of the ledger at the checkpoint."""
    entries: int
    """Entries in the bundle."""
    witnesses: tuple[str, ...]
    """Those of the policy that signed the checkpoint."""
    is_enough: bool
    """Whether these are the quorum of the policy; without a policy never."""
    erased: int
    inferred: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Signed:
    """The checkpoint that everything is proven against."""

    note: bytes
    checkpoint: Checkpoint
    key: Verifier
    policy: Policy | None
    quorum: Quorum | None

    @property
    def is_enough(self) -> bool:
        return (
            self.policy is not None
            and not self.policy.asks_nobody
            and self.quorum is not None
            and self.quorum.is_met
        )


def write_evidence(
    ledger: Ledger,
    key: str,
    out: IO[bytes],
    *,
    as_of: int | None = None,
    older: bytes | None = None,
    asks: bool = True,
    most: int = ENTRIES_MAX,
    progress: Progress | None = None,
) -> Evidence:
    """Write the bundle about a thing.

    Args:
        ledger: Is signed first, if it has grown since it was.
        key: The thing.
        out: A file open for writing.
        as_of: Prove against the newest checkpoint of at most so many entries instead.
        older: A checkpoint that its reader kept: a proof from there is put in.
        asks: Also ask the witnesses of the policy for their signatures.
        most: Entries that whoever waits for it has the time for: a thousand take about a second.
        progress: Told how many of how many entries have been written.

    Raises:
        Refused: If the thing was never seen, or there is no such checkpoint.
        LedgerCorrupt: If the ledger is not what it signed, or not what ``older`` says.
    """
    size = _newest(ledger, as_of, asks)
    with look(ledger) as view:
        if not find_items(view, [key, *names_of(view, key)]):
            raise Refused(f"{key} was never seen: there is nothing to prove.")
        scope = scope_of(view, key, size)
        if as_of is None:
            size = _better(ledger, view, size, max(scope.positions) + 1)
        signed = _signed(ledger, view, size)
        count = len(scope.positions)
        if count > ENTRIES_MAX:
            raise Refused(
                f"{count} entries speak of {key}, a bundle holds {ENTRIES_MAX}: "
                "export the whole ledger with hangtag ledger export-tiles --bodies."
            )
        if count > most:
            raise Refused(
                f"{count} entries speak of {key}, too many to wait for on a page: "
                f"write them with hangtag evidence {key} -o evidence.zip."
            )
        return _Bundle(ledger, view, scope, signed, out).write(older, progress)


def _newest(ledger: Ledger, as_of: int | None, asks: bool) -> int:
    """Sign what has grown; return the size to prove against."""
    refusal: Refused | None = None
    if as_of is None:
        try:
            note = sign_now(ledger)
            if asks:
                ask_witnesses(ledger, note)
        except Refused as error:  # a folder of keys that only the server may read, for example
            refusal = error
    with ledger.database.read() as connection:
        found = connection.execute(
            text("SELECT max(size) FROM checkpoint WHERE ledger_id = :l AND size <= :s"),
            {"l": ledger.ledger_id, "s": 2**62 if as_of is None else as_of},
        ).scalar()
    if found:
        return int(found)
    raise refusal or Refused(f"No checkpoint of at most {as_of} entries was signed.")


def _better(ledger: Ledger, view: View, size: int, least: int) -> int:
    """Return an older size that has the quorum, if the newest has not and all is in it."""
    policy = read_policy(ledger)
    if policy is None or policy.asks_nobody:
        return size
    rows = view.connection.execute(
        text(
            "SELECT DISTINCT size FROM cosignature WHERE ledger_id = :l AND size >= :n "
            "AND size <= :s ORDER BY size DESC LIMIT 50"
        ),
        {"l": view.ledger_id, "n": least, "s": size},
    )
    for row in rows.all():
        if _signed(ledger, view, row.size).is_enough:
            return int(row.size)
    return size


def _signed(ledger: Ledger, view: View, size: int) -> _Signed:
    note = cosigned_note(view.connection, view.ledger_id, size)
    if note is None:
        raise Refused(f"No checkpoint of {size} entries was signed.")
    keys = [key.verifier for key in read_log_keys(view.connection, view.ledger_id)]
    policy = read_policy(ledger)
    opened = open_note(note, dict.fromkeys([*keys, *(policy.verifiers if policy else ())]))
    by = {verifier for verifier, _ in opened.by}
    newest = next((key for key in reversed(keys) if key in by), None)
    if newest is None:
        raise LedgerCorrupt(f"No key of the ledger signed its checkpoint of {size} entries.")
    quorum = policy.check(opened) if policy else None
    return _Signed(note, Checkpoint.parse(opened.text), newest, policy, quorum)


def _note(view: View, size: int) -> bytes:
    found = view.connection.execute(
        text("SELECT note FROM checkpoint WHERE ledger_id = :l AND size = :s"),
        {"l": view.ledger_id, "s": size},
    ).scalar_one()
    return str(found).encode()


class _Bundle:
    """One zip on its way out, member by member; each is hashed for the list at the end."""

    def __init__(
        self, ledger: Ledger, view: View, scope: Scope, signed: _Signed, out: IO[bytes]
    ) -> None:
        self._ledger = ledger
        self._view = view
        self._scope = scope
        self._signed = signed
        self._zip = zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED)
        self._digests: dict[str, str] = {}
        self._spellings: set[str] = set()
        self._lines: list[evidence_words.Line] = []
        self._proofs = Proofs(view.ledger_id)

    def write(self, older: bytes | None, progress: Progress | None) -> Evidence:
        with self._zip:
            self._entries(progress)
            self._older(older)
            erased = {line.position: line.erased_by for line in self._lines if line.erased_by >= 0}
            label = self._view.label(self._scope.key)
            quorum, enough = self._signed.quorum, self._signed.is_enough
            told = Evidence(
                key=self._scope.key,
                name=str(label),
                size=self._signed.checkpoint.size,
                entries=len(self._lines),
                witnesses=tuple(name for name, _ in quorum.by) if quorum else (),
                is_enough=enough,
                erased=len(erased),
                inferred=tuple(self._scope.inferred),
            )
            self._add("checkpoint", self._signed.note)
            self._add("log.vkey", f"{self._signed.key}\n".encode())
            self._add("policy.txt", self._policy())
            self._add("summary.json", self._summary(told, erased))
            words = evidence_words.words_of(told, self._signed.checkpoint, str(self._signed.key))
            self._add("VERIFY.md", evidence_words.verify_page(words).encode())
            self._add("STORY.md", evidence_words.story_page(words, self._lines).encode())
            self._add("verify.py", Path(bundle_check.__file__).read_bytes())
            listed = "".join(
                f"{digest}  {name}\n" for name, digest in sorted(self._digests.items())
            )
            self._add("files.sha256", listed.encode())
        return told

    def _add(self, name: str, data: bytes) -> None:
        info = zipfile.ZipInfo(name, _STAMP)
        info.compress_type = zipfile.ZIP_DEFLATED
        info.create_system = 3
        info.external_attr = 0o644 << 16
        self._digests[name] = hashlib.sha256(data).hexdigest()
        self._zip.writestr(info, data)

    def _entries(self, progress: Progress | None) -> None:
        positions = sorted(self._scope.positions)
        for first in range(0, len(positions), SLICE):
            slice_ = positions[first : first + SLICE]
            self._slice(slice_)
            if progress is not None:
                progress(first + len(slice_), len(positions))

    def _slice(self, positions: Sequence[int]) -> None:
        entries, bodies = (self._rows(source, positions) for source in (tables.entry, tables.body))
        erased = {row.erased: row.position for row in self._rows(tables.erasure, positions)[1]}
        size = self._signed.checkpoint.size
        proofs = self._proofs.inclusions(self._view.connection, positions, size)
        stored = {row.position: row for row in bodies[1]}
        keys = self._names()
        for row, proof in zip(self._in_order(entries[1], positions), proofs, strict=True):
            stem = f"entries/{row.position:09d}"
            entry = bytes(row.entry)
            file = ProofFile(row.position, tuple(proof), self._signed.note)
            self._add(f"{stem}.entry.json", entry)
            self._add(f"{stem}.tlog-proof", file.encode())
            body = stored.get(row.position)
            self._compare(file, entry, body)
            if body is not None:
                self._add(f"{stem}.body.json", bytes(body.body))
                self._add(f"{stem}.salt", f"{bytes(body.salt).hex()}\n".encode())
                self._spellings |= spellings_in(bytes(body.body), keys)
            self._lines.append(
                evidence_words.line_of(
                    self._view,
                    row.position,
                    self._scope.positions[row.position],
                    entry,
                    bytes(body.body) if body is not None else None,
                    erased.get(row.position, -1),
                )
            )

    def _compare(self, file: ProofFile, entry: bytes, body: Any) -> None:
        """Let nothing out that its reader would find to be untrue."""
        now = self._signed.checkpoint
        sealed = leaf_hash(entry)
        is_true = verify_inclusion(file.index, now.size, sealed, file.hashes, now.root)
        if is_true and body is not None:
            salt, said = bytes(body.salt), bytes(body.body)
            is_true = len(salt) == SALT_SIZE and (
                body_commitment(salt, said) == Entry.parse(entry).body
            )
        if not is_true:
            raise LedgerCorrupt(
                f"Entry {file.index} is not what was sealed: run hangtag ledger verify."
            )

    def _rows(self, source: Any, positions: Sequence[int]) -> tuple[str, list[Any]]:
        column = "erased" if source is tables.erasure else "position"
        names = [one.name for one in source.c if one.name != "ledger_id"]
        rows = rows_by(
            self._view.connection,
            source,
            names,
            ledger_id=self._view.ledger_id,
            column=column,
            values=positions,
        )
        return column, rows

    @staticmethod
    def _in_order(rows: list[Any], positions: Sequence[int]) -> Iterator[Any]:
        by_position = {row.position: row for row in rows}
        for position in positions:
            if position not in by_position:
                raise LedgerCorrupt(f"Entry {position} is missing: run hangtag ledger verify.")
            yield by_position[position]

    def _names(self) -> set[str]:
        key = self._scope.key
        return {key, class_of(key), *names_of(self._view, key)}

    def _older(self, given: bytes | None) -> None:
        """Lead back to checkpoints of earlier: a reader may have kept one of them."""
        connection, ledger_id = self._view.connection, self._view.ledger_id
        now = self._signed.checkpoint
        sizes = list(
            connection.execute(
                text(
                    "SELECT size FROM checkpoint WHERE ledger_id = :l AND size > 0 AND size < :s "
                    "ORDER BY size"
                ),
                {"l": ledger_id, "s": now.size},
            ).scalars()
        )
        if len(sizes) > OLDER_MAX:
            step = (len(sizes) - 1) / (OLDER_MAX - 1)
            sizes = sorted({sizes[round(number * step)] for number in range(OLDER_MAX)})
        # As the log signed them, without the witnesses of that day: nobody need know those today.
        notes = {size: _note(self._view, size) for size in sizes}
        if given is not None:
            kept = Checkpoint.parse(parse_note(given).text)
            if not 0 < kept.size <= now.size:
                raise Refused(
                    f"The checkpoint that was kept has {kept.size} entries, this one {now.size}."
                )
            if self._proofs.root(connection, kept.size) != kept.root:
                raise LedgerCorrupt(
                    f"At {kept.size} entries this ledger has another root than the checkpoint "
                    "that was kept: one of the two histories was rewritten."
                )
            notes.setdefault(kept.size, given)
        for size, note in sorted(notes.items()):
            if size < now.size:
                proof = self._proofs.consistency(connection, size, now.size)
                stem = f"older/{size:09d}"
                self._add(f"{stem}.checkpoint", note)
                request = add_checkpoint_request(size, proof, self._signed.note)
                self._add(f"{stem}.add-checkpoint", request)

    def _policy(self) -> bytes:
        if self._signed.policy is not None:
            return policy_file(self._ledger).read_bytes()
        return (
            f"# No witness is asked: operator only.\nlog {self._signed.key}\nquorum none\n".encode()
        )

    def _summary(self, told: Evidence, erased: dict[int, int]) -> bytes:
        checkpoint = self._signed.checkpoint
        tree = {
            "bundle": "hangtag-evidence-1",
            "key": told.key,
            "name": told.name,
            "spellings": sorted(self._spellings),
            "origin": checkpoint.origin,
            "size": checkpoint.size,
            "root": b64encode(checkpoint.root).decode(),
            "witnesses": list(told.witnesses),
            "is_enough": told.is_enough,
            "about": self._scope.about("it", "around"),
            "entries": [
                {"position": line.position, "kind": line.kind, "about": line.about}
                for line in self._lines
            ],
            "erased": {str(at): by for at, by in sorted(erased.items())},
            "inferred": list(told.inferred),
        }
        return (json.dumps(tree, ensure_ascii=False, indent=1) + "\n").encode()
