"""What is wrong with a sheet, and what would happen, in the words of the page's language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from traceability.errors import Refused
from traceability.sheets.change import Change, Difference, Plan
from traceability.sheets.complaint import THE_SHEET, Complaint, Question, Unreadable
from traceability.sheets.field_words import FIELD_WORDS
from traceability.sheets.headings import Kind
from traceability.web.sentences import gettext as _
from traceability.web.sentences import lazy_gettext, ngettext
from traceability.web.words import day, number, quantity

KINDS = {
    "orders": lazy_gettext("Orders"),
    "products": lazy_gettext("Products"),
    "places": lazy_gettext("Places"),
    "people": lazy_gettext("People"),
    "stock": lazy_gettext("Stock from before"),
}
STATES = {
    "new": lazy_gettext("new"),
    "changed": lazy_gettext("changed"),
    "same": lazy_gettext("as it is"),
}
CHIPS = {"new": "pass", "changed": "late", "same": "ready"}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of what would happen."""

    name: str
    cell: str
    state: str
    chip: str
    word: str
    line: str
    """For whom, or where."""
    due: str
    amount: str
    differences: tuple[str, ...]
    is_left_out: bool
    """Something is wrong with it."""
    swatch: str = ""


def sentence(one: Complaint) -> str:
    """Say what is wrong with a cell, or what was done without asking."""
    values = {"cell": one.cell, **one.values}
    if "field" in values:
        values["value"] = field_word(values["field"])
    return _(one.words, **values)


def trouble(error: Refused) -> str:
    """Say why a sheet cannot be read."""
    if not isinstance(error, Unreadable):
        return str(error)
    values = dict(error.values)
    if values.get("file") == THE_SHEET:
        values["file"] = _(THE_SHEET)
    return _(error.words, **values)


def field_word(name: str) -> str:
    """Return what a field is called; a size is itself."""
    return _(FIELD_WORDS[name]) if name in FIELD_WORDS else name


def question_words(one: Question) -> str:
    """Ask."""
    return _(one.words, **one.values)


def options(one: Question) -> list[tuple[str, str]]:
    """Return the answers with their words; an open question begins with none."""
    found = [(answer, _option(one, answer, words)) for answer, words in one.options]
    return [("", _("Choose")), *found] if one.is_open else found


def _option(one: Question, answer: str, words: str) -> str:
    if one.name == "days":
        first = _("day first") if answer == "dmy" else _("month first")
        return f"{day(date.fromisoformat(words))} ({first})"
    if one.name == "mark":
        return number(Decimal(words))
    return field_word(words) if one.name.startswith("column:") else words


def counted(changes: Iterable[Change], *, amounts: bool = True) -> str:
    """Say how many of what: "4 orders, 9 products, 1 240 pieces"."""
    listed = list(changes)
    parts = []
    for sort in ("order", "roll", "person", "product", "place"):
        count = sum(one.sort == sort for one in listed)
        if count:
            parts.append(_plural(sort, count))
    if not amounts:
        return ", ".join(parts)
    pieces = sum((one.pieces or Decimal() for one in listed if not one.unit), Decimal())
    if pieces:
        parts.append(quantity(pieces, ""))
    for unit in ("MTR", "YRD", "KGM"):
        amount = sum((one.pieces or Decimal() for one in listed if one.unit == unit), Decimal())
        if amount:
            parts.append(quantity(amount, unit))
    return ", ".join(parts)


def _plural(sort: str, count: int) -> str:
    if sort == "order":
        return ngettext("%(count)s order", "%(count)s orders", count, count=number(count))
    if sort == "product":
        return ngettext("%(count)s product", "%(count)s products", count, count=number(count))
    if sort == "place":
        return ngettext("%(count)s place", "%(count)s places", count, count=number(count))
    if sort == "person":
        return ngettext("%(count)s person", "%(count)s people", count, count=number(count))
    return ngettext("%(count)s roll", "%(count)s rolls", count, count=number(count))


def main_sort(kind: Kind) -> tuple[str, ...]:
    """Return what the list of a kind shows: the rest comes into being beside it."""
    sorts = {"orders": ("order",), "products": ("product",), "places": ("place",)}
    return sorts.get(kind, ("person",) if kind == "people" else ("roll", "stock"))


def rows(plan: Plan, places: Mapping[str, str], shown: int) -> list[Row]:
    """Return the first lines of what would happen: what changes before what stays."""
    wrong = plan.wrong
    rank = {"changed": 1, "new": 1, "same": 2}
    listed = [one for one in plan.changes if one.sort in main_sort(plan.kind)]
    listed.sort(key=lambda one: 0 if one.owners & wrong else rank[one.state])
    return [_row(one, places, is_wrong=bool(one.owners & wrong)) for one in listed[:shown]]


def _row(one: Change, places: Mapping[str, str], *, is_wrong: bool) -> Row:
    due = str(one.values.get("due", "")) if one.sort == "order" else ""
    line = places.get(one.detail, one.detail) if one.sort in ("roll", "stock") else one.detail
    return Row(
        name=one.name,
        cell=one.cell,
        state=one.state,
        chip="stop" if is_wrong else CHIPS[one.state],
        word=_("to be put right") if is_wrong else str(STATES[one.state]),
        line="" if one.sort == "product" else line,
        due=day(date.fromisoformat(due)) if due else "",
        amount=_amount(one),
        differences=tuple(difference_words(each) for each in one.differences),
        is_left_out=is_wrong,
        swatch=str(one.values.get("swatch", "")) if one.sort == "product" else "",
    )


def _amount(one: Change) -> str:
    if one.pieces is None:
        return ""
    return quantity(one.pieces, one.unit) if one.unit else number(one.pieces)


def difference_words(one: Difference) -> str:
    """Say what is another value: "A1, navy, M: 40 → 60"."""
    what = one.of or field_word(one.field)
    return f"{what}: {_shown(one.field, one.old)} → {_shown(one.field, one.new)}"


def _shown(field: str, value: str) -> str:
    if not value:
        return _("nothing")
    if field in ("pieces", "amount"):
        return number(Decimal(value))
    if field == "due":
        try:
            return day(date.fromisoformat(value))
        except ValueError:
            return value
    return value
