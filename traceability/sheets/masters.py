"""Products, places and people from a sheet: facts that replace what was known before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from traceability.gs1.local import LocalName
from traceability.projections.people import people
from traceability.projections.view import Values, View
from traceability.sheets.article import ArticleReader
from traceability.sheets.articles import Articles, differences_of
from traceability.sheets.change import Change, Difference, Plan
from traceability.sheets.choices import Choices
from traceability.sheets.complaint import N_, Complaint, merged
from traceability.sheets.headings import Kind
from traceability.sheets.orders import missing_column
from traceability.sheets.reading import Judge
from traceability.sheets.table import Cell, Table

__all__ = ["Places", "plan_masters"]

NO_NAME = N_("%(cell)s: this row names nobody and nothing. Write a name, or take the row out.")
SAME_NAME = N_(
    "%(cell)s: %(value)s stands in %(other_cell)s already. Make the two names differ, or take one "
    "row out."
)
NOT_A_LANGUAGE = N_(
    "%(cell)s says %(value)s: expected one of en, zh_Hans, vi, bn, tr, es, pt, hi, ur, km."
)
OTHER_BADGE = N_(
    "%(cell)s: %(value)s is not one of our badges; a badge with a number of its own is made."
)
LANGUAGES = {
    "en": "en", "english": "en", "zh_hans": "zh_Hans", "zh": "zh_Hans", "zh-cn": "zh_Hans",
    "chinese": "zh_Hans", "中文": "zh_Hans", "汉语": "zh_Hans", "简体中文": "zh_Hans", "英文": "en",
    "英语": "en", "vi": "vi", "vietnamese": "vi", "越南语": "vi", "tiếng việt": "vi", "bn": "bn",
    "bengali": "bn", "bangla": "bn", "孟加拉语": "bn", "tr": "tr", "turkish": "tr", "türkçe": "tr",
    "土耳其语": "tr", "es": "es", "spanish": "es", "español": "es", "西班牙语": "es", "pt": "pt",
    "portuguese": "pt", "português": "pt", "葡萄牙语": "pt", "hi": "hi", "hindi": "hi", "ur": "ur",
    "urdu": "ur", "km": "km", "khmer": "km",
}  # fmt: skip
NAME_MAX = 80


def plan_masters(view: View, table: Table, kind: Kind, choices: Choices) -> Plan:
    """Say what a sheet of products, places or people would change."""
    found = Plan(kind, complaints=list(table.complaints), questions=list(table.questions))
    if not table.headings:
        return found
    needed = {"style", "name", "gtin"} if kind == "products" else {"name"}
    if not needed & table.fields:
        word = "style" if kind == "products" else "name"
        found.complaints.append(missing_column(word))
        return found
    judge = Judge()
    if kind == "products":
        found.changes = _products(view, table, judge)
    elif kind == "places":
        found.changes = _places(view, table, judge)
    else:
        found.changes = _people(view, table, judge, found)
    found.complaints = merged([*found.complaints, *judge.complaints])
    return found


def _products(view: View, table: Table, judge: Judge) -> list[Change]:
    articles = Articles(view)
    reader = ArticleReader(judge, table.known, is_matrix=False)
    for record in table.records:
        owner = str(record.row + 1)
        article = reader.read(record, owner)
        if article is not None:
            cell = record.cell("style") or record.cell("name") or record.cell("gtin")
            articles.key(article, owner, cell.name if cell else "")
    return articles.changes()


# --- places ------------------------------------------------------------------------------------


class Places:
    """The places of a workshop while a sheet is read."""

    def __init__(self, view: View) -> None:
        self._namespace = view.namespace
        self._there = view.masters("place")
        self._keys = {
            str(values.get("name", "")).casefold(): key for key, values in self._there.items()
        }
        self._changes: dict[str, Change] = {}

    def find(self, name: str, code: str = "") -> str:
        """Return the key of a place by its code or name; a new one is named after either."""
        if code:
            return code if code.startswith("/") else LocalName(self._namespace, "loc", code).key
        known = self._keys.get(name.casefold())
        return known or LocalName(self._namespace, "loc", name).key

    def say(self, key: str, said: Mapping[str, str], owner: str, cell: str) -> None:
        """Describe a place; several rows may need the same one."""
        known = self._changes.get(key)
        if known is not None:
            owners = known.owners | {owner}
            self._changes[key] = _change(known, owners)
            return
        if said.get("name"):
            self._keys[said["name"].casefold()] = key
        before = self._there.get(key)
        values: dict[str, Any] = {**(before or {}), **{k: v for k, v in said.items() if v}}
        differences = () if before is None else differences_of(before, values, ("name", "kind"))
        self._changes[key] = Change(
            "place",
            key,
            str(values.get("name", key)),
            "new" if before is None else "changed" if differences else "same",
            values,
            differences=differences,
            cell=cell,
            owners=frozenset({owner}),
        )

    def changes(self) -> list[Change]:
        """Return what became of every place that was named."""
        return list(self._changes.values())


def _change(known: Change, owners: frozenset[str]) -> Change:
    from dataclasses import replace

    return replace(known, owners=owners)


def _places(view: View, table: Table, judge: Judge) -> list[Change]:
    places = Places(view)
    seen: dict[str, Cell] = {}
    for record in table.records:
        owner = str(record.row + 1)
        cell = record.cell("name")
        name = judge.code(cell, owner)
        code = judge.code(record.cell("code"), owner)
        if not name or cell is None:
            _complain_no_name(judge, cell, record.fields.get("name"), owner)
            continue
        key = places.find(name, code)
        if key in seen:
            judge.complain(SAME_NAME, cell, owner, other_cell=seen[key].name)
            continue
        seen[key] = cell
        said = {"name": name, "kind": judge.text(record.cell("kind"), owner)}
        places.say(key, said, owner, cell.name)
    return places.changes()


def _complain_no_name(judge: Judge, cell: Cell | None, at: Cell | None, owner: str) -> None:
    if cell is None:
        judge.complain(NO_NAME, at or Cell(None, ""), owner)


# --- people ------------------------------------------------------------------------------------


def _people(view: View, table: Table, judge: Judge, found: Plan) -> list[Change]:
    known = people(view)
    by_badge = {one.badge.upper(): one for one in known}
    by_name = {one.name.casefold(): one for one in known if one.name}
    masters = view.master("person", [one.key for one in known])
    changes: list[Change] = []
    seen: dict[str, Cell] = {}
    for record in table.records:
        owner = str(record.row + 1)
        cell = record.cell("name")
        name = judge.text(cell, owner, limit=NAME_MAX)
        if not name or cell is None:
            _complain_no_name(judge, cell, record.fields.get("name"), owner)
            continue
        if name.casefold() in seen:
            judge.complain(SAME_NAME, cell, owner, other_cell=seen[name.casefold()].name)
            continue
        seen[name.casefold()] = cell
        language = _language(judge, record.cell("language"), owner)
        badge = record.cell("badge")
        one = by_badge.get(badge.text.upper()) if badge is not None else None
        if one is None and badge is not None:
            found.remarks.append(Complaint(OTHER_BADGE, {"value": badge.text}, badge.name))
        one = one or by_name.get(name.casefold())
        before = masters.get(one.key) if one is not None else None
        changes.append(
            _person(
                name, one.name if one else "", one.key if one else "", before, language, owner, cell
            )
        )
    return changes


def _language(judge: Judge, cell: Cell | None, owner: str) -> str:
    said = judge.text(cell, owner)
    if said and cell is not None and said.casefold() not in LANGUAGES:
        judge.complain(NOT_A_LANGUAGE, cell, owner)
    return LANGUAGES.get(said.casefold(), "")


def _person(
    name: str, old: str, key: str, before: Values | None, language: str, owner: str, cell: Cell
) -> Change:
    values: dict[str, Any] = dict(before or {"is_active": True})
    values["language"] = language or values.get("language", "")
    differences: tuple[Difference, ...] = ()
    if before is not None:
        differences = differences_of(before, values, ("language",))
        if name != old:
            differences = (Difference("name", old, name), *differences)
    return Change(
        "person",
        key,
        name,
        "new" if before is None else "changed" if differences else "same",
        values,
        private={"name": name},
        differences=differences,
        detail=str(values.get("badge", "")),
        cell=cell.name,
        owners=frozenset({owner}),
    )
