"""What somebody who holds the label would notice about a code: said, and never acted upon."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from traceability.errors import InvalidIdentifier
from traceability.gs1.check_digit import check_digit, is_checked
from traceability.gs1.components import SET_82
from traceability.gs1.epc_schemes import BY_HEADER
from traceability.gs1.identity import Identity
from traceability.gs1.text_fields import TextField
from traceability.web.identify_words import PACKS, filter_word, is_reserved
from traceability.web.sentences import gettext as _

_BLANKS = re.compile(r"\s+")
_HEX = re.compile(r"[0-9A-Fa-f]{20,}\Z")
_MIXED_SCHEME = re.compile(r"(?:https?://|urn:epc:)", re.IGNORECASE)
_TWICE_ESCAPED = re.compile(r"%25[0-9A-Fa-f]{2}")


@dataclass(frozen=True, slots=True)
class Doubt:
    """One thing to look at, and the reading that it would lead to."""

    words: str
    href: str = ""
    link: str = ""


def address(code: str, **more: str) -> str:
    """Return the address that explains a code."""
    return "/identify?" + urlencode({"code": code} | more)


def fault(error: InvalidIdentifier, fields: tuple[TextField, ...]) -> str:
    """Say what is wrong with a code in the language of the page; empty if only the reader knows."""
    wrong = next((one for one in fields if one.expected), None)
    if wrong is not None:
        return _(
            "The check digit is wrong: expected %(expected)s, got %(got)s, at place %(place)s. "
            "Nothing was put right: with another digit it would be another product.",
            expected=wrong.expected,
            got=wrong.text,
            place=wrong.start,
        )
    said = str(error)
    if "ambiguous" in said:
        return _(
            "A separator is lost in it: nobody can say where one value ends and the next begins. "
            "Let the scanner send GS (ASCII 29) for FNC1, or say under “How to read it” what it "
            "sends instead."
        )
    if "at most" in said and "characters" in said:
        return _("It is too long for a code. Nothing on a label or a tag is as long.")
    if "control character" in said:
        return _("There is a control character in it that no label carries. Scan it once more.")
    if "hexadecimal digits after '%'" in said or "percent sequences" in said:
        return _("A percent sign in a link must be followed by two hexadecimal digits.")
    return ""


def doubts(code: str, found: Identity | None, fields: tuple[TextField, ...]) -> Iterator[Doubt]:
    """Yield what may have gone wrong between the label and the screen.

    Args:
        code: The code, without blanks around it.
        found: What it was read as; None if it was refused.
        fields: Its characters.
    """
    yield from _hex_doubts(code, found)
    if found is not None and found.kind == "local":
        yield from _plain_doubts(code)
    if found is not None and found.remark is not None:
        yield from _swallowed(fields)
    if found is None and code.startswith("]"):
        yield from _other_separator(code)
    if _TWICE_ESCAPED.search(code):
        yield Doubt(_("It was escaped twice: a percent sign stands in it as %(sign)s.", sign="%25"))


def _hex_doubts(code: str, found: Identity | None) -> Iterator[Doubt]:
    digits = _BLANKS.sub("", code)
    if _HEX.match(digits) is None or (found is not None and found.kind not in ("local", "raw")):
        return
    word, rest = int(digits[:4], 16), digits[4:]
    if word & 0x07FF == 0 and word and len(rest) == 4 * (word >> 11):
        yield Doubt(
            _(
                "The first four digits, %(word)s, are the PC word that a reader may send before "
                "the number. Set the reader to send the EPC alone.",
                word=digits[:4].upper(),
            ),
            address(digits, **{"as": "bank"}),
            _("Read it with them"),
        )
    elif len(digits) % 4 and int(digits[:2], 16) in BY_HEADER:
        yield Doubt(
            _(
                "It looks like a tag in hex, but has %(count)s digits: a tag has 24 or more, "
                "always a multiple of four. One was lost or added.",
                count=len(digits),
            )
        )
    elif digits != code and int(digits[:2], 16) in BY_HEADER:
        yield Doubt(
            _("It looks like a tag in hex, written with blanks."), address(digits), _("Read it so")
        )


def _plain_doubts(code: str) -> Iterator[Doubt]:
    """Plain text that looks like something else, and why it is not taken for that."""
    match = _MIXED_SCHEME.match(code)
    if match is not None and match[0] not in (match[0].lower(), match[0].upper()):
        small = match[0].lower() + code[match.end() :]
        yield Doubt(
            _(
                "It begins with %(given)s; that is written %(right)s.",
                given=match[0],
                right=match[0].lower(),
            ),
            address(small),
            _("Read it so"),
        )
    if not (code.isascii() and code.isdigit()):
        return
    for ai, length in (("00", 18), ("01", 14), ("02", 14)):
        number = code[2 : 2 + length]
        if code.startswith(ai) and len(number) == length and not is_checked(number):
            yield Doubt(
                _(
                    "It begins like a GS1 label, (%(ai)s), but the check digit of %(number)s is "
                    "wrong: expected %(expected)s, got %(got)s.",
                    ai=ai,
                    number=number,
                    expected=check_digit(number[:-1]),
                    got=number[-1],
                )
            )
    if len(code) == 18 and is_checked(code):
        yield Doubt(
            _("It can be the number of a carton or pallet, SSCC."),
            address(f"(00){code}"),
            _("Read it so"),
        )
    if len(code) == 8 and is_checked(code):
        yield Doubt(_("It can be an EAN-8."), address(f"]E4{code}"), _("Read it so"))


def _other_separator(code: str) -> Iterator[Doubt]:
    """One sign that no label may carry: many scanners send one in place of the separator."""
    odd = set(code[3:]) - frozenset(SET_82)
    sign = odd.pop() if len(odd) == 1 else ""
    if sign.isprintable() and sign.strip():
        yield Doubt(
            _("If the scanner sends %(sign)s for FNC1, it can be read.", sign=sign),
            address(code, fnc1=sign),
            _("Read it so"),
        )


def _swallowed(fields: tuple[TextField, ...]) -> Iterator[Doubt]:
    """A value of any length that ends like a date: the separator before it may be lost."""
    last = next((one for one in reversed(fields) if one.name == "value"), None)
    if last is not None:
        yield Doubt(
            _(
                "The value of (%(ai)s) ends like a date, (%(date)s)%(value)s. If the label shows "
                "that number in brackets, a separator was lost: let the scanner send GS for FNC1.",
                ai=last.ai,
                date=last.text[-8:-6],
                value=last.text[-6:],
            )
        )


def filter_doubt(found: Identity, *, is_single: bool, kind: str) -> str:
    """Say where the filter of a tag contradicts what the tag stands for; empty where it does not.

    Args:
        found: A tag that was read.
        is_single: It stands for one piece, as this workshop's own rules say.
        kind: What the workshop calls such a thing.
    """
    scheme, value = found.scheme or "", found.filter
    if value is None:
        return ""
    if is_reserved(scheme, value):
        return _("Filter %(filter)s is reserved. It means nothing yet.", filter=value)
    if "SGTIN" not in scheme:
        return ""
    word = filter_word(scheme, value)
    indicator = dict(found.ais).get("01", "0")[0]
    if value in PACKS and is_single:
        return _(
            "Filter %(filter)s says “%(word)s”, and this is one piece (%(kind)s). Readers that "
            "look for single pieces pass over it.",
            filter=value,
            word=word,
            kind=kind,
        )
    if value == 1 and indicator not in "09":
        return _(
            "Filter 1 says “%(word)s”, and the product number begins with %(indicator)s: that is "
            "a pack of several.",
            word=word,
            indicator=indicator,
        )
    return ""
