"""Stop them: one press holds everything made from a roll; another sets it free again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from traceability.errors import Conflict, Refused
from traceability.ledger.drafts import Draft
from traceability.projections.accounting import Trace, stoppable
from traceability.projections.accounting import trace as trace_thing
from traceability.projections.confirming import CONFIRMED, confirmations, needs_second
from traceability.projections.genealogy import Node, nodes_of
from traceability.projections.held import Stop, stop_of, stops
from traceability.projections.people import people
from traceability.projections.search import find_key
from traceability.projections.view import View
from traceability.web import access, pictures
from traceability.web.confirming import confirmed_words, second_of
from traceability.web.reading import current
from traceability.web.sentences import gettext as _
from traceability.web.telling import item_path, named
from traceability.web.trace import STORY

blueprint = Blueprint("holds", __name__)

NAMED_MAX = 60
TRIES = 20
"""Two people may press at the same moment: each takes the next free number."""
TEXT_MAX = 200


@dataclass(frozen=True, slots=True)
class Scope:
    """What a hold would stop, in figures."""

    name: str
    of: str
    pieces: Decimal
    things: int
    places: tuple[tuple[str, Decimal], ...]
    missing: Decimal


@dataclass(frozen=True, slots=True)
class Stopped:
    """A group of held things at one place."""

    place: str
    count: Decimal
    things: tuple[tuple[str, str], ...]
    """(name, address)."""
    more: int


@blueprint.get("/holds")
def show_all() -> str:
    """List what is stopped now, and what was; by wish only what one person set free alone."""
    is_alone = request.args.get("confirmed") == "alone"
    with current().look() as view:
        listed = stops(view)
        words = _confirmed(view, listed)
        alone = {name for name, one in confirmations(view, listed).items() if one.is_alone}
        shown = [stop for stop in listed if not is_alone or stop.id in alone]
        rows = [(stop, _pieces(_nodes(view, stop)), words.get(stop.id, "")) for stop in shown]
    return render_template(
        "holds.html", rows=rows, is_alone=is_alone, counts=(len(listed), len(alone))
    )


def _confirmed(view: View, listed: Sequence[Stop]) -> dict[str, str]:
    """Say of each released hold who confirmed that it was lifted."""
    found = confirmations(view, listed)
    is_named = any(one.person for one in found.values())
    known = {one.key: one for one in people(view)} if is_named else {}
    return {name: confirmed_words(one, known) for name, one in found.items()}


@blueprint.get("/holds/new")
def ask() -> str | Response:
    """Ask once more before everything made from a thing is stopped."""
    with current().look() as view:
        scope = _scope(view, _found(view, request.args.get("of", "")))
        reason = _("A customer reports a hole") if request.args.get("story") == STORY else ""
        return render_template(
            "hold_new.html", scope=scope, reason=reason, contact=_contact(view), wrong={}
        )


@blueprint.post("/holds")
def stop() -> str | tuple[str, int] | Response:
    """Stop everything made from a thing."""
    _admin()
    reason = " ".join(request.form.get("reason", "").split())[:TEXT_MAX]
    contact = " ".join(request.form.get("contact", "").split())[:TEXT_MAX]
    with current().look() as view:
        found = _found(view, request.form.get("of", ""))
        wrong = {}
        if not reason:
            wrong["reason"] = _(
                "Say why, as the gate will show it: for example “hole near the seam”."
            )
        if not contact:
            wrong["contact"] = _("Say whom to call: for example a name and a number.")
        if wrong:
            page = render_template(
                "hold_new.html",
                scope=_scope(view, found),
                reason=reason,
                contact=contact,
                wrong=wrong,
            )
            return page, 422
        things = stoppable(view, found)
        taken = len(stops(view))
    if not things:
        raise Refused(_("Nothing is left to stop: everything made from it is used up or gone."))
    name = _append(taken, reason, contact, things)
    return redirect(url_for("holds.show", hold_id=name), 303)


def _append(taken: int, reason: str, contact: str, things: Sequence[str]) -> str:
    for number in range(taken + 1, taken + 1 + TRIES):
        name = f"Q-{number}"
        tree = {
            "type": "hold",
            "id": name,
            "reason": reason,
            "contact": contact,
            "things": list(things),
        }
        outcome = current().ledger.append([Draft("hold", f"hold:{name}", tree, by="staff")])[0]
        if outcome.status == "accepted":
            return name
        if outcome.status == "refused":
            raise Refused(outcome.problem or "")
    raise Conflict(_("Somebody else is stopping things at the same moment: press once more."))


@blueprint.get("/holds/<hold_id>")
def show(hold_id: str) -> str:
    """Show one hold: why, whom to call, where the stopped things are."""
    with current().look() as view:
        one = _stop(view, hold_id)
        nodes = _nodes(view, one)
        return render_template(
            "hold.html",
            hold=one,
            pieces=_pieces(nodes),
            groups=_groups(view, nodes),
            confirmed=_confirmed(view, [one]).get(hold_id, ""),
        )


@blueprint.get("/holds/<hold_id>/release")
def ask_release(hold_id: str) -> str | Response:
    """Ask once more before a hold is lifted."""
    with current().look() as view:
        one = _stop(view, hold_id)
        if not one.is_open:
            return redirect(url_for("holds.show", hold_id=hold_id), 303)
    return _release_page(hold_id)


def _release_page(hold_id: str, wrong: str = "") -> str:
    with current().look() as view:
        one = _stop(view, hold_id)
        return render_template(
            "hold_release.html",
            hold=one,
            pieces=_pieces(_nodes(view, one)),
            is_second_asked=needs_second(view),
            reason=request.form.get("reason", ""),
            second=request.form.get("second", "")[:40],
            wrong=wrong,
        )


@blueprint.post("/holds/<hold_id>/release")
def release(hold_id: str) -> tuple[str, int] | Response:
    """Set everything of a hold free again, confirmed by a second person where there is one."""
    _admin()
    with current().look() as view:
        one = _stop(view, hold_id)
        second = second_of(view, request.form.get("second", ""), is_asked=needs_second(view))
    if one.is_open:
        if second.wrong:
            return _release_page(hold_id, second.wrong), 422
        reason = " ".join(request.form.get("reason", "").split())[:TEXT_MAX]
        tree = {"type": "release", "id": hold_id, "reason": reason, CONFIRMED: second.confirmed}
        outcome = current().ledger.append([Draft("hold", f"release:{hold_id}", tree, by="staff")])[
            0
        ]
        if outcome.status == "refused":
            raise Refused(outcome.problem or "")
    return redirect(url_for("holds.show", hold_id=hold_id), 303)


def _admin() -> None:
    if access.role() != "admin":
        abort(401)


def _found(view: View, given: str) -> Trace:
    key = find_key(view, given)
    found = trace_thing(view, key) if key is not None else None
    if found is None:
        raise Refused(
            _("Cannot stop “%(thing)s”: nothing of that name was ever seen here.", thing=given)
        )
    return found


def _scope(view: View, found: Trace) -> Scope:
    return Scope(
        name=named(found.start.label, view.flow),
        of=found.start.label.key,
        pieces=found.pieces,
        things=len(stoppable(view, found)),
        places=tuple((pictures.place_name(place), place.pieces) for place in found.places),
        missing=found.missing,
    )


def _contact(view: View) -> str:
    """Return whom the last hold named: mostly the same person."""
    known = stops(view)
    return max(known, key=lambda one: one.position).contact if known else _("Quality")


def _stop(view: View, hold_id: str) -> Stop:
    found = stop_of(view, hold_id)
    if found is None:
        abort(404)
    return found


def _nodes(view: View, one: Stop) -> list[Node]:
    return nodes_of(view, one.numbers)


def _pieces(nodes: Sequence[Node]) -> Decimal:
    counted = (node for node in nodes if node.kind is not None and not node.kind.unit)
    return sum((node.quantity for node in counted if node.kind and node.kind.in_stock), Decimal())


def _groups(view: View, nodes: Sequence[Node]) -> list[Stopped]:
    by_place: dict[str, list[Node]] = {}
    for node in nodes:
        by_place.setdefault(node.place.name if node.place else _("no place named"), []).append(node)
    found = [
        Stopped(
            place,
            Decimal(len(many)),
            tuple(
                (named(one.label, view.flow), item_path(one.label.key)) for one in many[:NAMED_MAX]
            ),
            max(0, len(many) - NAMED_MAX),
        )
        for place, many in by_place.items()
    ]
    return sorted(found, key=lambda one: -one.count)
