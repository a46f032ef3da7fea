"""Finding a thing by whatever somebody scans, pastes, types or remembers of it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from string import ascii_lowercase, ascii_uppercase

from sqlalchemy import text

from traceability.errors import InvalidIdentifier
from traceability.gs1 import identify
from traceability.gs1.local import LENGTH_MAX
from traceability.labels.codes import code_keys
from traceability.projections.aliases import aliases, is_stranger, stranger_key
from traceability.projections.items import find_items
from traceability.projections.view import View
from traceability.projections.world import BEGUN, HELD

ENTERED = ("order", "place", "product", "ticket", "roll", "carton", "garment")
"""Types of master data that a code may name before, or without, any event."""
MATCHES_MAX = 50
SERIAL_LENGTH_MIN = 3
"""Shorter ends of serials would find half the workshop."""


def find_key(view: View, given: str) -> str | None:
    """Return the key of a thing that has been met, or of an order or place that was entered.

    Args:
        view: The ledger.
        given: A key, scanner text with or without AIM prefix, tag in hex, URN, link, short code,
            the number of an order, the lot number of a roll, a whole serial.

    Returns:
        None if nothing fits, or if several things do.
    """
    found = find_keys(view, given)
    return found[0] if len(found) == 1 else None


def find_keys(view: View, given: str) -> list[str]:
    """Return everything that a text may mean: what a label says first, else what people call it.

    At most `MATCHES_MAX` keys. What somebody said a code is comes first. What was entered comes
    before what was only met: a barcode that was scanned before its roll was entered has been met as
    a thing that nobody knew. What was only ever looked at is nobody's thing yet.
    """
    listed = candidates(view, given)
    named = aliases(view, [*([stranger_key(view, given)] if given.strip() else ()), *listed])
    if named:
        return [next(iter(named.values())).stands_for]
    entered = {key for kind in ENTERED for key in view.master(kind, listed)}
    for key in listed:
        if key in entered:
            return [key]
    met = find_items(view, listed)
    for key in listed:
        if key in met and met[key].flags & (BEGUN | HELD) and not is_stranger(met[key]):
            return [key]
    return _by_words(view, given.strip()) if given.strip() else []


def is_known(view: View, key: str) -> bool:
    """Say whether a key was met in an event, or entered; a thing's other name is not the thing."""
    named = aliases(view, [key]).get(key)
    if named is not None and named.stands_for != key:
        return False
    met = find_items(view, [key]).get(key)
    if met is not None and met.flags & (BEGUN | HELD) and not is_stranger(met):
        return True
    return any(view.master(kind, [key]) for kind in ENTERED)


def candidates(view: View, given: str) -> list[str]:
    """Return every key that a text may stand for, most certain first.

    The digits of a short code may stand without their letter; a roll's name is its supplier's
    barcode, and the letter before it is never shown.
    """
    said = given.strip()
    names = [*spelled(view, said), *code_keys(said, view.namespace)]
    if said and len(said) <= LENGTH_MAX and not said.startswith("/"):
        names.append(f"//{view.namespace}/class/R-{said}")
    return list(dict.fromkeys(names))


def spelled(view: View, given: str) -> list[str]:
    """Return the keys that a text spells by itself: as a code, or in a pattern of the flow."""
    said = given.strip()
    keys = [said] if said.startswith(("/", "urn:epc:raw:")) else []
    with suppress(InvalidIdentifier):
        found = identify(said, namespace=view.namespace).key
        keys += [found] if found is not None else []
    if said and (not keys or keys[-1].startswith("//")):
        local = view.flow.local_key(said, view.namespace)
        keys += [local] if local is not None else []
        keys += [f"//{view.namespace}/{word}/{said}" for word in ("class", "obj", "bt", "loc")]
    return list(dict.fromkeys(keys))


def _by_words(view: View, said: str) -> list[str]:
    """Find things by the part of a code or name that people use: "R-2001", "10007", "4471"."""
    serial = said.lstrip("…#").strip()
    found = [key for key in _lots(view, serial) if is_known(view, key)]
    if not found and len(serial) >= SERIAL_LENGTH_MIN:
        products = list(view.masters("product"))
        found = sorted(find_items(view, [f"{key}/21/{serial}" for key in products]))
    if not found:
        found = _named(view, serial)
    return found[:MATCHES_MAX]


def _lots(view: View, lot: str) -> list[str]:
    """Return the rolls whose lot number is this; rolls are few beside garments."""
    rows = view.connection.execute(
        text(
            "SELECT key FROM master_data WHERE ledger_id = :l AND type = 'roll' "
            "AND lower(key) LIKE :k ESCAPE '!' ORDER BY key"
        ),
        {"l": view.ledger_id, "k": f"%/10/{_plain(lot)}"},
    )
    return [row.key for row in rows]


_SMALL = str.maketrans(ascii_uppercase, ascii_lowercase)
"""Letters as every database makes them small: those of other alphabets stay as they are."""


def _plain(said: str) -> str:
    # What LIKE takes for "anything" is no part of a lot number or name.
    return said.replace("%", "").replace("_", "").replace("!", "!!").translate(_SMALL)


def _named(view: View, said: str) -> list[str]:
    """Return orders, products and places by number or by words of their names."""
    words = said.casefold().split()
    found = []
    for kind in ("order", "place", "product"):
        for key, values in view.masters(kind).items():
            told = " ".join(
                str(values.get(member, "")) for member in ("number", "name", "title", "customer")
            ).casefold()
            if words and all(word in told for word in words):
                found.append(key)
    return found


def newest_rolls(view: View, limit: int = 12) -> Sequence[str]:
    """Return the rolls entered last that have come in, newest first: something to pick from."""
    rows = view.connection.execute(
        text(
            "SELECT key FROM master_data WHERE ledger_id = :l AND type = 'roll' "
            "ORDER BY position DESC, key DESC LIMIT :n"
        ),
        {"l": view.ledger_id, "n": 10 * limit},
    )
    keys = [row.key for row in rows]
    met = find_items(view, keys)
    return [key for key in keys if key in met and met[key].flags & BEGUN][:limit]
