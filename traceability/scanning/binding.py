"""What is this? A code that nobody knows is used as it is, once somebody said what it stands on.

The decision is an entry of its own (``alias`` or ``stray``) beside what had to be entered with it.
The code is never written anew: a brand's EAN stays the product's code, a supplier's barcode stays
the bundle's; the record sets the flow's letter before it, as it does for a roll's own barcode.

>>> Binding("garment", name="Polo, white, M").sort
'garment'
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from traceability.epcis.event import Event
from traceability.epcis.vocabulary import PRODUCT
from traceability.errors import InvalidIdentifier, Refused
from traceability.flow import Flow, Kind, Stage
from traceability.gs1 import Identity, identify, product_of, uri_of
from traceability.gs1.blank import blank_of_key
from traceability.gs1.local import LENGTH_MAX, normalise_name
from traceability.labels.codes import WrongCode, parse_code
from traceability.projections.aliases import aliases, marked, stranger_key
from traceability.projections.items import find_items
from traceability.projections.search import candidates, find_key
from traceability.projections.view import Values, View
from traceability.projections.world import HELD
from traceability.scanning.conflicts import Disagreement, disagreement
from traceability.scanning.things import things

__all__ = [
    "SORTS",
    "Binding",
    "Bound",
    "CannotBind",
    "Sort",
    "bind",
    "offers",
    "read_binding",
    "sort_of",
]

Sort = Literal["roll", "bundle", "garment", "carton", "place", "person", "stray", "same"]
SORTS: tuple[Sort, ...] = get_args(Sort)
PIECES_MAX = 100_000
NAME_MAX = 80


# What a GS1 code says of itself, and what it cannot stand on then. A number that stands on every
# piece of a product is no one carton, and nobody's badge.
_SAID_ITSELF: dict[str, tuple[str, frozenset[Sort]]] = {
    "logistic": ("carton", frozenset({"garment", "place", "person"})),
    "place": ("place", frozenset({"roll", "bundle", "garment", "carton", "person"})),
    "class": ("product", frozenset({"carton", "person"})),
}


class CannotBind(Refused):
    """A code cannot become what somebody said.

    Args:
        said: Why: known, held, followed, blank, own-number, no-kind, product, order, pieces, name,
            person, thing, codes-differ, says-carton, says-place, says-product.
        facts: What its sentence names.
        sentence: The sentence itself.
    """

    def __init__(self, said: str, sentence: str, **facts: object) -> None:
        super().__init__(sentence)
        self.said = said
        self.facts = facts


@dataclass(frozen=True, slots=True)
class Binding:
    """What somebody said a code is, with only what had to be asked for it."""

    sort: Sort
    product: str = ""
    """Key of a product that is known."""
    name: str = ""
    """Of a new product, of a place, of a new person."""
    order: str = ""
    """Number of an order."""
    pieces: str = ""
    whose: str = ""
    """Key of somebody who works here."""
    thing: str = ""
    """Another code of the same thing, which is known."""


@dataclass(frozen=True, slots=True)
class Bound:
    """What a decision comes to; nothing is written yet."""

    code: str
    """Key of the code as it was scanned."""
    key: str
    """Key of what it stands for; the code's own for what is not ours."""
    sort: Sort
    entries: tuple[tuple[str, str, Values], ...]
    """Type, key and values of what is to be entered, the decision last."""
    private: Mapping[str, str]
    """Personal values by the name of the entry's field: only a new person has one."""
    made: Event | None = None
    """That the thing begins to be known; without id and time. None for what needs no such word."""

    def tree(self) -> dict[str, Any]:
        """Return what the scan's event keeps of it, so that it can be taken back."""
        return {
            "code": self.code,
            "as": self.sort,
            "key": self.key,
            "entered": [[kind, key] for kind, key, _ in self.entries],
        }


def read_binding(tree: Mapping[str, Any]) -> Binding:
    """Read ``{as, product, name, order, pieces, whose, thing}``.

    ``whose`` card it is, and not ``person``: that one says everywhere who holds the scanner.

    Raises:
        CannotBind: If it does not say what the code is.
    """
    sort = tree.get("as")
    if sort not in SORTS:
        raise CannotBind(
            "sort", f"Say what it is: expected as one of {', '.join(SORTS)}, got {sort!r}."
        )
    words = {}
    for member in ("product", "name", "order", "pieces", "whose", "thing"):
        value = tree.get(member)
        words[member] = "" if value is None else str(value).strip()
    return Binding(cast("Sort", sort), **words)


def offers(flow: Flow, stage: Stage | None = None) -> list[Sort]:
    """Return what a code may be, most likely first: what is handled at this step.

    Args:
        flow: Knows the kinds of things; what no kind stands for is not offered.
        stage: The step where it was scanned, if it was.
    """
    here = [name for work in stage.works for name in (*work.opens, *work.takes)] if stage else []
    kinds = sorted(
        flow.kinds, key=lambda kind: here.index(kind.name) if kind.name in here else len(here)
    )
    found = [sort for kind in kinds if (sort := sort_of(kind)) is not None]
    return [*dict.fromkeys(found), "place", "person", "stray"]


def sort_of(kind: Kind) -> Sort | None:
    """Return what a thing of a kind is called when a code is bound; None for what is not bound."""
    if kind.form == "lot" and kind.unit:
        return "roll"
    if _stem(kind) is None:
        return None
    if kind.form == "lot":
        return "bundle"
    if kind.form == "thing":
        return "garment" if kind.in_stock else "carton"
    return None


def _stem(kind: Kind) -> str | None:
    """Return how local names of a kind begin, such as ``class/B-``; None if it has none."""
    for pattern in kind.patterns:
        start, middle, end = pattern.partition("//*/")
        if not start and middle and end.count("*") == 1 and end.endswith("*"):
            return end[:-1]
    return None


def _differing(found: Disagreement) -> CannotBind:
    facts = {"what": found.what, "code": found.code, "thing": found.thing}
    return CannotBind("codes-differ", found.sentence(), **facts)


def bind(view: View, given: str, binding: Binding) -> Bound:
    """Decide what has to be entered so that a code stands for what somebody said.

    Args:
        view: The ledger.
        given: The code as it was scanned.
        binding: What somebody said. A roll has a door of its own (`rolls.new_roll`).

    Raises:
        CannotBind: If it is known already, says something else itself, or a part is missing.
    """
    return _Binding(view, given, binding).bound()


class _Binding:
    """One code on its way to what it stands for."""

    def __init__(self, view: View, given: str, binding: Binding) -> None:
        self.view = view
        self.given = given.strip()
        self.said = binding
        self.code = stranger_key(view, self.given)
        self.identity = self._identity()
        self.private: dict[str, str] = {}
        self.made: Event | None = None

    def _identity(self) -> Identity | None:
        try:
            return identify(self.given, namespace=self.view.namespace)
        except InvalidIdentifier:
            return None

    def bound(self) -> Bound:
        self._refuse_known()
        sort = self.said.sort
        if sort == "stray":
            return self._done(self.code, [("stray", self.code, {"code": self.given[:LENGTH_MAX]})])
        self._refuse_held()
        if blank_of_key(self.code) is not None:
            raise CannotBind("blank", "This tag was never written: give it a number first.")
        self._refuse_contradiction()
        if sort == "roll":
            raise CannotBind("amount", "Say how much is on the roll: amount and unit.")
        make = {
            "bundle": self._bundle,
            "garment": self._garment,
            "carton": self._carton,
            "place": self._place,
            "person": self._person,
            "same": self._same,
        }[sort]
        return make()

    def _refuse_known(self) -> None:
        keys = [self.code, *candidates(self.view, self.given)]
        named = aliases(self.view, keys)
        known = [one.stands_for for one in named.values()]
        if not known:
            known = [
                key
                for key, one in things(self.view, keys).items()
                if one.is_ours and not (self.said.sort == "garment" and one.entered == "product")
            ]
        if known:
            name = str(self.view.label(known[0])) or known[0]
            raise CannotBind("known", f"This code is known already: {name}.", thing=known[0])

    def _refuse_contradiction(self) -> None:
        kind = self.identity.kind if self.identity is not None else ""
        own, cannot = _SAID_ITSELF.get(kind, ("", frozenset()))
        if self.said.sort in cannot:
            raise CannotBind(f"says-{own}", f"This code says itself that it stands for a {own}.")

    def _refuse_held(self) -> None:
        """Refuse to give a code another name that somebody stopped: the stop would be lost."""
        met = find_items(self.view, [self.code]).get(self.code)
        if met is not None and met.flags & HELD:
            raise CannotBind("held", "This code is on hold: release it first.")

    def _done(self, key: str, entries: Sequence[tuple[str, str, Values]]) -> Bound:
        listed = list(entries)
        if self.said.sort != "stray":
            # A code that came as a key of ours, from a page, is shown as it was scanned.
            is_key = self.given.startswith(("//", "urn:epc:raw:"))
            code = self._text() if is_key else self.given[:LENGTH_MAX]
            values = {"stands_for": key, "as": self.said.sort, "code": code}
            listed.append(("alias", self.code, values))
        return Bound(self.code, key, self.said.sort, tuple(listed), self.private, self.made)

    # --- kinds of the flow ---------------------------------------------------------------------

    def _own(self, sort: Sort) -> str:
        """Return the key of a thing under this code: the flow's letter, then the code as it is."""
        stem = next((_stem(kind) for kind in self.view.flow.kinds if sort_of(kind) == sort), None)
        if stem is None:
            raise CannotBind("no-kind", f"Nothing of this workshop is a {sort}.", sort=sort)
        letter = stem.partition("/")[2]
        text = self._text().removeprefix(letter)
        try:
            parse_code(text)
        except WrongCode:
            return f"//{self.view.namespace}/{stem}{text}"[: LENGTH_MAX + 300]
        raise CannotBind(
            "own-number",
            f"{text} is a number of our own labels: print it, then scan it.",
            code=text,
        )

    def _text(self) -> str:
        """Return what the code says, without the scanner's word for the bars."""
        parts = dict(self.identity.ais) if self.identity is not None else {}
        if len(parts) == 1 and "01" in parts:
            digits = "".join(letter for letter in self.given if letter.isdigit())
            return digits[-14:]
        local = self.code.startswith("//")
        text = self.code.split("/", 4)[4] if local else self.code.removeprefix("urn:epc:raw:")
        text = text.strip("/")
        return marked(text, text, LENGTH_MAX - 4)

    def _carton(self) -> Bound:
        kind = self.view.flow.kind_of(self.code)
        if kind is not None and sort_of(kind) == "carton":
            return self._done(self.code, [self._entry("carton", self.code)])
        key = self._own("carton")
        return self._done(key, [self._entry("carton", key)])

    def _entry(self, kind: str, key: str, **values: Any) -> tuple[str, str, Values]:
        return kind, key, {"code": self._text(), **values}

    def _bundle(self) -> Bound:
        number = self.said.order
        orders = self.view.masters("order")
        order = next((one for one in orders.values() if str(one.get("number")) == number), None)
        if order is None:
            raise CannotBind(
                "order", f"Say of which order it is: {number!r} is none.", order=number
            )
        lines = [str(one.get("product", "")) for one in order.get("lines", ())]
        product = self.said.product or (lines[0] if len(lines) == 1 else "")
        if product not in lines:
            raise CannotBind("product", f"Say which product of order {number} it is.")
        said = self.said.pieces
        is_number = said.isdecimal() and len(said) <= len(str(PIECES_MAX))
        if not is_number or not 0 < int(said) <= PIECES_MAX:
            raise CannotBind(
                "pieces",
                f"Say how many pieces it has, such as 20; {said[:20]!r} is no number.",
                pieces=said[:20],
            )
        key = self._own("bundle")
        pieces = int(said)
        entry = self._entry("ticket", key, order=number, product=product, pieces=pieces)
        return self._done(key, [entry])

    # --- garments ------------------------------------------------------------------------------

    def _garment(self) -> Bound:
        own = product_of(self.code)
        if own is None:
            return self._one_garment()
        # The code itself says a product, or a piece of one: that number stays.
        entries = self._product(own)
        if self.code != own:
            return self._done(self.code, entries)
        given = self.said.product
        return self._done(given if given.startswith("//") else own, entries)

    def _product(self, own: str) -> list[tuple[str, str, Values]]:
        """Say what product a GTIN is; nothing if it is known and nobody said another."""
        known = self.view.master("product", [own]).get(own)
        given = self.said.product
        if given and given != own:
            found = disagreement(self.view.namespace, self.given, given)
            if found is not None:
                raise _differing(found)
            values = self._known_product(given)
            if known is None:
                # Chips and labels with this number and a serial are pieces of the same product.
                return [("product", own, {**values, "same_as": given})]
            return []
        if known is not None:
            return []
        name = self._name("product")
        return [("product", own, {"name": name})]

    def _one_garment(self) -> Bound:
        """Make the code the only name of one garment."""
        entries: list[tuple[str, str, Values]] = []
        product = self.said.product
        if product:
            self._known_product(product)
        else:
            name = self._name("product")
            product = f"//{self.view.namespace}/class/P-{name.replace('/', '-')}"
            if not self.view.master("product", [product]):
                entries.append(("product", product, {"name": name}))
        key = self._own("garment")
        entries.append(self._entry("garment", key, product=product))
        self.made = Event(
            type="ObjectEvent",
            event_time=0,
            offset="+00:00",
            action="ADD",
            epcs=(uri_of(key),),
            ilmd={PRODUCT: uri_of(product)},
        )
        return self._done(key, entries)

    def _known_product(self, key: str) -> Values:
        found = self.view.master("product", [key]).get(key)
        if found is None:
            raise CannotBind("product", f"Say which product it is: {key[:60]!r} is none.")
        return found

    # --- places and people ---------------------------------------------------------------------

    def _name(self, what: str) -> str:
        try:
            name = normalise_name(self.said.name)[: NAME_MAX - 2]
        except InvalidIdentifier:
            name = ""
        if not name:
            raise CannotBind(what, f"Say which {what} it is.")
        return name

    def _place(self) -> Bound:
        name = self._name("name")
        for key, values in self.view.masters("place").items():
            if str(values.get("name", "")).casefold() == name.casefold():
                return self._done(key, [])
        key = f"//{self.view.namespace}/loc/{name.replace('/', '-')}"
        return self._done(key, [("place", key, {"name": name})])

    def _person(self) -> Bound:
        if self.said.whose:
            if not self.view.master("person", [self.said.whose]):
                raise CannotBind("person", f"Nobody has the badge {self.said.whose[:60]!r}.")
            return self._done(self.said.whose, [])
        name = self._name("person")
        key = f"//{self.view.namespace}/obj/W-{self._text()}"
        self.private = {f"{key}:name": name}
        return self._done(key, [("person", key, {"badge": self._text(), "is_active": True})])

    def _same(self) -> Bound:
        thing = find_key(self.view, self.said.thing) if self.said.thing else None
        if thing is None or thing == self.code:
            raise CannotBind(
                "thing",
                f"{self.said.thing[:60]!r} is no code of one thing that is known here.",
                thing=self.said.thing[:60],
            )
        found = disagreement(self.view.namespace, self.given, thing)
        if found is not None:
            raise _differing(found)
        return self._done(thing, [])
