"""The project as data: its files and their syntax trees, for the tests that hold the house up."""

from __future__ import annotations

import ast
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, wraps
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OURS = ("app", "bench", "hatch_build", "install", "readers", "tests", "traceability")
TEXT_SUFFIXES = {
    "", ".cfg", ".css", ".html", ".js", ".json", ".jsonl", ".lock", ".md", ".mjs", ".po", ".pot",
    ".py", ".svg", ".toml", ".txt", ".webmanifest", ".xml", ".yaml", ".yml",
}  # fmt: skip
NOT_PROJECT = {
    ".git", ".venv", "var", "dist", "build", "screens", "node_modules", "__pycache__",
    ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Import:
    """One import statement: who asks, for what, on which line."""

    importer: str
    imported: str
    line: int
    at_import_time: bool
    """False inside a function, or where only a type checker looks."""


def files() -> Iterator[Path]:
    """Yield every text file of the project, vendored ones left out."""
    todo = [ROOT]
    while todo:
        for entry in sorted(todo.pop().iterdir()):
            if entry.name in NOT_PROJECT or entry.name == "vendor":
                continue
            if entry.is_dir():
                todo.append(entry)
            elif entry.suffix in TEXT_SUFFIXES:
                yield entry


@cache
def python_files() -> tuple[Path, ...]:
    """Name all Python files."""
    return tuple(path for path in files() if path.suffix == ".py")


def for_every(
    paths: Iterable[Path], named: Callable[[Path], str]
) -> Callable[[Callable[[Path], None]], Callable[[], None]]:
    """Make one test of a test of one file: it names every file that fails, not the first."""
    all_paths = tuple(paths)

    def made(of_one: Callable[[Path], None]) -> Callable[[], None]:
        @wraps(of_one)
        def test() -> None:
            broken = []
            for path in all_paths:
                try:
                    of_one(path)
                except AssertionError as error:
                    broken.append(f"{named(path)}: {error}")
            assert not broken, "\n".join(broken)

        del test.__wrapped__  # it takes no path any more
        return test

    return made


def module_name(path: Path) -> str:
    """Turn a file into the name it is imported by."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def modules(*packages: str) -> list[str]:
    """Name the importable modules below some packages, migrations left out: those are scripts."""
    names = [module_name(path) for path in python_files()]
    return [
        name
        for name in names
        if name.split(".")[0] in packages and not name.startswith("traceability.migrations")
    ]


@cache
def tree(path: Path) -> ast.Module:
    """Parse one Python file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


@cache
def imports(path: Path) -> list[Import]:
    """List every import of a file, wherever it stands."""
    importer = module_name(path)
    found: list[Import] = []
    late = {id(node) for node in _late(tree(path))}
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        found += [Import(importer, name, node.lineno, id(node) not in late) for name in names]
    return found


def _late(module: ast.Module) -> Iterator[ast.AST]:
    for node in ast.walk(module):
        is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for_types = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        if is_function or for_types:
            yield from ast.walk(node)


def strings(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line and text of each string of a file that is no docstring."""
    docs = {
        id(node.value)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.lineno, node.value


def starts_with(name: str, *packages: str) -> bool:
    """Tell whether a dotted name is one of the packages or lies in one."""
    return any(name == package or name.startswith(package + ".") for package in packages)


@cache
def routes() -> frozenset[str]:
    """Name every route of the web, converters left out: `/items/<key>`."""
    # Late, because most house tests need no web; a ledger of its own, because one file has one
    # owner, and nobody's workshop is opened by a test.
    from traceability.database import file_url
    from traceability.web import create_app
    from traceability.web.settings import Settings

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        web = create_app(file_url(Path(place) / "routes.sqlite"), settings=Settings())
        rules = [str(rule) for rule in web.url_map.iter_rules()]
        web.extensions["hangtag.reading"].ledger.database.close()
    return frozenset(re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"<\1>", rule) for rule in rules)
