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
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_UP, Decimal

from traceability.simulation import labels, trade
from traceability.simulation.goods import (
    COMPANY_DIGITS,
    Bundle,
    Carton,
    Garment,
    Order,
    Product,
    Roll,
)
from traceability.simulation.jobs import Job, jobs_of, with_strangers
from traceability.simulation.trade import Marked

__all__ = ["GARMENTS_MAX", "GARMENTS_MIN", "Plan", "make_plan"]

GARMENTS_MIN = 9
"""Fewer cannot fill three orders, one of each kind."""
GARMENTS_MAX = 100_000
"""More would take days on serial lines."""

_DUE_DAYS = (2, 5, 0)
"""How long each customer still waits: something leaves today."""
_SHARES: Mapping[Marked, Decimal] = {
    "rfid": Decimal("0.4"),
    "barcode": Decimal("0.3"),
    "counted": Decimal("0.3"),
}


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

    @property
    def tagged_garments(self) -> tuple[Garment, ...]:
        """The garments that carry a radio tag."""
        return tuple(
            garment
            for order in self.orders
            if order.marked == "rfid"
            for bundle in order.bundles
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
                due=today + timedelta(days=_DUE_DAYS[index]),
                marked=style.marked,
                bundles=bundles,
                cartons=tuple(workshop.pack_order(style.marked, bundles)),
            )
        )
    rolls = tuple(workshop.rolls)
    foreign = labels.gtin(trade.FOREIGN_COMPANY, chance.randrange(1, 90_000))
    foreign_tag = labels.sgtin_tag(foreign, COMPANY_DIGITS, chance.randrange(1, 1 << 30))
    foreign_scan = labels.ean_scan(foreign)
    return Plan(
        seed=seed,
        orders=tuple(orders),
        rolls=rolls,
        jobs=with_strangers(tuple(jobs_of(orders, chance)), foreign_tag, foreign_scan),
        # The first lay of the tagged order: its garments are in the store while others are
        # still being sewn, so the question "where are they all?" has an interesting answer.
        bad_roll=orders[0].bundles[0].roll,
        foreign_tag=foreign_tag,
        foreign_scan=foreign_scan,
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
        tag = labels.sscc_tag(number, COMPANY_DIGITS) if marked == "rfid" else None
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
