"""The screen beside a gate, seen from three metres: go, again, stop, and why.

The station decides and says so here; the page shows it within one frame and needs no network to
change. Without JavaScript it shows the state of the moment it was fetched.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from flask import Blueprint, current_app, render_template, request

from traceability.flow import Flow, Stage
from traceability.gs1.blank import blank_of_key
from traceability.ledger import history
from traceability.projections import expected, items
from traceability.projections.view import View, short
from traceability.web import gate_words, screen
from traceability.web.clock import now
from traceability.web.gate_notices import Notices, notices
from traceability.web.layout import MenuEntry, here
from traceability.web.live import Live
from traceability.web.reading import current
from traceability.web.scan_lines import empty_tags
from traceability.web.screen import Moment, Screen, Tree
from traceability.web.sentences import gettext as _
from traceability.web.sentences import lazy_gettext
from traceability.web.telling import item_path, named
from traceability.web.words import group_thousands, quantity, titled

blueprint = Blueprint("gate", __name__)
MENU = MenuEntry(lazy_gettext("Gates"), "gate.every", 25)


@dataclass(frozen=True, slots=True)
class Row:
    """One thing behind a gate's "Why?"."""

    name: str
    code: str
    line: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """How one reader of a gate is."""

    name: str
    is_up: bool
    since: datetime | None
    reads: int
    noise: int


@dataclass(frozen=True, slots=True)
class Post:
    """One station as the list of gates shows it."""

    name: str
    screen: Screen
    stage: str
    icon: str
    heard_at: datetime | None
    readers_up: int
    readers: int
    parked: int
    notices: Notices


def _stage(flow: Flow, tree: Tree | None) -> Stage | None:
    name = (tree or {}).get("stage")
    return next((stage for stage in flow.stages if stage.name == name), None)


def _way(stage: Stage | None) -> str:
    """Tell what a person does first at a stage: push a carton, open a work, or scan."""
    if stage is None or any(work.carries for work in stage.works):
        return "gate"
    return "table" if any(work.opens for work in stage.works) else "line"


def _heard_at(tree: Tree | None) -> datetime | None:
    return screen.read_time(tree.get("heard_at")) if tree is not None else None


def _moment(name: str, stage: Stage | None, tree: Tree | None) -> Moment:
    return Moment(_way(stage), now(), name, _heard_at(tree))


@blueprint.get("/gate/<station>")
def show(station: str) -> str:
    """Show what a gate says now; with ``?why=1`` what was expected and what was read."""
    hub: Live = current_app.extensions["hangtag.live"]
    tree = hub.gate(station)
    is_why = bool(request.args.get("why"))
    with current().look() as view:
        flow = view.flow
        stage = _stage(flow, tree)
        awaited = _awaited(view, stage) if is_why else (0, [])
        silent = history.gaps(view.connection, view.ledger_id) if is_why else []
    moment = _moment(station, stage, tree)
    shown = screen.compose(tree, moment)
    page: dict[str, Any] = {
        "station": station,
        "gate": shown,
        "stage": stage,
        "way": moment.way,
        "heard_at": moment.heard_at,
        "why_href": here(why="1"),
    }
    if is_why:
        return render_template(
            "gate_why.html",
            **page,
            silent=[gap for gap in silent if gap.station == station],
            lists=_lists(tree, moment),
            awaited=awaited,
            readers=_readers(tree or {}),
            notices=notices(tree or {}),
            parked=screen.whole((tree or {}).get("parked")),
        )
    return render_template(
        "gate.html",
        **page,
        tree=tree,
        zone=current().opening.zone,
        silent_s=moment.silent_s,
        words=gate_words.sentences(),
        stages={one.name: [titled(one), one.icon, _way(one)] for one in flow.stages},
    )


def _lists(tree: Tree | None, moment: Moment) -> list[tuple[str, str, int, list[Row]]]:
    """List what lies behind a verdict: name of the list, its state, how many, and the things."""
    tree = tree or {}
    others = screen.rows(tree.get("others"))
    foreign = {one.get("key") for one in others}
    read = [one for one in screen.rows(tree.get("items")) if one.get("key") not in foreign]
    missing = screen.rows(tree.get("missing"))
    strays = screen.rows(tree.get("strays"))
    missing_count = max(screen.whole(tree.get("missing_count")), len(missing))
    found = [
        (_("Not read"), "again", missing_count, [_row(one, moment, True) for one in missing]),
        (_("Read, but of something else"), "unknown", len(others), [_other(one) for one in others]),
        (_("Read"), "pass", len(read), [_row(one, moment, False) for one in read]),
        (
            _("Lying near the antenna, not counted"),
            "ready",
            len(strays),
            [_stray(one) for one in strays],
        ),
    ]
    return [one for one in found if one[2]]


AWAITED_MAX = 50


def _awaited(view: View, stage: Stage | None) -> tuple[int, list[Row]]:
    """List the cartons that may come to a gate next: packed, and not past it yet."""
    if stage is None or _way(stage) != "gate":
        return 0, []
    boxes = {str(box["carton"]): box for box in expected.cartons(view)}
    met = items.find_items(view, list(boxes))
    step = view.names({one.step_no for one in met.values()})
    near = []
    for key, one in met.items():
        last = items.stage_of_step(view, step[one.step_no])
        if last is not None and last.name in stage.after:
            near.append(key)
    near.sort()
    shown = [
        Row(
            named(view.label(key), view.flow),
            screen.code_of(key),
            " · ".join(
                (
                    _("order %(order)s", order=boxes[key]["order"] or "–"),
                    quantity(sum(int(float(o["quantity"])) for o in boxes[key]["contents"]), ""),
                )
            ),
            item_path(key),
        )
        for key in near[:AWAITED_MAX]
    ]
    return len(near), shown


def _row(one: Tree, moment: Moment, is_missing: bool) -> Row:
    key = screen.text(one.get("key"))
    line = screen.seen(one, moment) if is_missing else ""
    return Row(screen.thing(one), screen.code_of(key), line, item_path(key) if key else "")


def _other(one: Tree) -> Row:
    key, box = screen.text(one.get("key")), screen.text(one.get("belongs_to"))
    if box or one.get("is_ours") is not False or not key:
        line = _("Belongs to carton %(name)s", name=short(box)) if box else _("No carton misses it")
        return Row(screen.thing(one), screen.code_of(key), line, item_path(key) if key else "")
    is_blank = blank_of_key(key) is not None
    line = empty_tags(1) if is_blank else _("Nobody here knows it: say what it is")
    return Row(short(key), screen.code_of(key), line, f"/identify?code={quote(key, safe='')}")


def _stray(one: Tree) -> Row:
    key = screen.text(one.get("key"))
    reads = group_thousands(screen.whole(one.get("reads")))
    return Row(short(key), screen.code_of(key), _("read %(count)s times", count=reads))


def _readers(tree: Tree) -> list[Line]:
    return [
        Line(
            name=screen.text(one.get("name")),
            is_up=one.get("is_up") is not False,
            since=screen.read_time(one.get("since")),
            reads=screen.whole(one.get("reads")),
            noise=screen.whole(one.get("noise")),
        )
        for one in screen.rows(tree.get("readers"))
    ]


@blueprint.get("/gates")
def every() -> str:
    """List the stations that have spoken to this server, with what each shows."""
    hub: Live = current_app.extensions["hangtag.live"]
    with current().look() as view:
        flow = view.flow
    order = {stage.name: stage.number for stage in flow.stages}
    said = sorted(
        hub.gates().items(), key=lambda one: (order.get(str(one[1].get("stage")), 99), one[0])
    )
    posts = [_post(name, tree, flow) for name, tree in said]
    return render_template("gates.html", posts=posts)


def _post(name: str, tree: Mapping[str, Any], flow: Flow) -> Post:
    stage = _stage(flow, tree)
    readers = screen.rows(tree.get("readers"))
    return Post(
        name=name,
        screen=screen.compose(tree, _moment(name, stage, tree)),
        stage=titled(stage) if stage is not None else "",
        icon=stage.icon if stage is not None else "reader",
        heard_at=_heard_at(tree),
        readers_up=sum(1 for one in readers if one.get("is_up") is not False),
        readers=len(readers),
        parked=screen.whole(tree.get("parked")),
        notices=notices(tree),
    )
