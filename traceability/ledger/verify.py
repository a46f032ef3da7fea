"""Is the record what it was? Everything is derived again from what is stored, and compared.

Entries must hash to the leaves in the tiles, bodies to what their entries commit to, tiles and
root to what the leaves give, and positions must follow one another. The first thing that does not
fit is named with its position. What somebody changes who can also change every hash in the
database shows only against something kept outside it: docs/operating.md says so.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import DBAPIError

from traceability.database import APPEND_ONLY, missing_rules
from traceability.errors import LedgerCorrupt
from traceability.ledger.append import Ledger
from traceability.ledger.checks.anchors import Anchor, Anchors, anchor_of
from traceability.ledger.checks.chain import Chain, Progress, See
from traceability.ledger.checks.finding import Finding, Gap
from traceability.ledger.checks.ids import Ids
from traceability.ledger.checks.keys import read_keys
from traceability.ledger.checks.rows import plain_rows
from traceability.ledger.checks.samples import sample, tree_at
from traceability.ledger.checks.sides import Sides
from traceability.ledger.checks.start import Start
from traceability.ledger.checks.state import Comparison
from traceability.ledger.checks.tree import Regrown
from traceability.ledger.merkle import verify_consistency
from traceability.ledger.proof.key_files import key_folder, memory_file, read_key
from traceability.ledger.proof.note import Verifier
from traceability.ledger.proof.proving import Proofs
from traceability.ledger.tiles import WIDTH
from traceability.projections.folded import folded

__all__ = ["Finding", "Gap", "Kept", "Report", "kept_by_signer", "verify"]


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept outside the database and tells of the record as it was."""

    notes: tuple[tuple[str, bytes], ...] = ()
    """Signed checkpoints with what each is called in a sentence."""
    verifiers: tuple[Verifier, ...] = ()
    """Keys that whoever checks relies on: of the log, of witnesses."""
    own: tuple[Verifier, ...] = ()
    """Keys of which the private half lies here: the keeper's own, whoever signed for them."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a verification found."""

    size: int
    root: str
    """64 hex digits."""
    finding: Finding | None
    seconds: float
    erased: int
    with_projections: bool
    checkpoints: int = 0
    """Checkpoints in the table that were held against the entries."""
    outside: tuple[Anchor, ...] = ()
    """What was kept elsewhere and agrees."""
    gaps: tuple[Gap, ...] = ()
    """Restores that the record declares."""
    since: int = 0
    """Position of the first entry that was looked at, but for samples before it."""
    sampled: int = 0
    """Entries before it that were looked at, drawn by lot."""

    @property
    def is_true(self) -> bool:
        """Say whether everything fits."""
        return self.finding is None


def kept_by_signer(ledger: Ledger) -> Kept:
    """Return what the signer on this machine remembers, outside the database.

    Empty for a copy of a ledger that has no folder of keys beside it.
    """
    folder = key_folder(ledger.database)
    if not folder.is_dir():
        return Kept()
    own = [read_key(path) for path in sorted(folder.glob(f"{ledger.name}-*.key"))]
    memory = memory_file(folder, ledger.name)
    notes = ((f"The signer's memory {memory}", memory.read_bytes()),) if memory.exists() else ()
    return Kept(notes, own=tuple(one.verifier for one in own if one is not None))


def verify(
    ledger: Ledger,
    *,
    projections: bool = False,
    progress: Progress | None = None,
    kept: Kept | None = None,
    start: Start | None = None,
) -> Report:
    """Check a whole ledger from what is stored.

    Args:
        ledger: Read only; appends may go on meanwhile, they are not looked at.
        projections: Also fold everything anew and compare the state.
        progress: Told how many of how many entries have been checked.
        kept: What is kept outside the database.
        start: Where to begin; what stands before is looked at by lot only.

    Raises:
        InvalidNote: If something kept is no checkpoint, or is one of another ledger.
        LedgerCorrupt: If a table is gone, or a column holds what no reading makes sense of.
    """
    driver: Any = ledger.database.engine.dialect.dbapi  # a module of the driver's
    try:
        report = _Verification(ledger, projections, progress, kept or Kept(), start).run()
        if start is None or report.is_true:
            return report
        # Where something is wrong, the whole record tells best where.
        whole = _Verification(ledger, projections, progress, kept or Kept(), None).run()
    except (driver.Error, DBAPIError) as error:
        told = getattr(error, "orig", None) or error
        raise LedgerCorrupt(f"The record cannot be read to its end: {told}.") from error
    return report if whole.is_true else whole


class _Verification:
    """One check on its way."""

    def __init__(
        self,
        ledger: Ledger,
        projections: bool,
        progress: Progress | None,
        kept: Kept,
        start: Start | None,
    ) -> None:
        self._ledger = ledger
        self._with_projections = projections
        self._progress = progress
        self._kept = kept
        self._start = start
        self._sampled = 0
        self._started = time.monotonic()
        with ledger.database.read() as connection:
            # What is kept was read before: a size signed in between must not look too large.
            head = plain_rows(
                connection,
                "SELECT size, root, frontier, record_at FROM ledger WHERE ledger_id = :l",
                {"l": ledger.ledger_id},
            ).fetchone()
            if not isinstance(head[0], int):
                raise LedgerCorrupt(f"The ledger is said to have {head[0]!r} entries.")
            self._keys = read_keys(
                connection, ledger.ledger_id, pinned=kept.verifiers, own=kept.own
            )
            self._rules = missing_rules(connection)
            begin = 0 if start is None else min(start.size, head[0]) // WIDTH * WIDTH
            tree = tree_at(connection, ledger.ledger_id, begin) if begin else Regrown()
        self._size, self._root, self._frontier, self._record_at = head
        self._begun = Regrown(begin, tree.tails)
        self._anchors = Anchors(ledger, self._size, self._keys, ())
        self._chain = Chain(ledger, self._size, self._anchors, tree)
        self._outside: tuple[Anchor, ...] = ()

    def run(self) -> Report:
        finding = self._prepare()
        if finding is None and self._with_projections:
            with folded(self._ledger) as again:
                comparison = Comparison(self._ledger, self._size, again)
                finding = self._chain_and_sides(comparison) or comparison.compare(self._progress)
        elif finding is None:
            finding = self._chain_and_sides(None)
        if finding is None and self._rules:
            finding = self._rule()
        return Report(
            size=self._size,
            root=bytes(self._root).hex(),
            finding=finding,
            seconds=time.monotonic() - self._started,
            erased=self._chain.erased,
            with_projections=self._with_projections,
            checkpoints=self._anchors.rows_seen,
            outside=self._outside,
            gaps=tuple(self._anchors.gaps),
            since=self._begun.size,
            sampled=self._sampled,
        )

    def _rule(self) -> Finding:
        rule = self._rules[0]
        if rule in APPEND_ONLY:
            detail = f"The append-only rule {rule} is missing or altered."
            return Finding(None, "trigger removed", detail)
        if self._ledger.database.is_file or rule.startswith("trigger "):
            detail = f"{rule} is none of Hangtag's: it may change what is written on its way."
            return Finding(None, "trigger added", detail)
        detail = f"Somebody may change the record who must not: {rule}."
        return Finding(None, "grant changed", detail)

    def _prepare(self) -> Finding | None:
        anchors: list[Anchor] = []
        notes = list(self._kept.notes)
        if self._start is not None and self._start.note:
            notes.append((self._start.source, self._start.note))
        elif self._start is not None:
            anchors.append(Anchor(self._start.size, self._start.root, self._start.source))
        for source, data in dict(notes).items():
            found = anchor_of(
                data,
                source,
                ledger=self._ledger,
                keys=self._keys,
                pinned=self._kept.verifiers,
            )
            if isinstance(found, Finding):
                return found
            anchors.append(found)
        self._outside = tuple(anchors)
        self._anchors.outside = self._outside
        return self._anchors.prepare(self._begun.size) or self._before()

    def _before(self) -> Finding | None:
        """Prove that older sizes kept elsewhere lead to the size where the walk begins."""
        start = self._start
        # A size that ends with a tile is not met again on the walk: its root is compared here.
        if (
            start is not None
            and 0 < start.size == self._begun.size
            and self._begun.frontier().root() != start.root
        ):
            return Finding(
                0,
                "forked history",
                f"{start.source} has another root for {start.size} entries.",
            )
        for anchor in self._outside:
            if start is None or not 0 < anchor.size <= self._begun.size:
                continue
            with self._ledger.database.read() as connection:
                try:
                    proof = Proofs(self._ledger.ledger_id).consistency(
                        connection, anchor.size, start.size
                    )
                except LedgerCorrupt as error:
                    return Finding(None, "tile altered", str(error))
            if not verify_consistency(anchor.size, start.size, anchor.root, start.root, proof):
                return Finding(
                    0,
                    "forked history",
                    f"{anchor.source} has another root for {anchor.size} entries.",
                )
        return None

    def _chain_and_sides(self, comparison: Comparison | None) -> Finding | None:
        sides, ids = Sides(self._ledger, self._size), Ids(self._ledger)
        seen: list[See] = [sides.see]
        # What is folded as it goes by need not be read a second time.
        if comparison is not None and not self._begun.size:
            seen += [ids.see, comparison.take]
        finding = self._chain.walk(self._progress, seen) or self._head()
        finding = finding or self._chain.beyond() or self._anchors.beyond()
        if finding is None and self._begun.size:
            finding, self._sampled = sample(self._ledger, self._chain, self._begun)
            return finding
        finding = finding or sides.compare()
        return finding or (None if comparison is None else ids.compare())

    def _head(self) -> Finding | None:
        frontier = self._chain.tree.frontier()
        if frontier.root() != self._root or frontier.encode() != self._frontier:
            return Finding(None, "root altered", "The ledger's root is not what its entries give.")
        if self._size and self._record_at != self._chain.recorded_at:
            return Finding(
                None,
                "head altered",
                f"The ledger's last record time is {self._record_at}, its last entry's is "
                f"{self._chain.recorded_at}.",
            )
        return None
