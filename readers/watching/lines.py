"""What a reader said, a line each: words for people, JSON for programs."""

from __future__ import annotations

import json

from readers.reads import Happening, LineDown, Received

_NOT_SHOWN = ("at", "reader", "type", "kind", "frame", "aim", "data")


def tree_of(happening: Happening) -> dict[str, object]:
    """Return the JSON form, with its time in UTC to the millisecond."""
    at = happening.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(happening, Received):
        tree = {"at": at, "reader": happening.reader} | happening.value.tree()
        if happening.count > 1:
            tree["count"] = happening.count
        return tree
    is_down = isinstance(happening, LineDown)
    tree = {"at": at, "reader": happening.reader, "type": "line_down" if is_down else "line_up"}
    return tree | ({"reason": happening.reason} if isinstance(happening, LineDown) else {})


def words_of(happening: Happening) -> str:
    """Return what matters to a person, without the time."""
    tree = tree_of(happening)
    words = [
        f"{key} {value}"
        for key, value in tree.items()
        if key not in _NOT_SHOWN and value is not None
    ]
    return f"{tree['type']:9}  {'  '.join(words)}"


def told(happening: Happening, *, as_json: bool, names_reader: bool = False) -> str:
    """Return a line about it.

    Args:
        happening: What was heard, or what befell the line.
        as_json: As an object; else as words.
        names_reader: Whether words begin with the reader, where there are several.
    """
    if as_json:
        return json.dumps(tree_of(happening), ensure_ascii=False)
    at = happening.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")[11:]
    who = f"{happening.reader}  " if names_reader else ""
    return f"{at}  {who}{words_of(happening)}"
