"""A code drawn: a tag as rows of sixteen bits, a barcode or link as groups of characters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from traceability.gs1.anatomy import visible
from traceability.gs1.bit_fields import BitField
from traceability.gs1.text_fields import TextField
from traceability.web.identify_words import (
    AI_WORDS,
    NOTE_WORDS,
    check_words,
    field_name,
    filter_word,
    is_reserved,
)
from traceability.web.sentences import gettext as _

WORD_BITS = 16
"""Bits of a memory word: one row of the picture."""
EPC_FROM_BIT = 0x20
"""Where the EPC begins in its bank; the addresses of the rows count from there."""
PARTITIONS = 7
"""Values of a partition that the standard defines: 0 says 12 digits, 6 says 6."""
CHARACTERS_MAX = 400
"""Characters drawn of one field; of a longer one the rest is counted."""

_HUES = {
    "header": "f1", "filter": "f2", "partition": "f3", "company prefix": "f4", "item": "f5",
    "item reference": "f5", "serial": "f6", "serial reference": "f6", "asset reference": "f6",
    "extension": "f6", "data toggle": "f7", "rest": "pad", "end of text": "pad",
    "padding": "pad", "reserved": "pad", "FNC1": "gs", "symbol": "f1", "point": "pad",
    "scheme": "f1", "host": "f3", "path": "f3", "URN": "f1", "parameter": "pad",
    "fragment": "pad", "text": "f6", "name": "f6", "namespace": "f3", "sort": "f1",
}  # fmt: skip
_MORE = ("f5", "f6", "f7", "f8", "f4", "f2")


@dataclass(frozen=True, slots=True)
class Shown:
    """One field as the picture and the table below it show it."""

    number: int
    hue: str
    name: str
    raw: str
    """Its bits or characters, control characters by their names."""
    value: str
    words: str
    """What the value means."""
    state: str
    """pass, again or stop; empty where nothing was checked."""
    start: int
    length: int
    is_quiet: bool = False
    """A point or bracket that needs no line of its own."""


@dataclass(frozen=True, slots=True)
class Run:
    """The part of a field that stands in one row."""

    field: Shown
    bits: str
    begins: bool
    ends: bool
    shows_name: bool
    """True once for each field: where it has most room."""


@dataclass(frozen=True, slots=True)
class Row:
    """One memory word of a tag."""

    address: str
    """Of its first bit in the bank, such as 20h."""
    hex_digits: str
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """A code drawn; either rows of bits or groups of characters."""

    fields: tuple[Shown, ...]
    rows: tuple[Row, ...] = ()

    @property
    def is_tag(self) -> bool:
        """Tell whether it shows bits."""
        return bool(self.rows)


def draw(fields: Sequence[BitField] | Sequence[TextField]) -> Picture:
    """Draw a code that was taken apart: bits of a tag or characters of a text, without a gap."""
    bits = [one for one in fields if isinstance(one, BitField)]
    if bits:
        shown = tuple(_bits(bits))
        return Picture(shown, tuple(_rows(shown)))
    return Picture(tuple(_characters([one for one in fields if isinstance(one, TextField)])))


def _bits(fields: Sequence[BitField]) -> Iterator[Shown]:
    hues: dict[str, str] = {}
    more = iter(_MORE * 40)
    scheme = next((one.value for one in fields if one.name == "header"), "")
    for number, one in enumerate(fields, 1):
        is_wrong = one.note.startswith("Cannot ")
        of_ai = one.name.partition(" ")[0] if one.name.startswith("(") else one.name
        hue = _HUES.get(one.name) or hues.get(of_ai) or hues.setdefault(of_ai, next(more))
        state = "stop" if is_wrong else ""
        if one.name == "filter" and one.value.isdigit() and is_reserved(scheme, int(one.value)):
            state = "again"
        yield Shown(
            number=number,
            hue="wrong" if is_wrong else hue,
            name=field_name(one.name),
            raw=f"{one.raw:0{one.length}b}",
            value=one.value,
            words=_bit_words(one, scheme, is_wrong=is_wrong),
            state=state,
            start=one.start,
            length=one.length,
        )


def _bit_words(field: BitField, scheme: str, *, is_wrong: bool) -> str:
    """Say what the value of a field means, or that reading ends there."""
    if is_wrong:
        return _("not allowed: reading ends here")
    if field.name == "header":
        return f"{field.raw:02X}h"
    if field.name == "filter" and field.value.isdigit():
        return filter_word(scheme, int(field.value)) or field.note
    if field.name == "partition" and field.raw < PARTITIONS:
        return _("the company prefix has %(count)s digits", count=12 - field.raw)
    if field.name in ("padding", "reserved") and field.raw == 0:
        return _("all zero, as it must be")
    word = NOTE_WORDS.get(field.note)
    return str(word) if word is not None else field.note


def _rows(fields: Sequence[Shown]) -> Iterator[Row]:
    first = fields[0].start
    total = sum(one.length for one in fields)
    widest: dict[int, tuple[int, int]] = {}
    pieces: list[tuple[int, Shown, int, int]] = []
    for one in fields:
        at, end = one.start - first, one.start - first + one.length
        while at < end:
            stop = min(end, at - at % WORD_BITS + WORD_BITS)
            pieces.append((at // WORD_BITS, one, at, stop))
            if stop - at > widest.get(one.number, (0, 0))[0]:
                widest[one.number] = (stop - at, at)
            at = stop
    for row in range(-(-total // WORD_BITS)):
        runs = tuple(
            Run(
                field=one,
                bits=one.raw[at - one.start + first : stop - one.start + first],
                begins=at == one.start - first,
                ends=stop == one.start - first + one.length,
                shows_name=widest[one.number][1] == at,
            )
            for of, one, at, stop in pieces
            if of == row
        )
        bits = "".join(run.bits for run in runs)
        digits = f"{int(bits.ljust(-(-len(bits) // 4) * 4, '0'), 2):0{-(-len(bits) // 4)}X}"
        yield Row(f"{EPC_FROM_BIT + first + WORD_BITS * row:02X}h", digits, runs)


def _characters(fields: Sequence[TextField]) -> Iterator[Shown]:
    hues: dict[str, str] = {}
    more = iter(_MORE * 40)
    for number, one in enumerate(fields, 1):
        if one.is_right is False:
            hue = "wrong"
        elif one.ai:
            hue = hues.setdefault(one.ai, next(more) if one.ai not in hues else "")
        else:
            hue = _HUES.get(one.name) or next(more)
        state = "" if one.is_right is None else "pass" if one.is_right else "stop"
        # The separator stands in a box of its own and needs no brackets.
        text = visible(one.text).strip("<>") if one.name == "FNC1" else visible(one.text)
        left = len(text) - CHARACTERS_MAX
        shown = text if left <= 0 else text[:CHARACTERS_MAX] + "…"
        yield Shown(
            number=number,
            hue=hue,
            name=f"({one.ai})" if one.name == "AI" else field_name(one.name, one.ai),
            raw=shown,
            value=visible(one.value)[:CHARACTERS_MAX] if one.name != "AI" else "",
            words=_words(one),
            state=state,
            start=one.start,
            length=len(one.text),
            is_quiet=one.name == "point",
        )


def _words(field: TextField) -> str:
    if field.name in ("check digit", "check pair"):
        return check_words(field.is_right is not False, field.expected)
    if field.name == "unread" and field.ai:
        return _("longer than (%(ai)s) may be: a separator seems to be lost", ai=field.ai)
    if field.is_right is False:
        return _("reading ends here")
    if field.name == "AI":
        return str(AI_WORDS.get(field.ai, ""))
    if field.name == "FNC1":
        return _("ends the value before it")
    if field.value and "%" in field.text:
        return _("written with percent signs in the link")
    return ""
