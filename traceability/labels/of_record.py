"""The labels of things that the record knows: what stands on each, in whatever language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from traceability.commissioning.prefixes import known
from traceability.commissioning.tags import tag_of
from traceability.gs1 import identify
from traceability.gs1.company import Prefixes
from traceability.labels import layout, logistic
from traceability.labels.face import Face, Figure
from traceability.labels.garments import Garment
from traceability.labels.hang_tag import hang_tag
from traceability.labels.label import Label
from traceability.labels.roll import roll_label
from traceability.labels.rolls import Roll
from traceability.labels.tickets import Ticket
from traceability.labels.wording import Wording
from traceability.projections.people import Person
from traceability.projections.view import Values, View

__all__ = [
    "badge_labels",
    "carton_labels",
    "garment_labels",
    "logistic_labels",
    "roll_labels",
    "ticket_labels",
]


def ticket_labels(view: View, tickets: Sequence[Ticket], words: Wording) -> list[Label]:
    """Return the label of each ticket: order, style, colour, size, how many, which of how many."""
    products = view.master("product", [one.product for one in tickets])
    customers = _customers(view, {one.order for one in tickets})
    return [
        Label(
            "ticket",
            one.code,
            _ticket(one, products.get(one.product, {}), customers.get(one.order, ""), words),
            one.key,
        )
        for one in tickets
    ]


def _customers(view: View, numbers: set[str]) -> dict[str, str]:
    orders = view.master("order", [f"//{view.namespace}/bt/{number}" for number in numbers])
    return {
        key.rsplit("/", 1)[-1]: str(values.get("customer", "")) for key, values in orders.items()
    }


def _ticket(one: Ticket, product: Values, customer: str, words: Wording) -> Face:
    size = str(product.get("size", ""))
    figures = [Figure(size, words.size)] if size else []
    return Face(
        code=one.code,
        heading=words.fill("order", number=one.order),
        corner=words.fill("running", running=one.running, count=one.of),
        lines=(_style(product, one.product), str(product.get("colour", ""))),
        more=customer,
        figures=(*figures, Figure(str(one.pieces), words.pieces)),
        title=words.fill("ticket_title", code=one.code),
    )


def _style(product: Mapping[str, Any], key: str) -> str:
    return str(product.get("style", "")) or str(product.get("name", "")) or key.rsplit("/", 1)[-1]


def carton_labels(view: View, keys: Sequence[str], words: Wording) -> list[Label]:
    """Return the label of each carton that carries a number of the workshop's own."""
    known = view.master("carton", keys)
    workshop = str(view.opening.get("name", ""))
    found = []
    for key in keys:
        code = key.rsplit("/", 1)[-1]
        order = str(known.get(key, {}).get("order", ""))
        face = Face(
            code=code,
            heading=words.fill("order", number=order) if order else "",
            lines=(words.carton, workshop),
            title=words.fill("carton_title", code=code),
        )
        found.append(Label("carton", code, face, key))
    return found


def badge_labels(view: View, people: Sequence[Person], words: Wording) -> list[Label]:
    """Return the badge of each person."""
    workshop = str(view.opening.get("name", ""))
    return [
        Label(
            "person",
            one.badge,
            Face(
                code=one.badge,
                lines=(one.name or one.badge, workshop),
                title=words.fill("badge_title", code=one.badge),
            ),
            one.key,
        )
        for one in people
    ]


def garment_labels(view: View, garments: Sequence[Garment], words: Wording) -> list[Label]:
    """Return the hang-tag of each garment; one with a product number says what its chip carries."""
    products = view.master("product", {one.product for one in garments})
    workshop = str(view.opening.get("name", ""))
    owners = known(view)
    return [
        _garment(one, products.get(one.product, {}), workshop, owners, words) for one in garments
    ]


def _garment(
    one: Garment, product: Values, workshop: str, owners: Prefixes, words: Wording
) -> Label:
    size = str(product.get("size", ""))
    is_local = one.key.startswith("//")
    return hang_tag(
        one.key,
        # The workshop's own names have no address that a phone could open.
        square="name" if is_local else "link",
        brand=str(product.get("brand", "")) or workshop,
        style=_style(product, one.product),
        colour=str(product.get("colour", "")),
        size=layout.Figure(size, words.size) if size else None,
        title=words.fill("garment_title", code=one.code),
        epc=None if is_local else tag_of(identify(one.key), owners),
    )


def roll_labels(view: View, rolls: Sequence[Roll], words: Wording) -> list[Label]:
    """Return the label of each roll: what it is, its dye lot, how much was on it."""
    products = view.master("product", {one.product for one in rolls if one.product})
    return [_roll(one, products.get(one.product, {}), words) for one in rolls]


_UNITS = {"MTR": "metres", "YRD": "yards", "KGM": "kilograms"}


def _roll(one: Roll, product: Values, words: Wording) -> Label:
    amount = f"{one.amount.normalize():f}" if one.amount is not None else ""
    word = str(getattr(words, _UNITS.get(one.unit, "metres")))
    figures = [layout.Figure(amount, word)] if amount else []
    if one.dye_lot:
        figures.insert(0, layout.Figure(one.dye_lot, words.dye_lot))
    return roll_label(
        one.key,
        article=str(product.get("name", "")) or one.material or words.roll,
        colour=str(product.get("colour", "")),
        supplier=one.supplier,
        figures=tuple(figures),
        # Lot and length stand in the code of a roll that has a number of GS1's.
        dye_lot="" if one.key.startswith("//") else one.dye_lot,
        metres=one.amount if one.unit == "MTR" else None,
        kilograms=one.amount if one.unit == "KGM" else None,
        title=words.fill("roll_title", code=one.code),
    )


def logistic_labels(view: View, keys: Sequence[str], words: Wording) -> list[Label]:
    """Return the logistic label of each carton with an SSCC: from whom, to whom, which order."""
    known_cartons = view.master("carton", keys)
    numbers = {str(one.get("order", "")) for one in known_cartons.values()} - {""}
    orders = view.master("order", [f"//{view.namespace}/bt/{number}" for number in numbers])
    owners = known(view)
    sender = logistic.Block(words.sender, (str(view.opening.get("name", "")),))
    found = []
    for key in keys:
        number = str(known_cartons.get(key, {}).get("order", ""))
        order = orders.get(f"//{view.namespace}/bt/{number}", {})
        receiver = (str(order.get("customer", "")), str(order.get("city", "")))
        blocks = [sender, logistic.Block(words.receiver, receiver)] if any(receiver) else [sender]
        figures = (layout.Figure(number, words.order_word),) if number else ()
        found.append(
            logistic.logistic_label(
                key,
                blocks=tuple(blocks),
                figures=figures,
                title=words.fill("logistic_title", code=key.rsplit("/", 1)[-1]),
                epc=tag_of(identify(key), owners),
            )
        )
    return found
