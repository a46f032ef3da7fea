"""A little of `make fuzz` in every run of the tests, and the proof that it finds what it is for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from readers.protocols.r2000_a0.codec import R2000Codec
from readers.reads import Item
from readers.registry import PROTOCOLS
from tests.fuzz.__main__ import by_chance, main
from tests.fuzz.laws import Broken, obey
from tests.fuzz.mutation import seeds

FOUND = [("r2000_a0", "e14fa006018102008650a00401")]
"""What broke a law once: protocol, bytes."""


@pytest.mark.parametrize(("name", "wire"), FOUND)
def test_what_was_found_once_stays_mended(name: str, wire: str) -> None:
    obey(PROTOCOLS[name], bytes.fromhex(wire))


@pytest.mark.parametrize("name", list(PROTOCOLS))
def test_no_bytes_break_a_law(name: str) -> None:
    said: list[str] = []
    is_well = by_chance([PROTOCOLS[name]], 60, seed=6, tries_max=150, say=said.append)
    assert is_well, said


@pytest.mark.parametrize("name", list(PROTOCOLS))
def test_every_seed_is_obeyed_as_it_is(name: str) -> None:
    assert seeds(name)
    for frame in seeds(name):
        obey(PROTOCOLS[name], b"\x02\x01" + frame)


def test_a_codec_that_forgets_what_it_kept_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    class Forgetful(R2000Codec):
        def receive(self, data: bytes) -> list[Item]:
            self._rest = b""
            return super().receive(data)

    hurt = replace(PROTOCOLS["r2000_a0"], codec=Forgetful)
    with pytest.raises(Broken):
        obey(hurt, b"\x02\x00" + bytes.fromhex("a0047410d8"))
    assert not by_chance([hurt], 10, seed=1)
    assert "again: python -m tests.fuzz --protocol r2000_a0 --again " in capsys.readouterr().out


def test_a_failure_is_fed_again_by_its_line() -> None:
    assert main(["--protocol", "r2000_a0", "--again", "0200a0047410d8"]) == 0
