"""Scanners that type like a keyboard, on any page: what was scanned, in one word and one line.

Nothing is written. The answer names the device's own count of the scan, so that a page that will
capture scans one day can prove that it missed none.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, jsonify, request

from traceability.errors import InvalidIdentifier
from traceability.gs1 import Identity, identify
from traceability.gs1.blank import blank_of_key
from traceability.projections import items
from traceability.projections.aliases import strays
from traceability.projections.holding import class_of
from traceability.projections.items import ItemCard
from traceability.projections.search import find_key
from traceability.projections.view import View
from traceability.web import screen
from traceability.web.layout import find_url
from traceability.web.reading import current
from traceability.web.scan_lines import empty_tags
from traceability.web.sentences import gettext as _
from traceability.web.telling import named
from traceability.web.words import minute, moment, quantity, titled

blueprint = Blueprint("scan", __name__)

TEXT_MAX = 4096


@dataclass(frozen=True, slots=True)
class Told:
    """What a page shows of one scan."""

    state: str
    """Shape and colour: pass, late, hold, ready (known but never seen), unknown."""
    word: str
    name: str
    line: str = ""
    code: str = ""
    key: str = ""
    kind: str = ""
    """Kind of the flow: roll, bundle, garment, carton; nothing for what the flow does not know."""
    href: str = ""
    link: str = ""
    """Words of the link: the thing's story, or the question what it is."""


@blueprint.post("/api/scan")
def take() -> Response:
    """Look up what was scanned: ``{text, symbology, page, device, counter}`` as JSON."""
    asked = request.get_json(silent=True)
    if not isinstance(asked, dict):
        raise InvalidIdentifier(
            f"Cannot read this scan: expected a JSON object, got {type(asked).__name__}."
        )
    text = _scanned(asked)
    with current().look() as view:
        told = look_up(view, text)
    counter = asked.get("counter")
    tree: dict[str, Any] = asdict(told)
    tree |= {"text": text, "device": screen.text(asked.get("device")), "counter": counter}
    return jsonify(tree)


def _scanned(asked: dict[str, Any]) -> str:
    given, symbology = asked.get("text"), asked.get("symbology")
    if not isinstance(given, str) or not given.strip():
        raise InvalidIdentifier(f"Cannot read this scan: expected text, got {given!r}.")
    if len(given) > TEXT_MAX:
        raise InvalidIdentifier(
            f"Cannot read this scan: expected at most {TEXT_MAX} characters, got {len(given)}."
        )
    if isinstance(symbology, str) and symbology.startswith("]") and not given.startswith("]"):
        return symbology + given
    return given


def look_up(view: View, given: str) -> Told:
    """Tell what a scanned text is, where it is, and where its story stands."""
    key = find_key(view, given)
    if key is None:
        return _stranger(view, given)
    find = find_url()
    href = f"{find}?code={quote(key)}" if find else ""
    link = _("Its whole story")
    card = items.item(view, key)
    label = view.label(key)
    kind = view.flow.kind_of(class_of(key))
    name, code = named(label, view.flow), screen.code_of(key)
    if card is None:
        kind_name = kind.name if kind else ""
        return Told("ready", _("Not seen yet"), name, "", code, key, kind_name, href, link)
    state, word = _state(card)
    line = _where(view, card)
    return Told(state, word, name, line, code, key, kind.name if kind else "", href, link)


def _state(card: ItemCard) -> tuple[str, str]:
    if card.holds:
        return "hold", _("Hold %(name)s: do not move", name=card.holds[0].id)
    if not card.is_active:
        return "late", _("Used up or taken out")
    return "pass", titled(card.stage) if card.stage is not None else _("Known")


def _where(view: View, card: ItemCard) -> str:
    parts = []
    if card.container is not None:
        parts.append(_("in %(thing)s", thing=named(card.container, view.flow)))
    elif card.contents_count:
        parts.append(_("with %(count)s inside", count=quantity(card.contents_count, "")))
    if card.kind is not None and card.kind.form != "thing" and card.is_active:
        parts.append(quantity(card.quantity, card.uom))
    seen = card.timeline[0] if card.timeline else None
    if seen is not None:
        place = card.place.name if card.place is not None else ""
        at = moment(seen.at).rsplit(":", 1)[0]
        parts.append(
            _("last seen %(place)s %(time)s", place=place, time=at)
            if place
            else _("last seen %(time)s", time=minute(seen.at))
        )
    if card.holds:
        hold = card.holds[0]
        parts.append(hold.reason)
        if hold.contact:
            parts.append(_("Call %(contact)s", contact=hold.contact))
    return ", ".join(part for part in parts if part)


def _stranger(view: View, given: str) -> Told:
    """Tell of a code that the record does not know what can be known of it."""
    shown = given.strip()[:80]
    try:
        found: Identity = identify(given.strip(), namespace=view.namespace)
    except InvalidIdentifier as error:
        return Told("unknown", _("Cannot read this code"), shown, str(error))
    key = found.key or ""
    code = screen.code_of(key)
    if blank_of_key(key) is not None:
        return Told("unknown", _("Empty tag"), shown, empty_tags(1), "", key)
    if strays(view, [key]):
        line = _("Somebody said so before. Put it aside, scan the next one.")
        return Told("ready", _("Not ours"), shown, line, code, key)
    find = find_url()
    ask = {"href": f"{find}?code={quote(shown)}" if find else "", "link": _("Say what it is")}
    if found.kind in ("raw", "local"):
        word = _("Nobody here knows this")
        return Told("unknown", word, shown, _("What is it?"), "", key, **ask)
    name = _printed(found) or shown
    line = _("Check digit right. What is it?")
    return Told("unknown", _("Not one of ours"), name, line, code, key, **ask)


def _printed(found: Identity) -> str:
    """Write a retail code as it stands below its bars, without the zeros in front.

    >>> from traceability.gs1 import identify
    >>> _printed(identify("5449000000996"))
    'EAN-13 5449000000996'
    """
    gtin = dict(found.ais).get("01", "")
    return f"EAN-13 {gtin[1:]}" if gtin.startswith("0") and len(found.ais) == 1 else ""
