"""The budget of the disk, as pages and programs read it: measured once a minute at most."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, cast

from babel.dates import format_skeleton
from flask import current_app
from flask_babel import get_locale

from traceability.errors import Refused
from traceability.factory import daily
from traceability.factory.budget import Budget, Limits, Month, measure, read_limits
from traceability.web.clock import now
from traceability.web.reading import current
from traceability.web.sentences import gettext as _
from traceability.web.words import day

if TYPE_CHECKING:
    from traceability.factory.folder import Factory

__all__ = ["disk_of", "disk_words", "status"]

MEASURED_FOR_S = 60.0
_KEPT = "hangtag.budget"


def disk_of(workshop: Factory) -> Budget:
    """Return the budget of a workshop's disk as it was within the last minute."""
    kept = cast("tuple[float, Budget] | None", current_app.extensions.get(_KEPT))
    at = time.monotonic()
    if kept is not None and at - kept[0] < MEASURED_FOR_S and not current_app.testing:
        return kept[1]
    plan, limits = daily.Plan(), Limits()
    with contextlib.suppress(Refused):  # said on the page where it is chosen, and by the doctor
        plan, limits = daily.read_plan(workshop), read_limits(workshop)
    with current().look() as view:
        found = measure(workshop, view, plan, daily.last(workshop), now(), limits=limits)
    current_app.extensions[_KEPT] = (at, found)
    return found


def status() -> dict[str, object] | None:
    """Return the budget as JSON; None where no workshop's folder is behind this server."""
    workshop = cast("Factory | None", current_app.extensions.get("hangtag.factory"))
    return None if workshop is None else disk_of(workshop).tree()


def disk_words(budget: Budget) -> str:
    """Say in the page's language how much is used and how long the rest lasts."""
    words, clauses = budget.clauses
    told = {name: _(one, **_values(given)) for name, (one, given) in clauses.items()}
    return _(words, **told)


def _values(given: Mapping[str, object]) -> dict[str, object]:
    return {name: _value(value) for name, value in given.items()}


def _value(value: object) -> object:
    if isinstance(value, Month):
        return month(value.first)
    return day(value) if isinstance(value, date) else value


def month(first: date) -> str:
    """Write a month of a year: January 2028."""
    return str(format_skeleton("yMMMM", first, locale=get_locale() or "en"))
