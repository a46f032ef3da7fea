"""Stock: what is there, where, at which stage, this second; and the scans behind each figure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from urllib.parse import urlencode

from flask import Blueprint, render_template, request, url_for

from traceability.projections import stock as question
from traceability.projections.stock import StockLine
from traceability.projections.view import Label, Values, View
from traceability.web import telling
from traceability.web.layout import MenuEntry
from traceability.web.reading import current
from traceability.web.sentences import gettext as _
from traceability.web.sentences import lazy_gettext
from traceability.web.why import Why, WhyPart
from traceability.web.words import moment

blueprint = Blueprint("stock", __name__)
MENU = MenuEntry(lazy_gettext("Stock"), "stock.show", 40)

REASONS = 50
HEATS = 4
_SIZES = ("XXS", "XS", "S", "M", "L", "XL", "XXL", "3XL", "4XL")


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """One place in the list at the left."""

    key: str
    name: str
    pieces: Decimal
    lengths: tuple[tuple[Decimal, str], ...]
    """What is not counted in pieces: amount and unit."""
    share: int
    """Percent of the fullest place."""
    href: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of the table: what is there of one product."""

    name: str
    """In ``?why=``."""
    quantity: Decimal
    heat: int
    """0 to 4: how much it is beside the others."""


@dataclass(frozen=True, slots=True)
class StyleRow:
    """One colour of one style, size by size."""

    style: str
    colour: str
    swatch: str
    cells: tuple[Figure | None, ...]
    total: Figure


@dataclass(frozen=True, slots=True)
class PlainRow:
    """One product without sizes: cloth, or what nobody described."""

    product: Label
    swatch: str
    uom: str
    figure: Figure


@dataclass(frozen=True, slots=True)
class Table:
    """What is in one place, or everywhere, as a page shows it."""

    sizes: tuple[str, ...]
    styles: tuple[StyleRow, ...]
    sums: tuple[Decimal, ...]
    pieces: Decimal
    plain: tuple[PlainRow, ...]
    below_zero: tuple[PlainRow, ...]


@blueprint.get("/stock")
def show() -> str:
    """Show stock by place; ``place``, ``stage`` and ``product`` choose, ``why`` opens a figure."""
    place, stage, product = (request.args.get(one, "") for one in ("place", "stage", "product"))
    with current().look() as view:
        lines = question.stock(view, product=product or None)
        staged = [one for one in lines if not stage or _stage_name(view, one.step) == stage]
        chosen = [one for one in staged if not place or one.place.key == place]
        values = view.master("product", {one.product.key for one in chosen})
        return render_template(
            "stock.html",
            view=view,
            places=_places(staged, place),
            place=next((one.place for one in lines if one.place.key == place), None),
            stages=_stages(view, lines, stage),
            stage=view.flow.stage(stage) if stage else None,
            table=_table(chosen, values),
            pieces=_sum(staged, ""),
            lengths=_lengths(staged),
            is_empty=not lines and not product,
            why=_why(view, chosen),
        )


def _stage_name(view: View, step: str) -> str:
    stage = view.flow.stage_of(step, None) or view.flow.stage_of(None, step)
    return stage.name if stage is not None else step


def _sum(lines: Iterable[StockLine], uom: str) -> Decimal:
    return sum((one.quantity for one in lines if one.uom == uom), Decimal())


def _lengths(lines: Sequence[StockLine]) -> tuple[tuple[Decimal, str], ...]:
    return tuple((_sum(lines, uom), uom) for uom in sorted({one.uom for one in lines} - {""}))


def _places(lines: Sequence[StockLine], current_key: str) -> list[PlaceRow]:
    by_place: dict[Label, list[StockLine]] = defaultdict(list)
    for line in lines:
        by_place[line.place].append(line)
    most = max((_sum(many, "") for many in by_place.values()), default=Decimal())
    return [
        PlaceRow(
            key=place.key,
            name=place.name or _("on the way, without a place"),
            pieces=_sum(many, ""),
            lengths=_lengths(many),
            share=int(100 * max(_sum(many, ""), Decimal()) / most) if most > 0 else 0,
            href=_here(place=None if place.key == current_key else place.key),
            is_current=place.key == current_key,
        )
        for place, many in by_place.items()
    ]


def _here(**changes: str | None) -> str:
    args = {one: request.args[one] for one in ("place", "stage", "product") if one in request.args}
    wanted = {**args, **changes}
    query = urlencode({key: value for key, value in wanted.items() if value})
    return url_for("stock.show") + (f"?{query}" if query else "")


def _stages(
    view: View, lines: Sequence[StockLine], chosen: str
) -> list[tuple[str, str, bool, Decimal]]:
    """Return the filter of stages: title, address, whether it is on, pieces there."""
    place = request.args.get("place", "")
    near = [one for one in lines if not place or one.place.key == place]
    found: dict[str, Decimal] = defaultdict(Decimal)
    for line in near:
        found[_stage_name(view, line.step)] += line.quantity if not line.uom else 0
    order = {stage.name: stage.number for stage in view.flow.stages}
    named = [
        (_stage_title(view, name), _here(stage=name), name == chosen, found[name])
        for name in sorted(found, key=lambda one: order.get(one, len(order)))
    ]
    return [(_("All stages"), _here(stage=None), not chosen, _sum(near, "")), *named]


def _stage_title(view: View, name: str) -> str:
    if not name:
        return _("no stage yet")
    stage = view.flow.stage(name)
    return telling.step_name(view, stage.operation or stage.step if stage is not None else name)


def _name(lines: Iterable[StockLine]) -> str:
    """Give a figure a name that stays the same while it is the same figure."""
    told = "\n".join(sorted(f"{one.place.key}\t{one.product.key}\t{one.uom}" for one in lines))
    return f"s{sha256(told.encode()).hexdigest()[:10]}"


def _heat(value: Decimal, most: Decimal) -> int:
    return 0 if value <= 0 or most <= 0 else 1 + int((HEATS - 1) * value / most)


def _table(lines: Sequence[StockLine], values: Mapping[str, Values]) -> Table:
    sized: dict[tuple[str, str, str], dict[str, list[StockLine]]] = defaultdict(
        lambda: defaultdict(list)
    )
    plain: dict[tuple[str, str], list[StockLine]] = defaultdict(list)
    for line in lines:
        known = values.get(line.product.key, {})
        size, style = str(known.get("size") or ""), str(known.get("style") or "")
        if size and style and not line.uom:
            colour, swatch = str(known.get("colour") or ""), str(known.get("swatch") or "")
            sized[style, colour, swatch][size].append(line)
        else:
            plain[line.product.key, line.uom].append(line)
    sizes = sorted({size for row in sized.values() for size in row}, key=_size_order)
    sums = [_sum(many, "") for row in sized.values() for many in row.values()]
    most = max(sums, default=Decimal())

    def figure(many: Sequence[StockLine]) -> Figure:
        total = sum((one.quantity for one in many), Decimal())
        return Figure(_name(many), total, _heat(total, most))

    styles = tuple(
        StyleRow(
            *key,
            cells=tuple(figure(row[size]) if size in row else None for size in sizes),
            total=figure([one for many in row.values() for one in many]),
        )
        for key, row in sorted(sized.items())
    )
    rows = tuple(
        PlainRow(
            many[0].product,
            str(values.get(key, {}).get("swatch") or ""),
            uom,
            figure(many),
        )
        for (key, uom), many in plain.items()
    )
    below = tuple(
        PlainRow(one.product, "", one.uom, figure([one])) for one in lines if one.quantity < 0
    )
    column = tuple(
        sum((_sum(row[size], "") for row in sized.values() if size in row), Decimal())
        for size in sizes
    )
    return Table(tuple(sizes), styles, column, sum(column, Decimal()), rows, below)


def _size_order(size: str) -> tuple[int, str]:
    return (_SIZES.index(size) if size in _SIZES else len(_SIZES), size.zfill(6))


def _why(view: View, lines: Sequence[StockLine]) -> Why | None:
    """Open the figure that was asked for: the things in it, each with its latest entry."""
    asked = request.args.get("why", "")
    if not asked:
        return None
    many = _behind(lines, asked)
    if not many:
        return None
    reasons = [reason for line in many for reason in question.why_stock(view, line, limit=REASONS)]
    reasons.sort(key=lambda one: one.at, reverse=True)
    parts = [
        WhyPart(
            one.quantity,
            _(
                "%(thing)s, seen %(time)s",
                thing=telling.named(one.thing, view.flow),
                time=moment(one.at),
            ),
            url_for("ledger.entry", position=one.position),
            _("entry %(position)s", position=one.position),
        )
        for one in reasons[:REASONS]
    ]
    total = sum((one.quantity for one in many), Decimal())
    rest = total - sum((one.quantity for one in reasons[:REASONS]), Decimal())
    if rest:
        parts.append(WhyPart(rest, _("more, seen earlier")))
    rule = _(
        "Everything that was last seen in this place and has not been used up, taken out or "
        "passed on since. The newest first."
    )
    return Why(
        asked,
        total,
        rule,
        tuple(parts),
        view.size - 1,
        view.record_at,
        inferred=sum(one.is_inferred for one in reasons),
    )


def _behind(lines: Sequence[StockLine], asked: str) -> list[StockLine]:
    """Find the lines that make a figure: those of one product, or of all sizes of one row."""
    groups: dict[tuple[str, ...], list[StockLine]] = defaultdict(list)
    for line in lines:
        groups[line.product.key, line.uom].append(line)
        groups["below", line.place.key, line.product.key, line.step, line.uom].append(line)
    for many in groups.values():
        if _name(many) == asked:
            return many
    return []


@blueprint.get("/api/stock")
def as_json() -> dict[str, object]:
    """Give stock line by line; ``place`` and ``product`` (keys) choose."""
    with current().look() as view:
        lines = question.stock(
            view, place=request.args.get("place"), product=request.args.get("product")
        )
        return {
            "size": view.size,
            "record_at": view.record_at.isoformat(),
            "lines": [
                {
                    "place": one.place.key,
                    "place_name": one.place.name,
                    "product": one.product.key,
                    "product_name": one.product.name,
                    "stage": _stage_name(view, one.step),
                    "step": one.step,
                    "disposition": one.disposition,
                    "quantity": format(one.quantity, "f"),
                    "uom": one.uom,
                }
                for one in lines
            ],
        }
