"""Everything that happened to one thing, and to what it was inside of meanwhile, newest first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from traceability.database import MICRO, rows_by
from traceability.epcis import body as bodies
from traceability.epcis.vocabulary import BY, READER, VOC
from traceability.flow import Stage
from traceability.gs1 import key_of
from traceability.ledger import tables as record
from traceability.ledger.entry import Entry
from traceability.ledger.redacted import bodies_at
from traceability.projections import tables
from traceability.projections.tables import RELATING
from traceability.projections.touches import Role
from traceability.projections.view import Label, View, moment
from traceability.projections.world import Item

HAPPENINGS_MAX = 500
PARTNERS_SHOWN = 3
COLUMNS = tuple(Item.__struct_fields__)
VERDICT, REASON, MISSING = (VOC + word for word in ("verdict", "reason", "missing"))
"""Members that a station adds: what its screen said, why a thing was only seen, what it missed."""
_OTHER_SIDE = {Role.OUTPUT: Role.INPUT, Role.INPUT: Role.OUTPUT, Role.PARENT: Role.CHILD}


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened: what, when, where, and which entry says so."""

    at: datetime
    recorded_at: datetime
    position: int
    role: Role
    quantity: Decimal | None
    uom: str
    place: Label | None
    step: str
    disposition: str
    stage: Stage | None
    other: Label | None
    """The container of a packing; for a happening inside a container, that container."""
    partners: tuple[Label, ...]
    """The first few things on the other side: what it was made from, made into, or now holds."""
    partners_count: int
    is_inside: bool
    """True if it happened to the container that the thing was in."""
    is_unread: bool
    """True if its container was read with other goods in it, and this thing was not."""
    is_void: bool
    """Declared wrong afterwards."""
    read_point: Label | None = None
    reader: str = ""
    way: str = ""
    """How a person read it: `scanner`, `camera`, `typed` or `tap`; empty at a fixed reader."""
    verdict: str = ""
    """What a gate's screen said, in the station's word."""
    reason: str = ""
    """Why it was only seen there, in the station's word."""


@dataclass(frozen=True, slots=True)
class _Told:
    """What a body says beyond the touches."""

    recorded_at: datetime
    read_point: str = ""
    reader: str = ""
    way: str = ""
    verdict: str = ""
    reason: str = ""
    listed: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()


_UNTOLD = _Told(moment(0))


def timeline(view: View, item_no: int, key: str = "") -> list[Happening]:
    """Return what happened to a thing, and to what it was inside of meanwhile; newest first.

    Args:
        view: The ledger.
        item_no: Number of the thing.
        key: Its key, to see where it should have been read and was not.
    """
    rows = _rows(view, item_no)
    positions = {row.position for row, _ in rows}
    told = _told(view, positions)
    partners = _partners(view, [(row, inside) for row, inside in rows if not inside])
    others = _items(
        view,
        {row.parent_no for row, _ in rows if row.parent_no is not None}
        | {row.item_no for row, is_inside in rows if is_inside}
        | {no for many in partners.values() for no in many[:PARTNERS_SHOWN]},
    )
    name = view.names(
        [no for row, _ in rows for no in (row.place_no, row.step_no, row.disposition_no)]
    )
    label = view.labels(
        [name[row.place_no or 0] for row, _ in rows]
        + [one.key for one in others.values()]
        + [one.read_point for one in told.values()]
    )
    goods = {key for one in told.values() for key in one.listed if _is_goods(view, key)}
    stages = {stage.number: stage for stage in view.flow.stages}
    found = []
    for row, is_inside in rows:
        said = told.get(row.position, _UNTOLD)
        other_no = row.item_no if is_inside else row.parent_no
        many = partners.get((row.position, Role(row.role)), []) if not is_inside else []
        found.append(
            Happening(
                at=moment(row.event_at),
                recorded_at=said.recorded_at,
                position=row.position,
                role=Role(row.role),
                quantity=None if row.quantity is None else Decimal(row.quantity) / MICRO,
                uom=row.uom or "",
                place=label[name[row.place_no]] if row.place_no else None,
                step=name[row.step_no or 0],
                disposition=name[row.disposition_no or 0],
                stage=stages.get(row.stage_no) if row.stage_no is not None else None,
                other=label[others[other_no].key] if other_no in others else None,
                partners=tuple(
                    label[others[no].key] for no in many[:PARTNERS_SHOWN] if no in others
                ),
                partners_count=len(many),
                is_inside=is_inside,
                is_unread=is_inside
                and (key in said.missing or bool(said.listed & goods and key not in said.listed)),
                is_void=row.void_position is not None,
                read_point=label[said.read_point] if said.read_point else None,
                reader=said.reader,
                way=said.way,
                verdict=said.verdict,
                reason=said.reason,
            )
        )
    return found


def _is_goods(view: View, key: str) -> bool:
    kind = view.flow.kind_of(key)
    return kind is not None and kind.in_stock


def _rows(view: View, item_no: int) -> list[tuple[Any, bool]]:
    """Return the touches of a thing and, marked, those of its containers while it was inside."""
    stays = rows_by(
        view.connection,
        tables.containment,
        ("parent_no", "from_at", "from_tie", "to_at", "to_tie"),
        ledger_id=view.ledger_id,
        column="child_no",
        values=[item_no],
    )
    rows = [(row, False) for row in _touches(view, [item_no])]
    own = {row.position for row, _ in rows}
    for row in _touches(view, {stay.parent_no for stay in stays}):
        when = (row.event_at, row.tie)
        if row.position not in own and any(
            stay.parent_no == row.item_no
            and (stay.from_at, stay.from_tie) < when
            and (stay.to_at is None or when <= (stay.to_at, stay.to_tie))
            for stay in stays
        ):
            rows.append((row, True))
    rows.sort(key=lambda pair: (pair[0].event_at, pair[0].tie, pair[0].line), reverse=True)
    return rows[:HAPPENINGS_MAX]


def _touches(view: View, numbers: Collection[int]) -> list[Any]:  # rows of the touch table
    return rows_by(
        view.connection,
        tables.touch,
        tuple(column.name for column in tables.touch.c if column.name != "ledger_id"),
        ledger_id=view.ledger_id,
        column="item_no",
        values=numbers,
    )


def _items(view: View, numbers: Collection[int]) -> dict[int, Item]:
    rows = rows_by(
        view.connection,
        tables.item,
        COLUMNS,
        ledger_id=view.ledger_id,
        column="item_no",
        values=numbers,
    )
    return {row.item_no: Item(*row) for row in rows}


def _partners(view: View, rows: Iterable[tuple[Any, bool]]) -> dict[tuple[int, Role], list[int]]:
    """Return who stood on the other side, by position and the thing's own role."""
    mine: dict[int, list[Role]] = defaultdict(list)
    for row, _ in rows:
        if row.role in _OTHER_SIDE:
            mine[row.position].append(Role(row.role))
    found: dict[tuple[int, Role], list[int]] = defaultdict(list)
    for row in rows_by(
        view.connection,
        tables.touch,
        ("item_no", "position", "role"),
        ledger_id=view.ledger_id,
        column="position",
        values=mine,
        index="touch_position",
        where=f"t.{RELATING}",
    ):
        for role in mine[row.position]:
            if row.role == _OTHER_SIDE[role]:
                found[row.position, role].append(row.item_no)
    return found


def _told(view: View, positions: Collection[int]) -> dict[int, _Told]:
    """Read what the entries themselves say, by position; a lost body says nothing."""
    found: dict[int, _Told] = {}
    recorded = {
        row.position: moment(Entry.parse(row.entry).record)
        for row in rows_by(
            view.connection,
            record.entry,
            ("position", "entry"),
            ledger_id=view.ledger_id,
            column="position",
            values=positions,
        )
    }
    for position, body in bodies_at(view.connection, view.ledger_id, positions).items():
        tree = bodies.parse(body)
        if isinstance(tree, Mapping):
            found[position] = _read_body(tree, recorded[position])
    for position, at in recorded.items():
        found.setdefault(position, _Told(at))
    return found


def _read_body(tree: Mapping[str, Any], recorded_at: datetime) -> _Told:
    spot = tree.get("readPoint")
    listed = tree.get("epcList") or []
    missing = tree.get(MISSING) or []
    missing = missing if isinstance(missing, list) else [missing]
    return _Told(
        recorded_at=recorded_at,
        read_point=key_of(str(spot["id"])) if isinstance(spot, Mapping) and "id" in spot else "",
        reader=str(tree.get(READER, "")),
        way=str(tree.get(BY, "")),
        verdict=str(tree.get(VERDICT, "")),
        reason=str(tree.get(REASON, "")),
        listed=frozenset(key_of(str(uri)) for uri in listed),
        missing=frozenset(key_of(str(uri)) for uri in missing),
    )
