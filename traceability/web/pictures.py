"""A trace drawn: columns from origin to place, as wide as the page, with words on the bars."""

from __future__ import annotations

from urllib.parse import quote

from traceability.flow import Flow
from traceability.projections.accounting import PlaceCount
from traceability.projections.holding import class_of
from traceability.projections.lineage import MISSING, Bar, Column, Lineage
from traceability.projections.view import View
from traceability.web import ribbons
from traceability.web.sentences import LazyString, lazy_gettext, ngettext
from traceability.web.sentences import gettext as _
from traceability.web.telling import kind_word, named
from traceability.web.words import number, quantity, titled

HEIGHT_MIN, HEIGHT_MAX, ROW = 150.0, 440.0, 58.0
"""Pixels: a picture of few bars is low, so that the page below it comes near."""


def picture(view: View, lines: Lineage) -> ribbons.Drawing:
    """Place a lineage's bars and ribbons."""
    columns = [
        ribbons.Level(_head(column), tuple(_bar(view, bar) for bar in column.bars), column.count)
        for column in lines.columns
    ]
    flows = [ribbons.Flow(source, target, float(size)) for source, target, size in lines.flows]
    most = max((len(column.bars) for column in lines.columns), default=1)
    height = min(HEIGHT_MAX, max(HEIGHT_MIN, ROW * most))
    return ribbons.levels(columns, flows, height=height, label_width=250)


def _head(column: Column) -> str:
    if column.kind is None:
        return ngettext("place now", "places now", column.count)
    return titled(column.kind)


def _bar(view: View, bar: Bar) -> ribbons.Node:
    size = float(bar.pieces)
    if bar.key == MISSING:
        return ribbons.Node(bar.key, _("Not accounted for"), size, kind="stop", href="#missing")
    if bar.place is not None:
        name = place_name(bar.place) if bar.name is not None else _("%(n)s more", n=bar.count)
        is_concluded = bar.place.seen < bar.place.pieces
        kind = "inferred" if is_concluded and not bar.place.seen else "observed"
        return ribbons.Node(bar.key, name, size, quantity(bar.pieces, ""), kind=kind, href="#where")
    if bar.thing is not None:
        name = bar_name(view.flow, bar)
        href = f"/trace?code={quote(bar.thing.label.key, safe='')}"
        return ribbons.Node(bar.key, name, size, quantity(bar.pieces, ""), href=href)
    name = bar.name.name if bar.name is not None else _("%(n)s others", n=number(bar.count))
    return ribbons.Node(bar.key, name, size, quantity(bar.pieces, ""))


def bar_name(flow: Flow, bar: Bar) -> str:
    """Return what stands beside a thing's bar: short, the code of the thing comes first."""
    assert bar.thing is not None
    label = bar.thing.label
    if bar.thing.kind is not None and bar.thing.kind.form == "thing":
        return named(label, flow)
    return label.name


def place_name(place: PlaceCount) -> str:
    """Return the name of a place, or what is known instead."""
    if place.place.name:
        return place.place.name
    return titled(place.stage) if place.stage is not None else _("no place named")


DISPOSITIONS: dict[str, LazyString] = {
    "active": lazy_gettext("in use"),
    "available": lazy_gettext("in stock"),
    "damaged": lazy_gettext("damaged"),
    "destroyed": lazy_gettext("destroyed"),
    "disposed": lazy_gettext("disposed of"),
    "in_progress": lazy_gettext("in work"),
    "in_transit": lazy_gettext("on the road"),
    "inactive": lazy_gettext("out of use"),
    "non_conformant": lazy_gettext("not as it should be"),
    "recalled": lazy_gettext("called back"),
    "retail_sold": lazy_gettext("sold"),
    "returned": lazy_gettext("came back"),
    "sellable_accessible": lazy_gettext("on sale"),
    "stolen": lazy_gettext("stolen"),
    "unknown": lazy_gettext("state unknown"),
}
"""The standard's words for states, as the trade says them."""


def disposition_word(word: str) -> str:
    """Return a state in a word of the trade; what we have no word for stays as it came."""
    told = DISPOSITIONS.get(word)
    return str(told) if told is not None else word.rsplit("/", 1)[-1].replace("_", " ")


def state_name(place: PlaceCount) -> str:
    """Return the stage that goods at a place reached last, or the state they are in."""
    if place.stage is not None:
        return titled(place.stage)
    return disposition_word(place.disposition)


def kind_title(flow: Flow, key: str) -> str:
    """Return the word for what sort of thing a key names."""
    kind = flow.kind_of(class_of(key))
    return kind_word(kind) if kind is not None else _("thing")
