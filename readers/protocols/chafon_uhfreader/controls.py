"""What a UHFReader18 or 288 can be told: power, band, antennas, buzzer, pins, one tag's memory.

A 288 chooses a tag by a mask on its chip number, an 18 by its EPC; the number of an 18's tag is
read from each in turn. Neither tells PC words in a round. Session and Q are said with every round,
not kept in the reader. One that pushes by itself (real-time mode) obeys nothing of this.

Source: PROTOCOLS.md section 3; that a reader has two outputs and two inputs is second hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from readers.control.controls import TRIES, Controls, Settings, degrees, is_reply, within
from readers.control.talk import WAIT_MS, Ask, Talk
from readers.control.writing import AREAS, TID, Lock, Selection, Tag, by_reading_tids
from readers.protocols.chafon_uhfreader.asked import ENTIRE_MASK
from readers.protocols.chafon_uhfreader.codec import BROADCAST, SCANTIME_100MS, Frame
from readers.protocols.chafon_uhfreader.commands import INFO, INVENTORY
from readers.protocols.chafon_uhfreader.inquiry import UHFREADER_INQUIRY
from readers.reads import Item, ReaderError, Reply, TagRead

POWER_DBM_MAX = 33
PINS = (1, 2)
_UNKNOWN = 0x00
"""The command that an answer names where the reader did not obey the one it was told."""
_READ, _WRITE, _KILL, _PROTECT = 0x02, 0x03, 0x05, 0x06
_BAND, _POWER, _ANTENNAS, _BUZZER = 0x22, 0x2F, 0x3F, 0x33
_OUTPUTS, _INPUTS, _SERIAL = 0x46, 0x47, 0x4C
_TEMPERATURE = 0x92
_BEEP_50MS = bytes((4, 2, 3))
"""Sound, silence, times."""
_REGIONS = {
    "eu": b"\x4e\x00", "us": b"\x31\x80", "cn": b"\x13\x40", "kr": b"\x1f\xc0",
    "cn840": b"\x93\x00",
}  # fmt: skip
"""Region → highest and lowest channel with the band in their top bits."""
_ROUND_MS = SCANTIME_100MS * 100 + 1000
_ROUNDS_MAX, _ROUNDS_IN_VAIN = 12, 2


class UHFReaderControls(Controls):
    """One reader; whoever answers is addressed."""

    name = "UHFReader"

    def __init__(self) -> None:
        """Begin with nothing known of the reader."""
        self._antennas: tuple[int, ...] = ()
        self._is_288 = False
        self._outputs = 0

    def settings(self) -> Talk[Settings]:
        """Ask what it is, and for its serial number."""
        info = yield from self._hello()
        about = UHFREADER_INQUIRY.about([info])
        serial = yield from self._ask(_SERIAL, tries=TRIES)
        data = Frame.decode(info.frame).data[1:]
        kept = [("22", data[4:6].hex()), ("2f", data[6:7].hex())]
        if self._is_288:
            kept.append(("3f", data[8:9].hex()))
        return Settings(
            region=about.region,
            power_dbm=about.power_dbm,
            antennas=self._antennas,
            identity=str(serial.fields.get("serial", "")) if serial.error is None else "",
            kept=tuple(kept),
        )

    def set_power(self, power_dbm: Sequence[float]) -> Talk[None]:
        """Set the power of all antennas, whole dBm."""
        if len(power_dbm) != 1:
            raise self.cannot(f"set {len(power_dbm)} powers: expected one for all antennas")
        within(self.name, "power", power_dbm, 0, POWER_DBM_MAX)
        yield from self._hello()
        yield from self._tell(_POWER, bytes((round(power_dbm[0]),)))

    def set_region(self, region: str) -> Talk[None]:
        """Set the band, with all of its channels."""
        if region not in _REGIONS:
            raise self.cannot(f"be set to region {region!r}: expected {', '.join(_REGIONS)}")
        yield from self._hello()
        yield from self._tell(_BAND, _REGIONS[region])

    def set_antennas(self, antennas: Sequence[int]) -> Talk[None]:
        """Set which antennas of a 288 are used."""
        within(self.name, "antenna", antennas, 1, 7)
        yield from self._hello()
        if not self._is_288:
            raise self.cannot("choose antennas: a UHFReader18 has one")
        yield from self._tell(_ANTENNAS, bytes((sum({1 << port - 1 for port in antennas}),)))

    def restore(self, settings: Settings) -> Talk[None]:
        """Put back band, power and antennas."""
        yield from self._hello()
        for command, data in settings.kept:
            yield from self._tell(int(command, 16), bytes.fromhex(data))

    def beep(self) -> Talk[None]:
        """Let buzzer and light go three times."""
        yield from self._hello()
        yield from self._tell(_BUZZER, _BEEP_50MS)

    def outputs(self, pins: Mapping[int, bool]) -> Talk[None]:
        """Switch outputs; those never switched from here go off with the first."""
        unknown = sorted(set(pins) - set(PINS))
        if unknown:
            raise self.cannot(f"switch output {unknown[0]}: expected 1 or 2")
        yield from self._hello()
        for pin, is_on in pins.items():
            bit = 1 << pin - 1
            self._outputs = self._outputs | bit if is_on else self._outputs & ~bit
        yield from self._tell(_OUTPUTS, bytes((self._outputs,)))

    def inputs(self) -> Talk[dict[int, bool]]:
        """Ask for the inputs."""
        yield from self._hello()
        reply = yield from self._ask(_INPUTS, tries=TRIES)
        if reply.error is not None:
            raise self._refusal("tell its inputs", reply)
        levels = int(str(reply.fields["inputs"]), 16)
        return {pin: bool(levels >> pin - 1 & 1) for pin in PINS}

    def temperature(self) -> Talk[float]:
        """Ask how warm it is."""
        yield from self._hello()
        return degrees((yield from self._ask(_TEMPERATURE, tries=TRIES)))

    def find(self, selection: Selection) -> Talk[tuple[Tag, ...]]:
        """Go round after round at each antenna until nobody new answers."""
        yield from self._hello()
        if selection.tid and not self._is_288:
            return (yield from by_reading_tids(self, selection.tid))
        found: dict[bytes, Tag] = {}
        in_vain = 0
        for _ in range(_ROUNDS_MAX):
            before = len(found)
            for antenna in self._antennas or (None,):
                yield from self._round(selection, antenna, found)
            in_vain = in_vain + 1 if len(found) == before else 0
            if in_vain == _ROUNDS_IN_VAIN:
                break
        return tuple(tag for tag in found.values() if selection.epc in (b"", tag.epc))

    def _round(
        self, selection: Selection, antenna: int | None, found: dict[bytes, Tag]
    ) -> Talk[None]:
        data = b""
        if antenna is not None:
            mask = _mask(TID, 0, selection.tid) if selection.tid else b""
            data = b"\x04\x00" + mask + bytes((0, 0x7F + antenna, SCANTIME_100MS))

        def is_it(item: Item) -> bool:
            return isinstance(item, TagRead) or is_reply(item, INVENTORY, _UNKNOWN)

        item = yield Ask(_frame(INVENTORY, data), is_it, _ROUND_MS, TRIES)
        while isinstance(item, TagRead) or _goes_on(item):
            if isinstance(item, TagRead):
                found[item.epc] = Tag(item.epc, len(item.epc) // 2 << 11, selection.tid)
            item = yield Ask(b"", is_it, _ROUND_MS)
        if isinstance(item, Reply) and item.command == _UNKNOWN:
            raise self._refusal("look for tags", item)

    def read(self, tag: Tag, bank: int, address: int, words: int, password: int) -> Talk[bytes]:
        """Read words of one tag."""
        which, mask = self._chosen(tag)
        data = which + bytes((bank, address, words)) + password.to_bytes(4, "big") + mask
        reply = yield from self._access(_READ, data, "read the tag", tries=TRIES)
        held = bytes.fromhex(str(reply.fields.get("data", "")))
        if len(held) != words * 2:
            raise self.cannot(f"read the tag: got {len(held)} bytes, expected {words * 2}")
        return held

    def write(self, tag: Tag, bank: int, address: int, data: bytes, password: int) -> Talk[None]:
        """Write words of one tag."""
        which, mask = self._chosen(tag)
        words = bytes((len(data) // 2,))
        place = which + bytes((bank, address)) + data + password.to_bytes(4, "big")
        yield from self._access(_WRITE, words + place + mask, "write the tag")

    def set_lock(self, tag: Tag, area: str, lock: Lock, password: int) -> Talk[None]:
        """Set one lock."""
        which, mask = self._chosen(tag)
        place = which + bytes((AREAS.index(area), lock))
        data = place + password.to_bytes(4, "big") + mask
        yield from self._access(_PROTECT, data, "lock the tag")

    def silence(self, tag: Tag, password: int) -> Talk[None]:
        """Kill one tag."""
        which, mask = self._chosen(tag)
        yield from self._access(_KILL, which + password.to_bytes(4, "big") + mask, "kill the tag")

    def _chosen(self, tag: Tag) -> tuple[bytes, bytes]:
        """Return what stands in front of an access and behind it, to say which tag is meant."""
        if self._is_288 and tag.tid:
            return bytes((ENTIRE_MASK,)), _mask(TID, 0, tag.tid)
        return bytes((len(tag.epc) // 2,)) + tag.epc, b""

    def _hello(self) -> Talk[Reply]:
        """Ask what it is: all that a reader answers in every mode."""
        reply = yield from self._ask(INFO, tries=TRIES)
        mask = reply.fields.get("antenna_mask")
        self._is_288 = isinstance(mask, int)
        told = mask if isinstance(mask, int) else 0
        self._antennas = tuple(port for port in range(1, 9) if told >> (port - 1) & 1)
        return reply

    def _ask(self, command: int, data: bytes = b"", *, tries: int = 1) -> Talk[Reply]:
        answer = yield Ask(
            _frame(command, data),
            lambda item: is_reply(item, command, _UNKNOWN),
            WAIT_MS * 3,
            tries,
        )
        if not isinstance(answer, Reply):
            raise self.silent()
        return answer

    def _tell(self, command: int, data: bytes) -> Talk[None]:
        # Said twice, a setting is the same setting.
        reply = yield from self._ask(command, data, tries=TRIES)
        if reply.error is not None:
            raise self._refusal(f"obey command {command:02X}", reply)

    def _access(self, command: int, data: bytes, what: str, *, tries: int = 1) -> Talk[Reply]:
        reply = yield from self._ask(command, data, tries=tries)
        if reply.error is not None:
            raise self._refusal(what, reply)
        return reply

    def _refusal(self, what: str, reply: Reply) -> ReaderError:
        why = reply.fields.get("tag_error") or reply.fields.get("code", "an unknown answer")
        if reply.command == _UNKNOWN:
            return self.cannot(f"{what}: it does not take the command, or it pushes by itself")
        return self.cannot(f"{what}: {why}")


def _goes_on(item: Item | None) -> bool:
    return isinstance(item, Reply) and item.fields.get("kind") == "inventory"


def _mask(bank: int, bit: int, mask: bytes) -> bytes:
    return bytes((bank,)) + bit.to_bytes(2, "big") + bytes((len(mask) * 8,)) + mask


def _frame(command: int, data: bytes) -> bytes:
    return Frame(BROADCAST, command, data).encode()
