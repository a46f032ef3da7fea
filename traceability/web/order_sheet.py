"""An order as its pages show it: stages, sizes and colours, what comes next, the news.

Staff and customer read the same figures. A customer's words hold no codes: a carton is "carton 3"
of this order, and a place has the name that people gave it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise

from babel import Locale
from babel.dates import format_skeleton
from flask import g
from flask_babel import get_locale
from markupsafe import Markup

from traceability.epcis.vocabulary import STEPS
from traceability.flow import Flow, Stage
from traceability.gs1 import key_of
from traceability.projections.progress import OrderCard, OrderRow, Queue, StageProgress, Standing
from traceability.projections.steps import Carton, Step
from traceability.projections.view import View
from traceability.web import shapes, telling
from traceability.web.clock import now
from traceability.web.sentences import LazyString, lazy_gettext, ngettext
from traceability.web.sentences import gettext as _
from traceability.web.words import bold, day, exact, local, minute, number, quantity, titled

SIZES = ("3XS", "XXXS", "XXS", "XS", "S", "M", "L", "XL", "XXL", "2XL", "XXXL", "3XL", "4XL", "5XL")
"""Letter sizes in wearing order; sizes in figures go by their figure, others as entered."""

STANDINGS: dict[Standing, LazyString] = {
    "due": lazy_gettext("promised today"),
    "done": lazy_gettext("finished"),
    "left": lazy_gettext("all on the way"),
    "work": lazy_gettext("in work"),
    "new": lazy_gettext("not begun"),
}


@dataclass(frozen=True, slots=True)
class News:
    """One line of news: what came to a stage on one day."""

    icon: str
    words: str
    when: Markup
    where: str
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Matrix:
    """Sizes across, colours down, for one stage."""

    stage: Stage
    sizes: tuple[str, ...]
    rows: tuple[shapes.MatrixRow, ...]

    @property
    def made(self) -> int:
        """Pieces at the stage, of what was ordered and shown."""
        return sum(row.made for row in self.rows)

    @property
    def of(self) -> int:
        """Pieces ordered."""
        return sum(row.of for row in self.rows)


def customer_name(values: Mapping[str, object]) -> str:
    """Return for whom an order is, as entered; nothing if it was not said."""
    return str(values.get("customer", ""))


def standing_word(row: OrderRow, today: date) -> str:
    """Say how an order stands."""
    standing = row.standing(today)
    if standing == "late":
        assert row.due is not None, "an order without a promised day is never late"
        late = (today - row.due).days
        return ngettext("%(num)s day late", "%(num)s days late", late)
    return str(STANDINGS[standing])


def styles(view: View, rows: Sequence[OrderRow]) -> dict[str, str]:
    """Return the styles of some orders in one look-up, by the order's key."""
    lines = {row.label.key: _products(row.values) for row in rows}
    known = view.master("product", list({key for keys in lines.values() for key in keys}))
    named = {
        order: list(dict.fromkeys(str(known[key].get("style", "")) for key in keys if key in known))
        for order, keys in lines.items()
    }
    return {order: ", ".join(filter(None, names)) for order, names in named.items()}


def _products(values: Mapping[str, object]) -> list[str]:
    lines = values.get("lines")
    return [key_of(str(line["product"])) for line in lines] if isinstance(lines, list) else []


# --- time ------------------------------------------------------------------------------------


def _time(at: datetime, shown: str) -> Markup:
    there = local(at).isoformat(timespec="milliseconds")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(there, exact(at), shown)


def _is_today(at: datetime) -> bool:
    # What is sent stands still: opened tomorrow, it must not say today.
    return not g.get("stands_still", False) and local(at).date() == local(now()).date()


def _day_word(at: datetime) -> str:
    return _("today") if _is_today(at) else day(at)


def whole_day(at: date) -> str:
    """Write a day with its year: what is sent may be read in another one."""
    locale = get_locale() or Locale("en")
    if str(locale).startswith("en"):
        return f"{at:%a} {at.day} {at:%b} {at.year}"
    return str(format_skeleton("yMMMEd", at, locale=locale))


def stamp(at: datetime) -> str:
    """Write the time of figures that are sent: day with year, and minute."""
    there = local(at)
    return _("%(day)s, %(time)s", day=whole_day(there.date()), time=f"{there:%H:%M}")


def summary(card: OrderCard, stage: StageProgress | None) -> str:
    """Say in one line how far an order is: to go with a link, a page or a picture."""
    promised = _("Promised %(day)s.", day=whole_day(card.due)) if card.due is not None else ""
    if stage is None:
        return promised
    how_far = _(
        "%(stage)s: %(made)s of %(all)s pieces, as of %(time)s.",
        stage=titled(stage.stage),
        made=number(stage.done),
        all=number(stage.total),
        time=stamp(now()),
    )
    return f"{how_far} {promised}".strip()


def span(first: datetime, last: datetime) -> Markup:
    """Write when something began and ended: "today 09:12 – 14:31", "Mon 9 Nov – Tue 10 Nov"."""
    if local(first).date() != local(last).date():
        begun, ended = _time(first, _day_word(first)), _time(last, _day_word(last))
        return Markup("{} – {}").format(begun, ended)
    begun = _time(first, f"{_day_word(first)} {minute(first)}")
    if minute(first) == minute(last):
        return begun
    return Markup("{} – {}").format(begun, _time(last, minute(last)))


def stage_words(one: StageProgress) -> str:
    """Say when the first and the last piece came to a stage; nothing if none did."""
    if one.first_at is None or one.last_at is None:
        return ""
    if one.is_done or one.first_at == one.last_at:
        return span(one.first_at, one.last_at)
    first = _time(one.first_at, _short(one.first_at))
    last = _time(one.last_at, _short(one.last_at))
    return _("since %(first)s, last %(last)s", first=first, last=last)


def _short(at: datetime) -> str:
    return minute(at) if _is_today(at) else f"{day(at)} {minute(at)}"


# --- stages ----------------------------------------------------------------------------------


def steps(card: OrderCard) -> list[shapes.Step]:
    """Return the stages for a customer: made of total, and since when."""
    return [
        shapes.Step(
            icon=one.stage.icon,
            name=titled(one.stage),
            made=one.done,
            of=one.total,
            words=_step_words(one),
        )
        for one in card.stages
    ]


def _step_words(one: StageProgress) -> str:
    words = stage_words(one)
    if one.kind is None:
        return words
    used = _("used so far")
    return Markup("{} · {}").format(used, words) if words else used


def shown_stage(card: OrderCard, leaving: Stage | None, wish: str = "") -> StageProgress | None:
    """Choose the stage of the matrix: the asked one, else what has left the house, else how far.

    What left the house is what a customer waits for; until something has, the furthest stage that
    anything has reached says more than a page of zeros.
    """
    counted = card.counted
    if not counted:
        return None
    by_name = {one.stage.name: one for one in counted}
    if wish in by_name:
        return by_name[wish]
    begun = [one for one in counted if one.done]
    if not begun:
        return counted[0]
    if begun[-1].is_done or leaving is None or leaving not in [one.stage for one in begun]:
        return begun[-1]
    return by_name[leaving.name]


def matrix(card: OrderCard, stage: Stage) -> Matrix:
    """Return made and ordered by size and colour at one stage."""
    style_count = len({str(line.values.get("style", "")) for line in card.lines})
    cells: dict[tuple[str, str], dict[str, tuple[int, int]]] = {}
    sizes: list[str] = []
    for line in card.lines:
        size = str(line.values.get("size", "")) or _("Pieces")
        sizes.append(size)
        colour = str(line.values.get("colour", "")) or line.product.name
        if style_count > 1 and line.values.get("colour"):
            colour = f"{line.values.get('style', '')}, {colour}"
        row = cells.setdefault((colour, str(line.values.get("swatch", ""))), {})
        made, of = row.get(size, (0, 0))
        row[size] = (made + int(line.done.get(stage.name, Decimal())), of + int(line.ordered))
    ordered = tuple(sorted(dict.fromkeys(sizes), key=_size_order))
    rows = tuple(
        shapes.MatrixRow(colour, swatch, tuple(row.get(size) for size in ordered))
        for (colour, swatch), row in cells.items()
    )
    return Matrix(stage, ordered, rows)


def _size_order(size: str) -> tuple[int, float]:
    if size.upper() in SIZES:
        return 0, SIZES.index(size.upper())
    figures = size.replace(",", ".")
    if figures.replace(".", "", 1).isdigit():
        return 1, float(figures)
    return 2, 0.0


# --- what happens next -------------------------------------------------------------------------


def coming(card: OrderCard) -> list[Markup]:
    """Say what happens next, nearest to the customer first: what has come where, and what follows.

    Only what scans say: pieces that have come to a stage and not yet to the next. No day is named.
    """
    if card.is_done:
        return []
    must = [one for one in card.counted if not one.stage.optional]
    found: list[Markup] = []
    for one, following in reversed(list(pairwise(must))):
        between = one.done - following.done
        if between > 0:
            words = ngettext(
                "%(pieces)s goes to %(stage)s next.",
                "%(pieces)s go to %(stage)s next.",
                int(between),
                **_going(between, following.stage),
            )
            found.append(Markup(words))  # noqa: S704 - our own sentence; its values are escaped
    left = card.ordered - must[0].done if must else Decimal()
    if left > 0:
        words = ngettext(
            "%(pieces)s is still to be begun, with %(stage)s.",
            "%(pieces)s are still to be begun, with %(stage)s.",
            int(left),
            **_going(left, must[0].stage),
        )
        found.append(Markup(words))  # noqa: S704 - our own sentence; its values are escaped
    return found


def _going(pieces: Decimal, stage: Stage) -> dict[str, Markup]:
    return {"pieces": bold(quantity(pieces, "")), "stage": bold(titled(stage))}


def queue_words(queue: Queue | None) -> str:
    """Say the place among the orders that wait at the same stage, by promised day."""
    if queue is None:
        return ""
    return _(
        "%(count)s orders wait for %(stage)s. By promised day this is number %(place)s of them.",
        count=number(queue.count),
        stage=titled(queue.stage),
        place=bold(number(queue.place)),
    )


# --- news --------------------------------------------------------------------------------------


def news(card: OrderCard, cartons: Sequence[Carton], flow: Flow) -> list[News]:
    """Return what happened, newest first: one line for each stage, place and day."""
    groups: dict[tuple[int, str, date], list[Step]] = {}
    for step in card.steps:
        place = step.place.name if step.place is not None else ""
        key = (step.stage.number, place, local(step.last_at).date())
        groups.setdefault(key, []).append(step)
    named = {one.label.key: one for one in cartons}
    found = [_news(group, named, flow) for group in groups.values()]
    return sorted(found, key=lambda one: one.last_at, reverse=True)


def _news(group: Sequence[Step], cartons: Mapping[str, Carton], flow: Flow) -> News:
    first = min(step.first_at for step in group)
    last = max(step.last_at for step in group)
    stage, place = group[0].stage, group[0].place
    return News(
        icon=stage.icon,
        words=_did(stage, _thing(group, cartons, flow)),
        when=span(first, last),
        where=place.name if place is not None else "",
        last_at=last,
    )


def _did(stage: Stage, thing: Markup) -> str:
    """Put what came to a stage into a sentence: "Shipped 18 pieces in carton 3".

    A stage with a floor operation of its own goes by its title: the standard's word for cutting
    and for sewing is one and the same.
    """
    word = STEPS.web_uri(stage.step).rsplit("/", 1)[-1] if stage.step in STEPS.words else ""
    verb = telling.DID.get(word) if stage.operation is None else None
    if verb is None:
        return Markup("{}: {}").format(titled(stage), thing)
    return Markup(str(verb)) % {"thing": thing}  # noqa: S704 - our own sentence


def _thing(group: Sequence[Step], cartons: Mapping[str, Carton], flow: Flow) -> Markup:
    rolls = {step.thing.key for step in group if step.thing is not None}
    if rolls:
        kind = flow.kind_of(next(iter(rolls)))
        word = telling.kind_word(kind) if kind is not None else ""
        return bold(f"{number(len(rolls))} × {word}")
    pieces = bold(quantity(sum((step.pieces for step in group), Decimal()), ""))
    boxes = [cartons[key] for key in dict.fromkeys(step.carton for step in group) if key in cartons]
    if not boxes:
        return pieces
    if len(boxes) == 1:
        words = _("%(pieces)s in %(carton)s", pieces=pieces, carton=carton_name(boxes[0], flow))
    else:
        words = _("%(pieces)s in %(count)s cartons", pieces=pieces, count=number(len(boxes)))
    return Markup(words)  # noqa: S704 - our own sentence; its values are escaped


def carton_name(carton: Carton, flow: Flow, *, stands_alone: bool = False) -> str:
    """Return what people call a container of the order: "carton 3", or alone "Carton 3"."""
    kind = flow.kind_of(carton.label.key)
    if kind is None:
        return f"{_('Carton') if stands_alone else _('carton')} {number(carton.number)}"
    word = titled(kind) if stands_alone else telling.kind_word(kind)
    return f"{word} {number(carton.number)}"
