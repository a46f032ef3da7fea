"""What one item is worth to stock and to progress: both change only by old worth → new worth.

No other code writes the two tables, so they cannot drift from the items (DATA_MODEL, "How it
folds").
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import Connection

from traceability.database import add_rows
from traceability.flow import Flow
from traceability.projections import tables
from traceability.projections.numbers import Numbers
from traceability.projections.world import Item

StockKey = tuple[int, int, int, int, str]
ProgressKey = tuple[int, int, int]


RECOUNT_SLICE = 5000
"""Items weighed at a time, so that memory does not grow with the ledger."""


class Scales:
    """Weighs items under one flow: which kinds are stock, which stages count which kinds."""

    def __init__(self, flow: Flow, numbers: Numbers) -> None:
        self._in_stock: set[int] = set()
        self._counting: dict[int, list[int]] = defaultdict(list)
        for kind in flow.kinds:
            number = numbers.of("kind", kind.name)
            assert number is not None, "the fold learns the names of a flow's kinds first"
            if kind.in_stock:
                self._in_stock.add(number)
            for stage in flow.stages:
                if kind.name in stage.counts:
                    self._counting[number].append(stage.number)

    def weigh(self, item: Item, count: int, worth: Worth) -> None:
        """Add the worth of so many items like this one; with −1 take that of one away."""
        if item.is_active and item.quantity and item.kind_no in self._in_stock:
            key = (item.place_no, item.product_no, item.step_no, item.disposition_no, item.uom)
            worth.stock[key] += count * item.quantity
        if item.order_no is not None and item.stages_reached:
            pieces = item.pieces
            for stage in self._counting.get(item.kind_no, ()) if pieces else ():
                if item.stages_reached >> stage & 1:
                    worth.progress[item.order_no, item.product_no, stage] += count * pieces


class Worth:
    """By how much stock and progress change."""

    def __init__(self) -> None:
        self.stock: dict[StockKey, int] = defaultdict(int)
        self.progress: dict[ProgressKey, int] = defaultdict(int)

    def write(self, connection: Connection, ledger_id: int) -> None:
        """Add it to what the tables say."""
        for target, changes in ((tables.stock, self.stock), (tables.progress, self.progress)):
            rows = [(ledger_id, *key, change) for key, change in changes.items() if change]
            add_rows(connection, target, rows)


def write_difference(
    connection: Connection,
    ledger_id: int,
    scales: Scales,
    changes: Iterable[tuple[Item | None, Item]],
    worth: Worth | None = None,
) -> None:
    """Move stock and progress from the old rows of changed items to the new ones.

    Args:
        connection: The append's transaction.
        ledger_id: The ledger.
        scales: Weigh by the flow in force.
        changes: Each item as it was, if it was, and as it is.
        worth: What is to be added besides.
    """
    worth = worth or Worth()
    for old, new in changes:
        if old is not None:
            scales.weigh(old, -1, worth)
        scales.weigh(new, 1, worth)
    worth.write(connection, ledger_id)


def recount(connection: Connection, ledger_id: int, scales: Scales) -> None:
    """Weigh every item anew: after a change of the flow, other kinds count at other stages."""
    for target in (tables.stock, tables.progress):
        connection.execute(target.delete().where(target.c.ledger_id == ledger_id))
    query = tables.item.select().where(tables.item.c.ledger_id == ledger_id)
    # Fetched in slices, too: a server's driver would else hold all items in memory at once.
    piecewise = {"yield_per": RECOUNT_SLICE}
    for rows in connection.execute(query, execution_options=piecewise).partitions():
        items = [Item(*row[1:]) for row in rows]
        write_difference(connection, ledger_id, scales, [(None, item) for item in items])
