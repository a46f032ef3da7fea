"""A reader that slowly gets worse, told from its own past: nobody has to say what is normal.

While a reader reads, every ten minutes make a *window*: how many reads a second, which share of
what came was noise, how strong the tags were. The last three windows are set against all of the
past week. Medians are compared, since one crowded hour says nothing; a difference counts when it
is larger than 3.5 robust deviations (1.4826 × MAD) and larger than a person would call one.

>>> past = [Window(40 + n % 3, 0.01, -55.0) for n in range(30)]
>>> drifts([*past, *3 * [Window(41, 0.01, -55.0)]])
()
>>> drifts([*past, *3 * [Window(12, 0.01, -66.0)]])
('rate', 'rssi')

Source: Iglewicz and Hoaglin, How to Detect and Handle Outliers (1993): the modified z-score and its
limit of 3.5.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

WINDOW_S = 600.0
WINDOWS_MAX = 1_008
"""A week without a pause."""
NOW = 3
"""Windows that count as now."""
PAST_MIN = 24
"""Four hours of reading: before, a reader has no past to be set against."""
LIMIT = 3.5
SCALE = 1.4826
"""Makes the median deviation of a normal spread its standard deviation."""
LEAST = {"rate": 0.25, "noise": 0.05, "rssi": 3.0}
"""Least difference: a quarter of the usual rate, five of a hundred frames, 3 dB."""


@dataclass(frozen=True, slots=True)
class Window:
    """Ten minutes of one reader, if it read anything in them."""

    rate: float
    """Reads for each second in which there was one."""
    noise: float
    """Share of noise in all that came, 0 to 1."""
    rssi_dbm: float | None
    """Median; None where the reader does not say it in dBm."""


def drifts(windows: Sequence[Window]) -> tuple[str, ...]:
    """Return what has got worse: `rate` (fewer reads), `noise` (more), `rssi` (weaker tags).

    Args:
        windows: Of one reader, oldest first.
    """
    past, now = windows[:-NOW], windows[-NOW:]
    found = []
    columns = {
        "rate": ([each.rate for each in past], [each.rate for each in now], -1),
        "noise": ([each.noise for each in past], [each.noise for each in now], 1),
        "rssi": (
            [each.rssi_dbm for each in past if each.rssi_dbm is not None],
            [each.rssi_dbm for each in now if each.rssi_dbm is not None],
            -1,
        ),
    }
    for name, (before, after, worse) in columns.items():
        if len(before) < PAST_MIN or len(after) < NOW:
            continue
        usual = statistics.median(before)
        spread = SCALE * statistics.median(abs(each - usual) for each in before)
        least = LEAST[name] * usual if name == "rate" else LEAST[name]
        if worse * (statistics.median(after) - usual) > max(LIMIT * spread, least):
            found.append(name)
    return tuple(found)
