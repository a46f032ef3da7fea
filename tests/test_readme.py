"""The README is a promise: its commands run, its pages open, its tests exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

import app
from tests.house.project import routes

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
LINES_MAX = 150
MISSION = [
    "serial RFID driver", "barcode driver", "fabric-in", "cutting", "sewing", "shipping", "store",
    "append-only ledger", "end-to-end status", "live stock", "gate staff", "customer", "auditor",
]  # fmt: skip
PROVED_BY = {
    "make demo": "tests/stories/test_first_ten_minutes.py",
    "make start": "tests/stories/test_first_ten_minutes.py",
    "make test": ".ci/run",
    "make lint": ".ci/run",
    "make bench": "tests/test_bench.py",
    "make chaos": "tests/faults/test_chaos.py",
    "make fuzz": "tests/fuzz/test_fuzz.py",
}
"""Commands too long to run here, and the file that runs each."""


def blocks() -> list[str]:
    """Read the fenced blocks."""
    return re.findall(r"^```[a-z]*\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


def examples() -> list[tuple[str, str]]:
    """Read each `$ command` of the blocks with the output that stands below it."""
    found = []
    for block in blocks():
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append((command, output))
    return found


def make_targets() -> list[str]:
    """Read each `make …` that the README tells anybody to type."""
    return sorted(set(re.findall(r"(?:^|`)(make [a-z]+)", README, flags=re.MULTILINE)))


def inline_commands() -> list[str]:
    """Read each `hangtag …` that stands in running text."""
    return sorted(set(re.findall(r"`(hangtag [a-z][^`]*)`", README)))


def mission() -> list[tuple[str, str, str]]:
    """Read the mission table: word, page or command, test."""
    table = README.split("## What the mission asks")[1].split("\n## ")[0]
    cells = [line.strip("|").split("|") for line in table.splitlines() if line.startswith("| ")]
    return [(row[0].strip(), row[1].strip(), row[2].strip()) for row in cells[1:]]


def test_it_is_short() -> None:
    assert len(README.splitlines()) <= LINES_MAX


@pytest.mark.parametrize(("command", "output"), examples())
def test_an_example_shows_what_comes_out(command: str, output: str) -> None:
    program, *words = shlex.split(command)
    assert program == "hangtag"
    assert CliRunner().invoke(app.main, words).stdout == output


@pytest.mark.parametrize("command", make_targets())
def test_what_make_is_asked_for_is_run_by_a_test(command: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert f"\n{command.removeprefix('make ')}:" in makefile
    proof = (ROOT / PROVED_BY[command]).read_text(encoding="utf-8")
    target = command.removeprefix("make ")
    assert re.search(rf"make[\"', ]+{target}\b", proof) is not None


@pytest.mark.parametrize("command", inline_commands())
def test_a_command_in_the_text_exists(command: str) -> None:
    words = [word for word in command.split()[1:] if re.fullmatch(r"[a-z-]+", word)]
    result = CliRunner().invoke(app.main, [*words, "--help"])
    assert (result.exit_code, " ".join(["main", *words]) in result.stdout) == (0, True)


def test_the_mission_is_answered_word_by_word() -> None:
    assert [word for word, _, _ in mission()] == MISSION


@pytest.mark.parametrize("where", sorted({cell for _, cell, _ in mission()}))
def test_a_place_in_the_mission_table_exists(where: str) -> None:
    for place in re.findall(r"`([^`]+)`", where):
        if place.startswith("/"):
            assert place in routes()
        else:
            test_a_command_in_the_text_exists(place)


@pytest.mark.parametrize("proof", sorted({cell for _, _, cell in mission()}))
def test_a_test_in_the_mission_table_exists(proof: str) -> None:
    for name in re.findall(r"`([^`]+)`", proof):
        path, _, function = name.partition("::")
        assert re.search(rf"^def {function}\b", (ROOT / path).read_text("utf-8"), re.MULTILINE)
