"""What staff enter: settings that replace one another, and people whose names stay apart."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from tests.engines import open_place
from tests.ledger.books import NAMESPACE, database_of, open_book
from traceability.assets import folder
from traceability.ledger.append import Ledger, Opening
from traceability.projections.entering import flow_draft, master_draft
from traceability.projections.people import Person, people, person
from traceability.projections.progress import orders
from traceability.projections.rebuild import rebuild
from traceability.projections.state import read_state
from traceability.projections.view import look

FLOW = (folder("flows") / "garment.toml").read_text("utf-8")
ANA = f"//{NAMESPACE}/obj/W-10010"

pytestmark = pytest.mark.usefixtures("engine")


def workshop(ledger: Ledger, **values: object) -> None:
    ledger.append([master_draft("workshop", NAMESPACE, values, by="admin")])


def test_the_newest_answers_about_the_workshop_count(tmp_path: Path) -> None:
    ledger = open_book(tmp_path / "book.sqlite")
    workshop(ledger, name="Rua", zone="Europe/Lisbon")
    workshop(ledger, name="Rua 12", zone="Asia/Shanghai")
    with look(ledger) as view:
        assert (view.opening["name"], view.opening["zone"]) == ("Rua 12", "Asia/Shanghai")
        assert view.workshop["name"] == "Rua 12"
        assert view.namespace == NAMESPACE


def test_the_same_answer_again_is_an_entry_of_its_own(tmp_path: Path) -> None:
    ledger = open_book(tmp_path / "book.sqlite")
    for name in ("A", "B", "A"):
        workshop(ledger, name=name)
    with look(ledger) as view:
        assert (view.size, view.opening["name"]) == (4, "A")


def test_a_stage_that_is_put_off_keeps_the_numbers_of_the_others(tmp_path: Path) -> None:
    ledger = open_book(tmp_path / "book.sqlite")
    with look(ledger) as view:
        before = {stage.name: stage.number for stage in view.flow.stages}
    without = FLOW.replace('name = "sewing"\n', 'name = "sewing"\noff = true\n', 1)
    ledger.append([flow_draft(without, by="admin")])
    with look(ledger) as view:
        after = {stage.name: stage.number for stage in view.flow.stages}
        packing = view.flow.stage("packing")
    assert after == {name: number for name, number in before.items() if name != "sewing"}
    assert packing is not None
    assert packing.after == ("cutting",)


def test_a_name_is_beside_the_record_and_not_in_it(tmp_path: Path) -> None:
    ledger = open_book(tmp_path / "book.sqlite")
    values = {"badge": "W-10010", "language": "pt"}
    ledger.append([master_draft("person", ANA, values, by="admin", private={"name": "Ana Lopes"})])
    with look(ledger) as view:
        assert people(view) == [Person(ANA, "Ana Lopes", "W-10010", "pt", True, 1)]
        assert person(view, ANA) == people(view)[0]
        assert person(view, ANA + "0") is None
    with database_of(ledger).read() as connection:
        bodies = connection.execute(text("SELECT body FROM body")).scalars().all()
    assert not any(b"Lopes" in bytes(body) for body in bodies)


def test_an_opening_brings_its_master_data_as_one_entry(tmp_path: Path) -> None:
    number = f"//{NAMESPACE}/bt/118"
    product = f"//{NAMESPACE}/class/P-118-navy-M"
    opening = Opening(
        FLOW,
        namespace=NAMESPACE,
        master=[
            {"type": "product", "id": product, "values": {"name": "118 navy M"}},
            {
                "type": "order",
                "id": number,
                "values": {"number": "118", "lines": [{"product": product, "pieces": 40}]},
            },
            {"type": "person", "id": ANA, "values": {"badge": "W-10010"}},
        ],
        private={f"{ANA}:name": "Ana Lopes"},
    )
    ledger = Ledger.open(open_place(tmp_path / "live.sqlite"), opening=opening)
    with look(ledger) as view:
        assert view.size == 1
        assert [(row.label.key, int(row.ordered)) for row in orders(view)] == [(number, 40)]
        assert [one.name for one in people(view)] == ["Ana Lopes"]
    with database_of(ledger).read() as connection:
        folded = read_state(connection, ledger.ledger_id)
    rebuild(ledger)
    with database_of(ledger).read() as connection:
        assert read_state(connection, ledger.ledger_id) == folded
