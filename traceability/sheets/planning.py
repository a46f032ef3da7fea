"""From a book to a plan: which tab, what its rows say, and how that differs from what is known.

Nothing is written here. A plan is made anew from the file whenever an answer or a cell changes, so
it can never speak of something else than what will be taken in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from traceability.gs1 import key_of
from traceability.gs1.local import LocalName
from traceability.projections.view import Values, View
from traceability.sheets.articles import Articles
from traceability.sheets.book import Book
from traceability.sheets.change import Change, Difference, Plan
from traceability.sheets.choices import Choices
from traceability.sheets.complaint import N_, Question
from traceability.sheets.grid import Grid
from traceability.sheets.headings import Kind
from traceability.sheets.layout import Known, find_columns
from traceability.sheets.orders import OrderSaid, read_orders
from traceability.sheets.table import Table, read_table

__all__ = ["plan"]

ASK_SHEET = N_("The file has several sheets. Which one?")
_HEAD = ("title", "customer", "city", "due", "marked")
_STYLES_NAMED = 3


def plan(view: View, book: Book, kind: Kind, choices: Choices, *, at: datetime) -> Plan:
    """Say what taking a sheet in would do.

    Args:
        view: What is known now.
        book: The file.
        kind: What the sheet holds.
        choices: Answers and corrected cells.
        at: Now, UTC: when stock was counted, if the sheet does not say.
    """
    from traceability.sheets import masters, opening_stock

    remembered = view.masters("headings").get(f"headings:{kind}", {})
    known = Known.of(kind, remembered, choices)
    grid, tabs = _choose(book, known, choices)
    table = read_table(grid, kind, known, choices)
    if kind == "orders":
        made = _orders(view, table, choices)
    elif kind == "stock":
        made = opening_stock.plan_stock(view, table, choices, at=at)
    else:
        made = masters.plan_masters(view, table, kind, choices)
    made.sheet, made.sheets = grid.name, tabs
    made.headings = _to_remember(remembered, choices)
    if len(tabs) > 1:
        options = tuple((name, name) for name in tabs)
        made.questions.insert(0, Question("sheet", ASK_SHEET, {}, options, grid.name))
    return made


def _choose(book: Book, known: Known, choices: Choices) -> tuple[Grid, tuple[str, ...]]:
    filled = [grid for grid in book.grids if grid.rows]
    tabs = tuple(grid.name for grid in filled if grid.name)
    for grid in filled:
        if choices.sheet and grid.name == choices.sheet:
            return grid, tabs
    best = max(filled, key=lambda grid: _worth(grid, known))
    return best, tabs


def _worth(grid: Grid, known: Known) -> tuple[int, int, int]:
    columns = find_columns(grid, known)
    score = columns.score if columns is not None else -1
    return (not grid.is_hidden) * (score > 0), score, min(len(grid.rows), 50)


def _to_remember(remembered: Mapping[str, Any], choices: Choices) -> Mapping[str, Any] | None:
    columns = {**remembered.get("columns", {}), **choices.columns}
    sizes = list(dict.fromkeys([*remembered.get("sizes", ()), *choices.sizes]))
    values = {"columns": columns, "sizes": sizes}
    before = {
        "columns": dict(remembered.get("columns", {})),
        "sizes": list(remembered.get("sizes", ())),
    }
    return values if values != before else None


# --- orders ------------------------------------------------------------------------------------


def _orders(view: View, table: Table, choices: Choices) -> Plan:
    sheet = read_orders(table, choices)
    found = Plan(
        "orders",
        complaints=sheet.complaints,
        questions=sheet.questions,
        remarks=sheet.remarks,
    )
    known = view.masters("order")
    by_number = {str(values.get("number", "")): key for key, values in known.items()}
    articles = Articles(view)
    context = _Context(
        view.namespace, known, by_number, str(view.workshop.get("marked") or "counted"), articles
    )
    orders = [_order(context, order) for order in sheet.orders.values()]
    found.changes = [*articles.changes(), *orders]
    return found


@dataclass(frozen=True, slots=True)
class _Context:
    namespace: str
    known: Mapping[str, Values]
    by_number: Mapping[str, str]
    marked: str
    articles: Articles


def _order(context: _Context, order: OrderSaid) -> Change:
    key = context.by_number.get(order.number) or order_key(context.namespace, order.number)
    before = context.known.get(key)
    lines: dict[str, int] = {}
    for identity, (article, pieces) in order.lines.items():
        product = context.articles.key(article, order.number, order.cells[identity][0])
        lines[product] = lines.get(product, 0) + pieces
    values = _order_values(context, order, before, lines)
    differences = () if before is None else _differences(context, before, values, lines)
    return Change(
        "order",
        key,
        order.number,
        "new" if before is None else "changed" if differences else "same",
        values,
        differences=differences,
        detail=str(values.get("customer", "")),
        pieces=Decimal(order.pieces),
        cell=order.cell,
        owners=frozenset({order.number}),
    )


def order_key(namespace: str, number: str) -> str:
    """Return the key of an order by its number."""
    return LocalName(namespace, "bt", number).key


def _order_values(
    context: _Context, order: OrderSaid, before: Values | None, lines: Mapping[str, int]
) -> dict[str, Any]:
    values: dict[str, Any] = dict(before or {})
    said = {
        "title": order.title,
        "customer": order.customer,
        "city": order.city,
        "due": order.due.isoformat() if order.due is not None else "",
        "marked": order.marked,
    }
    values |= {name: text for name, text in said.items() if text}
    values["number"] = order.number
    values.setdefault("title", _title(order))
    for name in ("customer", "city", "due"):
        values.setdefault(name, "")
    values.setdefault("marked", context.marked)
    if before is None or _lines_of(before) != {key: Decimal(n) for key, n in lines.items()}:
        values["lines"] = [{"product": key, "pieces": pieces} for key, pieces in lines.items()]
    return values


def _title(order: OrderSaid) -> str:
    """Name an order after what is made: the first three styles."""
    names = list(
        dict.fromkeys(article.name or article.style for article, _ in order.lines.values())
    )
    return ", ".join(filter(None, names[:_STYLES_NAMED])) + (" …" if len(names) > 3 else "")


def _lines_of(values: Values) -> dict[str, Decimal]:
    lines: dict[str, Decimal] = {}
    for line in values.get("lines", ()):
        key = key_of(str(line["product"]))
        lines[key] = lines.get(key, Decimal()) + Decimal(str(line["pieces"]))
    return lines


def _differences(
    context: _Context, before: Values, values: Mapping[str, Any], lines: Mapping[str, int]
) -> tuple[Difference, ...]:
    found = [
        Difference(name, str(before.get(name, "")), str(values.get(name, "")))
        for name in _HEAD
        if str(before.get(name, "")) != str(values.get(name, ""))
    ]
    old = _lines_of(before)
    for key in dict.fromkeys([*old, *lines]):
        was, now = old.get(key, Decimal()), Decimal(lines.get(key, 0))
        if was != now:
            found.append(Difference("pieces", f"{was:f}", f"{now:f}", context.articles.name(key)))
    return tuple(found)
