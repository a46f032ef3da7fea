"""So many pieces, metres or kilograms of one class of things, as an exact decimal.

Source: EPCIS 2.0 section 7.3.3.3 (QuantityElement); UN/CEFACT Recommendation 20 (units).

>>> Quantity("https://id.gs1.org/01/09506000134352/10/R-7", Decimal("48.50"), "MTR").tree()
{'epcClass': 'https://id.gs1.org/01/09506000134352/10/R-7', 'quantity': Decimal('48.50'), \
'uom': 'MTR'}
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from traceability.epcis.body import Tree

PLACES_MAX: Final = 6
"""Digits after the point: a micrometre of a metre, a milligram of a kilogram."""
AMOUNT_MAX: Final = Decimal(9_000_000_000_000)
"""Largest amount: 64 bits of millionths hold a little more."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """So much of a class of things, without telling them apart."""

    epc_class: str
    """URI of the class, as sent."""
    quantity: Decimal | None = None
    """0 to `AMOUNT_MAX`, at most six digits after the point; None where nobody said how much."""
    uom: str | None = None
    """Unit code of UN/CEFACT; None for pieces."""

    def __post_init__(self) -> None:
        amount = self.quantity
        if amount is None:
            return
        if not amount.is_finite() or not 0 <= amount <= AMOUNT_MAX:
            raise ValueError(f"a number from 0 to {AMOUNT_MAX}")
        places = -int(amount.as_tuple().exponent)
        if places > PLACES_MAX and amount != round(amount, PLACES_MAX):
            raise ValueError(f"a number with at most {PLACES_MAX} digits after the point")

    def tree(self) -> dict[str, "Tree"]:
        """Return the element as EPCIS 2.0 JSON; pieces are said by the absence of a unit."""
        tree: dict[str, Tree] = {"epcClass": self.epc_class}
        if self.quantity is not None:
            tree["quantity"] = self.quantity
        if self.uom:
            tree["uom"] = self.uom
        return tree
