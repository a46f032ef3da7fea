"""What a ThingMagic module can be told: settings, outputs, inputs, one tag's memory.

A tag is reached by a filter on its chip number, which each of the module's commands carries. The
module rests meanwhile: while it reads it hears nothing but the stop. Sound it has none.

Source: PROTOCOLS.md section 1 (commands, filter bytes); keys of 6B and 9B at second hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from readers.control.controls import TRIES, Controls, Settings, degrees, within
from readers.control.talk import Ask, Talk
from readers.control.writing import AREAS, Lock, Selection, Tag
from readers.protocols.thingmagic.codec import GEN2, Frame
from readers.protocols.thingmagic.commands import REGIONS
from readers.reads import Item, ReaderError, Reply, TagRead

_START, _SEARCH, _WRITE, _LOCK, _KILL, _READ, _FETCH, _CLEAR = (
    0x04, 0x22, 0x24, 0x25, 0x26, 0x28, 0x29, 0x2A,
)  # fmt: skip
_SERIAL, _ANTENNA, _POWER, _WRITE_POWER, _PINS, _REGION = 0x10, 0x61, 0x62, 0x64, 0x66, 0x67
_GEN2, _REGIONS_THERE = 0x6B, 0x71
_SET = 0x30
"""Added to the code of a question, it sets what was asked for."""
_PROTOCOL = 0x63
_TEMPERATURE = 0x72
_SESSION_KEY, _TARGET_KEY = bytes((GEN2, 0x00)), bytes((GEN2, 0x01))
_TARGETS = {b"\x01\x00": "A", b"\x01\x01": "B"}
_BY_EPC, _BY_TID, _PASSWORD_ONLY, _WITH_METADATA = 0x01, 0x02, 0x05, 0x10
_EVERY_ANTENNA = bytes.fromhex("001b")
"""Search flags: the antennas of the list take turns, and more."""
_COUNT_RSSI_ANTENNA = bytes.fromhex("000700")
SEARCH_MS = 500
ACCESS_MS = 1000
FETCHES_MAX = 64
PINS_MAX = 4
EPC_BITS_MAX = 31 * 16
_KEPT = {
    "region": _REGION, "read power": _POWER, "write power": _WRITE_POWER, "antennas": _ANTENNA,
    "session": _GEN2, "target": _GEN2,
}  # fmt: skip
"""What is kept → the question it answers; it is put back as it came."""


class ThingMagicControls(Controls):
    """One module."""

    name = "A ThingMagic module"

    def settings(self) -> Talk[Settings]:
        """Ask for region, power, antennas, session and target."""
        yield from self._wake()
        told: dict[str, bytes] = {}
        for what, data in (
            ("region", b""), ("read power", b""), ("write power", b""), ("antennas", b"\x02"),
            ("session", _SESSION_KEY), ("target", _TARGET_KEY),
        ):  # fmt: skip
            reply = yield from self._try(_KEPT[what], data)
            if reply is not None:
                told[what] = reply.frame[5:-2]
        serial = yield from self._try(_SERIAL, b"\x00\x00")
        number = bytes.fromhex(str(serial.fields.get("serial", ""))) if serial is not None else b""
        ports = told.get("antennas", b"")[1::2]
        return Settings(
            region=REGIONS.get(told["region"][0], "") if told.get("region") else "",
            power_dbm=(_dbm(told["read power"]),) if "read power" in told else (),
            antennas=tuple(ports),
            session=told["session"][-1] if "session" in told else None,
            target=_TARGETS.get(told.get("target", b"")[2:], ""),
            identity=number.hex() if any(number) else "",
            kept=tuple((what, data.hex()) for what, data in told.items()),
        )

    def set_power(self, power_dbm: Sequence[float]) -> Talk[None]:
        """Set power for reading and for writing; a module has one for all antennas."""
        if len(power_dbm) != 1:
            raise ReaderError(f"{self.name} cannot set a power for each antenna: give one figure.")
        yield from self._wake()
        limits = yield from self._do(_POWER, b"\x01")
        lowest, highest = (int(str(limits.fields[f"{end}_cdbm"])) / 100 for end in ("min", "max"))
        within(self.name, "power", power_dbm, lowest, highest)
        data = round(power_dbm[0] * 100).to_bytes(2, "big")
        yield from self._do(_POWER + _SET, data)
        yield from self._do(_WRITE_POWER + _SET, data)

    def set_region(self, region: str) -> Talk[None]:
        """Set the first of the module's own regions that people call so."""
        yield from self._wake()
        reply = yield from self._do(_REGIONS_THERE)
        there = reply.frame[5:-2]
        codes = [code for code in there if REGIONS.get(code) == region]
        if not codes:
            known = ", ".join(sorted({REGIONS[code] for code in there if code in REGIONS}))
            raise ReaderError(f"{self.name} cannot have region {region!r}: expected {known}.")
        yield from self._do(_REGION + _SET, bytes((codes[0],)))

    def set_antennas(self, antennas: Sequence[int]) -> Talk[None]:
        """Set which ports take turns, each to send and to hear."""
        within(self.name, "antenna", antennas, 1, 16)
        yield from self._wake()
        turns = b"".join(bytes((port, port)) for port in antennas)
        yield from self._do(_ANTENNA + _SET, b"\x02" + turns)

    def set_session(self, session: int, target: str = "A") -> Talk[None]:
        """Set session and target of the inventory."""
        within(self.name, "session", (session,), 0, 3)
        yield from self._wake()
        yield from self._do(_GEN2 + _SET, _SESSION_KEY + bytes((session,)))
        wanted = next(data for data, name in _TARGETS.items() if name == target)
        yield from self._do(_GEN2 + _SET, _TARGET_KEY + wanted)

    def restore(self, settings: Settings) -> Talk[None]:
        """Put back what was kept, the region first: it bounds the power."""
        yield from self._wake()
        for what, text in settings.kept:
            if what in _KEPT:
                yield from self._do(_KEPT[what] + _SET, bytes.fromhex(text))

    def outputs(self, pins: Mapping[int, bool]) -> Talk[None]:
        """Switch pins of the module."""
        within(self.name, "output", list(pins), 1, PINS_MAX)
        for pin, is_on in pins.items():
            yield from self._do(_PINS + _SET, bytes((pin, is_on)))

    def inputs(self) -> Talk[dict[int, bool]]:
        """Ask for the pins that are inputs."""
        reply = yield from self._do(_PINS, b"\x01")
        told = bytes.fromhex(str(reply.fields.get("pins", "")))
        return {told[at]: told[at + 2] > 0 for at in range(0, len(told) - 2, 3) if not told[at + 1]}

    def temperature(self) -> Talk[float]:
        """Ask how warm the module is."""
        yield from self._wake()
        return degrees((yield from self._do(_TEMPERATURE)))

    def find(self, selection: Selection) -> Talk[tuple[Tag, ...]]:
        """Search for what fits, then fetch it from the module's buffer."""
        yield from self._wake()
        yield from self._do(_CLEAR)
        option, chosen = _chosen(selection)
        search = bytes((option,)) + _EVERY_ANTENNA + SEARCH_MS.to_bytes(2, "big")
        password = bytes(4) if option else b""
        reply = yield from self._do(_SEARCH, search + password + chosen, wait_ms=SEARCH_MS + 1000)
        left = int(str(reply.fields.get("tag_count", 0)))
        found: dict[bytes, Tag] = {}
        for _ in range(FETCHES_MAX):
            if left <= 0:
                break
            fetched = yield from self._fetch()
            if not fetched:
                break
            left -= len(fetched)
            found |= {tag.epc: Tag(tag.epc, tag.pc or 0, selection.tid) for tag in fetched}
        return tuple(found.values())

    def read(self, tag: Tag, bank: int, address: int, words: int, password: int) -> Talk[bytes]:
        """Read words of one tag."""
        option, chosen = _chosen(_of(tag))
        data = ACCESS_MS.to_bytes(2, "big") + bytes((option | _WITH_METADATA, 0, 0, bank))
        data += address.to_bytes(4, "big") + bytes((words,))
        reply = yield from self._do(
            _READ, data + password.to_bytes(4, "big") + chosen, "read the tag", tries=TRIES
        )
        return bytes.fromhex(str(reply.fields["data"]))[3:]

    def write(self, tag: Tag, bank: int, address: int, data: bytes, password: int) -> Talk[None]:
        """Write words of one tag."""
        option, chosen = _chosen(_of(tag))
        asked = ACCESS_MS.to_bytes(2, "big") + bytes((option,)) + address.to_bytes(4, "big")
        asked += bytes((bank,)) + password.to_bytes(4, "big") + chosen + data
        yield from self._do(_WRITE, asked, "write the tag")

    def set_lock(self, tag: Tag, area: str, lock: Lock, password: int) -> Talk[None]:
        """Set the lock of one area."""
        option, chosen = _chosen(_of(tag))
        shift = 8 - 2 * AREAS.index(area)
        data = ACCESS_MS.to_bytes(2, "big") + bytes((option,)) + password.to_bytes(4, "big")
        data += (0b11 << shift).to_bytes(2, "big") + (lock << shift).to_bytes(2, "big")
        yield from self._do(_LOCK, data + chosen, "lock the tag")

    def silence(self, tag: Tag, password: int) -> Talk[None]:
        """Kill a tag."""
        option, chosen = _chosen(_of(tag))
        data = ACCESS_MS.to_bytes(2, "big") + bytes((option,)) + password.to_bytes(4, "big")
        yield from self._do(_KILL, data + b"\x00" + chosen, "kill the tag")

    def _wake(self) -> Talk[None]:
        """Start the firmware, which refuses that if it runs, and choose Gen2."""
        yield from self.ask(Frame(_START, b"").encode(), _START, tries=TRIES)
        yield from self._do(_PROTOCOL + _SET, GEN2.to_bytes(2, "big"))

    def _fetch(self) -> Talk[list[TagRead]]:
        """Return the next tags of the buffer; they come in one frame."""
        asked = Frame(_FETCH, _COUNT_RSSI_ANTENNA).encode()
        item = yield Ask(asked, _is_fetched)
        found: list[TagRead] = []
        while isinstance(item, TagRead):
            found.append(item)
            if len(found) == item.frame[8]:
                break
            item = yield Ask(b"", _is_fetched)
        return found

    def _try(self, code: int, data: bytes) -> Talk[Reply | None]:
        """Ask for something that not every module tells."""
        reply = yield from self.ask(Frame(code, data).encode(), code, tries=TRIES)
        return reply if reply.error is None else None

    def _do(
        self, code: int, data: bytes = b"", what: str = "", *, tries: int = 1, wait_ms: int = 2000
    ) -> Talk[Reply]:
        """Send a command and return its answer.

        Raises:
            ReaderError: If the module or the tag refuses, or nobody answers.
        """
        reply = yield from self.ask(Frame(code, data).encode(), code, tries=tries, wait_ms=wait_ms)
        if reply.error is not None:
            does = f"Cannot {what}" if what else f"{self.name} refuses {reply.name}"
            hint = " Is the password right, and is it near enough?" if what else ""
            raise ReaderError(f"{does}: {reply.fields['code']}.{hint}")
        return reply


def _is_fetched(item: Item) -> bool:
    """Tell whether an item came with the buffer."""
    if isinstance(item, TagRead):
        return item.frame[2:3] == bytes((_FETCH,))
    return isinstance(item, Reply) and item.command == _FETCH


def _dbm(data: bytes) -> float:
    return int.from_bytes(data[-2:], "big") / 100


def _of(tag: Tag) -> Selection:
    return Selection(tid=tag.tid) if tag.tid else Selection(epc=tag.epc)


def _chosen(selection: Selection) -> tuple[int, bytes]:
    """Return the option and the filter behind the password; 5 is a password without a filter."""
    mask = selection.tid or selection.epc
    if selection.tid:
        return _BY_TID, bytes(4) + bytes((len(mask) * 8,)) + mask
    if selection.epc:
        return _BY_EPC, bytes((len(mask) * 8,)) + mask
    return _PASSWORD_ONLY, b""
