"""The record itself: how large it is, how it grew, who wrote into it, and whether it is true."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from werkzeug.wrappers import Response

from traceability.database import MICRO
from traceability.epcis import body as bodies
from traceability.epcis.event import read_event
from traceability.errors import TraceabilityError
from traceability.ledger import history
from traceability.ledger.append import Ledger
from traceability.ledger.clock_answer import CLOCK
from traceability.ledger.history import Run, Sheet
from traceability.ledger.verify import Finding
from traceability.projections import happenings
from traceability.projections.items import count_items
from traceability.projections.touches import Role, facts_of
from traceability.projections.view import Label, View, short
from traceability.web import access, proving, telling
from traceability.web.background import Background
from traceability.web.checks import Checked, Checks
from traceability.web.clock import now
from traceability.web.hand_readers import reader_of
from traceability.web.layout import MenuEntry
from traceability.web.live import Live
from traceability.web.reading import Reading, current
from traceability.web.sentences import LazyString, lazy_gettext
from traceability.web.sentences import gettext as _
from traceability.web.why import Why, WhyPart
from traceability.web.wire import has_wire
from traceability.web.words import number

if TYPE_CHECKING:
    from traceability.projections.happenings import Line

blueprint = Blueprint("ledger", __name__)
MENU = MenuEntry(lazy_gettext("Record"), "ledger.show", 80)

SHOWN = 12
THINGS_SHOWN = 100

KINDS: dict[str, LazyString] = {
    "event": lazy_gettext("happened"),
    "declaration": lazy_gettext("taken back"),
    "master": lazy_gettext("entered"),
    "flow": lazy_gettext("flow"),
    "gap": lazy_gettext("reader silent"),
    "key": lazy_gettext("key"),
    "erasure": lazy_gettext("erased"),
    "hold": lazy_gettext("hold"),
}
WRONG: dict[str, LazyString] = {
    "changed body": lazy_gettext("what was said there is not what was sealed"),
    "changed entry": lazy_gettext("the entry does not fit its fingerprint"),
    "deleted": lazy_gettext("the entry is gone"),
    "inserted": lazy_gettext("an entry was put in"),
    "reordered": lazy_gettext("two entries stand in each other's place"),
    "truncated tail": lazy_gettext("the last entries are gone"),
    "missing body": lazy_gettext("what was said there is gone"),
    "tile altered": lazy_gettext("the tree of fingerprints was altered"),
    "root altered": lazy_gettext("the fingerprint of the whole was altered"),
    "trigger removed": lazy_gettext("the rule that forbids changes was taken out of the database"),
    "trigger added": lazy_gettext("a rule that is not ours was put into the database"),
    "grant changed": lazy_gettext("somebody was given the right to change the record"),
    "projection row": lazy_gettext("a figure is not what the entries give"),
    "projection stale": lazy_gettext("the figures stand at an earlier entry"),
    "unreadable body": lazy_gettext("what was said there means nothing"),
    "changed document": lazy_gettext("the sender's original is not what was sealed"),
    "missing document": lazy_gettext("the sender's original is gone"),
    "head altered": lazy_gettext("the record's own numbers were altered"),
    "side row": lazy_gettext("what is kept beside the entry does not fit it"),
    "forked history": lazy_gettext("this is another history than the one that was signed"),
    "rolled back": lazy_gettext("the record went back to an older state, and nobody said so"),
    "checkpoint altered": lazy_gettext("a signed size was altered"),
    "key not signed": lazy_gettext("a new key is not signed by the one before"),
    "key swapped": lazy_gettext("the key is not the one that signed before"),
}
ROLES: dict[Role, LazyString] = {
    Role.SEEN: lazy_gettext("seen"),
    Role.ADDED: lazy_gettext("first marked"),
    Role.REMOVED: lazy_gettext("taken out of use"),
    Role.RELEASE: lazy_gettext("emptied"),
    Role.CHILD: lazy_gettext("packed into it"),
    Role.UNCHILD: lazy_gettext("taken out of it"),
    Role.PARENT: lazy_gettext("holds the others"),
    Role.QUANTITY: lazy_gettext("more or less of it"),
    Role.COUNT: lazy_gettext("counted"),
    Role.INPUT: lazy_gettext("worked on"),
    Role.OUTPUT: lazy_gettext("made"),
    Role.INFERRED_CHILD: lazy_gettext("seen inside it"),
}


@blueprint.record
def _prepare(state: BlueprintSetupState) -> None:
    """Give the app its checks and its work in the background; the door starts that."""
    app = state.app
    reading: Reading = app.extensions["hangtag.reading"]
    book = reading.ledger
    if not isinstance(book, Ledger):
        return
    checks = Checks(book, app.extensions["hangtag.clock"])
    app.extensions["hangtag.checks"] = checks
    app.extensions["hangtag.background"] = Background(
        book, checks, is_watched=reading.opening.is_demo
    )


def checks() -> Checks:
    """Return the verifications of this server's ledger."""
    return cast("Checks", current_app.extensions["hangtag.checks"])


def wrong_words(finding: Finding) -> str:
    """Say in words what is not as it was, with its position: "position 1 204: …"."""
    words = str(WRONG[finding.kind]) if finding.kind in WRONG else finding.detail
    if finding.position is None:
        return words
    return _("position %(position)s: %(what)s", position=number(finding.position), what=words)


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run of a station on the page: read = accepted + waiting."""

    run: Run
    title: str
    waiting: int | None
    """What the station says it has not sent yet; None for a run that is over or silent."""
    is_newest: bool

    @property
    def read(self) -> int:
        """What the station has read and made known of."""
        return self.run.accepted + (self.waiting or 0)

    @property
    def lost(self) -> int:
        """Numbers that have not come and that nobody says are on their way."""
        return max(0, self.run.missing_count - (self.waiting or 0))


def run_rows(view: View, gates: Mapping[str, Mapping[str, Any]]) -> list[RunRow]:
    """Join the record's count of each station with what the station says of itself now."""
    rows = []
    newest: set[str] = set()
    for run in history.runs(view.connection, view.ledger_id):
        state = gates.get(run.station, {})
        is_newest = run.station not in newest
        newest.add(run.station)
        waiting = state.get("waiting") if is_newest else None
        title = str(state.get("title") or run.station)
        rows.append(RunRow(run, title, waiting if isinstance(waiting, int) else None, is_newest))
    return rows


def _gates() -> dict[str, Mapping[str, Any]]:
    hub: Live = current_app.extensions["hangtag.live"]
    return hub.gates()


@blueprint.get("/ledger")
def show() -> str:
    """Show the record: size, shape, growth, runs, what is missing, the latest entries."""
    with current().look() as view:
        days = history.growth(
            view.connection,
            view.ledger_id,
            size=view.size,
            now=now(),
            zone=current().opening.zone,
        )
        runs = run_rows(view, _gates())
        sheets = history.sheets(
            view.connection, view.ledger_id, max(0, view.size - SHOWN), view.size
        )
        return render_template(
            "ledger.html",
            view=view,
            days=days,
            today=days[-1].count,
            things=count_items(view),
            **proving.of_record(view),
            runs=[row for row in runs if row.is_newest or row.lost],
            earlier=[row for row in runs if not row.is_newest and not row.lost],
            lost=sum(row.lost for row in runs),
            gaps=history.gaps(view.connection, view.ledger_id),
            gap_count=history.gap_count(view.connection, view.ledger_id),
            contradictions=history.contradictions(view.connection, view.ledger_id),
            entries=_rows(view, sheets),
            checked=checks().latest,
            running=checks().running,
            is_watched=current().opening.is_demo,
            wrong_words=wrong_words,
            why=_why(view, runs, days[-1].count),
        )


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One line of the table of entries."""

    sheet: Sheet
    kind: str
    words: str


def _rows(view: View, sheets: list[Sheet]) -> list[EntryRow]:
    lines = {}
    if sheets:
        first = sheets[0].position
        for line in happenings.latest(view, limit=len(sheets), before=sheets[-1].position + 1):
            if line.position >= first:
                lines[line.position] = line
    return [
        EntryRow(sheet, str(KINDS.get(sheet.kind, sheet.kind)), _words(view, sheet, lines))
        for sheet in reversed(sheets)
    ]


def _words(view: View, sheet: Sheet, lines: Mapping[int, Line]) -> str:
    line = lines.get(sheet.position)
    if line is not None:
        return telling.line(line, view.flow).words
    tree = sheet.tree()
    if not isinstance(tree, dict):
        return _("cannot be read")
    if sheet.kind == "flow":
        return _("The ledger begins: %(name)s", name=str(tree.get("name", "")))
    if sheet.kind == "key" and tree.get("type") == "log-key":
        return _("Key %(number)s begins to sign for the record", number=str(tree.get("epoch", "")))
    if sheet.kind == "erasure" and "positions" in tree:
        erased = ", ".join(number(int(one)) for one in tree["positions"])
        return _("What was said at %(position)s was erased", position=erased)
    if sheet.kind == "erasure":
        return _("A name was erased: %(thing)s", thing=short(str(tree.get("id", ""))))
    values = tree.get("values")
    if tree.get("type") == CLOCK and isinstance(values, dict):
        is_right = values.get("answer") == "yes"
        return (
            _("The clock is right, somebody said")
            if is_right
            else _("The clock is wrong, somebody said")
        )
    named = values.get("name") or values.get("title") if isinstance(values, dict) else None
    return _("Entered: %(thing)s", thing=str(named or tree.get("id", "")))


def _why(view: View, runs: list[RunRow], today: int) -> Why | None:
    asked = request.args.get("why")
    if asked == "entries":
        return Why(
            "entries",
            view.size,
            _("Every fact is one entry; positions run from 0 without a hole."),
            (
                WhyPart(today, _("came today")),
                WhyPart(
                    view.size - 1, _("position of the last one"), _href(view.size - 1), _("open")
                ),
            ),
            view.size - 1,
            view.record_at,
        )
    if asked == "lost":
        return Why(
            "lost",
            sum(row.lost for row in runs),
            _(
                "Each station counts what it reads. A number that has not come, and that the "
                "station does not say is still waiting, is lost."
            ),
            tuple(
                WhyPart(row.run.accepted, _("came from %(station)s", station=row.title))
                for row in runs[:12]
            ),
            view.size - 1,
            view.record_at,
        )
    return None


def _href(position: int) -> str:
    return url_for("ledger.entry", position=position) if position >= 0 else ""


@blueprint.post("/ledger/verify")
def begin() -> Response:
    """Begin to verify everything; the page shows how far it is."""
    key = access.key()
    checks().start("admin" if key is None else key.title or key.id)
    return redirect(url_for("ledger.show") + "#check", 303)


@blueprint.get("/ledger/check")
def check() -> str:
    """Show only how the verification is going: what the page asks for while it runs."""
    return render_template(
        "ledger_check.html",
        checked=checks().latest,
        running=checks().running,
        is_watched=current().opening.is_demo,
        wrong_words=wrong_words,
    )


@blueprint.get("/record")
def record() -> str | tuple[str, int]:
    """Show whether the record is true, if it is not what the asking page shows already."""
    found = checks().latest
    if token_of(found) == request.args.get("known"):
        return "", 204
    return render_template("record.html", checked=found, wrong_words=wrong_words)


def token_of(checked: Checked | None) -> str:
    """Return what a page compares: it changes when the record turns from true to false or back."""
    return checked.token if checked is not None else ""


@dataclass(frozen=True, slots=True)
class Touched:
    """One thing that an entry is about."""

    label: Label
    name: str
    href: str
    role: str
    quantity: Any  # Decimal, or None for a thing with a serial
    uom: str


@blueprint.get("/ledger/<int:position>")
def entry(position: int) -> str:
    """Show one entry: what it says, what it touched, and whether it is as it was sealed."""
    with current().look() as view:
        found = history.sheets(view.connection, view.ledger_id, position, position + 1)
        if not found:
            abort(404)
        sheet = found[0]
        rows = _rows(view, found)
        touched, count = _touched(view, sheet)
        return render_template(
            "ledger_entry.html",
            sheet=sheet,
            words=rows[0].words,
            kind=rows[0].kind,
            touched=touched,
            touched_count=count,
            reader=reader_of(sheet.body),
            has_wire=has_wire(sheet),
            pretty=_pretty(sheet.body),
            pretty_entry=_pretty(sheet.entry),
            last=view.size - 1,
            way=proving.way_to(view, position, sheet.leaf),
            wrong=str(WRONG[sheet.problem]) if sheet.problem else "",
            is_late=sheet.recorded_at - sheet.at > timedelta(seconds=1),
        )


def _pretty(stored: bytes | None) -> str:
    """Lay out stored JSON for the eye; bytes that cannot be read stand as they are."""
    if stored is None:
        return ""
    try:
        return "\n".join(_laid_out(bodies.parse(stored), ""))
    except TraceabilityError:
        return stored.decode("utf-8", "replace")


def _laid_out(tree: object, name: str, comma: str = "") -> Iterator[str]:
    """Yield the lines of a JSON value; numbers keep every digit, which no float would."""
    if isinstance(tree, dict) and tree:
        pairs = [(f"{json.dumps(key, ensure_ascii=False)}: ", one) for key, one in tree.items()]
        ends = "{}"
    elif isinstance(tree, list) and tree:
        pairs, ends = [("", one) for one in tree], "[]"
    else:
        shown = (
            format(tree, "f") if isinstance(tree, Decimal) else json.dumps(tree, ensure_ascii=False)
        )
        yield f"{name}{shown}{comma}"
        return
    yield f"{name}{ends[0]}"
    for index, (key, one) in enumerate(pairs, start=1):
        for line in _laid_out(one, key, "," if index < len(pairs) else ""):
            yield f"  {line}"
    yield f"{ends[1]}{comma}"


def _touched(view: View, sheet: Sheet) -> tuple[list[Touched], int]:
    tree = sheet.tree()
    keys: dict[str, tuple[str, Any, str]] = {}
    if sheet.kind in ("event", "declaration") and isinstance(tree, dict):
        try:
            facts = facts_of(read_event(tree), view.flow)
        except TraceabilityError:
            return [], 0
        for touch in facts.touches:
            amount = None if touch.quantity is None else touch.quantity
            keys.setdefault(touch.key, (str(ROLES[touch.role]), amount, touch.uom))
    elif isinstance(tree, dict):
        things = tree.get("things") if sheet.kind == "hold" else [tree.get("id")]
        named = things if isinstance(things, list) else []
        keys = {str(one): ("", None, "") for one in named if one and str(one).startswith("/")}
    label = view.labels(list(keys)[:THINGS_SHOWN])
    touched = [
        Touched(
            label[key],
            telling.named(label[key], view.flow),
            telling.item_path(key),
            role,
            None if amount is None else amount / MICRO,
            uom,
        )
        for key, (role, amount, uom) in list(keys.items())[:THINGS_SHOWN]
    ]
    return touched, len(keys)


@blueprint.get("/api/ledger")
def as_json() -> dict[str, object]:
    """Give the record's figures, and what the last verification found."""
    with current().look() as view:
        runs = run_rows(view, _gates())
        found = checks().latest
        return {
            "size": view.size,
            "root": view.root.hex(),
            "record_at": view.record_at.isoformat(),
            "things": count_items(view),
            "runs": [_run_tree(row) for row in runs],
            "gaps": history.gap_count(view.connection, view.ledger_id),
            "conflicts": len(history.contradictions(view.connection, view.ledger_id)),
            "running": _running_tree(),
            "verified": None if found is None else _checked_tree(found),
        }


def _run_tree(row: RunRow) -> dict[str, object]:
    return {
        "station": row.run.station,
        "epoch": row.run.epoch,
        "read": row.read,
        "accepted": row.run.accepted,
        "waiting": row.waiting,
        "missing": [list(one) for one in row.run.missing],
        "lost": row.lost,
    }


def _running_tree() -> dict[str, object] | None:
    running = checks().running
    return None if running is None else {"done": running.done, "total": running.total}


def _checked_tree(checked: Checked) -> dict[str, object]:
    report, finding = checked.report, checked.report.finding
    tree: dict[str, object] = {
        "ok": report.is_true,
        "size": report.size,
        "root": report.root,
        "seconds": round(report.seconds, 3),
        "at": checked.ended_at.isoformat(),
    }
    if finding is not None:
        tree |= {"position": finding.position, "kind": finding.kind, "detail": finding.detail}
    return tree


def missing_words(spans: Iterable[tuple[int, int]]) -> str:
    """Write missing numbers: "4, 7 – 8"."""
    return ", ".join(
        number(first) if first == last else f"{number(first)} – {number(last)}"
        for first, last in spans
    )


@blueprint.app_template_filter("spans")
def spans_filter(spans: Iterable[tuple[int, int]]) -> str:
    """Let templates write missing numbers."""
    return missing_words(spans)


@blueprint.app_template_filter("short_hash")
def short_hash(value: bytes) -> str:
    """Write a fingerprint so that two can be compared at a glance."""
    text = value.hex()
    return f"{text[:8]}…{text[-4:]}"
