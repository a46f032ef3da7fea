"""The numbers in brackets on a carton label, each with its own rule for what may follow.

>>> batch = find("10", 0)
>>> batch.ai, batch.is_fixed
('10', False)
>>> find("01", 0).check("09506000134352")
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from traceability.errors import InvalidIdentifier
from traceability.gs1.ai_table import ROWS
from traceability.gs1.components import CHECKS, SET_39, SET_64, SET_82

SETS = {
    "N": (frozenset("0123456789"), "a digit"),
    "X": (frozenset(SET_82), "a character of the GS1 set of 82"),
    "Y": (frozenset(SET_39), "a digit, a capital letter, '#', '-' or '/'"),
    "Z": (frozenset(SET_64 + "="), "a character of base64url"),
}
_PART = re.compile(r"([NXYZ])(\.\.)?(\d+)((?:/\w+)*)(\?)?\Z")
_DIGITS = frozenset("0123456789")


@dataclass(frozen=True, slots=True)
class Part:
    """One stretch of a field: its alphabet, its length, its checks."""

    alphabet: str
    length_min: int
    length_max: int
    checks: tuple[str, ...]
    is_optional: bool


@dataclass(frozen=True, slots=True)
class ApplicationIdentifier:
    """What one AI demands of the data behind it and of the other AIs on the same thing."""

    ai: str
    is_fixed: bool
    """No separator follows; the length alone ends the field."""
    is_attribute: bool
    """May stand in the query of a Digital Link."""
    parts: tuple[Part, ...]
    needs: tuple[tuple[str, ...], ...]
    """Alternatives, each a group of AI patterns (``n`` any digit) of which all must be there."""
    forbids: tuple[str, ...]
    path: tuple[tuple[str, ...], ...] | None
    """Qualifier sequences if this AI is a Digital Link key, else None."""
    length_max: int

    def check(self, value: str, start: int = 0, *, but: frozenset[str] = frozenset()) -> None:
        """Refuse a value that this AI cannot carry.

        Args:
            value: The data as it stands behind the AI, unescaped.
            start: Position of the value in the input; added to the position of an error.
            but: Names of checks to leave out.

        Raises:
            InvalidIdentifier: If a length, an alphabet or a check does not hold.
        """
        place = 0
        if not value:
            raise self._fault(value, "at least one character", "nothing", start)
        for part in self.parts:
            if place >= len(value) and part.is_optional:
                break
            text = value[place : place + part.length_max]
            allowed, wanted = SETS[part.alphabet]
            if not allowed.issuperset(text):
                offset = next(i for i, c in enumerate(text) if c not in allowed)
                at = place + offset
                raise self._fault(value, f"{wanted} at place {at}", repr(text[offset]), start + at)
            if len(text) < part.length_min:
                raise self._fault(value, self._lengths(), f"{len(value)}", start + len(value))
            for name in part.checks:
                fault = None if name in but else CHECKS[name](text)
                if fault is not None:
                    at = place + fault[0]
                    raise self._fault(value, fault[1], repr(text[fault[0] :]), start + at)
            place += len(text)
        if place < len(value):
            raise self._fault(value, self._lengths(), f"{len(value)}", start + place)

    def _lengths(self) -> str:
        low = sum(part.length_min for part in self.parts if not part.is_optional)
        if low == self.length_max:
            return f"{low} characters"
        return f"{low} to {self.length_max} characters"

    def _fault(self, value: str, expected: str, got: str, position: int) -> InvalidIdentifier:
        return InvalidIdentifier(
            f"Cannot read ({self.ai}){legible(value)}: expected {expected}, got {got}.", position
        )


def legible(value: str) -> str:
    r"""Return the first 40 characters of a value as a sentence may show them.

    >>> legible("A" * 41)[-3:], legible(chr(27) + "[2J")
    ('AA…', '\\x1b[2J')
    """
    shown = value if len(value) <= 40 else value[:40] + "…"
    if shown.isprintable():
        return shown
    # A control character would act on the terminal or page that shows the sentence.
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in shown)


def _parse_part(text: str) -> Part:
    match = _PART.match(text)
    if match is None:
        raise AssertionError(f"format part {text!r} is not of the table's grammar")
    alphabet, variable, length, checks, optional = match.groups()
    names = tuple(checks.split("/")[1:])
    return Part(alphabet, 1 if variable else int(length), int(length), names, bool(optional))


def _parse_rows() -> Iterable[ApplicationIdentifier]:
    for numbers, flags, spec, needs, forbids, path in ROWS:
        first, _, last = numbers.partition("-")
        parts = tuple(_parse_part(text) for text in spec.split())
        for number in range(int(first), int(last or first) + 1):
            yield ApplicationIdentifier(
                ai=f"{number:0{len(first)}d}",
                is_fixed="F" in flags,
                is_attribute="L" in flags,
                parts=parts,
                needs=tuple(tuple(group.split("+")) for group in needs.split()),
                forbids=tuple(forbids.split()),
                path=None if path == "-" else tuple(tuple(s.split()) for s in path.split("|")),
                length_max=sum(part.length_max for part in parts),
            )


AIS = {row.ai: row for row in _parse_rows()}
"""All Application Identifiers by their digits."""

# The first two digits tell how many digits an AI has; a test holds this to the table.
_LENGTHS = {ai[:2]: len(ai) for ai in AIS}
# Digits behind an AI of predefined length, by its first two digits: numbers that GS1 has not
# assigned end by length too (General Specifications, section 7.8, figure of predefined lengths).
_PREDEFINED = {
    "03": 14, "04": 16, "14": 6, "18": 6, "19": 6,
    **dict.fromkeys(("31", "32", "33", "34", "35", "36"), 6), "41": 13,
}  # fmt: skip


def rule_of(ai: str, *, permit_unknown: bool = False) -> ApplicationIdentifier | None:
    """Return what an AI demands; None if GS1 has not assigned it.

    Args:
        ai: Its digits.
        permit_unknown: Make up a rule for an AI that GS1 has not assigned: any 1 to 90
            characters, or the predefined number of digits.

    >>> rule_of("89") is None, rule_of("89", permit_unknown=True).length_max
    (True, 90)
    """
    found = AIS.get(ai)
    if found is not None or not permit_unknown or not 2 <= len(ai) <= 4:
        return found
    if _LENGTHS.get(ai[:2], len(ai)) != len(ai):
        return None
    digits = _PREDEFINED.get(ai[:2])
    part = Part("X", 1, 90, (), False) if digits is None else Part("N", digits, digits, (), False)
    return ApplicationIdentifier(
        ai, digits is not None, True, (part,), (), (), None, part.length_max
    )


def find(text: str, position: int, *, permit_unknown: bool = False) -> ApplicationIdentifier:
    """Return the AI that begins at this position of a message.

    Args:
        text: A message without brackets.
        position: Where the AI begins.
        permit_unknown: Take an AI that GS1 has not assigned, if its first two digits tell how
            many it has.

    Raises:
        InvalidIdentifier: If no AI begins there.
    """
    lead = text[position : position + 2]
    length = _LENGTHS.get(lead) or (2 if permit_unknown and lead in _PREDEFINED else None)
    ai = text[position : position + length] if length else ""
    found = AIS.get(ai)
    if found is None and permit_unknown and len(ai) == length and ai.isdigit() and ai.isascii():
        found = rule_of(ai, permit_unknown=True)
    if found is None:
        raise InvalidIdentifier(
            f"Cannot read {text[:60]!r}: expected an Application Identifier at place {position}, "
            f"got {text[position : position + 4]!r}.",
            position,
        )
    return found


def _matches(pattern: str, ai: str) -> bool:
    return len(pattern) == len(ai) and all(p in ("n", c) for p, c in zip(pattern, ai, strict=True))


def _is_present(pattern: str, ais: Iterable[str]) -> bool:
    if "n" not in pattern:
        return pattern in ais
    return any(_matches(pattern, ai) for ai in ais)


def check_together(
    elements: tuple[tuple[str, str], ...], *, requisites: bool = True, position: int = 0
) -> None:
    """Refuse elements that cannot stand together on one thing.

    Args:
        elements: AI and value, each value already checked by itself.
        requisites: Also refuse an AI whose needed companion is absent. A single scan of a label
            with several barcodes is read without: its companions may be in the next barcode.
        position: The position that an error names.

    Raises:
        InvalidIdentifier: If an AI comes twice with two values, or forbids or misses another.

    Source: GS1 General Specifications, section 4.14 (association of element strings).
    """
    values = dict(elements)
    if len(values) < len(elements):
        _refuse_two_values(elements, position)
    fault = _fault_together(tuple(values), requisites)
    if fault is not None:
        raise InvalidIdentifier(fault, position)
    _check_signature(values, position)


def _refuse_two_values(elements: tuple[tuple[str, str], ...], position: int) -> None:
    values: dict[str, str] = {}
    for ai, value in elements:
        if values.setdefault(ai, value) != value:
            raise InvalidIdentifier(
                f"Cannot read ({ai}) twice with two values: expected {values[ai]!r} again, "
                f"got {value!r}.",
                position,
            )


# Labels of one house carry few combinations: each is judged once.
@lru_cache(maxsize=4_096)
def _fault_together(ais: tuple[str, ...], requisites: bool) -> str | None:
    """Say what is wrong with AIs that stand together, whatever their values."""
    for ai in ais:
        rule = AIS.get(ai)
        if rule is None:
            continue  # Permitted though not assigned: nothing is known that it needs or forbids.
        for pattern in rule.forbids:
            clash = next((b for b in ais if b != ai and _matches(pattern, b)), None)
            if clash is not None:
                return f"Cannot read ({ai}) together with ({clash}): they never stand on one thing."
        if (
            requisites
            and rule.needs
            and not any(all(_is_present(pattern, ais) for pattern in group) for group in rule.needs)
        ):
            wanted = " or ".join("".join(f"({p})" for p in group) for group in rule.needs)
            return f"Cannot read ({ai}) alone: expected {wanted} with it."
    return None


def _check_signature(values: dict[str, str], position: int) -> None:
    """A digital signature (8030) needs a document, coupon or asset key with its serial part."""
    if "8030" not in values:
        return
    for ai, length in (("253", 13), ("255", 13), ("8003", 14)):
        if ai in values and len(values[ai]) == length:
            raise InvalidIdentifier(
                f"Cannot read (8030) with ({ai}){values[ai]}: expected a serial part in ({ai}).",
                position,
            )
