"""What will happen in the factory, from the first roll to the last carton, fixed by one number.

A plan is made before anything moves and never changes: the same seed and size give the same
rolls, tickets, tags and cartons, in the same order. It knows neither clocks nor ports; the
factory does the jobs when their time has come.

>>> plan = make_plan(7, 30)
>>> plan.pieces, len(plan.orders), plan == make_plan(7, 30)
(30, 3, True)
>>> plan.jobs[0].station, plan.jobs[0].title
('fabric-in', 'roll R-2001 comes in')
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_UP, Decimal

from traceability.simulation import labels, trade
from traceability.simulation.trade import Marked

__all__ = [
    "GARMENTS_MAX",
    "GARMENTS_MIN",
    "Beep",
    "Bundle",
    "Carton",
    "Garment",
    "Job",
    "Order",
    "Plan",
    "Product",
    "Roll",
    "Show",
    "Step",
    "make_plan",
]

GARMENTS_MIN = 9
"""Fewer cannot fill three orders, one of each kind."""
GARMENTS_MAX = 100_000
"""More would take days on serial lines."""

_COMPANY_DIGITS = len(trade.COMPANY)
_SHARES: Mapping[Marked, Decimal] = {
    "rfid": Decimal("0.4"),
    "barcode": Decimal("0.3"),
    "counted": Decimal("0.3"),
}
_WEAK_SHARE = 0.15
"""How many cartons keep a garment's tag in the shade the first time they pass a gate."""


@dataclass(frozen=True, slots=True)
class Product:
    """A trade item: a garment in one colour and size, or cloth in one colour."""

    gtin: str
    style: str
    colour: str
    size: str
    """Empty for cloth."""
    metres_each: Decimal | None
    """None for cloth."""

    @property
    def key(self) -> str:
        """Its class key."""
        return f"/01/{self.gtin}"

    @property
    def name(self) -> str:
        """What people call it."""
        return ", ".join(part for part in (self.style, self.colour, self.size) if part)


@dataclass(frozen=True, slots=True)
class Garment:
    """One piece with a serial number of its own."""

    product: Product
    serial: int

    @property
    def key(self) -> str:
        """Its instance key."""
        return f"/01/{self.product.gtin}/21/{self.serial}"

    @property
    def tag(self) -> bytes:
        """The EPC bank of the tag sewn into it."""
        return labels.sgtin_tag(self.product.gtin, _COMPANY_DIGITS, self.serial)

    @property
    def scan(self) -> labels.Scan:
        """What a scanner reads from its hang-tag."""
        return labels.garment_scan(self.product.gtin, str(self.serial))


@dataclass(frozen=True, slots=True)
class Roll:
    """One roll of cloth; its number is the lot of the mill's product."""

    cloth: Product
    lot: str
    metres: Decimal
    dye_lot: str
    supplier: str

    @property
    def key(self) -> str:
        """Its lot key."""
        return f"/01/{self.cloth.gtin}/10/{self.lot}"

    @property
    def scan(self) -> labels.Scan:
        """What a scanner reads from the mill's label."""
        return labels.roll_scan(self.cloth.gtin, self.lot)


@dataclass(frozen=True, slots=True)
class Bundle:
    """Pieces of one product, cut from one roll, tied together under one ticket."""

    ticket: str
    product: Product
    pieces: int
    roll: Roll
    garments: tuple[Garment, ...]
    """Empty where the order is only counted."""

    @property
    def key(self) -> str:
        """The class key of its ticket."""
        return f"//{trade.NAMESPACE}/class/{self.ticket}"


@dataclass(frozen=True, slots=True)
class Carton:
    """What leaves together under one label."""

    key: str
    scan: labels.Scan
    tag: bytes | None
    """None where the gate has nothing to read by radio."""
    garments: tuple[Garment, ...]
    bundles: tuple[Bundle, ...]
    """Whole tickets, where the order is only counted."""

    @property
    def pieces(self) -> int:
        """How many garments lie in it."""
        return len(self.garments) + sum(bundle.pieces for bundle in self.bundles)

    @property
    def contents(self) -> tuple[str, ...]:
        """Keys of what lies in it."""
        garments = tuple(garment.key for garment in self.garments)
        return garments + tuple(bundle.key for bundle in self.bundles)


@dataclass(frozen=True, slots=True)
class Order:
    """What a customer wants, and everything that is made for it."""

    number: str
    title: str
    customer: str
    due: date
    marked: Marked
    bundles: tuple[Bundle, ...]
    cartons: tuple[Carton, ...]

    @property
    def lines(self) -> tuple[tuple[Product, int], ...]:
        """Pieces ordered of each product, in the order they are first cut."""
        ordered: dict[Product, int] = {}
        for bundle in self.bundles:
            ordered[bundle.product] = ordered.get(bundle.product, 0) + bundle.pieces
        return tuple(ordered.items())


@dataclass(frozen=True, slots=True)
class Beep:
    """A trigger is pulled: one line goes out of a hand scanner."""

    text: str
    aim: str


@dataclass(frozen=True, slots=True)
class Show:
    """Tags come before the antennas of a radio reader, all at once."""

    tags: tuple[bytes, ...]


Step = Beep | Show


@dataclass(frozen=True, slots=True)
class Job:
    """One pass at one station: what a worker does without looking up."""

    number: int
    station: str
    title: str
    steps: tuple[Step, ...]
    """Everything that should be read."""
    shaded: frozenset[bytes] = frozenset()
    """Tags that stay silent at the first try; the thing is then shown again."""
    after: frozenset[int] = frozenset()
    """Jobs that must be done before."""
    carton: Carton | None = None

    @property
    def first_try(self) -> tuple[Step, ...]:
        """The steps with the shaded tags left out."""
        return tuple(
            Show(tuple(tag for tag in step.tags if tag not in self.shaded))
            if isinstance(step, Show)
            else step
            for step in self.steps
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that will happen, and what nobody in the factory knows."""

    seed: int
    orders: tuple[Order, ...]
    rolls: tuple[Roll, ...]
    jobs: tuple[Job, ...]
    """In the order of their numbers; no job comes after one that waits for it."""
    bad_roll: Roll
    foreign_tag: bytes
    """On somebody's jacket that comes too near to the gate."""
    foreign_scan: labels.Scan
    """On somebody's lunch."""

    @property
    def pieces(self) -> int:
        """Garments of all orders, tagged, coded and counted."""
        return sum(bundle.pieces for order in self.orders for bundle in order.bundles)

    @property
    def bad_garments(self) -> tuple[Garment, ...]:
        """The garments made from the bad roll, first sewn first."""
        return tuple(
            garment
            for order in self.orders
            for bundle in order.bundles
            if bundle.roll == self.bad_roll
            for garment in bundle.garments
        )

    def products(self) -> tuple[Product, ...]:
        """Name every product once, cloth first."""
        cloth = dict.fromkeys(roll.cloth for roll in self.rolls)
        made = dict.fromkeys(product for order in self.orders for product, _ in order.lines)
        return (*cloth, *made)


def make_plan(seed: int, garments: int, *, today: date = date(2026, 1, 5), series: int = 0) -> Plan:
    """Plan a factory's work.

    Args:
        seed: Any whole number; it alone decides everything that looks like chance.
        garments: Pieces of all orders together, GARMENTS_MIN to GARMENTS_MAX.
        today: Only the due dates hang on it.
        series: How many plans were worked off before in the same ledger: every number that
            must be used once begins behind theirs.

    Raises:
        ValueError: If `garments` is out of its range.
    """
    if not GARMENTS_MIN <= garments <= GARMENTS_MAX:
        raise ValueError(
            f"Cannot plan {garments} garments: expected {GARMENTS_MIN} to {GARMENTS_MAX}."
        )
    chance = random.Random(seed)
    workshop = _Workshop(chance, series)
    shares = _split(garments)
    orders = []
    for index, style in enumerate(trade.STYLES):
        bundles = workshop.cut_order(style, shares[style.marked])
        orders.append(
            Order(
                number=str(4471 + len(trade.STYLES) * series + index),
                title=f"{style.name}s, {trade.CITY}",
                customer=trade.CUSTOMERS[index],
                due=today + timedelta(days=(9, 13, 6)[index]),
                marked=style.marked,
                bundles=bundles,
                cartons=tuple(workshop.pack_order(style.marked, bundles)),
            )
        )
    rolls = tuple(workshop.rolls)
    foreign = labels.gtin(trade.FOREIGN_COMPANY, chance.randrange(1, 90_000))
    return Plan(
        seed=seed,
        orders=tuple(orders),
        rolls=rolls,
        jobs=tuple(_jobs(orders, chance)),
        # The first lay of the tagged order: its garments are in the store while others are
        # still being sewn, so the question "where are they all?" has an interesting answer.
        bad_roll=orders[0].bundles[0].roll,
        foreign_tag=labels.sgtin_tag(foreign, _COMPANY_DIGITS, chance.randrange(1, 1 << 30)),
        foreign_scan=labels.ean_scan(foreign),
    )


def _split(garments: int) -> dict[Marked, int]:
    """Share the garments among the kinds of orders; what does not divide is tagged."""
    shares = {marked: int(garments * share) for marked, share in _SHARES.items()}
    shares["rfid"] += garments - sum(shares.values())
    return shares


@dataclass(slots=True)
class _Workshop:
    """Hands out serials, tickets, rolls and carton numbers, each once."""

    chance: random.Random
    series: int
    rolls: list[Roll] = field(default_factory=list)
    _serial: int = field(init=False)
    _ticket: int = field(init=False)
    _carton: int = field(init=False)

    def __post_init__(self) -> None:
        behind = self.series * GARMENTS_MAX
        self._serial, self._ticket, self._carton = 10_000 + behind, 100 + behind, 7_700 + behind

    def cut_order(self, style: trade.Style, pieces: int) -> tuple[Bundle, ...]:
        bundles: list[Bundle] = []
        sizes = list(trade.SIZES)
        self.chance.shuffle(sizes)
        lay = 0
        while pieces:
            colour = style.colours[lay % len(style.colours)]
            counts = self._lay(pieces, at_most=4 if bundles else 3)
            roll = self._roll(style, colour, sum(counts))
            for count in counts:
                product = self._garment(style, colour, sizes[len(bundles) % len(sizes)])
                bundles.append(self._bundle(product, count, roll, style.marked))
            pieces -= sum(counts)
            lay += 1
        return tuple(bundles)

    def _lay(self, pieces: int, *, at_most: int) -> list[int]:
        """Divide what one roll gives into bundles of 10 to 20."""
        counts: list[int] = []
        for _ in range(at_most):
            count = min(pieces, self.chance.randint(10, 16))
            # What would be left is less than a bundle: it goes along.
            if 0 < pieces - count < 4:
                count = pieces
            if count:
                counts.append(count)
            pieces -= count
        return counts

    def _roll(self, style: trade.Style, colour: str, pieces: int) -> Roll:
        cloth = self._cloth(style, colour)
        need = (style.metres_each * pieces * Decimal("1.06")).quantize(Decimal("0.5"), ROUND_UP)
        # Rolls come as they are woven, a little longer than what is cut from them.
        metres = need + Decimal(self.chance.randint(1, 12)) / 2
        roll = Roll(
            cloth=cloth,
            lot=f"R-{2001 + self.series * GARMENTS_MAX + len(self.rolls)}",
            metres=metres,
            dye_lot=f"D{self.chance.randint(310, 319)}",
            supplier=self.chance.choice(trade.SUPPLIERS),
        )
        self.rolls.append(roll)
        return roll

    def _bundle(self, product: Product, pieces: int, roll: Roll, marked: Marked) -> Bundle:
        self._ticket += 1
        garments: list[Garment] = []
        if marked != "counted":
            for _ in range(pieces):
                self._serial += 1
                garments.append(Garment(product, self._serial))
        return Bundle(f"B-{self._ticket}", product, pieces, roll, tuple(garments))

    def pack_order(self, marked: Marked, bundles: tuple[Bundle, ...]) -> Iterator[Carton]:
        if marked == "counted":
            for start in range(0, len(bundles), 2):
                yield self._carton_of(marked, (), bundles[start : start + 2])
            return
        garments = [garment for bundle in bundles for garment in bundle.garments]
        size = 10  # The first carton is small: it is on its way while the rest is still cut.
        while garments:
            if 0 < len(garments) - size < 5:
                size = len(garments)
            yield self._carton_of(marked, tuple(garments[:size]), ())
            del garments[:size]
            size = self.chance.randint(16, 24)

    def _carton_of(
        self, marked: Marked, garments: tuple[Garment, ...], bundles: tuple[Bundle, ...]
    ) -> Carton:
        self._carton += 1
        if marked == "counted":
            name = f"C-{self._carton}"
            key = f"//{trade.NAMESPACE}/obj/{name}"
            return Carton(key, labels.local_scan(name), None, garments, bundles)
        number = labels.sscc(trade.COMPANY, self._carton)
        tag = labels.sscc_tag(number, _COMPANY_DIGITS) if marked == "rfid" else None
        return Carton(f"/00/{number}", labels.carton_scan(number), tag, garments, bundles)

    def _garment(self, style: trade.Style, colour: str, size: str) -> Product:
        return self._product(style, colour, size, trade.COMPANY)

    def _cloth(self, style: trade.Style, colour: str) -> Product:
        return self._product(style, colour, "", trade.MILL)

    @staticmethod
    def _product(style: trade.Style, colour: str, size: str, company: str) -> Product:
        # The number says style, colour and size: it is the same in every plan.
        item = 100 * (1 + trade.STYLES.index(style)) + 10 * style.colours.index(colour)
        number = labels.gtin(company, item + ("", *trade.SIZES).index(size))
        if not size:
            return Product(number, style.cloth, colour, size, None)
        return Product(number, style.name, colour, size, style.metres_each)


def _jobs(orders: Iterable[Order], chance: random.Random) -> Iterator[Job]:
    """Put the orders' work in one row: the tagged order leads, the others go beside it."""
    floor = _Floor(chance)
    makers = [floor.order(order) for order in orders]
    while makers:
        for maker in list(makers):
            job = next(maker, None)
            if job is None:
                makers.remove(maker)
            else:
                yield job


@dataclass(slots=True)
class _Floor:
    """Numbers the jobs and remembers which job made what."""

    chance: random.Random
    _number: int = -1
    _done_by: dict[str, int] = field(default_factory=dict)
    _truck: int = 0

    def order(self, order: Order) -> Iterator[Job]:
        """Do one order: lay by lay, each carton as soon as its garments are sewn."""
        cartons = list(order.cartons)
        truck: list[Carton] = []
        rolls = dict.fromkeys(bundle.roll for bundle in order.bundles)
        shipped = 0
        for roll in rolls:
            bundles = [bundle for bundle in order.bundles if bundle.roll == roll]
            yield self._receive(roll)
            yield self._cut(roll, bundles)
            for bundle in bundles:
                yield self._sew(bundle)
                while cartons and all(key in self._done_by for key in cartons[0].contents):
                    carton = cartons.pop(0)
                    yield self._pack(carton)
                    truck.append(carton)
                    # The first truck leaves with one carton, so that something arrives soon.
                    if len(truck) == (1 if shipped == 0 else 3) or not cartons:
                        yield from self._drive(truck)
                        shipped += len(truck)
                        truck = []

    def _job(
        self,
        station: str,
        title: str,
        steps: Iterable[Step],
        after: Iterable[str] = (),
        makes: Iterable[str] = (),
        **more: object,
    ) -> Job:
        self._number += 1
        carton, shaded = more.get("carton"), more.get("shaded", frozenset())
        assert carton is None or isinstance(carton, Carton)
        assert isinstance(shaded, frozenset)
        waits = frozenset(self._done_by[name] for name in after)
        for name in makes:
            self._done_by[name] = self._number
        return Job(self._number, station, title, tuple(steps), shaded, waits, carton)

    def _receive(self, roll: Roll) -> Job:
        title = f"roll {roll.lot} comes in"
        return self._job("fabric-in", title, [Beep(*roll.scan)], makes=[roll.key])

    def _cut(self, roll: Roll, bundles: list[Bundle]) -> Job:
        tickets = [Beep(*labels.local_scan(bundle.ticket)) for bundle in bundles]
        return self._job(
            "cutting",
            f"roll {roll.lot} is cut into {len(bundles)} bundles",
            [Beep(*roll.scan), *tickets],
            after=[roll.key],
            makes=[f"cut {bundle.ticket}" for bundle in bundles],
        )

    def _sew(self, bundle: Bundle) -> Job:
        steps: list[Step] = [Beep(*labels.local_scan(bundle.ticket))]
        makes = [garment.key for garment in bundle.garments] or [bundle.key]
        steps.extend(self._things(bundle.garments, bundle))
        return self._job(
            "sewing",
            f"bundle {bundle.ticket} is sewn: {bundle.pieces} x {bundle.product.name}",
            steps,
            after=[f"cut {bundle.ticket}"],
            makes=makes,
        )

    def _pack(self, carton: Carton) -> Job:
        steps: list[Step] = [Beep(*carton.scan)]
        steps.extend(self._things(carton.garments, None, is_tagged=carton.tag is not None))
        steps.extend(Beep(*labels.local_scan(bundle.ticket)) for bundle in carton.bundles)
        return self._job(
            "packing",
            f"carton {carton.scan[0]} is packed: {carton.pieces} pieces",
            steps,
            after=carton.contents,
            makes=[f"packed {carton.key}"],
            carton=carton,
        )

    def _drive(self, cartons: list[Carton]) -> Iterator[Job]:
        self._truck += 1
        truck = f"truck {self._truck}"
        loaded = [f"loaded {carton.key}" for carton in cartons]
        for carton, name in zip(cartons, loaded, strict=True):
            packed = [f"packed {carton.key}"]
            yield self._gate("dock", f"goes onto {truck}", carton, packed, name)
        # Nobody unloads a truck that is still being loaded.
        for carton in cartons:
            yield self._gate("store", f"comes off {truck}", carton, loaded, f"in {carton.key}")

    def _gate(
        self, station: str, verb: str, carton: Carton, after: Iterable[str], makes: str
    ) -> Job:
        shaded: frozenset[bytes] = frozenset()
        steps: list[Step] = [Beep(*carton.scan)]
        if carton.tag is not None:
            tags = [garment.tag for garment in carton.garments]
            steps = [Show((carton.tag, *tags))]
            if station == "dock" and self.chance.random() < _WEAK_SHARE:
                shaded = frozenset({self.chance.choice(tags)})
        return self._job(
            station,
            f"carton {carton.scan[0]} {verb}",
            steps,
            after=after,
            makes=[makes],
            carton=carton,
            shaded=shaded,
        )

    @staticmethod
    def _things(
        garments: tuple[Garment, ...], bundle: Bundle | None, *, is_tagged: bool | None = None
    ) -> Iterator[Step]:
        if not garments:
            return
        if is_tagged is None:
            assert bundle is not None
            is_tagged = garments[0].product.style == trade.STYLES[0].name
        if is_tagged:
            yield Show(tuple(garment.tag for garment in garments))
        else:
            yield from (Beep(*garment.scan) for garment in garments)
