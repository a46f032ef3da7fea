"""What is this? The same question away from the desk: at Find, at an explained code, behind a gate.

The decision is the same entry as at a desk, made by a form that needs no script, and taken back by
one press on the page that says what was bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import Any, cast
from urllib.parse import urlencode

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from traceability.epcis.event_time import format_time
from traceability.errors import InvalidEvent, Refused
from traceability.gs1.anatomy import visible
from traceability.gs1.blank import blank_of_key
from traceability.ledger.append import Ledger
from traceability.projections.aliases import Alias, aliases, stranger_key, strays
from traceability.projections.people import person
from traceability.projections.search import find_keys
from traceability.projections.view import View
from traceability.scanning.batch import once
from traceability.scanning.binding import CannotBind, bind, offers, read_binding
from traceability.scanning.bound import PAGE, entries_of, made_alone
from traceability.scanning.bound import take_back as undo_entries
from traceability.scanning.desk import Scan, read_amount, read_desk
from traceability.scanning.meaning import takes_measured
from traceability.scanning.rolls import new_roll
from traceability.web import access, scan_question
from traceability.web.clock import now
from traceability.web.reading import current
from traceability.web.scan_lines import BOUND, empty_tags
from traceability.web.sentences import gettext as _
from traceability.web.telling import as_title, item_path, named

blueprint = Blueprint("binding", __name__)


@dataclass(frozen=True, slots=True)
class Question:
    """What the form asks about one code."""

    code: str
    actions: tuple[dict[str, Any], ...]
    """As at a desk (`scan_question.actions`); empty if there is nothing to ask."""
    line: str = ""
    """Why nothing is asked."""

    @property
    def shown(self) -> str:
        """The code as it can be read: separators by their names."""
        return visible(self.code)


@blueprint.app_template_global()
def bind_question(code: str) -> Question | None:
    """Return the question about a code; None where it is known, or nobody here may answer."""
    if access.role() != "admin" or not code.strip():
        return None
    with current().look() as view:
        return question_of(view, code)


def question_of(view: View, code: str) -> Question | None:
    """Return what is asked about a code; None if it is known."""
    key = stranger_key(view, code)
    if blank_of_key(key) is not None:
        return Question(code, (), empty_tags(1))
    if find_keys(view, code):
        return None
    if strays(view, [key]):
        return Question(code, (), _("Somebody said that it is not ours."))
    found = scan_question.actions(view, code, offers(view.flow))
    return Question(code, tuple(found))


@blueprint.post("/identify/bind")
def take() -> BaseResponse | tuple[str, int]:
    """Bind a code to what somebody said it is; the page that follows says so."""
    code = request.form.get("code", "").strip()
    if not code:
        raise Refused(_("Say which code it is: scan it, or type it."))
    try:
        if request.form.get("as") == "roll":
            _take_roll(code)
        else:
            _take(code)
    except CannotBind as error:
        with current().look() as view:
            return _again(view, code, scan_question.cannot(view, error)), 422
    except InvalidEvent as error:
        with current().look() as view:
            return _again(view, code, str(error)), 422
    return redirect(f"{url_for('binding.show')}?{urlencode({'code': code})}", 303)


def _ledger() -> Ledger:
    return cast("Ledger", current().ledger)


def _again(view: View, code: str, wrong: str) -> str:
    asked = question_of(view, code) or Question(code, (), "")
    return render_template("identify_bound.html", code=code, asked=asked, wrong=wrong, bound=None)


def _take(code: str) -> None:
    tree = request.form.to_dict()
    for told in request.form.getlist("said"):
        # What a button or a choice says: members and their values, one a line.
        tree |= dict(line.split("=", 1) for line in told.splitlines() if "=" in line)
    binding = read_binding(tree)
    at = _micro(now())
    with current().look() as view:
        found = bind(view, code, binding)
        said = {"at": format_time(at, "+00:00"), "device": PAGE}
        drafts = entries_of(found, name=f"{at}:{token_hex(4)}", by=access.by(), said=said)
        drafts += made_alone(found, at=at, by=access.by())
    outcomes = _ledger().append(drafts)
    refused = next((one.problem for one in outcomes if one.status == "refused"), None)
    if refused:
        raise Refused(refused)


def _take_roll(code: str) -> None:
    """Take a roll in where rolls come in, as its desk would."""
    form = request.form
    amount = read_amount(form.get("amount"), form.get("unit"))
    with current().look() as view:
        stage = next((one for one in view.flow.stages if takes_measured(view, one)), None)
        if stage is None:
            raise Refused(_("No step of this workshop takes in rolls; switch one on first."))
        where = {"device": f"{PAGE}-{token_hex(8)}", "epoch": 0, "stage": stage.name}
        desk = read_desk(where, view.flow, view.namespace)
    scan = Scan(1, _micro(now()), "+00:00", code, "typed")
    said = {"dye_lot": form.get("dye_lot", "")}
    once(_ledger(), desk, scan, lambda view, desk, scan: new_roll(view, desk, scan, said, amount))


@dataclass(frozen=True, slots=True)
class BoundNow:
    """What a code stands for, as the page shows it."""

    name: str
    line: str
    href: str
    can_undo: bool


@blueprint.get("/identify/bound")
def show() -> str | BaseResponse:
    """Say what a code stands for now, with the way to take that back."""
    code = request.args.get("code", "").strip()
    with current().look() as view:
        key = stranger_key(view, code)
        named_ = aliases(view, [key]).get(key)
        keys = find_keys(view, code)
        if named_ is not None:
            bound = _bound(view, named_)
        elif strays(view, [key]):
            line = _("Kept as not ours: nobody is asked again. Put it aside.")
            bound = BoundNow(code, line, "", can_undo=True)
        elif keys:
            name = as_title(named(view.label(keys[0]), view.flow))
            bound = BoundNow(name, "", item_path(keys[0]), can_undo=False)
        else:
            return redirect(f"/identify?{urlencode({'code': code})}", 303)
        return render_template("identify_bound.html", code=code, bound=bound, asked=None, wrong="")


def _bound(view: View, named_: Alias) -> BoundNow:
    key = named_.stands_for
    found = person(view, key) if named_.sort == "person" else None
    name = (found.name or found.badge) if found is not None else named(view.label(key), view.flow)
    line = str(BOUND.get(named_.sort, BOUND["same"])) % {"thing": as_title(name)}
    href = "" if found is not None else item_path(key)
    return BoundNow(as_title(name), line, href, can_undo=True)


@blueprint.post("/identify/bind/undo")
def take_back() -> BaseResponse | tuple[str, int]:
    """Take back what a code stands for, and what was entered for it alone."""
    code = request.form.get("code", "").strip()
    with current().look() as view:
        name = f"{_micro(now())}:{token_hex(4)}"
        try:
            drafts = undo_entries(view, stranger_key(view, code), name=name, by=access.by())
        except CannotBind as error:
            return _again(view, code, scan_question.cannot(view, error)), 422
    if drafts:
        _ledger().append(drafts)
    return redirect(f"/identify?{urlencode({'code': code})}", 303)


def _micro(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
