"""What a Fonkan module can be told: its region, one tag's memory.

A choice of tags (T) and a password (P) hold for the one command behind them. An inventory hears no
choice, so a tag's chip number is found by asking every tag for its own. Nobody states the unit of
the power, so it is kept and put back, and neither shown nor set.

Source: PROTOCOLS.md section 11; form of the refusals: EPC Gen2 2.0.1, annex I.
"""

from __future__ import annotations

from readers.control.controls import TRIES, Controls, Settings
from readers.control.talk import Ask, Talk
from readers.control.writing import AREAS, EPC, TID, Lock, Selection, Tag, by_reading_tids
from readers.protocols.fonkan_ascii.codec import Frame
from readers.protocols.fonkan_ascii.commands import (
    ALL,
    GET_POWER,
    GET_REGION,
    KILL,
    LOCK,
    NUMBER,
    PASSWORD,
    READ,
    SELECT,
    SET_POWER,
    SET_REGION,
    SETTING,
    WRITE,
    code_of,
)
from readers.protocols.fonkan_ascii.inquiry import REGIONS
from readers.reads import Item, ReaderError, Reply, TagRead

EPC_BIT = 32
ROUND_MS, ACCESS_MS = 3000, 2000
_KEPT = {"power": SET_POWER, "region": SET_REGION}


class FonkanControls(Controls):
    """One module."""

    name = "A Fonkan module"

    def settings(self) -> Talk[Settings]:
        """Ask for region and number; the power is kept as it came."""
        power = yield from self._do(f"{GET_POWER},00", SETTING)
        region = yield from self._do(f"{GET_REGION},00", SETTING)
        number = yield from self._do(NUMBER, NUMBER)
        values = {"power": power.fields.get("value"), "region": region.fields.get("value")}
        kept = {what: value for what, value in values.items() if isinstance(value, int)}
        return Settings(
            region=REGIONS.get(kept.get("region", 0), ""),
            identity=str(number.fields.get("text", "")),
            kept=tuple((what, f"{value:02x}") for what, value in kept.items()),
        )

    def set_region(self, region: str) -> Talk[None]:
        """Set the first of the module's regulations that people call so."""
        codes = [code for code, word in REGIONS.items() if word == region]
        if not codes:
            known = ", ".join(sorted(set(REGIONS.values())))
            raise ReaderError(f"{self.name} cannot have region {region!r}: expected {known}.")
        yield from self._do(f"{SET_REGION},{codes[0]:02X}", SETTING)

    def restore(self, settings: Settings) -> Talk[None]:
        """Put back what was kept."""
        for what, text in settings.kept:
            if what in _KEPT:
                yield from self._do(f"{_KEPT[what]},{text.upper()}", SETTING)

    def find(self, selection: Selection) -> Talk[tuple[Tag, ...]]:
        """Ask for all tags, and each for its chip number where that is what is looked for."""
        if selection.tid:
            return (yield from by_reading_tids(self, selection.tid))
        # Its answer comes behind the end of a round that was still going on.
        yield from self._do(NUMBER, NUMBER)
        found: dict[bytes, Tag] = {}
        item = yield Ask(Frame(ALL).encode(), _is_round, ROUND_MS)
        while isinstance(item, TagRead):
            found[item.epc] = Tag(item.epc, item.pc or 0)
            item = yield Ask(b"", _is_round, ROUND_MS)
        return tuple(tag for tag in found.values() if selection.epc in (b"", tag.epc))

    def read(self, tag: Tag, bank: int, address: int, words: int, password: int) -> Talk[bytes]:
        """Read words of one tag."""
        reply = yield from self._access(tag, password, f"{READ}{bank},{address},{words}", "read")
        return bytes.fromhex(str(reply.fields.get("data", "")))

    def write(self, tag: Tag, bank: int, address: int, data: bytes, password: int) -> Talk[None]:
        """Write words of one tag."""
        text = f"{WRITE}{bank},{address},{len(data) // 2},{data.hex().upper()}"
        yield from self._access(tag, password, text, "write")

    def set_lock(self, tag: Tag, area: str, lock: Lock, password: int) -> Talk[None]:
        """Set the lock of one area."""
        shift = 8 - 2 * AREAS.index(area)
        text = f"{LOCK}{0b11 << shift:03X},{lock << shift:03X}"
        yield from self._access(tag, password, text, "lock")

    def silence(self, tag: Tag, password: int) -> Talk[None]:
        """Kill a tag."""
        yield from self._access(tag, 0, f"{KILL}{password:08X},0", "kill")

    def _access(self, tag: Tag, password: int, text: str, what: str) -> Talk[Reply]:
        """Mean one tag, know its password, do one thing to it.

        Raises:
            ReaderError: If the module or the tag refuses, or nobody answers.
        """
        mask, bank, bit = (tag.tid, TID, 0) if tag.tid else (tag.epc, EPC, EPC_BIT)
        yield from self._do(f"{SELECT}{bank},{bit},{len(mask) * 8},{mask.hex().upper()}", SELECT)
        if password:
            yield from self._do(f"{PASSWORD}{password:08X}", PASSWORD)
        reply = yield from self.ask(Frame(text).encode(), code_of(text[0]), wait_ms=ACCESS_MS)
        if reply.error is not None or not reply.fields:
            why = reply.fields.get("code", "no tag answers")
            raise ReaderError(
                f"Cannot {what} the tag: {why}. Is the password right, is it locked, is it near?"
            )
        return reply

    def _do(self, text: str, letters: str) -> Talk[Reply]:
        reply = yield from self.ask(
            Frame(text).encode(), code_of(letters), tries=TRIES, wait_ms=ACCESS_MS
        )
        if reply.error is not None:
            raise ReaderError(f"{self.name} cannot do {text}: {reply.fields['code']}.")
        return reply


def _is_round(item: Item) -> bool:
    if isinstance(item, TagRead):
        return True
    return isinstance(item, Reply) and item.command == code_of(ALL)
