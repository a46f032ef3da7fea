"""The count of a station's events: which numbers have come, and which are still missing.

A station numbers its events from 1 in every run of its own (an epoch). What the ledger keeps is the
highest number below which none is missing, and the stretches above it that have come already.

>>> extend(3, [], {5, 6})
(3, [(5, 6)])
>>> extend(3, [(5, 6)], {4})
(6, [])
"""

from __future__ import annotations

from collections.abc import Iterable


def extend(
    contiguous: int, ahead: list[tuple[int, int]], counters: Iterable[int]
) -> tuple[int, list[tuple[int, int]]]:
    """Add counters that have come.

    Args:
        contiguous: Every number from 1 to this one has come.
        ahead: Stretches (first, last) above it that have come, in order.
        counters: Numbers that come now; those known already are harmless.

    Returns:
        The new contiguous number and the stretches ahead of it.
    """
    numbers = sorted({counter for counter in counters if counter > contiguous})
    spans = sorted([*ahead, *((number, number) for number in numbers)])
    merged: list[tuple[int, int]] = []
    for first, last in spans:
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    while merged and merged[0][0] <= contiguous + 1:
        contiguous = max(contiguous, merged.pop(0)[1])
    return contiguous, merged


def holes(contiguous: int, ahead: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the stretches that are missing.

    >>> holes(3, [(5, 6), (9, 9)])
    [(4, 4), (7, 8)]
    """
    missing = []
    expected = contiguous + 1
    for first, last in ahead:
        missing.append((expected, first - 1))
        expected = last + 1
    return missing
