"""How many pieces an event did for its stage: a carton at the gate counts for what was inside it.

The figures of orders and stock never come from here but from the state itself; these are for the
bars of an hour and the sentence of a moment.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from traceability.database import MICRO, rows_by
from traceability.flow import Flow
from traceability.ledger import tables as record
from traceability.projections import tables
from traceability.projections.holding import class_of
from traceability.projections.touches import Facts, Form, Role, Touch

DEPTH_MAX = 8
"""Containers within containers; deeper ones are not opened."""
_DONE = frozenset(
    (Role.SEEN, Role.ADDED, Role.OUTPUT, Role.QUANTITY, Role.COUNT, Role.CHILD, Role.REMOVED)
)
_CARRYING = frozenset((Role.SEEN, Role.ADDED))
"""What passes with its contents. A packing names its contents itself."""
_COLUMNS = ("item_no", "key", "quantity", "consumed")

Time = tuple[int, int]
"""Microseconds and tie: the order of replay."""


@dataclass(slots=True)
class Pieces:
    """The things that a few events name, and what was inside them."""

    flow: Flow
    _number: dict[str, int] = field(default_factory=dict)
    _key: dict[int, str] = field(default_factory=dict)
    _amount: dict[int, int] = field(default_factory=dict)
    _stays: dict[int, list[tuple[int, Time, Time | None]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    @classmethod
    def read(
        cls, connection: Connection, ledger_id: int, flow: Flow, facts: Sequence[Facts]
    ) -> Pieces:
        """Look up everything that these events need: three statements and two a depth."""
        known = cls(flow)
        keys = {touch.key for fact in facts for touch in fact.touches if touch.role in _DONE}
        known._learn(
            rows_by(
                connection,
                tables.item,
                _COLUMNS,
                ledger_id=ledger_id,
                column="key",
                values=keys,
                index="item_key",
            )
        )
        holders = {
            known._number[touch.key]
            for fact in facts
            for touch in fact.touches
            if touch.role in _CARRYING and touch.key in known._number
        }
        known._open(connection, ledger_id, holders)
        return known

    def of(self, fact: Facts) -> int:
        """Return what an event did for its stage, in millionths of the kind's unit."""
        stage = next((one for one in self.flow.stages if one.number == fact.stage_number), None)
        if stage is None:
            return 0
        seen: set[int] = set()
        return sum(
            self._touched(touch, stage.counts, (fact.at, fact.tie), seen)
            for touch in fact.touches
            if touch.role in _DONE
        )

    def _touched(self, touch: Touch, counts: Collection[str], when: Time, seen: set[int]) -> int:
        number = self._number.get(touch.key)
        kind = self.flow.kind_of(class_of(touch.key))
        if kind is not None and kind.name in counts:
            if number in seen:  # counted already, inside the carton that the event names too
                return 0
            if number is not None:
                seen.add(number)
            if touch.form == Form.THING:
                return MICRO
            if touch.quantity is not None:
                return max(touch.quantity, 0)
            return self._amount.get(number, 0) if number is not None else 0
        if touch.role not in _CARRYING or number is None:
            return 0
        return self._inside(number, counts, when, seen, DEPTH_MAX)

    def _inside(
        self, holder: int, counts: Collection[str], when: Time, seen: set[int], depth: int
    ) -> int:
        total = 0
        for child, since, until in self._stays.get(holder, ()):
            if since > when or (until is not None and until <= when) or child in seen:
                continue
            seen.add(child)
            kind = self.flow.kind_of(class_of(self._key[child]))
            if kind is not None and kind.name in counts:
                total += self._amount[child]
            elif depth:
                total += self._inside(child, counts, when, seen, depth - 1)
        return total

    def _learn(self, rows: Sequence[Any]) -> None:  # rows of the item table
        for item_no, key, quantity, consumed in rows:
            self._number[key] = item_no
            self._key[item_no] = key
            kind = self.flow.kind_of(class_of(key))
            is_thing = kind is not None and kind.form == "thing"
            self._amount[item_no] = MICRO if is_thing else quantity + consumed

    def _open(self, connection: Connection, ledger_id: int, holders: set[int]) -> None:
        for _ in range(DEPTH_MAX):
            if not holders:
                return
            rows = rows_by(
                connection,
                tables.containment,
                ("child_no", "from_at", "from_tie", "parent_no", "to_at", "to_tie"),
                ledger_id=ledger_id,
                column="parent_no",
                values=holders,
                index="containment_parent",
            )
            for row in rows:
                until = None if row.to_at is None else (row.to_at, row.to_tie)
                self._stays[row.parent_no].append(
                    (row.child_no, (row.from_at, row.from_tie), until)
                )
            missing = {row.child_no for row in rows} - self._key.keys()
            self._learn(
                rows_by(
                    connection,
                    tables.item,
                    _COLUMNS,
                    ledger_id=ledger_id,
                    column="item_no",
                    values=missing,
                )
            )
            holders = {row.child_no for row in rows} - self._stays.keys()


def named_wrong(
    connection: Connection, ledger_id: int, ids: Collection[str]
) -> Mapping[str, int | None]:
    """Return which of these events are declared wrong: position of the event, None if not here."""
    found: dict[str, int | None] = {}
    wrong: set[str] = set()
    for row in rows_by(
        connection,
        record.event_id,
        ("event_id", "declared_at", "position"),
        ledger_id=ledger_id,
        column="event_id",
        values=ids,
    ):
        if row.declared_at:
            wrong.add(row.event_id)
            found.setdefault(row.event_id, None)
        else:
            found[row.event_id] = row.position
    return {one: position for one, position in found.items() if one in wrong}
