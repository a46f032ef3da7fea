"""The page of one thing, and the addresses that labels carry: Digital Links and local names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, current_app, jsonify, redirect, render_template, request
from markupsafe import Markup, escape
from werkzeug.wrappers import Response as BaseResponse

from traceability.errors import InvalidIdentifier
from traceability.gs1 import Identity, identify
from traceability.projections.aliases import names_of
from traceability.projections.holding import class_of, holder_of
from traceability.projections.items import ItemCard, item
from traceability.projections.search import ENTERED, is_known
from traceability.projections.timeline import Happening
from traceability.projections.view import Label, Values, View, moment
from traceability.web import access, pictures
from traceability.web import identify as explaining
from traceability.web.hand_readers import read_with
from traceability.web.item_tree import as_tree
from traceability.web.label_addresses import PRINTS, label_address
from traceability.web.reading import asked_position, current
from traceability.web.sentences import LazyString, lazy_gettext
from traceability.web.sentences import gettext as _
from traceability.web.shapes import TimelineEntry
from traceability.web.telling import as_title, bold_name, happening, item_path, named
from traceability.web.words import bold, number, quantity, titled

blueprint = Blueprint("items", __name__)

SHOWN_FIRST = 12
"""Happenings on the page before "Show older"."""
HEADS = ("00", "01", "414", "8003", "8004")
"""Digital Link keys that lead here (DESIGN, section 5)."""
LOCAL_WORDS = ("obj", "class", "loc", "bt")

FLAGS: dict[str, LazyString] = {
    "below_zero": lazy_gettext("More was taken out of it than was there: count what is left."),
    "inferred": lazy_gettext("Nobody saw it there: it is only supposed to be in its carton."),
    "loop": lazy_gettext("It was packed into something that is inside it: pack it again."),
    "orders": lazy_gettext("What it was made from belongs to several orders: say which is right."),
    "unborn": lazy_gettext("It was seen before anybody marked it: where it was made is not known."),
    "unit": lazy_gettext("Its amounts came in two units: only the first is counted."),
}
"""What does not fit together about a thing, and what to do."""


@dataclass(frozen=True, slots=True)
class Near:
    """A thing beside this one: its name, its page, what stands at the end of the row."""

    icon: str
    words: str
    href: str
    line: str = ""
    aside: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """What the page of one thing shows."""

    card: ItemCard
    key: str
    name: str
    title: str
    size: str
    style: str
    colour: str
    kind: str
    serial: str
    on_tag: tuple[tuple[str, str], ...]
    where: str
    line: Markup
    notices: tuple[tuple[str, str, str], ...]
    """(state, title, line)."""
    entries: tuple[TimelineEntry, ...]
    older: int
    sources: tuple[Near, ...]
    results: tuple[Near, ...]
    results_more: int
    contents: tuple[Near, ...]
    contents_more: int
    known_as: tuple[tuple[str, str], ...]
    is_stranger: bool
    """It was only ever looked at: the page asks what it is."""
    facts: tuple[tuple[str, str], ...]
    proof: tuple[tuple[str, str], ...]
    trace_url: str
    stop_url: str
    label_url: str


@blueprint.get("/items/<path:path>", merge_slashes=False)
def show(path: str) -> str | tuple[str, int] | BaseResponse:
    """Show one thing by its key."""
    return _by_key(key_of_path(path), moved=True)


@blueprint.get("/01/<path:rest>", defaults={"head": "01"})
@blueprint.get("/00/<path:rest>", defaults={"head": "00"})
@blueprint.get("/414/<path:rest>", defaults={"head": "414"})
@blueprint.get("/8003/<path:rest>", defaults={"head": "8003"})
@blueprint.get("/8004/<path:rest>", defaults={"head": "8004"})
def resolve(head: str, rest: str) -> str | tuple[str, int] | BaseResponse:
    """Show what a Digital Link names."""
    return _by_key(f"/{head}/{rest}")


@blueprint.get("/obj/<path:text>", defaults={"word": "obj"})
@blueprint.get("/class/<path:text>", defaults={"word": "class"})
@blueprint.get("/loc/<path:text>", defaults={"word": "loc"})
@blueprint.get("/bt/<path:text>", defaults={"word": "bt"})
def resolve_local(word: str, text: str) -> str | tuple[str, int] | BaseResponse:
    """Show what a name of this workshop's own stands for."""
    return _by_key(f"//{current().opening.namespace}/{word}/{text}")


@blueprint.get("/api/items/<path:path>", merge_slashes=False)
def api_item(path: str) -> Response | tuple[Response, int]:
    """Return everything about one thing as JSON."""
    position = asked_position()
    with current().look() as view:
        key = _canonical(view, key_of_path(path))
        if position is None:
            return _api_answer(view, key, "")
    with current().look_as_of(position, key) as view:
        return _api_answer(view, key, f" up to entry {position}")


def _api_answer(view: View, key: str, until: str) -> Response | tuple[Response, int]:
    card = item(view, key)
    if card is not None:
        return jsonify(as_tree(view, card))
    detail = f"Nothing with the key {key!r} was ever seen here{until}."
    problem = {"type": "about:blank", "title": "Not met", "status": 404, "detail": detail}
    response = jsonify(problem)
    response.mimetype = "application/problem+json"
    return response, 404


def key_of_path(path: str) -> str:
    """Turn the path behind ``/items/`` into a key: what begins with digits is a GS1 thing.

    >>> key_of_path("01/09521141001011/21/7"), key_of_path("knit.example/class/B-17")
    ('/01/09521141001011/21/7', '//knit.example/class/B-17')
    >>> key_of_path("urn:epc:raw:96.xE2001234")
    'urn:epc:raw:96.xE2001234'
    """
    if path.startswith("urn:"):
        return path
    path = path.lstrip("/")
    head = path.partition("/")[0]
    return f"/{path}" if head.isdigit() and 2 <= len(head) <= 4 else f"//{path}"


def _canonical(view: View, key: str) -> str:
    if holder_of(key) is not None:
        return key
    with suppress(InvalidIdentifier):
        return identify(key, namespace=view.namespace).key or key
    return key


def _by_key(given: str, *, moved: bool = False) -> str | tuple[str, int] | BaseResponse:
    position = asked_position()
    with current().look() as view:
        key = _canonical(view, given)
        if moved and key != given:
            asked = "" if position is None else f"?as_of={position}"
            return redirect(item_path(key) + asked, 301)
        if position is None:
            return _answer(view, key)
    with current().look_as_of(position, key) as view:
        return _answer(view, key)


def _answer(view: View, key: str) -> str | tuple[str, int] | BaseResponse:
    card = item(view, key)
    if _wants_json():
        tree = as_tree(view, card) if card is not None else {"id": key, "known": False}
        response = jsonify(tree)
        response.status_code = 200 if card is not None else 404
        return response
    if card is not None:
        return render_template("item.html", page=_page(view, key, card), flow=view.flow)
    entered = _entered(view, key)
    if entered is not None:
        return entered
    return explaining.page(view, key), 404


def _wants_json() -> bool:
    wish = request.accept_mimetypes
    return bool(wish) and not wish.accept_html and wish.accept_json


def _entered(view: View, key: str) -> str | None:
    """Show what was entered about a thing that no station has met: there is no dead end."""
    for kind in ENTERED:
        values = view.master(kind, [key]).get(key)
        if values is not None:
            label = view.label(key)
            return render_template(
                "item_entered.html",
                kind=kind,
                name=named(label, view.flow),
                key=key,
                facts=list(_entered_facts(view, values)),
                links=list(_entered_links(view, kind, key, values)),
            )
    return None


WORDS: dict[str, LazyString] = {
    "number": lazy_gettext("Number"),
    "title": lazy_gettext("Title"),
    "customer": lazy_gettext("Customer"),
    "city": lazy_gettext("City"),
    "due": lazy_gettext("Due"),
    "style": lazy_gettext("Style"),
    "colour": lazy_gettext("Colour"),
    "size": lazy_gettext("Size"),
    "metres": lazy_gettext("Metres"),
    "dye_lot": lazy_gettext("Dye lot"),
    "supplier": lazy_gettext("Supplier"),
    "product": lazy_gettext("Product"),
    "pieces": lazy_gettext("Pieces"),
    "metres_each": lazy_gettext("Metres each"),
    "order": lazy_gettext("Order"),
}


def _entered_facts(view: View, values: Values) -> Iterator[tuple[str, str]]:
    for name, word in WORDS.items():
        value = values.get(name)
        if value not in (None, "", []):
            shown = view.label(str(value)).name if name == "product" else str(value)
            yield str(word), shown


def _entered_links(view: View, kind: str, key: str, values: Values) -> Iterator[tuple[str, str]]:
    pages = {rule.rule.split("<", maxsplit=1)[0] for rule in current_app.url_map.iter_rules()}
    if label := _label_url(view, key):
        yield _("Print its label"), label
    if kind == "order" and "/orders/" in pages:
        yield _("The order's page"), f"/orders/{values.get('number', '')}"
    if kind in ("product", "place") and "/stock" in pages:
        yield _("What is in stock"), "/stock?" + urlencode({kind: key})
    yield _("Find something else"), "/trace"


def _page(view: View, key: str, card: ItemCard) -> Page:
    facts = card.facts
    told = [happening(one, view.flow) for one in card.timeline]
    entries = [
        TimelineEntry(
            icon=words.icon,
            words=words.words,
            where=words.where,
            at=one.at,
            position=one.position,
            recorded_at=one.recorded_at,
            kind=_known(one),
            reader=read_with(one.reader, one.way),
        )
        for one, words in zip(card.timeline, told, strict=True)
    ]
    entries = sorted([*_stops(card), *entries], key=lambda one: one.at or moment(0), reverse=True)
    shown = len(entries) if request.args.get("all") else SHOWN_FIRST
    name = named(card.label, view.flow)
    is_thing = card.kind is not None and card.kind.form == "thing" and bool(card.label.detail)
    return Page(
        card=card,
        key=key,
        name=name,
        title=card.label.name if is_thing else as_title(name),
        size=str(facts.get("size", "")),
        style=str(facts.get("style", "")),
        colour=str(facts.get("colour", "")),
        kind=titled(card.kind) if card.kind is not None else "",
        serial=card.label.detail if is_thing else "",
        on_tag=tuple(_on_tag(key)) if is_thing else (),
        where=_where(card),
        line=_line(view, card, key),
        notices=tuple(_notices(view, card)),
        entries=tuple(entries[:shown]),
        older=max(0, len(entries) - shown),
        sources=tuple(_near(view, card.made_from)),
        results=tuple(_near(view, card.made_into[:SHOWN_FIRST])),
        results_more=max(0, card.made_into_count - SHOWN_FIRST),
        contents=tuple(_near(view, card.contents[:60])),
        contents_more=max(0, card.contents_count - 60),
        known_as=(*_known_as(view, key), *_other_codes(view, key)),
        is_stranger=not is_known(view, key),
        facts=tuple(_facts(view, card)),
        proof=tuple(_proof(card, view)),
        trace_url="/trace?" + urlencode({"code": key}),
        stop_url="/holds/new?" + urlencode({"of": key}),
        label_url=_label_url(view, key),
    )


def _label_url(view: View, key: str) -> str:
    """Return where its label is printed, for those who may; empty for what carries none."""
    return label_address(key, view.flow.kind_of(class_of(key))) if access.opens(PRINTS) else ""


def _known(one: Happening) -> Any:  # the words of `shapes.Known`
    if one.is_unread:
        return "not-read"
    return "inferred" if one.is_inside else "observed"


def _stops(card: ItemCard) -> Iterator[TimelineEntry]:
    for hold in card.holds:
        words = _("Stopped: hold %(name)s", name=bold(hold.id))
        line = f"{hold.reason} · {hold.contact}" if hold.contact else hold.reason
        yield TimelineEntry(
            "hold", words, line, at=hold.since, position=hold.position, href=f"/holds/{hold.id}"
        )


def _on_tag(key: str) -> Iterator[tuple[str, str]]:
    """Yield what is printed on a hang-tag: long numbers in groups, as people read them out."""
    parts = key.split("/")
    if key.startswith("/01/") and len(parts) > 4:
        gtin = parts[2]
        yield _("Product number"), f"{gtin[:1]} {gtin[1:7]} {gtin[7:]}"
        yield _("Serial"), parts[4]


def _where(card: ItemCard) -> str:
    place = card.place.name if card.place is not None else ""
    state = (
        titled(card.stage)
        if card.is_active and card.stage is not None
        else pictures.disposition_word(card.disposition)
    )
    return " · ".join(part for part in (place, state) if part)


def _line(view: View, card: ItemCard, key: str) -> Markup:
    parts: list[Markup] = []
    if card.order is not None:
        number = card.order.detail or card.order.name
        parts.append(escape(_("order %(order)s", order=bold(number))))
    if card.container is not None:
        name = named(card.container, view.flow)
        link = Markup('<a href="{}">{}</a>').format(item_path(card.container.key), name)
        parts.append(escape(_("in %(thing)s", thing=link)))
    if card.kind is not None and card.kind.form != "thing":
        parts.append(escape(_left(card)))
        if card.product is not None:
            parts.append(escape(card.product.name))
    return Markup(" · ").join(parts)


def _left(card: ItemCard) -> str:
    left = quantity(card.quantity, card.uom)
    if not card.consumed:
        return left
    return _(
        "%(left)s left of %(all)s",
        left=left,
        all=quantity(card.quantity + card.consumed, card.uom),
    )


def _notices(view: View, card: ItemCard) -> Iterator[tuple[str, str, str]]:
    position = asked_position()
    if position is not None:
        yield (
            "again",
            _("As the record was at entry %(position)s", position=number(position)),
            _("What came later, or was taken back later, does not count here."),
        )
    for source, product in card.other_products:
        yield (
            "stop",
            _("Tag and ticket do not agree: put it aside"),
            _(
                "Its own code says %(mine)s; %(source)s, which it was made from, is %(theirs)s.",
                mine=card.product.name if card.product else "",
                source=named(source, view.flow),
                theirs=product.name,
            ),
        )
    for flag in sorted(card.flags & FLAGS.keys()):
        yield "again", _("Something does not fit"), str(FLAGS[flag])
    last = next((one for one in card.timeline if not one.is_void), None)
    if last is not None and last.is_unread:
        spot = last.read_point or last.place
        yield (
            "again",
            _("Not read at %(place)s", place=spot.name if spot is not None else ""),
            _(
                "Its carton was read there and it was not. Push %(carton)s through once more, "
                "or open it.",
                carton=named(last.other, view.flow) if last.other is not None else "",
            ),
        )


def _near(view: View, labels: Sequence[Label]) -> Iterator[Near]:
    for label in labels:
        kind = view.flow.kind_of(class_of(label.key))
        line = label.detail if kind is not None and kind.form != "thing" else ""
        name = as_title(bold_name(label, view.flow).striptags())
        yield Near(kind.icon if kind is not None else "tag", name, item_path(label.key), line)


def _other_codes(view: View, key: str) -> Iterator[tuple[str, str]]:
    """Yield the codes of others that people said stand for this thing."""
    for values in view.master("alias", names_of(view, key)).values():
        yield _("Also scanned as"), str(values.get("code", ""))


def _known_as(view: View, key: str) -> Iterator[tuple[str, str]]:
    with suppress(InvalidIdentifier):
        found: Identity = identify(class_of(key), namespace=view.namespace)
        if found.kind == "local":
            yield _("Own name"), key.rsplit("/", 1)[-1]
            yield _("Link"), found.id or key
            return
        if found.element_string:
            yield _("On the label"), found.element_string
        yield _("Digital Link"), found.digital_link or found.id or key
        if found.epc_uri:
            yield _("EPC"), found.epc_uri
        if found.reason:
            yield _("Why it cannot be read"), found.reason


def _facts(view: View, card: ItemCard) -> Iterator[tuple[str, str]]:
    # What the hang-tag shows already need not stand twice.
    on_tag = {"style", "colour", "size", "metres_each"}
    hidden = on_tag if card.facts.get("size") else set()
    for name, word in WORDS.items():
        value = card.facts.get(name)
        if name not in hidden and name != "product" and value not in (None, "", []):
            yield str(word), str(value)


def _proof(card: ItemCard, view: View) -> Iterator[tuple[str, str]]:
    own = [one for one in card.timeline if not one.is_inside]
    void = sum(one.is_void for one in card.timeline)
    yield (
        _("Entries"),
        _(
            "%(own)s of its own, %(with)s with its carton, %(void)s taken back",
            own=len(own),
            void=void,
            **{"with": len(card.timeline) - len(own)},
        ),
    )
    if own:
        lags = sorted((one.recorded_at - one.at).total_seconds() for one in own)
        yield _("Times"), _("recorded %(lag)s s after it happened (median)", lag=_lag(lags))


def _lag(lags: list[float]) -> str:
    return f"{max(0.0, lags[len(lags) // 2]):.1f}"
