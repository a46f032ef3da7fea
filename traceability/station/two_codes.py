"""The label and the chip of one garment on the table: do they say the same?

A table that scans a label and hears one chip in the same moment has one thing before it. If the
two codes name two things of one sort, one of them is wrong, and nobody but a person knows which.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from traceability.errors import InvalidIdentifier
from traceability.gs1 import identify
from traceability.gs1.same import Conflict, compare
from traceability.observation.passes import Sighting

__all__ = ["TwoCodes", "differing"]

MOMENT_MS = 1_500
"""A label and a chip of one thing come within the time a hand needs for one thing."""


@dataclass(frozen=True, slots=True)
class TwoCodes:
    """What a label and a chip say otherwise."""

    keys: tuple[str, str]
    """Key of the label, key of the chip."""
    what: str
    label: str
    tag: str


def differing(sightings: Sequence[Sighting], namespace: str) -> TwoCodes | None:
    """Compare the one label and the one chip of a pass; None if there is nothing to compare.

    Args:
        sightings: All of a pass. With more than one label or chip nobody can say what belongs
            together, so nothing is compared.
        namespace: Host name of the workshop's own labels.
    """
    pieces = [each for each in sightings if each.key.startswith("/") and "/21/" in each.key]
    labels = [each for each in pieces if each.is_scan]
    chips = [each for each in pieces if not each.is_scan]
    if len(labels) != 1 or len(chips) != 1 or len(pieces) != 2:
        return None
    label, chip = labels[0], chips[0]
    if set(label.readers) & set(chip.readers):
        return None  # the label's own chip answered as well: the other one only lies near
    if abs(label.first_seen_at - chip.first_seen_at) > timedelta(milliseconds=MOMENT_MS):
        return None
    try:
        found = compare(
            identify(label.key, namespace=namespace), identify(chip.key, namespace=namespace)
        )
    except InvalidIdentifier:
        return None
    if not isinstance(found, Conflict):
        return None
    return TwoCodes((label.key, chip.key), found.what, found.a_value, found.b_value)
