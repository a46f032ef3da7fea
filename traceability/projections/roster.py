"""Calling things by their keys: those that are known come as they are, new ones get a number.

What a thing is (its kind, its product) hangs on its key alone and is worked out once, when it is
first met.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import msgspec
from sqlalchemy import Connection

from traceability.database import rows_by, update_rows
from traceability.flow import Flow
from traceability.gs1 import product_of
from traceability.projections import tables
from traceability.projections.holding import class_of, holder_of
from traceability.projections.newcomers import Newcomer
from traceability.projections.numbers import Head, Numbers
from traceability.projections.touches import Form, Touch, thing_or_lot
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
        self,
        connection: Connection,
        head: Head,
        touched: Mapping[str, Touch | None],
        alike: Collection[str] = (),
    ) -> tuple[dict[str, Item], dict[str, Newcomer]]:
        """Return the items of these keys; new ones have numbers but are not yet written.

        Args:
            connection: The append's transaction.
            head: Gives the numbers.
            touched: The last touch of each; None where nothing is done to it but a hold.
            alike: Keys that are not made items if they are new.

        Returns:
            The items, and apart the new things of ``alike``.
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
        kinds: dict[str | None, None] = {}
        products: dict[str | None, None] = {}
        places: dict[str | None, None] = {}
        for key, touch in touched.items():
            old = found.get(key)
            if old is not None and (touch is None or touch.form == old.form or old.flags & BEGUN):
                continue
            form = thing_or_lot(key, self._flow) if touch is None else touch.form
            kind = touch.kind if touch is not None and touch.kind != "" else self._kind(key, form)
            product = product_at(key, form)
            kinds[kind] = products[product] = None
            if form is _AT_PLACE:
                places[holder_of(key)] = None
            new.append((key, form, kind, product))
        self._learn(connection, head, (("kind", kinds), ("product", products), ("place", places)))
        return found, self._enroll(connection, head, new, found, alike)

    def _kind(self, key: str, form: Form) -> str | None:
        kind = self._flow.kind_of(class_of(key) if form in _HOLDINGS else key)
        return None if kind is None else kind.name

    def _learn(
        self, connection: Connection, head: Head, names: Iterable[tuple[str, Iterable[str | None]]]
    ) -> None:
        self._numbers.learn(
            connection,
            head,
            [(what, name) for what, many in names for name in many if name is not None],
        )

    def _enroll(
        self,
        connection: Connection,
        head: Head,
        new: list[tuple[str, Form, str | None, str | None]],
        found: dict[str, Item],
        alike: Collection[str],
    ) -> dict[str, Newcomer]:
        of = self._numbers.of
        newcomers: dict[str, Newcomer] = {}
        for key, form, kind, product in new:
            old = found.get(key)
            kind_no, product_no = of("kind", kind) or 0, of("product", product) or 0
            if old is None and key in alike:
                newcomers[key] = (head.item_next, kind_no, product_no)
                head.item_next += 1
                continue
            number = head.item_next if old is None else old.item_no
            item = Item(number, key, int(form), kind_no, product_no)
            if form is _AT_PLACE:
                item.place_no = of("place", holder_of(key)) or 0
            if old is None:
                head.item_next += 1
            else:
                item.flags = old.flags
                row = (self._ledger_id, *msgspec.structs.astuple(item))
                update_rows(connection, tables.item, [row])
            found[key] = item
        return newcomers


def product_at(key: str, form: int) -> str | None:
    """Return the product that a key itself names: of a holding, its class."""
    if form in _HOLDINGS:
        class_key = class_of(key)
        return product_of(class_key) or class_key
    return product_of(key)
