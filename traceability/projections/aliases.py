"""What people said a code is that nobody knew: another name of a thing, or none of ours.

A supplier's barcode, a brand's EAN or a tag of another house is used as it is. What it stands for
is an entry: ``alias`` under the code's own key with ``{"stands_for": key, "as": sort}``, or
``stray``. Taken back, the entry says ``withdrawn``, and the code is a stranger again.

>>> Alias("//w.invalid/obj/BOX 7", "//w.invalid/obj/C-BOX 7", "carton").is_piece
False
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import text

from traceability.epcis import body as bodies
from traceability.errors import InvalidIdentifier
from traceability.gs1 import identify
from traceability.gs1.local import LENGTH_MAX
from traceability.projections.touches import Form
from traceability.projections.view import View
from traceability.projections.world import HELD, UNBORN, Item

__all__ = [
    "Alias",
    "aliases",
    "is_stranger",
    "marked",
    "names_of",
    "stands_for",
    "stranger_key",
    "strays",
]

NAMES_MAX = 50
"""Other names of one thing that are looked up."""
_MARK = 12
"""Hex digits that tell long codes apart: 48 bits, so that of a million none are taken for equal."""
_SYMBOL = re.compile(r"\][A-Za-z][0-9A-Za-z](?=.)")
"""A scanner's word for the bars: it says nothing of a code that nobody can read."""
_STEPS_MAX = 4
"""A name of a name of a thing; longer chains are somebody's error."""


@dataclass(frozen=True, slots=True)
class Alias:
    """One code with what it stands for."""

    key: str
    """Key of the code as it was scanned."""
    stands_for: str
    """Key of the thing, the product, the place or the person."""
    sort: str
    """What somebody said it is: bundle, garment, carton, place, person, same."""

    @property
    def is_piece(self) -> bool:
        """Say whether each scan of it is one more piece of a product: an EAN on every garment."""
        return self.sort == "garment" and not _is_instance(self.stands_for)


def _is_instance(key: str) -> bool:
    if key.startswith("//"):
        return "/obj/" in key
    return "/21/" in key


def aliases(view: View, keys: Collection[str]) -> dict[str, Alias]:
    """Return what codes stand for, by their keys; a name of a name leads to the thing."""
    found: dict[str, Alias] = {}
    waiting = {key: key for key in keys}
    for _ in range(_STEPS_MAX):
        known = view.master("alias", list(set(waiting.values())))
        onward: dict[str, str] = {}
        for key, asked in waiting.items():
            values = known.get(asked)
            target = str(values.get("stands_for") or "") if values is not None else ""
            if values is None or not target:
                continue
            before = found.get(key)
            sort = before.sort if before is not None and asked != key else str(values.get("as", ""))
            found[key] = Alias(key, target, sort)
            if target not in (asked, key):
                onward[key] = target
        waiting = onward
        if not waiting:
            break
    return found


def stands_for(view: View, keys: Collection[str]) -> dict[str, str]:
    """Return the keys of the things behind codes; codes of which nobody said it are left out."""
    return {key: one.stands_for for key, one in aliases(view, keys).items()}


def strays(view: View, keys: Collection[str]) -> set[str]:
    """Return which of these codes somebody said are not ours."""
    return set(view.master("stray", keys))


def names_of(view: View, key: str) -> list[str]:
    """Return the other codes of a thing, as keys: what was scanned under them is its story too."""
    said = bodies.canonical({"stands_for": key}).decode()[1:-1]
    for letter in "!%_":
        said = said.replace(letter, f"!{letter}")
    rows = view.connection.execute(
        text(
            "SELECT key FROM master_data WHERE ledger_id = :l AND type = 'alias' "
            "AND value LIKE :v ESCAPE '!' ORDER BY position, key LIMIT :n"
        ),
        {"l": view.ledger_id, "v": f"%{said}%", "n": NAMES_MAX},
    )
    named = [row.key for row in rows]
    found = [one for one in view.master("alias", named) if one != key]
    # A roll or carton that somebody entered under its own barcode was a stranger until then.
    for kind in ("roll", "carton", "ticket"):
        code = str(view.master(kind, [key]).get(key, {}).get("code") or "")
        if code and key.endswith(f"-{code}"):
            found.append(stranger_key(view, code))
    return [one for one in dict.fromkeys(found) if one != key]


def is_stranger(met: Item) -> bool:
    """Say whether a thing was only ever looked at: no event said where it is or what was done.

    A code that nobody knows is kept so; it is found again as a question, not as a thing.
    """
    is_seen = met.form == Form.THING and bool(met.flags & UNBORN) and not met.flags & HELD
    said = (met.place_no, met.step_no, met.disposition_no, met.stages_reached, met.order_no)
    return is_seen and not any(said) and met.container_no is None


def stranger_key(view: View, given: str) -> str:
    """Return the key under which a code is kept that nobody knows: what it says, as a name."""
    try:
        key = identify(given, namespace=view.namespace).key
    except InvalidIdentifier:
        key = None
    if key:
        return key
    said = _SYMBOL.sub("", given.strip())
    shown = "".join(letter if letter.isprintable() else "·" for letter in said)
    return f"//{view.namespace}/obj/{marked(shown, said, LENGTH_MAX)}"


def marked(shown: str, said: str, length_max: int) -> str:
    """Return a code as a name: as it is; else cut, with a mark that hangs on every sign of it.

    Two codes that begin alike are two names: links on two garments differ at their ends.

    Args:
        shown: What of it can stand in a name.
        said: The whole code.
        length_max: Most characters of the name, 14 at least.

    >>> marked("BOX 7", "BOX 7", 80)
    'BOX 7'
    >>> marked("x" * 99, "x" * 99, 20)
    'xxxxxxx-d0621fdd5f06'
    """
    if shown == said and len(said) <= length_max:
        return said
    mark = sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:_MARK]
    return f"{shown[: length_max - _MARK - 1].strip()}-{mark}"
