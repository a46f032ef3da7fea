"""The tables of docs/identity.md say what the program does."""

from __future__ import annotations

import json
import re
import shlex

import pytest
from click.testing import CliRunner

from tests.house.project import ROOT
from traceability.errors import InvalidIdentifier
from traceability.gs1.commands import identify as command
from traceability.gs1.identify import FORMS, identify
from traceability.gs1.same import compare

DOCUMENT = (ROOT / "docs" / "identity.md").read_text(encoding="utf-8")


def rows(*heads: str) -> list[tuple[str, ...]]:
    """Return the rows of the table with these heads, as plain text."""
    _, _, below = DOCUMENT.partition("| " + " | ".join(heads) + " |\n")
    table = below.split("\n\n", 1)[0].splitlines()[1:]
    assert table, heads
    return [tuple(cell.strip().strip("`") for cell in line[2:-2].split(" | ")) for line in table]


@pytest.mark.parametrize(("code", "key"), rows("code", "key"))
def test_every_code_leads_to_its_key(code: str, key: str) -> None:
    assert identify(code.replace("<GS>", "\x1d")).key == key


@pytest.mark.parametrize(("code", "sentence"), rows("code", "sentence"))
def test_every_refusal_has_its_sentence(code: str, sentence: str) -> None:
    with pytest.raises(InvalidIdentifier, match=f"^{re.escape(sentence)}$"):
        identify(code)


@pytest.mark.parametrize(("code", "kept", "reason"), rows("code", "kept as", "because"))
def test_what_cannot_be_read_is_kept_with_its_reason(code: str, kept: str, reason: str) -> None:
    found = identify(code)
    assert (found.key, reason in (found.reason or "")) == (kept, True)


@pytest.mark.parametrize(("one", "other", "word"), rows("one", "other", "they are"))
def test_two_codes_compare_as_told(one: str, other: str, word: str) -> None:
    assert type(compare(identify(one), identify(other))).__name__ == word


def test_the_example_of_the_command_is_its_output() -> None:
    example = re.search(r"```console\n\$ hangtag identify (.+)\n(\{.+\})\n```", DOCUMENT)
    assert example is not None
    result = CliRunner().invoke(command, shlex.split(example[1]))
    assert json.loads(result.stdout) == json.loads(example[2])


def test_every_form_and_option_is_told() -> None:
    assert [form for form in FORMS if f"`{form}`" not in DOCUMENT] == []
    options = [max(one.opts, key=len) for one in command.params if one.opts[0].startswith("-")]
    assert [option for option in options if f"`{option}" not in DOCUMENT] == []
