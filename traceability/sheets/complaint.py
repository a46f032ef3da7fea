"""What is wrong with one cell, and what would be right: a sentence that can be translated.

>>> words = N_("%(cell)s says %(value)s: expected whole pieces.")
>>> str(Complaint(words, {"value": "2.5"}, "C7"))
'C7 says 2.5: expected whole pieces.'
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from traceability.errors import Refused

__all__ = ["N_", "Complaint", "Question", "Unreadable", "merged"]


def N_(words: str) -> str:  # noqa: N802 - the mark that catalogues look for
    """Mark a sentence for translation; it is translated where it is shown."""
    return words


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing that must be put right before the sheet, or an order of it, can be taken in."""

    words: str
    """English, with ``%(name)s`` for each value."""
    values: Mapping[str, str] = field(default_factory=dict)
    cell: str = ""
    """Name of the cell; empty if it concerns the whole sheet."""
    given: str = ""
    """What stands in the cell."""
    suggestion: str = ""
    """What would be accepted, if that can be said."""
    owners: frozenset[str] = frozenset()
    """Names of the records it keeps out (order numbers …); empty: the whole sheet."""
    size: str = ""
    """The size that is unknown, if that is what is wrong: it may be kept as it is."""

    def __str__(self) -> str:
        return self.words % {"cell": self.cell, **self.values}


def merged(complaints: Iterable[Complaint]) -> list[Complaint]:
    """Return complaints with each said once: a merged cell stands in many rows."""
    found: dict[tuple[str, str], Complaint] = {}
    for one in complaints:
        key = (one.words, one.cell or str(one))
        known = found.get(key)
        if known is None:
            found[key] = one
        elif one.owners - known.owners:
            found[key] = replace(known, owners=known.owners | one.owners)
    return list(found.values())


@dataclass(frozen=True, slots=True)
class Question:
    """Something that the sheet does not say by itself."""

    name: str
    """Of the answer: days, mark, sheet, or column:HEADING."""
    words: str
    values: Mapping[str, str]
    options: tuple[tuple[str, str], ...]
    """Answer and its words; words of headings are fields."""
    answer: str = ""
    """What is assumed or was chosen."""
    is_open: bool = False
    """Nothing can be taken in before this is answered."""
    is_known: bool = False
    """The sheet says it; whoever knows better may say otherwise."""

    def __str__(self) -> str:
        return self.words % self.values


class Unreadable(Refused):
    """A file that is no sheet, or one that must be saved anew; the sentence can be translated.

    Args:
        words: English, with ``%(name)s`` for each value.
        values: What is filled in; ``file`` is what the file is called.

    >>> str(Unreadable("%(file)s is empty.", file="orders.csv"))
    'orders.csv is empty.'
    """

    def __init__(self, words: str, **values: str) -> None:
        super().__init__(words % values)
        self.words = words
        self.values = values


THE_SHEET = N_("The sheet")
"""What a file without a name is called."""
