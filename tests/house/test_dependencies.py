"""What an install brings with it: few packages, exact versions, nobody's address."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.house.project import ROOT

BASE_PACKAGES_MAX = 45
PIN = re.compile(r"^([a-z0-9-]+)==([0-9][0-9a-z.]*)(?:\s+# via .+)?$")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def pins(kind: str) -> dict[str, str]:
    """Read one lock as package → version; a line of any other shape fails here."""
    found = {}
    for line in (ROOT / "requirements" / f"{kind}.lock").read_text(encoding="utf-8").splitlines():
        match = PIN.match(line)
        assert match is not None, line
        found[match[1]] = match[2]
    return found


def asked_for(requirements: list[str]) -> set[str]:
    """Reduce requirements to package names as a lock spells them."""
    names = [re.split(r"[\[<>=~!;]", text)[0] for text in requirements]
    return {re.sub(r"[-_.]+", "-", name).lower() for name in names}


def test_a_plain_install_stays_small() -> None:
    assert len(pins("base")) <= BASE_PACKAGES_MAX


def test_the_lock_of_developers_contains_the_lock_of_users() -> None:
    assert pins("base").items() <= pins("dev").items()


@pytest.mark.parametrize(
    ("kind", "requirements"),
    [
        ("base", PROJECT["dependencies"]),
        ("dev", PROJECT["optional-dependencies"]["dev"]),
    ],
)
def test_a_lock_holds_whatever_the_project_asks_for(kind: str, requirements: list[str]) -> None:
    assert asked_for(requirements) - set(pins(kind)) == set()
