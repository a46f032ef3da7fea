"""A reader that is not there: it answers a host on a real port, with real faults, and keeps count.

    gate = EmulatedReader("dock", "r2000_a0", port="tcp", wire_log=Path("wire.jsonl"))
    session = Session("dock", "r2000_a0", gate.url)
    gate.show([bytes.fromhex("3034257bf7194e4000001a85")])
    gate.unplug(); gate.plug(); gate.stop()

The wire log is the truth against which loss is counted: one JSON line for each good tag frame or
scan, written when it has been put on the wire (`"sent": true`) or held back on purpose
(`"sent": "swallowed"`). A corrupted frame is not in it: nobody could have read it.
"""

from __future__ import annotations

import json
import random
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, get_args

from readers.codec import Emulator, Sent
from readers.emulated.wires import PtyWire, TcpWire, Wire
from readers.reads import ReaderError
from readers.registry import protocol as protocol_named

PortKind = Literal["pty", "tcp", "tls", "http", "mqtt", "webhook"]
PORT_KINDS = get_args(PortKind)
ROUND_S = 0.05
"""How often a polling module pushes a round."""
STEP_S = 0.02
"""Longest wait for the host's bytes."""


@dataclass(frozen=True, slots=True)
class Faults:
    """What is wrong with the wire."""

    chunk_size_max: int = 0
    """Frames arrive in pieces of 1 to this many bytes; 0 leaves them whole."""
    chunk_pause_ms: float = 0.0
    noise_rate: float = 0.0
    """Chance of a burst of noise before a frame, 0 to 1."""
    noise_size_max: int = 8
    seed: int = 1


class EmulatedReader:
    """One emulated reader on a pty or a loopback TCP port, played by a thread of its own.

    All methods may be called from any thread.
    """

    def __init__(
        self,
        name: str,
        protocol: str,
        *,
        port: PortKind = "pty",
        wire_log: Path | str | None = None,
        faults: Faults | None = None,
        emulator: Emulator | None = None,
        folder: Path | str | None = None,
        tcp_port: int = 0,
        baud: int | None = None,
        certificate: Path | None = None,
        login: tuple[str, str] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Switch the reader on.

        Args:
            name: Stands in the wire log.
            protocol: A name of `readers.registry.PROTOCOLS`.
            port: What kind of port the host opens.
            wire_log: File to which one JSON line a good frame is appended; several may share it.
            faults: What is wrong with the wire; None is a good one.
            emulator: A device with other settings than the usual ones.
            folder: Where the pty's link lies; None makes one for it.
            tcp_port: A port of one's own choice; 0 takes a free one.
            baud: On a pty, the only speed at which it is understood; None: any.
            certificate: PEM file with its key: `tls`, `http` and `mqtt` are spoken through TLS.
            login: User and password that `http` and `mqtt` ask for.
            clock: Seconds since 1970, for the wire log.

        Raises:
            ReaderError: If there is no such protocol, or this system has no ptys.
        """
        entry = protocol_named(protocol)
        self.name = name
        self.protocol = protocol
        self.faults = faults or Faults()
        self._emulator = emulator or entry.emulator()
        self._is_binary = entry.reads != "barcodes"
        self._clock = clock
        self._chance = random.Random(self.faults.seed)  # noqa: S311  # repeatable, not secret
        self._log: IO[str] | None = None
        if wire_log is not None:
            self._log = Path(wire_log).open("a", encoding="utf-8", buffering=1)  # noqa: SIM115
        # The lock guards the emulator, the wire and the counts of faults still to come.
        # Only the reader's own thread opens and closes the wire: it may be waiting on its handle,
        # and the system gives the number of a closed handle to whoever opens the next file.
        self._lock = threading.RLock()
        self._plug_changed = threading.Condition(self._lock)
        self._is_plug_wanted = True
        self._flips = 0
        self._swallows = 0
        self._swallowed_epcs: set[bytes] = set()
        self._is_plugged = True
        self.frames_sent = 0
        self._stopping = threading.Event()
        self._has_host = False
        self._wire: Wire = (
            _wire(port, name, folder, tcp_port, baud)
            if port in ("pty", "tcp")
            else _network_wire(port, tcp_port, certificate, login)
        )
        self._wire.refusal = self._emulator.refusal()
        self._thread = threading.Thread(target=self._live, name=f"emulated {name}", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """What the host opens; the same before and after a replug."""
        return self._wire.url

    @property
    def is_connected(self) -> bool:
        """True while a host listens."""
        with self._lock:
            return self._is_plugged and self._wire.is_connected()

    def wait_connected(self, timeout_s: float) -> bool:
        """Wait until a host listens; return whether one does."""
        deadline = time.monotonic() + timeout_s
        while not (connected := self.is_connected) and time.monotonic() < deadline:
            time.sleep(0.01)
        return connected

    def show(self, tags: Sequence[bytes], *, antenna: int = 1, rssi_dbm: int = -55) -> None:
        """Bring tags into the field; they are read in every round until they are hidden."""
        with self._lock:
            self._emulator.show(tags, antenna=antenna, rssi_dbm=rssi_dbm)

    def hide(self, tags: Sequence[bytes]) -> None:
        """Take these tags out of the field."""
        with self._lock:
            self._emulator.hide(tags)

    def clear(self) -> None:
        """Take all tags out of the field."""
        with self._lock:
            self._emulator.hide()

    def scan(self, text: str, aim: str | None = None) -> bool:
        """Scan one barcode.

        Returns:
            Whether a good frame went onto the wire, or was held back on purpose. False if no host
            listens or a bit was flipped: then the scanner does not beep and a person scans again.

        Raises:
            ReaderError: If this reader is no scanner.
        """
        with self._lock:
            sent = self._emulator.scan(text, aim)
            return self.is_connected and self._emit([sent])

    def unplug(self) -> None:
        """Pull the cable; what is on the wire is still read."""
        self._want_plug(False)

    def plug(self) -> None:
        """Plug the cable in again, under the same url."""
        self._want_plug(True)

    def _want_plug(self, is_wanted: bool) -> None:
        with self._plug_changed:
            if self._stopping.is_set():
                return  # whoever pulls cables may be later than whoever switches off
            self._is_plug_wanted = is_wanted
            self._plug_changed.wait_for(lambda: self._is_plugged == is_wanted, timeout=10)

    def _follow_plug(self) -> bool:
        """Pull or plug the wire as wanted; return whether it is plugged in."""
        with self._plug_changed:
            if self._is_plug_wanted != self._is_plugged:
                if self._is_plug_wanted:
                    self._wire.plug()
                else:
                    self._wire.unplug()
                self._is_plugged = self._is_plug_wanted
                self._greet()
                self._plug_changed.notify_all()
            return self._is_plugged

    def flip_bits(self, count: int) -> None:
        """Flip one bit in each of the next `count` frames."""
        with self._lock:
            self._flips += count

    def swallow_next(self, count: int = 1) -> None:
        """Hold back the next tag frames or scans, and say so in the wire log."""
        with self._lock:
            self._swallows += count

    def swallow_tag(self, epc: bytes, *, is_swallowed: bool = True) -> None:
        """Hold back every frame of one tag, until told otherwise: a tag that nobody hears."""
        with self._lock:
            if is_swallowed:
                self._swallowed_epcs.add(epc)
            else:
                self._swallowed_epcs.discard(epc)

    def stop(self) -> None:
        """Switch the reader off; its port is gone, its log closed."""
        self._stopping.set()
        self._thread.join(timeout=10)
        with self._lock:
            if self._is_plugged:
                self._is_plugged = False
                self._wire.unplug()
        if self._log is not None:
            self._log.close()

    def _live(self) -> None:
        next_round = time.monotonic()
        while not self._stopping.is_set():
            if not self._follow_plug():
                self._stopping.wait(STEP_S)
                continue
            data = self._wire.recv_some(STEP_S)
            self._greet()
            with self._lock:
                answers = self._emulator.answer(data) if data else []
                busy_s = self._emulator.busy_ms / 1000 if answers else 0.0
            if busy_s:
                self._stopping.wait(busy_s)
            self._answer(answers)
            now = time.monotonic()
            if now >= next_round:
                next_round = now + ROUND_S
                with self._lock:
                    if self._wire.is_connected():
                        self._emit(self._emulator.tick())

    def _greet(self) -> None:
        """Tell the device of a host that came or went."""
        with self._lock:
            has_host = self._is_plugged and self._wire.is_connected()
            if has_host == self._has_host:
                return
            self._has_host = has_host
            if has_host:
                self._emit(self._emulator.connect())
            else:
                self._emulator.disconnect()

    def _answer(self, answers: list[Sent]) -> None:
        """Send what a round found; a tag that left during the round is not found."""
        if not answers:
            return
        with self._lock:
            if self._is_plugged:
                self._emit(
                    [
                        each
                        for each in answers
                        if each.epc is None or each.epc in self._emulator.field
                    ]
                )

    def _emit(self, frames: list[Sent]) -> bool:
        """Put frames on the wire with its faults; return whether the last one went well."""
        is_good = False
        for sent in frames:
            is_good = self._emit_one(sent)
        return is_good

    def _emit_one(self, sent: Sent) -> bool:
        faults = self.faults
        is_read = sent.kind != "reply"
        epcs = sent.epcs or (sent.epc,)
        if is_read and (self._swallows > 0 or any(epc in self._swallowed_epcs for epc in epcs)):
            self._swallows -= self._swallows > 0
            self._write_log(sent, "swallowed")
            return True
        if faults.noise_rate and self._chance.random() < faults.noise_rate:
            self._put(self._noise())
        if self._flips > 0:
            self._flips -= 1
            self._put(self._flipped(sent.frame))
            return False
        if not self._put(sent.frame):
            return False
        self.frames_sent += 1
        if is_read:
            self._write_log(sent, True)
        return True

    def _put(self, data: bytes) -> bool:
        size_max = self.faults.chunk_size_max
        if not size_max:
            return self._wire.write(data)
        while data:
            size = self._chance.randint(1, size_max)
            if not self._wire.write(data[:size]):
                return False
            data = data[size:]
            if self.faults.chunk_pause_ms:
                time.sleep(self.faults.chunk_pause_ms / 1000)
        return True

    def _noise(self) -> bytes:
        size = self._chance.randint(1, max(1, self.faults.noise_size_max))
        if self._is_binary:
            return self._chance.randbytes(size)
        # Lines have no checksum: noise in front of a code without an AIM id would be lost with
        # it, which no scanner's protocol can prevent. So the burst ends its own line.
        return bytes(self._chance.randint(0x80, 0xBF) for _ in range(size)) + b"\r\n"

    def _flipped(self, frame: bytes) -> bytes:
        if place := self._emulator.flip_place(frame):
            at, bit = place
        elif self._is_binary:
            at, bit = self._chance.randrange(len(frame)), self._chance.randrange(8)
        else:
            # Any other bit of a line may give another digit: that is for check digits to find.
            at, bit = self._chance.randrange(len(frame.rstrip(b"\r\n\t"))), 7
        return frame[:at] + bytes((frame[at] ^ 1 << bit,)) + frame[at + 1 :]

    def _write_log(self, sent: Sent, is_sent: bool | str) -> None:
        if self._log is None:
            return
        line: dict[str, object] = {
            "t": int(self._clock() * 1_000_000),
            "reader": self.name,
            "protocol": self.protocol,
            "kind": sent.kind,
        }
        if sent.text is not None:
            line["text"] = sent.text
        for epc in sent.epcs or (sent.epc,):
            told = line if epc is None else line | {"epc": epc.hex()}
            self._log.write(json.dumps(told | {"frame": sent.frame.hex(), "sent": is_sent}) + "\n")


def _network_wire(
    port: str, tcp_port: int, certificate: Path | None, login: tuple[str, str] | None
) -> Wire:
    from readers.emulated.network_wires import HttpWire, MqttWire, PostWire, TlsWire

    if port == "http":
        return HttpWire(tcp_port, certificate, login)
    if port == "mqtt":
        return MqttWire(tcp_port, certificate, login)
    if port == "webhook":
        return PostWire(tcp_port)
    if port == "tls" and certificate is not None:
        return TlsWire(tcp_port, certificate)
    raise ReaderError(
        f"Cannot emulate a reader on {port!r}: expected one of {', '.join(PORT_KINDS)}; tls needs"
        " a certificate."
    )


def _wire(port: str, name: str, folder: Path | str | None, tcp_port: int, baud: int | None) -> Wire:
    if port == "tcp":
        return TcpWire(tcp_port)
    place = Path(folder) if folder is not None else Path(tempfile.mkdtemp(prefix="hangtag-"))
    place.mkdir(parents=True, exist_ok=True)
    try:
        return PtyWire(place / name, baud=baud)
    except ImportError as error:
        raise ReaderError("This system has no ptys: emulate on tcp instead.") from error
