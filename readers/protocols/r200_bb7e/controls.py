"""What an R200 / M100 module can be told: power, region, session, pins, one tag's memory.

A tag is chosen by a select on its chip number, where that is known, else on its EPC. Selects are
set to hold for access alone (mode 02), so that a module never goes on reading one tag only because
somebody stopped in the middle. It has no buzzer; wiring one to a pin is the board's own affair.

Source: PROTOCOLS.md section 6; the pins' numbers are known at second hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from readers.control.controls import TRIES, Controls, Settings, is_reply, within
from readers.control.talk import WAIT_MS, Ask, Talk
from readers.control.writing import AREAS, EPC, TID, Lock, Selection, Tag, by_reading_tids
from readers.protocols.r200_bb7e.codec import NO_TAG, TAILS, Frame
from readers.protocols.r200_bb7e.inquiry import R200_INQUIRY, STRONG_DBM
from readers.reads import Item, ReaderError, Reply, TagRead

POWER_DBM_MAX = 33
PINS_MAX = 4
_ERROR, _INFO, _POLL, _MODE, _PINS = 0xFF, 0x03, 0x22, 0x12, 0x1A
_REGION, _POWER, _QUERY, _SELECT = 0x08, 0xB7, 0x0D, 0x0B
_SET = {_REGION: 0x07, _POWER: 0xB6, _QUERY: 0x0E, _SELECT: 0x0C}
"""Question → the command that puts its answer back."""
_READ, _WRITE, _LOCK, _KILL = 0x39, 0x49, 0x82, 0x65
_FOR_ACCESS = b"\x02"
_DIRECTION, _SWITCH, _LOOK = 0, 1, 2
_REGIONS = {"cn": 1, "us": 2, "eu": 3, "cn840": 4, "kr": 6}
EPC_BIT = 0x20
"""Where the EPC begins in its bank."""
_HELLO_MS = 400
_QUIET_MS = 150
"""After so long without a tag a poll is over."""
_POLLS_MAX, _POLLS_IN_VAIN = 12, 2
_WORDS_MAX = 32


class R200Controls(Controls):
    """One module, in the variant of the protocol in which it answers."""

    name = "R200"

    def __init__(self) -> None:
        """Begin with nothing known of the module."""
        self._head: int | None = None
        self._select: bytes | None = None

    def settings(self) -> Talk[Settings]:
        """Ask for region, power, session and select."""
        hardware = yield from self._hello()
        region = yield from self._ask(_REGION, tries=TRIES)
        power = yield from self._ask(_POWER, tries=TRIES)
        query = yield from self._ask(_QUERY, tries=TRIES)
        select = yield from self._ask(_SELECT, tries=TRIES)
        about = R200_INQUIRY.about([hardware, region, power])
        session, q = query.fields.get("session"), query.fields.get("q")
        return Settings(
            region=about.region,
            power_dbm=about.power_dbm,
            session=session if isinstance(session, int) else None,
            target=str(query.fields.get("target", "")),
            q=q if isinstance(q, int) else None,
            kept=tuple(
                (f"{_SET[told.command]:02x}", Frame.decode(told.frame).data.hex())
                for told in (region, power, query, select)
                if told.error is None
            ),
        )

    def set_power(self, power_dbm: Sequence[float]) -> Talk[None]:
        """Set the power; it has one antenna."""
        if len(power_dbm) != 1:
            raise self.cannot(f"set {len(power_dbm)} powers: it has one antenna")
        within(self.name, "power", power_dbm, 0, POWER_DBM_MAX)
        hardware = yield from self._hello()
        text = str(hardware.fields.get("text", "")).replace(" ", "")
        word = round((power_dbm[0] - (STRONG_DBM if "26dBm" in text else 0)) * 100)
        if word < 0:
            raise self.cannot(f"set power {power_dbm[0]:g}: this board begins at {STRONG_DBM:g}")
        yield from self._tell(_SET[_POWER], word.to_bytes(2, "big"))

    def set_region(self, region: str) -> Talk[None]:
        """Set the region."""
        if region not in _REGIONS:
            raise self.cannot(f"be set to region {region!r}: expected {', '.join(_REGIONS)}")
        yield from self._hello()
        yield from self._tell(_SET[_REGION], bytes((_REGIONS[region],)))

    def set_session(self, session: int, target: str = "A") -> Talk[None]:
        """Set session and target in the query word; its other bits stay."""
        if session not in range(4) or target not in ("A", "B"):
            raise self.cannot(f"use session {session} {target}: expected 0 to 3, and A or B")
        yield from self._hello()
        query = yield from self._ask(_QUERY, tries=TRIES)
        word = int(str(query.fields["query"]), 16) & ~0x0380
        word |= session << 8 | (target == "B") << 7
        yield from self._tell(_SET[_QUERY], word.to_bytes(2, "big"))

    def restore(self, settings: Settings) -> Talk[None]:
        """Put back region, power, query word and select."""
        yield from self._hello()
        for command, data in settings.kept:
            yield from self._tell(int(command, 16), bytes.fromhex(data))

    def outputs(self, pins: Mapping[int, bool]) -> Talk[None]:
        """Make pins outputs and switch them."""
        unknown = [pin for pin in pins if not 1 <= pin <= PINS_MAX]
        if unknown:
            raise self.cannot(f"switch output {unknown[0]}: expected 1 to {PINS_MAX}")
        yield from self._hello()
        for pin, is_on in pins.items():
            yield from self._tell(_PINS, bytes((_DIRECTION, pin, 1)))
            yield from self._tell(_PINS, bytes((_SWITCH, pin, is_on)))

    def inputs(self) -> Talk[dict[int, bool]]:
        """Look at every pin."""
        yield from self._hello()
        found = {}
        for pin in range(1, PINS_MAX + 1):
            told = yield from self._ask(_PINS, bytes((_LOOK, pin, 0)), tries=TRIES)
            found[pin] = bool(told.fields.get("value"))
        return found

    def find(self, selection: Selection) -> Talk[tuple[Tag, ...]]:
        """Poll until nobody new answers; for a TID, ask each for its own."""
        if selection.tid:
            return (yield from by_reading_tids(self, selection.tid))
        yield from self._hello()
        if self._select is None:
            told = yield from self._ask(_SELECT, tries=TRIES)
            self._select = Frame.decode(told.frame).data if told.error is None else b""
        yield from self._tell(_MODE, _FOR_ACCESS)
        found: dict[bytes, Tag] = {}
        in_vain = 0
        for _ in range(_POLLS_MAX):
            before = len(found)
            yield from self._poll(found)
            in_vain = in_vain + 1 if len(found) == before else 0
            if in_vain == _POLLS_IN_VAIN:
                break
        everything = found.values()
        return tuple(tag for tag in everything if selection.epc in (b"", tag.epc))

    def _poll(self, found: dict[bytes, Tag]) -> Talk[None]:
        def is_it(item: Item) -> bool:
            return isinstance(item, TagRead) or is_reply(item, _ERROR)

        item = yield Ask(self._frame(_POLL, b""), is_it, WAIT_MS)
        while isinstance(item, TagRead):
            found[item.epc] = Tag(item.epc, item.pc or 0)
            item = yield Ask(b"", is_it, _QUIET_MS)

    def read(self, tag: Tag, bank: int, address: int, words: int, password: int) -> Talk[bytes]:
        """Read words of one tag, as many at once as the module takes."""
        yield from self._choose(tag)
        held = b""
        while len(held) < words * 2:
            count = min(words - len(held) // 2, _WORDS_MAX)
            place = _place(password, bank, address + len(held) // 2, count)
            reply = yield from self._ask(_READ, place, tries=TRIES)
            data = bytes.fromhex(str(reply.fields.get("data", "")))
            if reply.error is not None or len(data) != count * 2:
                raise self._no_access("read", reply)
            held += data
        return held

    def write(self, tag: Tag, bank: int, address: int, data: bytes, password: int) -> Talk[None]:
        """Write words of one tag."""
        place = _place(password, bank, address, len(data) // 2)
        yield from self._access(tag, _WRITE, place + data, "write")

    def set_lock(self, tag: Tag, area: str, lock: Lock, password: int) -> Talk[None]:
        """Set one lock: ten bits say which are meant, ten what they become."""
        shift = 2 * (len(AREAS) - 1 - AREAS.index(area))
        word = 3 << shift + 10 | lock << shift
        data = password.to_bytes(4, "big") + word.to_bytes(3, "big")
        yield from self._access(tag, _LOCK, data, "lock")

    def silence(self, tag: Tag, password: int) -> Talk[None]:
        """Kill one tag."""
        yield from self._access(tag, _KILL, password.to_bytes(4, "big"), "kill")

    def release(self) -> Talk[None]:
        """Put the select back that was there before."""
        select, self._select = self._select, None
        if select:
            yield from self._tell(_SET[_SELECT], select)

    def _hello(self) -> Talk[Reply]:
        """Find out in which variant it answers; the first frame only wakes one that sleeps."""
        for head in TAILS if self._head is None else (self._head,):
            ask = Frame(0, _INFO, b"\x00", head).encode()
            answer = yield Ask(ask, lambda item: is_reply(item, _INFO), _HELLO_MS, TRIES)
            if isinstance(answer, Reply):
                self._head = head
                return answer
        raise self.silent()

    def _frame(self, command: int, data: bytes) -> bytes:
        assert self._head is not None, "it is greeted first"
        return Frame(0, command, data, self._head).encode()

    def _ask(self, command: int, data: bytes = b"", *, tries: int = 1) -> Talk[Reply]:
        def is_it(item: Item) -> bool:
            # An empty round that was still on its way is no answer.
            is_late = isinstance(item, Reply) and item.error == NO_TAG and command not in _ON_TAGS
            return is_reply(item, command, _ERROR) and not is_late

        answer = yield Ask(self._frame(command, data), is_it, WAIT_MS, tries)
        if not isinstance(answer, Reply):
            raise self.silent()
        return answer

    def _tell(self, command: int, data: bytes) -> Talk[None]:
        # Said twice, a setting is the same setting.
        reply = yield from self._ask(command, data, tries=TRIES)
        if reply.error is not None:
            raise ReaderError(f"{self.name} refuses command {command:02X}: {_code(reply)}.")

    def _choose(self, tag: Tag) -> Talk[None]:
        """Let only one tag take part in what follows."""
        bank, bit, mask = (TID, 0, tag.tid) if tag.tid else (EPC, EPC_BIT, tag.epc)
        data = bytes((bank,)) + bit.to_bytes(4, "big") + bytes((len(mask) * 8, 0)) + mask
        yield from self._tell(_SET[_SELECT], data)

    def _access(self, tag: Tag, command: int, data: bytes, verb: str) -> Talk[None]:
        yield from self._choose(tag)
        reply = yield from self._ask(command, data)
        if reply.error is not None or reply.fields.get("result", 0) != 0:
            raise self._no_access(verb, reply)

    def _no_access(self, verb: str, reply: Reply) -> ReaderError:
        return ReaderError(f"{self.name} cannot {verb} the tag: {_code(reply)}.")


_ON_TAGS = frozenset({_READ, _WRITE, _LOCK, _KILL})


def _place(password: int, bank: int, address: int, words: int) -> bytes:
    key = password.to_bytes(4, "big")
    return key + bytes((bank,)) + address.to_bytes(2, "big") + words.to_bytes(2, "big")


def _code(reply: Reply) -> str:
    return str(reply.fields.get("code", "an answer of another length"))
