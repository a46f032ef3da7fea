"""The addresses of pages, which every app of a test has alike, are compiled once in a process.

For each address Werkzeug compiles two functions that write it out again, and that is most of what
a new app costs. They depend on the address alone, not on the app.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule

_writers: dict[object, Callable[..., tuple[str, str]]] = {}


def compile_once() -> None:
    """Let every app of this process share what writes its addresses."""
    compiled = Rule._compile_builder

    def shared(rule: Any, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        # An address with defaults holds what a converter of its own map made of them.
        if rule.defaults:
            return compiled(rule, append_unknown)
        key = (rule.rule, tuple(rule._trace), append_unknown)
        if key not in _writers:
            _writers[key] = compiled(rule, append_unknown)
        return _writers[key]

    setattr(Rule, "_compile_builder", shared)  # noqa: B010  # a method for which there is no type
