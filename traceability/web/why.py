"""The answer behind an eyelet: why a number is what it is.

>>> Why("stopped", 3, "Garments that a gate stopped.", (WhyPart(3, "stopped"),), 41, None).figure
3
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class WhyPart:
    """One part of a figure: how many, of what, and where its entries are."""

    count: int | Decimal
    words: str
    href: str = ""
    link: str = ""
    """Words of the link; without an address they stand alone ("none")."""


@dataclass(frozen=True, slots=True)
class Why:
    """One sentence of rule, the parts that make the figure, and the moment it was true."""

    name: str
    """The name in ``?why=NAME``."""
    figure: int | Decimal
    rule: str
    parts: tuple[WhyPart, ...]
    position: int
    """The last ledger position that the figure contains."""
    at: datetime | None
    inferred: int = 0
    """How much of the figure nobody saw."""
    rule_name: str = ""
    rule_version: int = 1
