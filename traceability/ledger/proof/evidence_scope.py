"""Which entries speak of one thing: its own, those of what it was made from, what it lay in.

A bundle of evidence that left one out would tell another story, so this looks wider than a page
does: also at what was declared wrong, at the declarations, at erased bodies, and at every box
around a box while the thing was inside.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Final, Literal

from sqlalchemy import text

from traceability.database import rows_by
from traceability.epcis import body as bodies
from traceability.errors import InvalidEvent, LedgerCorrupt
from traceability.gs1 import key_of
from traceability.ledger import tables as record
from traceability.ledger.entry import Entry
from traceability.projections import tables
from traceability.projections.aliases import names_of
from traceability.projections.genealogy import family_of
from traceability.projections.items import find_items
from traceability.projections.touches import Role
from traceability.projections.view import View
from traceability.projections.world import INFERRED

__all__ = ["About", "Scope", "scope_of", "spellings_in"]

About = Literal[
    "it", "origin", "around", "correction", "erasure", "hold", "entered", "key", "opening"
]
"""Why an entry is in a bundle; the first reason that fits, in this order."""
ORDER: Final[tuple[About, ...]] = (
    "it", "origin", "around", "correction", "erasure", "hold", "entered", "key", "opening",
)  # fmt: skip
DEPTH_MAX: Final = 8
"""Boxes in boxes."""
_Span = tuple[tuple[int, int], tuple[int, int]]
"""A time: after this (event time, tie), up to and with that one."""
_FOREVER: Final = (2**63, 0)
_ALWAYS: Final[_Span] = ((-(2**63), 0), _FOREVER)


@dataclass(slots=True)
class Scope:
    """What belongs into a bundle about one thing."""

    key: str
    positions: dict[int, About] = field(default_factory=dict)
    inferred: list[str] = field(default_factory=list)
    """Sentences about what was concluded and not seen."""

    def add(self, positions: Iterable[int], about: About) -> list[int]:
        """Take positions in, each under its first reason; return those that are new."""
        new = []
        for position in positions:
            known = self.positions.get(position)
            if known is None:
                new.append(position)
            if known is None or ORDER.index(about) < ORDER.index(known):
                self.positions[position] = about
        return new

    def about(self, *reasons: About) -> list[int]:
        """Return the positions that are there for these reasons, in order."""
        return sorted(at for at, reason in self.positions.items() if reason in reasons)


def scope_of(view: View, key: str, size: int) -> Scope:
    """Find every entry below a size that a bundle about a thing must hold.

    Args:
        view: The ledger.
        key: The thing; other codes that people said stand for it are looked up, too.
        size: Entries of the checkpoint that everything will be proven against.
    """
    scope = Scope(key)
    keys = [key, *names_of(view, key)]
    items = find_items(view, keys)
    mine = {one.item_no for one in items.values()}
    scope.add(_touched(view, mine), "it")
    origins: set[int] = set()
    for one in items:
        family = family_of(view, one)
        if family is not None:
            origins |= {*family.back.numbers(), *family.roots} - mine
            scope.inferred += [
                f"entry {at}: of {len(inputs)} things that went in, nobody recorded which is in it"
                for at, inputs in sorted(family.back.inputs.items())
                if at < size and len(inputs) > 1
            ]
    scope.add(_touched(view, origins), "origin")
    everybody = {number: [_ALWAYS] for number in mine | origins}
    scope.add(_around(view, everybody, DEPTH_MAX), "around")
    scope.add(_stops(view, mine), "hold")
    scope.add(_entered(view, [*keys, *_keys(view, origins)]), "entered")
    scope.add(_landmarks(view, "key"), "key")
    scope.add([0], "opening")
    _add_links(view, scope, size)
    scope.positions = {at: why for at, why in scope.positions.items() if at < size}
    scope.inferred += _inferred(view, mine, size)
    if any(one.flags & INFERRED for one in items.values()):
        scope.inferred.append("its last place is that of the box it is supposed to be in")
    return scope


def spellings_in(body: bytes, keys: Collection[str]) -> set[str]:
    """Return how a body spells any of some keys: identifiers stand in it as they were sent."""
    try:
        tree = bodies.parse(body)
    except InvalidEvent:
        return set()
    return {text_ for text_ in _texts(tree) if text_ in keys or key_of(text_) in keys}


def _texts(tree: object) -> Iterable[str]:
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, dict):
        for one in tree.values():
            yield from _texts(one)
    elif isinstance(tree, list):
        for one in tree:
            yield from _texts(one)


def _touched(view: View, numbers: Collection[int]) -> set[int]:
    rows = rows_by(
        view.connection,
        tables.touch,
        ("position",),
        ledger_id=view.ledger_id,
        column="item_no",
        values=numbers,
    )
    return {row.position for row in rows}


def _keys(view: View, numbers: Collection[int]) -> list[str]:
    rows = rows_by(
        view.connection,
        tables.item,
        ("key",),
        ledger_id=view.ledger_id,
        column="item_no",
        values=numbers,
    )
    return [row.key for row in rows]


def _around(view: View, inside: dict[int, list[_Span]], depth: int) -> set[int]:
    """Return what happened to the boxes of things while they were inside, box in box as well.

    Args:
        view: The ledger.
        inside: Number of a thing, and the times at which it matters what it lies in.
        depth: How many boxes outward are looked at.
    """
    spans: dict[int, list[_Span]] = {}
    for stay in rows_by(
        view.connection,
        tables.containment,
        ("child_no", "parent_no", "from_at", "from_tie", "to_at", "to_tie"),
        ledger_id=view.ledger_id,
        column="child_no",
        values=inside,
    ):
        end = _FOREVER if stay.to_at is None else (stay.to_at, stay.to_tie)
        for begin, last in inside[stay.child_no]:
            both = max(begin, (stay.from_at, stay.from_tie)), min(last, end)
            if both[0] < both[1]:
                spans.setdefault(stay.parent_no, []).append(both)
    found = {
        row.position
        for row in rows_by(
            view.connection,
            tables.touch,
            ("item_no", "event_at", "tie", "position"),
            ledger_id=view.ledger_id,
            column="item_no",
            values=spans,
        )
        if any(begin < (row.event_at, row.tie) <= end for begin, end in spans[row.item_no])
    }
    return found | _around(view, spans, depth - 1) if spans and depth > 1 else found


def _stops(view: View, numbers: Collection[int]) -> set[int]:
    ids = {
        row.hold_id
        for row in rows_by(
            view.connection,
            tables.hold_item,
            ("hold_id",),
            ledger_id=view.ledger_id,
            column="item_no",
            values=numbers,
        )
    }
    rows = rows_by(
        view.connection,
        tables.hold,
        ("position", "released_position"),
        ledger_id=view.ledger_id,
        column="hold_id",
        values=ids,
    )
    return {at for row in rows for at in (row.position, row.released_position) if at is not None}


def _entered(view: View, keys: Collection[str]) -> set[int]:
    rows = rows_by(
        view.connection,
        tables.master_data,
        ("position",),
        ledger_id=view.ledger_id,
        column="key",
        values=keys,
        where="t.type IN ('roll', 'ticket', 'carton', 'garment', 'alias')",
    )
    return {row.position for row in rows}


def _landmarks(view: View, kind: str) -> list[int]:
    found = view.connection.execute(
        text("SELECT position FROM landmark WHERE ledger_id = :l AND kind = :k"),
        {"l": view.ledger_id, "k": kind},
    )
    return [row.position for row in found]


def _add_links(view: View, scope: Scope, size: int) -> None:
    """Add what corrects, replaces or erases any of the entries, and what these bring with them."""
    new = list(scope.positions)
    for _ in range(DEPTH_MAX):
        ids, wrong = _ids_of(view, [at for at in new if at < size])
        same_id = rows_by(
            view.connection,
            record.event_id,
            ("position",),
            ledger_id=view.ledger_id,
            column="event_id",
            values=ids,
        )
        erasing = rows_by(
            view.connection,
            record.erasure,
            ("position",),
            ledger_id=view.ledger_id,
            column="erased",
            values=new,
        )
        new = scope.add({row.position for row in same_id} | wrong, "correction")
        new += scope.add({row.position for row in erasing}, "erasure")
        if not new:
            return


def _ids_of(view: View, positions: Collection[int]) -> tuple[set[str], set[int]]:
    """Return the event ids of entries, with those their declarations name; and what these undo."""
    ids: set[str] = set()
    wrong: set[int] = set()
    declarations = []
    for row in rows_by(
        view.connection,
        record.entry,
        ("position", "entry"),
        ledger_id=view.ledger_id,
        column="position",
        values=positions,
    ):
        try:
            entry = Entry.parse(bytes(row.entry))
        except LedgerCorrupt:
            continue  # it is put into the bundle as it is, and fails there
        if entry.kind in ("event", "declaration"):
            ids.add(entry.id)
        if entry.kind == "declaration":
            declarations.append(row.position)
            wrong |= {entry.wrong[0]} if entry.wrong else set()
    for row in rows_by(
        view.connection,
        record.body,
        ("body",),
        ledger_id=view.ledger_id,
        column="position",
        values=declarations,
    ):
        tree = bodies.parse(bytes(row.body))
        said = tree.get("errorDeclaration") if isinstance(tree, dict) else None
        if isinstance(said, dict):
            ids |= {str(one) for one in said.get("correctiveEventIDs") or []}
    return ids, wrong


def _inferred(view: View, numbers: Collection[int], size: int) -> list[str]:
    rows = rows_by(
        view.connection,
        tables.touch,
        ("position",),
        ledger_id=view.ledger_id,
        column="item_no",
        values=numbers,
        where=f"t.role = {Role.INFERRED_CHILD:d}",
    )
    return [
        f"entry {at}: seen inside, so somebody must have packed it; nobody recorded that"
        for at in sorted({row.position for row in rows})
        if at < size
    ]
