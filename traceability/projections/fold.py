"""From what the ledger says to where everything is: entries fold into items, stock and orders.

State is defined, not accumulated: it is the replay of all touches that are not declared wrong, in
the order of event time. A batch of events that come in that order is carried out on the rows in
memory. An event that comes late, or a declaration that takes one back, has the past of the things
within its reach carried out again (``repast``). Either way stock and progress move by the
difference of the rows.

How it knows that an event is on time, and why that is enough: an event is on time if it is later
than all that has happened to each thing it touches, to the containers it names, and to everything
inside those. Whoever leaves a container without naming it raises the container's last moment and
that of all it stands in (``World._leave``); so a late event of the container is seen to be late.
With that one line removed, histories go wrong: the property test must fail then.

Events of one batch that are late wait until the others are written; then one repast serves them
all. That is allowed because a repast starts from nothing for everything they can have changed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from copy import copy
from typing import Any

import msgspec
from sqlalchemy import Connection

from traceability.database import insert_rows, rows_by
from traceability.epcis.event import Event
from traceability.flow import Flow
from traceability.ledger import tables as record
from traceability.projections import holds, master, tables
from traceability.projections.earlier import void
from traceability.projections.newcomers import Newcomer, Newcomers, Numbered, is_alike
from traceability.projections.numbers import Head, Numbers
from traceability.projections.repast import repast
from traceability.projections.roster import Roster, product_at
from traceability.projections.touches import Context, Facts, Role, Touch, facts_of
from traceability.projections.world import HELD, Item, Move, World
from traceability.projections.worth import Scales, recount
from traceability.projections.writing import ITEM_COLUMNS, Writing

VERSION = 1
"""Raised whenever the same ledger would fold into other rows: a rebuild follows."""


class Stored(msgspec.Struct, frozen=True, gc=False):
    """An entry as the fold sees it: already numbered, not yet folded."""

    position: int
    kind: str
    at: int
    """Microseconds since 1970 at which an event is folded."""
    tree: Mapping[str, Any]
    """The body. The values are JSON: text, exact numbers, lists, mappings."""
    event: Event | None


class Fold:
    """The prompt projections of one ledger. Used under the ledger's lock only."""

    def __init__(self, ledger_id: int, flow: Flow, numbers: Numbers | None = None) -> None:
        self.ledger_id = ledger_id
        self.flow = flow
        self.numbers = Numbers(ledger_id) if numbers is None else numbers
        self.see_facts: Callable[[list[tuple[Stored, Facts]]], None] | None = None
        """Shown what the events of each batch say, once their things have numbers."""
        self._roster = Roster(ledger_id, flow, self.numbers)
        self.known_orders: set[int] = set()
        self._scales: Scales | None = None
        self._has_declarations = True

    def open(self, connection: Connection) -> None:
        """Read what a fold keeps in mind: which orders are known, whether anything was declared."""
        query = tables.order_head.select().where(tables.order_head.c.ledger_id == self.ledger_id)
        self.known_orders = {row.order_no for row in connection.execute(query)}
        declared = (
            record.event_id.select()
            .where(record.event_id.c.ledger_id == self.ledger_id)
            .where(record.event_id.c.declared_at > 0)
            .limit(1)
        )
        self._has_declarations = connection.execute(declared).first() is not None

    def keep(self) -> None:
        """Believe what the last batch taught: its transaction is durable."""
        self.numbers.keep()

    def forget(self, connection: Connection) -> None:
        """Unlearn what the last batch taught: its transaction failed."""
        self.numbers.forget()
        self._scales = None
        self.open(connection)

    def apply(self, connection: Connection, head: Head, batch: Sequence[Stored]) -> None:
        """Fold entries in the order of their positions, inside the append's transaction."""
        events: list[Stored] = []
        for stored in batch:
            if stored.event is not None:
                events.append(stored)
                continue
            self._apply_events(connection, head, events)
            events = []
            self._apply_other(connection, head, stored)
        self._apply_events(connection, head, events)

    def _apply_other(self, connection: Connection, head: Head, stored: Stored) -> None:
        if stored.kind == "flow":
            self.flow = Flow.parse(str(stored.tree["flow"]))
            self._roster = Roster(self.ledger_id, self.flow, self.numbers)
            self._scales = None
            if stored.position:
                recount(connection, self.ledger_id, self._writing(connection, head).scales)
            for tree in stored.tree.get("master", ()):
                self._apply_master(connection, head, stored.position, tree)
        elif stored.kind == "master":
            self._apply_master(connection, head, stored.position, stored.tree)
        elif stored.kind == "erasure":
            holds.forget(connection, self.ledger_id, stored.tree.get("positions", ()))
        elif stored.kind == "hold":
            keys = [str(one) for one in stored.tree.get("things", ())]
            first_new = head.item_next
            found, _ = self._roster.call(connection, head, dict.fromkeys(keys))
            held = holds.apply(
                connection, self.ledger_id, stored.position, stored.at, stored.tree, found
            )
            writing = self._writing(connection, head)
            before = {item.item_no: msgspec.structs.replace(item) for item in found.values()}
            for item in found.values():
                flag = HELD if item.item_no in held else 0
                item.flags = item.flags & ~HELD | flag
            fresh = {item.item_no for item in found.values() if item.item_no >= first_new}
            writing.write_items(before, {one.item_no: one for one in found.values()}, fresh)

    def _apply_master(
        self, connection: Connection, head: Head, position: int, tree: Mapping[str, Any]
    ) -> None:
        waiting = master.apply(connection, head, self.numbers, position, tree)
        if waiting is not None and waiting not in self.known_orders:
            self.known_orders.add(waiting)
            self._recall_order(connection, head, waiting)

    def _recall_order(self, connection: Connection, head: Head, order_no: int) -> None:
        waited = tables.order_waited
        rows = list(
            connection.execute(
                waited.select()
                .where(waited.c.ledger_id == self.ledger_id)
                .where(waited.c.order_no == order_no)
            )
        )
        if rows:
            self._repast(connection, head, {row.item_no for row in rows}, since=None)
            connection.execute(
                waited.delete()
                .where(waited.c.ledger_id == self.ledger_id)
                .where(waited.c.order_no == order_no)
            )

    def _writing(self, connection: Connection, head: Head) -> Writing:
        if self._scales is None:
            self.numbers.learn(connection, head, [("kind", kind.name) for kind in self.flow.kinds])
            self._scales = Scales(self.flow, self.numbers)
        return Writing(connection, self.ledger_id, self._scales)

    def _apply_events(self, connection: Connection, head: Head, batch: list[Stored]) -> None:
        if not batch:
            return
        self._has_declarations |= any(stored.kind == "declaration" for stored in batch)
        facts: list[tuple[Stored, Facts]] = [
            (stored, facts_of(stored.event, self.flow, at=stored.at))
            for stored in batch
            if stored.kind == "event" and stored.event is not None
        ]
        first_new = head.item_next
        items, newcomers = self._learn(connection, head, [one for _, one in facts])
        if self.see_facts is not None:
            self.see_facts(facts)
        born_void = self._born_void(connection, [stored for stored, _ in facts])
        writing = self._writing(connection, head)
        arrivals = Newcomers(self.ledger_id, writing.scales, self.known_orders)
        fresh = {item.item_no for item in items.values() if item.item_no >= first_new}
        world = self._world(connection, items, fresh)
        before = {no: copy(item) for no, item in world.items.items() if no not in fresh}
        moves: list[Move] = []
        late: set[int] = set()
        since: int | None = None
        numbered = self._number({fact.context for _, fact in facts})
        for stored, fact in facts:
            void_position = born_void.get(stored.position)
            shared = numbered[fact.context]
            own = self._moves(stored, fact, items, shared, void_position)
            is_on_time = void_position is None and self._is_on_time(world, fact, own)
            if not is_on_time and newcomers:
                for item in _made_items(fact, newcomers):
                    items[item.key] = item
                    world.add(item)
                    fresh.add(item.item_no)
                own = self._moves(stored, fact, items, shared, void_position)
            moves += own
            if is_on_time:
                for move in own:
                    world.apply(move)
                if newcomers:
                    self._arrive(arrivals, newcomers, stored.position, fact, shared)
            elif void_position is None:
                late.update(move.item_no for move in own)
                since = fact.at if since is None else min(since, fact.at)
        insert_rows(
            connection,
            tables.touch,
            [(self.ledger_id, *msgspec.structs.astuple(move)) for move in moves] + arrivals.touches,
        )
        self._note_unknown_orders(connection, moves)
        roles = {move.role for move in moves}
        made = _those(moves, Role.OUTPUT) if Role.OUTPUT in roles else set()
        used = _those(moves, Role.INPUT) if Role.INPUT in roles else set()
        writing.write_world(before, world, made=made, used=used, fresh=fresh, newcomers=arrivals)
        voided, void_at = void(
            connection, self.ledger_id, self.flow, [s for s in batch if s.kind == "declaration"]
        )
        if voided:
            late |= voided
            since = void_at if since is None else min(since, void_at)
        if late:
            self._repast(connection, head, late, since=since)

    def _repast(
        self, connection: Connection, head: Head, touched: set[int], *, since: int | None
    ) -> None:
        writing = self._writing(connection, head)

        def products(items: Collection[Item]) -> dict[int, int]:
            # Learnt from the table: this process may not have met these names yet.
            own = {item.item_no: product_at(item.key, item.form) for item in items}
            self.numbers.learn(
                connection, head, [("product", name) for name in own.values() if name is not None]
            )
            return {no: self.numbers.of("product", name) or 0 for no, name in own.items()}

        repast(writing, touched, since=since, orders=self.known_orders, products=products)

    def _born_void(self, connection: Connection, batch: list[Stored]) -> dict[int, int]:
        # A declaration may come before the event it takes back: that event never counts.
        if not self._has_declarations:
            return {}
        found = rows_by(
            connection,
            record.event_id,
            ("event_id", "position", "declared_at"),
            ledger_id=self.ledger_id,
            column="event_id",
            values=[str(stored.event.event_id) for stored in batch if stored.event],
        )
        declared: dict[str, int] = {}
        for row in found:
            if row.declared_at > 0:
                declared[row.event_id] = min(row.position, declared.get(row.event_id, row.position))
        return {
            stored.position: declared[stored.event.event_id]
            for stored in batch
            if stored.event
            and stored.event.event_id in declared
            and declared[stored.event.event_id] < stored.position
        }

    @staticmethod
    def _is_on_time(world: World, fact: Facts, moves: list[Move]) -> bool:
        at, tie, is_later = fact.at, fact.tie, world.is_later
        for move in moves:  # noqa: SIM110 - most events have one touch: a generator costs more
            if not is_later(at, tie, move.item_no):
                return False
        return True

    def _learn(
        self, connection: Connection, head: Head, facts: list[Facts]
    ) -> tuple[dict[str, Item], dict[str, Newcomer]]:
        """Give numbers to every name and thing of a batch.

        Returns:
            The things by key, and apart the new ones that are touched once.
        """
        wanted: list[tuple[str, str | None]] = []
        for context in dict.fromkeys(fact.context for fact in facts):
            wanted += (
                ("place", context.place),
                ("step", context.step),
                ("disposition", context.disposition),
                ("order", context.prodorder),
                ("order", context.po),
            )
        self.numbers.learn(
            connection, head, [(kind, name) for kind, name in wanted if name is not None]
        )
        orders = {self.numbers.of("order", name) for kind, name in wanted if kind == "order"}
        touched: dict[str, Touch | None] = {}
        alike: set[str] = set()
        products: dict[tuple[str, str], None] = {}
        for fact in facts:
            for touch in fact.touches:
                key = touch.key
                if key in touched:
                    alike.discard(key)
                elif is_alike(touch):
                    alike.add(key)
                touched[key] = touch
                if touch.product is not None:
                    products["product", touch.product] = None
        self.numbers.learn(connection, head, products)
        # Who waits for an order that nobody entered yet is noted one by one.
        if not orders <= self.known_orders | {None}:
            alike.clear()
        return self._roster.call(connection, head, touched, alike)

    def _world(self, connection: Connection, items: dict[str, Item], fresh: set[int]) -> World:
        """Lay out the items of a batch with all that they stand in and all that is in them."""
        world = World(self.known_orders)
        for item in items.values():
            world.add(item)
        above = {item.container_no for item in items.values()} - {None}
        while wanted := [no for no in above if no is not None and no not in world.items]:
            above = set()
            for item in self._load(connection, "item_no", wanted, None):
                world.add(item)
                above.add(item.container_no)
        # Something may be on the table already as the holder of another thing named, and have
        # contents of its own that are not: what was asked for is remembered apart. What is met for
        # the first time has none.
        asked: set[int] = set()
        named = {item.item_no for item in items.values()} - fresh
        while named:
            asked |= named
            inside = self._load(connection, "container_no", named, "item_container")
            for item in inside:
                if item.item_no not in world.items:
                    world.add(item)
            named = {item.item_no for item in inside} - asked
        return world

    def _load(
        self, connection: Connection, column: str, values: Iterable[int], index: str | None
    ) -> list[Item]:
        rows = rows_by(
            connection,
            tables.item,
            ITEM_COLUMNS,
            ledger_id=self.ledger_id,
            column=column,
            values=values,
            index=index,
            where="t.container_no IS NOT NULL" if index else "",
        )
        return [Item(*row) for row in rows]

    def _number(self, contexts: Iterable[Context]) -> dict[Context, Numbered]:
        """Return the numbers of what the events of a batch share, once for each table."""
        of = self.numbers.of
        return {
            one: (
                of("place", one.place),
                of("step", one.step),
                of("disposition", one.disposition),
                one.stage.number if one.stage else None,
                of("order", one.prodorder),
                of("order", one.po),
            )
            for one in contexts
        }

    def _moves(
        self,
        stored: Stored,
        fact: Facts,
        items: dict[str, Item],
        numbered: Numbered,
        void_position: int | None,
    ) -> list[Move]:
        place_no, step_no, disposition_no, stage_no, prodorder_no, po_no = numbered
        at, tie, position = fact.at, fact.tie, stored.position
        return [
            Move(  # by place: naming so many members takes longer than all the rest
                items[touch.key].item_no,
                at,
                tie,
                line,
                position,
                int(touch.role),
                items[touch.parent].item_no if touch.parent else None,
                touch.quantity,
                touch.uom if touch.quantity is not None else None,
                place_no,
                step_no,
                disposition_no,
                stage_no,
                None if touch.product is None else self.numbers.of("product", touch.product),
                prodorder_no if touch.names_order else None,
                po_no if touch.names_order else None,
                void_position,
            )
            for line, touch in enumerate(fact.touches)
            if touch.key in items
        ]

    def _arrive(
        self,
        arrivals: Newcomers,
        newcomers: dict[str, Newcomer],
        position: int,
        fact: Facts,
        shared: Numbered,
    ) -> None:
        """Carry out the touches of an event on things that are new."""
        for line, touch in enumerate(fact.touches):
            newcomer = newcomers.get(touch.key)
            if newcomer is not None:
                product_no = self.numbers.of("product", touch.product)
                moment = (fact.at, fact.tie, line, position)
                arrivals.add(newcomer, touch, shared, product_no, moment)

    def _note_unknown_orders(self, connection: Connection, moves: list[Move]) -> None:
        named = {move.prodorder_no for move in moves} | {move.po_no for move in moves}
        unknown = named - self.known_orders - {None}
        if not unknown:
            return
        waiting = {
            (self.ledger_id, order_no, move.item_no)
            for move in moves
            for order_no in (move.prodorder_no, move.po_no)
            if order_no in unknown
        }
        known = {
            (self.ledger_id, row.order_no, row.item_no)
            for row in rows_by(
                connection,
                tables.order_waited,
                ("order_no", "item_no"),
                ledger_id=self.ledger_id,
                column="order_no",
                values=[order_no for order_no in unknown if order_no is not None],
            )
        }
        insert_rows(connection, tables.order_waited, sorted(waiting - known))


def _made_items(fact: Facts, newcomers: dict[str, Newcomer]) -> list[Item]:
    """Return the new things of an event as items without a past."""
    return [
        Item(newcomers[touch.key][0], touch.key, int(touch.form), *newcomers[touch.key][1:])
        for touch in fact.touches
        if touch.key in newcomers
    ]


def _those(moves: Iterable[Move], role: int) -> set[int]:
    return {move.item_no for move in moves if move.role == role}
