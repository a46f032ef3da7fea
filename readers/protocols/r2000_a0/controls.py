"""What an `A0` box can be told: power, region, antenna, buzzer, outputs, one tag's memory.

A tag is chosen by its EPC (access match, command 85), so tags with the same EPC cannot be told
apart: then nothing is written. Session and target are said with every round, not kept in the box.
Access goes to the tags at the work antenna alone.

Source: PROTOCOLS.md section 2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from readers.control.controls import TRIES, Controls, Settings, degrees, is_reply, within
from readers.control.talk import Ask, Talk
from readers.control.writing import TID, TID_WORDS, Lock, Selection, Tag, refuse_twins
from readers.protocols.r2000_a0.codec import BROADCAST, Frame
from readers.protocols.r2000_a0.inquiry import R2000_INQUIRY
from readers.reads import Item, ReaderError, Reply, TagRead

POWER_DBM_MAX = 33
PORTS_MAX = 8
_FIRMWARE, _POWER, _REGION, _ANTENNA, _IDENTIFIER = 0x72, 0x77, 0x79, 0x75, 0x68
_SET = {_POWER: 0x76, _REGION: 0x78, _ANTENNA: 0x74}
"""Question → the command that puts its answer back."""
_TEMPERATURE = 0x7B
_BEEPER, _BEEP_A_ROUND, _SILENT = 0x7A, 1, 0
_READ, _WRITE, _LOCK, _KILL, _MATCH, _ROUND = 0x81, 0x82, 0x83, 0x84, 0x85, 0x89
_NO_TAG = 0x36
_ROUNDS = 2
_NEXT_MS = 300
"""The answers of several tags follow each other faster than this."""
_OUTPUTS = {1: 3, 2: 4}
"""Output as on the box → number on the wire."""
_REGIONS = {"us": b"\x01\x07\x3b", "eu": b"\x02\x00\x06", "cn": b"\x03\x2b\x35"}
"""Region → its number and the whole of its channels: 902-928, 865-868, 920-925 MHz."""
_AREAS = {"user": 1, "tid": 2, "epc": 3, "access": 4, "kill": 5}
_LOCKS = {Lock.OPEN: 0, Lock.BY_PASSWORD: 1, Lock.OPEN_FOR_EVER: 2, Lock.FOR_EVER: 3}


class R2000Controls(Controls):
    """One box; whoever answers is addressed."""

    name = "R2000"

    def settings(self) -> Talk[Settings]:
        """Ask for region, power and work antenna."""
        yield from self._hello()
        region = yield from self._ask(_REGION, tries=TRIES)
        power = yield from self._ask(_POWER, tries=TRIES)
        work_antenna = yield from self._ask(_ANTENNA, tries=TRIES)
        identifier = yield from self._ask(_IDENTIFIER, tries=TRIES)
        about = R2000_INQUIRY.about([region, power])
        antenna = work_antenna.fields["antenna_byte"]
        assert isinstance(antenna, int)
        number = str(identifier.fields.get("identifier", ""))
        return Settings(
            region=about.region,
            power_dbm=about.power_dbm,
            antennas=(antenna + 1,),
            identity=number if number.strip("0f") else "",
            kept=tuple(
                (f"{_SET[answer.command]:02x}", Frame.decode(answer.frame).data.hex())
                for answer in (region, power, work_antenna)
            ),
        )

    def set_power(self, power_dbm: Sequence[float]) -> Talk[None]:
        """Set the power, whole dBm, for all ports or for each."""
        within(self.name, "power", power_dbm, 0, POWER_DBM_MAX)
        yield from self._hello()
        yield from self._tell(_SET[_POWER], bytes(round(each) for each in power_dbm))

    def set_region(self, region: str) -> Talk[None]:
        """Set the region, with all of its channels."""
        if region not in _REGIONS:
            raise self.cannot(f"be set to region {region!r}: expected {', '.join(_REGIONS)}")
        yield from self._hello()
        yield from self._tell(_SET[_REGION], _REGIONS[region])

    def set_antennas(self, antennas: Sequence[int]) -> Talk[None]:
        """Set the one work antenna; whoever reads lets several take turns."""
        if len(antennas) != 1:
            raise self.cannot(f"keep {len(antennas)} antennas: expected one")
        within(self.name, "antenna", antennas, 1, PORTS_MAX)
        yield from self._hello()
        yield from self._tell(_SET[_ANTENNA], bytes((antennas[0] - 1,)))

    def restore(self, settings: Settings) -> Talk[None]:
        """Put back region, power and work antenna."""
        yield from self._hello()
        for command, data in settings.kept:
            yield from self._tell(int(command, 16), bytes.fromhex(data))

    def beep(self) -> Talk[None]:
        """Let the buzzer sound with one round, then never again until somebody sets it anew."""
        yield from self._hello()
        yield from self._tell(_BEEPER, bytes((_BEEP_A_ROUND,)))
        yield from self._round()
        yield from self._tell(_BEEPER, bytes((_SILENT,)))

    def outputs(self, pins: Mapping[int, bool]) -> Talk[None]:
        """Switch outputs 1 and 2."""
        unknown = sorted(set(pins) - set(_OUTPUTS))
        if unknown:
            raise self.cannot(f"switch output {unknown[0]}: expected 1 or 2")
        yield from self._hello()
        for pin, is_on in pins.items():
            yield from self._tell(0x61, bytes((_OUTPUTS[pin], is_on)))

    def inputs(self) -> Talk[dict[int, bool]]:
        """Ask for inputs 1 and 2."""
        answer = yield from self._ask(0x60, tries=TRIES)
        return {pin: bool(answer.fields[f"gpio_{pin}"]) for pin in (1, 2)}

    def temperature(self) -> Talk[float]:
        """Ask how warm it is."""
        yield from self._hello()
        answer = yield from self._ask(_TEMPERATURE, tries=TRIES)
        return degrees(answer)

    def find(self, selection: Selection) -> Talk[tuple[Tag, ...]]:
        """Ask all tags for their TID at once; who tells none is still heard in a round."""
        yield from self.release()  # a match of whoever had the box before would hide tags
        for words in (len(selection.tid) // 2,) if selection.tid else TID_WORDS:
            told = yield from self._read_all(bytes((TID, 0, words)))
            if told:
                break
        known = [replace(tag, tid=held) for tag, held in told]
        seen = {tag.epc for tag in known}
        unread: dict[bytes, Tag] = {}
        for _ in range(_ROUNDS):
            for tag in (yield from self._round()):
                if tag.epc not in seen:
                    unread[tag.epc] = tag
        everything = [*known, *unread.values()]
        if selection.tid:
            chosen = [tag for tag in known if tag.tid == selection.tid]
            for tag in chosen:
                refuse_twins(tag, everything)
            return tuple(chosen)
        if selection.epc:
            return tuple(tag for tag in everything if tag.epc == selection.epc)
        return tuple(everything)

    def read(self, tag: Tag, bank: int, address: int, words: int, password: int) -> Talk[bytes]:
        """Read words of one tag."""
        yield from self._choose(tag)
        place = bytes((bank, address, words))
        key = password.to_bytes(4, "big") if password else b""
        told = yield from self._read_all(place + key, is_one=True)
        return told[0][1]

    def write(self, tag: Tag, bank: int, address: int, data: bytes, password: int) -> Talk[None]:
        """Write words of one tag."""
        yield from self._choose(tag)
        head = password.to_bytes(4, "big") + bytes((bank, address, len(data) // 2))
        yield from self._access(_WRITE, head + data, "write")

    def set_lock(self, tag: Tag, area: str, lock: Lock, password: int) -> Talk[None]:
        """Set one lock."""
        yield from self._choose(tag)
        place = bytes((_AREAS[area], _LOCKS[lock]))
        yield from self._access(_LOCK, password.to_bytes(4, "big") + place, "lock")

    def silence(self, tag: Tag, password: int) -> Talk[None]:
        """Kill one tag."""
        yield from self._choose(tag)
        yield from self._access(_KILL, password.to_bytes(4, "big"), "kill")

    def release(self) -> Talk[None]:
        """Let every tag answer again."""
        yield from self._tell(_MATCH, b"\x01")

    def _hello(self) -> Talk[None]:
        """Wait until the box hears: it hears nothing while a round runs."""
        yield from self._ask(_FIRMWARE, tries=TRIES)

    def _ask(self, command: int, data: bytes = b"", *, tries: int = 1) -> Talk[Reply]:
        return (yield from self.ask(_frame(command, data), command, tries=tries))

    def _tell(self, command: int, data: bytes) -> Talk[None]:
        # Said twice, a setting is the same setting.
        reply = yield from self._ask(command, data, tries=TRIES)
        if reply.error is not None:
            raise ReaderError(f"{self.name} refuses {reply.name}: {_code(reply)}.")

    def _choose(self, tag: Tag) -> Talk[None]:
        """Let only the tags with this EPC take part in what follows."""
        yield from self._tell(_MATCH, bytes((0, len(tag.epc))) + tag.epc)

    def _round(self) -> Talk[list[Tag]]:
        """Return the tags of one round."""
        found: dict[bytes, Tag] = {}

        def is_it(item: Item) -> bool:
            return isinstance(item, TagRead) or is_reply(item, _ROUND)

        item = yield Ask(_frame(_ROUND, b"\x01"), is_it, 2000, TRIES)
        while isinstance(item, TagRead):
            found[item.epc] = Tag(item.epc, item.pc or 0)
            item = yield Ask(b"", is_it)
        if item is None:
            raise ReaderError(f"{self.name} does not end its round: look at its cable and power.")
        return list(found.values())

    def _read_all(self, place: bytes, *, is_one: bool = False) -> Talk[list[tuple[Tag, bytes]]]:
        """Return what each tag that takes part holds at a place; none of them is no error."""
        found: list[tuple[Tag, bytes]] = []
        answer: Item | None = yield from self._ask(_READ, place, tries=TRIES)
        while isinstance(answer, Reply) and answer.error is None:
            fields = answer.fields
            tag = Tag(bytes.fromhex(str(fields["epc"])), int(str(fields["pc"]), 16))
            found.append((tag, bytes.fromhex(str(fields["data"]))))
            if len(found) >= int(str(fields["tag_count"])):
                break
            answer = yield Ask(b"", lambda item: is_reply(item, _READ), _NEXT_MS)
        if is_one and len(found) != 1:
            what = _code(answer) if isinstance(answer, Reply) and not found else ""
            raise self._no_access("read", what or f"{len(found)} tags answer, expected one")
        return found

    def _access(self, command: int, data: bytes, verb: str) -> Talk[None]:
        """Do something to the one tag that takes part; asked once, it may be done all the same."""
        reply = yield from self._ask(command, data)
        if reply.error is not None or reply.fields.get("code_number") != 0x10:
            raise self._no_access(verb, _code(reply))

    def _no_access(self, verb: str, what: str) -> ReaderError:
        return ReaderError(f"{self.name} cannot {verb} the tag: {what}.")


def _frame(command: int, data: bytes) -> bytes:
    return Frame(BROADCAST, command, data).encode()


def _code(reply: Reply) -> str:
    return str(reply.fields.get("code", "no code"))
