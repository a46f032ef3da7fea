"""`hangtag readers set`, `write` and the like do it on a real port and say what was before."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import app
from readers.control.controls import Settings
from readers.control.kept_settings import KeptSettings
from readers.emulated.emulation import EmulatedReader
from readers.protocols.r2000_a0.emulator import R2000Emulator
from readers.reads import ReaderError

ONE, OTHER = bytes.fromhex("3034257bf7194e4000000001"), bytes.fromhex("3034257bf7194e4000000002")
NEW = "3034257bf7194e40000000ff"


@pytest.fixture
def box() -> R2000Emulator:
    return R2000Emulator()


@pytest.fixture
def gate(tmp_path: Path, box: R2000Emulator) -> Iterator[EmulatedReader]:
    reader = EmulatedReader("gate", "r2000_a0", folder=tmp_path, emulator=box)
    reader.show([ONE, OTHER])
    yield reader
    reader.stop()


def run(gate: EmulatedReader, verb: str, *words: str) -> Result:
    told = ["readers", verb, gate.url, "--protocol", gate.protocol, *words]
    return CliRunner().invoke(app.main, told)


# `Any`: a JSON line.
def lines(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def refusal(result: Result) -> str:
    assert result.exit_code == 1
    return result.stderr


def test_a_reader_is_set_and_set_back(gate: EmulatedReader, tmp_path: Path) -> None:
    kept = ("--kept", str(tmp_path / "kept"))
    assert run(gate, "settings").stdout == "region EU\npower 30 dBm\nantennas 1\n"
    [before] = lines(run(gate, "settings", "--json"))
    for dbm in ("20", "10"):
        [told] = lines(run(gate, "set", "--power", dbm, "--region", "us", *kept, "--json"))
        assert (told["power_dbm"], told["region"]) == ([float(dbm)], "us")
    assert lines(run(gate, "restore", *kept, "--json")) == [before]


def test_nothing_is_changed_that_could_not_be_put_back(
    gate: EmulatedReader, tmp_path: Path, box: R2000Emulator
) -> None:
    (tmp_path / "kept").write_text("a file")
    result = run(gate, "set", "--power", "20", "--kept", str(tmp_path / "kept" / "below"))
    assert "Nothing was changed." in refusal(result)
    assert run(gate, "settings").stdout == "region EU\npower 30 dBm\nantennas 1\n"
    result = run(gate, "restore", "--kept", str(tmp_path / "none"))
    assert "nothing was changed here" in refusal(result)


def test_a_tag_is_listed_written_locked_and_killed(
    gate: EmulatedReader, box: R2000Emulator
) -> None:
    listed = {each["epc"]: each["tid"] for each in lines(run(gate, "read-tag", "--json"))}
    assert set(listed) == {ONE.hex(), OTHER.hex()}
    tid = listed[ONE.hex()]
    chosen = ("--tid", tid)

    written = run(gate, "write", *chosen, "--epc", NEW)
    assert written.stdout == (
        f"TID {tid.upper()}  EPC {ONE.hex().upper()} -> {NEW.upper()}  PC 3000 -> 3000, read back\n"
    )
    [user] = lines(run(gate, "read-tag", *chosen, "--bank", "user", "--words", "2", "--json"))
    assert user == {"bank": "user", "address": 0, "data": "00000000"}
    for which, new in (("access", "11223344"), ("kill", "0a0b0c0d")):
        lines(run(gate, "write-password", *chosen, "--which", which, "--new", new, "--json"))
    [locked] = lines(run(gate, "lock", *chosen, "--password", "11223344", "--json"))
    assert (locked["what"], locked["areas"], locked["is_for_ever"]) == ("lock", ["epc"], False)
    refused = refusal(run(gate, "write", *chosen, "--epc", ONE.hex()))
    assert refused.startswith("R2000 cannot write the tag: 0x33")
    unsure = refusal(run(gate, "kill", *chosen, "--password", "0a0b0c0d"))
    assert "say that you mean it surely" in unsure
    [killed] = lines(run(gate, "kill", *chosen, "--password", "0a0b0c0d", "--surely", "--json"))
    assert (killed["what"], killed["after"], killed["is_for_ever"]) == ("kill", None, True)
    assert [tag.epc for tag in box.tags.tags()] == [OTHER]


def test_lamps_inputs_and_the_buzzer(gate: EmulatedReader, box: R2000Emulator) -> None:
    assert lines(run(gate, "outputs", "--on", "1", "--off", "2", "--json")) == [
        {"outputs": {"2": False, "1": True}}
    ]
    assert box.outputs == {3: True, 4: False}
    assert run(gate, "inputs").stdout == "1 low, 2 low\n"
    assert run(gate, "beep").exit_code == 0
    assert "cannot switch output 9" in refusal(run(gate, "outputs", "--on", "9"))


def test_only_the_first_settings_are_kept_and_by_who_the_reader_says_it_is(tmp_path: Path) -> None:
    kept = KeptSettings(tmp_path / "kept")
    first = Settings(
        "eu", (30.0, 27.5), (1, 2), 1, "A", 4, identity="17439015", kept=(("76", "1e"),)
    )
    assert kept.keep("r2000_a0", first, port="a")
    assert not kept.keep("r2000_a0", Settings("us", identity="17439015"), port="b")
    assert kept.find("r2000_a0", "17439015", port="c") == first
    assert kept.keep("r2000_a0", Settings("us"), port="a")
    assert kept.find("r2000_a0", "", port="a") == Settings("us")
    with pytest.raises(ReaderError, match=r"^No settings of this reader are kept in "):
        kept.find("r2000_a0", "", port="b")
    kept.path("r2000_a0", "", port="a").write_text("[]")
    with pytest.raises(ReaderError, match=r"^Cannot read the kept settings in "):
        kept.find("r2000_a0", "", port="a")
