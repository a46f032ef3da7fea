"""A chip that was written, locked or silenced is on record with before and after."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

import app
from readers.reads import ReaderError, Written
from traceability.commissioning.chip_changes import CHIP_AREAS, CHIP_CHANGE, CHIP_EPC, chip_change
from traceability.ledger.append import Ledger

TAG = bytes.fromhex("30364433400d1ec000000064")
BLANK, TID = bytes.fromhex("e2801160600002096b6a1234"), bytes.fromhex("e28011602000000000000001")
WRITTEN = Written("epc", TID, 0x3100, BLANK, 0x3100, TAG)
LOCKED = Written("lock", TID, 0x3000, TAG, 0x3000, TAG, ("epc", "user"), is_for_ever=True)
KILLED = Written("kill", TID, 0x3000, TAG, None, b"", is_for_ever=True)
SHIRT = "https://id.gs1.org/01/09506000134352/21/100"
AT = 1_772_439_330_000_000


@pytest.mark.parametrize("written", [WRITTEN, LOCKED, KILLED])
def test_a_change_is_accepted_and_survives_as_json(ledger: Ledger, written: Written) -> None:
    assert Written.of(json.loads(json.dumps(written.tree()))) == written
    draft = chip_change(written, at=AT, by="desk", place="//rua.invalid/loc/desk", reader="table")
    [outcome] = ledger.append([draft])
    assert outcome.status == "accepted"


def test_a_lock_says_what_and_a_silent_chip_is_no_end_of_a_garment() -> None:
    locked = chip_change(LOCKED, at=AT, by="desk").tree
    assert (locked["bizStep"], locked["epcList"]) == ("encoding", [SHIRT])
    assert (locked[CHIP_CHANGE], locked[CHIP_AREAS]) == ("lock for ever", ["epc", "user"])
    killed = chip_change(KILLED, at=AT, by="desk").tree
    assert (killed["bizStep"], killed["action"], killed["epcList"]) == (
        "killing", "OBSERVE", [SHIRT],
    )  # fmt: skip
    assert CHIP_EPC not in killed


def test_lines_of_the_reader_become_events() -> None:
    lines = json.dumps(WRITTEN.tree() | {"at": "2026-03-02T08:15:30.000000+00:00"}) + "\n"
    words = ["station", "chip-events", "--reader", "table"]

    result = CliRunner().invoke(app.main, words, input=lines)

    assert result.exit_code == 0, result.output
    [event] = json.loads(result.stdout)
    made = dict(chip_change(WRITTEN, at=AT, by="", reader="table").tree)
    assert event.pop("eventID") != made.pop("eventID")
    assert event == made
    refused = CliRunner().invoke(app.main, words, input=lines + "{}\n")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "Cannot read" in refused.stderr


def test_another_line_is_no_change() -> None:
    with pytest.raises(ReaderError, match=r"^Cannot read what was written: expected a line of "):
        Written.of({"what": "epc"})
