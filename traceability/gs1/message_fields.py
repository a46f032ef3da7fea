"""The short way through a good message: one pattern for each AI, all its checks behind it.

Nearly every message that a scanner sends is right. Reading it needs no sentence about what is
wrong, so each field is taken by one regular expression made from the table of AIs. Whatever does
not fit takes the long way through `traceability.gs1.element_string`, which finds the same fault
anew and says it (a test compares both ways).

>>> read_fields("0109506000134352" "21A1", GS)
(('01', '09506000134352'), ('21', 'A1'))
>>> read_fields("0109506000134353" "21A1", GS) is None
True
"""

import re
from collections.abc import Callable
from functools import lru_cache

from traceability.gs1.application_identifiers import AIS, SETS, ApplicationIdentifier, Part
from traceability.gs1.check_digit import GROUP_SUMS
from traceability.gs1.components import CHECKS

GS = "\x1d"

Holds = Callable[[str], bool]
Field = tuple[str, re.Pattern[str], bool, tuple[tuple[int, Holds], ...]]
"""AI, pattern of the value, whether its length alone ends it, and the checks by their group."""


def _is_checked(digits: str) -> bool:
    """Tell whether the last of up to 18 digits is right; `check_digit` unrolled."""
    body, last = divmod(int(digits), 10)
    high, low = divmod(body, 100_000_000)
    highest, high = divmod(high, 100_000_000)
    total = (
        GROUP_SUMS[low % 10_000] + GROUP_SUMS[low // 10_000]
        + GROUP_SUMS[high % 10_000] + GROUP_SUMS[high // 10_000] + 3 * highest
    )  # fmt: skip
    return (total + last) % 10 == 0


def _holds(name: str) -> Holds:
    """Return a check that only says whether it holds; of dates and countries there are few."""
    if name == "check":
        return _is_checked
    check = CHECKS[name]
    return lru_cache(maxsize=4_096)(lambda text: check(text) is None)


def _part(part: Part) -> str:
    allowed = "".join(re.escape(one) for one in sorted(SETS[part.alphabet][0]))
    low, high = part.length_min, part.length_max
    times = f"{{{low}}}" if low == high else f"{{{low},{high}}}"
    return f"([{allowed}]{times}){'?' if part.is_optional else ''}"


def _field(rule: ApplicationIdentifier) -> Field:
    checks = tuple(
        (group, _holds(name))
        for group, part in enumerate(rule.parts, 1)
        for name in part.checks
        if not (name.startswith("prefix") and part.alphabet == "N" and part.length_min >= 5)
    )
    return rule.ai, re.compile("".join(map(_part, rule.parts))), rule.is_fixed, checks


_FIELDS = {ai: _field(rule) for ai, rule in AIS.items()}
_LENGTHS = {ai[:2]: len(ai) for ai in AIS}
_SIGNS = frozenset().union(*(allowed for allowed, _ in SETS.values()))


def read_fields(text: str, separator: str) -> tuple[tuple[str, str], ...] | None:
    """Read the fields of a message, each right by itself.

    Args:
        text: AIs and values one after the other, without the FNC1 that opens the symbol.
        separator: The character that stands for FNC1 after a field of variable length.

    Returns:
        AIs and values; None if anything is wrong or unusual: then the long way tells.
    """
    if separator in _SIGNS:
        return None
    found: list[tuple[str, str]] = []
    place, end = 0, len(text)
    while place < end:
        # The first two digits tell how many digits an AI has.
        body = place + _LENGTHS.get(text[place : place + 2], 9)
        field = _FIELDS.get(text[place:body])
        if field is None:
            return None
        ai, pattern, is_fixed, checks = field
        match = pattern.match(text, body)
        if match is None:
            return None
        for group, holds in checks:
            part = match[group]
            if part is not None and not holds(part):
                return None
        found.append((ai, match[0]))
        place = match.end()
        if place < end:
            if text[place] == separator:
                place += 1
            elif not is_fixed:
                return None
    return tuple(found)
