"""What a desk is told after a scan: one state, one reason, and the facts of its sentence.

>>> Answer("again", "already", facts={"at": 1_772_439_330_000_000}).sound
'again'
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

__all__ = ["Answer", "Said", "State"]

State = Literal["pass", "late", "again", "stop", "hold", "unknown", "ready"]
"""Colour, shape and sound; the words are those of the gate's screen."""

Said = Literal[
    "done",
    "came-in",
    "opened",
    "opened-again",
    "person",
    "already",
    "other-order",
    "other-carton",
    "other-product",
    "too-many",
    "not-before",
    "not-here",
    "nothing-open",
    "unknown",
    "blank",
    "stray",
    "bound",
    "codes-differ",
    "no-roll",
    "no-ticket",
    "no-badge",
    "mistyped",
    "product",
    "which",
    "held",
    "used-up",
    "not-booked",
    "overfull",
    "missing",
    "empty",
    "gone",
    "loose",
    "no-count",
    "recounted",
    "counted",
    "undone",
    "built-upon",
    "too-old",
    "conflict",
]
"""Why it was answered so; stands in the event as the reason of what was only seen."""

SOUNDS: Mapping[State, str] = {
    "pass": "pass",
    "late": "pass",
    "again": "again",
    "stop": "stop",
    "hold": "stop",
    "unknown": "unknown",
    "ready": "tick",
}

Facts = Mapping[str, Any]
"""What the sentence names, as JSON: keys of things, stage names, amounts as text, times in µs."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one scan, before it is put into a language."""

    state: State
    said: Said
    key: str = ""
    """Of the thing that was scanned; empty if nothing is known of it."""
    facts: Facts = field(default_factory=dict)
    done: int | None = None
    of: int | None = None
    unit: str = ""
    """What is counted: ``tickets`` or ``pieces``."""
    opened: tuple[str, ...] = ()
    """What is open after this scan."""
    person: str | None = None

    @property
    def sound(self) -> str:
        """Name of the sound: each state that asks for something else sounds otherwise."""
        return SOUNDS[self.state]

    def kept(self) -> dict[str, Any]:
        """Return the answer as the event keeps it, so that a repeated scan gets the same one."""
        tree: dict[str, Any] = {"state": self.state, "said": self.said}
        more = {
            "key": self.key,
            "facts": dict(self.facts),
            "done": self.done,
            "of": self.of,
            "unit": self.unit,
            "opened": list(self.opened),
            "person": self.person,
        }
        return tree | {name: one for name, one in more.items() if one not in (None, "", [], {})}

    @staticmethod
    def read(tree: object) -> Answer | None:
        """Read what an event kept; None if it keeps no answer."""
        if not isinstance(tree, Mapping) or tree.get("state") not in get_args(State):
            return None
        if tree.get("said") not in get_args(Said):
            return None
        person = tree.get("person")
        return replace(
            Answer(tree["state"], tree["said"]),
            key=str(tree.get("key", "")),
            facts=dict(tree.get("facts", {})),
            done=tree.get("done"),
            of=tree.get("of"),
            unit=str(tree.get("unit", "")),
            opened=tuple(map(str, tree.get("opened", ()))),
            person=None if person is None else str(person),
        )
