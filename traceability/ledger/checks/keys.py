"""The keys that sign for the record, each brought in by an entry, as a check looks at them.

The first key stands for itself; every later one must be signed by the one before. A restore from a
backup brings in a key as well: what was signed before it and is not in the backup is missing, and
said to be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from traceability.errors import LedgerCorrupt
from traceability.ledger.checks.finding import Finding, Gap
from traceability.ledger.proof.log_keys import RESTORE, LogKey, key_entries, read_log_keys
from traceability.ledger.proof.note import Verifier
from traceability.ledger.proof.proving import Proofs

__all__ = ["Begun", "Keys", "read_keys"]

NEWS = "restore-news"


@dataclass(frozen=True, slots=True)
class Begun:
    """One key of the ledger, and the restore that began it, if one did."""

    epoch: int
    verifier: Verifier
    position: int
    is_trusted: bool
    """The key before signed it, or somebody who knows says that it is the owner's."""
    gap: Gap | None = None


@dataclass(frozen=True, slots=True)
class Keys:
    """All keys of a ledger, in their order."""

    begun: tuple[Begun, ...] = ()
    finding: Finding | None = None
    """What is wrong with them, if anything is."""

    @property
    def verifiers(self) -> tuple[Verifier, ...]:
        """The keys by which checkpoints are checked."""
        return tuple(one.verifier for one in self.begun)

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """The declared restores."""
        return tuple(one.gap for one in self.begun if one.gap is not None)

    @property
    def first_position(self) -> int | None:
        """Where the first key was entered."""
        return self.begun[0].position if self.begun else None

    def gap_of(self, verifier: Verifier | None, size: int) -> Begun | None:
        """Return the restore that explains why a size signed by a key is not reached."""
        epoch = next((one.epoch for one in self.begun if one.verifier == verifier), None)
        if verifier is None or epoch is None:
            return None
        for one in self.begun:
            if one.gap is not None and one.epoch > epoch and size > one.gap.first:
                return one
        return None


def read_keys(
    connection: Connection,
    ledger_id: int,
    *,
    pinned: Sequence[Verifier] = (),
    own: Sequence[Verifier] = (),
) -> Keys:
    """Read the keys of a ledger and the restores that it declares.

    Args:
        connection: The ledger's database.
        ledger_id: The ledger.
        pinned: Keys that somebody relies on; one of the log's must be among the ledger's.
        own: Keys that are known to be the keeper's, whoever signed for them in the ledger.
    """
    trusted = (*pinned, *own)
    try:
        keys = read_log_keys(connection, ledger_id)
    except LedgerCorrupt as error:
        return Keys(finding=Finding(None, "key not signed", str(error)))
    told = dict(key_entries(connection, ledger_id))
    begun: list[Begun] = []
    for number, key in enumerate(keys):
        # Whoever is trusted with a later key says by that that the ones before it were his, too.
        is_known = any(later.verifier in trusted for later in keys[number:])
        is_trusted = not number or key.is_vouched_for or is_known
        tree = told[key.position]
        is_restore = tree.get("type") == RESTORE
        finding = None
        if is_restore:
            gap, finding = _gap(connection, ledger_id, key, tree)
        else:
            gap = None
        if not is_trusted and not is_restore:
            finding = Finding(
                key.position,
                "key not signed",
                f"Entry {key.position} begins a key that the key before it did not sign: believe "
                "it only if the owner tells you so, and then give it with --vkey.",
            )
        if finding is not None:
            return Keys(tuple(begun), finding)
        begun.append(Begun(key.epoch, key.verifier, key.position, is_trusted, gap))
    begun = [_with_news(one, told.values()) for one in begun]
    swapped = [one for one in pinned if begun and one.name == begun[0].verifier.name]
    if swapped and not any(one.verifier in swapped for one in begun):
        return Keys(
            tuple(begun),
            Finding(
                begun[0].position,
                "key swapped",
                f"The key {swapped[0]} is none of those in the ledger's entries.",
            ),
        )
    return Keys(tuple(begun))


def _gap(
    connection: Connection, ledger_id: int, key: LogKey, tree: Mapping[str, Any]
) -> tuple[Gap | None, Finding | None]:
    missing = tree.get("missing")
    known = missing.get("known_size") if isinstance(missing, Mapping) else None
    first, root = tree.get("from"), str(tree.get("root", ""))
    if not isinstance(first, int) or not 0 <= first <= key.position:
        return None, Finding(
            key.position,
            "key not signed",
            f"Entry {key.position} declares no restore one can read.",
        )
    try:
        is_root = Proofs(ledger_id).root(connection, first).hex() == root
    except LedgerCorrupt:
        is_root = True  # the walk over the tiles names what is wrong with them
    if not is_root:
        return None, Finding(
            first,
            "forked history",
            f"Entry {key.position} declares a restore of {first} entries with another root.",
        )
    gap = Gap(
        position=key.position,
        first=first,
        known_size=known if isinstance(known, int) and known > first else None,
        at=str(tree.get("at", "")),
        is_signed_by_old=key.is_vouched_for,
    )
    return gap, None


def _with_news(one: Begun, told: Any) -> Begun:  # bodies of key entries
    gap = one.gap
    if gap is None:
        return one
    sizes = [
        tree["position"] + 1
        for tree in told
        if tree.get("type") == NEWS
        and tree.get("restore") == one.position
        and isinstance(tree.get("position"), int)
    ]
    known = max([gap.known_size or 0, *sizes])
    return replace(one, gap=replace(gap, known_size=known if known > gap.first else None))
