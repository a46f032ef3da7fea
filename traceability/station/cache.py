"""What a station knows without asking: products, orders, tickets, cartons on their way, holds.

The server sends it; the station decides from it alone, also when the network is down.

>>> cache = Cache.from_json({
...     "size": 3, "master_position": 2, "namespace": "demo.workshop.invalid", "flow": None,
...     "master": {"ticket": {"//demo.workshop.invalid/class/B-1": {
...         "order": "4471", "product": "/01/09521141001011", "pieces": 14}}},
...     "expected": [], "holds": []})
>>> cache.master.tickets["//demo.workshop.invalid/class/B-1"].pieces
Decimal('14')
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from traceability.errors import TraceabilityError
from traceability.flow import Flow


class InvalidCache(TraceabilityError):
    """The server's answer is not what a station can work from; the old cache stays."""


@dataclass(frozen=True, slots=True)
class Product:
    """A trade item, as far as a station shows it."""

    name: str
    amount_each: Decimal | None = None
    """What one piece takes of its material, in the material's unit."""


@dataclass(frozen=True, slots=True)
class Order:
    """A customer's order."""

    number: str
    title: str = ""
    marked: str = ""
    """How its garments are told apart: rfid, barcode, counted; empty if nobody said."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A bundle's ticket."""

    order: str | None
    product: str | None
    pieces: Decimal | None


@dataclass(frozen=True, slots=True)
class Roll:
    """What the supplier says about one roll or lot of material."""

    product: str | None
    amount: Decimal | None
    unit: str = ""
    """As its label says it; empty: the unit of its kind."""


@dataclass(frozen=True, slots=True)
class Content:
    """One thing or lot that should be in a carton, and where it was last seen."""

    key: str
    name: str | None = None
    order: str | None = None
    product: str | None = None
    quantity: Decimal | None = None
    uom: str = ""
    place_name: str | None = None
    seen_at: str | None = None
    """As the server spells it: it is only passed on to the screen."""


@dataclass(frozen=True, slots=True)
class Carton:
    """A carton on its way, with what should be in it."""

    key: str
    name: str | None
    order: str | None
    destination: str | None
    contents: tuple[Content, ...]


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a thing must not move, and whom to call."""

    number: str
    reason: str
    contact: str


@dataclass(frozen=True, slots=True)
class Master:
    """Master data that a station needs."""

    products: Mapping[str, Product] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)
    """Names by key."""
    orders: Mapping[str, Order] = field(default_factory=dict)
    """By number."""
    tickets: Mapping[str, Ticket] = field(default_factory=dict)
    rolls: Mapping[str, Roll] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    """What codes of others stand for: key of the thing by key of the code."""
    strays: frozenset[str] = frozenset()
    """Codes of which somebody said that they are not ours."""


@dataclass(frozen=True, slots=True)
class Cache:
    """Everything a station decides from, at one size of the ledger."""

    size: int
    """Entries in the ledger when this was made; -1 before the first answer."""
    master_position: int
    namespace: str
    flow: Flow | None
    master: Master = field(default_factory=Master)
    cartons: Mapping[str, Carton] = field(default_factory=dict)
    holds: Mapping[str, Hold] = field(default_factory=dict)
    carton_of: Mapping[str, str] = field(init=False, repr=False, compare=False)
    """Key of the carton by key of its content."""

    def __post_init__(self) -> None:
        inside = {each.key: box.key for box in self.cartons.values() for each in box.contents}
        object.__setattr__(self, "carton_of", inside)

    @staticmethod
    def empty(namespace: str, flow: Flow | None = None) -> Cache:
        """Return the cache of a station that has never heard from its server."""
        return Cache(size=-1, master_position=-1, namespace=namespace, flow=flow)

    @staticmethod
    def from_json(tree: object, before: Cache | None = None) -> Cache:
        """Read the server's answer.

        Args:
            tree: The answer's JSON.
            before: The cache so far; its flow and master data stay where the answer says null.

        Raises:
            InvalidCache: If a member that must be there is not, or has another shape.
            InvalidFlow: If the flow in it cannot be read.
        """
        top = _mapping(tree, "the answer")
        text = top.get("flow")
        flow = before.flow if before else None
        if isinstance(text, str) and (flow is None or flow.text != text):
            flow = Flow.parse(text)
        master = top.get("master")
        kept = before or Cache.empty("")
        return Cache(
            size=_number(top, "size"),
            master_position=_number(top, "master_position"),
            namespace=_text(top.get("namespace")) or kept.namespace,
            flow=flow,
            master=kept.master if master is None else _master(_mapping(master, "master")),
            cartons={box.key: box for box in map(_carton, _list(top.get("expected"), "expected"))},
            holds=dict(map(_hold, _list(top.get("holds"), "holds"))),
        )

    def order_of(self, key: str) -> str | None:
        """Return the number of the order that a ticket, a carton or its content belongs to."""
        ticket = self.master.tickets.get(key)
        if ticket is not None:
            return ticket.order
        box = self.cartons.get(key)
        if box is None:
            inside = self.cartons.get(self.carton_of.get(key, ""))
            found = [each for each in inside.contents if each.key == key] if inside else []
            return found[0].order if found else None
        orders = {each.order for each in box.contents if each.order}
        if box.order is not None:
            return box.order
        return orders.pop() if len(orders) == 1 else None

    def name_of(self, key: str) -> str:
        """Return what people call a thing: its product's name, its label, or a short serial."""
        if key in self.master.places:
            return self.master.places[key]
        if key in self.master.products:
            return self.master.products[key].name
        ticket_text = key.rsplit("/", 1)[-1]
        if key.startswith("//"):
            return ticket_text
        product = self.master.products.get("/".join(key.split("/")[:3]))
        if product is not None:
            return product.name
        return f"…{ticket_text[-4:]}" if len(ticket_text) > 8 else ticket_text


def _master(master: Mapping[str, object]) -> Master:
    def section(name: str) -> dict[str, Mapping[str, object]]:
        found = _mapping(master.get(name) or {}, name)
        return {key: _mapping(values, f"{name} {key}") for key, values in found.items()}

    return Master(
        products={
            key: Product(_text(each.get("name")) or key, _decimal(each.get("metres_each")))
            for key, each in section("product").items()
        },
        places={key: _text(each.get("name")) or key for key, each in section("place").items()},
        orders={
            key: Order(
                _text(each.get("number")) or key,
                _text(each.get("title")) or "",
                _text(each.get("marked")) or "",
            )
            for key, each in section("order").items()
        },
        tickets={
            key: Ticket(
                _text(each.get("order")), _text(each.get("product")), _decimal(each.get("pieces"))
            )
            for key, each in section("ticket").items()
        },
        rolls={key: _roll(each) for key, each in section("roll").items()},
        aliases={
            key: _text(each.get("stands_for")) or key for key, each in section("alias").items()
        },
        strays=frozenset(section("stray")),
    )


def _roll(values: Mapping[str, object]) -> Roll:
    """Read a roll: so much in the unit of its label; older entries only say metres."""
    product, unit = _text(values.get("product")), _text(values.get("unit"))
    amount = _decimal(values.get("amount"))
    if amount is None or unit is None:
        return Roll(product, _decimal(values.get("metres")))
    return Roll(product, amount, unit)


def _carton(tree: object) -> Carton:
    box = _mapping(tree, "a carton in expected")
    key = _text(box.get("carton"))
    if key is None:
        raise InvalidCache("A carton in expected has no key: expected a text in `carton`.")
    return Carton(
        key=key,
        name=_text(box.get("name")),
        order=_text(box.get("order")),
        destination=_text(box.get("destination")),
        contents=tuple(map(_content, _list(box.get("contents"), "contents"))),
    )


def _content(tree: object) -> Content:
    each = _mapping(tree, "a content of a carton")
    key = _text(each.get("key"))
    if key is None:
        raise InvalidCache("A content of a carton has no key: expected a text in `key`.")
    return Content(
        key=key,
        name=_text(each.get("name")),
        order=_text(each.get("order")),
        product=_text(each.get("product")),
        quantity=_decimal(each.get("quantity")),
        uom=_text(each.get("uom")) or "",
        place_name=_text(each.get("place_name")),
        seen_at=_text(each.get("seen_at")),
    )


def _hold(tree: object) -> tuple[str, Hold]:
    if isinstance(tree, str):
        return tree, Hold("", "", "")
    each = _mapping(tree, "a hold")
    return _text(each.get("key")) or "", Hold(
        _text(each.get("id")) or "",
        _text(each.get("reason")) or "",
        _text(each.get("contact")) or "",
    )


def _mapping(value: object, what: str) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise InvalidCache(f"Cannot use {what}: expected an object, got {type(value).__name__}.")
    return value


def _list(value: object, what: str) -> Sequence[object]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise InvalidCache(f"Cannot use {what}: expected a list, got {type(value).__name__}.")
    return value


def _number(tree: Mapping[str, object], member: str) -> int:
    value = tree.get(member)
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidCache(f"Cannot use {member}: expected a whole number, got {value!r}.")
    return value


def _text(value: object) -> str | None:
    return str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else None


def _decimal(value: object) -> Decimal | None:
    """Read an exact decimal; a number that is none (a typing error in a form) counts as unsaid."""
    text = _text(value)
    if text is None:
        return value if isinstance(value, Decimal) else None
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
