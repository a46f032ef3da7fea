"""Putting folded rows back: items, stays, stock and progress, with the ledger in one go."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import msgspec
from sqlalchemy import Connection, text

from traceability.database import delete_by, insert_rows, update_rows
from traceability.projections import tables
from traceability.projections.newcomers import Newcomers
from traceability.projections.orders import settle_orders
from traceability.projections.world import Item, Stay, World
from traceability.projections.worth import Scales, Worth, write_difference

ITEM_COLUMNS = tuple(Item.__struct_fields__)
"""Columns of the item table after ``ledger_id``, in order."""


@dataclass(frozen=True, slots=True)
class Writing:
    """Where and how folded rows are written."""

    connection: Connection
    ledger_id: int
    scales: Scales

    def write_world(
        self,
        before: dict[int, Item],
        world: World,
        *,
        made: Collection[int],
        used: Collection[int],
        fresh: Collection[int],
        newcomers: Newcomers | None = None,
    ) -> None:
        """Write what a batch on time changed.

        Args:
            before: Copies of the rows as they were loaded, by number; none of new ones.
            world: The rows as they are now.
            made: Items that were an output of some event of the batch.
            used: Items that were an input.
            fresh: Items that are not in the table yet.
            newcomers: Things that are not in this world, and not in the table yet either.
        """
        items = world.items
        named = {no for no, old in before.items() if items[no].own_order_no != old.own_order_no} | {
            no for no in used if no in fresh and items[no].own_order_no is not None
        }
        for item in items.values():
            if item.own_order_no is not None:
                item.order_no = item.own_order_no
        unsettled = {no for no in made if items[no].own_order_no is None}
        if named or unsettled:
            settle_orders(self.connection, self.ledger_id, items, before, named | unsettled, fresh)
        self.write_items(before, items, fresh, newcomers)
        self._end_stays(world.left)
        self._add_stays([*world.stays, *world.open_stays.values()])

    def write_items(
        self,
        before: dict[int, Item],
        items: dict[int, Item],
        fresh: Collection[int],
        newcomers: Newcomers | None = None,
    ) -> None:
        """Write changed items and the difference they make to stock and progress."""
        new = [items[no] for no in items if no in fresh]
        changed = [item for no, item in items.items() if no not in fresh and item != before.get(no)]
        worth = Worth()
        added = [self._row(item) for item in new]
        if newcomers is not None:
            newcomers.weigh(worth)
            added = sorted(added + newcomers.items, key=itemgetter(1))
        insert_rows(self.connection, tables.item, added)
        update_rows(self.connection, tables.item, [self._row(item) for item in changed])
        write_difference(
            self.connection,
            self.ledger_id,
            self.scales,
            [(None, item) for item in new] + [(before.get(item.item_no), item) for item in changed],
            worth,
        )

    def replace_stays(self, children: Collection[int], stays: list[Stay]) -> None:
        """Write the stays of some things anew."""
        delete_by(
            self.connection,
            tables.containment,
            ledger_id=self.ledger_id,
            column="child_no",
            values=children,
        )
        self._add_stays(stays)

    def _row(self, item: Item) -> tuple[Any, ...]:
        return (self.ledger_id, *msgspec.structs.astuple(item))

    def _add_stays(self, stays: list[Stay]) -> None:
        insert_rows(
            self.connection,
            tables.containment,
            [(self.ledger_id, *msgspec.structs.astuple(stay)) for stay in stays],
        )

    def _end_stays(self, left: dict[int, tuple[int, int]]) -> None:
        if left:
            self.connection.execute(
                text(
                    "UPDATE containment SET to_at = :a, to_tie = :t "
                    "WHERE ledger_id = :l AND child_no = :c AND to_at IS NULL"
                ),
                [
                    {"l": self.ledger_id, "c": child, "a": at, "t": tie}
                    for child, (at, tie) in left.items()
                ],
            )
