"""A stranger on a port is recognised, or it is said why not; nobody is harmed and none misnamed."""

from __future__ import annotations

import json
import os
import pty
import random
import socket
import threading
import time
import tty
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
from click.testing import CliRunner

import app
from readers import ports
from readers.codec import Emulator, Sent
from readers.emulated.emulation import EmulatedReader
from readers.probe import Found, NotFound, Step, probe
from readers.protocols.r200_bb7e.codec import Frame
from readers.protocols.r200_bb7e.emulator import R200Emulator
from readers.protocols.r2000_a0.codec import Frame as BoxFrame
from readers.protocols.r2000_a0.emulator import R2000Emulator
from readers.reads import Command, Item
from readers.registry import PROTOCOLS
from readers.transports.transport import open_port
from tests.readers.samples import samples

EPC = bytes.fromhex("3034257bf7194e4000001a85")
CARD = bytes.fromhex("62e3086ced")
LINES = ("barcode_lines", "keyboard_lines")


@dataclass
class Scanning:
    """Somebody who scans, or holds a card to the reader, as soon as he is asked to."""

    reader: EmulatedReader
    steps: list[Step]

    def __call__(self, step: Step) -> None:
        self.steps.append(step)
        if step.kind == "scan":
            threading.Thread(target=self._scan, daemon=True).start()

    def _scan(self) -> None:
        self.reader.wait_connected(2)
        if PROTOCOLS[self.reader.protocol].reads == "cards":
            self.reader.show([CARD])
        elif self.reader.protocol in LINES:
            self.reader.scan("5901234123457")


@pytest.fixture
def made() -> Iterator[Callable[..., EmulatedReader]]:
    readers: list[EmulatedReader] = []

    def make(protocol: str, **more: Any) -> EmulatedReader:  # `Any`: passed on by name
        more.setdefault("port", "pty" if PROTOCOLS[protocol].bauds else "tcp")
        readers.append(EmulatedReader(f"reader-{len(readers)}", protocol, **more))
        return readers[-1]

    yield make
    for reader in readers:
        reader.stop()


@pytest.mark.parametrize(
    ("name", "port"),
    [(name, port) for name in PROTOCOLS for port in ("pty", "tcp") if PROTOCOLS[name].bauds]
    + [(name, "tcp") for name in PROTOCOLS if not PROTOCOLS[name].bauds],
)
def test_every_reader_is_recognised_in_time(
    made: Callable[..., EmulatedReader], name: str, port: Literal["pty", "tcp"]
) -> None:
    baud = None if port == "tcp" else PROTOCOLS[name].bauds[0]
    reader = made(name, port=port, baud=baud)
    begun = time.monotonic()

    found = probe(reader.url, on_step=Scanning(reader, []))

    assert time.monotonic() - begun < 10
    is_scanner = name in LINES
    text = "5901234123457" if is_scanner else ""
    address = found.address if isinstance(found, Found) else 0
    assert found == Found(
        reader.url, name, PROTOCOLS[name].title, baud, samples(name).about, text, False, address
    )
    assert address in (0, 1, 0xFF)


def asked_of(name: str, emulator: Emulator) -> list[Command]:
    """Write down what a device is asked from now on."""
    asked: list[Command] = []
    codec = PROTOCOLS[name].host_codec
    assert codec is not None
    ear, answer = codec(), emulator.answer

    def listen(data: bytes) -> list[Sent]:
        # A question comes in one piece; what was no question of this protocol is let go.
        asked.extend(item for item in ear.receive(data) + ear.flush() if isinstance(item, Command))
        return answer(data)

    emulator.answer = listen  # type: ignore[method-assign]  # an ear beside the device's own
    return asked


def asks(name: str) -> tuple[bytes, ...]:
    inquiry = PROTOCOLS[name].inquiry
    return inquiry.asks if inquiry is not None else ()


ASKED = [name for name in PROTOCOLS if asks(name)]


@pytest.mark.parametrize("name", ASKED)
def test_a_probe_asks_and_never_sets(made: Callable[..., EmulatedReader], name: str) -> None:
    emulator = PROTOCOLS[name].emulator()
    before = dict(getattr(emulator, "_settings", {}))
    asked = asked_of(name, emulator)
    reader = made(name, emulator=emulator)

    found = probe(reader.url)

    assert isinstance(found, Found)
    assert {each.command for each in asked} == samples(name).harmless
    assert dict(getattr(emulator, "_settings", {})) == before


def told_by(device: Emulator, asker: str) -> list[Item]:
    """Put a protocol's questions to a device; return what that protocol hears."""
    codec = PROTOCOLS[asker].codec()
    said = b"".join(sent.frame for sent in device.connect())
    for ask in asks(asker):
        said += device.receive(ask) + b"".join(sent.frame for sent in device.tick())
    return codec.receive(said) + codec.flush()


@pytest.mark.parametrize("name", list(PROTOCOLS))
@pytest.mark.parametrize("asker", ASKED)
def test_no_question_harms_or_names_another_reader(name: str, asker: str) -> None:
    device, inquiry = PROTOCOLS[name].emulator(), PROTOCOLS[asker].inquiry
    before = dict(getattr(device, "_settings", {}))
    assert inquiry is not None

    answers = [item for item in told_by(device, asker) if inquiry.is_answer(item)]

    assert bool(answers) == (name == asker)
    assert dict(getattr(device, "_settings", {})) == before


@pytest.mark.parametrize("name", ["barcode_lines", "chafon_uhfreader", "r200_bb7e", "tsl_ascii2"])
def test_a_reader_that_was_asked_by_all_others_is_still_recognised(
    made: Callable[..., EmulatedReader], name: str
) -> None:
    reader = made(name)
    others = {each: PROTOCOLS[each] for each in ASKED if each != name}
    assert isinstance(probe(reader.url, seconds=6, listed=others), NotFound)
    again = probe(reader.url, on_step=Scanning(reader, []))
    assert isinstance(again, Found)
    assert (again.protocol, again.about) == (name, samples(name).about)


@pytest.mark.parametrize(
    ("name", "baud"), [("r2000_a0", 38400), ("barcode_lines", 115200), ("barcode_lines", 9600)]
)
def test_the_speed_is_found(made: Callable[..., EmulatedReader], name: str, baud: int) -> None:
    reader = made(name, baud=baud)
    found = probe(reader.url, on_step=Scanning(reader, []))
    assert isinstance(found, Found)
    assert (found.protocol, found.baud) == (name, baud)


def test_a_scanner_is_asked_for_a_scan_only_after_nobody_answered(
    made: Callable[..., EmulatedReader],
) -> None:
    reader = made("barcode_lines")
    scanning = Scanning(reader, [])
    three = {name: PROTOCOLS[name] for name in ("barcode_lines", "r200_bb7e", "r2000_a0")}
    probe(reader.url, on_step=scanning, listed=three)
    assert [(step.kind, step.baud, step.protocol) for step in scanning.steps] == [
        ("listen", 115200, ""),
        ("ask", 115200, "r200_bb7e"),
        ("ask", 115200, "r2000_a0"),
        ("ask", 115200, "r200_bb7e"),
        ("listen", 9600, ""),
        ("listen", 38400, ""),
        ("ask", 38400, "r2000_a0"),
        ("scan", 9600, ""),
    ]


def test_the_other_head_of_a_module_is_asked_for(made: Callable[..., EmulatedReader]) -> None:
    class Other(R200Emulator):
        def answer(self, data: bytes) -> list[Sent]:
            return super().answer(data) if data[:1] == b"\xaa" else []

    found = probe(made("r200_bb7e", emulator=Other(region=3)).url)
    assert isinstance(found, Found)
    assert found.sentence == (
        "R200, 115200 baud, M100 26dBm V1.0, firmware V2.3.5, 26 dBm, region EU"
    )


def test_a_module_that_sleeps_is_asked_again(made: Callable[..., EmulatedReader]) -> None:
    class Sleepy(R200Emulator):
        lost = 0

        def answer(self, data: bytes) -> list[Sent]:
            self.lost += 1
            return [] if self.lost < 3 else super().answer(data)

    assert isinstance(probe(made("r200_bb7e", emulator=Sleepy()).url), Found)


def test_a_reader_that_is_reading_already_is_known_by_what_it_pushes(
    made: Callable[..., EmulatedReader],
) -> None:
    reader = made("r200_bb7e")
    reader.show([EPC])
    port = open_port(reader.url)
    port.send(Frame(0, 0x27, b"\x22\xff\xff").encode())
    time.sleep(0.2)
    port.close()

    found = probe(reader.url)

    assert isinstance(found, Found)
    assert (found.protocol, found.about) == ("r200_bb7e", samples("r200_bb7e").about)


def test_a_reader_behind_noise_is_recognised(made: Callable[..., EmulatedReader]) -> None:
    from readers.emulated.emulation import Faults

    faults = Faults(noise_rate=0.3, chunk_size_max=3)
    reader = made("r2000_a0", faults=faults)
    found = probe(reader.url)
    assert isinstance(found, Found)
    assert found.protocol == "r2000_a0"


class Device:
    """A pty whose other end does what a test says."""

    def __init__(self, act: Callable[[int, threading.Event], None]) -> None:
        self.master, slave = pty.openpty()
        tty.setraw(slave)
        self.url = os.ttyname(slave)
        self._slave = slave
        self._done = threading.Event()
        self._thread = threading.Thread(target=act, args=(self.master, self._done), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._done.set()
        self._thread.join(5)
        os.close(self._slave)
        os.close(self.master)


@pytest.fixture
def device() -> Iterator[Callable[..., Device]]:
    devices: list[Device] = []

    def make(act: Callable[[int, threading.Event], None]) -> Device:
        devices.append(Device(act))
        return devices[-1]

    yield make
    for each in devices:
        each.close()


def silent(_master: int, done: threading.Event) -> None:
    done.wait()


def noisy(master: int, done: threading.Event) -> None:
    chance = random.Random(7)
    while not done.wait(0.02):
        os.write(master, chance.randbytes(40))


def repeating(master: int, done: threading.Event) -> None:
    os.set_blocking(master, False)
    while not done.wait(0.01):
        try:
            os.write(master, os.read(master, 4096))
        except BlockingIOError:
            continue


def polite(master: int, done: threading.Event) -> None:
    """A modem or a printer: a line of text to whatever it is told."""
    os.set_blocking(master, False)
    while not done.wait(0.01):
        try:
            os.read(master, 4096)
        except BlockingIOError:
            continue
        os.write(master, b"ERROR\r\n")


@pytest.mark.parametrize(
    ("act", "reason", "begins"),
    [
        (silent, "silent", "Nothing spoke on {url}. Check that the reader has power"),
        (noisy, "noise", "Something speaks on {url}, but none of the known protocols: "),
        (repeating, "echo", "{url} only repeats what it is told: a cable without a reader"),
        (polite, "noise", "Something speaks on {url}, but none of the known protocols: "),
    ],
)
def test_what_is_no_reader_is_said_and_not_named(
    device: Callable[..., Device],
    act: Callable[[int, threading.Event], None],
    reason: str,
    begins: str,
) -> None:
    line = device(act)
    begun = time.monotonic()

    found = probe(line.url, seconds=4)

    assert time.monotonic() - begun < 5
    assert isinstance(found, NotFound)
    assert found.reason == reason
    assert found.sentence.startswith(begins.format(url=line.url))


def test_a_reader_that_is_unplugged_midway_is_said(made: Callable[..., EmulatedReader]) -> None:
    reader = made("barcode_lines")
    steps: list[Step] = []

    def pull(step: Step) -> None:
        steps.append(step)
        if len(steps) == 2:
            reader.unplug()

    found = probe(reader.url, on_step=pull)
    assert found == NotFound(
        reader.url,
        "lost",
        f"{reader.url} went away while it was being asked. Put the plug in again, then find out"
        " once more.",
    )


def test_a_port_that_another_program_reads_is_left_alone(
    made: Callable[..., EmulatedReader],
) -> None:
    reader = made("r200_bb7e")
    held = open_port(reader.url)
    found = probe(reader.url)
    held.close()
    assert isinstance(found, NotFound)
    assert found.reason == "closed"
    assert found.sentence.startswith(f"Cannot open {reader.url}: ")


def test_a_network_reader_that_speaks_to_somebody_else_says_so(
    made: Callable[..., EmulatedReader],
) -> None:
    reader = made("r2000_a0", port="tcp")
    held = open_port(reader.url)
    reader.wait_connected(5)
    found = probe(reader.url)
    held.close()
    assert isinstance(found, NotFound)
    assert found.reason == "occupied"
    assert found.sentence == (
        f"{reader.url} closed the connection at once. Most readers speak with one program at a"
        " time: close the other one."
    )


def test_an_address_where_nobody_is_says_what_to_check() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
    found = probe(f"socket://127.0.0.1:{number}")
    assert isinstance(found, NotFound)
    assert found.reason == "unreachable"
    assert "Check that the reader is switched on and the address is right." in found.sentence


def test_without_rights_the_group_and_the_command_are_named(
    device: Callable[..., Device], monkeypatch: pytest.MonkeyPatch
) -> None:
    line = device(silent)
    trouble = ports.Trouble("group", line.url, "dialout", "ana", "sudo usermod -aG dialout ana")
    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.setattr(ports, "_permission_trouble", lambda *_: trouble)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("serial.serialposix.os.open", refuse)
    found = probe(line.url)

    assert isinstance(found, NotFound)
    assert found.trouble == trouble
    assert found.sentence == (
        f"Cannot open {line.url}: {line.url} belongs to group dialout. Run `sudo usermod -aG"
        " dialout ana`, then log out and in again."
    )


def test_a_probe_that_nobody_waits_for_ends(device: Callable[..., Device]) -> None:
    begun = time.monotonic()
    line = device(silent)
    found = probe(line.url, is_wanted=lambda: time.monotonic() - begun < 0.3)
    assert isinstance(found, NotFound)
    assert found.reason == "stopped"
    assert time.monotonic() - begun < 2


def test_powers_that_differ_are_all_told() -> None:
    class Uneven(R2000Emulator):
        def answer(self, data: bytes) -> list[Sent]:
            sent = super().answer(data)
            if sent and sent[0].frame[3] == 0x77:
                return [Sent(BoxFrame(1, 0x77, bytes((30, 27, 30, 30))).encode())]
            return sent

    reader = EmulatedReader("uneven", "r2000_a0", emulator=Uneven())
    found = probe(reader.url)
    reader.stop()
    assert isinstance(found, Found)
    assert found.about.power_dbm == (30.0, 27.0, 30.0, 30.0)


def test_the_command_says_it_in_one_sentence_or_in_one_line(
    made: Callable[..., EmulatedReader], tmp_path: Path
) -> None:
    url = made("r2000_a0").url
    told = CliRunner().invoke(app.main, ["readers", "probe", url])
    line = CliRunner().invoke(app.main, ["readers", "probe", url, "--json"])
    missing = CliRunner().invoke(app.main, ["readers", "probe", str(tmp_path / "none"), "--json"])

    assert (told.exit_code, line.exit_code, missing.exit_code) == (0, 0, 1)
    assert told.stdout.splitlines() == [
        "R2000, 115200 baud, firmware 1.9, 30 dBm, region EU",
        f"See what it reads: hangtag readers watch {url} --protocol r2000_a0 --baud 115200",
    ]
    assert "Listening at 115200 baud …" in told.stderr
    assert json.loads(line.stdout) == {
        "url": url,
        "found": True,
        "protocol": "r2000_a0",
        "title": "Impinj R2000 / E710 UHF gate (A0)",
        "baud": 115200,
        "model": None,
        "firmware": "1.9",
        "region": "eu",
        "power_dbm": [30.0],
        "no_antenna": None,
        "scanned": None,
        "speaks_unasked": False,
        "address": 1,
        "oddities": [],
        "sentence": "R2000, 115200 baud, firmware 1.9, 30 dBm, region EU",
    }
    answer = json.loads(missing.stdout)
    assert (answer["found"], answer["reason"]) == (False, "closed")


@pytest.mark.parametrize("name", list(PROTOCOLS))
def test_every_protocol_says_how_it_is_recognised(name: str) -> None:
    entry = PROTOCOLS[name]
    if not asks(name):
        assert entry.host_codec is None, "a reader that hears questions has one that names it"
        return
    assert entry.host_codec is not None
    for ask in asks(name):
        [item] = entry.host_codec().receive(ask)
        assert isinstance(item, Command)
        assert item.command in samples(name).harmless
