"""The board: is all well, where does work wait and since when, what leaves today.

On a desk it is the first page; with ``?wall=1`` it hangs on a wall and is read from three metres.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from flask import Blueprint, current_app, render_template, request, url_for

from traceability.ledger.verify import Finding
from traceability.projections import board as question
from traceability.projections import happenings
from traceability.projections.board import Board, OrderRow, StageCard
from traceability.projections.view import View
from traceability.web import telling
from traceability.web.clock import now
from traceability.web.layout import MenuEntry
from traceability.web.ledger import RunRow, checks, run_rows, wrong_words
from traceability.web.live import Live
from traceability.web.needs import gate_cells, has_page, needs
from traceability.web.reading import current
from traceability.web.sentences import gettext as _
from traceability.web.sentences import lazy_gettext, ngettext
from traceability.web.why import Why, WhyPart
from traceability.web.words import duration, local, number, titled

if TYPE_CHECKING:
    from decimal import Decimal

    from traceability.flow import Flow, Stage
    from traceability.projections.happenings import Line

blueprint = Blueprint("board", __name__)
MENU = MenuEntry(lazy_gettext("Today"), "board.show", 10)

FEED = 7
ORDERS = 6
NEEDS = 6


@dataclass(frozen=True, slots=True)
class Cell:
    """One stage as the strip shows it."""

    icon: str
    title: str
    count: str
    of: str
    state: str
    state_word: str
    bars: list[float] | None
    waits: str
    oldest: str
    why_name: str
    why: Why | None
    href: str


@blueprint.get("/")
@blueprint.get("/board")
def show() -> str:
    """Show the board, on a desk or on a wall."""
    is_wall = request.args.get("wall") == "1"
    with current().look() as view:
        found = question.board(view, now())
        runs = run_rows(view, _hub().gates())
        lines = happenings.latest(view, limit=FEED)
        gates = gate_cells(_hub().gates(), now())
        rows = needs(found, gates, runs, _finding(), view)
        asked = request.args.get("why", "")
        return render_template(
            "board_wall.html" if is_wall else "board.html",
            view=view,
            board=found,
            cells=[_cell(view, found, card, asked, is_wall=is_wall) for card in found.stages],
            orders=[_order_cell(row) for row in found.orders[:ORDERS]],
            needs=rows[: 4 if is_wall else NEEDS],
            needs_count=len(rows),
            feed=_feed(lines, view.flow),
            gates=gates,
            scans=sum(row.read for row in runs),
            lost=sum(row.lost for row in runs),
            checked=checks().latest,
            wrong_words=wrong_words,
            tries=_tries(view, found) if current().opening.is_demo and not is_wall else [],
            longest=_longest(found),
            leaving=_leaving(found),
            bars=_wall_bars(found),
            is_empty=not lines,
            why=_why_answers(view, found, runs, asked),
            has_orders=has_page("/orders"),
        )


def _hub() -> Live:
    hub: Live = current_app.extensions["hangtag.live"]
    return hub


def _finding() -> Finding | None:
    latest = checks().latest
    return latest.report.finding if latest is not None else None


# --- the strip -------------------------------------------------------------------------------


def _cell(view: View, board: Board, card: StageCard, asked: str, *, is_wall: bool) -> Cell:
    name = f"stage-{card.stage.number}"
    return Cell(
        icon=card.stage.icon,
        title=titled(card.stage),
        count=number(card.done),
        of=_of(card),
        state="late" if card.is_behind else "",
        state_word=_("behind") if card.is_behind else "",
        bars=[float(pieces) for _at, pieces in card.hours] if card.today else None,
        waits=_waits(view, card),
        oldest=_oldest(view, card, is_wall=is_wall),
        why_name=name,
        why=_why_stage(view, board, card, name) if asked == name else None,
        href=_stock_href(card.stage),
    )


def _of(card: StageCard) -> str:
    if card.uom:
        return _("%(unit)s today", unit=_unit(card.uom))
    if card.planned is not None:
        return _("of %(count)s", count=number(card.planned))
    return _("pieces")


def _unit(uom: str) -> str:
    return {"MTR": "m", "KGM": "kg", "YRD": "yd"}.get(uom, uom)


def _waits(view: View, card: StageCard) -> str:
    if not card.done and not card.waiting and not card.today:
        return fills(card.stage, view.flow, str(view.workshop.get("marked", "")))
    count = number(card.waiting) + (f" {_unit(card.uom)}" if card.uom else "")
    if card.is_last:
        return _("%(count)s today", count=number(card.today))
    if not card.waiting:
        return _("nothing waits")
    if card.is_leaving:
        return _("%(count)s on the road", count=count)
    return _("%(count)s waiting", count=count)


def _oldest(view: View, card: StageCard, *, is_wall: bool) -> str:
    if card.oldest is None:
        return ""
    age = duration(now() - card.oldest.since)
    if is_wall:
        return _("oldest %(age)s", age=age)
    thing = telling.named(card.oldest.thing, view.flow)
    return _("oldest %(thing)s, %(age)s", thing=thing, age=age)


def fills(stage: Stage, flow: Flow, marked: str = "") -> str:
    """Say what will fill a stage's cell: the scan that its flow waits for.

    Where goods go by tickets with a count, it is the ticket that is waited for.
    """
    kinds = {kind.name: telling.kind_word(kind) for kind in flow.kinds}
    lots = {kind.name for kind in flow.kinds if kind.form == "lot"}

    def taken(names: Sequence[str]) -> str:
        tickets = [name for name in names if name in lots] if marked == "counted" else []
        return kinds[(tickets or list(names))[0]]

    for work in stage.works:
        if work.carries:
            return _("fills when a %(kind)s passes", kind=kinds[work.carries[0]])
        if work.opens and work.takes:
            return _(
                "fills when a %(first)s is scanned, then each %(then)s",
                first=kinds[work.opens[0]],
                then=taken(work.takes),
            )
        if work.takes:
            return _("fills when a %(kind)s is scanned", kind=taken(work.takes))
    return _("fills when something is scanned there")


def _stock_href(stage: Stage) -> str:
    return url_for("stock.show", stage=stage.name)


def _why_stage(view: View, board: Board, card: StageCard, name: str) -> Why:
    if card.uom:
        rule = _("What came to this stage since midnight, by the scans.")
        parts = [WhyPart(card.today, _("today"))]
    else:
        rule = _(
            "Pieces of the orders in work that have passed this stage; each piece counts once, "
            "however often it was scanned."
        )
        parts = [
            WhyPart(row.made.get(card.stage.number, 0), str(row.label), _order_href(row))
            for row in board.orders
            if row.made.get(card.stage.number)
        ]
    if not card.is_last:
        words = _("wait for the next stage")
        parts.append(WhyPart(card.waiting, words, _stock_href(card.stage), _("show them")))
    return Why(name, card.done, rule, tuple(parts), view.size - 1, view.record_at)


# --- the answers -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answer:
    """One of the three answers at the top: a big word, and a small one beside it."""

    big: str
    small: str


def _longest(board: Board) -> Answer:
    card = board.longest
    if card is None or card.oldest is None:
        return Answer(_("nothing"), "")
    return Answer(duration(now() - card.oldest.since), titled(card.stage))


def _leaving(board: Board) -> Answer:
    one = board.leaving
    if one.due:
        small = ngettext(
            "gone; %(count)s piece due today or before is still here",
            "gone; %(count)s pieces due today or before are still here",
            int(one.due_pieces),
            count=number(one.due_pieces),
        )
        return Answer(number(one.today), small)
    small = _("gone, %(count)s ready", count=number(one.ready)) if one.ready else _("gone")
    return Answer(number(one.today), small)


def _why_answers(view: View, board: Board, runs: Sequence[RunRow], asked: str) -> Why | None:
    at, last = view.record_at, view.size - 1
    card = board.longest
    if asked == "longest" and card is not None and card.oldest is not None:
        thing = card.oldest.thing
        return Why(
            "longest",
            1,
            _("Of all that passed one stage and not yet the next, this was seen longest ago."),
            (WhyPart(1, telling.named(thing, view.flow), telling.item_path(thing.key)),),
            last,
            at,
        )
    if asked == "leaves":
        one = board.leaving
        return Why(
            "leaves",
            one.today,
            _("Pieces that left since midnight; what has passed the stage before is ready."),
            (
                WhyPart(one.today, _("gone today")),
                WhyPart(one.ready, _("ready at the door")),
                WhyPart(one.due_pieces, _("due today or before, still here")),
            ),
            last,
            at,
        )
    return None


# --- orders, feed, links ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OrderCell:
    """One row of "Orders in work"."""

    row: OrderRow
    number: str
    title: str
    customer: str
    href: str
    due: date | None
    state: str
    words: str


def _order_href(row: OrderRow) -> str:
    number = row.label.key.removeprefix(f"//{current().opening.namespace}/bt/")
    return f"/orders/{quote(number)}" if has_page("/orders/<") else ""


def _order_cell(row: OrderRow) -> OrderCell:
    values = row.values
    today = local(now()).date()
    state, words = "", ""
    if row.is_done:
        state, words = "pass", _("finished")
    elif row.due is not None:
        days = (row.due - today).days
        if days < 0:
            state = "late"
            words = ngettext("%(num)s day late", "%(num)s days late", -days)
        elif days == 0:
            words = _("today")
        else:
            words = ngettext("in %(num)s day", "in %(num)s days", days)
    customer = ", ".join(str(values[one]) for one in ("customer", "city") if values.get(one))
    return OrderCell(
        row, row.label.detail, row.label.name, customer, _order_href(row), row.due, state, words
    )


@dataclass(frozen=True, slots=True)
class FeedRow:
    """One row of "Now"."""

    line: Line
    told: telling.Told


def _feed(lines: Sequence[Line], flow: Flow) -> list[FeedRow]:
    return [FeedRow(line, telling.line(line, flow)) for line in lines]


def _tries(view: View, board: Board) -> list[tuple[str, str, str]]:
    """Return icon, words and address of what a visitor of the demo may try; pages that exist."""
    found = []
    if has_page("/sim"):
        found.append(("reader", _("Wave a tag yourself"), "/sim"))
    if has_page("/orders/<path:number>/as-customer") and board.orders:
        best = max(board.orders, key=lambda row: (row.finished, row.left, row.begun))
        words = _("What the customer sees")
        found.append(("phone", words, f"{_order_href(best)}/as-customer"))
    if has_page("/trace"):
        key = question.delivered(view)
        if key is not None:
            words = _("A customer reports a hole: find the roll")
            found.append(("garment", words, "/trace?" + urlencode({"code": key})))
    return found


def _wall_bars(board: Board) -> dict[str, Any]:
    """Return the tall bars of the wall: what left the house (or came to the end) by the hour."""
    cards = [card for card in board.stages if card.is_leaving] or board.stages[-1:]
    card = cards[0]
    return {
        "title": titled(card.stage),
        "pieces": [float(pieces) for _at, pieces in card.hours],
        "hours": [f"{at:%H}" for at, _pieces in card.hours],
    }


# --- as JSON ---------------------------------------------------------------------------------


@blueprint.get("/api/board")
def as_json() -> dict[str, object]:
    """Give the figures of the board."""
    with current().look() as view:
        found = question.board(view, now())
        gates = gate_cells(_hub().gates(), now())
        runs = run_rows(view, _hub().gates())
        latest = checks().latest
        return {
            "size": view.size,
            "record_at": view.record_at.isoformat(),
            "record_is_true": latest.is_true if latest is not None else None,
            "stages": [_stage_tree(card) for card in found.stages],
            "orders": [_order_tree(row) for row in found.orders],
            "leaving": {
                "today": str(found.leaving.today),
                "ready": str(found.leaving.ready),
                "due_orders": found.leaving.due,
                "due_pieces": str(found.leaving.due_pieces),
            },
            "needs": [one.tree() for one in needs(found, gates, runs, _finding(), view)],
            "gates": [one.tree() for one in gates],
        }


def _text(value: Decimal | None) -> str | None:
    return None if value is None else format(value, "f")


def _stage_tree(card: StageCard) -> dict[str, object]:
    oldest = card.oldest
    return {
        "name": card.stage.name,
        "done": _text(card.done),
        "planned": _text(card.planned),
        "today": _text(card.today),
        "uom": card.uom,
        "waiting": _text(card.waiting),
        "is_behind": card.is_behind,
        "oldest": None
        if oldest is None
        else {
            "key": oldest.thing.key,
            "name": str(oldest.thing),
            "since": oldest.since.isoformat(),
        },
        "hours": [[at.isoformat(), _text(pieces)] for at, pieces in card.hours],
    }


def _order_tree(row: OrderRow) -> dict[str, object]:
    return {
        "key": row.label.key,
        "number": row.label.detail,
        "title": row.label.name,
        "due": row.due.isoformat() if row.due else None,
        "ordered": _text(row.ordered),
        "begun": _text(row.begun),
        "left": _text(row.left),
        "finished": _text(row.finished),
    }
