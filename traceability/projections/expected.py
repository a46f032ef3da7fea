"""What a gate may expect: cartons with what is in them, and what must not move.

A station keeps this to decide without the network (DESIGN, D8).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from traceability.projections.items import items_by_number
from traceability.projections.state import plain
from traceability.projections.view import View, moment
from traceability.projections.world import Item

CARTONS_MAX = 2000
CONTENTS_MAX = 2000
_COLUMNS = tuple(Item.__struct_fields__)


def cartons(view: View) -> list[dict[str, Any]]:
    """Return the containers that hold something, newest first, as JSON for a station's cache."""
    holders = [kind.name for kind in view.flow.kinds if not kind.in_stock]
    rows = view.connection.execute(
        text(
            "SELECT i.container_no, i.item_no FROM item i WHERE i.ledger_id = :l "
            "AND i.container_no IS NOT NULL ORDER BY i.container_no DESC, i.item_no DESC LIMIT :n"
        ),
        {"l": view.ledger_id, "n": CARTONS_MAX * 40},
    ).all()
    inside: dict[int, list[int]] = {}
    for container_no, item_no in rows:
        inside.setdefault(container_no, []).append(item_no)
    chosen = dict(list(inside.items())[:CARTONS_MAX])
    items = items_by_number(view, {*chosen, *(no for many in chosen.values() for no in many)})
    boxes = {no: items[no] for no in chosen if _is_holder(view, items[no].key, holders)}
    name = view.names(
        [no for one in items.values() for no in (one.place_no, one.order_no, one.product_no)]
    )
    label = view.labels(
        [one.key for one in items.values()]
        + [name[no or 0] for one in items.values() for no in (one.place_no, one.order_no)]
    )
    orders = view.master(
        "order", {name[one.order_no] for one in items.values() if one.order_no is not None}
    )

    def number_of(one: Item) -> str | None:
        values = orders.get(name[one.order_no]) if one.order_no is not None else None
        return str(values.get("number", "")) if values is not None else None

    found = []
    for box_no, box in boxes.items():
        contents = [items[no] for no in chosen[box_no][:CONTENTS_MAX] if items[no].is_active]
        numbers = {number_of(one) for one in contents} - {None}
        order = next(iter(numbers)) if len(numbers) == 1 else None
        found.append(
            {
                "carton": box.key,
                "name": str(label[box.key]),
                "order": order,
                "destination": _destination(orders, order),
                "contents": [
                    {
                        "key": one.key,
                        "name": str(label[one.key]),
                        "order": number_of(one),
                        "product": name[one.product_no] or None,
                        "quantity": plain(one.quantity),
                        "uom": one.uom,
                        "place": name[one.place_no] or None,
                        "place_name": str(label[name[one.place_no]]) or None,
                        "seen_at": moment(one.last_at).isoformat().replace("+00:00", "Z"),
                    }
                    for one in contents
                ],
            }
        )
    return found


def _is_holder(view: View, key: str, holders: list[str]) -> bool:
    kind = view.flow.kind_of(key)
    return kind is not None and kind.name in holders


def _destination(orders: dict[str, Any], number: str | None) -> str | None:
    for values in orders.values():
        if str(values.get("number", "")) == number and values.get("destination"):
            return str(values["destination"])
    return None


def held(view: View) -> list[dict[str, str]]:
    """Return everything that some hold stops, with the reason and whom to call."""
    rows = view.connection.execute(
        text(
            "SELECT i.key, h.hold_id, h.reason, h.contact FROM hold h "
            "CROSS JOIN hold_item x CROSS JOIN item i "
            "WHERE h.ledger_id = :l AND h.released_position IS NULL "
            "AND x.ledger_id = :l AND x.hold_id = h.hold_id "
            "AND i.ledger_id = :l AND i.item_no = x.item_no ORDER BY h.hold_id, x.item_no"
        ),
        {"l": view.ledger_id},
    )
    return [
        {"key": row.key, "id": row.hold_id, "reason": row.reason, "contact": row.contact}
        for row in rows
    ]


def newest_master(view: View) -> int:
    """Return the position of the newest master data or flow, 0 if there is none.

    By it a station knows that what it took along is old.
    """
    found = view.connection.execute(
        text(
            "SELECT max(position) FROM ("
            "SELECT max(position) AS position FROM master_data WHERE ledger_id = :l"
            " UNION ALL SELECT max(position) FROM landmark WHERE ledger_id = :l AND kind = 'flow'"
            ") AS newest"
        ),
        {"l": view.ledger_id},
    ).scalar()
    return int(found or 0)
