"""The living gallery: every part of the look on one page, with one invented story in it.

It is for those who build pages and for the tests of the look; it is not in the menu.
"""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, date, datetime, timedelta

from flask import Blueprint, render_template, request

from traceability.assets import folder
from traceability.web import ribbons
from traceability.web.clock import now
from traceability.web.sentences import gettext as _
from traceability.web.shapes import MatrixRow, Step, TimelineEntry, column_sums
from traceability.web.why import Why, WhyPart

blueprint = Blueprint("parts", __name__)

_TEMPLATES = folder("templates")
STORY: dict[str, str] = tomllib.loads((_TEMPLATES / "gallery.toml").read_text(encoding="utf-8"))
"""Facts of the story: what a ledger would hold, and so never translated."""

_SPRITE = (folder("static") / "icons.svg").read_text(encoding="utf-8")
ICONS = tuple(name for name in re.findall(r'id="([a-z]+)"', _SPRITE) if name != "mark")
SIZES = ("XS", "S", "M", "L", "XL", "XXL")


def _matrix() -> tuple[MatrixRow, ...]:
    return (
        MatrixRow(
            STORY["ink"], "#1c2a44", ((40, 40), (90, 90), (140, 140), (120, 140), (40, 80), (0, 30))
        ),
        MatrixRow(
            STORY["colour"], "#e8e0cf", ((30, 30), (60, 70), (60, 110), (30, 110), (0, 60), (0, 20))
        ),
        MatrixRow(STORY["moss"], "#5c6b3f", ((10, 24), (20, 56), (0, 90), (0, 86), (0, 46), None)),
    )


def _timeline(at: datetime) -> list[TimelineEntry]:
    return [
        TimelineEntry(
            "truck",
            _("Expected at %(place)s", place=STORY["dock"]),
            _("not seen yet"),
            when=_("by %(time)s", time="15:10"),
            kind="expected",
        ),
        TimelineEntry(
            "again",
            _("Not read at %(place)s", place=STORY["dock"]),
            STORY["carton"],
            at - timedelta(minutes=28),
            position=1_284_611,
            kind="not-read",
        ),
        TimelineEntry(
            "carton",
            _("Packed into %(thing)s", thing=STORY["carton"]),
            STORY["table"],
            at - timedelta(minutes=30),
            position=1_284_560,
            recorded_at=at - timedelta(minutes=29),
        ),
        TimelineEntry(
            "needle",
            _("Left %(place)s", place=STORY["stage_2"]),
            _("not seen, concluded from %(place)s", place=STORY["checking"]),
            when="13:20 – 13:47",
            position=1_284_102,
            kind="inferred",
        ),
        TimelineEntry(
            "roll",
            _("Came in: %(thing)s", thing=STORY["roll"]),
            STORY["workshop"],
            at - timedelta(days=9),
            position=1_255_090,
        ),
    ]


def _genealogy() -> ribbons.Drawing:
    lays = [("118", 1620), ("119", 1500), ("121", 1440), ("122", 1560), ("124", 1380)]
    places = (
        ribbons.Node("lisbon", STORY["shop"], 2100, href="?"),
        ribbons.Node("road", STORY["city"], 1300),
        ribbons.Node("sold", STORY["moss"], 2200, kind="hidden"),
        ribbons.Node("factory", STORY["workshop"], 1840),
        ribbons.Node("gone", STORY["serial"], 60, kind="stop"),
    )
    columns = [
        ribbons.Level(_("rolls"), (ribbons.Node("roll", STORY["roll"], 7500),)),
        ribbons.Level(_("lays"), tuple(ribbons.Node(name, name, size) for name, size in lays)),
        ribbons.Level(_("places now"), places),
    ]
    flows = [ribbons.Flow("roll", name, size) for name, size in lays]
    flows += [
        ribbons.Flow(name, place.key, place.size * size / 7500)
        for name, size in lays
        for place in places
    ]
    return ribbons.levels(columns, flows, width=1180, height=300)


def _why() -> Why | None:
    if request.args.get("why") != "stopped":
        return None
    return Why(
        "stopped",
        4167,
        _("Garments that a gate stopped, or that a count found and set aside."),
        (
            WhyPart(3204, _("stopped at a gate"), "/parts", _("entries")),
            WhyPart(963, _("set aside in a count"), "/parts", _("entries")),
            WhyPart(0, _("not seen, concluded"), "", _("none")),
        ),
        1_284_907,
        now(),
        rule_name="stopped",
        rule_version=4,
    )


@blueprint.get("/parts")
def gallery() -> str:
    """Show every part."""
    matrix = _matrix()
    return render_template(
        "gallery.html",
        story=STORY,
        icons=ICONS,
        sizes=SIZES,
        matrix=matrix,
        sums=column_sums(matrix),
        timeline=_timeline(now()),
        genealogy=_genealogy(),
        why=_why(),
        steps=[
            Step("roll", STORY["roll"], 12, 12),
            Step("scissors", STORY["stage_1"], 1116, 1240),
            Step("truck", STORY["shop"], 0, 1240),
        ],
        first=date(2026, 12, 3),
        likely=date(2026, 12, 4),
        last=date(2026, 12, 7),
        at=datetime(2026, 11, 19, 14, 32, 5, tzinfo=UTC),
    )


@blueprint.get("/parts/gate/<state>")
def gate(state: str) -> str:
    """Show the gate in one of its states."""
    return render_template("gallery_gate.html", story=STORY, state=state, sizes=SIZES)


@blueprint.get("/parts/wall")
def wall() -> str:
    """Show what hangs on the wall."""
    return render_template("gallery_wall.html", story=STORY)
