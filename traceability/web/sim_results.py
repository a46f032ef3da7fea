"""What came of a visitor's act, in words: what the gate said, what the record heard, where to look.

Each function tells of the last act of one kind from three witnesses: the factory (what was done),
the stations' screens (what they said to it) and the ledger (what is written).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from flask import url_for
from markupsafe import Markup

from traceability.projections import happenings
from traceability.projections.view import View, short
from traceability.web import gate_words, telling
from traceability.web.hands import Device, Done, Floor, Said, read_time
from traceability.web.screen import FACES
from traceability.web.sentences import gettext as _
from traceability.web.sentences import ngettext
from traceability.web.words import bold, clock, number, position

if TYPE_CHECKING:
    from traceability.web.checks import Checked

LINES_READ = 60
LINES_SHOWN = 3
ANSWER_S = 6.0
"""An act that nobody has answered by then is not waited for any longer."""
PUSH_S = 8.0
DELIVERY_S = 12.0
"""How long after a cut or a gap the page looks on by itself."""
CALM = frozenset({"ready", "reading", "pass"})
Tree = Mapping[str, Any]  # JSON of a station


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a result."""

    at: datetime | None
    state: str
    word: str
    words: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What stands beside an action."""

    begun_at: datetime
    title: str
    rows: tuple[Row, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    """(words, address): where to look."""
    is_pending: bool = False
    """Something is still to come: the page looks again by itself."""
    command: str = ""


@dataclass(frozen=True, slots=True)
class Witnesses:
    """Everything that is asked for one page."""

    floor: Floor
    view: View
    gates: Mapping[str, Tree]
    now: datetime
    checked: Checked | None
    wrong: Callable[[Checked], str] = field(default=lambda checked: "")
    """Says what a verification found."""

    def lines(self, since: datetime) -> list[happenings.Line]:
        """Return what was recorded lately and happened since, newest first."""
        return [line for line in happenings.latest(self.view, limit=LINES_READ) if line.at >= since]


def reader_words(device: Device | None, name: str = "") -> str:
    """Name a reader as a person would: its place and what it is."""
    if device is None:
        return name
    what = _("antenna") if device.is_antenna else _("hand scanner")
    return _("%(place)s, %(what)s", place=device.place, what=what)


def wave(act: Done, seen: Witnesses) -> Result:
    """Tell what a waved tag came to."""
    key, station = str(act.facts.get("key")), str(act.facts.get("station"))
    name = thing_words(key, str(act.facts.get("name") or ""))
    reader = reader_words(seen.floor.device(str(act.facts.get("reader"))))
    heard = [
        line for line in seen.lines(act.begun_at) if key in {thing.key for thing in line.things}
    ]
    rows = [_said(one) for one in act.said] + [_told(line, seen) for line in heard[:LINES_SHOWN]]
    is_over = _age(act, seen) > ANSWER_S
    if not heard and is_over:
        why = _("It was here a moment ago, or the reader was out.")
        rows.append(Row(None, "ready", _("Nothing new for the record"), why))
    links = [(_("Open its screen"), url_for("gate.show", station=station))]
    if act.facts.get("name"):
        links.append((_("Open the garment's page"), telling.item_path(key)))
    return Result(
        act.begun_at,
        _("Held %(thing)s before %(reader)s", thing=bold(name), reader=reader),
        tuple(rows),
        tuple(links),
        not is_over,
    )


def push(act: Done, seen: Witnesses) -> Result:
    """Tell what the gate said to a carton."""
    missing = [one for one in act.facts.get("missing") or () if isinstance(one, Mapping)]
    carton = bold(short(str(act.facts.get("carton"))))
    count = number(int(act.facts.get("pieces") or 0) - len(missing))
    pieces = number(int(act.facts.get("pieces") or 0))
    title = _("Pushed carton %(carton)s, all %(count)s in it", carton=carton, count=pieces)
    if missing:
        title = _(
            "Pushed carton %(carton)s with %(count)s of %(all)s in it",
            carton=carton,
            count=count,
            all=pieces,
        )
    rows = [_said(one) for one in act.said]
    links = [(_("Open the gate's screen"), url_for("gate.show", station=act.facts["station"]))]
    links += [
        (
            _("Where is %(thing)s?", thing=thing_words(str(one["key"]), str(one["name"]))),
            telling.item_path(str(one["key"])),
        )
        for one in missing
    ]
    links.append((_("Open the carton's page"), telling.item_path(str(act.facts["carton"]))))
    return Result(act.begun_at, title, tuple(rows), tuple(links), _age(act, seen) < PUSH_S)


def unplug(act: Done, seen: Witnesses) -> Result:
    """Tell how a reader went and came back, and what the record says of the time between."""
    name, seconds = str(act.facts.get("reader")), float(act.facts.get("seconds") or 0)
    device = seen.floor.device(name)
    gaps = _gaps(act, seen, name)
    is_out = device is not None and not device.is_plugged
    state = _line_of(seen, name)
    rows = []
    if is_out or (state is not None and state.get("is_up") is False):
        rows.append(Row(None, "down", _("Reader down"), _("use the other reader of this place")))
    elif state is not None:
        rows.append(Row(None, "pass", _("Heard again"), _("it came back by itself")))
    rows += _gap_rows(gaps)
    station = device.station if device is not None else seen.floor.gate
    return Result(
        act.begun_at,
        _(
            "Pulled the cable of %(reader)s for %(seconds)s s",
            reader=bold(reader_words(device, name)),
            seconds=number(seconds),
        ),
        tuple(rows),
        (
            (_("Open its screen"), url_for("gate.show", station=station)),
            (_("Silent readers in the record"), url_for("ledger.show") + "#gaps"),
        ),
        is_out or (not gaps and _age(act, seen) < seconds + DELIVERY_S),
    )


def flip(act: Done, seen: Witnesses) -> Result:
    """Tell what became of damaged frames."""
    name, frames = str(act.facts.get("reader")), int(act.facts.get("frames") or 0)
    device = seen.floor.device(name)
    before = int(act.facts.get("noise") or 0)
    state = _line_of(seen, name)
    refused = int(state.get("noise") or 0) - before if state is not None else 0
    if refused > 0:
        words = ngettext(
            "%(num)s piece of noise was refused and kept out of the record",
            "%(num)s pieces of noise were refused and kept out of the record",
            refused,
        )
        rows = [Row(None, "pass", _("Refused"), words)]
    else:
        rows = [_quiet(_("They go out with the next answers of this reader."))]
    # A damaged answer may leave a reader silent until its session begins anew: that is a gap.
    rows += _gap_rows(_gaps(act, seen, name))
    station = device.station if device is not None else seen.floor.gate
    return Result(
        act.begun_at,
        ngettext(
            "Flipped a bit in the next %(num)s frame of %(reader)s",
            "Flipped a bit in each of the next %(num)s frames of %(reader)s",
            frames,
            reader=reader_words(device, name),
        ),
        tuple(rows),
        ((_("Open its screen"), url_for("gate.show", station=station)),),
        refused <= 0 and _age(act, seen) < DELIVERY_S,
    )


def network(act: Done, seen: Witnesses) -> Result:
    """Tell what the stations did alone, and that all of it arrived."""
    ended_at = read_time(act.facts.get("ended_at"))
    rows = []
    waiting = sum(int(tree.get("waiting") or 0) for tree in seen.gates.values())
    if ended_at is None:
        rows.append(
            Row(None, "offline", _("Offline"), _("the stations read on and keep everything"))
        )
    else:
        between = [line for line in seen.lines(act.begun_at) if line.at <= ended_at]
        words = ngettext(
            "%(num)s thing that happened meanwhile is in the record, at its own time",
            "%(num)s things that happened meanwhile are in the record, at their own times",
            len(between),
        )
        rows.append(Row(ended_at, "pass", _("Back"), words))
        rows.append(
            Row(None, "late" if waiting else "pass", _("Waiting"), number(waiting))
            if waiting
            else Row(None, "pass", _("All sent"), _("nothing waits at any station"))
        )
    seconds = number(float(act.facts.get("seconds") or 0))
    return Result(
        act.begun_at,
        _("Stopped the network for %(seconds)s s", seconds=seconds),
        tuple(rows),
        (
            (_("Open the gates"), url_for("gate.every")),
            (_("Stations in the record"), url_for("ledger.show") + "#runs"),
        ),
        ended_at is None or seen.now - ended_at < timedelta(seconds=DELIVERY_S),
    )


def tamper(act: Done, seen: Witnesses) -> Result:
    """Tell whether the altered record was named, and whether all is true again."""
    altered, back_at = seen.floor.altered, read_time(act.facts.get("put_back_at"))
    at = int(act.facts.get("position") or 0)
    checked = seen.checked
    rows, is_pending = [], True
    if altered is not None and checked is not None and not checked.is_true:
        rows.append(
            Row(
                checked.ended_at,
                "stop",
                _("Not true"),
                seen.wrong(checked),
                url_for("ledger.entry", position=at),
            )
        )
        is_pending = False
    elif altered is not None:
        rows.append(_quiet(_("The watch has not come round yet: it looks every few seconds.")))
    elif back_at is not None and (checked is None or not checked.is_true):
        rows.append(_quiet(_("Put back. The watch has not come round yet.")))
    elif back_at is not None and checked is not None:
        words = _("%(count)s entries checked", count=number(checked.report.size))
        rows.append(Row(checked.ended_at, "pass", _("All true"), words))
        is_pending = checked.ended_at < back_at
    return Result(
        act.begun_at,
        _("Changed one digit of entry %(position)s in the database", position=number(at))
        if altered is not None
        else _("Changed one digit of entry %(position)s, then put it back", position=number(at)),
        tuple(rows),
        (
            (_("Open the record"), url_for("ledger.show")),
            (_("Open the entry"), url_for("ledger.entry", position=at)),
        ),
        is_pending,
        f"hangtag ledger verify --db {seen.floor.database}" if seen.floor.database else "",
    )


TELLERS: dict[str, Callable[[Done, Witnesses], Result]] = {
    "wave": wave,
    "push": push,
    "unplug": unplug,
    "flip": flip,
    "network": network,
    "tamper": tamper,
}
"""One for each kind of act, in the order of the page."""


def thing_words(key: str, name: str) -> str:
    """Name a garment so that it can be told from its likes; somebody else's tag is a stranger."""
    return f"{name} {short(key)}" if name else _("a stranger's tag %(code)s", code=short(key))


def _gaps(act: Done, seen: Witnesses, reader: str) -> list[happenings.Line]:
    lines = seen.lines(act.begun_at)
    return [line for line in lines if line.type == "gap" and line.read_point == reader]


def _gap_rows(gaps: list[happenings.Line]) -> list[Row]:
    return [
        Row(
            line.at,
            "late",
            _("Gap"),
            _("written down as %(position)s: nothing is guessed for it", position=_at(line)),
            url_for("ledger.entry", position=line.position),
        )
        for line in gaps[:LINES_SHOWN]
    ]


def _said(said: Said) -> Row:
    state = FACES.get(said.state, "ready")
    words = _missing_words(said)
    if not words and said.others:
        words = _named(said.others[0])
    if not words and said.expected is not None:
        words = _("%(count)s of %(expected)s", count=said.count, expected=number(said.expected))
    return Row(said.at, state, gate_words.say(state), words)


def _missing_words(said: Said) -> str:
    if not said.missing or FACES.get(said.state) not in ("again", "stop"):
        return ""
    one = said.missing[0]
    at, place = read_time(one.get("seen_at")), str(one.get("place") or "")
    words = _("Not read: %(thing)s", thing=bold(_named(one)))
    if at is None or not place:
        return words
    last = _("last seen %(place)s, %(time)s", place=place, time=clock(at))
    return Markup("{}, {}").format(words, last)


def _named(one: Tree) -> str:
    key, name = str(one.get("key") or ""), str(one.get("name") or "")
    return name if not name or "…" in name else f"{name} {short(key)}"


def _told(line: happenings.Line, seen: Witnesses) -> Row:
    told = telling.line(line, seen.view.flow)
    href = url_for("ledger.entry", position=line.position)
    return Row(
        line.at, "pass", _("In the record, %(position)s", position=_at(line)), told.words, href
    )


def _at(line: happenings.Line) -> str:
    return position(line.position)


def _quiet(words: str) -> Row:
    return Row(None, "ready", _("Waiting"), words)


def _line_of(seen: Witnesses, reader: str) -> Tree | None:
    """Return what its station says of a reader."""
    for tree in seen.gates.values():
        for one in tree.get("readers") or ():
            if isinstance(one, Mapping) and one.get("name") == reader:
                return one
    return None


def _age(act: Done, seen: Witnesses) -> float:
    return (max(seen.now, act.begun_at).astimezone(UTC) - act.begun_at).total_seconds()
