"""What moves through the invented workshop: cloth, rolls, bundles, garments, cartons, orders."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from traceability.simulation import labels, trade
from traceability.simulation.trade import Marked

__all__ = ["COMPANY_DIGITS", "Bundle", "Carton", "Garment", "Order", "Product", "Roll"]

COMPANY_DIGITS = len(trade.COMPANY)


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
        return labels.sgtin_tag(self.product.gtin, COMPANY_DIGITS, self.serial)

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
