"""The first page of a workshop: five questions, and later the place where each answer is changed.

Then: from practice to the record that counts, and practice again beside it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from zoneinfo import available_timezones

from flask import Blueprint, Flask, abort, current_app, redirect, render_template, request, url_for
from flask_babel import get_locale
from werkzeug.wrappers import Response

from traceability.errors import InvalidFlow, Refused
from traceability.factory.answers import Answers, answer, answers_of, has_begun, names_in
from traceability.factory.folder import name_after
from traceability.factory.shaping import Step, steps_of, templates
from traceability.projections.people import people
from traceability.projections.progress import orders
from traceability.web import access
from traceability.web.house import House, house, is_practice
from traceability.web.layout import MenuEntry
from traceability.web.reading import current
from traceability.web.sentences import gettext as _
from traceability.web.sentences import lazy_gettext
from traceability.web.settings import Settings

blueprint = Blueprint("start", __name__)


def _has_house() -> bool:
    return house() is not None


def _can_go_live() -> bool:
    found = house()
    return found is not None and found.can_go_live


MENU = MenuEntry(lazy_gettext("Workshop"), "start.show", 100, is_shown=_has_house)

FORM_BYTES_MAX = 256 * 1024


@blueprint.record_once
def _add_words(state: object) -> None:
    app: Flask = state.app  # type: ignore[attr-defined]  # Flask's own BlueprintSetupState
    app.jinja_env.globals["is_practice"] = is_practice
    app.jinja_env.globals["has_house"] = _has_house
    app.jinja_env.globals["can_go_live"] = _can_go_live
    app.jinja_env.globals["page_url"] = _page_url
    app.jinja_env.globals["is_owner"] = lambda: access.role() == "admin"


def _page_url(endpoint: str) -> str:
    """Return the address of a page, nothing where this server does not have it."""
    return url_for(endpoint) if endpoint in current_app.view_functions else ""


@blueprint.before_app_request
def _first_things_first() -> Response | None:
    """Lead the owner of a workshop that nobody has set up yet to the questions."""
    if request.path != "/" or request.method != "GET" or house() is None:
        return None
    if access.role() != "admin":
        return None
    with current().look() as view:
        is_set_up = bool(view.workshop.get("is_set_up"))
    return None if is_set_up else redirect(url_for("start.show"), 303)


def zone_here() -> str:
    """Return the time zone of this PC by its name, UTC if it has none."""
    known = available_timezones()
    wishes = [os.environ.get("TZ", "").lstrip(":")]
    for file in (Path("/etc/timezone"), Path("/etc/localtime")):
        try:
            if file.is_symlink():
                wishes.append(str(file.resolve()).rpartition("zoneinfo/")[2])
            elif file.name == "timezone":
                wishes.append(file.read_text("utf-8").strip())
        except (OSError, UnicodeDecodeError):
            continue
    return next((wish for wish in wishes if wish in known), "UTC")


# --- the questions -------------------------------------------------------------------------------


@blueprint.get("/start")
def show() -> str:
    """Ask the five questions, with answers that can stay as they are."""
    with current().look() as view:
        locale = str(get_locale() or "en")
        given = answers_of(view, language=locale, zone=zone_here())
        named = str(view.opening.get("name", ""))
    found = house()
    if not given.name and found is not None and named != name_after(found.factory.folder):
        # `hangtag new --name` has asked already; a folder's name is nobody's answer.
        given = replace(given, name=named)
    return _page(given)


@blueprint.post("/start")
def take() -> Response | tuple[str, int]:
    """Enter what was answered, each answer as an entry of the record."""
    with current().look() as view:
        before = answers_of(view, language=str(get_locale() or "en"), zone=zone_here())
        was_set_up = bool(view.workshop)
    given = _given(before)
    try:
        answer(current().ledger, given, by=access.role() or "")  # type: ignore[arg-type]  # the book itself
    except (Refused, InvalidFlow) as error:
        return _page(given, wrong=str(error)), 400
    _show_flow()
    target = "/" if not was_set_up else url_for("start.show", saved="1")
    if request.form.get("stock") == "count" and "sheets.show" in current_app.view_functions:
        target = url_for("sheets.show") + "?as=stock"
    answered = redirect(target, 303)
    answered.set_cookie("lang", given.language, max_age=365 * 86_400, samesite="Lax")
    return answered


def _given(before: Answers) -> Answers:
    form = request.form
    template = form.get("template", before.template)
    days = tuple(sorted({int(day) for day in form.getlist("day") if day in set("0123456")}))
    return Answers(
        name=form.get("name", ""),
        language=_language(form.get("language", before.language)),
        zone=form.get("zone", before.zone).strip(),
        working_days=days,
        template=template,
        steps=_steps(template, form),
        marked=form.get("marked", before.marked),
        new_people=tuple(names_in(form.get("people", "")[:FORM_BYTES_MAX])),
        works_alone=form.get("who", "alone") == "alone",
    )


def _language(wish: str) -> str:
    settings: Settings = current_app.extensions["hangtag.settings"]
    return wish if wish in settings.languages else settings.languages[0]


def _steps(template: str, form: Mapping[str, str]) -> tuple[Step, ...]:
    """Read the steps of the chosen template; a step whose fields were not sent stays as it is."""
    found = []
    for step in _known_steps().get(template, ()):
        name = f"{template}.{step.name}"
        if f"{name}.title" not in form:
            continue
        title = form[f"{name}.title"]
        found.append(
            replace(
                step,
                title=step.title if title == step.title_in(str(get_locale() or "en")) else title,
                is_on=form.get(f"{name}.how") != "off",
                by_other_firm=form.get(f"{name}.how") == "other",
            )
        )
    return tuple(found)


def _known_steps() -> dict[str, tuple[Step, ...]]:
    """Return the steps of each template; those in force are as they were made."""
    found = {flow.name: steps_of(flow.text) for flow in templates()}
    with current().look() as view:
        found[view.flow.name] = steps_of(view.flow.text)
    return found


def _page(given: Answers, wrong: str = "") -> str:
    with current().look() as view:
        begun = has_begun(view)
        listed = people(view)
        flow_now = view.flow.name
        is_set_up = bool(view.workshop.get("is_set_up"))
        is_empty = not begun
    offered = [flow for flow in templates() if not begun or flow.name == flow_now]
    known = _known_steps()
    wanted = {step.name: step for step in given.steps}
    steps = {
        flow.name: [
            wanted.get(step.name, step) if flow.name == given.template else step
            for step in known[flow.name]
        ]
        for flow in offered
    }
    return render_template(
        "start.html",
        given=given,
        wrong=wrong,
        offered=offered,
        steps=steps,
        begun=begun,
        listed=listed,
        is_set_up=is_set_up,
        is_empty=is_empty,
        saved="saved" in request.args,
        zones=sorted(available_timezones()),
        language=str(get_locale() or "en"),
        house=house(),
        can_restore="safe_restore.show" in current_app.view_functions,
        marks=(
            ("counted", "bundle", _("Bundle ticket with a count"), _("printed on any printer")),
            ("barcode", "tag", _("A label on each garment"), _("its own number, by scanner")),
            ("rfid", "reader", _("RFID"), _("each garment has a tag")),
            ("mixed", "scale", _("Mixed"), _("each order says how")),
        ),
    )


def _show_flow() -> None:
    """Keep the copy of the steps that lies in the folder for people to read."""
    found = house()
    if found is None:
        return
    with current().look() as view:
        text = view.flow.text
    try:
        found.factory.flow.write_text(text, "utf-8")
    except OSError:
        # Only a copy: the record holds what counts.
        current_app.logger.warning("the copy of the steps could not be written")


# --- practice and live ---------------------------------------------------------------------------


def _house() -> House:
    found = house()
    if found is None:
        abort(404)
    return found


@blueprint.get("/start/live")
def ask_live() -> str:
    """Say what going live keeps, and what it leaves behind."""
    found = _house()
    with current().look() as view:
        kept = (
            (_("Orders"), len(orders(view))),
            (_("Products"), len(view.masters("product"))),
            (_("Places"), len(view.masters("place"))),
            (_("People"), len(people(view))),
            (_("Tickets"), len(view.masters("ticket"))),
        )
        size = view.size
    return render_template("start_live.html", house=found, kept=kept, size=size)


@blueprint.post("/start/live")
def go_live() -> str:
    """Begin the record that counts; the page comes again by itself when it is open."""
    found = _house()
    if not found.can_go_live:
        raise Refused("This workshop is live already: nothing was changed.")
    found.go_live()
    return render_template("start_turning.html")


@blueprint.post("/start/practice")
def practise() -> str:
    """Open practice beside the record that counts: another server, so another address."""
    found = _house()
    if found.factory.is_practice:
        raise Refused("This is practice already.")
    return render_template("start_beside.html", address=found.open_practice())
