"""What a Chainway reader can be told: settings, its buzzer, two outputs, one tag's memory.

A tag is reached by a filter on its chip number, which each command on a tag carries; who answers to
it is found out by an inventory under the same filter. While it reads, a reader hears nothing but
the stop. How its inputs are asked for is not known.

Source: PROTOCOLS.md section 7.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from readers.control.controls import TRIES, Controls, Settings, degrees, within
from readers.control.talk import Ask, Talk
from readers.control.writing import AREAS, EPC, TID, Lock, Selection, Tag
from readers.protocols.chainway.codec import Frame
from readers.protocols.chainway.commands import (
    BEEP,
    DEVICE,
    GET_OUTPUTS,
    PERIPHERALS,
    REGIONS,
    SET_OUTPUTS,
    START,
    STOP,
)
from readers.reads import Item, ReaderError, Reply, TagRead

_DEVICE_ID, _POWER, _GEN2, _ANTENNAS, _REGION, _FILTER = 0x04, 0x12, 0x22, 0x2A, 0x2E, 0x6E
_READ, _WRITE, _LOCK, _KILL = 0x84, 0x86, 0x88, 0x8A
_TEMPERATURE = 0x34
_KEEP, _KEEP_POWER = b"\x01", b"\x02"
"""In front of a setting: also after power was off."""
EPC_BIT = 32
FIRST_MS, QUIET_MS = 1000, 300
"""How long a first tag is waited for, and each further one that was not told yet."""
AGAIN_MAX = 3
DBM = (1.0, 33.0)
ACCESS_MS = 3000


class ChainwayControls(Controls):
    """One reader."""

    name = "A Chainway reader"

    def settings(self) -> Talk[Settings]:
        """Ask for power, antennas, region, session and its number."""
        told: dict[str, bytes] = {}
        for what, code in (
            ("power", _POWER), ("antennas", _ANTENNAS), ("region", _REGION), ("gen2", _GEN2),
            ("number", _DEVICE_ID),
        ):  # fmt: skip
            reply = yield from self.ask(Frame(code, b"").encode(), code + 1, tries=TRIES)
            if reply.error is None:
                told[what] = reply.frame[5:-3]
        powers = told.get("power", b"")[1:]
        each = [int.from_bytes(powers[at + 3 : at + 5], "big") for at in range(0, len(powers), 5)]
        mask = int.from_bytes(told.get("antennas", b""), "big")
        gen2 = told.get("gen2", b"")
        return Settings(
            region=REGIONS.get(told["region"][-1], "") if told.get("region") else "",
            power_dbm=tuple(cdbm / 100 for cdbm in (each if len(set(each)) > 1 else each[:1])),
            antennas=tuple(port for port in range(1, 17) if mask >> (port - 1) & 1),
            session=gen2[3] >> 4 & 3 if len(gen2) == 4 else None,
            target="AB"[gen2[3] >> 3 & 1] if len(gen2) == 4 else "",
            q=gen2[1] >> 4 if len(gen2) == 4 else None,
            identity=told.pop("number", b"").hex(),
            kept=tuple((what, data.hex()) for what, data in told.items()),
        )

    def set_power(self, power_dbm: Sequence[float]) -> Talk[None]:
        """Set the power for reading and for writing of each antenna."""
        within(self.name, "power", power_dbm, *DBM)
        reply = yield from self._do(_POWER, b"", tries=TRIES)
        ports = reply.frame[6:-3:5]
        if len(power_dbm) not in (1, len(ports)):
            raise ReaderError(
                f"{self.name} cannot set {len(power_dbm)} powers: it has {len(ports)} antennas."
            )
        wanted = list(power_dbm) if len(power_dbm) > 1 else list(power_dbm) * len(ports)
        data = b"".join(
            bytes((port,)) + round(dbm * 100).to_bytes(2, "big") * 2
            for port, dbm in zip(ports, wanted, strict=True)
        )
        yield from self._do(_POWER - 2, _KEEP_POWER + data)

    def set_region(self, region: str) -> Talk[None]:
        """Set the region."""
        codes = [code for code, word in REGIONS.items() if word == region]
        if not codes:
            known = ", ".join(sorted(set(REGIONS.values())))
            raise ReaderError(f"{self.name} cannot have region {region!r}: expected {known}.")
        yield from self._do(_REGION - 2, _KEEP + bytes(codes))

    def set_antennas(self, antennas: Sequence[int]) -> Talk[None]:
        """Set which ports are used."""
        within(self.name, "antenna", antennas, 1, 16)
        mask = sum(1 << (port - 1) for port in set(antennas))
        yield from self._do(_ANTENNAS - 2, _KEEP + mask.to_bytes(2, "big"))

    def set_session(self, session: int, target: str = "A") -> Talk[None]:
        """Set session and target; what stands beside them in the same byte stays."""
        within(self.name, "session", (session,), 0, 3)
        reply = yield from self._do(_GEN2, b"", tries=TRIES)
        data = bytearray(reply.frame[5:-3])
        data[3] = data[3] & ~0b0011_1000 | session << 4 | (target == "B") << 3
        yield from self._do(_GEN2 - 2, bytes(data))

    def restore(self, settings: Settings) -> Talk[None]:
        """Put back what was kept, the region first: it bounds the power."""
        kept = {what: bytes.fromhex(text) for what, text in settings.kept}
        for what, code, front, skipped in (
            ("region", _REGION, _KEEP, 1), ("power", _POWER, _KEEP_POWER, 1),
            ("antennas", _ANTENNAS, _KEEP, 0), ("gen2", _GEN2, b"", 0),
        ):  # fmt: skip
            if what in kept:
                yield from self._do(code - 2, front + kept[what][skipped:])

    def beep(self) -> Talk[None]:
        """Sound the buzzer once."""
        yield from self._do(PERIPHERALS, BEEP)

    def outputs(self, pins: Mapping[int, bool]) -> Talk[None]:
        """Switch one or both outputs; the other stays as it is."""
        within(self.name, "output", list(pins), 1, 2)
        reply = yield from self._do(DEVICE, bytes((GET_OUTPUTS,)), tries=TRIES)
        levels = bytearray(reply.frame[6:8])
        for pin, is_on in pins.items():
            levels[pin - 1] = is_on
        yield from self._do(DEVICE, bytes((SET_OUTPUTS, *levels, 0)))

    def temperature(self) -> Talk[float]:
        """Ask how warm it is."""
        asked = Frame(_TEMPERATURE, b"").encode()
        return degrees((yield from self.ask(asked, _TEMPERATURE + 1, tries=TRIES)))

    def find(self, selection: Selection) -> Talk[tuple[Tag, ...]]:
        """Read under a filter until every tag was heard several times."""
        yield from self._do(_FILTER, b"\x00" + _filter(selection))
        found: dict[bytes, Tag] = {}
        again, wait_ms, asked = 0, FIRST_MS, Frame(START, b"\x00\x00").encode()
        while again <= AGAIN_MAX * len(found):
            item = yield Ask(asked, _is_record, wait_ms)
            if not isinstance(item, TagRead):
                break
            again = again + 1 if item.epc in found else 0
            found[item.epc] = Tag(item.epc, item.pc or 0, selection.tid)
            wait_ms, asked = QUIET_MS, b""
        yield from self._do(STOP, b"", tries=TRIES)
        return tuple(found.values())

    def read(self, tag: Tag, bank: int, address: int, words: int, password: int) -> Talk[bytes]:
        """Read words of one tag."""
        reply = yield from self._do(
            _READ, _access(tag, password) + _place(bank, address, words), "read", tries=TRIES
        )
        return bytes.fromhex(str(reply.fields.get("data", "")))

    def write(self, tag: Tag, bank: int, address: int, data: bytes, password: int) -> Talk[None]:
        """Write words of one tag."""
        place = _place(bank, address, len(data) // 2)
        yield from self._do(_WRITE, _access(tag, password) + place + data, "write")

    def set_lock(self, tag: Tag, area: str, lock: Lock, password: int) -> Talk[None]:
        """Set the lock of one area."""
        shift = 8 - 2 * AREAS.index(area)
        code = 0b11 << shift << 10 | lock << shift
        yield from self._do(_LOCK, _access(tag, password) + code.to_bytes(3, "big"), "lock")

    def silence(self, tag: Tag, password: int) -> Talk[None]:
        """Kill a tag."""
        yield from self._do(_KILL, _access(tag, password), "kill")

    def release(self) -> Talk[None]:
        """Take the filter away."""
        yield from self._do(_FILTER, b"\x00" + _filter(Selection()))

    def _do(self, code: int, data: bytes, what: str = "", *, tries: int = 1) -> Talk[Reply]:
        """Send a command and return its answer.

        Raises:
            ReaderError: If the reader or the tag refuses, or nobody answers.
        """
        asked = Frame(code, data).encode()
        reply = yield from self.ask(asked, code + 1, tries=tries, wait_ms=ACCESS_MS)
        if reply.error is not None:
            does = f"Cannot {what} the tag" if what else f"{self.name} refuses {reply.name}"
            hint = " Is the password right, is it locked, is it near enough?" if what else ""
            raise ReaderError(f"{does}: {reply.fields['code']}.{hint}")
        return reply


def _is_record(item: Item) -> bool:
    return isinstance(item, TagRead)


def _filter(selection: Selection) -> bytes:
    """Return bank, bit address, bits and mask; no bits: every tag."""
    mask = selection.tid or selection.epc
    bank, bit = (TID, 0) if selection.tid else (EPC, EPC_BIT if mask else 0)
    return bytes((bank,)) + bit.to_bytes(2, "big") + (len(mask) * 8).to_bytes(2, "big") + mask


def _access(tag: Tag, password: int) -> bytes:
    """Return what each command on a tag begins with."""
    selection = Selection(tid=tag.tid) if tag.tid else Selection(epc=tag.epc)
    return password.to_bytes(4, "big") + _filter(selection)


def _place(bank: int, address: int, words: int) -> bytes:
    return bytes((bank,)) + address.to_bytes(2, "big") + words.to_bytes(2, "big")
