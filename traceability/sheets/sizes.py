"""Sizes: which words are one, so that a column can be one and a slip of the pen cannot.

>>> [size_of(text) for text in ("xl", "2XL", "M码", "160/84A", "36½", "均码", "10-12Y", "XXXL?")]
['XL', '2XL', 'M', '160/84A', '36.5', '均码', '10-12Y', None]
>>> likely_size("XXXL?"), likely_size("Remark")
('XXXL', None)
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["likely_size", "size_of"]

_LETTERS = r"(?:[2-9]?X{1,5}[SL]|[2-9]X|X[SL]|[SML]|[1-9]X[SL])"
_FIGURES = r"(?:[0-9]{1,2}(?:\.5)?|[789]0|1[0-9]0|1[0-9]5)"
_ONE = (
    "ONE SIZE|ONESIZE|OS|O/S|OSFA|ONE|FREE SIZE|FREE|F|UNI|UNICA|TU|均码|均|单一尺码|统一码|自由码"
)
_PATTERNS = tuple(
    re.compile(rf"(?:{one})\Z")
    for one in (
        _LETTERS,
        rf"{_LETTERS}\s?[/-]\s?{_LETTERS}",
        _FIGURES,
        rf"{_FIGURES}\s?[/-]\s?{_FIGURES}",
        r"[0-9]{1,2}[RSLTW]",
        r"W?[0-9]{2}\s?[/X]?\s?L[0-9]{2}",
        r"[0-9]{1,2}\s?(?:-\s?[0-9]{1,2}\s?)?(?:Y|YRS?|M|MO|MTHS?|T|岁|个月)",
        r"[0-9]{2,3}\s?(?:-\s?[0-9]{2,3}\s?)?CM",
        r"1[0-9]{2}/[0-9]{2,3}[ABCY]?",
        rf"{_LETTERS}\s?\(?1[0-9]{{2}}(?:/[0-9]{{2,3}}[ABCY]?)?\)?",
        r"[6-9][0-9][A-H]|1[0-2][05][A-H]",
        r"NB|NEWBORN|PREEMIE",
        _ONE,
    )
)
_SUFFIX = re.compile(r"\s?(?:码|碼|号|#)\Z")
_HALF = re.compile(r"(\d)\s?(?:½|1/2|,5)\Z")


def size_of(text: str) -> str | None:
    """Return a size as it is written on a garment; None if the word is none that we know."""
    bare = _bare(text)
    if any(pattern.match(bare) for pattern in _PATTERNS):
        return bare
    short = _SUFFIX.sub("", bare)
    return short if short and any(pattern.match(short) for pattern in _PATTERNS) else None


def likely_size(text: str) -> str | None:
    """Return the size that somebody probably meant by a word that is none; None if it is far."""
    if len(text) > 12:
        return None
    bare = re.sub(r"[^0-9A-Z/.一-鿿-]", "", _bare(text))
    for guess in (bare, bare.strip("-./"), bare.replace("O", "0"), bare.replace("0", "")):
        if guess and size_of(guess):
            return size_of(guess)
    return None


def _bare(text: str) -> str:
    said = _HALF.sub(r"\1.5", text.strip())
    said = unicodedata.normalize("NFKC", said).upper().strip()
    return re.sub(r"\s*(?:SIZE|尺码|尺寸)[:：]?\s*(?=\S)", "", said) if said != "ONE SIZE" else said
