"""State of the floor worked out the slow way: every touch of every event, from zero, in order.

This is the measure that the fold is held against. It knows no SQL, no batches and no shortcuts,
and shares with the product only the meaning of one event, one identifier and one flow. What the
rows of a state are and how they are hashed is written at `State`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256
from typing import Any, Protocol

from tests.projections.touching import Touch, touches_of
from traceability.epcis.event import Event
from traceability.flow import Flow

ZERO = Decimal(0)
BORN = frozenset({"added", "output"})
UNBORN = frozenset({"seen", "removed", "input", "unchild"})
GONE = frozenset({"removed", "input"})


@dataclass(frozen=True, slots=True)
class State:
    """Everything the projections show, by keys alone.

    A row is a JSON array spelled without blanks in UTF-8; missing text is `""`, quantities are
    plain decimal text without trailing zeros, an open end of a stay is `""`:

        ["item", key, kind, form, product, place, step, disposition, container, active, quantity,
         consumed, uom, stages, order, flags]
        ["stock", place, product, step, disposition, uom, quantity]
        ["progress", order, product, stage, quantity]
        ["stay", child, from_at, from_tie, parent, to_at, to_tie]

    `stages` is the sum of 2 to the power of each stage number reached; `flags` are the names of
    `below_zero inferred loop orders unborn unit` that are set, sorted and joined by one blank. The
    hash is the sum of the rows' SHA-256 values modulo 2 to the power of 256, as 64 hex digits.
    """

    items: dict[str, tuple[Any, ...]]
    stock: dict[tuple[str, ...], str]
    progress: dict[tuple[str, str, int], str]
    stays: dict[tuple[str, int, int], tuple[str, int | str, int | str]]
    hash: str

    def rows(self) -> Iterator[list[Any]]:
        """Yield every row of the state, in no particular order."""
        yield from (["item", key, *fields] for key, fields in self.items.items())
        yield from (["stock", *key, amount] for key, amount in self.stock.items())
        yield from (["progress", *key, amount] for key, amount in self.progress.items())
        yield from (["stay", *key, *end] for key, end in self.stays.items())


class HasRows(Protocol):
    """What a state, of the replay or of the product, must offer to be compared."""

    @property
    def items(self) -> Mapping[str, tuple[Any, ...]]: ...

    @property
    def stock(self) -> Mapping[tuple[str, ...], str]: ...

    @property
    def progress(self) -> Mapping[tuple[str, str, int], str]: ...

    @property
    def stays(self) -> Mapping[tuple[str, int, int], tuple[Any, ...]]: ...

    @property
    def hash(self) -> str: ...


def hash_of(rows: Iterable[list[Any]]) -> str:
    """Add the SHA-256 values of the rows modulo 2 to the power of 256.

    >>> hash_of([]) == "0" * 64
    True
    """
    total = 0
    for row in rows:
        line = json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode()
        total += int.from_bytes(sha256(line).digest(), "big")
    return f"{total % 2**256:064x}"


def plain(amount: Decimal) -> str:
    """Spell an amount without exponent, trailing zeros or a sign on zero.

    >>> plain(Decimal("-12.500")), plain(Decimal("-0.0")), plain(Decimal("1E+2"))
    ('-12.5', '0', '100')
    """
    text = format(amount, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


@dataclass(slots=True)
class Item:
    """One thing, lot or holding while the replay runs."""

    key: str
    form: str
    kind: str
    place: str = ""
    has_own_place: bool = False
    step: str = ""
    disposition: str = ""
    container: str = ""
    stay: tuple[str, int, int] | None = None
    is_active: bool = False
    quantity: Decimal = ZERO
    consumed: Decimal = ZERO
    uom: str | None = None
    stages: int = 0
    product: str = ""
    order: str = ""
    flags: set[str] = field(default_factory=set)

    def pieces(self) -> Decimal:
        """Return what this item counts in the progress of an order."""
        if self.form == "thing":
            return Decimal(1) if self.is_active or self.consumed else ZERO
        return self.quantity + self.consumed


class Floor:
    """All items at one moment of the replay, and the history of who was inside whom."""

    def __init__(self, flow: Flow, orders: Collection[str]) -> None:
        self.flow = flow
        self.orders = orders
        self.items: dict[str, Item] = {}
        self.contents: dict[str, dict[str, None]] = {}
        self.stays: dict[tuple[str, int, int], tuple[str, int | str, int | str]] = {}

    def apply(self, touch: Touch) -> None:
        """Change the floor by one touch that is not void; touches come in replay order."""
        item = self.items.get(touch.item)
        if item is None:
            item = self.items[touch.item] = self._new(touch)
        self._mark(item, touch)
        item.flags.discard("inferred")
        if touch.is_inferred:
            item.flags.add("inferred")
        if touch.role == "child":
            self._enter(item, touch)
        elif touch.role == "unchild" and item.container == touch.parent:
            self._leave(item, touch)
        elif touch.role == "release":
            self._empty(item, touch)
        if item.form == "thing":
            self._live(item, touch)
        else:
            _post(item, touch)
        item.product = touch.product or item.product
        for named in (touch.prodorder, touch.po):
            if named in self.orders:
                item.order = named
                break

    def inside(self, key: str) -> list[Item]:
        """Return everything inside the thing, at any depth."""
        found = []
        for child in self.contents.get(key, {}):
            found += [self.items[child], *self.inside(child)]
        return found

    def _new(self, touch: Touch) -> Item:
        kind = self.flow.kind_of(touch.kind_key)
        item = Item(touch.item, touch.form, kind.name if kind else "")
        if touch.form == "holding":
            # What lies about without a GTIN is so much of its class, until an event says of what.
            item.product = touch.kind_key
        if touch.home:
            item.place, item.has_own_place = touch.home, True
        if touch.form == "thing" and touch.role in UNBORN:
            item.flags.add("unborn")
        return item

    def _mark(self, item: Item, touch: Touch) -> None:
        for each in [item, *self.inside(item.key)]:
            if touch.place and not each.has_own_place:
                each.place = touch.place
            each.step = touch.step or each.step
            each.disposition = touch.disposition or each.disposition
            if touch.stage is not None and touch.role != "input":
                each.stages |= 1 << touch.stage

    def _enter(self, item: Item, touch: Touch) -> None:
        key = (item.key, touch.at, touch.tie)
        if item.key == touch.parent or any(
            each.key == touch.parent for each in self.inside(item.key)
        ):
            item.flags.add("loop")
            self.stays.setdefault(key, (touch.parent, touch.at, touch.tie))
        elif item.container != touch.parent:
            self._leave(item, touch)
            item.container, item.stay = touch.parent, key
            self.contents.setdefault(touch.parent, {})[item.key] = None
            self.stays[key] = (touch.parent, "", "")

    def _leave(self, item: Item, touch: Touch) -> None:
        if item.stay is not None:
            self.stays[item.stay] = (item.container, touch.at, touch.tie)
            del self.contents[item.container][item.key]
            item.container, item.stay = "", None

    def _empty(self, item: Item, touch: Touch) -> None:
        for child in list(self.contents.get(item.key, {})):
            self._leave(self.items[child], touch)

    def _live(self, item: Item, touch: Touch) -> None:
        item.is_active = touch.role not in GONE
        item.quantity = Decimal(item.is_active)
        item.consumed = Decimal(touch.role == "input")
        if touch.role in GONE:
            self._leave(item, touch)
            self._empty(item, touch)
        if touch.role in BORN:
            item.flags.discard("unborn")


def _post(item: Item, touch: Touch) -> None:
    """Book the quantity of a touch on a lot or holding."""
    if touch.role == "removed":
        item.quantity = ZERO
    elif touch.quantity is not None:
        if item.uom is None:
            item.uom = touch.uom
        if item.uom != touch.uom:
            item.flags.add("unit")
        elif touch.role == "count":
            item.quantity = touch.quantity
        else:
            item.quantity += touch.quantity
            if touch.role == "input":
                item.consumed -= touch.quantity
    item.is_active = item.quantity != 0
    item.flags.discard("below_zero")
    if item.quantity < 0:
        item.flags.add("below_zero")


class Ancestry:
    """Which items went into which, and so to which order a thing belongs that names none."""

    def __init__(self, floor: Floor, touches: Iterable[Touch]) -> None:
        self.floor = floor
        inputs: dict[str, dict[str, None]] = {}
        self.made_in: dict[str, dict[str, None]] = {}
        for touch in touches:
            if touch.role == "input":
                inputs.setdefault(touch.event_id, {})[touch.item] = None
            elif touch.role == "output":
                self.made_in.setdefault(touch.item, {})[touch.event_id] = None
        self.inputs = inputs
        self._known: dict[str, str] = {}

    def order_of(self, key: str) -> str:
        """Return the order of an item; flag the item if its inputs belong to several."""
        found, _ = self._orders(key, ())
        if len(found) > 1:
            self.floor.items[key].flags.add("orders")
            return ""
        return next(iter(found), "")

    def _orders(self, key: str, path: tuple[str, ...]) -> tuple[set[str], bool]:
        """Return the orders an item may belong to, and whether the search met a cycle.

        On a cycle the item in progress counts as none, so such a result depends on where the
        search began and is not kept for others.
        """
        own = self.floor.items[key].order
        if own:
            return {own}, False
        found: set[str] = set()
        met_cycle = False
        for event_id in self.made_in.get(key, {}):
            for source in self.inputs.get(event_id, {}):
                if source == key or source in path:
                    met_cycle = True
                elif source in self._known:
                    found.add(self._known[source])
                else:
                    deeper, cycle = self._orders(source, (*path, key))
                    found.add(next(iter(deeper)) if len(deeper) == 1 else "")
                    met_cycle |= cycle
        found.discard("")
        if not met_cycle:
            self._known[key] = next(iter(found)) if len(found) == 1 else ""
        return found, met_cycle


def replay(
    events: Iterable[Event],
    flow: Flow,
    orders: Collection[str],
    *,
    fold_at: Mapping[str, int] | None = None,
) -> State:
    """Work out the state from all events that were ever accepted, in any order of arrival.

    Args:
        events: Events and error declarations. Of several events with one id the first counts.
        flow: What the kinds and stages mean.
        orders: Keys of the orders known by now, whenever they became known.
        fold_at: µs UTC by event id, for events whose own time is doubtful.
    """
    wrong: set[str] = set()
    first: dict[str, Event] = {}
    for event in events:
        if event.error is not None:
            wrong.add(event.event_id)
        else:
            first.setdefault(event.event_id, event)
    touches = [
        touch
        for event_id, event in first.items()
        if event_id not in wrong
        for touch in touches_of(event, flow, at=(fold_at or {}).get(event_id, event.event_time))
    ]
    touches.sort(key=lambda touch: (touch.at, touch.tie, touch.line))
    floor = Floor(flow, orders)
    for touch in touches:
        floor.apply(touch)
    ancestry = Ancestry(floor, touches)
    return _state(floor, {key: ancestry.order_of(key) for key in floor.items})


def _state(floor: Floor, orders: dict[str, str]) -> State:
    kinds = {kind.name: kind for kind in floor.flow.kinds}
    stock: dict[tuple[str, ...], Decimal] = {}
    progress: dict[tuple[str, str, int], Decimal] = {}
    for item in floor.items.values():
        if item.is_active and item.kind and kinds[item.kind].in_stock:
            where = (item.place, item.product, item.step, item.disposition, item.uom or "")
            stock[where] = stock.get(where, ZERO) + item.quantity
        for stage in floor.flow.stages:
            is_counted = item.kind and item.kind in stage.counts
            if is_counted and item.stages >> stage.number & 1 and orders[item.key]:
                line = (orders[item.key], item.product, stage.number)
                progress[line] = progress.get(line, ZERO) + item.pieces()
    bare = State(
        items={key: _fields(item, orders[key]) for key, item in floor.items.items()},
        stock={key: plain(amount) for key, amount in stock.items() if amount},
        progress={key: plain(amount) for key, amount in progress.items() if amount},
        stays=floor.stays,
        hash="",
    )
    return State(bare.items, bare.stock, bare.progress, bare.stays, hash_of(bare.rows()))


def _fields(item: Item, order: str) -> tuple[Any, ...]:
    return (
        item.kind,
        item.form,
        item.product,
        item.place,
        item.step,
        item.disposition,
        item.container,
        item.is_active,
        plain(item.quantity),
        plain(item.consumed),
        item.uom or "",
        item.stages,
        order,
        " ".join(sorted(item.flags)),
    )
