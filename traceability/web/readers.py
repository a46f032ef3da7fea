"""Readers of this PC: plugged in, found out, tried and placed at a step, without a file edited.

Each port is one row that says what to do next. Finding out and reading take up to ten seconds: with
a script the page follows them, without one the form comes back when they are over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from traceability.floor_values import (
    FloorRefused,
    KnownReader,
    PlacedReader,
    PortNow,
    Reading,
    Seen,
)
from traceability.flow import Stage
from traceability.gs1 import InvalidIdentifier, identify, key_of_epc, product_of
from traceability.projections import items
from traceability.projections.view import View
from traceability.web import floor_door, screen, station_alarms
from traceability.web.floor_door import LONGEST_WAIT_S, READ_S, Floor
from traceability.web.hand_readers import hand_readers
from traceability.web.layout import MenuEntry
from traceability.web.live import Live
from traceability.web.reader_words import (
    STATES,
    Line,
    Told,
    hint_line,
    nothing_told,
    placed_told,
    reader_details,
    reader_sentence,
    refused_told,
    step_told,
    trouble_told,
    unseen_told,
)
from traceability.web.reading import current
from traceability.web.sentences import gettext as _
from traceability.web.sentences import lazy_gettext
from traceability.web.telling import as_title, item_path, named
from traceability.web.words import titled

blueprint = Blueprint("readers", __name__)
MENU = MenuEntry(lazy_gettext("Readers"), "readers.show", 70)

SEEN_SHOWN = 12
UNSEEN_SHOWN = 8
TITLE_MAX = 60


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag or code that was read now, as people call it."""

    name: str
    code: str
    href: str
    seen: Seen


@dataclass(frozen=True, slots=True)
class Spot:
    """One touch of "It stands at": a step, alone or beside a reader that is there."""

    stage: str
    title: str
    icon: str
    beside: str = ""
    """Station that it joins."""


@dataclass(frozen=True, slots=True)
class Row:
    """One port with everything there is to say of it."""

    anchor: str
    port: PortNow
    trouble: Told | None
    step: Told | None
    """What is being done to find out; None unless that is going on."""
    nothing: Told | None
    known: KnownReader | None
    sentence: str
    details: str
    reading: Reading | None
    tags: tuple[Tag, ...]
    known_hints: tuple[Line, ...] = ()
    """What about the reader is not as it left its box."""
    deaf_hints: tuple[Line, ...] = ()
    """What to look at where it answers and reads nothing."""

    @property
    def is_pending(self) -> bool:
        """True while something is still to come."""
        return self.step is not None or (self.reading is not None and not self.reading.is_done)


@dataclass(frozen=True, slots=True)
class Placed:
    """One reader at work."""

    anchor: str
    reader: PlacedReader
    title: str
    stage: str
    icon: str
    state: str
    word: str
    wrong: Told | None
    row: Row


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """One reader of a station on another PC, as that station says."""

    name: str
    station: str
    title: str
    is_up: bool
    reads: int
    noise: int


def anchor_of(url: str) -> str:
    """Return the id of a port's row: the same as long as its name is.

    >>> anchor_of("/dev/ttyUSB0")
    'port-c0ee77d8'
    """
    return "port-" + sha256(url.encode()).hexdigest()[:8]


@blueprint.get("/readers")
def show() -> str:
    """Show readers at work, ports with what to do next, and readers of other PCs."""
    floor = floor_door.floor()
    stations = floor.stations() if floor is not None else []
    refused = request.args.get("refused")
    with current().look() as view:
        page: dict[str, Any] = {
            "floor": floor,
            "refused": refused_told(refused, request.args.get("count", 0, type=int))
            if refused
            else None,
            "typed": request.args.get("typed", ""),
            "beeped": request.args.get("beeped", ""),
            "elsewhere": _elsewhere({one.station for one in stations}),
            "alarms": station_alarms.alarms_of_all(_gates()),
            "problems": dict(floor.problems) if floor is not None else {},
            "placed": [],
            "free": [],
            "spots": [],
            "unseen": [],
            "hands": hand_readers(view),
        }
        if floor is not None:
            ports = {port.url: port for port in floor.ports()}
            page["placed"] = [_placed(floor, view, one, ports.get(one.url)) for one in stations]
            page["free"] = [_row(floor, view, port) for port in ports.values() if not port.station]
            page["unseen"] = [(one, unseen_told(one)) for one in floor.unseen()[:UNSEEN_SHOWN]]
            page["spots"] = _spots(view.flow.stages, stations)
    return render_template("readers.html", **page)


def _placed(floor: Floor, view: View, reader: PlacedReader, port: PortNow | None) -> Placed:
    stage = view.flow.stage(reader.stage)
    here = port or PortNow(reader.url, "", "", "://" in reader.url, True, None, reader.station)
    state, word = STATES[reader.state]
    return Placed(
        anchor="reader-" + reader.name.replace(".", "-"),
        reader=reader,
        title=_spot_title(reader.title, stage),
        stage=titled(stage) if stage is not None else reader.stage,
        icon=stage.icon if stage is not None else "reader",
        state=state,
        word=str(word),
        wrong=placed_told(reader, here.trouble),
        row=_row(floor, view, here),
    )


def _spot_title(title: str, stage: Stage | None) -> str:
    """Say a spot that is called as its step in the language of the page, with its number."""
    usual = stage.title_in(current().opening.language) if stage is not None else ""
    rest = title.removeprefix(usual)
    is_usual = stage is not None and title.startswith(usual)
    if stage is not None and is_usual and (not rest or rest.strip().isdecimal()):
        return titled(stage) + rest
    return title


def _row(floor: Floor, view: View, port: PortNow) -> Row:
    finding, reading = floor.finding(port.url), floor.reading(port.url)
    known = floor.known(port.url)
    nothing = finding.nothing if finding is not None and finding.is_done else None
    return Row(
        anchor=anchor_of(port.url),
        port=port,
        trouble=trouble_told(port.trouble) if port.trouble is not None else None,
        step=step_told(finding) if finding is not None and not finding.is_done else None,
        nothing=nothing_told(nothing) if nothing is not None else None,
        known=None if nothing is not None else known,
        sentence=reader_sentence(known) if known is not None else "",
        details=reader_details(known) if known is not None else "",
        reading=reading,
        tags=_tags(view, reading.seen[:SEEN_SHOWN]) if reading is not None else (),
        known_hints=tuple(map(hint_line, known.hints)) if known is not None else (),
        deaf_hints=tuple(map(hint_line, reading.hints)) if reading is not None else (),
    )


def _tags(view: View, seen: tuple[Seen, ...]) -> tuple[Tag, ...]:
    """Name what was read; what nobody has entered keeps its code alone."""
    keys = {one.code: _key(one, view.namespace) for one in seen}
    wanted = [key for key in keys.values() if key]
    met = items.find_items(view, wanted)
    products = view.master("product", [product_of(key) or key for key in wanted])
    labels = view.labels(wanted)
    found = []
    for one in seen:
        key = keys[one.code]
        is_ours = key in met or (product_of(key) if key else "") in products
        name = as_title(named(labels[key], view.flow)) if is_ours else ""
        href = item_path(key) if key in met else ""
        found.append(Tag(name, screen.code_of(key) if key else one.code, href, one))
    return tuple(found)


def _key(seen: Seen, namespace: str) -> str:
    try:
        if seen.is_tag:
            return key_of_epc(bytes.fromhex(seen.code))
        return identify(seen.code, namespace=namespace).key or ""
    except InvalidIdentifier:
        return ""


def _spots(stages: tuple[Stage, ...], stations: list[PlacedReader]) -> list[Spot]:
    spots = []
    for stage in stages:
        here = {one.station: one.title for one in stations if one.stage == stage.name}
        title = titled(stage)
        for name, there in here.items():
            words = _("%(place)s, beside its reader", place=_spot_title(there, stage))
            spots.append(Spot(stage.name, words, stage.icon, name))
        spots.append(Spot(stage.name, f"{title} {len(here) + 1}" if here else title, stage.icon))
    return spots


def _gates() -> dict[str, Mapping[str, Any]]:
    hub: Live = current_app.extensions["hangtag.live"]
    return hub.gates()


def _elsewhere(ours: set[str]) -> list[Elsewhere]:
    return [
        Elsewhere(
            name=screen.text(line.get("name")),
            station=station,
            title=screen.text(tree.get("title")) or station,
            is_up=line.get("is_up") is not False,
            reads=screen.whole(line.get("reads")),
            noise=screen.whole(line.get("noise")),
        )
        for station, tree in sorted(_gates().items())
        if station not in ours
        for line in screen.rows(tree.get("readers"))
    ]


# --- what the forms do ---------------------------------------------------------------------------


def _wait_s(seconds: float) -> float:
    """A script follows by itself; a form without one waits for what it asked."""
    return 0.0 if "HX-Request" in request.headers else seconds


def _back(anchor: str = "", refused: FloorRefused | None = None, **more: str) -> Response:
    values: dict[str, Any] = dict(more)
    if refused is not None:
        values |= {"refused": refused.kind}
        if refused.count:
            values["count"] = refused.count
    return redirect(url_for("readers.show", **values, _anchor=anchor or None), 303)


def _asked() -> tuple[Floor, str]:
    """Return the floor and the port of a form."""
    found = floor_door.floor()
    if found is None:
        raise FloorRefused("gone", "This server has no readers of its own.")
    return found, request.form.get("port", "")


@blueprint.post("/readers/find-out")
def find_out() -> Response:
    """Find out what speaks on a port; a typed address is remembered first."""
    typed = request.form.get("address")
    try:
        floor, url = _asked()
        url = floor.add_port(typed) if typed is not None else url
        floor.find_out(url, wait_s=_wait_s(LONGEST_WAIT_S))
    except FloorRefused as error:
        return _back("refused", error, **({"typed": typed} if typed else {}))
    return _back(anchor_of(url))


@blueprint.post("/readers/read-now")
def read_now() -> Response:
    """Show what a reader reads, for ten seconds, without recording any of it."""
    try:
        floor, url = _asked()
        floor.read_now(url, seconds=READ_S, wait_s=_wait_s(READ_S + 2))
    except FloorRefused as error:
        return _back("refused", error)
    return _back(anchor_of(url))


@blueprint.post("/readers/beep")
def beep() -> Response:
    """Let a reader be heard, so that somebody sees which box it is."""
    try:
        floor, url = _asked()
        floor.beep(url)
    except FloorRefused as error:
        return _back("refused", error)
    return _back(anchor_of(url), beeped=anchor_of(url))


@blueprint.post("/readers/place")
def place() -> Response:
    """Place a reader at a step: it works from now on."""
    try:
        floor, url = _asked()
        # "stage" or "stage station": a button carries one value.
        stage, _space, beside = request.form.get("spot", "").partition(" ")
        if not stage:
            raise FloorRefused("choose", "No stage was chosen.")
        placed = place_reader(floor, url, stage, request.form.get("title", ""), beside)
    except FloorRefused as error:
        return _back("refused", error)
    return _back("reader-" + placed.name.replace(".", "-"))


def place_reader(
    floor: Floor,
    url: str,
    stage_name: str,
    title: str,
    beside: str = "",
    *,
    protocol: str | None = None,
    baud: int | None = None,
) -> PlacedReader:
    """Place a reader at a stage of the flow, in the zone and language of the workshop.

    Raises:
        FloorRefused: If the flow has no such stage, or the floor does not take it.
    """
    opening = current().opening
    with current().look() as view:
        stage = view.flow.stage(stage_name)
        if stage is None:
            raise FloorRefused("stage", f"The flow has no stage {stage_name!r}.")
        there = {one.station for one in floor.stations() if one.stage == stage.name}
        usual = stage.title_in(opening.language)
    named_so = title.strip()[:TITLE_MAX] or (f"{usual} {len(there) + 1}" if there else usual)
    return floor.place(
        url,
        stage=stage.name,
        title=named_so,
        place=stage.name,
        zone=opening.zone,
        language=opening.language,
        protocol=protocol,
        baud=baud,
        beside=beside or None,
    )


@blueprint.post("/readers/take-away")
def take_away() -> Response:
    """Take a reader away from its step."""
    try:
        floor, _url = _asked()
        remove_reader(floor, request.form.get("reader", ""))
    except FloorRefused as error:
        return _back("refused", error)
    return _back()


def remove_reader(floor: Floor, name: str) -> None:
    """Take a reader away; the screen of its station goes with its last reader.

    Raises:
        FloorRefused: If there is no such reader, or something it read is not sent yet.
    """
    station = next((one.station for one in floor.stations() if one.name == name), "")
    floor.remove(name)
    if station and station not in {one.station for one in floor.stations()}:
        hub: Live = current_app.extensions["hangtag.live"]
        hub.forget_gate(station)


@blueprint.post("/readers/rename")
def rename() -> Response:
    """Give a station another title."""
    title = request.form.get("title", "").strip()[:TITLE_MAX]
    try:
        floor, _url = _asked()
        if title:
            floor.rename(request.form.get("station", ""), title)
    except FloorRefused as error:
        return _back("refused", error)
    return _back()


@blueprint.post("/readers/forget")
def forget() -> Response:
    """Forget an address that somebody typed."""
    try:
        floor, url = _asked()
        floor.forget_port(url)
    except FloorRefused as error:
        return _back("refused", error)
    return _back()
