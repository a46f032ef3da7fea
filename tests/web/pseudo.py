"""A language that nobody speaks: every sentence in brackets, accented, and 40 % longer.

What a page shows outside the brackets, and is no fact of the ledger, did not go through gettext.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html.parser import HTMLParser
from pathlib import Path

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

from traceability.catalogue import sentences

CARRIER = "eo"
"""Babel must know the language; this one has two plural forms and no catalogue of ours."""
OPEN, CLOSE = "⟦", "⟧"
LONGER = 0.4
_ACCENTS = str.maketrans("aceinorsuyACEINORSUY", "àçéîñöřšüýÀÇÉÎÑÖŘŠÜÝ")
_FIXED = re.compile(r"(%\(\w+\)s|%%|<[^>]+>|&\w+;)")
_WORD = re.compile(r"[A-Za-zÀ-ž]{2,}")
_SHOWN = ("aria-label", "title", "placeholder", "alt")
_VOID = frozenset({"meta", "link", "input", "br", "hr", "img", "col"})
_OURS = ("hangtag",)


def pseudo(text: str) -> str:
    """Disguise a sentence, keeping what is filled in.

    >>> pseudo("of %(count)s")
    '⟦öf %(count)s~~⟧'
    """
    parts = _FIXED.split(text)
    told = sum(len(part) for part in parts[::2])
    shown = "".join(
        part if place % 2 else part.translate(_ACCENTS) for place, part in enumerate(parts)
    )
    return f"{OPEN}{shown}{'~' * max(1, round(told * LONGER))}{CLOSE}"


def write_pseudo(folder: Path) -> Path:
    """Write the compiled catalogue of the pseudo-language; return the folder of catalogues."""
    catalogue = Catalog(locale=CARRIER)
    for message in sentences():
        if isinstance(message, tuple):
            catalogue.add(message, tuple(pseudo(str(text)) for text in message))
        else:
            catalogue.add(str(message), pseudo(str(message)))
    target = folder / CARRIER / "LC_MESSAGES" / "messages.mo"
    target.parent.mkdir(parents=True)
    with target.open("wb") as file:
        write_mo(file, catalogue)
    return folder


class _Shown(HTMLParser):
    """Collects what a person sees or hears of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self.attributes: list[str] = []
        self._skipped: list[bool] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        skip = (
            tag in ("script", "style", "time", "code", "kbd")
            or given.get("translate") == "no"
            or "id" in given.get("class", "").split()
            or bool(self._skipped and self._skipped[-1])
        )
        if not skip:
            self.attributes += [given[name] for name in _SHOWN if given.get(name)]
        if tag not in _VOID:
            self._skipped.append(skip)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self._skipped.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID and self._skipped:
            self._skipped.pop()

    def handle_data(self, data: str) -> None:
        if not (self._skipped and self._skipped[-1]):
            self.text.append(data)


def _outside(text: str) -> str:
    depth = 0
    kept = []
    for one in text:
        if one == OPEN:
            depth += 1
        elif one == CLOSE:
            depth -= 1
            kept.append(" ")
        elif depth == 0:
            kept.append(one)
    assert depth == 0, f"brackets do not close in {text[:200]!r}"
    return "".join(kept)


def literals(html: str, facts: Iterable[str] = ()) -> list[str]:
    """Return the visible words of a page that are neither a translated sentence nor a fact.

    Args:
        html: The page, rendered in the pseudo-language.
        facts: What the ledger of the test holds: names, codes, titles of the flow.
    """
    page = _Shown()
    page.feed(html)
    # Node by node would break a sentence around its bold thing, so brackets span nodes.
    outside = [_outside("\n".join(page.text)), *(_outside(text) for text in page.attributes)]
    locale = Locale(CARRIER)
    names = {
        word
        for table in (locale.days["format"], locale.months["format"])
        for width in table.values()
        for name in width.values()
        for word in _WORD.findall(name)
    }
    known = sorted({*facts, *_OURS}, key=len, reverse=True)
    found = []
    for text in outside:
        for fact in known:
            text = text.replace(fact, " ")
        found += [word for word in _WORD.findall(text) if word not in names]
    return found
