"""The people of the workshop, and what each of them can read about himself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from babel import Locale, UnknownLocaleError
from flask import (
    Blueprint,
    abort,
    current_app,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.blueprints import BlueprintSetupState
from flask_babel import force_locale
from werkzeug.wrappers import Response

from traceability.errors import Refused
from traceability.factory import staff
from traceability.factory.answers import names_in
from traceability.ledger.append import Ledger
from traceability.projections.confirming import needs_second
from traceability.projections.people import Person, people
from traceability.projections.view import View
from traceability.scanning.badges import scans_of
from traceability.web import access
from traceability.web.confirming import wearer
from traceability.web.house import house, is_practice
from traceability.web.layout import MenuEntry
from traceability.web.reading import Reading, current
from traceability.web.sentences import gettext as _
from traceability.web.sentences import lazy_gettext
from traceability.web.settings import Settings

blueprint = Blueprint("people", __name__)

FORM_BYTES_MAX = 64 * 1024
SELF = "person"
"""Member of the session: key of the person who said "This is me"."""


@blueprint.record
def _find_out(state: BlueprintSetupState) -> None:
    """Look once whether somebody is entered: asking on every page would cost each a look-up."""
    reading: Reading = state.app.extensions["hangtag.reading"]
    if isinstance(reading.ledger, Ledger):
        with reading.look() as view:
            state.app.extensions["hangtag.has_people"] = bool(people(view))


def _is_shown() -> bool:
    """Say whether the menu leads here: in a workshop, and wherever somebody was entered."""
    return house() is not None or bool(current_app.extensions.get("hangtag.has_people"))


MENU = MenuEntry(lazy_gettext("People"), "people.show", 92, is_shown=_is_shown)


# --- the owner's pages ---------------------------------------------------------------------------


@blueprint.get("/people")
@access.only("admin")
def show() -> str:
    """List who works here, and who did."""
    return _list_page()


def _list_page(wrong: str = "", given: str = "") -> str:
    with current().look() as view:
        listed = people(view)
        current_app.extensions["hangtag.has_people"] = bool(listed)
        is_second_asked = needs_second(view)
        is_alone = view.workshop.get("people") != "several"
    return render_template(
        "people.html",
        listed=[(one, language_name(one.language)) for one in listed],
        active=sum(one.is_active for one in listed),
        is_second_asked=is_second_asked,
        is_alone=is_alone,
        self_key=session.get(SELF, ""),
        wrong=wrong,
        given=given,
        added=_number(request.args.get("added", "")),
        known=_number(request.args.get("known", "")),
    )


def _number(given: str) -> int:
    return int(given) if given.isdecimal() and len(given) < 5 else 0


def language_name(tag: str) -> str:
    """Return what a language is called by those who speak it; nothing if none is known.

    >>> language_name("zh_Hans"), language_name("vi"), language_name("")
    ('中文', 'Tiếng việt', '')
    """
    try:
        return (Locale.parse(tag).get_language_name() or tag).capitalize() if tag else ""
    except (UnknownLocaleError, ValueError):
        return tag


@blueprint.post("/people")
@access.only("admin")
def add() -> tuple[str, int] | Response:
    """Enter the names that were pasted; each gets a badge."""
    given = request.form.get("names", "")[:FORM_BYTES_MAX]
    names = list(names_in(given))
    if not names:
        return _list_page(_("Write at least one name."), given), 422
    try:
        made = staff.take_on(_ledger(), names, by=access.by())
    except Refused as error:
        return _list_page(str(error), given), 422
    current_app.extensions["hangtag.has_people"] = True
    known = len({name.casefold() for name in names}) - len(made)
    return redirect(url_for("people.show", added=len(made), known=max(known, 0)), 303)


@blueprint.get("/people/<badge>/change")
@access.only("admin")
def change(badge: str) -> str:
    """Show what can be changed of one person."""
    return _change_page(badge)


def _change_page(badge: str, wrong: str = "", name: str | None = None) -> str:
    with current().look() as view:
        one = _one(view, badge)
    offered = [(tag, language_name(tag)) for tag in _settings().languages]
    if one.language and one.language not in _settings().languages:
        offered.append((one.language, language_name(one.language)))
    return render_template(
        "person_change.html",
        one=one,
        name=one.name if name is None else name,
        languages=[("", _("As the browser says")), *offered],
        is_self=session.get(SELF) == one.key,
        wrong=wrong,
        saved="saved" in request.args,
        aside=request.args.get("aside", ""),
    )


@blueprint.post("/people/<badge>/change")
@access.only("admin")
def take_change(badge: str) -> tuple[str, int] | Response:
    """Take another name, another language, or that somebody left or came back."""
    with current().look() as view:
        one = _one(view, badge)
    what = request.form.get("what", "")
    name = language = None
    is_active: bool | None = None
    if what == "words":
        # An erased name stays erased until somebody writes one again.
        name = request.form.get("name", "") if request.form.get("name") or one.name else None
        language = request.form.get("language", one.language)
        if language and language != one.language and language not in _settings().languages:
            abort(400)
    elif what in ("left", "back"):
        is_active = what == "back"
    elif what in ("me", "not-me"):
        session[SELF] = one.key if what == "me" else ""
        return redirect(url_for("people.change", badge=badge), 303)
    else:
        abort(400)
    try:
        staff.change(
            _ledger(), one.key, by=access.by(), name=name, language=language, is_active=is_active
        )
    except Refused as error:
        return _change_page(badge, str(error), request.form.get("name")), 422
    return redirect(url_for("people.change", badge=badge, saved="1"), 303)


@blueprint.get("/people/<badge>/erase")
@access.only("admin")
def ask_erase(badge: str) -> str | Response:
    """Ask once more before a name is erased."""
    with current().look() as view:
        one = _one(view, badge)
    if not one.name:
        return redirect(url_for("people.change", badge=badge), 303)
    found = house()
    has_aside = found is not None and found.factory.has_live
    return render_template(
        "person_erase.html", one=one, has_aside=has_aside, in_practice=is_practice()
    )


@blueprint.post("/people/<badge>/erase")
@access.only("admin")
def erase(badge: str) -> Response:
    """Erase a name: here, and in the practice ledger that lies beside."""
    with current().look() as view:
        one = _one(view, badge)
    staff.erase_name(_ledger(), one.key, by=access.by())
    found = house()
    is_gone = found is None or staff.erase_aside(found.factory, one.key, by=access.by())
    aside = None if is_gone else "open"
    return redirect(url_for("people.change", badge=badge, saved="1", aside=aside), 303)


# --- the person's page ---------------------------------------------------------------------------


@blueprint.get("/people/mine")
@access.only("admin", "device")
def mine() -> str | tuple[str, int] | Response:
    """Lead from a badge to the page of whoever wears it."""
    given = request.args.get("badge")
    if given is None:
        return render_template("person_ask.html", wrong="", given="")
    with current().look() as view:
        found = wearer(view, given)
    if found is None:
        wrong = _(
            "“%(given)s” is no badge of this workshop: expected the number on the badge.",
            given=given.strip()[:40],
        )
        return render_template("person_ask.html", wrong=wrong, given=given[:40]), 404
    return redirect(url_for("people.show_one", badge=found.badge), 303)


@blueprint.get("/people/<badge>")
@access.only("admin", "device")
def show_one(badge: str) -> str:
    """Say in a person's own language what is recorded about him, and who sees it."""
    is_owner = access.role() == "admin"
    with current().look() as view:
        one = _one(view, badge)
        # On a device that several share, a colleague could read along.
        scans = scans_of(view, one.key) if is_owner else None
    with _in_language_of(one):
        return render_template("person.html", one=one, scans=scans, heard=_heard())


def _heard() -> list[tuple[str, str]]:
    """Return who sees what."""
    return [
        (_("The owner"), _("your name, your badge number, and your scans")),
        (
            _("Colleagues at a scanning device"),
            _("your name, in the list from which each chooses himself"),
        ),
        (_("Auditors"), _("your badge number with the scans, never your name")),
        (_("Customers"), _("nothing of you, neither name nor number")),
        (_("Screens on the wall"), _("nothing of you, neither name nor number")),
    ]


@contextmanager
def _in_language_of(one: Person) -> Iterator[None]:
    if one.language in _settings().languages and "lang" not in request.args:
        with force_locale(one.language):
            yield
    else:
        yield


def _one(view: View, badge: str) -> Person:
    found = next((one for one in people(view) if one.badge == badge), None)
    return found or abort(404)


def _ledger() -> Ledger:
    return cast("Ledger", current().ledger)


def _settings() -> Settings:
    return cast("Settings", current_app.extensions["hangtag.settings"])
