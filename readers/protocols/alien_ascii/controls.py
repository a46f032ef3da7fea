"""What an Alien reader can be told: settings, lamps, inputs and outputs, one tag's memory.

The reader keeps a mask that every command goes by; it is put back afterwards. How a lock for ever
and a kill are spelt is not proven, so neither is sent.

Source: PROTOCOLS.md section 11; the reader's own help text (names of its commands).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from readers.control.controls import TRIES, Controls, Settings, within
from readers.control.talk import Ask, Talk
from readers.control.writing import EPC, TID, Lock, Selection, Tag
from readers.protocols.alien_ascii.codec import command_code
from readers.reads import Item, ReaderError, Reply, TagRead

_KEPT = ("RFLevel", "AntennaSequence", "AcqG2Session")
_EVERYTHING, _NO_PASSWORD = "00", "00 00 00 00"  # what the reader calls none
_AREAS = {"kill": "KillPwd", "access": "AccessPwd", "epc": "EPC", "user": "User"}
EPC_BIT = 32
TENTH_DB = 0.1
DBM = (15.0, 31.6)
PORT_MAX, PIN_MAX = 3, 8
GREETING_MS, LIST_MS, QUIET_MS = 300, 3000, 300
LOGIN_STEPS_MAX = 8
BLINK = "15 0 200 5"
"""Four lamps on and off, 200 ms each, five times."""


class AlienControls(Controls):
    """One reader."""

    name = "An Alien reader"

    def __init__(self) -> None:
        """Begin with a reader that may want to know who is there."""
        self._is_met = False
        self._mask = ""

    def settings(self) -> Talk[Settings]:
        """Ask for power, antennas (from 0, as on the box) and session."""
        told = {}
        for name in _KEPT:
            told[name] = yield from self._get(name)
        ports = [part.strip() for part in told["AntennaSequence"].split(",")]
        session = told["AcqG2Session"]
        return Settings(
            power_dbm=(round(int(told["RFLevel"]) * TENTH_DB, 1),)
            if told["RFLevel"].isdigit() else (),
            antennas=tuple(int(port) for port in ports if port.isdigit()),
            session=int(session) if session.isdigit() else None,
            kept=tuple((name, value.encode().hex()) for name, value in told.items()),
        )  # fmt: skip

    def set_power(self, power_dbm: Sequence[float]) -> Talk[None]:
        """Set the power of all antennas."""
        if len(power_dbm) != 1:
            raise ReaderError(f"{self.name} cannot set a power for each antenna: give one figure.")
        within(self.name, "power", power_dbm, *DBM)
        yield from self._set("RFLevel", str(round(power_dbm[0] / TENTH_DB)))

    def set_antennas(self, antennas: Sequence[int]) -> Talk[None]:
        """Set which antennas take turns, from 0 as on the box."""
        within(self.name, "antenna", antennas, 0, PORT_MAX)
        yield from self._set("AntennaSequence", ", ".join(map(str, antennas)))

    def set_session(self, session: int, target: str = "A") -> Talk[None]:
        """Set the session; the target stays as it is."""
        within(self.name, "session", (session,), 0, 3)
        yield from self._set("AcqG2Session", str(session))

    def restore(self, settings: Settings) -> Talk[None]:
        """Put back what was kept."""
        for name, text in settings.kept:
            yield from self._set(name, bytes.fromhex(text).decode())

    def beep(self) -> Talk[None]:
        """Blink the lamps."""
        yield from self._set("BlinkLED", BLINK)

    def outputs(self, pins: Mapping[int, bool]) -> Talk[None]:
        """Switch outputs; the others stay as they are."""
        within(self.name, "output", list(pins), 1, PIN_MAX)
        held = int((yield from self._get("ExternalOutput")) or 0)
        for pin, is_on in pins.items():
            held = held & ~(1 << (pin - 1)) | is_on << (pin - 1)
        yield from self._set("ExternalOutput", str(held))

    def inputs(self) -> Talk[dict[int, bool]]:
        """Ask for the inputs."""
        held = int((yield from self._get("ExternalInput")) or 0)
        return {pin: bool(held >> (pin - 1) & 1) for pin in range(1, 5)}

    def find(self, selection: Selection) -> Talk[tuple[Tag, ...]]:
        """Ask for the tag list under a mask."""
        yield from self._choose(selection)
        found: dict[bytes, Tag] = {}
        item = yield Ask(_line("get TagList"), _is_listed, LIST_MS, TRIES)
        while isinstance(item, TagRead):
            found[item.epc] = Tag(item.epc, len(item.epc) // 2 << 11, selection.tid)
            item = yield Ask(b"", _is_listed, QUIET_MS)
        return tuple(found.values())

    def read(self, tag: Tag, bank: int, address: int, words: int, password: int) -> Talk[bytes]:
        """Read words of one tag."""
        yield from self._approach(tag, password)
        told = yield from self._set("G2Read", f"{bank} {address} {words}", "read the tag")
        return bytes.fromhex(told)

    def write(self, tag: Tag, bank: int, address: int, data: bytes, password: int) -> Talk[None]:
        """Write words of one tag."""
        yield from self._approach(tag, password)
        yield from self._set("G2Write", f"{bank} {address} {_hex(data)}", "write the tag")

    def set_lock(self, tag: Tag, area: str, lock: Lock, password: int) -> Talk[None]:
        """Lock or open one area behind the access password."""
        if lock not in (Lock.OPEN, Lock.BY_PASSWORD):
            raise self.cannot("lock for ever: how that is spelt is not proven")
        if area not in _AREAS:
            raise self.cannot(f"lock {area}")
        yield from self._approach(tag, 0)
        name = ("Unlock" if lock is Lock.OPEN else "Lock") + _AREAS[area]
        yield from self._set(name, _hex(password.to_bytes(4, "big")), "lock the tag")

    def silence(self, tag: Tag, password: int) -> Talk[None]:
        """Refuse."""
        raise self.cannot("kill tags from here: how that is spelt is not proven")

    def release(self) -> Talk[None]:
        """Put the reader's own mask back, and forget the password."""
        if self._mask:
            mask, self._mask = self._mask, ""
            yield from self._set("AcqG2Mask", mask)
            yield from self._set("AcqG2AccessPwd", _NO_PASSWORD)

    def _approach(self, tag: Tag, password: int) -> Talk[None]:
        """Mean one tag, and know its password."""
        yield from self._choose(Selection(tid=tag.tid) if tag.tid else Selection(epc=tag.epc))
        yield from self._set("AcqG2AccessPwd", _hex(password.to_bytes(4, "big")))

    def _choose(self, selection: Selection) -> Talk[None]:
        if not self._mask:
            self._mask = (yield from self._get("AcqG2Mask")) or _EVERYTHING
        mask = selection.tid or selection.epc
        bank, bit = (TID, 0) if selection.tid else (EPC, EPC_BIT)
        text = f"{bank}, {bit}, {len(mask) * 8}, {_hex(mask)}" if mask else _EVERYTHING
        yield from self._set("AcqG2Mask", text)

    def _get(self, name: str) -> Talk[str]:
        return (yield from self._say(f"get {name}", name, "", TRIES))

    def _set(self, name: str, value: str, what: str = "") -> Talk[str]:
        return (yield from self._say(f"{name} = {value}", name, what, 1))

    def _say(self, text: str, name: str, what: str, tries: int) -> Talk[str]:
        """Say one line and return the value that is answered.

        Raises:
            ReaderError: If the reader or the tag refuses, or nobody answers.
        """
        yield from self._meet()
        code = command_code(name)
        answer = yield Ask(_line(text), lambda item: _is_said(item, code), LIST_MS, tries)
        if not isinstance(answer, Reply):
            raise ReaderError(
                f"{self.name} does not answer {text!r}: look at its cable and its power."
            )
        if answer.error is not None:
            hint = " Is the password right, is it locked, is it near enough?" if what else ""
            raise ReaderError(
                f"{'Cannot ' + what if what else f'{self.name} cannot do {text!r}'}: "
                f"{answer.fields['code']}{hint}"
            )
        return str(answer.fields.get("value", ""))

    def _meet(self) -> Talk[None]:
        """Wait until a reader of a network, which asks who is there, has let us in."""
        wait_ms = 0 if self._is_met else GREETING_MS
        self._is_met = True
        for _ in range(LOGIN_STEPS_MAX if wait_ms else 0):
            item = yield Ask(b"", lambda item: _kind(item) in ("login", "prompt"), wait_ms)
            if item is None or _kind(item) == "prompt":
                return
            wait_ms = LIST_MS


def _line(text: str) -> bytes:
    return b"\x01" + text.encode("ascii") + b"\r\n"


def _hex(data: bytes) -> str:
    return data.hex(" ").upper()


def _kind(item: Item) -> object:
    return item.fields.get("kind") if isinstance(item, Reply) else None


def _is_said(item: Item, code: int) -> bool:
    return isinstance(item, Reply) and (item.command == code or _kind(item) == "error")


def _is_listed(item: Item) -> bool:
    return isinstance(item, TagRead) or _kind(item) in ("no tags", "error")
