"""What a gate's screen says: one word, one number, one instruction, out of a station's live state.

The station decides; here it is only put into words. The page does the same by itself for every
state that comes while it is open (``static/js/gate.js``), with the same sentences; a test holds the
two together.

>>> face({"state": "PASS", "reader": "down"}, is_silent=False)
'down'
>>> face({"state": "PASS"}, is_silent=True)
'quiet'
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from traceability.projections.view import short
from traceability.web.gate_words import age, say
from traceability.web.words import group_thousands, local

Tree = Mapping[str, Any]
"""A live state as the station said it: JSON, trusted in nothing."""

FACES = {
    "READY": "ready",
    "READING": "reading",
    "PASS": "pass",
    "READ AGAIN": "again",
    "STOP": "stop",
    "UNKNOWN": "unknown",
    "HOLD": "hold",
}
"""The states a station can be in, with the name that shape, colour and sound go by."""
SILENT_S = 15
"""A station says something every 5 s: after three missed beats nobody may trust its screen."""
NAMES_MAX = 3
LINES_MAX = 5


@dataclass(frozen=True, slots=True)
class Side:
    """What stands beside the verdict: a carton's tag, what is not read, where to take it."""

    kind: str
    """carton, note, point, facts or hold."""
    label: str = ""
    name: str = ""
    place: str = ""
    rows: tuple[tuple[str, str], ...] = ()
    code: str = ""


@dataclass(frozen=True, slots=True)
class Screen:
    """One screen of a gate, in the page's language."""

    state: str
    """ready, reading, pass, again, stop, unknown, hold, down, or quiet: nothing to go by."""
    word: str
    title: str = ""
    order: str = ""
    waiting: int = 0
    count: int | None = None
    of: int | None = None
    unit: str = ""
    reason: str = ""
    line: str = ""
    small: str = ""
    code: str = ""
    side: Side | None = None
    note: str = ""
    action: str = ""
    """Name of the one main action: show missing, show tags, show held, seen; or nothing."""
    offline: tuple[str, str, str] | None = None
    """The frame: its word, how long and how many wait, and one sentence."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Where and when the screen is looked at."""

    way: str
    """gate: cartons pass; table: something is opened first; line: one thing after another."""
    now: datetime
    title: str
    heard_at: datetime | None = None
    """When the server last heard from the station; None: never."""
    silent_s: int = field(default=SILENT_S)

    @property
    def is_silent(self) -> bool:
        """The station has missed its beats."""
        return self.heard_at is None or self.now - self.heard_at > timedelta(seconds=self.silent_s)


def face(tree: Tree | None, *, is_silent: bool) -> str:
    """Choose what the screen shows.

    A reader that is down hides all but a hold: nothing else can be trusted. A green or blue screen
    does not outlive the station that said it; the others stay, because they ask for care.
    """
    if tree is None:
        return "quiet"
    state = FACES.get(str(tree.get("state")), "ready")
    if tree.get("reader") == "down" and state != "hold":
        state = "down"
    return "quiet" if is_silent and state in ("pass", "reading") else state


def compose(tree: Tree | None, moment: Moment) -> Screen:
    """Put a live state into words.

    Args:
        tree: What the station said last; None if it never spoke to this server.
        moment: Where and when it is looked at.
    """
    state = face(tree, is_silent=moment.is_silent)
    if tree is None:
        return Screen(
            state,
            say("waiting"),
            title=moment.title,
            line=say("not heard"),
            small=say("not heard line"),
        )
    screen = Screen(
        state,
        say(state),
        title=text(tree.get("title")) or moment.title,
        order=_joined(text(tree.get("order")), _name(tree.get("destination"))),
        waiting=whole(tree.get("waiting")),
        offline=_frame(tree, moment),
    )
    screen = _FACES[state](screen, tree, moment)
    # Beside a verdict about goods, tags that nobody wrote are a note: they never spoil it.
    is_beside = state in ("pass", "again", "stop", "unknown") and tree.get("reason") != "blank"
    note = _blank(tree) if is_beside else ""
    return replace(screen, note=note) if note else screen


def _blank(tree: Tree) -> str:
    count = whole(tree.get("blank"))
    if count < 1:
        return ""
    return say("blank one") if count == 1 else say("blank many", count=group_thousands(count))


def _ready(screen: Screen, tree: Tree, moment: Moment) -> Screen:
    opened = rows(tree.get("open"))
    note = say("note ready")
    if not opened:
        return replace(screen, line=say(f"do {moment.way}"), note=note)
    first = opened[-1]
    small = say("done of", done=_number(first.get("done")), pieces=_number(first.get("pieces")))
    return replace(
        screen,
        line=say("is open", thing=thing(first)),
        small=small if first.get("pieces") else "",
        note=note,
    )


def _reading(screen: Screen, tree: Tree, _moment: Moment) -> Screen:
    return replace(
        screen,
        count=whole(tree.get("count")),
        of=_maybe(tree.get("expected")),
        line=say("keep moving"),
        small=_joined(*_whereto(tree)),
        note=say("note reading"),
    )


def _pass(screen: Screen, tree: Tree, _moment: Moment) -> Screen:
    to = _name(tree.get("destination"))
    of = _maybe(tree.get("expected"))
    return replace(
        screen,
        count=whole(tree.get("count")),
        of=of,
        unit="" if of is not None else say("unit read"),
        line=say("go to", place=to) if to else say("go on"),
        side=_carton_tag(tree),
        note=say("note pass"),
    )


def _again(screen: Screen, tree: Tree, moment: Moment) -> Screen:
    missing = rows(tree.get("missing"))
    side = None
    if missing:
        rest = whole(tree.get("missing_count")) - 1
        shown = tuple((thing(one), _place_and_time(one, moment)) for one in missing[1:NAMES_MAX])
        left = rest - len(shown)
        if left > 0:
            shown = (*shown, (say("more", count=group_thousands(left)), ""))
        first = missing[0]
        side = Side("note", say("not read"), thing(first), seen(first, moment), shown)
    return replace(
        screen,
        count=whole(tree.get("count")),
        of=_maybe(tree.get("expected")),
        line=say("turn"),
        side=side,
        action="show missing",
    )


def _stop(screen: Screen, tree: Tree, moment: Moment) -> Screen:
    missing, others = rows(tree.get("missing")), rows(tree.get("others"))
    cause = tree.get("reason")
    read = _maybe(tree.get("expected"))
    small = _joined(
        *_whereto(tree),
        say("read of", read=_number(tree.get("count")), expected=_number(read)) if read else "",
    )
    screen = replace(screen, small=small, code=_code(tree.get("carton")), action="seen")
    if cause == "missing":
        count = group_thousands(whole(tree.get("missing_count")) or len(missing))
        names = [_missed(one, moment) for one in missing]
        return replace(
            screen,
            reason=say("is missing", count=count),
            line=_listed(names, whole(tree.get("missing_count"))),
            side=Side("point", say("not read"), count),
        )
    if cause == "nothing-open":
        return replace(screen, reason=say("nothing open"), line=say("do table"))
    if cause == "codes-differ":
        two = tree.get("differ")
        two = two if isinstance(two, Mapping) else {}
        line = say("two codes say", label=text(two.get("label")), tag=text(two.get("tag")))
        return replace(screen, reason=say("two codes"), line=line)
    reasons = {"other-carton": "other carton", "too-many": "too many"}
    names = [
        say("belongs to", thing=thing(one), carton=short(text(one.get("belongs_to"))))
        if one.get("belongs_to")
        else thing(one)
        for one in others
    ]
    count = group_thousands(len(others) or whole(tree.get("count")))
    only = text(others[0].get("belongs_to")) if len(others) == 1 else ""
    side = Side("point", say("take out"), count)
    if only:
        side = Side("point", say("take to"), place=say("carton", name=short(only)))
    return replace(
        screen,
        reason=say(reasons.get(str(cause), "not for here"), count=count),
        line=_listed(names, len(others)),
        side=side,
    )


def _unknown(screen: Screen, tree: Tree, _moment: Moment) -> Screen:
    if tree.get("reason") == "blank":
        count = whole(tree.get("blank")) or whole(tree.get("count"))
        line = _blank({"blank": count})
        return replace(screen, count=count, line=line, action="show tags")
    if tree.get("reason") == "no-tag":
        return replace(screen, word=say("no tag word"), reason=say("no tag"), line=say("aside"))
    others = rows(tree.get("others"))
    expected = _maybe(tree.get("expected"))
    facts = [thing(one) for one in (others or rows(tree.get("items")))]
    shown = tuple((name, "") for name in facts[:NAMES_MAX])
    if len(facts) > NAMES_MAX:
        shown = (*shown, (say("more", count=group_thousands(len(facts) - NAMES_MAX)), ""))
    read = ""
    if expected is not None:
        read = say("read of", read=_number(tree.get("count")), expected=group_thousands(expected))
    elif tree.get("reason") == "nothing-open":
        read = say("nothing open")
    elif tree.get("carton"):
        read = say("not told")
    return replace(
        screen,
        count=len(others) or whole(tree.get("count")),
        unit=say("unit unknown"),
        line=say("do table") if tree.get("reason") == "nothing-open" else say("aside"),
        side=Side("facts", read, rows=shown) if read or shown else None,
        action="show tags",
    )


def _hold(screen: Screen, tree: Tree, _moment: Moment) -> Screen:
    hold = tree.get("hold")
    hold = hold if isinstance(hold, Mapping) else {}
    name = text(hold.get("id"))
    contact = text(hold.get("contact"))
    down = say("use scanner") if tree.get("reader") == "down" else ""
    return replace(
        screen,
        reason=say("do not move"),
        line=text(hold.get("reason")),
        small=say("call", contact=contact) if contact else "",
        code=_code(tree.get("carton")),
        side=Side("hold", say("hold"), name) if name else None,
        note=_joined(say("note hold", hold=name) if name else "", down),
        action="show held",
    )


def _down(screen: Screen, tree: Tree, moment: Moment) -> Screen:
    dead = [one for one in rows(tree.get("readers")) if one.get("is_up") is False]
    silent = ""
    if dead:
        silent = say(
            "silent since",
            reader=", ".join(text(one.get("name")) for one in dead[:NAMES_MAX]),
            time=_clock(dead[0].get("since"), moment.now),
        )
    was = FACES.get(str(tree.get("state")), "ready")
    shown = say("before", word=say(was)) if was not in ("ready", "reading") else ""
    return replace(
        screen,
        reason=say("use scanner"),
        line=_joined(silent, say("plug"), by=" "),
        small=_joined(say("kept"), shown, by=" "),
        note=say("note down"),
    )


def _quiet(screen: Screen, tree: Tree, moment: Moment) -> Screen:
    was = FACES.get(str(tree.get("state")), "ready")
    word = _joined(say(was), _counted(tree), by=" ")
    last = say("last word", word=word, time=_clock(tree.get("heard_at"), moment.now))
    return replace(screen, line=last, small=_joined(*_whereto(tree)), note=say("note ready"))


_FACES = {
    "ready": _ready,
    "reading": _reading,
    "pass": _pass,
    "again": _again,
    "stop": _stop,
    "unknown": _unknown,
    "hold": _hold,
    "down": _down,
    "quiet": _quiet,
}


def _frame(tree: Tree, moment: Moment) -> tuple[str, str, str] | None:
    waiting = group_thousands(whole(tree.get("waiting")))
    if moment.is_silent and moment.heard_at is not None:
        since = say("for", age=age(moment.now - moment.heard_at), count=waiting)
        sentence = say("no word", time=_clock(tree.get("heard_at"), moment.now))
        return say("offline"), since, sentence
    if tree.get("online") is False:
        return say("offline"), say("now waiting", count=waiting), say("all kept")
    return None


def _carton_tag(tree: Tree) -> Side | None:
    carton = tree.get("carton")
    if not isinstance(carton, Mapping):
        return None
    key = text(carton.get("key"))
    foreign = {key, *(text(one.get("key")) for one in rows(tree.get("others")))}
    counts: dict[str, int] = {}
    for one in rows(tree.get("items")):
        if one.get("key") not in foreign:
            name = text(one.get("name")).partition(" …")[0]
            counts[name] = counts.get(name, 0) + 1
    most = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    shown = [(name, group_thousands(count)) for name, count in most[:LINES_MAX]]
    if len(most) > LINES_MAX:
        left = sum(count for _, count in most[LINES_MAX - 1 :])
        shown[-1] = (say("more", count=group_thousands(left)), "")
    to = _name(tree.get("destination"))
    return Side("carton", "", _name(carton) or short(key), to, tuple(shown), _code(carton))


def _whereto(tree: Tree) -> list[str]:
    """Say which carton it is, of which order, and where it goes."""
    carton, order = _name(tree.get("carton")), text(tree.get("order"))
    to = _name(tree.get("destination"))
    return [
        say("carton", name=carton) if carton else "",
        say("order", order=order) if order else "",
        say("to", place=to) if to else "",
    ]


def _counted(tree: Tree) -> str:
    expected = _maybe(tree.get("expected"))
    count = _number(tree.get("count"))
    return count if expected is None else f"{count} {say('of', count=group_thousands(expected))}"


def seen(one: Tree, moment: Moment) -> str:
    """Say where and when a thing was last seen."""
    place, at = text(one.get("place")), one.get("seen_at")
    time = _clock(at, moment.now) if at else ""
    if place and time:
        return say("last seen", place=place, time=time)
    return say("last seen at", time=time) if time else say("never seen")


def _place_and_time(one: Tree, moment: Moment) -> str:
    at = _clock(one.get("seen_at"), moment.now) if one.get("seen_at") else ""
    return _joined(text(one.get("place")), at, by=" ")


def _missed(one: Tree, moment: Moment) -> str:
    where = _place_and_time(one, moment)
    return say("thing last seen", thing=thing(one), place=where) if where else thing(one)


def thing(one: Tree) -> str:
    """Name one thing so that it can be told from its likes: "Overshirt, navy, M …0007"."""
    key, name = text(one.get("key")), text(one.get("name"))
    end = short(key)
    if not name:
        return end
    return name if "…" in name or end in name else f"{name} {end}"


def _code(carton: object) -> str:
    return code_of(text(carton.get("key"))) if isinstance(carton, Mapping) else ""


def code_of(key: str) -> str:
    """Write the digits of a key with what they are.

    >>> code_of("/00/395212340000044179"), code_of("//w.invalid/class/B-17")
    ('(00) 395212340000044179', 'B-17')
    """
    if not key.startswith("/") or key.startswith("//"):
        return short(key) if key else ""
    parts = key.split("/")[1:]
    return " ".join(f"({ai}) {value}" for ai, value in zip(parts[::2], parts[1::2], strict=False))


def _listed(names: Sequence[str], count: int) -> str:
    left = max(count, len(names)) - NAMES_MAX
    rest = [say("more", count=group_thousands(left))] if left > 0 else []
    return " · ".join([*names[:NAMES_MAX], *rest])


def _clock(at: object, now: datetime) -> str:
    """Write a time of today as a time, an earlier one with month and day before it."""
    moment = read_time(at)
    if moment is None:
        return "–"
    there = local(moment)
    return f"{there:%H:%M}" if there.date() == local(now).date() else f"{there:%m-%d %H:%M}"


def read_time(value: object) -> datetime | None:
    """Read a time as a station writes it; None if it is none."""
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def _joined(*parts: str, by: str = " · ") -> str:
    return by.join(part for part in parts if part)


def rows(value: object) -> list[Tree]:
    """Return a list of objects; what else stands there is left out."""
    found = value if isinstance(value, list) else []
    return [one for one in found if isinstance(one, Mapping)]


def text(value: object) -> str:
    """Return a text, or nothing for anything else."""
    return value if isinstance(value, str) else ""


def _name(value: object) -> str:
    return text(value.get("name")) if isinstance(value, Mapping) else ""


def _maybe(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def whole(value: object) -> int:
    """Return a whole number, or 0 for anything else."""
    return _maybe(value) or 0


def _number(value: object) -> str:
    return group_thousands(whole(value))
