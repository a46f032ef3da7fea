"""Settings as text that people can read and change: what Python reads as TOML but cannot write.

>>> print(toml_text({"name": "a", "stage": [{"name": "cut", "each": True}]}), end="")
name = "a"
<BLANKLINE>
[[stage]]
name = "cut"
each = true
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

__all__ = ["toml_text"]


def toml_text(tree: Mapping[str, Any]) -> str:
    """Write a tree of tables, lists of tables, texts, numbers and flags as TOML.

    Mappings that hold only texts are written in one line, as ``titles = { zh_Hans = "…" }``.

    Raises:
        TypeError: If a value is none of those.
    """
    return "\n".join(_lines(tree, "")).lstrip("\n") + "\n"


def _lines(tree: Mapping[str, Any], path: str) -> Iterator[str]:
    for name, value in tree.items():
        if not _is_table(value, path) and not _is_tables(value):
            yield f"{name} = {_value(value)}"
    for name, value in tree.items():
        inner = f"{path}.{name}" if path else name
        if _is_tables(value):
            for each in value:
                yield from ("", f"[[{inner}]]", *_lines(each, inner))
        elif _is_table(value, path):
            yield from ("", f"[{inner}]", *_lines(value, inner))


def _is_table(value: object, path: str) -> bool:
    is_top = not path
    return isinstance(value, Mapping) and (
        is_top and not all(isinstance(each, str) for each in value.values())
    )


def _is_tables(value: object) -> bool:
    return (
        isinstance(value, Sequence)
        and not isinstance(value, str)
        and bool(value)
        and all(isinstance(each, Mapping) for each in value)
    )


def _value(value: Any) -> str:  # any value of TOML
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)  # TOML spells numbers as Python does
    if isinstance(value, str):
        # JSON's escapes are TOML's, except that TOML wants the delete character escaped, too.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Mapping):
        inner = ", ".join(f"{name} = {_value(each)}" for name, each in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, Sequence):
        return f"[{', '.join(_value(each) for each in value)}]"
    raise TypeError(f"cannot write {value!r} as TOML")
