"""A station's file, and the sentence for each way it can be wrong."""

from __future__ import annotations

import pytest

from tests.station.floor import post
from traceability.observation.passes import PassRules
from traceability.station.settings import (
    InvalidSettings,
    ReaderSettings,
    StationSettings,
    parse_settings,
)

GOOD = """
name = "dock"
server = "http://127.0.0.1:8000"
stage = "shipping"
place = "In transit"
zone = "Europe/Lisbon"

[[reader]]
name = "gate"
protocol = "r2000_a0"
url = "socket://127.0.0.1:4001"
role = "gate"
"""


def test_a_file_says_all_that_a_station_needs() -> None:
    assert parse_settings(GOOD) == StationSettings(
        name="dock",
        title="dock",
        server="http://127.0.0.1:8000",
        stage="shipping",
        place="In transit",
        zone="Europe/Lisbon",
        spool="dock.spool.sqlite",
        readers=(ReaderSettings("gate", "r2000_a0", "socket://127.0.0.1:4001", role="gate"),),
    )


def test_a_gate_and_a_table_tell_passes_apart_differently() -> None:
    settings = parse_settings(GOOD + "\n")
    assert (
        settings.pass_rules(post("shipping").stage),
        settings.pass_rules(post("sewing").stage),
    ) == (PassRules(), PassRules(quiet_ms=50, merge_s=43_200))


def test_a_file_overrides_how_passes_are_told_apart() -> None:
    settings = parse_settings("quiet_ms = 350\nmin_reads = 2\n" + GOOD)
    rules = settings.pass_rules(post("shipping").stage)
    assert (rules.quiet_ms, rules.min_reads, rules.merge_s) == (350, 2, 60)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('name = "dock"', "", 'The station has no name: write name = "…".'),
        (
            'name = "dock"',
            'name = "The dock"',
            (
                "The station is named 'The dock': expected small letters, digits and hyphens, at "
                "most 32, beginning with a letter or digit."
            ),
        ),
        ('stage = "shipping"', "stage = 4", "The station: stage is 4; expected a text in quotes."),
        (
            'zone = "Europe/Lisbon"',
            'zone = "Lisbon"',
            "The station: zone is 'Lisbon'; expected a time zone such as 'Europe/Lisbon'.",
        ),
        (
            'zone = "Europe/Lisbon"',
            'colour = "red"',
            "The station says 'colour', which no station knows; correct or delete it.",
        ),
        (
            'zone = "Europe/Lisbon"',
            "quiet_ms = 0",
            "quiet_ms is 0; expected a whole number from 10 to 60000.",
        ),
        (
            'protocol = "r2000_a0"',
            'protocol = "r3000"',
            (
                "Reader 'gate': No protocol is called 'r3000': expected barcode_lines, r200_bb7e, "
                "r2000_a0."
            ),
        ),
        (
            'role = "gate"',
            'lights = "mauve=1"',
            "Reader 'gate': Cannot read 'mauve=1' as a lamp: expected green, amber, red, blue, ",
        ),
        (
            'protocol = "r2000_a0"',
            'protocol = "fonkan_ascii"\nlights = "green=1"',
            "Reader 'gate' speaks fonkan_ascii, which switches no outputs.",
        ),
        (
            'protocol = "r2000_a0"',
            'protocol = "chainway"\ninputs_every_ms = 200',
            "Reader 'gate' speaks chainway, which is not asked for inputs.",
        ),
        ("[[reader]]", "[[readers]]", "The station has no reader: write at least one [[reader]]."),
        (
            'role = "gate"',
            'baud = "fast"',
            "baud is 'fast'; expected a whole number from 300 to 4000000.",
        ),
    ],
)
def test_every_mistake_has_a_sentence(old: str, new: str, sentence: str) -> None:
    assert old in GOOD
    with pytest.raises(InvalidSettings) as caught:
        parse_settings(GOOD.replace(old, new, 1))
    assert str(caught.value).startswith(sentence.split(": expected barcode", maxsplit=1)[0])
