"""Every piece is seen, packed in something that was seen, or not accounted for."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.projections.family import (
    BEGINS_AT,
    CARTON,
    DOCK,
    ROLL,
    SHIRT_L,
    SHOP,
    Floor,
    bundle,
    shirt,
)
from traceability.projections.accounting import Trace, stoppable, trace
from traceability.projections.genealogy import edges_of, nodes_of
from traceability.projections.lineage import lineage
from traceability.projections.view import look


@pytest.fixture
def floor(tmp_path: Path) -> Floor:
    """A workshop that has received one roll."""
    made = Floor(tmp_path)
    made.receive()
    return made


def told(floor: Floor, *, now: datetime | None = None) -> dict[str, Any]:
    """Return the roll's trace as plain figures by name."""
    with look(floor.ledger) as view:
        found = trace(view, ROLL, now=now or floor.at)
        assert found is not None
        missing = nodes_of(view, [one.number for one in found.unaccounted])
        return {
            "pieces": found.pieces,
            "places": {
                (one.place.name, one.stage.name if one.stage else one.disposition): (
                    int(one.pieces),
                    int(one.seen),
                )
                for one in found.places
            },
            "missing": {
                node.label.key: (int(one.pieces), one.reason)
                for one, node in zip(found.unaccounted, missing, strict=True)
            },
        }


def test_what_is_only_cut_is_in_its_bundles(floor: Floor) -> None:
    floor.cut({bundle(1): 5, bundle(2): 4})
    assert told(floor) == {"pieces": 9, "places": {("Floor", "cutting"): (9, 9)}, "missing": {}}


def test_garments_are_counted_where_they_are_and_never_twice(floor: Floor) -> None:
    floor.cut({bundle(1): 5, bundle(2): 4})
    garments = [shirt(number) for number in range(1, 6)]
    floor.sew(bundle(1), 5, garments)
    floor.pack(garments[:3])
    floor.passes([CARTON, *garments[:3]])
    assert told(floor) == {
        "pieces": 9,
        "places": {
            ("Floor", "cutting"): (4, 4),
            ("Dock gate", "shipping"): (3, 3),
            ("Floor", "sewing"): (2, 2),
        },
        "missing": {},
    }


def test_a_carton_alone_says_where_its_goods_are_but_nobody_saw_them(floor: Floor) -> None:
    floor.cut({bundle(1): 2})
    floor.sew(bundle(1), 2, [shirt(1), shirt(2)])
    floor.pack([shirt(1), shirt(2)])
    floor.passes([CARTON])
    assert told(floor)["places"] == {("Dock gate", "shipping"): (2, 0)}


def test_what_its_cartons_gate_did_not_read_is_not_accounted_for(floor: Floor) -> None:
    floor.cut({bundle(1): 3})
    floor.sew(bundle(1), 3, [shirt(1), shirt(2), shirt(3)])
    floor.pack([shirt(1), shirt(2), shirt(3)])
    floor.passes([CARTON, shirt(1), shirt(2)], place=SHOP, step="receiving")
    assert told(floor) == {
        "pieces": 3,
        "places": {("Shop", "store"): (2, 2)},
        "missing": {shirt(3): (1, "unread")},
    }


def test_a_neighbour_from_another_roll_that_was_read_counts_as_well(floor: Floor) -> None:
    other = shirt(90, SHIRT_L)
    floor.cut({bundle(1): 1})
    floor.sew(bundle(1), 1, [shirt(1)])
    floor.passes([other])
    floor.pack([shirt(1), other])
    floor.passes([CARTON, other])
    assert told(floor)["missing"] == {shirt(1): (1, "unread")}


def test_a_later_read_accounts_for_it_again(floor: Floor) -> None:
    floor.cut({bundle(1): 2})
    floor.sew(bundle(1), 2, [shirt(1), shirt(2)])
    floor.pack([shirt(1), shirt(2)])
    floor.passes([CARTON, shirt(1)])
    assert told(floor)["missing"] == {shirt(2): (1, "unread")}
    floor.passes([CARTON, shirt(1), shirt(2)])
    assert told(floor)["missing"] == {}


def test_pieces_that_went_in_and_never_came_out_are_not_accounted_for(floor: Floor) -> None:
    floor.cut({bundle(1): 5})
    floor.sew(bundle(1), 5, [shirt(1), shirt(2), shirt(3)])
    assert told(floor) == {
        "pieces": 5,
        "places": {("Floor", "sewing"): (3, 3)},
        "missing": {bundle(1): (2, "cut")},
    }


def test_pieces_left_in_a_bundle_are_in_work_until_the_others_go_on(floor: Floor) -> None:
    floor.cut({bundle(1): 5})
    floor.sew(bundle(1), 4, [shirt(number) for number in range(1, 5)])
    assert told(floor)["missing"] == {}
    floor.pack([shirt(1)])
    assert told(floor)["missing"] == {bundle(1): (1, "left")}


def test_waiting_longer_than_the_flow_allows_is_not_accounted_for(floor: Floor) -> None:
    floor.cut({bundle(1): 5})
    assert told(floor, now=BEGINS_AT + timedelta(hours=23))["missing"] == {}
    late = told(floor, now=BEGINS_AT + timedelta(hours=25))
    assert late == {"pieces": 5, "places": {}, "missing": {bundle(1): (5, "waiting")}}


def test_nothing_waits_too_long_where_the_flow_sets_no_limit(floor: Floor) -> None:
    floor.cut({bundle(1): 1})
    floor.sew(bundle(1), 1, [shirt(1)])
    floor.pack([shirt(1)])
    floor.tell(
        "Object",
        SHOP,
        "retail_selling",
        timedelta(minutes=1),
        action="OBSERVE",
        epcList=[f"https://id.gs1.org{shirt(1)}"],
        disposition="retail_sold",
    )
    assert told(floor, now=BEGINS_AT + timedelta(days=900)) == {
        "pieces": 1,
        "places": {("Shop", "retail_sold"): (1, 1)},
        "missing": {},
    }


def test_a_counted_bundle_is_an_end_itself(floor: Floor) -> None:
    floor.cut({bundle(1): 5})
    amount = {"epcClass": f"https://{bundle(1)[2:]}", "quantity": 5}
    said = {"action": "ADD", "parentID": f"https://id.gs1.org{CARTON}"}
    minute = timedelta(minutes=1)
    floor.tell("Aggregation", DOCK, "packing", minute, childQuantityList=[amount], **said)
    assert told(floor) == {
        "pieces": 5,
        "places": {("Dock gate", "packing"): (5, 5)},
        "missing": {},
    }


def test_a_carton_is_traced_through_what_is_in_it(floor: Floor) -> None:
    floor.cut({bundle(1): 2})
    floor.sew(bundle(1), 2, [shirt(1), shirt(2)])
    floor.pack([shirt(1), shirt(2)])
    with look(floor.ledger) as view:
        found = trace(view, CARTON)
        assert found is not None
        back = [[node.label.key for node in level] for level in found.back()]
        assert (back, int(found.pieces)) == ([[bundle(1)], [ROLL]], 2)


def test_back_and_forward_meet_in_the_same_edges(floor: Floor) -> None:
    cut = floor.cut({bundle(1): 1})
    sewn = floor.sew(bundle(1), 1, [shirt(1)])
    with look(floor.ledger) as view:
        for key in (ROLL, bundle(1), shirt(1)):
            found = trace(view, key)
            assert found is not None
            edges = [
                (edge.source, edge.target, edge.position, edge.is_certain)
                for edge in edges_of(view, found.family)
            ]
            assert edges == [(ROLL, bundle(1), cut, True), (bundle(1), shirt(1), sewn, True)]


def test_two_inputs_make_an_edge_only_possible(floor: Floor) -> None:
    floor.cut({bundle(1): 1, bundle(2): 1})
    tickets = [{"epcClass": f"https://{bundle(n)[2:]}", "quantity": 1} for n in (1, 2)]
    floor.tell(
        "Transformation",
        DOCK,
        "commissioning",
        timedelta(minutes=1),
        inputQuantityList=tickets,
        outputEPCList=[f"https://id.gs1.org{shirt(1)}", f"https://id.gs1.org{shirt(2)}"],
    )
    with look(floor.ledger) as view:
        found = trace(view, bundle(1))
        assert found is not None
        made = {e.is_certain for e in edges_of(view, found.family) if e.target == shirt(1)}
        assert made == {False}


def test_a_hold_names_the_goods_and_what_is_left_of_the_roll(floor: Floor) -> None:
    floor.cut({bundle(1): 2, bundle(2): 1})
    floor.sew(bundle(1), 2, [shirt(1), shirt(2)])
    with look(floor.ledger) as view:
        found = trace(view, ROLL, now=floor.at)
        assert found is not None
        assert sorted(stoppable(view, found)) == sorted([ROLL, bundle(2), shirt(1), shirt(2)])
    floor.hold([shirt(1), bundle(2)])
    with look(floor.ledger) as view:
        assert held(trace(view, ROLL)) == 2


def held(found: Trace | None) -> Decimal:
    """Return the pieces of a trace that are stopped."""
    assert found is not None
    return found.held


def test_the_picture_has_a_column_for_each_level_and_loses_no_piece(floor: Floor) -> None:
    floor.cut({bundle(1): 5, bundle(2): 4})
    floor.sew(bundle(1), 5, [shirt(number) for number in range(1, 5)])
    floor.pack([shirt(1), shirt(2)])
    with look(floor.ledger) as view:
        found = trace(view, ROLL, now=floor.at)
        assert found is not None
        lines = lineage(view, found)
    heads = [(column.kind.name if column.kind else "", column.count) for column in lines.columns]
    assert heads == [("roll", 1), ("bundle", 2), ("garment", 4), ("", 3)]
    last = {bar.key for bar in lines.columns[-1].bars}
    assert sum(size for _, target, size in lines.flows if target in last) == found.pieces
    first = lines.columns[0].bars[0].key
    assert sum(size for source, _, size in lines.flows if source == first) == found.pieces


def test_a_wide_family_is_grouped_and_says_how_many(floor: Floor) -> None:
    floor.cut({bundle(number): 2 for number in range(1, 13)})
    with look(floor.ledger) as view:
        found = trace(view, ROLL, now=floor.at)
        assert found is not None
        column = lineage(view, found).columns[1]
    assert column.count == 12
    assert len(column.bars) <= 8
    assert sum(bar.pieces for bar in column.bars) == 24


def test_nothing_of_a_thing_nobody_met(floor: Floor) -> None:
    with look(floor.ledger) as view:
        assert trace(view, "/01/09521141001059/21/404") is None
