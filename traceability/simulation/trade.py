"""What the invented workshop makes, for whom and from what: names, colours, sizes, lengths.

Company prefixes begin with 952, which GS1 gives to nobody and keeps for examples.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

__all__ = [
    "CITY",
    "COLOURS",
    "COMPANY",
    "CUSTOMERS",
    "FOREIGN_COMPANY",
    "MILL",
    "NAMESPACE",
    "SIZES",
    "STYLES",
    "SUPPLIERS",
    "Colour",
    "Marked",
    "Style",
]

COMPANY = "9521141"
"""Company prefix of the workshop."""
MILL = "9524137"
"""Company prefix of the mill that weaves its cloth."""
FOREIGN_COMPANY = "9526064"
"""Company prefix of somebody whose goods only happen to pass by."""
NAMESPACE = "demo.workshop.invalid"
"""Where the workshop's own names live; `.invalid` belongs to nobody (RFC 2606)."""
CITY = "Porto"

Marked = Literal["rfid", "barcode", "counted"]
"""How the garments of an order are told apart: by tag, by printed code, not at all."""

SIZES = ("XS", "S", "M", "L", "XL", "XXL")


@dataclass(frozen=True, slots=True)
class Colour:
    """A colour that cloth is bought in."""

    name: str
    swatch: str
    """What a screen shows for it, `#rrggbb`."""


@dataclass(frozen=True, slots=True)
class Style:
    """One pattern, cut in several colours and sizes."""

    name: str
    cloth: str
    metres_each: Decimal
    """Cloth that one garment takes, waste included."""
    colours: tuple[str, ...]
    marked: Marked


COLOURS = {
    "navy": Colour("navy", "#22325a"),
    "ecru": Colour("ecru", "#e6ddc8"),
    "rust": Colour("rust", "#a4502f"),
    "moss": Colour("moss", "#5b6a3c"),
    "black": Colour("black", "#1b1c1f"),
    "chalk": Colour("chalk", "#f2f0ea"),
    "denim": Colour("denim", "#46618a"),
}

STYLES = (
    Style("Overshirt", "Twill 240 g", Decimal("1.95"), ("navy", "ecru", "rust"), "rfid"),
    Style("Chore jacket", "Drill 310 g", Decimal("2.35"), ("moss", "black"), "barcode"),
    Style("Apron", "Canvas 280 g", Decimal("0.9"), ("denim", "chalk"), "counted"),
)

CUSTOMERS = ("Alder & Finch", "Alder & Finch Online", "Alder & Finch Café")
"""Who ordered, in the order of STYLES: one house, three desks."""

SUPPLIERS = ("Tecelagem do Ave", "Fiação Serra")
