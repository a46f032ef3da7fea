"""Sizes and names: small files, small functions, and no word that means nothing."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.house.project import ROOT, files, for_every, module_name, python_files, tree

FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70
EMPTY_WORDS = {
    "util", "utils", "helper", "helpers", "common", "manager", "service", "processor", "base",
}  # fmt: skip
WRITTEN = [path for path in files() if path.suffix in {".py", ".js", ".mjs", ".html", ".css"}]


def named(path: Path) -> str:
    """Name a file in a test's id."""
    return path.relative_to(ROOT).as_posix()


@for_every(WRITTEN, named)
def test_a_file_can_be_read_in_one_sitting(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= FILE_LINES_MAX


@for_every(python_files(), module_name)
def test_a_function_fits_on_a_screen(path: Path) -> None:
    long = [
        f"{node.name}: {node.end_lineno - node.lineno + 1} lines"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > FUNCTION_LINES_MAX
    ]
    assert long == []


@for_every(python_files(), module_name)
def test_a_name_says_what_the_thing_is(path: Path) -> None:
    names = [module_name(path).rpartition(".")[2]]
    names += [node.name for node in ast.walk(tree(path)) if isinstance(node, ast.ClassDef)]
    empty = [name for name in names if EMPTY_WORDS & words(name)]
    assert empty == []


def words(name: str) -> set[str]:
    """Split a name into its words, whichever way they are joined."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", name)}


@pytest.mark.parametrize("name", ["LedgerManager", "string_utils", "BaseCodec", "EPCHelper"])
def test_an_empty_word_is_noticed(name: str) -> None:
    assert EMPTY_WORDS & words(name)
