"""Find: scan, paste or pick a thing; back to the roll, forward to everything made from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlencode

from flask import Blueprint, Response, jsonify, redirect, render_template, request
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse

from traceability.errors import Refused
from traceability.projections.accounting import Trace, Unaccounted
from traceability.projections.accounting import trace as trace_thing
from traceability.projections.commands import as_tree
from traceability.projections.genealogy import Node, nodes_of
from traceability.projections.held import Stop, stops, stops_on
from traceability.projections.lineage import lineage
from traceability.projections.search import find_keys, newest_rolls
from traceability.projections.view import View
from traceability.web import identify, pictures, ribbons, telling
from traceability.web.clock import now
from traceability.web.layout import MenuEntry
from traceability.web.reading import asked_position, current
from traceability.web.sentences import LazyString, lazy_gettext
from traceability.web.sentences import gettext as _
from traceability.web.telling import bold_name, item_path, named
from traceability.web.why import Why, WhyPart
from traceability.web.words import quantity

blueprint = Blueprint("trace", __name__)
MENU = MenuEntry(lazy_gettext("Find"), "trace.show", 30)

NAMED_MAX = 60
"""Things that one place names; the rest is counted."""
STORY = "hole"
"""The story in which a customer reports a hole: the trace begins at the origin."""

WHY_MISSING: dict[str, LazyString] = {
    "cut": lazy_gettext("went in and never came out"),
    "left": lazy_gettext("stayed behind while the others went on"),
    "unread": lazy_gettext("not read, although its carton was"),
    "waiting": lazy_gettext("waits longer than it should"),
}


@dataclass(frozen=True, slots=True)
class Named:
    """A thing of a list: what it is called, where its page is, what stands beside it."""

    words: str
    href: str
    aside: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A row of "where they are now"."""

    name: str
    state: str
    icon: str
    pieces: Decimal
    concluded: Decimal
    held: Decimal
    things: tuple[Named, ...]
    more: int


@dataclass(frozen=True, slots=True)
class Missing:
    """A row of what is not accounted for."""

    words: Markup
    href: str
    pieces: Decimal
    reason: str
    last_place: str
    node: Node


@dataclass(frozen=True, slots=True)
class Page:
    """Everything that the page of a trace shows."""

    found: Trace
    name: str
    kind: str
    chain: tuple[tuple[str, str, bool], ...]
    """(words, address, is here): what was asked for, up to its origin."""
    facts: tuple[str, ...]
    picture: ribbons.Drawing | None
    places: tuple[Place, ...]
    missing: tuple[Missing, ...]
    back: tuple[tuple[Named, ...], ...]
    forward: tuple[tuple[str, tuple[Named, ...], int], ...]
    """Levels of offspring: word of the kind, the first things, how many more."""
    stops: tuple[tuple[Stop, int], ...]
    """Open holds on the family, and how many of its things each stops."""
    stop_url: str
    item_url: str
    is_story: bool


@blueprint.get("/trace")
def show() -> str | BaseResponse:
    """Show the trace of a code, a choice if it can be several things, or the way to ask."""
    code = request.args.get("code", "").strip()
    with current().look() as view:
        if not code:
            return _ask(view)
        keys = find_keys(view, code)
        if len(keys) > 1:
            return render_template("trace_choose.html", code=code, choices=_choices(view, keys))
        if not keys:
            return identify.page(view, code)
        found = trace_thing(view, _start(view, keys[0]), now=now())
        if found is None:
            return redirect(item_path(keys[0]), 303)
        return _shown(view, keys[0], found)


@blueprint.get("/api/trace")
def api_trace() -> Response:
    """Return a trace as JSON, as `hangtag trace --json` writes it."""
    code = request.args.get("id", "").strip()
    if not code:
        raise Refused("Cannot trace: expected ?id= with a code, a key or a link, got nothing.")
    position = asked_position()
    with current().look() as view:
        keys = find_keys(view, code)
        if position is None or len(keys) != 1:
            found = trace_thing(view, keys[0], now=now()) if len(keys) == 1 else None
            if found is None:
                what = f"can be {len(keys)} things" if len(keys) > 1 else "was never seen here"
                raise Refused(f"Cannot trace {code!r}: it {what}.")
            return jsonify(as_tree(view, found))
    with current().look_as_of(position, keys[0]) as view:
        found = trace_thing(view, keys[0])
        if found is None:
            raise Refused(f"Cannot trace {code!r}: it was not seen up to entry {position}.")
        return jsonify(as_tree(view, found))


def _start(view: View, key: str) -> str:
    """Return where the trace begins: in the story, at the one origin of the thing."""
    if request.args.get("story") != STORY:
        return key
    found = trace_thing(view, key)
    if found is None or not found.back():
        return key
    origin = found.back()[-1]
    return origin[0].label.key if len(origin) == 1 else key


def _ask(view: View) -> str:
    rolls = newest_rolls(view)
    label = view.labels(rolls)
    facts = view.master("roll", rolls)
    rows = [
        Named(
            telling.as_title(named(label[key], view.flow)) + f", {label[key].detail}",
            _address(key),
            quantity(Decimal(str(facts[key]["metres"])), "MTR") if "metres" in facts[key] else "",
        )
        for key in rolls
    ]
    return render_template(
        "trace_ask.html", rolls=rows, stopped=[s for s in stops(view) if s.is_open]
    )


def _choices(view: View, keys: Sequence[str]) -> list[Named]:
    label = view.labels(keys)
    return [Named(named(label[key], view.flow), _address(key), key) for key in keys]


def _address(key: str) -> str:
    return "/trace?" + urlencode({"code": key})


def _shown(view: View, asked: str, found: Trace) -> str:
    is_story = request.args.get("story") == STORY
    numbers = [*found.ends, found.family.start.item_no]
    held = stops_on(view, numbers)
    page = Page(
        found=found,
        name=telling.as_title(named(found.start.label, view.flow)),
        kind=pictures.kind_title(view.flow, found.start.label.key),
        chain=tuple(_chain(view, asked, found)),
        facts=tuple(_facts(view, found)),
        picture=pictures.picture(view, lineage(view, found)) if found.pieces else None,
        places=tuple(_places(view, found)),
        missing=tuple(_missing(view, found)),
        back=tuple(tuple(_named(view, level)) for level in found.back()),
        forward=tuple(_forward(view, found)),
        stops=tuple((stop, held[stop.id]) for stop in stops(view) if stop.id in held),
        stop_url="/holds/new?"
        + urlencode({"of": found.start.label.key} | ({"story": STORY} if is_story else {})),
        item_url=item_path(found.start.label.key),
        is_story=is_story,
    )
    return render_template("trace.html", page=page, why=_why(view, found), flow=view.flow)


def _chain(view: View, asked: str, found: Trace) -> Iterator[tuple[str, str, bool]]:
    """Yield what was asked for, what that was made from, up to the roll."""
    here = found.start.label.key
    below = trace_thing(view, asked) if asked != here else found
    if below is None:
        return
    line = [below.start, *(level[0] for level in below.back() if len(level) == 1)]
    if len(line) > 1:
        for node in line:
            key = node.label.key
            yield telling.as_title(named(node.label, view.flow)), _address(key), key == here


def _facts(view: View, found: Trace) -> Iterator[str]:
    start = found.start
    if start.product is not None and start.product.name not in start.label.name:
        yield start.product.name
    roll = view.master("roll", [start.label.key]).get(start.label.key, {})
    if roll.get("dye_lot"):
        yield _("dye lot %(lot)s", lot=roll["dye_lot"])
    if roll.get("supplier"):
        yield _("from %(supplier)s", supplier=roll["supplier"])
    if start.uom:
        came, left = start.pieces, start.quantity
        yield _(
            "%(came)s came in, %(left)s left",
            came=quantity(came, start.uom),
            left=quantity(left, start.uom),
        )
    if start.order is not None:
        yield _("order %(order)s", order=start.order.detail or start.order.name)


def _named(view: View, nodes: Sequence[Node]) -> Iterator[Named]:
    for node in nodes:
        aside = quantity(node.pieces, node.uom) if node.uom or node.pieces != 1 else ""
        is_lot = node.kind is not None and node.kind.form == "lot"
        beside = node.label.detail if is_lot else ""
        words = named(node.label, view.flow) + (f", {beside}" if beside else "")
        yield Named(words, _address(node.label.key), aside)


def _places(view: View, found: Trace) -> Iterator[Place]:
    for place in found.places:
        nodes = nodes_of(view, place.numbers[:NAMED_MAX])
        state = pictures.state_name(place)
        yield Place(
            name=pictures.place_name(place),
            state=state,
            icon=place.stage.icon if place.stage is not None else "tag",
            pieces=place.pieces,
            concluded=place.concluded,
            held=place.held,
            things=tuple(_things(view, nodes)),
            more=len(place.numbers) - len(nodes),
        )


def _things(view: View, nodes: Sequence[Node]) -> Iterator[Named]:
    for node in nodes:
        aside = named(node.container, view.flow) if node.container is not None else ""
        if node.kind is not None and node.kind.form == "lot":
            aside = ", ".join(filter(None, (quantity(node.quantity, node.uom), aside)))
        yield Named(named(node.label, view.flow), item_path(node.label.key), aside)


def _missing(view: View, found: Trace) -> Iterator[Missing]:
    shown: list[Unaccounted] = found.unaccounted[:NAMED_MAX]
    for one, node in zip(shown, nodes_of(view, [one.number for one in shown]), strict=True):
        yield Missing(
            words=bold_name(node.label, view.flow),
            href=item_path(node.label.key),
            pieces=one.pieces,
            reason=str(WHY_MISSING[one.reason]),
            last_place=node.place.name if node.place is not None else "",
            node=node,
        )


def _forward(view: View, found: Trace) -> Iterator[tuple[str, tuple[Named, ...], int]]:
    for level in found.family.forward.levels:
        nodes = nodes_of(view, level[:NAMED_MAX])
        kind = pictures.kind_title(view.flow, nodes[0].label.key)
        yield telling.as_title(kind), tuple(_named(view, nodes)), len(level) - len(nodes)


def _why(view: View, found: Trace) -> Why | None:
    asked = request.args.get("why", "")
    if asked not in ("pieces", "seen", "concluded", "missing"):
        return None
    inferred = int(found.concluded)
    parts: tuple[WhyPart, ...]
    if asked == "pieces":
        figure, rule = found.pieces, _("Pieces made from it that became nothing else since.")
        parts = (
            WhyPart(found.seen, _("seen themselves where they are"), "#where"),
            WhyPart(found.concluded, _("as packed in a carton that was seen"), "#where"),
            WhyPart(found.missing, _("not accounted for"), "#missing"),
        )
    elif asked == "missing":
        figure = found.missing
        rule = _(
            "Pieces that should be somewhere and were not seen: what is only supposed never counts."
        )
        sums = {reason: Decimal() for reason in WHY_MISSING}
        for one in found.unaccounted:
            sums[one.reason] += one.pieces
        parts = tuple(
            WhyPart(sums[name], str(words), "#missing") for name, words in WHY_MISSING.items()
        )
    else:
        figure = found.seen if asked == "seen" else found.concluded
        rule = (
            _("Pieces whose own tag, code or ticket was read last where they are.")
            if asked == "seen"
            else _("Pieces packed into a carton, of which the carton was read last, not they.")
        )
        parts = tuple(
            WhyPart(
                place.seen if asked == "seen" else place.concluded,
                pictures.place_name(place),
                "#where",
            )
            for place in found.places
            if (place.seen if asked == "seen" else place.concluded)
        )
    return Why(
        asked,
        figure,
        rule,
        parts,
        view.size,
        view.record_at,
        inferred=inferred,
        rule_name="account",
    )
