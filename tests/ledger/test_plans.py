"""No statement of the append or of a page may scan: 20,500 events/s became 2,850 when two did.

Every statement that a busy ledger runs is caught as it goes to SQLite and explained, with and
without the statistics that ANALYZE leaves: with them a planner chooses otherwise.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from tests.web.story import story_ledger
from traceability.ledger.append import Draft, Ledger
from traceability.projections import expected, happenings
from traceability.projections.accounting import trace
from traceability.projections.board import board
from traceability.projections.items import item
from traceability.projections.progress import order, orders
from traceability.projections.search import find_key
from traceability.projections.stock import stock, why_stock
from traceability.projections.view import look

SMALL = {"ledger", "order_head", "order_line", "projection", "hold", "stock", "station_run"}
"""Tables that stay small or are shown whole: a page that lists all orders reads all orders."""
SCAN = re.compile(r"SCAN (\w+)|SEARCH (\w+) USING .*\(ledger_id=\?\)$")
"""A search by the ledger alone reads the whole ledger: that is a scan by another name."""


def appends(ledger: Ledger) -> None:
    """Run the paths of the append that the story did not take: late, declared wrong, held, flow."""
    with look(ledger) as view:
        things = (thing.key for line in happenings.latest(view, limit=200) for thing in line.things)
        garment = next(key for key in things if "/21/" in key)
        at = (view.record_at - timedelta(days=400)).isoformat()
    from tests.ledger.books import draft, packed

    late = packed(1, at=at, epcList=[f"https://id.gs1.org{garment}"])
    wrong = {**late, "errorDeclaration": {"declarationTime": "2026-02-01T00:00:00Z"}}
    unknown = packed(
        2,
        bizTransactionList=[{"type": "po", "bizTransaction": "https://shop.invalid/bt/unknown"}],
    )
    made = {
        **packed(3),
        "type": "TransformationEvent",
        "inputEPCList": [f"https://id.gs1.org{garment}"],
        "outputEPCList": ["https://shop.invalid/obj/G-1"],
    }
    for member in ("epcList", "action"):
        made.pop(member)
    hold = {"type": "hold", "id": "Q-1", "reason": "hole", "contact": "214", "things": [garment]}
    ledger.append([draft(late), draft(unknown), draft(made), draft(late)])
    ledger.append([draft(wrong)])
    ledger.append([Draft("hold", "hold-1", hold)])
    ledger.append([Draft("hold", "hold-2", {"type": "release", "id": "Q-1"})])
    values = {"number": "unknown", "lines": [{"product": "/01/09521141001011", "pieces": 1}]}
    entered = {"type": "order", "id": "//shop.invalid/bt/unknown", "values": values}
    ledger.append([Draft("master", "order-unknown", entered)])
    while happenings.follow(ledger):
        pass


def questions(ledger: Ledger) -> None:
    """Ask everything that pages ask."""
    with look(ledger) as view:
        lines = stock(view)
        stock(view, place=lines[0].place.key)
        why_stock(view, lines[0])
        board(view, view.record_at)
        for card in orders(view):
            order(view, card.label.key)
        for line in happenings.latest(view, limit=40):
            for thing in line.things:
                item(view, thing.key)
                trace(view, thing.key)
                find_key(view, str(thing))
        expected.cartons(view)
        expected.held(view)
        expected.newest_master(view)


@pytest.fixture(scope="module")
def caught(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """Return the file and every statement that ran, each with one set of parameters."""
    file = tmp_path_factory.mktemp("plans") / "story.sqlite"
    ledger = story_ledger(file)
    statements: dict[str, Any] = {}

    def catch(_c: Any, _cursor: Any, statement: str, given: Any, _x: Any, many: bool) -> None:
        statements.setdefault(statement, given[0] if many and given else given)

    event.listen(ledger.database.engine, "before_cursor_execute", catch)
    appends(ledger)
    questions(ledger)
    return file, statements


def scans(file: Path, statements: dict[str, Any]) -> list[str]:
    connection = sqlite3.connect(file)
    found = []
    for statement, parameters in statements.items():
        if not statement.lstrip().upper().startswith(("SELECT", "WITH", "UPDATE", "DELETE")):
            continue
        aliases = dict(re.findall(r"(?:FROM|JOIN) (\w+)(?: AS)? ([a-z])\b", statement))
        aliases = {alias: name for name, alias in aliases.items()}
        for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters):
            match = SCAN.match(row[3])
            seen = (match[1] or match[2]) if match else None
            name = aliases.get(seen, seen) if seen else None
            is_index_end = "max(" in statement or ("ORDER BY" in statement and "LIMIT" in statement)
            if name not in (None, "k", "json_each", "value", *SMALL) and not is_index_end:
                found.append(f"{row[3]}: {' '.join(statement.split())}")
            if "BLOOM FILTER" in row[3]:
                found.append(f"{row[3]}: {' '.join(statement.split())}")
    return found


@pytest.mark.parametrize("prepare", [lambda _: None, lambda c: c.execute("ANALYZE")])
def test_no_statement_scans(
    caught: tuple[Path, dict[str, Any]], prepare: Callable[[sqlite3.Connection], Any]
) -> None:
    file, statements = caught
    connection = sqlite3.connect(file)
    prepare(connection)
    connection.commit()
    assert len(statements) > 60
    assert scans(file, statements) == []
