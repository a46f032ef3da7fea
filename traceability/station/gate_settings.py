"""How a gate is built, as its station's file says it: what looks inside, what outside, which eyes.

>>> gate = parse_gate({"inside": ["dock:1"], "outside": ["dock:2"], "stray_rise_db": 8})
>>> gate.side_of("dock", 2), gate.side_of("dock", 7), gate.has_two_sides
('outside', '', True)
>>> print(write_gate(gate))
[gate]
inside = ["dock:1"]
outside = ["dock:2"]
stray_rise_db = 8
<BLANKLINE>
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from traceability.errors import TraceabilityError
from traceability.observation.direction import SEPARATION_MS
from traceability.observation.trace import Side

Spot = tuple[str, int]
"""A reader's name and the number of its antenna or input, from 1."""

SPOTS_MAX = 64


class InvalidGate(TraceabilityError):
    """The gate's part of a station's file is wrong; the sentence says what to write."""


@dataclass(frozen=True, slots=True)
class GateSettings:
    """What a station knows of its gate; of one that says nothing, nothing is concluded."""

    inside: tuple[Spot, ...] = ()
    """Antennas that look at the way in."""
    outside: tuple[Spot, ...] = ()
    inside_eye: Spot | None = None
    """Input at which a photo-eye says that its beam is broken."""
    outside_eye: Spot | None = None
    eyes_break_low: bool = False
    """True if an input goes low when its beam is broken; else high means broken."""
    separation_ms: int = SEPARATION_MS
    stray_rise_db: int | None = None
    """What stands beside the gate is left out of a pass unless its signal rose by so much; None
    counts all that is heard."""

    @property
    def has_two_sides(self) -> bool:
        """True if its antennas can tell which way things went."""
        return bool(self.inside and self.outside)

    @property
    def eye_count(self) -> int:
        """0 to 2 photo-eyes."""
        return sum(1 for eye in (self.inside_eye, self.outside_eye) if eye is not None)

    @property
    def tells_way(self) -> bool:
        """True if each pass is told which way it went, if only that nobody can say."""
        return self.has_two_sides or self.eye_count == 2

    def side_of(self, reader: str, antenna: int | None) -> Side:
        """Return where an antenna looks; a reader that numbers none has number 1."""
        spot = (reader, antenna or 1)
        if spot in self.inside:
            return "inside"
        return "outside" if spot in self.outside else ""

    def eye_of(self, reader: str, pin: int) -> Side:
        """Return which photo-eye hangs at an input; empty if none."""
        spot = (reader, pin)
        if spot == self.inside_eye:
            return "inside"
        return "outside" if spot == self.outside_eye else ""


def parse_gate(tree: object) -> GateSettings:
    """Read the table `[gate]`.

    Raises:
        InvalidGate: With one sentence about the first mistake.
    """
    if not isinstance(tree, Mapping):
        raise InvalidGate(f"The gate is {tree!r}; expected [gate] with its members.")
    unknown = sorted(set(tree) - set(GateSettings.__dataclass_fields__))
    if unknown:
        listed = ", ".join(repr(each) for each in unknown)
        raise InvalidGate(f"The gate says {listed}, which no gate knows; correct or delete it.")
    inside, outside = _spots(tree, "inside"), _spots(tree, "outside")
    both = sorted(set(inside) & set(outside))
    if both:
        raise InvalidGate(f"Antenna {_spell(both[0])} looks both inside and outside; choose one.")
    if bool(inside) != bool(outside):
        raise InvalidGate("A gate with antennas on one side only tells no way: name both sides.")
    return GateSettings(
        inside=inside,
        outside=outside,
        inside_eye=_eye(tree, "inside_eye"),
        outside_eye=_eye(tree, "outside_eye"),
        eyes_break_low=_claim(tree, "eyes_break_low"),
        separation_ms=_whole(tree, "separation_ms", 20, 10_000) or SEPARATION_MS,
        stray_rise_db=_whole(tree, "stray_rise_db", 2, 40),
    )


def write_gate(gate: GateSettings) -> str:
    """Return the table `[gate]`; nothing if nothing is said of it."""
    if gate == GateSettings():
        return ""
    lines = ["[gate]"]
    for member in ("inside", "outside"):
        spots = [_spell(spot) for spot in getattr(gate, member)]
        if spots:
            lines.append(f"{member} = {json.dumps(spots, ensure_ascii=False)}")
    for member in ("inside_eye", "outside_eye"):
        spot = getattr(gate, member)
        if spot is not None:
            lines.append(f"{member} = {json.dumps(_spell(spot), ensure_ascii=False)}")
    if gate.eyes_break_low:
        lines.append("eyes_break_low = true")
    if gate.separation_ms != SEPARATION_MS:
        lines.append(f"separation_ms = {gate.separation_ms}")
    if gate.stray_rise_db is not None:
        lines.append(f"stray_rise_db = {gate.stray_rise_db}")
    return "\n".join(lines) + "\n"


def _spell(spot: Spot) -> str:
    return f"{spot[0]}:{spot[1]}"


def _spots(tree: Mapping[str, object], member: str) -> tuple[Spot, ...]:
    listed = tree.get(member, [])
    if not isinstance(listed, list) or len(listed) > SPOTS_MAX:
        raise InvalidGate(f'{member} is {listed!r}; expected a list such as ["dock.gate:1"].')
    return tuple(read_spot(member, each) for each in listed)


def _eye(tree: Mapping[str, object], member: str) -> Spot | None:
    return read_spot(member, tree[member]) if member in tree else None


def read_spot(member: str, text: object) -> Spot:
    """Read a reader's name and a number, as `dock.gate:1`.

    Raises:
        InvalidGate: If it is none; the sentence names the member.
    """
    reader, colon, number = str(text).rpartition(":")
    if not isinstance(text, str) or not colon or not reader or not number.isdecimal():
        raise InvalidGate(
            f"{member} names {text!r}; expected a reader and a number, such as 'dock.gate:1'."
        )
    return reader, int(number)


def _whole(tree: Mapping[str, object], member: str, least: int, most: int) -> int | None:
    value = tree.get(member)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise InvalidGate(f"{member} is {value!r}; expected a whole number from {least} to {most}.")
    return value


def _claim(tree: Mapping[str, object], member: str) -> bool:
    value = tree.get(member, False)
    if not isinstance(value, bool):
        raise InvalidGate(f"{member} is {value!r}; expected true or false.")
    return value
