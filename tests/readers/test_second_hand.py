"""A reader as its previous owner has left it is recognised, said to be so, and used as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from click.testing import CliRunner

import app
from readers.emulated.emulation import EmulatedReader
from readers.probe import Found, NotFound, probe
from readers.protocols.chafon_uhfreader.commands import MODE_GET
from readers.protocols.chafon_uhfreader.emulator import UHFReaderEmulator
from readers.registry import PROTOCOLS

EPC = bytes.fromhex("3034257bf7194e4000001a85")


@pytest.fixture
def made() -> Iterator[Callable[..., EmulatedReader]]:
    readers: list[EmulatedReader] = []

    def make(protocol: str, **more: Any) -> EmulatedReader:  # `Any`: passed on by name
        readers.append(EmulatedReader(f"reader-{len(readers)}", protocol, **more))
        return readers[-1]

    yield make
    for reader in readers:
        reader.stop()


def pushing(address: int = 0) -> UHFReaderEmulator:
    """A reader that its previous owner has set to push what it reads."""
    emulator = UHFReaderEmulator(address=address)
    emulator._settings[MODE_GET] = b"\x01"
    return emulator


def test_one_that_was_set_to_push_is_used_as_it_is_at_its_address(
    made: Callable[..., EmulatedReader],
) -> None:
    reader = made("chafon_uhfreader", emulator=pushing(9), baud=57600)
    reader.show([EPC])
    told = CliRunner().invoke(app.main, ["readers", "probe", reader.url])
    assert told.stdout.splitlines()[1:-1] == [
        "It speaks by itself, as whoever had it before has set it. It is used as it is.",
        "It is set to address 9; it is spoken to whatever its address is.",
    ]


def test_one_that_speaks_at_a_speed_of_its_own_is_found_there(
    made: Callable[..., EmulatedReader],
) -> None:
    reader = made("chafon_uhfreader", emulator=pushing(), baud=19200)
    reader.show([EPC])
    few = {name: PROTOCOLS[name] for name in ("chafon_uhfreader", "r200_bb7e", "barcode_lines")}
    found = probe(reader.url, listed=few)
    assert isinstance(found, Found)
    assert (found.protocol, found.baud) == ("chafon_uhfreader", 19200)


def test_one_at_a_speed_that_nobody_has_is_heard_as_garbled(
    made: Callable[..., EmulatedReader],
) -> None:
    reader = made("chafon_uhfreader", emulator=pushing(), baud=1200)
    reader.show([EPC])
    few = {name: PROTOCOLS[name] for name in ("chafon_uhfreader", "barcode_lines")}
    found = probe(reader.url, listed=few, seconds=6)
    assert isinstance(found, NotFound)
    assert found.reason == "noise"
    assert found.sentence.endswith("Check the speed that the reader is set to.")
