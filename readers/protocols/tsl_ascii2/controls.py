"""What a TSL hand-held can be told: power, session, its buzzer, one tag's memory.

Each command carries a selection by chip number: the tags that fit get their SL flag, and only
those with it answer. Options of an inventory stay in the reader: they are asked for and put back.
Power is one for all, in whole dBm; the region is the reader's own.

Source: PROTOCOLS.md section 11; options of .iv, .rd, .wr, .lo, .ki, .al: asciiprotocol.com (TSL).
"""

from __future__ import annotations

from collections.abc import Sequence

from readers.control.controls import TRIES, Controls, Settings, within
from readers.control.talk import Ask, Talk
from readers.control.writing import AREAS, BANKS, Lock, Selection, Tag
from readers.protocols.tsl_ascii2.codec import ACCESS_FAILURES, command_code, options_of
from readers.reads import Item, ReaderError, Reply, TagRead

DBM = (10, 29)
EPC_BIT = 32
ACCESS_MS = 4000
_NO_TAG = 5
_BANK_NAMES = dict(zip(BANKS.values(), ("res", "epc", "tid", "usr"), strict=True))
_EVERY_TAG = "-io on -ql all -qs s0 -qt a"
_SELECTED = "-io off -st sl -sa 0 -ql sl -qs s0 -qt a"
"""SL is asserted where the mask fits and taken away elsewhere; only tags with SL are asked."""


class TslControls(Controls):
    """One hand-held."""

    name = "A TSL reader"

    def __init__(self) -> None:
        """Begin with an inventory whose options are not known."""
        self._options = ""

    def settings(self) -> Talk[Settings]:
        """Ask for the options of the inventory."""
        version = yield from self._hello()
        text = yield from self._inventory_options()
        said = options_of(text)
        power, session, q = said.get("o", ""), said.get("qs", ""), said.get("qv", "")
        return Settings(
            power_dbm=(float(power),) if power.isdigit() else (),
            session=int(session[1:]) if session[1:].isdigit() else None,
            target=said.get("qt", "").upper(),
            q=int(q) if q.isdigit() else None,
            identity=str(version.fields.get("serial", "")),
            kept=(("inventory", text.encode().hex()),),
        )

    def set_power(self, power_dbm: Sequence[float]) -> Talk[None]:
        """Set the power of the inventory, in whole dBm."""
        within(self.name, "power", power_dbm, *DBM)
        yield from self._hello()
        yield from self._do(".iv", f"-n -o {round(power_dbm[0])}")

    def set_session(self, session: int, target: str = "A") -> Talk[None]:
        """Set session and target of the inventory."""
        within(self.name, "session", (session,), 0, 3)
        yield from self._hello()
        yield from self._do(".iv", f"-n -qs s{session} -qt {target.lower()}")

    def restore(self, settings: Settings) -> Talk[None]:
        """Put back the options of the inventory."""
        yield from self._hello()
        for _, text in settings.kept:
            yield from self._do(".iv", f"-n {bytes.fromhex(text).decode()}")

    def beep(self) -> Talk[None]:
        """Sound and shake, as the reader is set to."""
        yield from self._do(".al", "")

    def find(self, selection: Selection) -> Talk[tuple[Tag, ...]]:
        """Take an inventory of the tags that are selected."""
        if not self._options:
            yield from self._hello()
            self._options = yield from self._inventory_options()
        asked = f".iv -al off -e on {_selection(selection)}\r\n".encode()
        reads, reply = yield from self._answer(".iv", asked, TRIES)
        if reply.error not in (None, _NO_TAG):
            raise ReaderError(f"{self.name} cannot look for tags: {reply.fields['code']}.")
        found = {
            read.epc: Tag(read.epc, read.pc or len(read.epc) // 2 << 11, selection.tid)
            for read in reads
        }
        return tuple(found.values())

    def read(self, tag: Tag, bank: int, address: int, words: int, password: int) -> Talk[bytes]:
        """Read words of one tag."""
        reads = yield from self._access(
            ".rd", "read", tag, password, f"{_place(bank, address)} -dl {words:02X}", TRIES
        )
        held = [str(dict(read.more).get("data", "")) for read in reads]
        return bytes.fromhex(held[0] if held else "")

    def write(self, tag: Tag, bank: int, address: int, data: bytes, password: int) -> Talk[None]:
        """Write words of one tag."""
        words = f"-dl {len(data) // 2:02X} -da {data.hex().upper()}"
        yield from self._access(".wr", "write", tag, password, f"{_place(bank, address)} {words}")

    def set_lock(self, tag: Tag, area: str, lock: Lock, password: int) -> Talk[None]:
        """Set the lock of one area."""
        shift = 8 - 2 * AREAS.index(area)
        payload = 0b11 << shift << 10 | lock << shift
        yield from self._access(".lo", "lock", tag, password, f"-lp {payload:05X}")

    def silence(self, tag: Tag, password: int) -> Talk[None]:
        """Kill a tag."""
        yield from self._access(".ki", "kill", tag, 0, f"-kp {password:08X}")

    def release(self) -> Talk[None]:
        """Put the options of the inventory back."""
        if self._options:
            options, self._options = self._options, ""
            yield from self._do(".iv", f"-n {options}")

    def _hello(self) -> Talk[Reply]:
        """Ask for the version: its answer comes after that of a round which was still going on."""
        return (yield from self.ask(b".vr\r\n", command_code(".vr"), tries=TRIES))

    def _inventory_options(self) -> Talk[str]:
        reply = yield from self._do(".iv", "-n -p")
        return str(reply.fields.get("parameters", ""))

    def _access(
        self, word: str, what: str, tag: Tag, password: int, options: str, tries: int = 1
    ) -> Talk[list[TagRead]]:
        """Do something to one tag; return what was read of it.

        Raises:
            ReaderError: If the reader or the tag refuses, or nobody answers.
        """
        selection = _selection(Selection(tid=tag.tid) if tag.tid else Selection(epc=tag.epc))
        asked = f"{word} -ap {password:08X} {options} {selection}\r\n".encode()
        reads, reply = yield from self._answer(word, asked, tries)
        if reply.error is not None:
            told = {key: str(reply.fields[key]) for key in ("EA", "EB") if key in reply.fields}
            why = [
                ACCESS_FAILURES.get((key, int(code)), f"{key} {code}") for key, code in told.items()
            ]
            said = ", ".join(why) or reply.fields["code"]
            raise ReaderError(f"Cannot {what} the tag: {said}. Is the password right, is it near?")
        return reads

    def _do(self, word: str, options: str) -> Talk[Reply]:
        """Say a command that is about no tag.

        Raises:
            ReaderError: If the reader refuses, or nobody answers.
        """
        asked = f"{word} {options}".rstrip().encode() + b"\r\n"
        reply = yield from self.ask(asked, command_code(word), tries=TRIES, wait_ms=ACCESS_MS)
        if reply.error is not None:
            raise ReaderError(f"{self.name} cannot do {word} {options}: {reply.fields['code']}.")
        return reply

    def _answer(self, word: str, asked: bytes, tries: int) -> Talk[tuple[list[TagRead], Reply]]:
        """Return the tags of one answer and its end."""
        begin, code = f"CS: {word}".encode(), command_code(word)

        def is_part(item: Item) -> bool:
            if isinstance(item, TagRead):
                return item.frame.startswith(begin)
            return isinstance(item, Reply) and item.command == code

        reads: list[TagRead] = []
        item = yield Ask(asked, is_part, ACCESS_MS, tries)
        while isinstance(item, TagRead):
            reads.append(item)
            item = yield Ask(b"", is_part, ACCESS_MS)
        if not isinstance(item, Reply):
            raise ReaderError(f"{self.name} does not answer {word}: is it switched on and near?")
        return reads, item


def _selection(selection: Selection) -> str:
    """Return the options by which only the tags that are meant answer."""
    mask = selection.tid or selection.epc
    if not mask:
        return _EVERY_TAG
    bank, bit = ("tid", 0) if selection.tid else ("epc", EPC_BIT)
    return f"{_SELECTED} -sb {bank} -so {bit:04X} -sl {len(mask) * 8:02X} -sd {mask.hex().upper()}"


def _place(bank: int, address: int) -> str:
    return f"-db {_BANK_NAMES[bank]} -do {address:04X}"
