"""The tables of others, a program's tests: all rows of biip's parameter tables.

Each of its test functions is answered by a rule here: what we say to the same input, or why that
feature is none of ours. A function without a rule fails.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from functools import partial
from typing import Any

import pytest

from tests import vectors
from tests.gs1.vector_tables import Row, table
from traceability.gs1 import InvalidIdentifier, identify
from traceability.gs1.application_identifiers import AIS, find
from traceability.gs1.check_digit import check_digit
from traceability.gs1.digital_link import canonical_link, read_link
from traceability.gs1.element_string import (
    format_message,
    parse_brackets,
    parse_message,
)
from traceability.gs1.element_value import amount_of, currency_of, dates_of
from traceability.gs1.gtin import expand_upc_e, format_gtin, parse_gtin, shorten_upc_a
from traceability.gs1.identity import Elements, format_elements, format_link
from traceability.gs1.scan import has_aim_prefix

pytestmark = pytest.mark.vectors

TODAY = date(2026, 7, 1)
"""The rows about centuries were written in this year."""

# `Any`: each test function of the other program has arguments of its own.
Arguments = dict[str, Any]
Rule = Callable[[Arguments], None]

# Features that are none of ours, each with its reason; their rows are counted, not read.
IN_STORE = (
    "numbers that a shop gives to weighed goods hold a price, by rules of each country; they "
    "never stand on a garment, and a GTIN that begins with 2 is kept as it is"
)
PREFIX_LOOKUP = (
    "GS1's public table of prefixes covers ranges, not single keys, and would be guessed from; "
    "the length of a company prefix is the owner's own entry"
)
ABSENT = {
    "test_without_variable_measure_strips_variable_parts": IN_STORE,
    "test_without_variable_measure_keeps_nonvariable_rcn_unchanged": IN_STORE,
    "test_without_variable_measure_keeps_company_rcn_unchanged": IN_STORE,
    "test_gs1_price_weight_check_digit": IN_STORE,
    "test_gs1_price_weight_check_digit_on_values_with_wrong_length": IN_STORE,
    "test_gs1_prefix": PREFIX_LOOKUP,
    "test_invalid_gs1_prefix": PREFIX_LOOKUP,
    "test_gs1_8_prefix": PREFIX_LOOKUP,
    "test_invalid_gs1_8_prefix": PREFIX_LOOKUP,
    "test_gs1_company_prefix": PREFIX_LOOKUP,
    "test_invalid_gs1_company_prefix": PREFIX_LOOKUP,
}


def refuse(read: Callable[[], object]) -> None:
    """Expect a refusal."""
    with pytest.raises(InvalidIdentifier):
        read()


def digits_of(text: str) -> str:
    """Return 14 digits of what a row calls a GTIN or UPC: short ones are UPC-E."""
    return parse_gtin(expand_upc_e(text) if len(text) in (6, 7) else text)


def gtin_of(arguments: Arguments) -> None:
    parse_gtin(arguments["value"])


def gtin_as(length: int, file: str) -> Rule:
    def rule(arguments: Arguments) -> None:
        value = arguments["value"]
        is_upc_e = "upc" in file and len(value) < 12
        gtin = parse_gtin(expand_upc_e(value)) if is_upc_e else parse_gtin(value)
        assert format_gtin(gtin, length) == arguments["expected"]

    return rule


def gtin_too_long_for(length: int) -> Rule:
    return lambda arguments: refuse(lambda: format_gtin(parse_gtin(arguments["value"]), length))


def upc_a(arguments: Arguments) -> None:
    value = arguments["value"]
    assert (value if len(value) == 12 else expand_upc_e(value)) == arguments["expected"]


def upc_e(arguments: Arguments) -> None:
    value = arguments["value"]
    long = value if len(value) == 12 else expand_upc_e(value)
    assert shorten_upc_a(long) == arguments["expected"]


def upc_e_taken_apart(arguments: Arguments) -> None:
    expected = arguments["expected"]
    long = expand_upc_e(arguments["value"])
    assert (int(long[0]), int(long[-1])) == (
        expected["number_system_digit"],
        expected["check_digit"],
    )


def upc_e_of_system(arguments: Arguments) -> None:
    refuse(lambda: expand_upc_e(f"{arguments['number_system']}4252611"))


def nonnumeric(arguments: Arguments) -> None:
    value = arguments["value"]
    refuse(lambda: parse_gtin(value))
    for ai in ("01", "410", "00"):
        refuse(partial(AIS[ai].check, value))
    for length in (6, 7, 8):
        refuse(partial(expand_upc_e, value[-length:]))


def standard_check_digit(arguments: Arguments) -> None:
    assert check_digit(arguments["value"]) == arguments["expected"]


# We hold these rows to be wrong: the 13 digits of a returnable asset's number end in a check
# digit (General Specifications, section 3.9.3), which the other program does not look at.
WRONG_GRAI = "800307071324001022085952"


def ai_and_value(text: str) -> Elements:
    """Read one message without asking for companions."""
    if text == WRONG_GRAI:
        refuse(lambda: parse_message(text, requisites=False))
        text = text.replace("07071324001022", "07071324001021")
    return parse_message(text, requisites=False)


def unknown_ai(arguments: Arguments) -> None:
    refuse(lambda: find(arguments["unknown_ai"], 0))


def known_ai(arguments: Arguments) -> None:
    expected = arguments["expected"]
    rule = find(arguments["value"], 0)
    assert (rule.ai, not rule.is_fixed) == (expected["ai"], expected["separator_required"])


def elements_in(tree: Arguments) -> Elements:
    """Return the AIs and values of an expected result, a wrong check digit put right."""
    return tuple(
        (one["ai"], one["value"].replace("07071324001022", "07071324001021"))
        for one in tree.get("element_strings", [tree])
    )


def says_error(tree: object) -> bool:
    """Tell whether the other program noted a fault in a value and went on; we refuse."""
    return isinstance(tree, dict) and any(
        (key.endswith("_error") and isinstance(value, str)) or says_error(value)
        for key, value in tree.items()
    )


def link_parsed(arguments: Arguments) -> None:
    assert read_link(arguments["value"]).elements == elements_in(arguments["expected"])


def link_refused(arguments: Arguments) -> None:
    refuse(lambda: read_link(arguments["value"]))


def link_as_uri(arguments: Arguments) -> None:
    stem = f"https://{arguments['domain'] or 'id.gs1.org'}"
    stem += f"/{arguments['prefix']}" if arguments["prefix"] else ""
    elements = read_link(arguments["value"]).elements
    assert format_link(elements, stem) == arguments["expected"]


def link_canonical(arguments: Arguments) -> None:
    assert canonical_link(arguments["value"]) == arguments["expected"]


def link_as_message(arguments: Arguments) -> None:
    assert format_elements(read_link(arguments["value"]).elements) == arguments["expected"]


def dates_read(elements: Elements) -> list[date | datetime]:
    """Return the dates of all elements."""
    return [one for ai, value in elements for one in dates_of(ai, value, today=TODAY)]


def dates_expected(tree: Arguments) -> list[date | datetime]:
    """Return the dates in an expected result; a time beside one goes with it."""
    found: list[date | datetime] = []
    for one in tree.get("element_strings", [tree]):
        if "datetime" in one:
            found.append(datetime.fromisoformat(one["datetime"]))
        elif "date" in one:
            found.append(date.fromisoformat(one["date"]))
    return found


def element(arguments: Arguments) -> None:
    expected = arguments["expected"]
    if not isinstance(expected, dict):
        assert dates_read(ai_and_value(arguments["value"])) == [date.fromisoformat(expected)]
        return
    if says_error(expected):
        refuse(lambda: ai_and_value(arguments["value"]))
        return
    elements = ai_and_value(arguments["value"])
    assert elements == elements_in(expected)
    assert dates_read(elements) == dates_expected(expected)


def date_and_time(arguments: Arguments) -> None:
    text = arguments["value"]
    if text.endswith("9999"):
        # The Syntax Dictionary checks the time of 4324 as hour and minute; 9999 for "any time"
        # is in the General Specifications only. We follow the dictionary, as its own tests do.
        refuse(lambda: ai_and_value(text))
        return
    (found,) = dates_read(ai_and_value(text))
    if arguments["expected_datetime"] is not None:
        assert found == datetime.fromisoformat(arguments["expected_datetime"])
    else:
        assert found == date.fromisoformat(arguments["expected_date"])


def invalid_date(arguments: Arguments) -> None:
    refuse(lambda: ai_and_value(arguments["ai_code"] + arguments["bad_value"]))


def amount(arguments: Arguments) -> None:
    ((ai, value),) = ai_and_value(arguments["value"])
    assert str(amount_of(ai, value)) == arguments.get("expected", arguments.get("expected_decimal"))
    assert currency_of(ai, value) == arguments.get("expected_currency")


def hri(arguments: Arguments) -> None:
    assert format_elements(ai_and_value(arguments["value"])) == arguments["expected"]


def message(arguments: Arguments) -> None:
    elements = ai_and_value(arguments["value"])
    assert elements == elements_in(arguments["expected"])
    assert dates_read(elements) == dates_expected(arguments["expected"])


def message_with_separators(arguments: Arguments) -> None:
    # One character is a scanner's setting; GS always counts beside it.
    separator = arguments["separator_chars"][0]
    elements = parse_message(arguments["value"], separator=separator, requisites=False)
    assert format_elements(elements) == arguments["expected_hri"]


def message_refused(arguments: Arguments) -> None:
    refuse(lambda: ai_and_value(arguments["value"]))


def message_with_spare_separators(arguments: Arguments) -> None:
    text = arguments["value"]
    assert format_elements(ai_and_value(text)) == arguments["expected_hri"]


def message_written(arguments: Arguments) -> None:
    elements = tuple((one["ai"], one["value"]) for one in arguments["value"])
    assert format_message(elements) == arguments["expected"]["value"]


def brackets(arguments: Arguments) -> None:
    expected = arguments["expected"]
    elements = parse_brackets(arguments["value"], requisites=False)
    assert (elements, format_message(elements)) == (elements_in(expected), expected["value"])


def brackets_refused(arguments: Arguments) -> None:
    refuse(lambda: parse_brackets(arguments["value"]))


def scan(arguments: Arguments) -> None:
    """Hold any text to what it is to us: a GS1 key only where that cannot be mistaken."""
    text, expected = arguments["value"], arguments["expected"]
    is_plain = not has_aim_prefix(text) and (len(text) not in (12, 13, 14))
    if is_plain and not re.match(r"0[01]", text):
        # Six, eight or eighteen digits may be a ticket number: a local name, never guessed.
        assert identify(text).kind == "local"
    elif "gtin" in expected:
        found = identify(text)
        assert dict(found.ais)["01"] == digits_of(expected["gtin"]["value"])
    elif "sscc" in expected:
        assert identify(text).ais == (("00", expected["sscc"]["value"]),)
    else:
        # A wrong check digit: refused where a prefix says what it is, else a name.
        assert identify(text).kind == "local"
        refuse(lambda: ai_and_value(text))


def sscc_spaced(arguments: Arguments) -> None:
    # Only the spaces differ: they stand round the company prefix, whose length we never look up.
    AIS["00"].check(arguments["value"])
    assert arguments["expected"].replace(" ", "") == arguments["value"]


def symbology(arguments: Arguments) -> None:
    # Three characters tell the symbol; "]Y" alone is followed by more, and no scanner of today
    # sends it.
    expected = arguments["expected"]["value"]
    assert has_aim_prefix(arguments["value"])
    assert expected[:3] == arguments["value"][:3]


def kept(arguments: Arguments) -> None:
    parse_gtin(arguments["value"])


RULES: dict[str, Rule] = {
    "test_as_gtin_13_fails_for_too_long_values": gtin_too_long_for(13),
    "test_as_gtin_12_fails_for_too_long_values": gtin_too_long_for(12),
    "test_as_gtin_8_fails_for_too_long_values": gtin_too_long_for(8),
    "test_parse_nonnumeric_value": nonnumeric,
    "test_parse_gtin_8": gtin_of,
    "test_parse_gtin_8_with_leading_zeros": gtin_of,
    "test_parse_gtin_12_without_leading_zero": gtin_of,
    "test_parse_gtin_12_with_1_leading_zero": gtin_of,
    "test_parse_gtin_12_with_2_leading_zero": gtin_of,
    "test_parse_gtin_12_with_3_leading_zero": gtin_of,
    "test_parse_gtin_13": gtin_of,
    "test_parse_gtin_14": gtin_of,
    "test_without_variable_measure_keeps_gtin_unchanged": kept,
    "test_gs1_standard_check_digit_with_nonnumeric_value": lambda arguments: refuse(
        lambda: check_digit(arguments["value"])
    ),
    "test_gs1_standard_check_digit": standard_check_digit,
    "test_extract_unknown_gs1_ai": unknown_ai,
    "test_extract_gs1_ai": known_ai,
    "test_parse_error": link_refused,
    "test_as_uri": link_as_uri,
    "test_as_canonical_uri": link_canonical,
    "test_as_gs1_message": link_as_message,
    "test_extract_with_nested_error": element,
    "test_extract_date_and_datetime": date_and_time,
    "test_extract_fails_with_invalid_date": invalid_date,
    "test_extract_handles_min_and_max_year_correctly": element,
    "test_extract_handles_zero_day_as_last_day_of_month": element,
    "test_extract_variable_measures": amount,
    "test_extract_amount_payable": amount,
    "test_extract_amount_payable_and_currency": amount,
    "test_parse_with_separator_char": message_with_separators,
    "test_parse_with_invalid_element_values": message_refused,
    "test_parse_fails_if_unparsed_data_left": message_refused,
    "test_parse_ignores_redundant_separator_chars": message_with_spare_separators,
    "test_from_element_strings": message_written,
    "test_parse_hri": brackets,
    "test_parse_hri_fails_if_not_starting_with_parenthesis": brackets_refused,
    "test_parse_hri_fails_if_no_pattern_matches": brackets_refused,
    "test_parse_hri_fails_if_ai_is_unknown": brackets_refused,
    "test_as_upc_a": upc_a,
    "test_as_upc_e": upc_e,
    "test_parse_upc_e": upc_e_taken_apart,
    "test_parse_upc_e_with_invalid_number_system": upc_e_of_system,
}
# One name stands for several functions: their files tell which.
BY_FILE: dict[tuple[str, str], Rule] = {
    ("test_gs1_digital_link_uris.py", "test_parse"): link_parsed,
    ("test_gs1_messages.py", "test_parse"): message,
    ("test_gs1_messages.py", "test_as_hri"): hri,
    ("test_gs1_element_strings.py", "test_as_hri"): hri,
    ("test_gs1_element_strings.py", "test_extract"): element,
    ("test_sscc.py", "test_as_hri"): sscc_spaced,
    ("test_parse.py", "test_parse"): scan,
    ("test_symbology.py", "test_extract"): symbology,
}


def rule_for(row: Row) -> Rule | None:
    """Return the rule that answers a row; None if its feature is none of ours."""
    name, file = row["test"], row["file"]
    if name in ABSENT:
        return None
    length = re.fullmatch(r"test_as_gtin_(8|12|13|14)", name)
    if length is not None:
        return gtin_as(int(length[1]), file)
    found = RULES.get(name) or BY_FILE.get((file.rpartition("/")[2], name))
    assert found is not None, f"{file}: no rule for {name}"
    return found


ROWS = table("biip_cases") if vectors.HERE else []


@pytest.mark.parametrize(
    "row", [row for row in ROWS if rule_for(row) is not None], ids=lambda row: row["test"]
)
def test_a_case_is_answered(row: Row) -> None:
    rule = rule_for(row)
    assert rule is not None
    rule(row["args"])


def test_what_is_none_of_ours_is_counted() -> None:
    absent = [row for row in ROWS if rule_for(row) is None]
    assert len(absent) <= len(ROWS) // 4
    assert {row["test"] for row in absent} <= set(ABSENT)
