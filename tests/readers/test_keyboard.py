"""Scanners that type: which characters keys are, who may be grabbed, and what the list shows."""

from __future__ import annotations

import os
import pty
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from readers.probe import Found, NotFound, probe
from readers.protocols.keyboard_lines.codec import EVENT, KEY, Frame, KeyboardCodec, choice
from readers.protocols.keyboard_lines.emulator import KeyboardEmulator
from readers.protocols.keyboard_lines.keys import ENTER, LAYOUTS
from readers.reads import Item, LineUp, Noise, PortUnavailable, Received, Scan, TagRead
from readers.registry import PROTOCOLS
from readers.session import Session
from readers.transports.keyboard import keyboards
from readers.transports.transport import has_speed, open_port

PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))


def typed(device: KeyboardEmulator, text: str) -> list[Item]:
    codec = KeyboardCodec()
    return codec.receive(device.connect()[0].frame + device.scan(text).frame)


@pytest.mark.parametrize("layout", list(LAYOUTS))
def test_every_printable_character_is_typed_and_heard_in_every_layout(layout: str) -> None:
    [scan] = typed(KeyboardEmulator(layout=layout), PRINTABLE + "\x1d€ü")

    assert isinstance(scan, Scan)
    assert (scan.text, scan.more) == (PRINTABLE + "\x1d€ü", ())


def test_a_wrong_layout_is_seen_and_not_guessed() -> None:
    french = KeyboardEmulator(layout="fr")
    [scan] = KeyboardCodec().receive(french.scan("AZ-1").frame)
    assert isinstance(scan, Scan)
    assert scan.text == "QW6!"


def test_what_a_person_types_says_so() -> None:
    [scan] = typed(KeyboardEmulator(key_us=120_000), "5901234123457")
    assert isinstance(scan, Scan)
    assert (scan.text, scan.more) == ("5901234123457", (("by_hand", True),))


def keys(*codes: int, gap_us: int = 4000, value: int = 1) -> bytes:
    return b"".join(Frame(i * gap_us, KEY, code, value).encode() for i, code in enumerate(codes))


def test_silence_ends_what_a_machine_typed_and_never_what_a_person_types() -> None:
    machine, person = KeyboardCodec(), KeyboardCodec()
    machine.receive(keys(2, 3, 4))
    person.receive(keys(2, 3, 4, gap_us=90_000))

    assert machine.idle(99) == []
    [scan] = machine.idle(100)
    assert isinstance(scan, Scan)
    assert scan.text == "123"
    assert person.idle(5000) == []
    [noise] = person.idle(30_000)
    assert noise == Noise(keys(2, 3, 4, gap_us=90_000), "a line whose ending never came")


def test_a_scanner_that_sends_endings_may_pause_inside_a_line() -> None:
    codec = KeyboardCodec()
    codec.receive(keys(2, ENTER, 3))
    assert codec.idle(500) == []
    [scan] = codec.receive(keys(4, ENTER))
    assert isinstance(scan, Scan)
    assert scan.text == "23"


def test_a_key_that_the_pc_repeats_is_one_key() -> None:
    [scan] = KeyboardCodec().receive(keys(2) + keys(2, 2, value=2) + keys(ENTER))
    assert isinstance(scan, Scan)
    assert scan.text == "1"


def test_lost_keys_cost_their_line_alone() -> None:
    codec = KeyboardCodec()
    dropped = Frame(0, 0, 3, 0).encode()
    [noise] = codec.receive(keys(2, 3) + dropped)
    assert noise == Noise(keys(2, 3) + dropped, "the system lost keys")
    [scan] = codec.receive(keys(4, ENTER))
    assert isinstance(scan, Scan)
    assert scan.text == "3"


def test_half_a_line_is_refused_when_the_keyboard_is_pulled() -> None:
    codec = KeyboardCodec()
    codec.receive(keys(2, 3))
    assert codec.cut() == [Noise(keys(2, 3), "the keyboard went away inside a line")]


def test_what_is_no_card_stays_a_scan() -> None:
    device = KeyboardEmulator(reads="cards")
    [scan] = typed(device, "carton 7")
    assert isinstance(scan, Scan)
    assert scan.text == "carton 7"


# --- the port --------------------------------------------------------------------------------


@pytest.fixture
def keyboard() -> Iterator[tuple[int, str]]:
    """A pty that carries events: the keyboard's end, and what a host opens."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    yield master, f"keyboard:{os.ttyname(slave)}"
    os.close(master)
    os.close(slave)


def test_a_session_hears_a_keyboard_in_the_layout_that_its_port_names(
    keyboard: tuple[int, str],
) -> None:
    master, url = keyboard
    heard: list[bytes] = []
    session = Session(
        "desk",
        "keyboard_lines",
        f"{url}?layout=de&reads=tags",
        on_bytes=lambda _at, kind, data: heard.append(data) if kind == "in" else None,
    )
    session.start()
    [up] = session.take(20)
    device = KeyboardEmulator(layout="de")
    os.write(master, device.scan("Größe M").frame + device.scan("E2003412").frame)
    found: list[Item] = []
    while len(found) < 2:
        found += [each.value for each in session.take(20) if isinstance(each, Received)]
    session.stop()

    scan, read = found
    assert isinstance(up, LineUp)
    assert isinstance(scan, Scan)
    assert isinstance(read, TagRead)
    assert (scan.text, read.epc.hex()) == ("Größe M", "e2003412")
    # A recording begins with what was chosen: it needs no setting to be understood.
    replayed = KeyboardCodec().receive(b"".join(heard))
    assert replayed == found
    assert heard[0] == choice("de", "tags").encode()


def test_finding_out_names_a_keyboard_by_what_it_types(keyboard: tuple[int, str]) -> None:
    master, url = keyboard
    steps: list[str] = []

    def scan(step: object) -> None:
        steps.append(type(step).__name__)
        if len(steps) == 2:
            os.write(master, KeyboardEmulator().scan("5901234123457").frame)

    found = probe(url, on_step=scan)

    title = PROTOCOLS["keyboard_lines"].title
    assert found == Found(url, "keyboard_lines", title, None, text="5901234123457")


def test_a_port_says_what_it_does_not_know() -> None:
    with pytest.raises(PortUnavailable) as layout:
        open_port("/dev/input/event3?layout=xx")
    with pytest.raises(PortUnavailable) as missing:
        open_port("/dev/input/event99")
    assert str(layout.value) == (
        "Cannot read '/dev/input/event3?layout=xx': layout is 'xx', expected us, gb, de, fr, es,"
        " pt, it, tr."
    )
    assert str(missing.value).startswith("Cannot open /dev/input/event99: /dev/input/event99 does")
    assert isinstance(probe("/dev/input/event99"), NotFound)
    assert not has_speed("/dev/input/event3")


def test_an_event_has_the_kernels_size() -> None:
    assert EVENT.size == 24


# --- the list --------------------------------------------------------------------------------


def plug(system: Path, number: int, name: str, vendor: str, keys: str) -> None:
    device = system / f"class/input/event{number}/device"
    (device / "id").mkdir(parents=True)
    (device / "capabilities").mkdir()
    for file, text in (
        ("name", name),
        ("uniq", "S42"),
        ("id/vendor", vendor),
        ("id/product", "1200"),
        ("capabilities/key", keys),
    ):
        (device / file).write_text(text + "\n")


def test_the_list_shows_scanners_and_leaves_a_persons_keyboard_alone(tmp_path: Path) -> None:
    system, dev = tmp_path / "sys", tmp_path / "dev"
    all_keys = "1000000000007 ff980000000007ff febeffdfffefffff fffffffffffffffe"
    plug(system, 2, "AT Translated Set 2 keyboard", "0001", all_keys)
    plug(system, 3, "Symbol Bar Code Scanner", "05e0", all_keys)
    plug(system, 10, "Power Button", "0000", "10000000000000 0")
    plug(system, 11, "RFID Reader", "ffff", all_keys)
    by_id = dev / "input/by-id"
    by_id.mkdir(parents=True)
    (dev / "input/event3").touch()
    scanner = by_id / "usb-Symbol_Scanner_S42-event-kbd"
    scanner.symlink_to("../event3")

    shown = keyboards(system=system, dev=dev)

    assert [(port.device, port.description, port.usb) for port in shown] == [
        (
            str(by_id / "usb-Symbol_Scanner_S42-event-kbd"),
            "Symbol Bar Code Scanner",
            "05e0:1200 S42",
        ),
        (str(dev / "input/event11"), "RFID Reader", "ffff:1200 S42"),
    ]
    assert "does not exist" in shown[1].remedy
    everybody = keyboards(system=system, dev=dev, is_all=True)
    assert [port.description for port in everybody] == [
        "AT Translated Set 2 keyboard",
        "Symbol Bar Code Scanner",
        "RFID Reader",
    ]
