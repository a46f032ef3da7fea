"""Draws legal values of any Application Identifier, part by part as the AI table describes them."""

from __future__ import annotations

from hypothesis import strategies as st

from traceability.gs1.application_identifiers import AIS, Part
from traceability.gs1.check_digit import check_digit, check_pair
from traceability.gs1.components import SET_39, SET_64, SET_82
from traceability.gs1.country_codes import COUNTRIES, COUNTRY_LETTERS, CURRENCIES
from traceability.gs1.epc_values import COMPONENTS

_ALPHABETS = {"N": "0123456789", "X": SET_82, "Y": SET_39, "Z": SET_64}
_DAYS = st.dates().map(lambda day: f"{day:%y%m%d}")


def _two(limit: int) -> st.SearchStrategy[str]:
    return st.integers(0, limit - 1).map(lambda number: f"{number:02d}")


# What satisfies one check, for parts where drawing at random would hardly ever do.
_BY_CHECK: dict[str, st.SearchStrategy[str]] = {
    "date": _DAYS,
    "date0": _DAYS | _DAYS.map(lambda day: day[:4] + "00"),
    "date4": st.dates().map(lambda day: f"{day.year:04d}{day:%m%d}"),
    "hhmm": st.tuples(_two(24), _two(60)).map("".join),
    "hh": _two(24),
    "mm": _two(60),
    "ss": _two(60),
    "country": st.sampled_from(sorted(COUNTRIES)),
    "country999": st.sampled_from([*sorted(COUNTRIES), "999"]),
    "country2": st.sampled_from(sorted(COUNTRY_LETTERS)),
    "currency": st.sampled_from(sorted(CURRENCIES)),
    "yesno": st.sampled_from("01"),
    "sex": st.sampled_from("0129"),
    "winding": st.sampled_from("019"),
    "minus": st.just("-"),
    "zero": st.just("0"),
    "pieces": st.sampled_from(["0101", "0102", "0202", "0399", "9999"]),
    "sequence": st.tuples(st.integers(1, 9), st.integers(1, 9)).map(
        lambda pair: f"{min(pair)}/{max(pair)}"
    ),
    "latitude": st.integers(0, 1_800_000_000).map(lambda number: f"{number:010d}"),
    "longitude": st.integers(0, 3_600_000_000).map(lambda number: f"{number:010d}"),
    "importer": st.sampled_from(SET_64),
    "media": st.sampled_from(["01", "10", "80", "99"]),
    "package": st.sampled_from(["CT", "201", "8", "PLP"]),
    "iban": st.sampled_from(["GB82WEST12345698765432", "NO9386011117947"]),
}


def _plain(part: Part, size: int) -> st.SearchStrategy[str]:
    return st.text(_ALPHABETS[part.alphabet], min_size=part.length_min, max_size=size)


def _part(part: Part, size: int) -> st.SearchStrategy[str]:
    for name in part.checks:
        if name in _BY_CHECK:
            return _BY_CHECK[name]
    size = min(size, part.length_max)
    text = _plain(part, size)
    if "percent" in part.checks:
        text = text.map(lambda drawn: drawn.replace("%", "-"))
    if "nondigit" in part.checks:
        text = text.map(lambda drawn: "A" + drawn[1:])
    if "nonzero" in part.checks or "nozero" in part.checks:
        text = text.map(lambda drawn: "1" + drawn[1:])
    if "prefix1" in part.checks:
        text = text.map(lambda drawn: ("9506" + drawn[4:])[: max(4, len(drawn))])
    if "pair" in part.checks:
        text = text.map(lambda drawn: drawn[: size - 2]).map(lambda body: body + check_pair(body))
    if "check" in part.checks:
        text = text.map(lambda drawn: drawn[:-1] + str(check_digit(drawn[:-1])))
    return text


def values(ai: str) -> st.SearchStrategy[str]:
    """Draw any value that an AI can carry in a tag, absent parts included."""
    rule = AIS[ai]
    room = sum(component.size for component in COMPONENTS[ai])

    def drawn(draw: st.DrawFn) -> str:
        text = ""
        for part in rule.parts:
            if part.is_optional and draw(st.booleans()):
                break
            text += draw(_part(part, room))
        return text

    return st.composite(drawn)()
