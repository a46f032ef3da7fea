"""What stands on a ticket, a carton label, a badge: facts of the record in the page's language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from traceability.labels.face import Face, Figure
from traceability.labels.tickets import Ticket
from traceability.projections.people import Person
from traceability.projections.view import Values, View
from traceability.web.sentences import gettext as _

__all__ = ["badge_faces", "carton_faces", "ticket_faces"]


def ticket_faces(view: View, tickets: Sequence[Ticket]) -> list[Face]:
    """Return what each ticket shows: order, style, colour, size, how many, which of how many."""
    products = view.master("product", [one.product for one in tickets])
    numbers = {one.order for one in tickets}
    orders = view.master("order", [f"//{view.namespace}/bt/{number}" for number in numbers])
    customers = {
        key.rsplit("/", 1)[-1]: str(values.get("customer", "")) for key, values in orders.items()
    }
    return [
        _ticket_face(one, products.get(one.product, {}), customers.get(one.order, ""))
        for one in tickets
    ]


def _ticket_face(one: Ticket, product: Mapping[str, object] | Values, customer: str) -> Face:
    name = str(product.get("name", "")) or one.product.rsplit("/", 1)[-1]
    size = str(product.get("size", ""))
    figures = [Figure(size, _("Size"))] if size else []
    return Face(
        code=one.code,
        heading=_("Order %(number)s", number=one.order),
        corner=_("%(running)s of %(count)s", running=one.running, count=one.of),
        lines=(str(product.get("style", "")) or name, str(product.get("colour", ""))),
        more=customer,
        figures=(*figures, Figure(str(one.pieces), _("Pieces"))),
        title=_("Bundle ticket %(code)s", code=one.code),
    )


def carton_faces(view: View, keys: Sequence[str]) -> list[Face]:
    """Return what each carton label shows."""
    known = view.master("carton", keys)
    workshop = str(view.opening.get("name", ""))
    found = []
    for key in keys:
        code = key.rsplit("/", 1)[-1]
        order = str(known.get(key, {}).get("order", ""))
        found.append(
            Face(
                code=code,
                heading=_("Order %(number)s", number=order) if order else "",
                lines=(_("Carton"), workshop),
                title=_("Carton label %(code)s", code=code),
            )
        )
    return found


def badge_faces(view: View, people: Sequence[Person]) -> list[Face]:
    """Return what each badge shows."""
    workshop = str(view.opening.get("name", ""))
    return [
        Face(
            code=one.badge,
            lines=(one.name or one.badge, workshop),
            title=_("Badge %(code)s", code=one.badge),
        )
        for one in people
    ]
