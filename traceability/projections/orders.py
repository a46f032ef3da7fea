"""Whose is it: the order that a thing belongs to, and how far each order has come.

A thing belongs to the order that its latest event names, if that order has been entered; else to
the one order that everything it was made from belongs to. Source: DATA_MODEL, "Order".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable

import msgspec
from sqlalchemy import Connection

from traceability.database import rows_by
from traceability.projections import tables
from traceability.projections.tables import RELATING
from traceability.projections.touches import Role
from traceability.projections.world import ORDERS, Item

_RELATING = RELATING.replace("role", "t.role")
_COLUMNS = tuple(Item.__struct_fields__)


def settle_orders(
    connection: Connection,
    ledger_id: int,
    items: dict[int, Item],
    before: dict[int, Item],
    seeds: Collection[int],
    fresh: Collection[int],
) -> None:
    """Give an order to things that inherit one, and to everything made from them.

    Touches of the batch are written already. Items that turn out to be concerned are added to
    ``items`` and, as they were, to ``before``.
    """
    made = _Making(connection, ledger_id)
    concerned = set(seeds)
    frontier = set(seeds)
    while frontier:
        outputs = made.outputs_of(frontier) - concerned
        _load(connection, ledger_id, outputs, items, before)
        frontier = {no for no in outputs if items[no].own_order_no is None}
        concerned |= frontier
    inheriting = {no for no in concerned if items[no].own_order_no is None}
    inputs = made.inputs_of(inheriting)
    _load(connection, ledger_id, {one for many in inputs.values() for one in many}, items, before)
    heritage = _Heritage(items, inputs, inheriting)
    for no in inheriting:
        found = heritage.orders_above(no)
        item = items[no]
        item.order_no = next(iter(found)) if len(found) == 1 else None
        item.flags = item.flags | ORDERS if len(found) > 1 else item.flags & ~ORDERS
    for no in concerned - inheriting:
        items[no].order_no = items[no].own_order_no
        items[no].flags &= ~ORDERS


def _load(
    connection: Connection,
    ledger_id: int,
    numbers: Iterable[int],
    items: dict[int, Item],
    before: dict[int, Item],
) -> None:
    wanted = [no for no in numbers if no not in items]
    for row in rows_by(
        connection, tables.item, _COLUMNS, ledger_id=ledger_id, column="item_no", values=wanted
    ):
        items[row[0]] = Item(*row)
        before[row[0]] = msgspec.structs.replace(items[row[0]])


class _Heritage:
    """Orders that things inherit; what is being asked for already counts as none on a circle."""

    def __init__(
        self, items: dict[int, Item], inputs: dict[int, set[int]], inheriting: set[int]
    ) -> None:
        self._items = items
        self._inputs = inputs
        self._inheriting = inheriting
        self._asked: set[int] = set()
        self._settled: dict[int, set[int]] = {}
        self._circles = 0

    def orders_above(self, no: int) -> set[int]:
        """Return the distinct orders of what a thing was made from."""
        if no in self._settled:
            return self._settled[no]
        self._asked.add(no)
        circles = self._circles
        found: set[int] = set()
        for one in self._inputs.get(no, ()):
            if one in self._asked:
                self._circles += 1
            elif one in self._inheriting:
                above = self.orders_above(one)
                if len(above) == 1:
                    found |= above
            elif (order_no := self._items[one].order_no) is not None:
                found.add(order_no)
        self._asked.discard(no)
        if circles == self._circles:
            self._settled[no] = found
        return found


class _Making:
    """Edges of the genealogy: input → event → output, over touches that count."""

    def __init__(self, connection: Connection, ledger_id: int) -> None:
        self._connection = connection
        self._ledger_id = ledger_id

    def outputs_of(self, numbers: Collection[int]) -> set[int]:
        """Return what was made in any event that used one of these."""
        positions = {position for _, position in self._events(numbers, Role.INPUT)}
        return {item_no for item_no, _ in self._things(positions, Role.OUTPUT)}

    def inputs_of(self, numbers: Collection[int]) -> dict[int, set[int]]:
        """Return, for each of these, what was used in the events that made it."""
        made_at = self._events(numbers, Role.OUTPUT)
        used: dict[int, set[int]] = defaultdict(set)
        for item_no, position in self._things({at for _, at in made_at}, Role.INPUT):
            used[position].add(item_no)
        result: dict[int, set[int]] = defaultdict(set)
        for item_no, position in made_at:
            result[item_no] |= used[position]
        return result

    def _events(self, numbers: Collection[int], role: Role) -> list[tuple[int, int]]:
        rows = rows_by(
            self._connection,
            tables.touch,
            ("item_no", "position"),
            ledger_id=self._ledger_id,
            column="item_no",
            values=numbers,
            where=f"t.role = {role:d} AND t.void_position IS NULL",
        )
        return [(row.item_no, row.position) for row in rows]

    def _things(self, positions: Collection[int], role: Role) -> list[tuple[int, int]]:
        rows = rows_by(
            self._connection,
            tables.touch,
            ("item_no", "position"),
            ledger_id=self._ledger_id,
            column="position",
            values=positions,
            index="touch_position",
            where=f"{_RELATING} AND t.role = {role:d} AND t.void_position IS NULL",
        )
        return [(row.item_no, row.position) for row in rows]
