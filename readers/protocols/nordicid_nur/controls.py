"""What a NUR reader can be told: settings, its buzzer, outputs, one tag's memory.

Each command on a tag carries a selection by chip number. Settings hold until the power is off.
How a pin is asked for is not known; a reader tells of an input when it changes.

Source: PROTOCOLS.md section 8; fields of selection, access, outputs: the maker's protocol header.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from readers.control.controls import TRIES, Controls, Settings, within
from readers.control.talk import Ask, Talk
from readers.control.writing import AREAS, EPC, TID, Lock, Selection, Tag, by_reading_tids
from readers.protocols.nordicid_nur.codec import METADATA_BUFFER, NO_TAG, OK, SET_GPIO, Frame
from readers.protocols.nordicid_nur.commands import REGION, REGIONS, TX_LEVEL
from readers.protocols.nordicid_nur.inquiry import NUR_INQUIRY
from readers.reads import Item, ReaderError, Reply, TagRead

_CLEAR, _INFO, _CAPABILITIES, _BEEP, _STOP = 0x05, 0x09, 0x0B, 0x0D, 0x0E
_SETUP, _INVENTORY, _READ, _WRITE, _LOCK, _KILL = 0x22, 0x31, 0x33, 0x34, 0x36, 0x37
_Q, _SESSION, _ANTENNAS, _TARGET = 1 << 5, 1 << 6, 1 << 8, 1 << 13
"""Bits of the setup's fields, in the order in which these stand behind them."""
_KEPT = TX_LEVEL | REGION | _Q | _SESSION | _ANTENNAS | _TARGET
_SECURED, _SELECTED = 0x01, 0x02
EPC_BIT = 32
ACCESS_MS = 2000
PINS_MAX = 8


class NurControls(Controls):
    """One reader."""

    name = "A NUR reader"

    def settings(self) -> Talk[Settings]:
        """Ask for the setup and for what the module can do."""
        setup = yield from self._do(_SETUP, _KEPT.to_bytes(4, "little"), tries=TRIES)
        capabilities = yield from self._do(_CAPABILITIES, tries=TRIES)
        info = yield from self._do(_INFO, tries=TRIES)
        about = NUR_INQUIRY.about([capabilities, setup, info])
        number = {key: value for key, value in setup.fields.items() if isinstance(value, int)}
        mask = number.get("antenna_mask", 0)
        return Settings(
            region=about.region,
            power_dbm=about.power_dbm,
            antennas=tuple(port for port in range(1, 9) if mask >> (port - 1) & 1),
            session=number.get("inventory_session"),
            target={0: "A", 1: "B"}.get(number.get("inventory_target", -1), ""),
            q=number.get("inventory_q") or None,
            identity=str(info.fields.get("serial", "")),
            kept=(("setup", setup.frame[8:-2].hex()),),
        )

    def set_power(self, power_dbm: Sequence[float]) -> Talk[None]:
        """Set the power, which is one for all antennas, in the module's own steps."""
        reply = yield from self._do(_CAPABILITIES, tries=TRIES)
        highest, step, steps = (
            int(str(reply.fields[name]))
            for name in ("power_max_dbm", "power_step_db", "power_steps")
        )
        if len(power_dbm) != 1:
            raise ReaderError(f"{self.name} cannot set a power for each antenna: give one figure.")
        within(self.name, "power", power_dbm, highest - step * (steps - 1), highest)
        # The level counts steps down from the most; between two of them the lower power is meant.
        level = -int((power_dbm[0] - highest) // step)
        yield from self._set(TX_LEVEL, bytes((level,)))

    def set_region(self, region: str) -> Talk[None]:
        """Set the region."""
        numbers = [number for number, word in REGIONS.items() if word == region]
        if not numbers:
            known = ", ".join(sorted(set(REGIONS.values())))
            raise ReaderError(f"{self.name} cannot have region {region!r}: expected {known}.")
        yield from self._set(REGION, bytes(numbers[:1]))

    def set_antennas(self, antennas: Sequence[int]) -> Talk[None]:
        """Set which ports are used."""
        within(self.name, "antenna", antennas, 1, 8)
        yield from self._set(_ANTENNAS, bytes((sum(1 << (port - 1) for port in set(antennas)),)))

    def set_session(self, session: int, target: str = "A") -> Talk[None]:
        """Set session and target of the inventory."""
        within(self.name, "session", (session,), 0, 3)
        yield from self._set(_SESSION | _TARGET, bytes((session, target == "B")))

    def restore(self, settings: Settings) -> Talk[None]:
        """Put back what was kept."""
        for _, text in settings.kept:
            yield from self._do(_SETUP, bytes.fromhex(text))

    def beep(self) -> Talk[None]:
        """Sound the buzzer."""
        yield from self._do(_BEEP)

    def outputs(self, pins: Mapping[int, bool]) -> Talk[None]:
        """Switch pins that are set up as outputs."""
        within(self.name, "output", list(pins), 1, PINS_MAX)
        for pin, is_on in pins.items():
            yield from self._do(SET_GPIO, bytes((1 << (pin - 1), is_on)))

    def find(self, selection: Selection) -> Talk[tuple[Tag, ...]]:
        """Take stock of the field, then ask each tag who it is."""
        if selection.tid:
            return (yield from by_reading_tids(self, selection.tid))
        yield from self._do(_STOP, tries=TRIES)
        yield from self._do(_CLEAR)
        stock = yield from self.ask(
            Frame(bytes((_INVENTORY,))).encode(), _INVENTORY, wait_ms=ACCESS_MS
        )
        if stock.error == NO_TAG:
            return ()
        item = yield Ask(Frame(bytes((METADATA_BUFFER,))).encode(), _is_stock)
        found: dict[bytes, Tag] = {}
        while isinstance(item, TagRead):
            found[item.epc] = Tag(item.epc, item.pc or 0)
            # All of them came in one frame, so nothing more is waited for.
            item = yield Ask(b"", _is_stock, 0)
        everything = tuple(found.values())
        return tuple(tag for tag in everything if selection.epc in (b"", tag.epc))

    def read(self, tag: Tag, bank: int, address: int, words: int, password: int) -> Talk[bytes]:
        """Read words of one tag."""
        block = bytes((bank,)) + address.to_bytes(4, "little") + bytes((words,))
        reply = yield from self._do(_READ, _access(tag, password) + _sized(block), "read", TRIES)
        return bytes.fromhex(str(reply.fields.get("data", "")))

    def write(self, tag: Tag, bank: int, address: int, data: bytes, password: int) -> Talk[None]:
        """Write words of one tag."""
        block = bytes((bank,)) + address.to_bytes(4, "little") + bytes((len(data) // 2,)) + data
        yield from self._do(_WRITE, _access(tag, password) + _sized(block), "write")

    def set_lock(self, tag: Tag, area: str, lock: Lock, password: int) -> Talk[None]:
        """Set the lock of one area."""
        shift = 8 - 2 * AREAS.index(area)
        block = (0b11 << shift).to_bytes(2, "little") + (lock << shift).to_bytes(2, "little")
        yield from self._do(_LOCK, _access(tag, password) + _sized(block), "lock")

    def silence(self, tag: Tag, password: int) -> Talk[None]:
        """Kill a tag."""
        yield from self._do(_KILL, _access(tag, password), "kill")

    def _set(self, flags: int, data: bytes) -> Talk[None]:
        yield from self._do(_SETUP, flags.to_bytes(4, "little") + data)

    def _do(self, code: int, data: bytes = b"", what: str = "", tries: int = 1) -> Talk[Reply]:
        """Send a command and return its answer.

        Raises:
            ReaderError: If the reader or the tag refuses, or nobody answers.
        """
        asked = Frame(bytes((code,)) + data).encode()
        reply = yield from self.ask(asked, code, tries=tries, wait_ms=ACCESS_MS)
        if reply.error not in (None, OK):
            does = f"Cannot {what} the tag" if what else f"{self.name} refuses {reply.name}"
            hint = " Is the password right, is it locked, is it near enough?" if what else ""
            raise ReaderError(f"{does}: {reply.fields['code']}.{hint}")
        return reply


def _is_stock(item: Item) -> bool:
    """Tell whether an item came with the buffer."""
    if isinstance(item, TagRead):
        return item.frame[6:7] == bytes((METADATA_BUFFER,))
    return isinstance(item, Reply) and item.command == METADATA_BUFFER


def _sized(block: bytes) -> bytes:
    return bytes((len(block),)) + block


def _access(tag: Tag, password: int) -> bytes:
    """Return what each command on a tag begins with: options, password, selection."""
    mask, bank, bit = (tag.tid, TID, 0) if tag.tid else (tag.epc, EPC, EPC_BIT)
    block = (
        bytes((bank,)) + bit.to_bytes(4, "little") + (len(mask) * 8).to_bytes(2, "little") + mask
    )
    options = _SELECTED | (_SECURED if password else 0)
    return bytes((options,)) + password.to_bytes(4, "little") + _sized(block)
