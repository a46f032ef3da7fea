"""Tag reports of LLRP readers: which tag, which antenna, how loud, when, and what was done to it.

A reader lays out every tag of a session alike, so the layout of a tag is learned once from the
first of its length and checked on each of the others by one comparison of the bytes that must not
differ. A tag laid out otherwise is read parameter by parameter, and its layout learned.

Source: LLRP 1.0.1, section 14.2.3; Impinj's custom parameters: PROTOCOLS.md section 9.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import itemgetter
from struct import Struct, calcsize, unpack_from
from typing import Any

from readers.protocols.llrp.commands import IMPINJ
from readers.protocols.llrp.parameters import OP_RESULTS, TV_SIZES, TVS
from readers.protocols.llrp.structure import Contradiction, Parameter, parameters_of, tlv_head
from readers.reads import Item, TagRead, TagReadDraft

TAG, SURVEY, CUSTOM = 240, 242, 1023
EPC_DATA, EPC_96 = 241, 13
EPC_BITS_MAX = 496
LAYOUTS_MAX = 256
"""Lengths of a tag whose layout is kept; a reader sends a handful."""
PHASE, PEAK_CDBM, SERIALIZED_TID, DOPPLER = 56, 57, 55, 68
_IMPINJ = {PHASE: "phase", PEAK_CDBM: "peak_rssi_cdbm", DOPPLER: "doppler"}
_UNEVEN = frozenset({15, 17, 18})
"""TVs that belong to no tag of an inventory; and 18, whose two values are read apart."""
_DBM: dict[object, float | None] = {
    raw: float(raw - 256 if raw > 127 else raw) for raw in range(256)
} | {None: None}
_SLOTS = (
    "epc", "antenna", "rssi_raw", "channel_index", "seen_count", "pc", "tag_crc", "phase",
    "peak_rssi_cdbm",
)  # fmt: skip
_PLAIN = ["epc", "antenna", "rssi_raw", "seen_count"]
_SHOWN_TOO = ("seen_count", "channel_index")
_TV_SLOTS = {1: "antenna", 6: "rssi_raw", 12: "pc", 11: "tag_crc"}
_FRONT = Struct(">HIIHH")
"""The head of a report and of its first tag."""
_REPORT_HEAD = 1 << 10 | 61
HEADER_SIZE = 10
_CODES = {1: "B", 2: "H", 4: "I", 8: "Q"}

# Any: what `Struct.unpack` gives cannot be said.
_Values = tuple[Any, ...]
_SharedPairs = tuple[tuple[str, object], ...]


@dataclass(frozen=True, slots=True)
class _Piece:
    """One value of a tag: the bytes in front of it that never differ, then the value."""

    name: str
    lead: int
    code: str

    @property
    def size(self) -> int:
        return calcsize(f">{self.code}")


# (frame, where the tag begins, pairs that all tags of it share, kHz of each channel) → the read,
# or None if this tag lies otherwise.
_Reader = Callable[[bytes, int, _SharedPairs, Mapping[int, int]], TagRead | None]


def _reader_of(tag: bytes) -> _Reader:
    """Learn how a tag lies; return what reads every other one that lies like it.

    Raises:
        Contradiction: If it has parameters of unknown size, such as what was read from its memory.
    """
    pieces = _pieces(tag)
    names = [piece.name for piece in pieces]
    if len(set(names)) != len(names) or "epc" not in names:
        raise Contradiction("not one value of each kind")
    fixed = "".join(f"{piece.lead}s{piece.size}x" for piece in pieces)
    check = Struct(f">{fixed}").unpack_from
    expected = check(tag)
    shown = tuple(name for name in names if name not in _SLOTS or name in _SHOWN_TOO)
    told = Struct(_format(pieces, list(shown))).unpack_from
    present = [name for name in names if name in _SLOTS]
    bits = 8 * next(piece.size for piece in pieces if piece.name == "epc")
    constant: _SharedPairs = (("epc_bits", bits),) if tag[4] == 0 else ()
    if present == _PLAIN and not constant:
        return _plain_reader(check, expected, Struct(_format(pieces, present)), told, shown)
    slots = Struct(_format(pieces, present)).unpack_from
    # Behind the values that are on the wire stands None, for those that are not.
    index = {name: at for at, name in enumerate(present)}
    pick = itemgetter(*(index.get(slot, len(present)) for slot in _SLOTS))

    def read(frame: bytes, at: int, shared: _SharedPairs, khz: Mapping[int, int]) -> TagRead | None:
        if check(frame, at) != expected:
            return None
        values = (*slots(frame, at), None)
        epc, antenna, raw, channel, count, pc, crc, phase, peak = pick(values)
        more = (*shared, *constant, *zip(shown, told(frame, at)))  # noqa: B905  # equally many
        dbm = _DBM[raw]
        if channel in khz:
            more += (("frequency_khz", khz[channel]),)
        if peak is not None:
            dbm = peak / 100
            more += (("peak_rssi_cdbm", peak),)
        draft = TagReadDraft(epc, antenna, dbm, raw, pc, crc, None, None, count, phase, frame, more)
        draft.__class__ = TagRead  # type: ignore[assignment]  # see TagReadDraft
        return draft  # type: ignore[return-value]

    return read


def _plain_reader(
    check: Callable[[bytes, int], _Values],
    expected: _Values,
    slots: Struct,
    told: Callable[[bytes, int], _Values],
    shown: tuple[str, ...],
) -> _Reader:
    """Return what reads tags that say antenna, signal strength and count, as most are set to."""
    values = slots.unpack_from

    def read(
        frame: bytes, at: int, shared: _SharedPairs, _khz: Mapping[int, int]
    ) -> TagRead | None:
        if check(frame, at) != expected:
            return None
        epc, antenna, raw, count = values(frame, at)
        more = (*shared, *zip(shown, told(frame, at)))  # noqa: B905  # equally many
        draft = TagReadDraft(
            epc, antenna, _DBM[raw], raw, None, None, None, None, count, None, frame, more
        )
        draft.__class__ = TagRead  # type: ignore[assignment]  # see TagReadDraft
        return draft  # type: ignore[return-value]

    return read


def _format(pieces: list[_Piece], wanted: list[str]) -> str:
    """Return how to unpack the wanted values in the order of the wire."""
    return ">" + "".join(
        f"{piece.lead}x" + (piece.code if piece.name in wanted else f"{piece.size}x")
        for piece in pieces
    )


def _pieces(tag: bytes) -> list[_Piece]:
    """Take the values of a tag apart, each with what stands in front of it."""
    found: list[_Piece] = []
    at, end, lead = 4, len(tag), 4
    while at < end:
        if tag[at] & 0x80:
            number = tag[at] & 0x7F
            size = TV_SIZES.get(number, 0)
            name = _TV_SLOTS.get(number) or TVS.get(number, ("", ":"))[1].partition(":")[0]
            code = "12s" if number == EPC_96 else _CODES.get(size, "")
            if not code or number in _UNEVEN:
                raise Contradiction(f"TV {number} has no layout")
            found.append(_Piece(name, lead + 1, code))
            at += 1 + size
        else:
            at, piece = _fixed_tlv(tag, at, end, lead)
            found.append(piece)
        lead = 0
    return found


def _fixed_tlv(tag: bytes, at: int, end: int, lead: int) -> tuple[int, _Piece]:
    """Return where the TLV ends, and its value."""
    number, last = tlv_head(tag, at, end)
    if number == EPC_DATA and at + 6 <= last:
        bits = tag[at + 4] << 8 | tag[at + 5]
        if bits == 8 * (last - at - 6) and 0 < bits <= EPC_BITS_MAX:
            return last, _Piece("epc", lead + 6, f"{bits // 8}s")
    if number == CUSTOM and last - at == 14:
        vendor, subtype = unpack_from(">II", tag, at + 4)
        if vendor == IMPINJ and subtype in _IMPINJ:
            return last, _Piece(_IMPINJ[subtype], lead + 12, "H" if subtype == PHASE else "h")
    raise Contradiction(f"parameter {number} has no layout")


class ReportReader:
    """Reads the tags of reports; keeps the layouts it has learned."""

    def __init__(self) -> None:
        """Begin without any layout."""
        self._readers: dict[int, _Reader] = {}
        self.frequencies_khz: Mapping[int, int] = {}
        """Channel index → kHz, from the reader's capabilities; empty before they are known."""
        self.is_held = False
        """True while what comes was read before this connection asked for anything."""

    def tags(self, frame: bytes) -> tuple[list[TagRead], list[Parameter]]:
        """Return the tags of a whole report, and what else is in it.

        Raises:
            Contradiction: If a length or a type in it is impossible.
        """
        khz = self.frequencies_khz
        shared: _SharedPairs = (("message_id", int.from_bytes(frame[6:10], "big")),)
        if self.is_held:
            shared += (("is_held", True),)
        found: list[TagRead] = []
        others: list[Parameter] = []
        at, end = HEADER_SIZE, len(frame)
        if end < 14:
            if end > at:
                raise Contradiction(f"{end - at} bytes where a parameter should be")
            return found, others
        while at < end:
            number, last = tlv_head(frame, at, end)
            if number == TAG:
                reader = self._readers.get(last - at)
                read = reader(frame, at, shared, khz) if reader else None
                found.append(read or self._learn(frame, at, last, shared))
            elif number in (SURVEY, CUSTOM):
                others += parameters_of(frame, at, last)[0]
            else:
                raise Contradiction(f"parameter {number} in a report")
            at = last
        return found, others

    def run(self, data: bytes, position: int, found: list[Item]) -> int:
        """Read whole reports in a row whose tags lie as known; return where they end."""
        readers, khz, size_all = self._readers, self.frequencies_khz, len(data)
        limit = size_all - _FRONT.size
        front, keep = _FRONT.unpack_from, found.append
        held: _SharedPairs = (("is_held", True),) if self.is_held else ()
        while position <= limit:
            head, size, message_id, number, tag_size = front(data, position)
            reader = readers.get(tag_size)
            end = position + size
            if (
                reader is None
                or head != _REPORT_HEAD
                or number != TAG
                or end > size_all
                or size <= HEADER_SIZE
                or (size - HEADER_SIZE) % tag_size
            ):
                break
            frame, known = data[position:end], len(found)
            shared: _SharedPairs = (("message_id", message_id),)
            if held:
                shared += held
            for at in range(HEADER_SIZE, size, tag_size):
                read = reader(frame, at, shared, khz)
                if read is None:
                    del found[known:]
                    return position
                keep(read)
            position = end
        return position

    def _learn(self, frame: bytes, at: int, last: int, shared: _SharedPairs) -> TagRead:
        """Read a tag parameter by parameter, and keep its layout if it is one."""
        [tag], _ = parameters_of(frame, at, last)
        read = self._read(tag, frame, shared)
        try:
            reader = _reader_of(frame[at:last])
        except Contradiction:
            return read
        if len(self._readers) >= LAYOUTS_MAX:
            self._readers.clear()
        self._readers[last - at] = reader
        return read

    def _read(self, tag: Parameter, frame: bytes, shared: _SharedPairs) -> TagRead:
        if not tag.parts or tag.parts[0].type not in (EPC_DATA, EPC_96):
            raise Contradiction("a tag without its EPC in front")
        epc = tag.parts[0].fields
        bits = epc.get("epc_bits")
        if isinstance(bits, int) and bits > EPC_BITS_MAX:
            raise Contradiction(f"EPC of {bits} bits, expected {EPC_BITS_MAX} or fewer")
        told, results = _told(tag.parts[1:])
        # Any: as in `TagRead.more`.
        slots: dict[str, Any] = {name: told.get(name) for name in _SLOTS}
        more: dict[str, Any] = dict(shared) | ({} if bits is None else {"epc_bits": bits})
        more |= {name: told[name] for name in told if name not in _SLOTS or name in _SHOWN_TOO}
        raw, dbm, peak = slots["rssi_raw"], _DBM[slots["rssi_raw"]], slots["peak_rssi_cdbm"]
        if slots["channel_index"] in self.frequencies_khz:
            more["frequency_khz"] = self.frequencies_khz[slots["channel_index"]]
        if peak is not None:
            dbm, more["peak_rssi_cdbm"] = peak / 100, peak
        if results:
            more["results"] = results
        if tag.rest:
            more["unread"] = tag.rest.hex()
        return TagRead(
            bytes.fromhex(str(epc["epc"])), slots["antenna"], dbm, raw, slots["pc"],
            slots["tag_crc"], None, None, slots["seen_count"], slots["phase"], frame,
            tuple(more.items()),
        )  # fmt: skip


def _told(parts: tuple[Parameter, ...]) -> tuple[dict[str, Any], list[dict[str, object]]]:
    """Return what the parameters behind the EPC say, and the results of accesses."""
    # Any: as in `TagRead.more`.
    told: dict[str, Any] = {}
    results: list[dict[str, object]] = []
    for part in parts:
        if part.type == 6:
            told["rssi_raw"] = int(str(part.fields["rssi_dbm"])) & 0xFF
        elif part.type in (11, 12):
            [(name, text)] = part.fields.items()
            told[name] = int(str(text), 16)
        elif part.type in OP_RESULTS:
            results.append(_result(part))
        elif part.type == CUSTOM and part.fields["vendor"] == IMPINJ:
            told |= _impinj(part)
        elif part.type in TVS:
            told |= part.fields
        else:
            results.append(part.tree())
    return told, results


def _result(part: Parameter) -> dict[str, object]:
    names = OP_RESULTS[part.type]
    code = int(str(part.fields["result"]))
    words = names[code] if code < len(names) else "unknown code"
    tree = part.tree() | {"result": f"{code} {words}", "result_number": code}
    return tree | ({"is_refused": True} if code else {})


def _impinj(part: Parameter) -> dict[str, Any]:
    """Read what Impinj adds: phase, a finer signal strength, Doppler, the TID."""
    # Any: as in `TagRead.more`.
    subtype, data = part.fields["subtype"], bytes.fromhex(str(part.fields["data"]))
    if subtype in _IMPINJ and len(data) == 2:
        value = int.from_bytes(data, "big", signed=subtype != PHASE)
        return {_IMPINJ[subtype]: value}
    if (
        subtype == SERIALIZED_TID
        and len(data) >= 2
        and len(data) == 2 + 2 * int.from_bytes(data[:2], "big")
    ):
        return {"tid": data[2:].hex()}
    return {f"custom_{part.fields['subtype']}": data.hex()}
