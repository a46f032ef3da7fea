"""The rolls of a workshop as their labels name them: by the barcode of who sent them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import text

from traceability.database import MICRO
from traceability.gs1 import key_of, product_of
from traceability.projections.items import find_items
from traceability.projections.view import View

__all__ = ["LISTED_MAX", "Roll", "between", "listed", "roll"]

LISTED_MAX = 500
"""Rolls that can be chosen from, the ones entered last; an older one is scanned."""


@dataclass(frozen=True, slots=True)
class Roll:
    """One roll as it was entered, and what is left of it."""

    key: str
    code: str
    """What its own barcode says."""
    product: str = ""
    """Key of its material; empty where only a word says what it is."""
    material: str = ""
    dye_lot: str = ""
    supplier: str = ""
    amount: Decimal | None = None
    """How much was on it when it came."""
    unit: str = "MTR"
    left: Decimal | None = None
    """How much is on it now; None while nobody has seen it."""


def roll(view: View, key: str) -> Roll | None:
    """Return one roll by its key; None if nobody entered it."""
    return next(iter(_rolls(view, [key])), None)


def listed(view: View) -> list[Roll]:
    """Return the rolls that have cloth left or are still to come, the newest first."""
    rows = view.connection.execute(
        text(
            "SELECT key FROM master_data WHERE ledger_id = :l AND type = 'roll' "
            "ORDER BY position DESC, key LIMIT :n"
        ),
        {"l": view.ledger_id, "n": LISTED_MAX},
    )
    return [one for one in _rolls(view, [row.key for row in rows]) if one.left != 0]


def between(view: View, first: str, last: str) -> list[Roll]:
    """Return the rolls from one to another as `listed` has them; an empty end is no bound.

    A roll that is used up, and so not listed, stands alone.
    """
    have = listed(view)
    keys = [one.key for one in have]
    if first and first not in keys:
        alone = roll(view, first)
        return [alone] if alone is not None and last in ("", first) else []
    begin = keys.index(first) if first else 0
    end = keys.index(last) if last in keys else len(keys) - 1
    return have[begin : end + 1]


def _rolls(view: View, keys: Sequence[str]) -> list[Roll]:
    known = view.master("roll", keys)
    met = find_items(view, list(known))
    left = {key: Decimal(one.quantity) / MICRO for key, one in met.items()}
    return [_roll(key, known[key], left.get(key)) for key in keys if key in known]


def _roll(key: str, values: Mapping[str, Any], left: Decimal | None) -> Roll:
    amount = _exact(values.get("amount", values.get("metres")))
    given = values.get("product")
    return Roll(
        key=key,
        code=str(values.get("code") or key.rsplit("/", 1)[-1]),
        product=key_of(str(given)) if given else product_of(key) or "",
        material=str(values.get("material", "")),
        dye_lot=str(values.get("dye_lot", "")),
        supplier=str(values.get("supplier", "")),
        amount=amount,
        unit=str(values.get("unit") or "MTR"),
        left=left,
    )


def _exact(value: object) -> Decimal | None:
    try:
        return Decimal(str(value)) if value not in (None, "") else None
    except InvalidOperation:
        return None
