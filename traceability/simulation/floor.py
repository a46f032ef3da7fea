"""The rooms of the invented workshop: places, stations, and which reader hangs on which table.

>>> [station.name for station in STATIONS]
['fabric-in', 'cutting', 'sewing', 'packing', 'dock', 'store']
>>> reader_named("dock.gate").protocol
'r2000_a0'
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from traceability.simulation import labels, trade
from traceability.simulation.goods import Order, Product, Roll
from traceability.simulation.jobs import Beep, Step
from traceability.simulation.plan import Plan

__all__ = [
    "STATIONS",
    "Reader",
    "Station",
    "master_entries",
    "reader_for",
    "reader_named",
]

Means = Literal["scanner", "antenna"]
Json = dict[str, object]

_HOUSE: Final = labels.gln(trade.COMPANY, 1)
_SHOP: Final = labels.gln(trade.COMPANY, 2)


@dataclass(frozen=True, slots=True)
class Reader:
    """One device on a serial or network line."""

    name: str
    """`station.device`, the same on the wire log, in the station's file and in the ledger."""
    protocol: str
    means: Means
    title: str


@dataclass(frozen=True, slots=True)
class Station:
    """One table or gate with its readers."""

    name: str
    title: str
    stage: str
    """The stage of the flow that is done here."""
    place: str
    """Key of the place."""
    place_kind: Literal["floor", "gate", "store"]
    readers: tuple[Reader, ...]

    @property
    def is_gate(self) -> bool:
        """Whether things pass here without lying down."""
        return self.place_kind != "floor"


def _station(
    number: int,
    name: str,
    title: str,
    stage: str,
    kind: Literal["floor", "gate", "store"],
    antenna: str | None = None,
) -> Station:
    house = _SHOP if kind == "store" else _HOUSE
    readers = [Reader(f"{name}.gun", "barcode_lines", "scanner", f"{title}: hand scanner")]
    if antenna is not None:
        device = "pad" if kind == "floor" else "gate"
        readers.append(Reader(f"{name}.{device}", antenna, "antenna", f"{title}: {device}"))
    place = f"/414/{house}/254/{number}"
    return Station(name, title, stage, place, kind, tuple(readers))


STATIONS: Final = (
    _station(1, "fabric-in", "Fabric store", "fabric-in", "floor"),
    _station(2, "cutting", "Cutting room", "cutting", "floor"),
    _station(3, "sewing", "Sewing line", "sewing", "floor", "r200_bb7e"),
    _station(4, "packing", "Packing table", "packing", "floor", "r200_bb7e"),
    _station(5, "dock", "Dock gate", "shipping", "gate", "r2000_a0"),
    _station(6, "store", "Shop, back door", "store", "store", "r2000_a0"),
)


def reader_named(name: str) -> Reader:
    """Return the reader of a name.

    Raises:
        KeyError: If there is none.
    """
    readers = {reader.name: reader for station in STATIONS for reader in station.readers}
    return readers[name]


def reader_for(station: str, step: Step) -> Reader:
    """Return the reader of a station that can do a step."""
    means = "scanner" if isinstance(step, Beep) else "antenna"
    readers = next(one.readers for one in STATIONS if one.name == station)
    return next(reader for reader in readers if reader.means == means)


def master_entries(plan: Plan) -> list[Json]:
    """Write what an office knows before the first roll comes: products, places, orders, tickets."""
    entries = [_product(product) for product in plan.products()]
    entries += [
        _entry(
            "place",
            station.place,
            name=station.title,
            kind=station.place_kind,
            city=trade.CITY,
        )
        for station in STATIONS
    ]
    entries += [_order(order) for order in plan.orders]
    entries += [_roll(roll) for roll in plan.rolls]
    for order in plan.orders:
        entries += [
            _entry(
                "ticket",
                bundle.key,
                order=order.number,
                product=bundle.product.key,
                pieces=bundle.pieces,
            )
            for bundle in order.bundles
        ]
    return entries


def _entry(sort: str, key: str, /, **values: object) -> Json:
    return {"type": sort, "id": key, "values": values}


def _product(product: Product) -> Json:
    colour = trade.COLOURS[product.colour]
    values: Json = {
        "name": product.name,
        "style": product.style,
        "colour": colour.name,
        "swatch": colour.swatch,
        "size": product.size,
        "kind": "roll" if product.metres_each is None else "garment",
    }
    if product.metres_each is not None:
        values["metres_each"] = str(product.metres_each)
    return _entry("product", product.key, **values)


def _order(order: Order) -> Json:
    return _entry(
        "order",
        f"//{trade.NAMESPACE}/bt/{order.number}",
        number=order.number,
        title=order.title,
        customer=order.customer,
        city=trade.CITY,
        destination=STATIONS[-1].place,
        due=order.due.isoformat(),
        marked=order.marked,
        lines=[{"product": product.key, "pieces": pieces} for product, pieces in order.lines],
    )


def _roll(roll: Roll) -> Json:
    return _entry(
        "roll",
        roll.key,
        product=roll.cloth.key,
        metres=str(roll.metres),
        dye_lot=roll.dye_lot,
        supplier=roll.supplier,
    )
