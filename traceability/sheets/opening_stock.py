"""What was there before Hangtag: counted, marked "from before", without an invented history.

Each figure is one event that adds so much of a product at a place, or of a roll. Its id follows
from the thing and the place, so that the same sheet again is the same event; a corrected figure
declares the first one wrong and says the new one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from traceability.epcis.event_time import format_time
from traceability.epcis.vocabulary import DYE_LOT, PRODUCT
from traceability.errors import InvalidIdentifier
from traceability.gs1 import product_of, uri_of
from traceability.projections.holding import holding_key
from traceability.projections.view import Values, View
from traceability.scanning.meaning import roll_key
from traceability.sheets.article import Article, ArticleReader
from traceability.sheets.articles import Articles, differences_of
from traceability.sheets.change import Change, Difference, Plan
from traceability.sheets.choices import Choices
from traceability.sheets.complaint import N_, Complaint, merged
from traceability.sheets.from_before import FROM_BEFORE, REASON, SaidBefore, event_id, said_before
from traceability.sheets.grid import plain
from traceability.sheets.headings import normal
from traceability.sheets.masters import Places
from traceability.sheets.orders import missing_column
from traceability.sheets.reading import Judge
from traceability.sheets.table import Cell, Record, Table, size_complaint

__all__ = ["plan_stock"]


NO_PLACE = N_("%(cell)s: this row says no place. Write where the goods lie.")
NO_AMOUNT = N_("%(cell)s: this row says no amount. Write how much there is, or take the row out.")
NO_ROLL = N_("%(cell)s: metres without a roll. Write what stands on the roll's label.")
NOT_A_ROLL = N_("%(cell)s says %(value)s, which cannot be the name of a roll here.")
NOT_A_UNIT = N_("%(cell)s says %(value)s: expected m, yd or kg.")
ROLL_TWICE = N_(
    "%(cell)s: roll %(value)s stands in %(other_cell)s already. A roll lies in one place: take one "
    "row out."
)
NOT_COUNTED = N_(
    "%(cell)s: the steps of this workshop do not count %(value)s by product. Give its barcode "
    "number, or choose steps that count goods."
)
ADDED_UP = N_("%(cells)s name the same goods in one place: they are added up to %(sum)s.")

UNITS = {
    **dict.fromkeys(("m", "mt", "mtr", "mtrs", "metre", "metres", "meter", "meters"), "MTR"),
    **dict.fromkeys(("length", "米", "米数", "长度"), "MTR"),
    **dict.fromkeys(("yd", "yds", "yrd", "yard", "yards", "码", "码长", "码数量"), "YRD"),
    **dict.fromkeys(("kg", "kgs", "kgm", "kilograms", "weight", "net weight"), "KGM"),
    **dict.fromkeys(("公斤", "千克", "公斤数", "重量", "净重"), "KGM"),
}
"""Word → unit: of a cell, or of the heading above an amount."""
YARD = Decimal("0.9144")


@dataclass(slots=True)
class _Counted:
    """One figure of the sheet."""

    sort: str
    key: str
    place: str
    quantity: Decimal
    unit: str
    cells: list[str]
    owners: set[str]
    name: str
    values: dict[str, Any] = field(default_factory=dict)
    """Master data of a roll."""
    before: Values | None = None
    ilmd: dict[str, Any] = field(default_factory=dict)

    @property
    def about(self) -> str:
        """What the figure is about: a roll, or a product at a place."""
        return self.key if self.sort == "roll" else holding_key(self.key, self.place)


def plan_stock(view: View, table: Table, choices: Choices, *, at: datetime) -> Plan:
    """Say what a sheet of opening stock would change.

    Args:
        view: What is known now.
        table: The sheet.
        choices: Answers.
        at: When it was counted, UTC.
    """
    found = Plan("stock", complaints=list(table.complaints), questions=list(table.questions))
    if not table.headings:
        return found
    lacking = [] if "place" in table.fields else ["place"]
    if not table.is_matrix and not {"pieces", "amount"} & table.fields:
        lacking.append("pieces")
    if lacking:
        found.complaints += [missing_column(name) for name in lacking]
        return found
    judge = Judge()
    numbers = [
        cell
        for record in table.records
        for cell in (record.cell("amount"), record.cell("pieces"), *(c for _, c in record.sizes))
        if cell is not None
    ]
    judge.learn(numbers, (), choices, are_whole=not {"amount", "roll"} & table.fields)
    reader = _Reader(view, table, judge)
    reader.read()
    found.complaints = merged([*found.complaints, *judge.complaints])
    found.questions += judge.questions
    said = said_before(view, [one.about for one in reader.counted.values()])
    for one in reader.counted.values():
        if len(one.cells) > 1:
            values = {"cells": ", ".join(one.cells[:6]), "sum": plain(one.quantity)}
            found.remarks.append(Complaint(ADDED_UP, values, one.cells[0]))
    stock = [_change(one, said[one.about], at) for one in reader.counted.values()]
    found.changes = [
        *reader.places.changes(),
        *reader.articles.changes(),
        *reader.materials(),
        *stock,
    ]
    return found


class _Reader:
    """Goes through the rows once."""

    def __init__(self, view: View, table: Table, judge: Judge) -> None:
        self._view = view
        self._table = table
        self._judge = judge
        self._reader = ArticleReader(judge, table.known, is_matrix=table.is_matrix)
        self.places = Places(view)
        self.articles = Articles(view)
        self.counted: dict[str, _Counted] = {}
        self._rolls: dict[str, Cell] = {}
        self._materials: dict[str, tuple[dict[str, Any], set[str], str]] = {}
        self._known_rolls = view.masters("roll")

    def read(self) -> None:
        """Read every row."""
        for heading, rows in self._table.likely.values():
            owners = frozenset(str(self._table.records[row].row + 1) for row in rows)
            self._judge.complaints.append(size_complaint(heading, owners))
        for record in self._table.records:
            owner = str(record.row + 1)
            cell = record.cell("place")
            place = self._judge.code(cell, owner)
            if not place or cell is None:
                if cell is None:
                    self._judge.complain(NO_PLACE, record.fields["place"], owner)
                continue
            key = self.places.find(place)
            count = len(self._judge.complaints)
            if record.cell("roll") is not None or (
                record.cell("amount") is not None and record.cell("pieces") is None
            ):
                self._roll(record, key, owner)
            else:
                self._pieces(record, key, owner)
            if len(self._judge.complaints) == count:
                self.places.say(
                    key, {"name": place} if key.endswith(f"/{place}") else {}, owner, cell.name
                )

    def _pieces(self, record: Record, place: str, owner: str) -> None:
        article = self._reader.read(record, owner)
        if article is None:
            return
        cells = [*record.sizes]
        alone = record.cell("pieces")
        if not self._table.is_matrix and alone is not None:
            cells = [("", alone)]
        if not cells:
            at = (
                record.fields.get("pieces") or record.fields.get("amount") or record.fields["place"]
            )
            self._judge.complain(NO_AMOUNT, at, owner)
        for size, counted in cells:
            pieces = self._judge.pieces(counted, owner, may_be_none=self._table.is_matrix)
            if pieces is None:
                continue
            one = article if not size else _sized(article, size)
            key = self.articles.key(one, owner, counted.name)
            kind = self._view.flow.kind_of(key)
            if kind is None or kind.form != "holding" or not kind.in_stock:
                self._judge.complain(NOT_COUNTED, counted, owner, value=self.articles.name(key))
                continue
            self._count(
                "stock", key, place, Decimal(pieces), "", counted, owner, self.articles.name(key)
            )

    def _roll(self, record: Record, place: str, owner: str) -> None:
        judge = self._judge
        cell = record.cell("roll")
        if cell is None:
            judge.complain(NO_ROLL, record.fields.get("roll") or record.fields["amount"], owner)
            return
        code = judge.code(cell, owner)
        amount_cell = record.cell("amount") or record.cell("pieces")
        if not code:
            return
        if amount_cell is None:
            judge.complain(NO_AMOUNT, record.fields.get("amount") or cell, owner)
            return
        amount = judge.amount(amount_cell, owner)
        unit = self._unit(record, owner)
        count = len(judge.complaints)
        material = ", ".join(
            filter(
                None, (judge.code(record.cell(name), owner) for name in ("style", "name", "colour"))
            )
        )
        dye_lot = judge.text(record.cell("dye_lot"), owner)
        supplier = judge.text(record.cell("supplier"), owner)
        key = self._roll_key(cell, code, owner)
        if amount is None or not unit or not key or len(judge.complaints) > count:
            return
        if key in self._rolls:
            judge.complain(ROLL_TWICE, cell, owner, other_cell=self._rolls[key].name)
            return
        self._rolls[key] = cell
        made = self._count("roll", key, place, amount, unit, cell, owner, code)
        made.before = self._known_rolls.get(key)
        made.values = {**(made.before or {}), "code": code.removeprefix("R-")}
        made.values |= _measures(amount, unit)
        for name, text in (("dye_lot", dye_lot), ("supplier", supplier), ("material", material)):
            if text:
                made.values[name] = text
        product = product_of(key) or (self._material(material, owner, cell) if material else None)
        if product:
            made.values["product"] = product
            if product_of(key) is None:
                made.ilmd[PRODUCT] = uri_of(product)
        if dye_lot:
            made.ilmd[DYE_LOT] = dye_lot

    def _roll_key(self, cell: Cell, code: str, owner: str) -> str:
        try:
            key = roll_key(self._view, code)
        except InvalidIdentifier:
            key = ""
        kind = self._view.flow.kind_of(key)
        if kind is None or kind.form != "lot":
            self._judge.complain(NOT_A_ROLL, cell, owner)
            return ""
        return key

    def _unit(self, record: Record, owner: str) -> str:
        cell = record.cell("unit")
        if cell is None:
            return UNITS.get(normal(self._table.headings.get("amount", "")), "MTR")
        found = UNITS.get(cell.text.casefold().strip(" ."), "")
        if not found:
            self._judge.complain(NOT_A_UNIT, cell, owner, suggestion="m")
        return found

    def _material(self, material: str, owner: str, cell: Cell) -> str:
        text = f"P-{material}".replace("/", "-")[:80].strip()
        key = f"//{self._view.namespace}/class/{text}"
        known = self._materials.setdefault(
            key, ({"name": material, "kind": "material"}, set(), cell.name)
        )
        known[1].add(owner)
        return key

    def materials(self) -> list[Change]:
        """Return the cloths that come into being."""
        there = self._view.master("product", list(self._materials))
        return [
            Change(
                "product",
                key,
                str(values["name"]),
                "same" if key in there else "new",
                there.get(key, values),
                cell=cell,
                owners=frozenset(owners),
            )
            for key, (values, owners, cell) in self._materials.items()
        ]

    def _count(
        self,
        sort: str,
        key: str,
        place: str,
        quantity: Decimal,
        unit: str,
        cell: Cell,
        owner: str,
        name: str,
    ) -> _Counted:
        about = key if sort == "roll" else holding_key(key, place)
        known = self.counted.get(about)
        if known is None:
            known = _Counted(sort, key, place, quantity, unit, [cell.name], {owner}, name)
            self.counted[about] = known
        else:
            known.quantity += quantity
            known.cells.append(cell.name)
            known.owners.add(owner)
        return known


def _sized(article: Article, size: str) -> Article:
    return Article(article.style, article.colour, size, "", article.name, article.swatch)


def _measures(amount: Decimal, unit: str) -> dict[str, str]:
    metres = amount if unit == "MTR" else round(amount * YARD, 6) if unit == "YRD" else None
    found = {"amount": plain(amount), "unit": unit}
    return found if metres is None else {**found, "metres": plain(metres)}


def _change(one: _Counted, said: SaidBefore, at: datetime) -> Change:
    number = said.count + 1
    event: dict[str, Any] = {
        "type": "ObjectEvent",
        "eventID": event_id(one.about, number),
        "eventTime": format_time(int(at.timestamp() * 1_000_000), "+00:00"),
        "eventTimeZoneOffset": "+00:00",
        "action": "ADD",
        "epcList": [],
        "quantityList": [_element(one)],
        "bizStep": "stock_taking",
        "readPoint": {"id": uri_of(one.place)},
        "bizLocation": {"id": uri_of(one.place)},
        REASON: FROM_BEFORE,
    }
    if one.ilmd:
        event["ilmd"] = one.ilmd
    differences: list[Difference] = []
    events: list[Mapping[str, Any]] = [event]
    if said.tree is not None:
        if (said.quantity, said.unit) != (one.quantity, one.unit):
            field_name = "pieces" if not one.unit else "amount"
            differences.append(Difference(field_name, plain(said.quantity), plain(one.quantity)))
        if said.place != one.place:
            differences.append(Difference("place", said.place, one.place))
        events = [_wrong(said.tree, event, at), event] if differences else []
    if one.before is not None:
        differences += differences_of(one.before, one.values, ("dye_lot", "supplier", "material"))
    is_new = said.tree is None
    return Change(
        "roll" if one.sort == "roll" else "stock",
        one.key,
        one.name,
        "new" if is_new else "changed" if differences else "same",
        one.values,
        differences=tuple(differences),
        detail=one.place,
        pieces=one.quantity,
        unit=one.unit,
        cell=one.cells[0],
        owners=frozenset(one.owners),
        events=tuple(events),
    )


def _element(one: _Counted) -> dict[str, Any]:
    element: dict[str, Any] = {"epcClass": uri_of(one.key), "quantity": one.quantity}
    return {**element, "uom": one.unit} if one.unit else element


def _wrong(tree: Mapping[str, Any], event: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    declared = format_time(int(at.timestamp() * 1_000_000), "+00:00")
    return {
        **tree,
        "errorDeclaration": {
            "declarationTime": declared,
            "reason": "incorrect_data",
            "correctiveEventIDs": [event["eventID"]],
        },
    }
