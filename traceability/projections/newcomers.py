"""Things met for the first time: what becomes of one hangs on nothing but the touch that it gets.

Ten thousand garments commissioned at one table differ by their keys and their moments alone. So the
touch is carried out once, on one of them, by the same rules as every other; the rest are written
like it. Only what a batch touches a second time, or what has a past, needs a world of its own.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec

from traceability.projections.touches import Form, Role, Touch
from traceability.projections.world import Item, Move, World
from traceability.projections.worth import Scales, Worth

__all__ = ["Newcomer", "Newcomers", "Numbered", "is_alike"]

Numbered = tuple[int | None, int | None, int | None, int | None, int | None, int | None]
"""Place, step, disposition, stage, production order, purchase order, in numbers."""
Newcomer = tuple[int, int, int]
"""Number of a thing that is not in the table yet, and those of its kind and its product."""

_ROLES = (Role.SEEN, Role.ADDED, Role.REMOVED)
_FORMS = (Form.THING, Form.LOT)
_Alike = tuple[Numbered, Role, Form, int, int, int | None, bool]


def is_alike(touch: Touch) -> bool:
    """Say whether a touch does the same to every new thing of a kind."""
    return (
        touch.role in _ROLES
        and touch.parent is None
        and touch.quantity is None
        and touch.form in _FORMS
    )


class Newcomers:
    """The new things of one batch that are touched once, as rows."""

    def __init__(self, ledger_id: int, scales: Scales, known_orders: set[int]) -> None:
        self._ledger_id = ledger_id
        self._scales = scales
        self._known_orders = known_orders
        self._samples: dict[_Alike, tuple[Item, tuple[Any, ...]]] = {}
        self._counts: Counter[_Alike] = Counter()
        self.items: list[tuple[Any, ...]] = []
        """Rows of the item table."""
        self.touches: list[tuple[Any, ...]] = []
        """Rows of the touch table."""

    def add(
        self,
        newcomer: Newcomer,
        touch: Touch,
        numbered: Numbered,
        product_no: int | None,
        moment: tuple[int, int, int, int],
    ) -> None:
        """Carry out the touch of a new thing.

        Args:
            newcomer: The thing.
            touch: What was done to it; `is_alike`.
            numbered: What its event shares with others of its table.
            product_no: Of the product that the touch names.
            moment: Time of the event, tie, line and position.
        """
        number, kind_no, own_product_no = newcomer
        role, form, names_order = touch.role, touch.form, touch.names_order
        alike = (numbered, role, form, kind_no, own_product_no, product_no, names_order)
        sample = self._samples.get(alike)
        if sample is None:
            sample = self._samples[alike] = self._carry_out(alike)
        self._counts[alike] += 1
        at, tie, line, position = moment
        key = self._ledger_id
        self.items.append((key, number, touch.key, *sample[1], at, tie))
        place_no, step_no, disposition_no, stage_no, prodorder_no, po_no = numbered
        self.touches.append(
            (
                key,
                number,
                at,
                tie,
                line,
                position,
                int(role),
                None,
                None,
                None,
                place_no,
                step_no,
                disposition_no,
                stage_no,
                product_no,
                prodorder_no if names_order else None,
                po_no if names_order else None,
                None,
            )
        )

    def weigh(self, worth: Worth) -> None:
        """Add what all of them are worth to stock and progress."""
        for alike, count in self._counts.items():
            self._scales.weigh(self._samples[alike][0], count, worth)

    def _carry_out(self, alike: _Alike) -> tuple[Item, tuple[Any, ...]]:
        numbered, role, form, kind_no, own_product_no, product_no, names_order = alike
        place_no, step_no, disposition_no, stage_no, prodorder_no, po_no = numbered
        world = World(self._known_orders)
        item = Item(0, "", int(form), kind_no, own_product_no)
        world.add(item)
        world.apply(
            Move(
                item_no=0,
                event_at=0,
                tie=0,
                line=0,
                position=0,
                role=int(role),
                parent_no=None,
                quantity=None,
                uom=None,
                place_no=place_no,
                step_no=step_no,
                disposition_no=disposition_no,
                stage_no=stage_no,
                product_no=product_no,
                prodorder_no=prodorder_no if names_order else None,
                po_no=po_no if names_order else None,
            )
        )
        item.order_no = item.own_order_no
        return item, msgspec.structs.astuple(item)[2:-2]
