"""The badge of a second person, as a form asks for it; and who confirmed, as pages say it."""

from __future__ import annotations

from dataclasses import dataclass

from flask import session

from traceability.errors import InvalidIdentifier
from traceability.gs1 import identify
from traceability.labels.codes import WrongCode, parse_code
from traceability.projections.confirming import ALONE, Confirmation
from traceability.projections.people import Person, people
from traceability.projections.view import View
from traceability.web import access
from traceability.web.sentences import gettext as _


@dataclass(frozen=True, slots=True)
class Second:
    """What became of the badge that was given."""

    confirmed: str = ""
    """What the record is to say: key of the person, or "alone"."""
    wrong: str = ""
    """One sentence, if it will not do."""


def wearer(view: View, given: str) -> Person | None:
    """Return who wears a badge that was scanned or typed, with its letter or without."""
    given = given.strip()
    everybody = people(view)
    known = {one.key: one for one in everybody}
    by_badge = {one.badge.upper(): one for one in everybody}
    found = by_badge.get(given.upper())
    if found is not None:
        return found
    try:
        return by_badge.get(parse_code(given, "W").text)
    except WrongCode:
        pass
    try:
        return known.get(identify(given, namespace=view.namespace).key or "")
    except InvalidIdentifier:
        return None


def second_of(view: View, given: str, *, is_asked: bool) -> Second:
    """Judge the badge of a second person.

    Args:
        view: The record.
        given: What was scanned or typed.
        is_asked: Whether a second person has to confirm here; else one confirms alone.
    """
    if not is_asked:
        return Second(ALONE)
    if not given.strip():
        return Second(wrong=_("Two confirm here: scan or type the badge of a second person."))
    found = wearer(view, given)
    if found is None:
        return Second(
            wrong=_(
                "“%(given)s” is no badge of this workshop: expected the number on the badge.",
                given=given.strip()[:40],
            )
        )
    if not found.is_active:
        return Second(
            wrong=_(
                "%(badge)s belongs to somebody who no longer works here: another person must "
                "confirm.",
                badge=found.badge,
            )
        )
    if found.key == session.get("person"):
        return Second(wrong=_("That is your own badge: a second person must confirm."))
    return Second(found.key)


def confirmed_words(one: Confirmation | None, named: dict[str, Person]) -> str:
    """Say who confirmed: the owner reads the name, an auditor the badge number."""
    if one is None or not one.by:
        return _("second person: not said")
    if one.is_alone:
        return _("confirmed alone")
    found = named.get(one.person)
    if found is None:
        return _("confirmed by %(person)s", person=one.person.rsplit("/", 1)[-1])
    is_named = found.name and access.role() == "admin"
    shown = f"{found.name} ({found.badge})" if is_named else found.badge
    return _("confirmed by %(person)s", person=shown)
