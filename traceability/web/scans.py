"""Scans by hand: what a desk sends is written down, each scan once, and answered in one sentence.

Every device counts its scans; sent again, they are recognised and answered as before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from urllib.parse import unquote

from flask import Blueprint, Response, g, jsonify, request, session

from traceability.database import MICRO
from traceability.epcis import body as bodies
from traceability.epcis.event_time import format_time
from traceability.errors import Conflict, InvalidEvent
from traceability.flow import Kind, Stage
from traceability.ledger.append import Ledger
from traceability.projections.people import people
from traceability.projections.state import plain
from traceability.projections.view import View
from traceability.scanning import quality, today
from traceability.scanning.answer import Answer
from traceability.scanning.batch import Answered, once, work_off
from traceability.scanning.binding import CannotBind, read_binding
from traceability.scanning.bound import take_bound
from traceability.scanning.cartons import new_carton
from traceability.scanning.desk import (
    NAME_MAX,
    SCANS_MAX,
    UNITS,
    Desk,
    Scan,
    read_amount,
    read_desk,
    read_opened,
    read_scan,
)
from traceability.scanning.rolls import last_roll, new_roll
from traceability.scanning.twice import record_mark
from traceability.scanning.undo import Last, last_of, undo
from traceability.web import access
from traceability.web.clock import now
from traceability.web.handback import ITEMS_MAX, Listening, back_of, backs, enter_again, hear_news
from traceability.web.reading import current
from traceability.web.scan_answers import ROLL_MEMBERS, Teller, opened_tree
from traceability.web.scan_question import cannot
from traceability.web.sentences import LazyString, lazy_gettext
from traceability.web.sentences import gettext as _
from traceability.web.words import local, number, titled

blueprint = Blueprint("scans", __name__)

BYTES_MAX = 2 * 1024 * 1024
Tree = Mapping[str, Any]  # JSON with exact numbers

HINTS: dict[str, LazyString] = {
    "carry": lazy_gettext("Scan the carton that passes."),
    "open-take": lazy_gettext("First scan %(opens)s, then %(takes)s."),
    "in-out": lazy_gettext("Scan the ticket when it comes in, and again when it is done."),
    "take": lazy_gettext("Scan %(takes)s, one after another."),
}


def _asked() -> dict[str, Any]:
    # Numbers stay exact: 92.5 metres never pass through a float.
    tree = bodies.parse(request.get_data(), size_max=BYTES_MAX)
    if not isinstance(tree, dict):
        raise InvalidEvent(f"Cannot take this: expected a JSON object, got {type(tree).__name__}.")
    return tree


@blueprint.before_request
def _same_record() -> tuple[Response, int] | None:
    """Send away what was scanned for another record of this workshop: for practice, mostly."""
    if request.method != "POST":
        return None
    said = _asked().get("record")
    if said is None:
        return None
    with current().look() as view:
        if said == record_mark(view):
            return None
    problem = {
        "title": _("Another record"),
        "status": 409,
        "detail": _(
            "This page belongs to practice, or to a record before this one: load it again."
        ),
        "said": "other-record",
    }
    return jsonify(problem), 409


def _ledger() -> Ledger:
    """Return the ledger; what this request writes to it is remembered for the answer."""
    if "heard" not in g:
        g.heard = Listening(cast("Ledger", current().ledger))
    return cast("Ledger", g.heard)


def _desk(view: View, asked: Tree) -> Desk:
    """Read where it was scanned; a device with a link of its own stands where the link says."""
    tree = {**asked, "device": _own_name(asked.get("device"))}
    bound = _bound()
    if access.role() == "device" or not tree.get("stage"):
        tree |= {one: bound[one] for one in ("stage", "place", "title") if bound.get(one)}
    holder = view.master("person", [str(tree.get("person"))]).get(str(tree.get("person")), {})
    if not holder.get("is_active", bool(holder)):
        tree["person"] = None
    name = tree.get("stage")
    if not name:
        raise Conflict(_("No step is chosen on this device. Choose the step, then scan again."))
    if not isinstance(name, str) or view.flow.stage(name) is None:
        raise Conflict(
            _(
                "This workshop has no step %(name)s any more. Choose the step again, then scan.",
                name=repr(name),
            )
        )
    return read_desk(tree, view.flow, view.namespace)


def _bound() -> Mapping[str, Any]:
    """Return what a device's link says of it; empty where it came without one."""
    link = access.key()
    if access.role() == "device" and link is not None:
        return {"id": link.id, "title": link.title, "stage": link.stage, "place": link.place}
    found = session.get("device")
    return found if isinstance(found, dict) else {}


def _own_name(given: object) -> str:
    """Return the name under which a device counts: no link may speak in another's name."""
    name = given if isinstance(given, str) else ""
    link = str(_bound().get("id") or "")
    if access.role() != "device" or not link:
        return name
    return link if name in ("", link) else f"{link}.{name}"[:NAME_MAX]


@blueprint.post("/api/scans")
def take() -> Response:
    """Take scans in, in the order of the list; each is durable when the answer comes."""
    asked = _asked()
    listed = asked.get("scans")
    if not isinstance(listed, list) or not 1 <= len(listed) <= SCANS_MAX:
        raise InvalidEvent(
            f"Cannot take these scans: expected scans as a list of 1 to {SCANS_MAX}, "
            f"got {len(listed) if isinstance(listed, Sequence) else listed!r}."
        )
    scans = [read_scan(one) for one in listed]
    with current().look() as view:
        desk = _desk(view, asked)
    found, after = work_off(_ledger(), desk, scans)
    return _told(found, after)


def _told(found: Sequence[Answered], desk: Desk) -> Response:
    with current().look() as view:
        teller = Teller(view)
        kept: dict[str, dict[str, str] | None] = {**backs(g.heard)}
        for one in found:
            if one.status == "duplicate" and one.position is not None:
                kept |= {one.event: back_of(view, one.position)}
        answers = [teller.tree(one, stage=desk.stage.name) for one in found]
        tree = {
            "answers": [each | {"back": kept.get(each["event"])} for each in answers],
            "opened": opened_tree(view, desk.opened),
            "person": _person(view, desk.person),
            "waiting": 0,
        }
    return jsonify(tree)


def _person(view: View, key: str | None) -> dict[str, str] | None:
    known = next((one for one in people(view) if one.key == key), None) if key else None
    return {"key": known.key, "name": known.name or known.badge} if known is not None else None


def _entered(asked: Tree) -> Scan:
    return read_scan({**asked, "by": asked.get("by", "typed"), "amount": None})


@blueprint.post("/api/scans/roll")
def roll() -> Response:
    """Enter a roll under its supplier's barcode, with what is on it, and take it in."""
    asked = _asked()
    try:
        amount = read_amount(asked.get("amount"), asked.get("unit"))
    except InvalidEvent as error:
        raise InvalidEvent(_amount_wrong(asked) or str(error)) from error
    scan = _entered(asked)
    with current().look() as view:
        desk = _desk(view, asked)
    answered = once(
        _ledger(), desk, scan, lambda view, desk, scan: new_roll(view, desk, scan, asked, amount)
    )
    return _told([answered], desk.after(answered.answer.opened, answered.answer.person))


def _amount_wrong(asked: Tree) -> str:
    if asked.get("unit") not in UNITS:
        return _("Say how the roll is measured: in metres, yards or kilograms.")
    said = str(asked.get("amount") or "")[:20]
    return _(
        "%(amount)s cannot be on a roll. Type a number above zero, such as %(example)s.",
        amount=repr(said),
        example=number(92.5),
    )


@blueprint.post("/api/scans/carton")
def carton() -> Response:
    """Use a box that carries another's code as a carton, and open it."""
    asked = _asked()
    scan = _entered(asked)
    with current().look() as view:
        desk = _desk(view, asked)
    answered = once(_ledger(), desk, scan, new_carton)
    return _told([answered], desk.after(answered.answer.opened, answered.answer.person))


@blueprint.post("/api/scans/bind")
def bind() -> Response:
    """Say what a code is that nobody knows, and do with it what the step does with such a thing."""
    asked = _asked()
    scan = _entered(asked)
    with current().look() as view:
        desk = _desk(view, asked)
    try:
        binding = read_binding(asked)
        answered = once(
            _ledger(), desk, scan, lambda view, desk, scan: take_bound(view, desk, scan, binding)
        )
    except CannotBind as error:
        with current().look() as view:
            raise InvalidEvent(cannot(view, error)) from error
    return _told([answered], desk.after(answered.answer.opened, answered.answer.person))


@blueprint.post("/api/scans/count")
def count() -> Response:
    """Say how many pieces of a ticket are good and how many are bad."""
    asked = _asked()
    device, event = _own_name(_text(asked, "device")), _text(asked, "event")
    person = asked.get("person")
    try:
        answer, position = quality.count(
            _ledger(),
            device,
            event,
            good=asked.get("good"),
            bad=asked.get("bad"),
            at=_micro(now()),
            person=person if isinstance(person, str) else None,
        )
    except quality.Miscount as error:
        raise InvalidEvent(_miscount(error)) from error
    return _once_more(answer, event, position)


def _miscount(error: quality.Miscount) -> str:
    facts = dict(error.facts)
    if error.said == "sum":
        return _(
            "%(good)s good and %(bad)s bad are %(sum)s, but the ticket has %(pieces)s. "
            "Count again.",
            **facts,
        )
    if error.said == "more":
        return _("%(given)s is more than the ticket has: %(pieces)s. Count again.", **facts)
    if error.said == "negative":
        return _("%(given)s pieces cannot be. Say how many are good.", **facts)
    if error.said == "none-good":
        return _("0 good would mean that all %(pieces)s are bad. If so, say so.", **facts)
    if error.said == "not-counted":
        return _("This ticket is not done here. Scan it when it is done, then count.")
    return _("Pieces are whole numbers, such as 18. Type how many are good.")


def _once_more(answer: Answer, event: str, position: int | None) -> Response:
    scan = Scan(0, _micro(now()), "+00:00", "", "tap")
    with current().look() as view:
        tree = Teller(view).tree(Answered(scan, answer, event, position, "accepted"))
        tree["can_undo"] = answer.said == "counted"
        tree["back"] = next(iter(backs(g.heard).values()), None)
        return jsonify({"answers": [tree], "opened": None, "person": None, "waiting": 0})


@blueprint.post("/api/scans/undo")
def take_back() -> Response:
    """Say that a scan did not happen: one of the device's last ten, if nothing follows from it."""
    asked = _asked()
    device, event = _own_name(_text(asked, "device")), _text(asked, "event")
    opened = read_opened(asked.get("opened"))
    answer, last = undo(_ledger(), device, event, at=_micro(now()), opened=opened)
    with current().look() as view:
        teller = Teller(view)
        if answer.said != "undone" or last is None:
            raise Conflict(teller.line(answer))
        tree = teller.tree(Answered(_scan_of(last), answer, event, last.position, "accepted", True))
        shown = opened_tree(view, answer.opened)
        tree["back"] = next(iter(backs(g.heard).values()), None)
        return jsonify({"answers": [tree], "opened": shown, "person": None, "waiting": 0})


@blueprint.post("/api/scans/again")
def again() -> Response:
    """Take in once more what a device had delivered before the record was restored."""
    asked = _asked()
    listed = asked.get("items")
    if not isinstance(listed, list) or len(listed) > ITEMS_MAX:
        raise InvalidEvent(f"Cannot take this back: expected a list of at most {ITEMS_MAX} items.")
    hear_news({"name": _own_name(asked.get("device")), **asked})
    return jsonify({"answers": enter_again(_ledger(), listed)})


def _scan_of(last: Last) -> Scan:
    run = last.entry.run
    text = str(last.tree.get("https://hangtag.invalid/voc/scanned", ""))
    offset = str(last.tree.get("eventTimeZoneOffset", "+00:00"))
    return Scan(run[2] if run is not None else 0, last.entry.at, offset, text)


def _text(asked: Tree, member: str) -> str:
    value = asked.get(member)
    if not isinstance(value, str) or not value:
        raise InvalidEvent(f"Cannot take this: expected {member} as text, got {value!r}.")
    return value


def _micro(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


@blueprint.get("/api/scans/desk")
def desk() -> Response:
    """Return what a desk shows before the first scan, or after its page was opened anew."""
    name, device = request.args.get("stage", ""), _own_name(request.args.get("device", ""))
    epoch = request.args.get("epoch", "0")
    opened = tuple(unquote(one) for one in request.args.getlist("opened"))[:40]
    with current().look() as view:
        chosen = view.flow.stage(name)
        times, pieces = (0, "0") if chosen is None else _figures(view, chosen)
        lasts = last_of(view, device) if device else []
        known = last_roll(view)
        tree = {
            "workshop": str(view.opening.get("name", "")),
            "stages": [_stage(view, stage) for stage in view.flow.stages],
            "stage": _stage(view, chosen) if chosen is not None else None,
            "opened": opened_tree(view, opened),
            "today": {"scans": times, "pieces": pieces},
            "last": [_last(view, one) for one in lasts],
            "counter": today.counter_of(view, device, int(epoch) if epoch.isdigit() else 0),
            "people": [
                {"key": one.key, "name": one.name, "badge": one.badge}
                for one in people(view)
                if one.is_active and access.role() != "auditor"
            ],
            "units": [{"unit": unit, "sign": sign} for unit, sign in UNITS.items()],
            "roll": None
            if known is None
            else {member: str(known.get(member, "")) for member in ROLL_MEMBERS[1:]},
            "now": format_time(_micro(now()), "+00:00"),
        }
    return jsonify(tree)


def _figures(view: View, stage: Stage) -> tuple[int, str]:
    midnight = local(now()).replace(hour=0, minute=0, second=0, microsecond=0)
    times, pieces = today.figures(view, stage, midnight)
    return times, plain(int(pieces * MICRO))


def _last(view: View, last: Last) -> dict[str, Any]:
    answered = Answered(
        _scan_of(last), last.answer, last.entry.id, last.position, "duplicate", last.is_undone
    )
    return Teller(view).tree(answered)


def _stage(view: View, stage: Stage) -> dict[str, Any]:
    opens = _kinds(view, [name for work in stage.works for name in work.opens])
    takes = _kinds(view, [name for work in stage.works for name in work.takes])
    carries = _kinds(view, [name for work in stage.works for name in work.carries])
    return {
        "name": stage.name,
        "title": titled(stage),
        "icon": stage.icon,
        "place": f"//{view.namespace}/loc/{stage.name}",
        "by_other_firm": stage.by_other_firm,
        "in_and_out": any(work.in_and_out for work in stage.works),
        "opens": [_kind(one) for one in opens],
        "takes": [_kind(one) for one in takes],
        "carries": [_kind(one) for one in carries],
        "hint": _hint(view, stage),
    }


def _hint(view: View, stage: Stage) -> str:
    if not stage.works:
        return ""
    work = stage.works[0]
    words = {
        "opens": _listed(_kinds(view, list(work.opens))),
        "takes": _listed(_kinds(view, list(work.takes))),
    }
    return str(HINTS[today.hint_of(work)]) % words


def _listed(kinds: Sequence[Kind]) -> str:
    """Name kinds within a sentence."""
    titles = [titled(kind) for kind in kinds]
    return " / ".join(title.lower() if title.isascii() else title for title in titles)


def _kinds(view: View, names: Sequence[str]) -> list[Kind]:
    return today.kinds_of(view, tuple(dict.fromkeys(names)))


def _kind(kind: Kind) -> dict[str, str]:
    return {"name": kind.name, "title": titled(kind), "icon": kind.icon}
