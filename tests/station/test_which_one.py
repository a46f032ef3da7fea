"""Which of several boxes is it: the one that is asked makes itself known, wherever it stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from readers.emulated.emulation import EmulatedReader
from readers.ports import Port
from readers.protocols.r2000_a0.emulator import R2000Emulator
from readers.reads import Command
from tests.readers.test_probe import asked_of
from tests.station.workshop import Served, floor_of, served, until
from traceability.floor_values import FloorRefused
from traceability.station.floor import Floor

__all__ = ["served"]  # fixture of a whole workshop

BEEPER = 0x7A


@pytest.fixture
def box(tmp_path: Path) -> Iterator[tuple[EmulatedReader, list[Command]]]:
    emulator = R2000Emulator()
    asked = asked_of("r2000_a0", emulator)
    made = EmulatedReader("ttyUSB0", "r2000_a0", folder=tmp_path / "dev", emulator=emulator)
    yield made, asked
    made.stop()


@pytest.fixture
def floor(
    served: Served, box: tuple[EmulatedReader, list[Command]], tmp_path: Path
) -> Iterator[Floor]:
    def listed() -> Sequence[Port]:
        return [Port(box[0].url, "", None, None, True, "", port_id="usb 1")]

    made = floor_of(served, tmp_path / "stations", listed)
    yield made
    made.stop_all()


def beeps(asked: list[Command]) -> list[bytes]:
    """Return how the buzzer was set, in order."""
    return [each.data for each in asked if each.command == BEEPER]


def test_a_reader_beeps_before_it_stands_anywhere_and_at_its_step(
    floor: Floor, box: tuple[EmulatedReader, list[Command]]
) -> None:
    reader, asked = box
    with pytest.raises(FloorRefused) as nobody:
        floor.beep(reader.url)
    known = floor.find_out(reader.url).reader
    floor.beep(reader.url)
    at_once = beeps(asked)
    floor.place(reader.url, stage="shipping", title="Gate")
    until(lambda: floor.stations()[0].state == "working")
    floor.beep(reader.url)

    assert nobody.value.kind == "unknown"
    assert known is not None
    assert known.can_beep
    assert at_once[:2] == [b"\x01", b"\x00"]
    assert beeps(asked) == at_once * 2
    assert floor.stations()[0].can_beep


def test_one_that_has_no_sound_or_does_not_answer_is_said_so(
    floor: Floor, box: tuple[EmulatedReader, list[Command]], tmp_path: Path
) -> None:
    gun = EmulatedReader("gun", "barcode_lines", folder=tmp_path / "guns")
    floor.place(gun.url, stage="packing", title="Gun", protocol="barcode_lines", baud=9600)
    floor.find_out(box[0].url)
    box[0].unplug()
    kinds = []
    for url in (gun.url, box[0].url):
        with pytest.raises(FloorRefused) as refused:
            floor.beep(url)
        kinds.append(refused.value.kind)
    gun.stop()
    assert kinds == ["mute", "unheard"]
