"""A gate of which the truth is known: things walk past two antennas, others stand beside it.

The model is written apart from what is tested and shares no constant with it: free-space loss in
both directions, a pattern that fades to the sides, slow fading that lasts a wavelength or two, fast
fading at every read, and a chip that answers only above its threshold.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from traceability.observation.trace import Side, Trace

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
THRESHOLD_DBM = -68.0
ANTENNAS_M: dict[Side, float] = {"outside": -0.4, "inside": 0.4}
"""Where the antennas look, along the way; the gate's middle is 0, inside is beyond it."""


@dataclass(frozen=True)
class Heard:
    """One read of the simulated gate."""

    at: datetime
    key: str
    side: Side
    rssi_dbm: float


@dataclass
class Thing:
    """Something with a tag: where it is at each moment, and how well its tag answers."""

    key: str
    begins_m: float
    speed_mps: float
    """Towards inside; 0 stands."""
    beside_m: float = 1.0
    """How far from the antennas' line."""
    tag_db: float = 0.0


def listen(
    dice: random.Random, things: list[Thing], seconds: float, *, rounds_per_s: int = 15
) -> list[Heard]:
    """Let things move for a while and give what was read, in the order of time."""
    heard: list[Heard] = []
    fade = {(thing.key, side): dice.gauss(0, 4) for thing in things for side in ANTENNAS_M}
    for number in range(int(seconds * rounds_per_s)):
        moment = number / rounds_per_s
        side: Side = "outside" if number % 2 else "inside"
        for thing in things:
            moved = abs(thing.speed_mps) / rounds_per_s
            # Slow fading forgets over 15 cm of way; people who walk about stir it a little.
            keep = math.exp(-(moved + 0.004) / 0.15)
            slow = keep * fade[thing.key, side] + math.sqrt(1 - keep**2) * dice.gauss(0, 4)
            fade[thing.key, side] = slow
            along = thing.begins_m + thing.speed_mps * moment - ANTENNAS_M[side]
            away = math.hypot(along, thing.beside_m)
            pattern = 12 * min(math.atan2(abs(along), thing.beside_m) / (math.pi / 2), 1) ** 2
            dbm = -45 + thing.tag_db - 40 * math.log10(max(away, 0.3)) - pattern + slow
            dbm += dice.gauss(0, 1)
            if dbm > THRESHOLD_DBM and dice.random() < 0.5:
                at = START + timedelta(seconds=moment, milliseconds=dice.randrange(30))
                heard.append(Heard(at, thing.key, side, round(dbm, 1)))
    return sorted(heard, key=lambda one: one.at)


def traces(heard: list[Heard]) -> dict[str, Trace]:
    """Trace what was heard, as a station does."""
    found: dict[str, Trace] = {}
    for each in heard:
        trace = found.setdefault(each.key, Trace(each.at))
        trace.add(each.at, each.side, each.rssi_dbm)
    return found


def carton(dice: random.Random, count: int, speed_mps: float) -> list[Thing]:
    """Return the garments of one carton that goes through."""
    begins = -3.0 if speed_mps > 0 else 3.0
    return [
        Thing(
            f"garment-{number}",
            begins + dice.uniform(-0.2, 0.2),
            speed_mps,
            dice.uniform(0.7, 1.3),
            dice.gauss(-8, 5),
        )
        for number in range(count)
    ]


def rack(dice: random.Random, count: int) -> list[Thing]:
    """Return garments that hang near the gate and stay."""
    return [
        Thing(
            f"rack-{number}", dice.uniform(1.5, 2.5), 0.0, dice.uniform(1.0, 2.0), dice.gauss(0, 3)
        )
        for number in range(count)
    ]
