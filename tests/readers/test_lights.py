"""Lamps show the last wish, whatever happened on the way; inputs that are asked for are told."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from readers.control.asking import tells
from readers.control.input_poll import InputPoll
from readers.control.lights import Lamps, LightStack, has_outputs
from readers.control.thermometer import Thermometer
from readers.emulated.emulation import EmulatedReader
from readers.protocols.alien_ascii.emulator import AlienEmulator
from readers.protocols.llrp.emulator import LlrpEmulator
from readers.reads import Input, ReaderError, Received
from readers.registry import PROTOCOLS
from readers.session import Session

LAMPS = Lamps.parse("green=1 amber=2 red=3")
LIMIT_S = 60.0


def until(said: Callable[[], object]) -> None:
    ends_at = time.monotonic() + LIMIT_S
    while not said():
        assert time.monotonic() < ends_at, "it did not happen"
        time.sleep(0.02)


@pytest.fixture
def box() -> Iterator[tuple[LlrpEmulator, EmulatedReader, Session]]:
    device = LlrpEmulator()
    reader = EmulatedReader("gate", "llrp", port="tcp", emulator=device)
    session = Session("gate", "llrp", reader.url)
    session.start()
    yield device, reader, session
    session.stop()
    reader.stop()


def test_the_lamps_show_the_last_wish_and_are_dark_in_the_end(
    box: tuple[LlrpEmulator, EmulatedReader, Session],
) -> None:
    device, _, session = box
    stack = LightStack(session, LAMPS)
    stack.start()
    for colour in ("red", "amber", "green"):
        stack.show((colour,))
    assert stack.wait_shown(LIMIT_S)
    assert device.outputs() == {1: True, 2: False, 3: False, 4: False}
    stack.stop()
    assert device.outputs() == dict.fromkeys(range(1, 5), False)


def test_a_reader_that_was_away_is_told_when_it_is_back(
    box: tuple[LlrpEmulator, EmulatedReader, Session],
) -> None:
    device, reader, session = box
    until(lambda: session.is_up)
    reader.unplug()
    until(lambda: not session.is_up)
    stack = LightStack(session, LAMPS)
    stack.start()
    stack.show(("red",))
    reader.plug()
    assert stack.wait_shown(LIMIT_S)
    assert device.outputs()[3]
    stack.stop()


def test_an_input_that_is_asked_for_is_told_when_it_changes() -> None:
    device = AlienEmulator()
    reader = EmulatedReader("gate", "alien_ascii", emulator=device)
    session = Session("gate", "alien_ascii", reader.url)
    session.start()
    poll = InputPoll(session, 50)
    poll.start()
    told: list[tuple[int, bool]] = []

    def heard() -> list[tuple[int, bool]]:
        values = [each.value for each in session.take() if isinstance(each, Received)]
        told.extend((each.pin, each.is_high) for each in values if isinstance(each, Input))
        return told

    device.input(2, is_high=True)
    until(lambda: heard() == [(2, True)])
    device.input(2, is_high=False)
    until(lambda: heard() == [(2, True), (2, False)])
    poll.stop()
    session.stop()
    reader.stop()


@pytest.mark.parametrize("protocol", [name for name in PROTOCOLS if tells(name, "temperature")])
def test_a_reader_is_asked_how_warm_it_is_while_nothing_passes(protocol: str) -> None:
    reader = EmulatedReader("gate", protocol, port="tcp")
    session = Session("gate", protocol, reader.url)
    told: list[float | None] = []
    reader.show([bytes.fromhex("3034257bf7194e4000000001")])
    session.start()
    until(lambda: session.counters.tag_reads > 0)
    heat = Thermometer(session, told.append, every_s=0.05, quiet_s=0.5)
    heat.start()
    until(lambda: session.counters.tag_reads > 30)
    assert told == []
    reader.clear()
    until(lambda: len(told) > 1)
    heat.stop()
    session.stop()
    reader.stop()
    assert set(told) <= {31.0, 22.0}


@pytest.mark.parametrize(
    "text", ["", "green", "pink=1", "green=0", "green=1 green=2", "red=1 green=1"]
)
def test_a_lamp_that_cannot_be_is_said(text: str) -> None:
    with pytest.raises(ReaderError, match="green=1"):
        Lamps.parse(text)


def test_who_has_outputs_and_inputs() -> None:
    assert (has_outputs("llrp"), has_outputs("fonkan_ascii"), has_outputs("em4100_serial")) == (
        True,
        False,
        False,
    )
    assert (tells("alien_ascii", "inputs"), tells("chainway", "inputs")) == (True, False)
