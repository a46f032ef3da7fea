"""Go live: what was set up stays, what was tried does not."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from traceability.database import open_database
from traceability.errors import Refused
from traceability.factory.folder import Factory
from traceability.factory.going_live import go_live, turn
from traceability.ledger.append import Ledger
from traceability.ledger.verify import verify
from traceability.projections.entering import event_draft, flow_draft, master_draft
from traceability.projections.people import people
from traceability.projections.progress import orders
from traceability.projections.view import View, look


def practised(folder: Path) -> tuple[Factory, Ledger]:
    """Return a factory in which somebody has set things up and tried a scan."""
    factory = Factory.make(folder, zone="Europe/Lisbon")
    ledger = Ledger.open(open_database(factory.url))
    with look(ledger) as view:
        space, flow = view.namespace, view.flow.text
    product, ticket = f"//{space}/class/P-1-navy-M", f"//{space}/class/B-10008"
    lines = [{"product": product, "pieces": 40}]
    entered: list[tuple[str, str, dict[str, Any]]] = [
        ("workshop", space, {"name": "Rua 12", "is_set_up": True}),
        ("product", product, {"name": "Shirt navy M"}),
        ("order", f"//{space}/bt/118", {"number": "118", "lines": lines}),
        ("ticket", ticket, {"order": "118", "product": product, "pieces": 20}),
        ("roll", f"//{space}/class/R-77", {"amount": "92.5", "unit": "MTR"}),
        ("headings", "headings:orders", {"数量": "pieces"}),
    ]
    drafts = [master_draft(kind, key, values, by="admin") for kind, key, values in entered]
    ana = f"//{space}/obj/W-10016"
    drafts.append(
        master_draft("person", ana, {"badge": "W-10016"}, by="admin", private={"name": "Ana"})
    )
    drafts.append(flow_draft(flow.replace('title = "Cutting"', 'title = "Table"'), by="admin"))
    seen = {
        "type": "ObjectEvent",
        "eventTime": "2026-01-05T09:00:00Z",
        "eventTimeZoneOffset": "+00:00",
        "action": "OBSERVE",
        "bizStep": "receiving",
        "quantityList": [
            {"epcClass": f"https://{space}/class/R-77", "quantity": Decimal("92.5"), "uom": "MTR"}
        ],
    }
    drafts.append(event_draft(seen, by="admin"))
    assert {one.status for one in ledger.append(drafts)} == {"accepted"}
    return factory, ledger


def told(view: View) -> tuple[object, ...]:
    return (
        [(row.label.key, row.ordered) for row in orders(view)],
        [(one.key, one.name) for one in people(view)],
        sorted(view.masters("ticket")),
        sorted(view.masters("headings")),
        view.opening["name"],
        view.opening["zone"],
        view.namespace,
        view.flow.text,
    )


def test_the_record_begins_with_one_entry_and_knows_what_was_set_up(tmp_path: Path) -> None:
    factory, practice = practised(tmp_path / "shop")
    live = go_live(factory, practice)
    assert (live.is_practice, Factory.find(factory.folder)) == (False, live)
    ledger = Ledger.open(open_database(live.url))
    with look(practice) as before, look(ledger) as after:
        assert told(after) == told(before)
        assert (after.size, sorted(after.masters("roll"))) == (1, [])
        assert before.size == 10
    assert verify(ledger).is_true


def test_it_is_done_once(tmp_path: Path) -> None:
    factory, practice = practised(tmp_path / "shop")
    live = go_live(factory, practice)
    with pytest.raises(Refused, match="is live already: nothing was changed"):
        go_live(live, practice)


def test_a_cut_before_the_folder_turned_leaves_practice_that_can_go_live(tmp_path: Path) -> None:
    factory, practice = practised(tmp_path / "shop")
    go_live(factory, practice)
    turn(Factory.find(factory.folder), practice=True)
    live = go_live(Factory.find(factory.folder), practice)
    ledger = Ledger.open(open_database(live.url))
    assert (live.is_practice, ledger.size) == (False, 1)


def test_a_ledger_in_which_something_happened_is_never_begun_anew(tmp_path: Path) -> None:
    factory, practice = practised(tmp_path / "shop")
    live = go_live(factory, practice)
    ledger = Ledger.open(open_database(live.url))
    ledger.append([master_draft("place", "//w.invalid/loc/x", {"name": "X"}, by="admin")])
    with pytest.raises(Refused, match="is live already: nothing was changed"):
        go_live(turn(live, practice=True), practice)
    assert ledger.size == 2


def test_practice_can_be_opened_again_beside_it(tmp_path: Path) -> None:
    factory, practice = practised(tmp_path / "shop")
    go_live(factory, practice)
    assert turn(Factory.find(factory.folder), practice=True) == factory
    assert Ledger.open(open_database(factory.url)).size == 10


def test_what_was_cut_off_half_way_is_done_again(tmp_path: Path) -> None:
    factory, practice = practised(tmp_path / "shop")
    (factory.folder / "ledger.new.sqlite").write_bytes(b"half of a file")
    live = go_live(factory, practice)
    assert Ledger.open(open_database(live.url)).size == 1


def test_what_stations_said_in_practice_stays_in_practice(tmp_path: Path) -> None:
    factory, practice = practised(tmp_path / "shop")
    assert go_live(factory, practice).spools != factory.spools
