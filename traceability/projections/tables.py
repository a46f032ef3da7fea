"""The tables of the state that follows from the ledger: each can be thrown away and built again.

``no`` numbers are interned and never leave the process; pages and the API show keys. Quantities are
whole millionths (``traceability.database.MICRO``). Times are microseconds since 1970, UTC.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, Text, text

from traceability.database import ExactDecimal, ledger_column, table


def _number(name: str, *, key: bool = False, nullable: bool = False) -> Column[int]:
    return Column(
        name, BigInteger, primary_key=key, nullable=nullable and not key, autoincrement=False
    )


name = table(
    "name",
    ledger_column(),
    _number("no", key=True),
    Column("kind", Text, nullable=False),
    Column("text", Text, nullable=False),
)
name_text = Index("name_text", name.c.ledger_id, name.c.kind, name.c.text, unique=True)

item = table(
    "item",
    ledger_column(),
    _number("item_no", key=True),
    Column("key", Text, nullable=False),
    Column("form", Integer, nullable=False),
    _number("kind_no"),
    _number("product_no"),
    _number("place_no"),
    _number("step_no"),
    _number("disposition_no"),
    _number("container_no", nullable=True),
    Column("is_active", Boolean, nullable=False),
    Column("quantity", ExactDecimal, nullable=False),
    Column("consumed", ExactDecimal, nullable=False),
    Column("uom", Text, nullable=False),
    _number("stages_reached"),
    _number("order_no", nullable=True),
    _number("own_order_no", nullable=True),
    Column("flags", Integer, nullable=False),
    _number("last_at"),
    _number("last_tie"),
)
item_key = Index("item_key", item.c.ledger_id, item.c.key, unique=True)
item_container = Index(
    "item_container",
    item.c.ledger_id,
    item.c.container_no,
    sqlite_where=item.c.container_no.is_not(None),
    postgresql_where=item.c.container_no.is_not(None),
)
item_place = Index("item_place", item.c.ledger_id, item.c.place_no, item.c.product_no)
item_order = Index(
    "item_order",
    item.c.ledger_id,
    item.c.order_no,
    sqlite_where=item.c.order_no.is_not(None),
    postgresql_where=item.c.order_no.is_not(None),
)
item_step = Index("item_step", item.c.ledger_id, item.c.step_no, item.c.is_active, item.c.last_at)

touch = table(
    "touch",
    ledger_column(),
    _number("item_no", key=True),
    _number("event_at", key=True),
    _number("tie", key=True),
    Column("line", Integer, primary_key=True, autoincrement=False),
    _number("position"),
    Column("role", Integer, nullable=False),
    _number("parent_no", nullable=True),
    Column("quantity", ExactDecimal, nullable=True),
    Column("uom", Text, nullable=True),
    _number("place_no", nullable=True),
    _number("step_no", nullable=True),
    _number("disposition_no", nullable=True),
    Column("stage_no", Integer, nullable=True),
    _number("product_no", nullable=True),
    _number("prodorder_no", nullable=True),
    _number("po_no", nullable=True),
    _number("void_position", nullable=True),
)
RELATING = "role > 3 AND role <> 7 AND role <> 8"
"""The roles that relate things to one another; a look-up by position repeats this condition, since
SQLite uses a partial index only for a query that states the same words. A list after IN would cost
every touch 8 µs: SQLite builds a table of it for each row."""
touch_position = Index(
    "touch_position",
    touch.c.ledger_id,
    touch.c.position,
    touch.c.role,
    touch.c.item_no,
    sqlite_where=text(RELATING),
    postgresql_where=text(RELATING),
)

containment = table(
    "containment",
    ledger_column(),
    _number("child_no", key=True),
    _number("from_at", key=True),
    _number("from_tie", key=True),
    _number("parent_no"),
    _number("to_at", nullable=True),
    _number("to_tie", nullable=True),
)
containment_parent = Index(
    "containment_parent", containment.c.ledger_id, containment.c.parent_no, containment.c.to_at
)

stock = table(
    "stock",
    ledger_column(),
    _number("place_no", key=True),
    _number("product_no", key=True),
    _number("step_no", key=True),
    _number("disposition_no", key=True),
    Column("uom", Text, primary_key=True),
    Column("quantity", ExactDecimal, nullable=False),
)

order_head = table(
    "order_head",
    ledger_column(),
    _number("order_no", key=True),
    _number("position"),
    Column("due", Text, nullable=False),
)
order_line = table(
    "order_line",
    ledger_column(),
    _number("order_no", key=True),
    Column("line", Integer, primary_key=True, autoincrement=False),
    _number("product_no"),
    Column("ordered", ExactDecimal, nullable=False),
)
progress = table(
    "progress",
    ledger_column(),
    _number("order_no", key=True),
    _number("product_no", key=True),
    Column("stage_no", Integer, primary_key=True, autoincrement=False),
    Column("quantity", ExactDecimal, nullable=False),
)
order_waited = table(
    "order_waited", ledger_column(), _number("order_no", key=True), _number("item_no", key=True)
)
"""Things whose events named an order that nobody had entered yet: re-folded when it is entered."""

master_data = table(
    "master_data",
    ledger_column(),
    Column("type", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
    _number("position"),
)

master_position = Index("master_position", master_data.c.ledger_id, master_data.c.position)

hold = table(
    "hold",
    ledger_column(),
    Column("hold_id", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("contact", Text, nullable=False),
    _number("held_at"),
    _number("position"),
    _number("released_position", nullable=True),
)
hold_item = table(
    "hold_item",
    ledger_column(),
    _number("item_no", key=True),
    Column("hold_id", Text, primary_key=True),
)

hold_item_hold = Index("hold_item_hold", hold_item.c.ledger_id, hold_item.c.hold_id)

event = table(
    "event",
    ledger_column(),
    _number("position", key=True),
    _number("event_at"),
    Column("type", Text, nullable=False),
    Column("action", Text, nullable=False),
    _number("step_no"),
    _number("disposition_no"),
    _number("read_point_no"),
    _number("place_no"),
    Column("stage_no", Integer, nullable=True),
    Column("pieces", ExactDecimal, nullable=False),
)
"""A late projection: what an event says, by the columns that pages search. Folded by the
follower.
"""
event_at = Index("event_at", event.c.ledger_id, event.c.event_at)
event_step = Index("event_step", event.c.ledger_id, event.c.step_no, event.c.event_at)
event_place = Index("event_place", event.c.ledger_id, event.c.place_no, event.c.event_at)
event_read_point = Index(
    "event_read_point", event.c.ledger_id, event.c.read_point_no, event.c.event_at
)

projection = table(
    "projection",
    ledger_column(),
    Column("name", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    _number("position"),
    Column("digest", Text, nullable=False),
)
