"""What a person said about a sheet: answers to questions, and other text for cells that are wrong.

>>> Choices.read(Choices(days="dmy", corrections={"C7": "40"}).tree()).corrections
{'C7': '40'}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = ["Choices"]


@dataclass(frozen=True, slots=True)
class Choices:
    """Answers; what is empty was not answered."""

    sheet: str = ""
    """Name of the tab."""
    days: str = ""
    """``dmy`` or ``mdy``."""
    mark: str = ""
    """What parts decimals: point or comma."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Normal heading → field; remembered once the sheet is taken in."""
    sizes: tuple[str, ...] = ()
    """Words that are sizes although they do not look like one; remembered, too."""
    corrections: Mapping[str, str] = field(default_factory=dict)
    """Cell → what should stand there; empty text empties it."""

    def tree(self) -> dict[str, Any]:
        """Return the choices as JSON."""
        return asdict(self)

    # `Any`: JSON of our own file, or of a caller.
    @classmethod
    def read(cls, tree: Mapping[str, Any]) -> Choices:
        """Read what `tree` gave; what is missing or of another kind was not answered."""
        return cls(
            sheet=_text(tree.get("sheet")),
            days=_text(tree.get("days")) if tree.get("days") in ("dmy", "mdy") else "",
            mark=_text(tree.get("mark")) if tree.get("mark") in (".", ",") else "",
            columns=_texts(tree.get("columns")),
            sizes=tuple(str(one) for one in tree.get("sizes") or ()),
            corrections=_texts(tree.get("corrections")),
        )


def _text(given: object) -> str:
    return given if isinstance(given, str) else ""


def _texts(given: object) -> dict[str, str]:
    return {str(k): str(v) for k, v in given.items()} if isinstance(given, Mapping) else {}
