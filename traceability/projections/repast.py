"""Carrying out the past again: for an event that came late, or one that was declared wrong.

Only what can have changed is carried out again: the things touched, and downward everything whose
stay inside them ended at or after the event (the reach). To carry out the reach rightly, every
container that its members were ever in is laid on the table too (the world); but only the reach is
written back.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

import msgspec
from sqlalchemy import Connection

from traceability.database import rows_by
from traceability.projections import tables
from traceability.projections.touches import Role
from traceability.projections.world import Item, Move, World
from traceability.projections.writing import ITEM_COLUMNS, Writing

_MOVE_COLUMNS = tuple(Move.__struct_fields__)


def repast(
    writing: Writing,
    touched: set[int],
    *,
    since: int | None,
    orders: set[int],
    products: Callable[[Collection[Item]], dict[int, int]],
) -> None:
    """Carry out the past of some things again and write what became of them.

    Args:
        writing: The open transaction.
        touched: Numbers of the things that the late or voided events touch.
        since: Microseconds of the earliest of those events; None means from the beginning.
        orders: Numbers of the known orders.
        products: Gives the number of the product that each item's own key names, 0 for none.
    """
    connection, ledger_id = writing.connection, writing.ledger_id
    reach = _reach(connection, ledger_id, touched, since)
    moves = _moves(connection, ledger_id, reach)
    around = reach
    while new := (_holders(connection, ledger_id, around) | _parents(moves)) - set(moves):
        moves.update(_moves(connection, ledger_id, new))
        around = new
    before = {
        row[0]: Item(*row)
        for row in rows_by(
            connection,
            tables.item,
            ITEM_COLUMNS,
            ledger_id=ledger_id,
            column="item_no",
            values=moves,
        )
    }
    world = World(orders)
    own_product = products(before.values())
    for item in before.values():
        world.add(item.blank(product_no=own_product[item.item_no]))
    every = [move for many in moves.values() for move in many]
    every.sort(key=lambda move: (move.event_at, move.tie, move.line))
    for move in every:
        world.apply(move)
    _restore(world, before, reach)
    made = {move.item_no for move in every if move.role == Role.OUTPUT} & reach
    stays = [*world.stays, *world.open_stays.values()]
    writing.replace_stays(reach, [stay for stay in stays if stay.child_no in reach])
    world.stays, world.open_stays, world.left = [], {}, {}
    writing.write_world(before, world, made=made | reach, used=reach, fresh=())


def _restore(world: World, before: dict[int, Item], reach: set[int]) -> None:
    # What is outside the reach was laid out only for its effects; its own contents may be missing
    # here. But it may have learnt that something left it later than it knew.
    for no, old in before.items():
        now = world.items[no]
        if no in reach:
            now.order_no = now.own_order_no
            if (old.last_at, old.last_tie) > (now.last_at, now.last_tie):
                now.last_at, now.last_tie = old.last_at, old.last_tie
        else:
            last = max((old.last_at, old.last_tie), (now.last_at, now.last_tie))
            world.items[no] = msgspec.structs.replace(old, last_at=last[0], last_tie=last[1])


def _reach(
    connection: Connection, ledger_id: int, touched: set[int], since: int | None
) -> set[int]:
    reach = set(touched)
    frontier = set(touched)
    while frontier:
        rows = rows_by(
            connection,
            tables.containment,
            ("child_no", "to_at"),
            ledger_id=ledger_id,
            column="parent_no",
            values=frontier,
            index="containment_parent",
        )
        frontier = {
            row.child_no for row in rows if since is None or row.to_at is None or row.to_at >= since
        } - reach
        reach |= frontier
    return reach


def _holders(connection: Connection, ledger_id: int, numbers: set[int]) -> set[int]:
    rows = rows_by(
        connection,
        tables.containment,
        ("parent_no",),
        ledger_id=ledger_id,
        column="child_no",
        values=numbers,
    )
    return {row.parent_no for row in rows}


def _moves(connection: Connection, ledger_id: int, numbers: set[int]) -> dict[int, list[Move]]:
    moves: dict[int, list[Move]] = {no: [] for no in numbers}
    for row in rows_by(
        connection,
        tables.touch,
        _MOVE_COLUMNS,
        ledger_id=ledger_id,
        column="item_no",
        values=numbers,
    ):
        moves[row.item_no].append(Move(*row))
    return moves


def _parents(moves: dict[int, list[Move]]) -> set[int]:
    return {
        move.parent_no for many in moves.values() for move in many if move.parent_no is not None
    }
