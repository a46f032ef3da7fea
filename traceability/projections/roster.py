"""Calling things by their keys: those that are known come as they are, new ones get a number.

What a thing is (its kind, its product) hangs on its key alone and is worked out once, when it is
first met.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from sqlalchemy import Connection

from traceability.database import rows_by, update_rows
from traceability.flow import Flow
from traceability.gs1 import product_of
from traceability.projections import tables
from traceability.projections.holding import class_of, holder_of
from traceability.projections.numbers import Head, Numbers
from traceability.projections.touches import Form, thing_or_lot
from traceability.projections.world import BEGUN, Item
from traceability.projections.writing import ITEM_COLUMNS

__all__ = ["Roster", "product_at"]

_HOLDINGS = (Form.HOLDING_AT_PLACE, Form.HOLDING_IN_CONTAINER)
_AT_PLACE = Form.HOLDING_AT_PLACE


class Roster:
    """The items of one ledger by key, under one flow."""

    def __init__(self, ledger_id: int, flow: Flow, numbers: Numbers) -> None:
        self._ledger_id = ledger_id
        self._flow = flow
        self._numbers = numbers

    def call(
        self, connection: Connection, head: Head, touched: Mapping[str, Form | None]
    ) -> dict[str, Item]:
        """Return the items of these keys, new ones with numbers but not yet written.

        Args:
            connection: The append's transaction.
            head: Gives the numbers.
            touched: The form in which each is touched; None where nothing is done to it but a
                hold.
        """
        found = {
            row[1]: Item(*row)
            for row in rows_by(
                connection,
                tables.item,
                ITEM_COLUMNS,
                ledger_id=self._ledger_id,
                column="key",
                values=touched,
                index="item_key",
            )
        }
        # What was held before anybody met it gets kind and product with its first touch.
        new: list[tuple[str, Form, str | None, str | None]] = []
        wanted: dict[tuple[str, str], None] = {}
        for key, given in touched.items():
            old = found.get(key)
            if old is not None and (given in (None, old.form) or old.flags & BEGUN):
                continue
            form = thing_or_lot(key, self._flow) if given is None else given
            kind = self._flow.kind_of(class_of(key) if form in _HOLDINGS else key)
            product = product_at(key, form)
            if kind is not None:
                wanted["kind", kind.name] = None
            if product is not None:
                wanted["product", product] = None
            if form is _AT_PLACE:
                wanted["place", holder_of(key) or ""] = None
            new.append((key, form, kind.name if kind is not None else None, product))
        self._numbers.learn(connection, head, wanted)
        self._enroll(connection, head, new, found)
        return found

    def _enroll(
        self,
        connection: Connection,
        head: Head,
        new: list[tuple[str, Form, str | None, str | None]],
        found: dict[str, Item],
    ) -> None:
        of = self._numbers.of
        for key, form, kind_name, product in new:
            old = found.get(key)
            number = head.item_next if old is None else old.item_no
            item = Item(
                number, key, int(form), of("kind", kind_name) or 0, of("product", product) or 0
            )
            if form is _AT_PLACE:
                item.place_no = of("place", holder_of(key)) or 0
            if old is None:
                head.item_next += 1
            else:
                item.flags = old.flags
                row = (self._ledger_id, *msgspec.structs.astuple(item))
                update_rows(connection, tables.item, [row])
            found[key] = item


def product_at(key: str, form: int) -> str | None:
    """Return the product that a key itself names: of a holding, its class."""
    if form in _HOLDINGS:
        class_key = class_of(key)
        return product_of(class_key) or class_key
    return product_of(key)
