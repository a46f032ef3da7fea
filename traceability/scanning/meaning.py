"""What a scanned or typed text can mean on this floor: a ticket, a roll by its supplier's name.

The supplier's own barcode is the name of a roll; the letter that marks it in the record is never
shown. Another roll with the same barcode is told apart by a number behind it.

>>> roll_text("4711"), roll_text("4711", 2)
('R-4711', 'R-4711-2')
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from urllib.parse import unquote

from traceability.errors import InvalidIdentifier
from traceability.flow import Stage, Work
from traceability.gs1 import Identity, identify
from traceability.gs1.blank import Blank, blank_of_key
from traceability.gs1.local import LENGTH_MAX, normalise_name
from traceability.labels.codes import WrongCode, code_keys, parse_code
from traceability.projections.aliases import aliases, stranger_key, strays
from traceability.projections.items import find_items
from traceability.projections.search import spelled
from traceability.projections.view import View
from traceability.projections.world import HELD
from traceability.scanning.cartons import carton_text
from traceability.scanning.things import Thing, thing, things

__all__ = [
    "Meaning",
    "mean",
    "roll_key",
    "roll_keys",
    "roll_text",
    "takes_measured",
]

NAMESAKES_MAX = 20
"""Rolls with one barcode that are told apart."""
_ADDRESS = re.compile(r"https?://[^/]+/(obj|class)/([^?#]+)")
_DIGITS = re.compile(r"[A-Za-z]?[-– ]?[0-9]{4,12}")


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a text means: one thing of ours, several, or nobody's."""

    text: str
    found: tuple[Thing, ...] = ()
    stranger: str = ""
    """Key under which something unknown is kept; empty if something was found."""
    is_code: bool = False
    """It is a number of our own series with a right check digit, but nobody printed it."""
    is_mistyped: bool = False
    """It looks like a number of our own series, and one digit is wrong."""
    is_stray: bool = False
    """Somebody said that it is none of ours."""
    blank: Blank | None = None
    """It is a radio tag that was never written."""
    stopped: tuple[Thing, ...] = ()
    """The code itself, if somebody put it on hold before or after it became another name."""


def mean(view: View, stage: Stage, text: str) -> Meaning:
    """Say what a text means at a step.

    Args:
        view: The ledger.
        stage: The step: where a text may mean several things, what belongs here is meant.
        text: What was scanned or typed.
    """
    plain = list(dict.fromkeys(_keys(view, stage, text)))
    stranger = stranger_key(view, _message(text))
    blank = blank_of_key(stranger)
    if blank is not None:
        return Meaning(text, (), stranger, blank=blank)
    named = next(iter(aliases(view, [stranger, *plain]).values()), None)
    if named is not None:
        one = things(view, [named.stands_for])[named.stands_for]
        is_adopted = named.sort == "garment" and not named.is_piece
        meant = replace(one, is_piece=named.is_piece, is_adopted=is_adopted)
        return Meaning(text, (meant,), stopped=_stopped(view, named.key))
    keys = list(dict.fromkeys([*plain, *_names(view, text)]))
    known = [one for one in things(view, keys).values() if one.is_ours]
    floor = [one for one in known if one.entered not in ("order", "place", "product")]
    if floor or (known and not takes_measured(view, stage)):
        return Meaning(text, tuple(_meant(stage, floor or known[:1])))
    is_code, is_mistyped = _own_number(text)
    free = [one for one in things(view, plain).values() if _is_free(one)]
    if free and not is_mistyped:
        # A carton or garment with a label of the workshop's own shape needs no list.
        return Meaning(text, (free[0],))
    if stopped := _stopped(view, stranger):
        return Meaning(text, stopped)
    if strays(view, [stranger]):
        return Meaning(text, (), stranger, is_stray=True)
    return Meaning(text, (), stranger, is_code, is_mistyped)


def takes_measured(view: View, stage: Stage) -> bool:
    """Say whether rolls come in at a step: there a code that nobody knows is a roll's."""
    kinds = {kind.name for kind in view.flow.kinds if kind.form == "lot" and kind.unit}
    return any(kinds & set(work.takes) and not work.opens for work in stage.works)


def _stopped(view: View, key: str) -> tuple[Thing, ...]:
    met = find_items(view, [key]).get(key)
    return (thing(view, key),) if met is not None and met.flags & HELD else ()


def _is_free(one: Thing) -> bool:
    kind = one.kind
    if kind is None or kind.form != "thing":
        return False
    return not kind.in_stock or one.key.startswith("//")


def _keys(view: View, stage: Stage, text: str) -> Iterable[str]:
    """Yield what the label itself says; digits alone, only where their letter is clear."""
    given = [text]
    if text != text.upper() and len(text) <= LENGTH_MAX:
        given.append(text.upper())
    here = {name for work in stage.works for name in (*work.opens, *work.carries)}
    for one in given:
        yield from spelled(view, one)
        for key in code_keys(one, view.namespace):
            kind = view.flow.kind_of(key)
            if kind is not None and kind.name in here:
                yield key
    address = _ADDRESS.fullmatch(text)
    if address is not None:
        yield f"//{view.namespace}/{address[1]}/{unquote(address[2])}"


def _names(view: View, text: str) -> Iterable[str]:
    """Yield what the text may be the name of: tickets by their digits, rolls by their barcode."""
    yield from code_keys(text, view.namespace)
    with suppress(InvalidIdentifier):
        yield from roll_keys(view, text)
        yield f"//{view.namespace}/obj/{carton_text(_message(text))}"
        if text != text.upper():
            yield from roll_keys(view, text.upper())


def _meant(stage: Stage, known: list[Thing]) -> list[Thing]:
    """Keep what belongs to this step, and of rolls with one name those that have cloth left."""
    here = names_of(stage.works)
    mine = [one for one in known if one.kind is not None and one.kind.name in here] or known
    first = mine[0]
    if not first.is_measured:
        return [first]
    rolls = [one for one in mine if one.is_measured]
    takes = {name for work in stage.works for name in work.takes}
    if first.kind is not None and first.kind.name in takes:
        # Where rolls come in: the one that has not; if all are in, the last one.
        waiting = [one for one in rolls if not one.is_done(stage)]
        return [(waiting or rolls[-1:])[0]]
    return [one for one in rolls if one.left > 0] or rolls[-1:]


def names_of(works: Iterable[Work]) -> set[str]:
    """Return the kinds that a step opens, takes or carries."""
    return {name for work in works for name in (*work.opens, *work.takes, *work.carries)}


def _own_number(text: str) -> tuple[bool, bool]:
    if not _DIGITS.fullmatch(text.strip()):
        return False, False
    try:
        parse_code(text)
    except WrongCode as error:
        return False, error.expected is not None
    return True, False


def roll_text(name: str, number: int = 1) -> str:
    """Return the local name of a roll: what its barcode says, cut where that is too long."""
    text = f"R-{name}" if number == 1 else f"R-{name}-{number}"
    if len(text) > LENGTH_MAX:
        digest = sha256(name.encode()).hexdigest()[:6]
        end = digest if number == 1 else f"{digest}-{number}"
        text = f"{text[: LENGTH_MAX - len(end) - 1]}-{end}"
    return text


def roll_key(view: View, text: str, number: int = 1) -> str:
    """Return the key of a roll by what its supplier's label says.

    A GS1 label with product and lot names the lot; anything else is the roll's own name.

    Raises:
        InvalidIdentifier: If the text can be no name at all.
    """
    found = _identity(text, view.namespace)
    parts = dict(found.ais) if found is not None else {}
    if found is not None and found.key and found.kind == "lot" and "21" not in parts:
        return found.key if number == 1 else f"{found.key}-{number}"
    said = text.removeprefix("R-")
    # A long code is cut, with a mark that hangs on all of it.
    name = normalise_name(said) if len(said) <= LENGTH_MAX else said
    normalise_name(name[:LENGTH_MAX])
    return f"//{view.namespace}/class/{roll_text(name, number)}"


def roll_keys(view: View, text: str) -> list[str]:
    """Return the keys that rolls with this barcode have or would have."""
    said = _message(text)
    return [roll_key(view, said, number) for number in range(1, NAMESAKES_MAX + 1)]


def _message(text: str) -> str:
    # ]C0 and the like only say which bars carried the text; GS1 symbols keep their word.
    plain = re.match(r"\][A-Za-z][0-9A-Za-z]", text)
    is_gs1 = text[:3] in ("]C1", "]d2", "]Q3", "]J1", "]e0", "]E0", "]E4", "]I1")
    return text[3:] if plain and not is_gs1 else text


def _identity(text: str, namespace: str) -> Identity | None:
    try:
        return identify(text, namespace=namespace)
    except InvalidIdentifier:
        return None
