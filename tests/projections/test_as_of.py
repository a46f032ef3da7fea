"""The floor as of an earlier entry is that of a record that ended there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from app import main
from tests.ledger.attacked import CARTON, make_book
from tests.ledger.books import GTIN, draft, open_book
from tests.ledger.test_correcting import seen, tell, wrong
from tests.projections.histories import history_of
from tests.projections.kept_ledger import KeptLedger
from tests.projections.kept_ledger import draft as told
from traceability.errors import Refused
from traceability.gs1 import key_of
from traceability.ledger.append import Ledger
from traceability.projections.as_of import look_as_of
from traceability.projections.state import State, read_state

THING = f"{GTIN}/21/1"


def state_of(ledger: Ledger) -> State:
    """Return the whole state as it is now."""
    with ledger.database.read() as connection:
        return read_state(connection, ledger.ledger_id)


@pytest.mark.parametrize("seed", range(2))
def test_things_are_as_a_record_that_ended_there_has_them(seed: int, tmp_path: Path) -> None:
    arrivals = [one for batch in history_of(seed).batches for one in batch]
    whole = KeptLedger.open(tmp_path)
    for first in range(0, len(arrivals), 7):
        whole.ledger.append([told(one) for one in arrivals[first : first + 7]])
    size = whole.ledger.size
    (tmp_path / "cut").mkdir()
    cut = KeptLedger.open(tmp_path / "cut")
    for at in (size // 4, size - 2):
        for one in arrivals:
            if cut.ledger.size <= at:
                cut.ledger.append([told(one)])
        then = state_of(cut.ledger)
        things = sorted(then.items)[:: max(1, len(then.items) // 6)]
        for key in things:
            with look_as_of(whole.ledger, at, [key]) as view:
                past = read_state(view.connection, view.ledger_id)
            assert past.items.get(key) == then.items[key], (at, key)
            stays = {stay: end for stay, end in then.stays.items() if stay[0] == key}
            assert {stay: end for stay, end in past.stays.items() if stay[0] == key} == stays
    whole.close()
    cut.close()


def test_a_correction_counts_from_its_entry_on(tmp_path: Path) -> None:
    book = open_book(tmp_path / "book.sqlite")
    tell(book, seen(1, "dock"), wrong(seen(1, "dock"), 2), seen(2, "line"), wrong(seen(2, "line")))
    places = []
    for at in range(1, 5):
        with look_as_of(book, at, [THING]) as view:
            item = read_state(view.connection, view.ledger_id).items.get(THING)
            assert (view.size, len(view.root)) == (at + 1, 32)
        places.append(None if item is None else str(item[3]).rsplit("/", 1)[-1])
    assert places == ["dock", None, "line", None]
    with pytest.raises(Refused, match="There is no entry 5: the record has 5, numbered from 0 to"):
        look_as_of(book, 5, [THING]).__enter__()
    book.database.close()


def test_the_command_traces_as_of_an_entry(tmp_path: Path) -> None:
    ledger = make_book(tmp_path / "book.sqlite", 20)
    ledger.append([draft(seen(58, "shop"))])
    url = f"sqlite:///{ledger.database.path}"
    ledger.database.close()

    def traced(code: str, *words: str) -> dict[str, object]:
        done = CliRunner().invoke(main, ["trace", code, "--db", url, "--json", *words])
        assert done.exit_code == 0, done.output
        found: dict[str, object] = json.loads(done.stdout)
        return found

    carton = key_of(CARTON)
    before, after = traced(carton, "--as-of", "9"), traced(carton)
    assert (before["pieces"], before["as_of"]) == ("2", 10)
    assert after["pieces"] == "1"  # one of the two was taken back later
    refused = CliRunner().invoke(main, ["trace", carton, "--db", url, "--as-of", "2"])
    assert refused.exit_code == 1
    assert "was not met up to entry 2" in refused.stderr
