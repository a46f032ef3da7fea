"""What needs somebody: the worst on top, each with its place and since when.

Facts of the ledger (holds, what waits too long, lost scans, a record that is not true) stand beside
what the gates say of themselves this moment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from flask import current_app, url_for

from traceability.ledger.verify import Finding
from traceability.projections import blanks
from traceability.web import telling
from traceability.web.clock import now
from traceability.web.gate_notices import notices
from traceability.web.sentences import LazyString, lazy_gettext, ngettext
from traceability.web.sentences import gettext as _
from traceability.web.station_alarms import Alarm, alarms
from traceability.web.words import duration, number, state_word, titled

if TYPE_CHECKING:
    from traceability.flow import Flow
    from traceability.projections.board import Board
    from traceability.projections.view import View
    from traceability.web.ledger import RunRow

SILENT_AFTER = timedelta(seconds=15)
"""A station speaks every 5 s; three silences and it is taken for gone."""
STATES = {
    "READY": "ready",
    "READING": "reading",
    "PASS": "pass",
    "READ AGAIN": "again",
    "STOP": "stop",
    "UNKNOWN": "unknown",
    "HOLD": "hold",
}
REASONS: dict[str, LazyString] = {
    "missing": lazy_gettext("something is missing"),
    "too-many": lazy_gettext("more than expected"),
    "other-carton": lazy_gettext("belongs into another carton"),
    "not-known": lazy_gettext("nobody knows it here"),
    "held": lazy_gettext("it must not move"),
    "nothing-open": lazy_gettext("scan what it belongs to first"),
}
ORDER = ("stop", "hold", "down", "unknown", "again", "offline", "late")
"""The worst first; of two alike the older one."""


@dataclass(frozen=True, slots=True)
class GateCell:
    """One gate or table as its station says it is."""

    station: str
    title: str
    state: str
    """Name of the state: ready, reading, pass …; offline if it was not heard for a while."""
    word: str
    line: str
    aside: str
    since: datetime | None
    href: str
    fell: tuple[str, str] = ("", "")
    """That it reads less than it used to, and what to look at; empty while it does not."""
    alarms: tuple[Alarm, ...] = ()
    """What its station says of its own health."""

    def tree(self) -> dict[str, object]:
        """Return it as JSON."""
        return {"station": self.station, "title": self.title, "state": self.state}


@dataclass(frozen=True, slots=True)
class Need:
    """One row of "Needs somebody"."""

    icon: str
    state: str
    what: str
    line: str
    since: datetime | None
    aside: str
    href: str

    @property
    def age(self) -> str:
        """How long it has been so."""
        return duration(now() - self.since) if self.since is not None else ""

    def tree(self) -> dict[str, object]:
        """Return it as JSON."""
        since = self.since.isoformat() if self.since is not None else None
        return {"state": self.state, "what": self.what, "line": self.line, "since": since}


def gate_cells(gates: Mapping[str, Mapping[str, Any]], at: datetime) -> list[GateCell]:
    """Return what each gate shows, in the order of their names; none if no station ever spoke."""
    return [_gate_cell(name, gates[name], at) for name in sorted(gates)]


def _gate_cell(name: str, said: Mapping[str, Any], at: datetime) -> GateCell:
    heard = _time(said.get("at"))
    state = STATES.get(str(said.get("state", "")), "ready")
    if said.get("reader") == "down":
        state = "down"
    if heard is not None and at - heard > SILENT_AFTER:
        state = "offline"
    count, expected, waiting = (said.get(one) for one in ("count", "expected", "waiting"))
    line = ""
    if isinstance(expected, int) and isinstance(count, int):
        line = _("%(count)s of %(expected)s", count=number(count), expected=number(expected))
    elif isinstance(count, int) and count:
        line = ngettext("%(num)s thing", "%(num)s things", count)
    box = said.get("carton")
    if isinstance(box, Mapping) and box.get("name"):
        line = ", ".join(part for part in (line, str(box["name"])) if part)
    aside = ""
    if isinstance(waiting, int) and waiting:
        aside = _("%(count)s waiting to be sent", count=number(waiting))
    href = f"/gate/{name}" if has_page("/gate/<") else ""
    title = str(said.get("title") or name)
    noticed = notices(said)
    fell = (noticed.fell, noticed.remedy)
    word, told = state_word(state), alarms(said)
    return GateCell(name, title, state, word, line, aside, heard, href, fell, told)


def has_page(start: str) -> bool:
    """Say whether there is a page whose address begins so: links lead only to pages that exist."""
    return any(rule.rule.startswith(start) for rule in current_app.url_map.iter_rules())


def _time(written: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(written))
    except ValueError:
        return None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def needs(
    board: Board,
    gates: Sequence[GateCell],
    runs: Sequence[RunRow],
    finding: Finding | None,
    view: View,
) -> list[Need]:
    """Return everything that somebody should look at, the worst first."""
    flow = view.flow
    found = [*_record(finding), *_holds(board), *_lost(runs), *_gates(gates), *_falls(gates)]
    found += _alarms(gates)
    found += [*_late(board, flow), *_empty_tags(view), *_twins(view)]
    distant = datetime.max.replace(tzinfo=UTC)
    return sorted(found, key=lambda one: (ORDER.index(one.state), one.since or distant))


def _record(finding: Finding | None) -> list[Need]:
    from traceability.web.ledger import wrong_words

    if finding is None:
        return []
    href = url_for("ledger.show") + "#check"
    words = wrong_words(finding)
    return [Need("stop", "stop", _("The record is not true"), words, None, "", href)]


def _holds(board: Board) -> list[Need]:
    return [
        Need(
            "hold",
            "hold",
            _("Hold %(number)s", number=one.id),
            _(
                "%(count)s stopped: %(reason)s",
                count=ngettext("%(num)s thing", "%(num)s things", one.count),
                reason=one.reason,
            ),
            one.since,
            one.contact,
            url_for("ledger.entry", position=one.position),
        )
        for one in board.holds
    ]


def _lost(runs: Sequence[RunRow]) -> list[Need]:
    return [
        Need(
            "stop",
            "stop",
            ngettext("%(num)s scan lost", "%(num)s scans lost", row.lost),
            _("%(station)s counted more than came", station=row.title),
            row.run.seen_at,
            row.title,
            url_for("ledger.show") + "#runs",
        )
        for row in runs
        if row.lost
    ]


def _gates(gates: Sequence[GateCell]) -> list[Need]:
    lines = {
        "down": _("unplugged or without power: use the hand scanner"),
        "offline": _("not heard from; it goes on by itself and sends later"),
    }
    return [
        Need(
            one.state,
            one.state,
            one.word[:1].upper() + one.word[1:],
            lines.get(one.state, one.line),
            one.since,
            one.title,
            one.href,
        )
        for one in gates
        if one.state in ORDER
    ]


def _alarms(gates: Sequence[GateCell]) -> list[Need]:
    href = url_for("readers.show")
    return [
        Need("reader", alarm.state, alarm.what, alarm.line, None, one.title, href)
        for one in gates
        if one.state != "offline"
        for alarm in one.alarms
    ]


def _falls(gates: Sequence[GateCell]) -> list[Need]:
    return [
        Need("reader", "again", one.fell[0], one.fell[1], None, one.title, one.href)
        for one in gates
        if one.fell[0]
    ]


def _empty_tags(view: View) -> list[Need]:
    return [
        Need(
            "tag",
            "unknown",
            ngettext(
                "%(num)s tag that was never written",
                "%(num)s tags that were never written",
                one.tags,
            ),
            _("Give them a number first: print and write labels for them."),
            one.at,
            one.place.name,
            url_for("ledger.entry", position=one.position),
        )
        for one in blanks.blank_seen(view, now())
    ]


def _twins(view: View) -> list[Need]:
    return [
        Need(
            "tag",
            "unknown",
            _("One number at two places at once"),
            _(
                "%(thing)s, at %(place)s and at %(other)s: two tags carry it, or two readers "
                "hear each other.",
                thing=telling.named(view.label(one.key), view.flow),
                place=one.places[0].name,
                other=one.places[1].name,
            ),
            one.at,
            one.places[0].name,
            telling.item_path(one.key),
        )
        for one in blanks.twins(view, now())
    ]


def _late(board: Board, flow: Flow) -> list[Need]:
    return [
        Need(
            "late",
            "late",
            _("Waits too long"),
            _(
                "%(thing)s after %(stage)s",
                thing=telling.named(card.oldest.thing, flow),
                stage=titled(card.stage),
            ),
            card.oldest.since,
            titled(card.stage),
            telling.item_path(card.oldest.thing.key),
        )
        for card in board.stages
        if card.oldest is not None and card.is_behind
    ]
