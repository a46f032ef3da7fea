"""Histories of a small workshop, as they might arrive: late, twice, wrong, and in any order.

One teller of events serves both makers of chance: a seeded dice for histories by the hundred, and
Hypothesis, which makes a failing history small.

>>> history_of(7).arrivals == history_of(7).arrivals
True
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from hypothesis import strategies as st

from tests.projections.chance import Chance, Dice, Drawn
from tests.projections.shop_floor import ShopFloor
from tests.projections.small_flow import CLOTH, SHIRT, SOCK, STRAY
from tests.projections.telling import (
    Tree,
    class_,
    clock,
    key,
    order,
    place,
    thing,
    told,
    wrong,
)

T = TypeVar("T")

ORDERS = tuple(order(text) for text in ("4471", "4472", "4473"))
NOBODYS_ORDER = order("nobody")
PLACES = tuple(place(text) for text in ("table", "line", "dock", "shop"))
GARMENTS = (
    *(thing(f"G{n}") for n in range(1, 5)),
    thing("G@5"),
    f"{SHIRT}/21/1",
    "urn:epc:id:sgtin:9506000.013435.1",
    f"{SHIRT}/21/2",
)
"""One shirt is spelled in two ways, and one name looks like a holding."""
STRAYS = (thing("X1"), thing("X2"))
"""Things of no kind that the flow knows."""
CARTONS = (thing("C1"), thing("C2"), thing("C3"), "https://id.gs1.org/00/095060001343500019")
PALLETS = (thing("P1"), thing("P2"))
TRUCKS = (thing("T1"), thing("T2"))
CONTAINERS = (*CARTONS, *PALLETS, *TRUCKS)
ROLLS = (f"{CLOTH}/10/R1", f"{CLOTH}/10/R2")
BUNDLES = (class_("B1"), class_("B2"), class_("B3"))
HOLDINGS = (SOCK, STRAY, class_("thread-40"), class_("thread@9"))
LOTS = (*ROLLS, *BUNDLES, f"{STRAY}/10/L1")
UNITS = {**dict.fromkeys(ROLLS, "MTR"), **dict.fromkeys(HOLDINGS[2:], "KGM")}
HELD = (
    *(key(each) for each in (GARMENTS[0], GARMENTS[4], BUNDLES[0], ROLLS[0], CARTONS[0])),
    *(f"{key(each)}@{key(PLACES[0])}" for each in HOLDINGS),
    f"{key(SOCK)}@{key(CARTONS[0])}",
)
"""Keys that may be held, also before anything is known of them."""
STEPS = (
    None,
    "receiving",
    "assembling",
    "packing",
    "shipping",
    "stock_taking",
    "stocking",
    "inspecting",
)
OPERATIONS = (None, None, None, None, "cutting", "ironing")
DISPOSITIONS = (None, None, "active", "in_transit", "damaged")
DAY_MINUTES = 24 * 60


Kind = Literal["event", "declaration", "master", "hold"]


@dataclass(frozen=True, slots=True)
class Arrival:
    """What reaches the ledger at once: an event, a declaration, a master or a hold entry."""

    kind: Kind
    id: str
    tree: Tree


@dataclass(frozen=True, slots=True)
class History:
    """Everything that ever arrives, in batches."""

    batches: list[list[Arrival]]

    @property
    def arrivals(self) -> list[Arrival]:
        return [arrival for batch in self.batches for arrival in batch]


def as_event(tree: Tree) -> Arrival:
    """Let an event or declaration arrive."""
    kind: Kind = "declaration" if "errorDeclaration" in tree else "event"
    return Arrival(kind, tree["eventID"], tree)


def as_order(uri: str) -> Arrival:
    """Let an order become known."""
    text = uri.rsplit("/", 1)[1]
    values = {
        "number": text,
        "title": f"Order {text}",
        "customer": "Nordwind",
        "city": "Kiel",
        "due": "2024-04-01",
        "marked": "rfid",
        "lines": [{"product": key(SHIRT), "pieces": 100}],
    }
    return Arrival("master", f"order:{text}", {"type": "order", "id": key(uri), "values": values})


def as_hold(number: int, things: Sequence[str]) -> Arrival:
    """Let things be held; their state does not change by it."""
    name = f"hold:{number}"
    tree = {
        "type": "hold",
        "id": name,
        "reason": "a hole",
        "contact": "Mei",
        "things": list(things),
    }
    return Arrival("hold", name, tree)


class Teller:
    """Tells events that need not make sense: loops, wrong units, things nobody packed."""

    def __init__(self, chance: Chance) -> None:
        self.chance = chance

    def event(self, minute: int, number: int) -> Tree:
        """Tell one event of any type."""
        tell = self.chance.pick(
            (
                self._things,
                self._amounts,
                self._packed,
                self._packed,
                self._unpacked,
                self._looked_into,
                self._made,
                self._moved,
                self._released,
                self._transaction,
            )
        )
        return tell(minute, number)

    def some(self, options: Sequence[T], high: int = 3) -> list[T]:
        """Pick one or more different ones."""
        count = self.chance.number(1, high)
        return list(dict.fromkeys(self.chance.pick(options) for _ in range(count)))

    def circumstances(self) -> dict[str, Any]:
        """Say where, in which step and for whom; each may be left out."""
        chance = self.chance
        orders = []
        if chance.often(30):
            orders = [
                (chance.pick(("prodorder", "po")), chance.pick((*ORDERS, NOBODYS_ORDER)))
                for _ in range(chance.number(1, 2))
            ]
        return {
            "place": chance.pick((*PLACES, None)),
            "step": chance.pick(STEPS),
            "operation": chance.pick(OPERATIONS),
            "disposition": chance.pick(DISPOSITIONS),
            "orders": orders,
        }

    def _element(self, class_uri: str) -> tuple[str, int | str | None, str]:
        chance = self.chance
        unit = UNITS.get(class_uri, "")
        if chance.often(8):
            unit = "YRD"
        if chance.often(8):
            return (class_uri, None, "")
        quantity: int | str = chance.number(0, 20)
        if unit and quantity:
            quantity = f"{quantity}.{chance.pick(('5', '25', '000001'))}"
        return (class_uri, quantity, unit)

    def _elements(self, options: Sequence[str], high: int = 2) -> list[Any]:
        return [self._element(each) for each in self.some(options, high)]

    def _scanned_lots(self) -> tuple[str, ...]:
        """Return lots that may be named like things, without a quantity."""
        return LOTS if self.chance.often(25) else ()

    def _product(self) -> str | None:
        return self.chance.pick((None, SHIRT, SOCK))

    def _things(self, minute: int, number: int) -> Tree:
        action = self.chance.pick(("OBSERVE", "ADD", "OBSERVE", "DELETE"))
        return told(
            "Object",
            minute,
            number=number,
            action=action,
            epcs=self.some((*GARMENTS, *CONTAINERS, *STRAYS, *self._scanned_lots())),
            product=self._product() if action == "ADD" else None,
            **self.circumstances(),
        )

    def _amounts(self, minute: int, number: int) -> Tree:
        action = self.chance.pick(("ADD", "OBSERVE", "DELETE"))
        more = self.circumstances()
        if action == "OBSERVE" and self.chance.often(60):
            more |= {"step": "stock_taking", "operation": None}
        return told(
            "Object",
            minute,
            number=number,
            action=action,
            quantities=self._elements((*LOTS, *HOLDINGS)),
            epcs=self.some(GARMENTS, 2) if self.chance.often(15) else [],
            product=self._product() if action == "ADD" else None,
            **more,
        )

    def _moved(self, minute: int, number: int) -> Tree:
        chance = self.chance
        return told(
            "Object",
            minute,
            number=number,
            action="OBSERVE",
            quantities=self._elements((*HOLDINGS, BUNDLES[0])),
            sources=[chance.pick(PLACES)] if chance.often(90) else [],
            destinations=[chance.pick(PLACES)] if chance.often(80) else [],
            **self.circumstances() | {"step": "shipping", "operation": None},
        )

    def _load(self) -> tuple[str, list[str], list[Any]]:
        """Choose a container and what goes into it: mostly the right size, at times anything."""
        chance = self.chance
        box, fits = chance.pick(
            (
                (CARTONS, (*GARMENTS, *STRAYS, *self._scanned_lots())),
                (PALLETS, CARTONS),
                (TRUCKS, PALLETS),
                ((*CONTAINERS, BUNDLES[0]), (*CONTAINERS, *GARMENTS)),
            )
        )
        amounts = self._elements((*HOLDINGS, *LOTS)) if chance.often(25) else []
        children = [] if amounts and chance.often(40) else self.some(fits, 4)
        return chance.pick(box), children, amounts

    def _packing(self, minute: int, number: int, action: str) -> Tree:
        box, children, amounts = self._load()
        return told(
            "Association" if self.chance.often(15) else "Aggregation",
            minute,
            number=number,
            action=action,
            parent=box,
            children=children,
            child_quantities=amounts,
            **self.circumstances(),
        )

    def _packed(self, minute: int, number: int) -> Tree:
        return self._packing(minute, number, "ADD")

    def _unpacked(self, minute: int, number: int) -> Tree:
        return self._packing(minute, number, "DELETE")

    def _looked_into(self, minute: int, number: int) -> Tree:
        tree = self._packing(minute, number, "OBSERVE")
        if self.chance.often(20):
            del tree["parentID"]
        return tree

    def _released(self, minute: int, number: int) -> Tree:
        return told(
            "Aggregation",
            minute,
            number=number,
            action="DELETE",
            parent=self.chance.pick(CONTAINERS),
            **self.circumstances(),
        )

    def _made(self, minute: int, number: int) -> Tree:
        chance = self.chance
        sources = (
            self.some((*GARMENTS, *STRAYS, *self._scanned_lots()), 2) if chance.often(40) else []
        )
        results = self.some(GARMENTS) if chance.often(60) else []
        lots = (*LOTS, *HOLDINGS)
        return told(
            "Transformation",
            minute,
            number=number,
            inputs=sources,
            input_quantities=[] if sources and chance.often(70) else self._elements(lots),
            outputs=results,
            output_quantities=[] if results and chance.often(70) else self._elements(lots),
            product=self._product(),
            **self.circumstances(),
        )

    def _transaction(self, minute: int, number: int) -> Tree:
        more = self.circumstances()
        more["orders"] = more["orders"] or [("po", self.chance.pick(ORDERS))]
        return told(
            "Transaction",
            minute,
            number=number,
            action="ADD",
            epcs=self.some((*GARMENTS, *CARTONS)),
            quantities=self._elements(LOTS) if self.chance.often(30) else [],
            parent=self.chance.pick((None, *CONTAINERS)),
            **more,
        )


def history_of(seed: int) -> History:
    """Tell a whole history: part a working shop floor, part nonsense, a share of it late."""
    chance = Dice(seed)
    teller, floor = Teller(chance), ShopFloor(chance)
    nonsense_percent = chance.pick((5, 30, 100))
    pace = chance.pick((1, 5, 40))
    arrivals: list[tuple[int, Arrival]] = []
    minute = 0
    for number in range(1, chance.number(20, 80)):
        minute += chance.number(0, 2 * pace)
        if chance.often(nonsense_percent):
            tree = teller.event(minute, number)
        else:
            tree = floor.next(minute, number)
        if chance.often(1):
            # A clock that is wrong by years: folded when it arrives, not when it says.
            tree["eventTime"] = clock(chance.pick((-25, 75)) * 365 * DAY_MINUTES)
        arrivals.append((minute, as_event(tree)))
    arrivals = [(at + delay, arrival) for (at, arrival), delay in _delays(chance, arrivals)]
    for at, arrival in list(arrivals):
        arrivals += _afterthoughts(chance, teller, at, arrival)
    arrivals += [(_any_time(chance, minute), as_order(o)) for o in ORDERS if chance.often(80)]
    if chance.often(50):
        arrivals.append((_any_time(chance, minute), as_hold(1, teller.some(HELD))))
    arrivals.sort(key=lambda pair: pair[0])
    return History(_batches(chance, [arrival for _, arrival in arrivals]))


def _delays(
    chance: Chance, arrivals: list[tuple[int, Arrival]]
) -> list[tuple[tuple[int, Arrival], int]]:
    """Hold back five to forty in a hundred, by minutes, hours or days."""
    late_percent = chance.number(5, 40)
    delays = []
    for arrival in arrivals:
        longest = chance.pick((30, 12 * 60, 5 * DAY_MINUTES))
        delays.append((arrival, chance.number(1, longest) if chance.often(late_percent) else 0))
    return delays


def _any_time(chance: Chance, minute: int) -> int:
    return chance.number(-10, minute + minute // 3)


def _afterthoughts(
    chance: Chance, teller: Teller, at: int, arrival: Arrival
) -> list[tuple[int, Arrival]]:
    """Send some again, some with other content under the same id, and declare some wrong."""
    more = []
    if chance.often(5):
        more.append((at + chance.number(0, 500), arrival))
    if chance.often(2):
        number = int(arrival.id[-12:], 16)
        more.append((at + chance.number(0, 500), as_event(teller.event(at, number))))
    if chance.often(7):
        # A declaration may overtake its event.
        when = at + chance.number(-60, 600)
        more.append((when, as_event(wrong(arrival.tree, when))))
    return more


def _batches(chance: Chance, arrivals: list[Arrival]) -> list[list[Arrival]]:
    largest = chance.pick((4, 8, 15, 20, 25, 30, 100, 200))
    batches = []
    while arrivals:
        size = chance.number(1, largest)
        batches.append(arrivals[:size])
        arrivals = arrivals[size:]
    return batches


@st.composite
def events(draw: Callable[[st.SearchStrategy[Any]], Any]) -> Tree:
    """Draw one event; few minutes and few ids, so that events meet and ids are used again."""
    chance = Drawn(draw)
    return Teller(chance).event(chance.number(0, 40), chance.number(1, 400))


@st.composite
def arrivals(draw: Callable[[st.SearchStrategy[Any]], Any]) -> Arrival:
    """Draw one arrival; mostly events."""
    chance = Drawn(draw)
    kind = chance.pick(("event", "event", "event", "event", "event", "wrong", "order", "hold"))
    if kind == "order":
        return as_order(chance.pick(ORDERS))
    if kind == "hold":
        return as_hold(chance.number(1, 3), Teller(chance).some(HELD))
    if kind == "wrong":
        # Declared before the event came, if it ever comes under this id.
        number = chance.number(1, 400)
        return as_event(wrong(Teller(chance).event(1, number), 50))
    return as_event(draw(events()))
