"""A reader that answers and reads nothing, on real lines: the floor says what to look at."""

from __future__ import annotations

from pathlib import Path

import pytest

from readers.codec import Sent
from readers.emulated.emulation import EmulatedReader
from readers.protocols.alien_ascii.emulator import AlienEmulator
from readers.protocols.r2000_a0.codec import Frame
from readers.protocols.r2000_a0.emulator import R2000Emulator
from readers.transports.transport import open_port
from tests.station.workshop import no_ports
from traceability.floor_values import Hint
from traceability.station.floor import Floor


@pytest.fixture
def floor(tmp_path: Path) -> Floor:
    return Floor(tmp_path / "stations", server="http://127.0.0.1:9", listed=no_ports)


class Changed(AlienEmulator):
    """One whose password is not the one it left the factory with."""

    def connect(self) -> list[Sent]:
        sent = super().connect()
        self._wanted = ["owner", "secret"]
        return sent


class Bare(R2000Emulator):
    """One whose antenna has come off: each round ends with code 22."""

    def answer(self, data: bytes) -> list[Sent]:
        sent = super().answer(data)
        is_round = any(frame.frame[3] in (0x89, 0x8B) for frame in sent)
        return [Sent(Frame(1, 0x8B, b"\x22").encode())] if is_round else sent


def hints(floor: Floor, reader: EmulatedReader) -> tuple[Hint, ...]:
    """Find out and read, as the page's two buttons do."""
    floor.find_out(reader.url, wait_s=30)
    found = floor.read_now(reader.url, seconds=1.5, wait_s=30)
    reader.stop()
    return found.hints


def test_a_reader_with_another_password_says_that_it_does_not_let_us_in(floor: Floor) -> None:
    found = hints(
        floor,
        EmulatedReader("alien", "alien_ascii", port="tcp", emulator=Changed(asks_who=True)),
    )
    assert found[0].kind == "password"


def test_a_reader_whose_antenna_has_come_off_says_so_before_all_else(floor: Floor) -> None:
    found = hints(floor, EmulatedReader("box", "r2000_a0", emulator=Bare()))
    assert [one.kind for one in found] == ["antenna", "tag", "region"]


def test_a_reader_set_to_little_power_is_said_so_when_found_and_when_it_reads_nothing(
    floor: Floor,
) -> None:
    emulator = R2000Emulator()
    emulator.answer(Frame(1, 0x76, b"\x05").encode())
    reader = EmulatedReader("weak", "r2000_a0", emulator=emulator)
    found = hints(floor, reader)
    known = floor.known(reader.url)
    assert known is not None
    assert known.hints == (Hint("weak", "5"),)
    assert [one.kind for one in found] == ["weak", "tag", "region"]


def test_a_reader_that_another_program_holds_is_said_to_be_occupied(floor: Floor) -> None:
    reader = EmulatedReader("gate", "llrp", port="tcp")
    held = open_port(reader.url)
    nothing = floor.find_out(reader.url, wait_s=30).nothing
    held.close()
    reader.stop()
    assert nothing is not None
    assert nothing.reason == "occupied"
