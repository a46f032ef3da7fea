"""What goes wrong with codes on a floor, beyond the refusals of the golden table."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from traceability.gs1 import InvalidIdentifier, identify
from traceability.gs1.application_identifiers import legible
from traceability.gs1.commands import identify as identify_command

LONG = "x" * 10_000


@pytest.mark.parametrize(
    ("text", "reason", "position"),
    [
        ("3034257BF7194E4000001A8", "expected 96 bits of SGTIN-96, got 92.", 23),
        ("30003034257BF7194E4000001A85", "without its PC word, got PC word 3000 in front.", 0),
        ("30" * 5_000, "expected 8 to 4096 bits, got 40000.", 0),
    ],
)
def test_a_tag_that_cannot_be_is_kept_with_its_reason(
    text: str, reason: str, position: int
) -> None:
    found = identify(text, form="epc")
    assert found.kind == "raw"
    assert reason in (found.reason or "")
    assert len(found.reason or "") < 200
    assert found.position == position


@pytest.mark.parametrize(
    ("text", "form", "says"),
    [
        (LONG, "auto", "as a name: expected at most 80 characters, got 10000."),
        ("]Q1" + LONG, "scan", "as a name: expected at most 80 characters, got 10000."),
        ("(99)" + LONG, "element", "expected at most 8000 characters, got 10004."),
        ("99" + LONG, "message", "expected at most 8000 characters, got 10002."),
        ("https://a/01/" + LONG, "link", "expected at most 8000 characters, got '10013'."),
        ("urn:epc:id:sgtin:" + LONG, "uri", "expected 3 parts, got '1'."),
        ("30" * 5_000, "bank", "expected at most 128 bytes, got 5000."),
    ],
)
def test_ten_thousand_characters_are_refused_in_one_sentence(
    text: str, form: str, says: str
) -> None:
    with pytest.raises(InvalidIdentifier) as refusal:
        identify(text, form=form)
    assert says in str(refusal.value)
    assert len(str(refusal.value)) < 250


def test_a_control_character_is_shown_and_never_sent_on() -> None:
    for text in ("]C110L\x1b[2J", "https://a/01/09506000134352/21/A%1B%5B2J", "(21)\x07"):
        with pytest.raises(InvalidIdentifier) as refusal:
            identify(text)
        assert str(refusal.value).isprintable()
    assert legible("A\ud800B") == "A\\ud800B"


def test_capitals_of_a_qr_code_do_not_change_what_a_urn_names() -> None:
    for text in (
        "URN:EPC:ID:SGTIN:0614141.812345.6789",
        "URN:EPC:TAG:SGTIN-96:1.0614141.812345.6789",
        "URN:EPC:RAW:96.X3034257BF7194E4000001A85",
        "]Q1URN:EPC:ID:SGTIN:0614141.812345.6789",
    ):
        assert identify(text).key == "/01/80614141123458/21/6789"
    assert identify("URN:EPC:CLASS:LGTIN:9506000.013435.AB").key == "/01/09506000134352/10/AB"


def test_a_percent_escape_of_a_percent_sign_is_undone_once() -> None:
    found = identify("https://a/01/09506000134352/21/%2520", form="link")
    assert found.ais[1] == ("21", "%20")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--as", "bank", "3000 3034257BF7194E4000001A85"], 0, "/01/80614141123458/21/6789"),
        (["--as", "bank", "3000"], 1, "expected 6 words behind PC word 3000, got 0"),
        (["--permit", "unknown-ais", "(89)ABC"], 0, "(89)ABC"),
        (["(89)ABC"], 1, "(89) is no GS1 Application Identifier"),
        (["--as", "link", "--permit", "short-gtin", "https://a/01/96385074"], 0, "/01/00000096385"),
        (["--permit", "missing-companions", "(21)A1"], 0, "(21)A1"),
        (["--instance", "9506000134352"], 1, "expected a serial number (21) with it"),
        (["--instance", "(00)095060001343500071"], 0, "/00/095060001343500071"),
    ],
)
def test_the_command_can_be_told_to_permit_and_to_insist(
    arguments: list[str], code: int, said: str
) -> None:
    result = CliRunner().invoke(identify_command, arguments)
    assert result.exit_code == code
    assert said in str(list(json.loads(result.stdout).values()))
