"""Whatever a person can type, open or write into a file is explained somewhere."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import app
from readers.registry import PROTOCOLS
from tests.house.project import ROOT, module_name, python_files, routes

DOCUMENTS = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
}
ALL = "\n".join(DOCUMENTS.values())
FLOWS = sorted((ROOT / "flows").glob("*.toml"))
SETTING = re.compile(r"HANGTAG_[A-Z][A-Z_]*")


def commands() -> Iterator[tuple[str, click.Command]]:
    """Yield every command with the words a person types for it."""
    todo: list[tuple[str, click.Command]] = [("hangtag", app.main)]
    while todo:
        words, command = todo.pop()
        yield words, command
        if isinstance(command, click.Group):
            context = click.Context(command)
            for name in command.list_commands(context):
                below = command.get_command(context, name)
                assert below is not None
                if not below.hidden:
                    todo.append((f"{words} {name}", below))


def test_every_command_is_documented() -> None:
    leaves = [words for words, command in commands() if not isinstance(command, click.Group)]
    assert [words for words in leaves if words not in ALL] == []


def test_every_command_and_option_has_a_help_text() -> None:
    silent = [words for words, command in commands() if not command.help]
    silent += [
        f"{words} {option.opts[0]}"
        for words, command in commands()
        for option in command.params
        if isinstance(option, click.Option) and not option.hidden and not option.help
    ]
    assert silent == []


def test_every_protocol_has_a_row_and_a_chapter() -> None:
    text = DOCUMENTS["docs/protocols.md"]
    assert [name for name in PROTOCOLS if f"| `{name}` |" not in text] == []
    assert [name for name in PROTOCOLS if f"### `{name}`" not in text] == []


def test_every_setting_is_documented() -> None:
    found = set()
    for path in python_files():
        if not module_name(path).startswith("tests.house"):
            found |= set(SETTING.findall(path.read_text(encoding="utf-8")))
    assert sorted(name for name in found if f"`{name}`" not in DOCUMENTS["docs/operating.md"]) == []


def test_every_page_is_documented() -> None:
    assert sorted(rule for rule in routes() if f"`{rule}`" not in ALL) == []


# `object`: a flow file is plain data; only the names of its fields matter here.
def field_names(value: object) -> Iterator[str]:
    """Yield every field name that stands in a flow file, languages left out."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            if name not in ("titles", "summaries"):
                yield from field_names(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from field_names(inner)


@pytest.mark.parametrize(
    "path", sorted((ROOT / "flows").glob("*.toml")), ids=lambda path: path.name
)
def test_every_field_of_a_flow_is_documented(path: Path) -> None:
    used = set(field_names(tomllib.loads(path.read_text(encoding="utf-8"))))
    assert sorted(name for name in used if f"`{name}`" not in DOCUMENTS["docs/flows.md"]) == []


def test_links_between_documents_lead_somewhere() -> None:
    broken = [
        f"{name}: {target}"
        for name, text in DOCUMENTS.items()
        for target in re.findall(r"\]\(([^)#]+)\)", text)
        if "://" not in target and not (ROOT / name).parent.joinpath(target).exists()
    ]
    assert broken == []
