"""What is this? The one question about a code that nobody knows, in words: on the desk, at Find.

Each answer is one touch and, where more is needed, one choice or one field. Nothing is asked that
the code or the record already says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from traceability.flow import Flow
from traceability.gs1 import product_of
from traceability.projections.aliases import stranger_key
from traceability.projections.people import people
from traceability.projections.view import View
from traceability.scanning.binding import CannotBind, sort_of
from traceability.web.scan_lines import codes_differ, empty_tags
from traceability.web.sentences import LazyString, lazy_gettext
from traceability.web.sentences import gettext as _
from traceability.web.words import titled

__all__ = ["actions", "cannot"]

CHOICES_MAX = 40
"""Products, orders, places or people that can be touched; a new one is typed."""
BIND_URL = "/api/scans/bind"

TITLES: dict[str, LazyString] = {
    "roll": lazy_gettext("Roll"),
    "bundle": lazy_gettext("Bundle"),
    "garment": lazy_gettext("Garment"),
    "carton": lazy_gettext("Carton"),
    "place": lazy_gettext("Place"),
    "person": lazy_gettext("Person"),
    "stray": lazy_gettext("Not ours"),
}
ICONS = {
    "roll": "roll",
    "bundle": "bundle",
    "garment": "garment",
    "carton": "carton",
    "place": "reader",
    "person": "user",
    "stray": "close",
}

Asks = dict[str, Any]
"""What one answer still needs, as JSON: line, choices, the name of the field."""


def actions(view: View, text: str, offers: Sequence[str]) -> list[dict[str, Any]]:
    """Return what can be touched as an answer, in the order of the offers.

    Each has ``what`` and ``title``, where it is sent (``post``, ``body``), and ``asks`` where one
    more thing must be said: ``choices``, each with the members it adds to the body, and a ``field``
    that is typed. Without ``both`` a choice or the field is enough.
    """
    asking = _Asking(view, text)
    found = []
    for sort in offers:
        title = _title(view.flow, sort)
        one: dict[str, Any] = {"what": sort, "title": title, "icon": ICONS[sort]}
        one |= {"post": BIND_URL, "body": {"text": text, "as": sort}}
        asks = asking.asks(sort)
        found.append({**one, "asks": asks} if asks is not None else one)
    return found


def _title(flow: Flow, sort: str) -> str:
    kind = next((kind for kind in flow.kinds if sort_of(kind) == sort), None)
    return titled(kind) if kind is not None else str(TITLES[sort])


class _Asking:
    """One code and what its answers still need."""

    def __init__(self, view: View, text: str) -> None:
        self.view = view
        self.own = product_of(stranger_key(view, text))
        self.orders = view.masters("order")

    def asks(self, sort: str) -> Asks | None:
        ask = {
            "garment": self._product,
            "bundle": self._bundle,
            "place": self._place,
            "person": self._person,
        }.get(sort)
        return ask() if ask is not None else None

    def _product(self) -> Asks | None:
        if self.own is not None and self.view.master("product", [self.own]):
            return None
        choices = [
            {"title": name, "body": {"product": key}}
            for key, name in self._products()
            # A product with a number of its own cannot have this one as well.
            if self.own is None or product_of(key) is None
        ]
        field = _field("name", _("A new product: its name"))
        return _asks(_("Which product is it?"), choices[:CHOICES_MAX], field)

    def _products(self) -> Iterator[tuple[str, str]]:
        """Yield what garments can be: what is ordered first, newest order first."""
        ordered = [
            str(line.get("product", ""))
            for values in reversed(list(self.orders.values()))
            for line in values.get("lines", ())
        ]
        known = self.view.masters("product")
        rest = sorted(known, key=lambda key: str(known[key].get("name", "")).casefold())
        for key in dict.fromkeys([*ordered, *rest]):
            values = known.get(key, {})
            if values and values.get("kind") != "material" and not values.get("same_as"):
                yield key, str(values.get("name", key))

    def _bundle(self) -> Asks:
        names = self.view.masters("product")
        choices = []
        for values in reversed(list(self.orders.values())):
            number = str(values.get("number", ""))
            for line in values.get("lines", ()):
                product = str(line.get("product", ""))
                name = str(names.get(product, {}).get("name", product))
                body = {"order": number, "product": product}
                choices.append({"title": f"{number} · {name}", "body": body})
        field = _field("pieces", _("How many pieces"), is_number=True)
        return _asks(_("Of which order is it?"), choices[:CHOICES_MAX], field, both=True)

    def _place(self) -> Asks:
        places = [
            {"title": str(values.get("name", key)), "body": {"name": str(values.get("name", ""))}}
            for key, values in self.view.masters("place").items()
        ]
        field = _field("name", _("A new place: its name"))
        return _asks(_("Which place is it?"), places[:CHOICES_MAX], field)

    def _person(self) -> Asks:
        listed = [
            {"title": one.name, "body": {"whose": one.key}}
            for one in people(self.view)
            if one.is_active and one.name
        ]
        field = _field("name", _("Somebody new: the name"))
        return _asks(_("Whose is it?"), listed[:CHOICES_MAX], field)


def _field(name: str, label: str, *, is_number: bool = False) -> dict[str, Any]:
    return {"name": name, "label": label, "is_number": is_number}


def _asks(
    line: str, choices: list[dict[str, Any]], field: Mapping[str, Any], *, both: bool = False
) -> Asks:
    return {"line": line, "choices": choices, "field": dict(field), "both": both}


CANNOT: dict[str, LazyString] = {
    "sort": lazy_gettext("Say what it is: touch one of the answers."),
    "known": lazy_gettext("This code is known already: %(name)s."),
    "held": lazy_gettext("This code is on hold: release it first."),
    "followed": lazy_gettext("Something was done with it since: take that back first."),
    "says-carton": lazy_gettext("This code says itself that it stands for a carton."),
    "says-place": lazy_gettext("This code says itself that it stands for a place."),
    "says-product": lazy_gettext("This code says itself that it stands for a product."),
    "own-number": lazy_gettext("%(code)s is a number of our own labels: print it, then scan it."),
    "no-kind": lazy_gettext("Nothing of this workshop is that. Touch another answer."),
    "order": lazy_gettext("Say of which order it is."),
    "product": lazy_gettext("Say which product it is."),
    "pieces": lazy_gettext("Say how many pieces it has, such as 20."),
    "name": lazy_gettext("Say which place it is."),
    "person": lazy_gettext("Say whose it is."),
    "thing": lazy_gettext("%(thing)s is no code of one thing that is known here."),
    "amount": lazy_gettext("Say how much is on the roll, and in which unit."),
}


def cannot(view: View, error: CannotBind) -> str:
    """Say in the page's language why a code cannot become what somebody said."""
    facts = dict(error.facts)
    if error.said == "blank":
        return empty_tags(1)
    if error.said == "codes-differ":
        return codes_differ(facts)
    if error.said == "known":
        facts["name"] = str(view.label(str(facts.get("thing", "")))) or facts.get("thing", "")
    sentence = CANNOT.get(error.said)
    return str(sentence) % facts if sentence is not None else str(error)
