"""What is said of a code that stands for nothing here: what it looks like, and what it may be.

>>> is_badge("W-10006"), is_badge("10006")
(True, False)
"""

from __future__ import annotations

from typing import Any

from traceability.flow import Stage
from traceability.gs1.local import LENGTH_MAX
from traceability.projections.view import View
from traceability.scanning.answer import Said, State
from traceability.scanning.binding import offers
from traceability.scanning.meaning import Meaning, takes_measured

__all__ = ["is_badge", "told"]


def is_badge(text: str) -> bool:
    """Say whether a code looks like a badge of ours."""
    return text.upper().startswith("W-")


def told(view: View, stage: Stage, meaning: Meaning) -> tuple[State, Said, dict[str, Any]]:
    """Say why a code means nothing, and what a person may say that it is.

    Args:
        view: The ledger.
        stage: Where it was scanned: what is handled here is offered first.
        meaning: A meaning without a thing.

    Returns:
        State, reason, and the facts: the text, and ``offers`` where the question is asked.
    """
    facts: dict[str, Any] = {"text": meaning.text[:LENGTH_MAX]}
    if meaning.blank is not None:
        return "unknown", "blank", {**facts, "blank": str(meaning.blank)}
    if meaning.is_stray:
        return "ready", "stray", facts
    if is_badge(meaning.text):
        return "unknown", "no-badge", facts
    facts["offers"] = list(offers(view.flow, stage))
    if takes_measured(view, stage):
        # The form of a new roll asks at once; what else it may be stands below it.
        return "unknown", "no-roll", {**facts, "text": meaning.text}
    if meaning.is_mistyped:
        return "unknown", "mistyped", facts
    return "unknown", "no-ticket" if meaning.is_code else "unknown", facts
