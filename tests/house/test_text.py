"""The project speaks of itself: no path of one machine, no package host, no maker of tools."""

from __future__ import annotations

import hashlib
import re
import tomllib
from functools import cache
from pathlib import Path

from tests.house.project import ROOT, files, for_every, module_name, python_files, strings
from tests.house.test_shape import named

MACHINE_PATH = re.compile(r"(?<![\w.])/(?:work|root|home/\w+|tmp/plan)/")
# Words that must not appear, as the first 12 hex digits of their SHA-256: written out they would
# be found in this file.
FOREIGN = set((Path(__file__).parent / "foreign_words.txt").read_text(encoding="utf-8").split())
EPCIS_WORDS = {"traceability.epcis.vocabulary"}
"""The standard's business steps are words of EPCIS, whatever a flow calls its stages."""


@for_every(files(), named)
def test_text_speaks_of_the_project_alone(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert MACHINE_PATH.findall(text) == []
    assert foreign_words(text) == []


def foreign_words(text: str) -> list[str]:
    """Find the words, and the host names, whose hash is on the list."""
    found = set(re.findall(r"[a-z0-9-]+", text.lower()))
    found |= set(re.findall(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+", text.lower()))
    return sorted(w for w in found if hashlib.sha256(w.encode()).hexdigest()[:12] in FOREIGN)


@cache
def stage_names() -> set[str]:
    """Read every stage name of every shipped flow."""
    names: set[str] = set()
    for path in (ROOT / "flows").glob("*.toml"):
        stages = tomllib.loads(path.read_text(encoding="utf-8")).get("stage", [])
        names |= {stage["name"] for stage in stages}
    return names


@for_every(python_files(), module_name)
def test_no_stage_is_named_in_python(path: Path) -> None:
    name = module_name(path)
    if not name.startswith(("app", "readers", "traceability")) or name in EPCIS_WORDS:
        return
    if name.startswith("traceability.simulation"):
        return
    stages = stage_names()
    assert [f"line {line}: {text}" for line, text in strings(path) if text in stages] == []
