"""The words that stand on labels, in one language; what is written in braces is filled in.

>>> Wording().fill("order", number="118")
'Order 118'
>>> Wording(order="订单 {number}").fill("order", number="118")
'订单 118'
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Wording"]


@dataclass(frozen=True, slots=True)
class Wording:
    """Words by what they are for; in English unless somebody gives others."""

    order: str = "Order {number}"
    order_word: str = "Order"
    running: str = "{running} of {count}"
    size: str = "Size"
    pieces: str = "Pieces"
    carton: str = "Carton"
    roll: str = "Roll"
    dye_lot: str = "Dye lot"
    supplier: str = "Supplier"
    serial: str = "Serial"
    sender: str = "Sender"
    receiver: str = "Receiver"
    metres: str = "Metres"
    yards: str = "Yards"
    kilograms: str = "Kilograms"
    ticket_title: str = "Bundle ticket {code}"
    carton_title: str = "Carton label {code}"
    badge_title: str = "Badge {code}"
    garment_title: str = "Hang-tag {code}"
    roll_title: str = "Roll label {code}"
    logistic_title: str = "Logistic label {code}"

    def fill(self, word: str, **values: object) -> str:
        """Return a word with its values in place."""
        said = str(getattr(self, word))
        # Not `format`: what people typed into a name may hold braces of its own.
        for name, value in values.items():
            said = said.replace("{" + name + "}", str(value), 1)
        return said
