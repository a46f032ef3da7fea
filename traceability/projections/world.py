"""A few things on the table with everything that is inside them: where each touch is carried out.

The rules of the state (DATA_MODEL, "State", rules 1 to 5) stand here once. The fold of new events
and the replay of a past that has changed both lay their rows out in a world, carry out touches in
order, and read off what became of them; no other code changes an item.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from traceability.database import MICRO
from traceability.projections.touches import Form, Role

INFERRED = 1
DOUBTFUL = 2
HELD = 4
LOOP = 8
UNBORN = 16
BELOW_ZERO = 32
UNIT = 64
ORDERS = 128
POSTED = 256
BEGUN = 512
"""Flags of an item, as stored. POSTED and BEGUN are notes of the fold to itself: a quantity was
posted (its unit is settled); a touch that counts has happened (the item exists)."""

NEVER = -(2**62)
"""Before every event."""

# A member of an enumeration is looked up by a call in Python: every touch passes here, so the
# roles are at hand as what they are in the table, numbers.
_THING, _HOLDING_AT_PLACE = int(Form.THING), int(Form.HOLDING_AT_PLACE)
_REMOVED, _RELEASE, _UNCHILD = int(Role.REMOVED), int(Role.RELEASE), int(Role.UNCHILD)
_CHILD, _INFERRED_CHILD = int(Role.CHILD), int(Role.INFERRED_CHILD)
_COUNT, _INPUT = int(Role.COUNT), int(Role.INPUT)
_CHILDREN = (_CHILD, _INFERRED_CHILD)
_MAKES_INACTIVE = frozenset((Role.REMOVED, Role.INPUT))
_MARKS_BORN = frozenset((Role.ADDED, Role.OUTPUT))
_SUPPOSES_BIRTH = frozenset((Role.SEEN, Role.REMOVED, Role.INPUT, Role.UNCHILD))


class Item(msgspec.Struct, gc=False):
    """The row of one thing, lot or holding, in the order of the table's columns."""

    item_no: int
    key: str
    form: int
    kind_no: int
    product_no: int
    place_no: int = 0
    step_no: int = 0
    disposition_no: int = 0
    container_no: int | None = None
    is_active: bool = False
    quantity: int = 0
    consumed: int = 0
    uom: str = ""
    stages_reached: int = 0
    order_no: int | None = None
    own_order_no: int | None = None
    flags: int = 0
    last_at: int = NEVER
    last_tie: int = 0

    @property
    def pieces(self) -> int:
        """Millionths of what counts for an order: what is there, and what went into something."""
        return self.quantity + self.consumed

    def blank(self, *, product_no: int) -> Item:
        """Return the item as it was before its first touch."""
        place = self.place_no if self.form == _HOLDING_AT_PLACE else 0
        return Item(
            self.item_no,
            self.key,
            self.form,
            self.kind_no,
            product_no,
            place_no=place,
            flags=self.flags & HELD,
        )


class Move(msgspec.Struct, gc=False):
    """One touch in numbers, in the order of the table's columns (without ``ledger_id``)."""

    item_no: int
    event_at: int
    tie: int
    line: int
    position: int
    role: int
    parent_no: int | None
    quantity: int | None
    uom: str | None
    place_no: int | None
    step_no: int | None
    disposition_no: int | None
    stage_no: int | None
    product_no: int | None
    prodorder_no: int | None
    po_no: int | None
    void_position: int | None = None


class Stay(msgspec.Struct, frozen=True, gc=False):
    """The time that one thing spent directly inside another."""

    child_no: int
    from_at: int
    from_tie: int
    parent_no: int
    to_at: int | None = None
    to_tie: int | None = None


class World:
    """Items by number, what is directly inside each, and the stays that began and ended here.

    Args:
        known_orders: Numbers of the orders that have been entered.
    """

    def __init__(self, known_orders: set[int] | frozenset[int]) -> None:
        self.items: dict[int, Item] = {}
        self.inside: dict[int, set[int]] = {}
        self.stays: list[Stay] = []
        self.open_stays: dict[int, Stay] = {}
        self.left: dict[int, tuple[int, int]] = {}
        """Ends of stays that began before this world, by child."""
        self._known_orders = known_orders

    def add(self, item: Item) -> None:
        """Lay an item on the table as it is."""
        self.items[item.item_no] = item
        if item.container_no is not None:
            self.inside.setdefault(item.container_no, set()).add(item.item_no)

    def contents(self, item_no: int) -> Iterator[Item]:
        """Yield everything inside an item, however deep."""
        waiting = list(self.inside.get(item_no, ()))
        while waiting:
            number = waiting.pop()
            yield self.items[number]
            waiting.extend(self.inside.get(number, ()))

    def is_later(self, at: int, tie: int, item_no: int) -> bool:
        """Say whether a moment is later than all that happened to an item and to its contents."""
        item = self.items[item_no]
        if at < item.last_at or (at == item.last_at and tie <= item.last_tie):
            return False
        if not self.inside.get(item_no):
            return True
        return all((one.last_at, one.last_tie) < (at, tie) for one in self.contents(item_no))

    def apply(self, move: Move) -> None:
        """Carry out one touch. Touches come in the order of time, tie and line."""
        if move.void_position is not None:
            return
        item = self.items[move.item_no]
        role = move.role
        self._move(item, move)
        if self.inside.get(move.item_no):
            for one in list(self.contents(move.item_no)):
                self._move(one, move)
        if role == _INFERRED_CHILD:
            item.flags |= INFERRED
        else:
            item.flags &= ~INFERRED
        if move.product_no is not None:
            item.product_no = move.product_no
        if move.prodorder_no in self._known_orders:
            item.own_order_no = move.prodorder_no
        elif move.po_no in self._known_orders:
            item.own_order_no = move.po_no
        if item.form == _THING:
            self._live(item, move)
        else:
            self._post(item, move)
        if role in _CHILDREN:
            self._enter(item, move)
        elif role == _UNCHILD:
            if item.container_no == move.parent_no:
                self._leave(item, move)
        elif role == _RELEASE:
            self._empty(item, move)
        item.flags |= BEGUN

    @staticmethod
    def _move(item: Item, move: Move) -> None:
        if move.place_no is not None and item.form != _HOLDING_AT_PLACE:
            item.place_no = move.place_no
        if move.step_no is not None:
            item.step_no = move.step_no
        if move.disposition_no is not None:
            item.disposition_no = move.disposition_no
        if move.stage_no is not None and move.role != _INPUT:
            item.stages_reached |= 1 << move.stage_no
        at = move.event_at
        if at > item.last_at or (at == item.last_at and move.tie > item.last_tie):
            item.last_at, item.last_tie = at, move.tie

    def _live(self, item: Item, move: Move) -> None:
        role = move.role
        if not item.flags & BEGUN and role in _SUPPOSES_BIRTH:
            item.flags |= UNBORN
        elif role in _MARKS_BORN:
            item.flags &= ~UNBORN
        item.is_active = role not in _MAKES_INACTIVE
        item.quantity = MICRO if item.is_active else 0
        item.consumed = MICRO if role == _INPUT else 0
        if not item.is_active:
            self._leave(item, move)
            self._empty(item, move)

    @staticmethod
    def _post(item: Item, move: Move) -> None:
        if move.role == _REMOVED:
            item.quantity = 0
        elif move.quantity is not None:
            uom = move.uom or ""
            if not item.flags & POSTED:
                item.uom = uom
                item.flags |= POSTED
            if uom != item.uom:
                item.flags |= UNIT
                return
            if move.role == _COUNT:
                item.quantity = move.quantity
            else:
                item.quantity += move.quantity
            if move.role == _INPUT:
                item.consumed -= move.quantity
        item.is_active = item.quantity != 0
        item.flags = item.flags | BELOW_ZERO if item.quantity < 0 else item.flags & ~BELOW_ZERO

    def _enter(self, item: Item, move: Move) -> None:
        parent_no = move.parent_no
        if parent_no is None or item.container_no == parent_no:
            return
        above: int | None = parent_no
        while above is not None:
            if above == item.item_no:
                item.flags |= LOOP
                self.stays.append(
                    Stay(
                        item.item_no,
                        move.event_at,
                        move.tie,
                        parent_no,
                        move.event_at,
                        move.tie,
                    )
                )
                return
            above = self.items[above].container_no if above in self.items else None
        self._leave(item, move)
        item.container_no = parent_no
        self.inside.setdefault(parent_no, set()).add(item.item_no)
        self.open_stays[item.item_no] = Stay(item.item_no, move.event_at, move.tie, parent_no)

    def _empty(self, item: Item, move: Move) -> None:
        for number in list(self.inside.get(item.item_no, ())):
            self._leave(self.items[number], move)

    def _leave(self, item: Item, move: Move) -> None:
        container_no = item.container_no
        if container_no is None:
            return
        item.container_no = None
        self.inside[container_no].discard(item.item_no)
        stay = self.open_stays.pop(item.item_no, None)
        if stay is None:
            self.left[item.item_no] = (move.event_at, move.tie)
        else:
            self.stays.append(msgspec.structs.replace(stay, to_at=move.event_at, to_tie=move.tie))
        # Whoever leaves without naming the container tells it and all that it stands in: a late
        # event of the container would otherwise be taken for on time and miss the one that left.
        above: int | None = container_no
        while above is not None:
            holder = self.items.get(above)
            if holder is None:
                break
            if (move.event_at, move.tie) > (holder.last_at, holder.last_tie):
                holder.last_at, holder.last_tie = move.event_at, move.tie
            above = holder.container_no
