"""How far an order is: figures, first and last times, cartons, and who else waits."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from tests.ledger.test_plans import SMALL, scans
from tests.web import story
from traceability.gs1 import key_of, uri_of
from traceability.ledger.append import Draft, Ledger
from traceability.projections import links
from traceability.projections.progress import OrderRow, order, orders, queue
from traceability.projections.steps import cartons
from traceability.projections.view import Label, View, look
from traceability.simulation.plan import make_plan

DAY = date(2026, 1, 5)
NUMBERS = ("4471", "4472", "4473")
SHARE = 0.7
"""How much of the day the plain story tells."""
STAGE_OF = {
    "fabric-in": "fabric-in",
    "cutting": "cutting",
    "sewing": "sewing",
    "packing": "packing",
    "dock": "shipping",
    "store": "store",
}
"""What is done at each station of the story, in the order of the flow."""
BOX, PALLET = "/00/095211410000088883", "/00/095211410000088890"
FREE = "4472"
"""An order that has pieces sewn and not yet packed."""
KEY = "//demo.workshop.invalid/bt/{}"


def key(number: str) -> str:
    return KEY.format(number)


def at(minutes: float) -> datetime:
    return story.BEGINS_AT + timedelta(minutes=minutes)


@pytest.fixture(scope="module", params=[0.0, 0.3, 0.7, 1.0])
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """The day, none of it, a part of it and all of it."""
    file = tmp_path_factory.mktemp("told") / "day.sqlite"
    return story.story_ledger(file, share=request.param)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file of a ledger in the middle of its day."""
    file = tmp_path_factory.mktemp("stored") / "day.sqlite"
    story.story_ledger(file, share=SHARE).database.close()
    return file.read_bytes()


@pytest.fixture
def plain(tmp_path: Path, stored: bytes) -> Iterator[Ledger]:
    """Such a ledger of its own, to be told on by hand."""
    file = tmp_path / "day.sqlite"
    file.write_bytes(stored)
    ledger = story.empty_ledger(file)
    yield ledger
    ledger.database.close()


@pytest.mark.parametrize("number", NUMBERS)
def test_what_came_to_a_stage_adds_up_to_its_figure(told: Ledger, number: str) -> None:
    with look(told) as view:
        card = order(view, key(number))
        assert card is not None
        summed = {
            one.stage.name: sum((s.pieces for s in card.steps if s.stage == one.stage), Decimal())
            for one in card.counted
        }
        assert summed == {one.stage.name: one.done for one in card.counted}


def test_the_list_and_the_page_say_the_same(told: Ledger) -> None:
    with look(told) as view:
        for row in orders(view):
            card = order(view, row.label.key)
            assert card is not None
            assert row.ordered == card.ordered
            assert row.finished == card.finished
            assert row.made == {one.stage.number: one.done for one in card.counted}


def test_the_order_promised_first_stands_first(told: Ledger) -> None:
    with look(told) as view:
        assert [row.label.detail for row in orders(view)] == ["4473", "4471", "4472"]


def passes(share: float = SHARE) -> list[tuple[str, dict[str, Any]]]:
    """Return what the story tells: station and event of each pass."""
    every = list(story.day(make_plan(7, 60, today=DAY)))
    return every[: round(len(every) * share)]


def names(tree: dict[str, Any], number: str) -> bool:
    given = tree.get("bizTransactionList", [])
    return any(one["bizTransaction"] == uri_of(key(number)) for one in given)


def counted(elements: list[dict[str, Any]]) -> int:
    return int(sum(one["quantity"] for one in elements))


def told_of(number: str, share: float = SHARE) -> list[tuple[object, ...]]:
    """Read the story itself, without any ledger: what came to each stage of an order, and when."""
    arrived: dict[str, list[tuple[datetime, int]]] = {name: [] for name in STAGE_OF.values()}
    inside: dict[str, int] = {}
    received: dict[str, datetime] = {}
    used: set[str] = set()
    for count, (station, tree) in enumerate(passes(share)):
        when = at(count * 2.5)
        if station == "fabric-in":
            received[tree["quantityList"][0]["epcClass"]] = when
        if not names(tree, number):
            continue
        if station == "cutting":
            used |= {one["epcClass"] for one in tree["inputQuantityList"]}
            pieces = counted(tree["outputQuantityList"])
        elif station == "sewing":
            pieces = len(tree.get("outputEPCList", ())) or counted(tree["quantityList"])
        elif station == "packing":
            pieces = len(tree.get("childEPCs", ())) or counted(tree["childQuantityList"])
            inside[tree["parentID"]] = pieces
        else:
            pieces = sum(inside[box] for box in tree["epcList"])
        arrived[STAGE_OF[station]].append((when, pieces))
    arrived["fabric-in"] = [(received[roll], 1) for roll in used]
    plan = make_plan(7, 60, today=DAY)
    ordered = sum(pieces for one in plan.orders if one.number == number for _, pieces in one.lines)
    return [
        (
            name,
            sum(pieces for _, pieces in came),
            len(used) if name == "fabric-in" else ordered,
            min((when for when, _ in came), default=None),
            max((when for when, _ in came), default=None),
        )
        for name, came in arrived.items()
    ]


def stages(view: View, number: str) -> list[tuple[object, ...]]:
    card = order(view, key(number))
    assert card is not None
    return [
        (one.stage.name, int(one.done), int(one.total), one.first_at, one.last_at)
        for one in card.stages
    ]


@pytest.mark.parametrize("number", NUMBERS)
def test_each_stage_has_what_the_story_tells_and_when(plain: Ledger, number: str) -> None:
    with look(plain) as view:
        assert stages(view, number) == told_of(number)


def test_an_order_that_nobody_began_has_no_times(tmp_path: Path) -> None:
    ledger = story.story_ledger(tmp_path / "day.sqlite", share=0)
    with look(ledger) as view:
        assert stages(view, "4473") == [
            ("fabric-in", 0, 0, None, None),
            ("cutting", 0, 18, None, None),
            ("sewing", 0, 18, None, None),
            ("packing", 0, 18, None, None),
            ("shipping", 0, 18, None, None),
            ("store", 0, 18, None, None),
        ]
        assert cartons(view, key("4473")) == []


def test_nobody_entered_it(plain: Ledger) -> None:
    with look(plain) as view:
        assert order(view, key("9999")) is None
        assert cartons(view, key("9999")) == []
        assert queue(view, key("9999")) is None


# --- by hand -----------------------------------------------------------------------------------


def seen(step: str, things: list[str], number: str = "", **more: Any) -> tuple[str, dict[str, Any]]:
    tree: dict[str, Any] = {
        "type": "ObjectEvent",
        "action": "OBSERVE",
        "bizStep": step,
        "epcList": [uri_of(thing) for thing in things],
        **more,
    }
    if number:
        tree["bizTransactionList"] = [
            {"type": "prodorder", "bizTransaction": uri_of(key(number))},
        ]
    return "dock", tree


def packed(parent: str, things: list[str]) -> tuple[str, dict[str, Any]]:
    return "packing", {
        "type": "AggregationEvent",
        "action": "ADD",
        "bizStep": "packing",
        "parentID": uri_of(parent),
        "childEPCs": [uri_of(thing) for thing in things],
    }


def tell(ledger: Ledger, *passes: tuple[str, dict[str, Any]], minutes: float = 120) -> None:
    story.tell(ledger, list(passes), begins_at=at(minutes), epoch=9)


def sewn(number: str) -> list[str]:
    """Return garments of an order that the story has sewn and not packed."""
    made: list[str] = []
    gone: set[str] = set()
    for station, tree in passes():
        if station == "sewing" and names(tree, number):
            made += tree.get("outputEPCList", [])
        if station == "packing":
            gone |= set(tree.get("childEPCs", ()))
    return [key_of(one) for one in made if one not in gone]


def done(view: View, number: str) -> dict[object, object]:
    return {name: count for name, count, *_ in stages(view, number)}


def test_a_piece_that_is_seen_again_counts_once_and_moves_no_time(plain: Ledger) -> None:
    with look(plain) as view:
        before = stages(view, "4471")
        box = cartons(view, key("4471"))[0].label.key
    tell(plain, seen("shipping", [box], "4471"))
    with look(plain) as view:
        assert stages(view, "4471") == before


def test_a_carton_on_a_pallet_brings_its_pieces_along(plain: Ledger) -> None:
    with look(plain) as view:
        before = done(view, FREE)
    mine = sewn(FREE)
    assert mine
    tell(plain, packed(BOX, mine), packed(PALLET, [BOX]), seen("shipping", [PALLET]))
    with look(plain) as view:
        after = {name: (count, last) for name, count, _, _, last in stages(view, FREE)}
        card = order(view, key(FREE))
        assert card is not None
        last = card.steps[-1]
    assert after["packing"] == (int(str(before["packing"])) + len(mine), at(120))
    assert after["shipping"] == (int(str(before["shipping"])) + len(mine), at(125))
    assert (int(last.pieces), last.carton, last.stage.name) == (len(mine), BOX, "shipping")


def test_a_carton_of_two_orders_counts_for_each_its_own(tmp_path: Path) -> None:
    ledger = story.story_ledger(tmp_path / "day.sqlite", share=0)
    garments = {
        one.number: [g.key for bundle in one.bundles for g in bundle.garments][:3]
        for one in make_plan(7, 60, today=DAY).orders
    }
    mine, theirs = garments["4471"][:2], garments["4472"][:1]
    tell(
        ledger,
        seen("shipping", mine, "4471"),
        seen("shipping", theirs, "4472"),
        packed(BOX, [*mine, *theirs]),
        seen("receiving", [BOX]),
    )
    with look(ledger) as view:
        assert [(one.number, int(one.pieces)) for one in cartons(view, key("4471"))] == [(1, 2)]
        assert [(one.number, int(one.pieces)) for one in cartons(view, key("4472"))] == [(1, 1)]
        assert (done(view, "4471")["store"], done(view, "4472")["store"]) == (2, 1)


def test_what_is_declared_wrong_never_came(plain: Ledger) -> None:
    with look(plain) as view:
        before = stages(view, FREE)
    passed = seen("shipping", sewn(FREE)[:1], FREE)
    tell(plain, passed)
    with look(plain) as view:
        assert stages(view, FREE) != before
    told = {
        **passed[1],
        "eventID": "urn:uuid:00000000-0000-7000-0009-000000000000",
        "eventTime": at(120).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "eventTimeZoneOffset": "+00:00",
    }
    declare(plain, told)
    with look(plain) as view:
        assert stages(view, FREE) == before


def declare(ledger: Ledger, tree: dict[str, Any]) -> None:
    from traceability.epcis.event import read_event

    said = {"declarationTime": "2026-01-06T09:00:00Z", "reason": "incorrect_data"}
    wrong = read_event({**tree, "errorDeclaration": said})
    outcome = ledger.append([Draft("declaration", wrong.event_id, wrong.tree(), wrong)])[0]
    assert outcome.status == "accepted", outcome.problem


def test_what_was_made_without_being_ordered_is_shown(plain: Ledger) -> None:
    with look(plain) as view:
        first = order(view, key("4471"))
        assert first is not None
        values = dict(first.values)
    gone = values["lines"][0]["product"]
    tree = {"type": "order", "id": key("4471"), "values": {**values, "lines": values["lines"][1:]}}
    plain.append([Draft("master", "order:4471:2", tree)])
    with look(plain) as view:
        card = order(view, key("4471"))
        assert card is not None
        extra = next(line for line in card.lines if line.product.key == gone)
    assert extra.ordered == 0
    assert extra.done["cutting"] > 0


# --- who else waits ------------------------------------------------------------------------------


def test_before_anything_is_cut_every_order_waits(tmp_path: Path) -> None:
    ledger = story.story_ledger(tmp_path / "day.sqlite", share=0)
    with look(ledger) as view:
        places = []
        for number in NUMBERS:
            found = queue(view, key(number))
            assert found is not None
            places.append((found.stage.name, found.place, found.count))
    assert places == [("cutting", 2, 3), ("cutting", 3, 3), ("cutting", 1, 3)]


def test_orders_that_wait_nowhere_together_stand_in_no_queue(told: Ledger) -> None:
    with look(told) as view:
        rows = orders(view)
        for one in rows:
            found = queue(view, one.label.key, rows)
            alone = queue(view, one.label.key, [one])
            assert alone is None
            assert found is None or 1 <= found.place <= found.count <= len(rows)


def test_an_order_without_a_promised_day_stands_in_no_queue(plain: Ledger) -> None:
    with look(plain) as view:
        rows = [replace(one, due=None) for one in orders(view)]
        assert [queue(view, one.label.key, rows) for one in rows] == [None, None, None]


def row(ordered: int, begun: int, left: int, finished: int, due: date | None) -> OrderRow:
    return OrderRow(
        Label("k", "n"),
        {},
        due,
        Decimal(ordered),
        {},
        Decimal(begun),
        Decimal(left),
        Decimal(finished),
    )


TOMORROW, YESTERDAY = DAY + timedelta(days=1), DAY - timedelta(days=1)


@pytest.mark.parametrize(
    ("of", "standing"),
    [
        (row(10, 0, 0, 0, TOMORROW), "new"),
        (row(10, 1, 0, 0, TOMORROW), "work"),
        (row(10, 1, 0, 0, None), "work"),
        (row(10, 10, 9, 0, DAY), "due"),
        (row(10, 10, 9, 0, YESTERDAY), "late"),
        (row(10, 10, 10, 0, YESTERDAY), "left"),
        (row(10, 10, 10, 10, YESTERDAY), "done"),
        (row(0, 0, 0, 0, TOMORROW), "new"),
    ],
)
def test_an_order_stands_in_one_word(of: OrderRow, standing: str) -> None:
    assert of.standing(DAY) == standing


# --- no scan -------------------------------------------------------------------------------------


def test_no_statement_about_an_order_scans(tmp_path: Path) -> None:
    file = tmp_path / "day.sqlite"
    ledger = story.story_ledger(file)
    statements: dict[str, Any] = {}

    def catch(_c: Any, _cursor: Any, statement: str, given: Any, _x: Any, many: bool) -> None:
        statements.setdefault(statement, given[0] if many and given else given)

    made = datetime(2026, 1, 5, tzinfo=UTC)
    link = links.new_link(
        key("4471"), by="admin", made_at=made, expires_at=made + timedelta(days=1)
    )
    event.listen(ledger.database.engine, "before_cursor_execute", catch)
    ledger.append([link.draft()])
    with look(ledger) as view:
        orders(view)
        order(view, key("4471"))
        queue(view, key("4471"))
        cartons(view, key("4471"))
        links.link(view, link.id)
        links.links(view, key("4471"))
    ran = dict(statements)
    assert (scans(file, ran), whole_ledgers(file, ran)) == ([], [])
    with ledger.database.write() as connection:
        connection.exec_driver_sql("ANALYZE")
    assert (scans(file, ran), whole_ledgers(file, ran)) == ([], [])


def whole_ledgers(file: Path, statements: dict[str, Any]) -> list[str]:
    """Return where a big table is searched by its ledger alone: in one ledger, that is a scan."""
    connection = sqlite3.connect(file)
    found = []
    for statement, parameters in statements.items():
        if not statement.lstrip().upper().startswith(("SELECT", "WITH")):
            continue
        for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters):
            match = re.match(r"SEARCH (\w+) .*\(ledger_id=\?\)$", row[3])
            if match and match[1] not in SMALL:
                found.append(f"{row[3]}: {' '.join(statement.split())}")
    return found
