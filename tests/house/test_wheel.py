"""The wheel alone, far from the checkout: what a customer's `pip install hangtag` gets."""

from __future__ import annotations

import json
import os
import site
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from tests.house.project import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel with the build tools that the developers' lock installed."""
    place = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(place)]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    (built,) = place.glob("hangtag-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel in an environment of its own and return its scripts folder.

    The packages it depends on are lent by a path file: `site` reads no path files in a folder that
    one of them names, so what leads to this checkout here does not lead there.
    """
    place = tmp_path_factory.mktemp("venv")
    venv.create(place, with_pip=False)
    scheme = {"base": str(place), "platbase": str(place)}
    packages = Path(sysconfig.get_path("purelib", vars=scheme))
    (packages / "lent.pth").write_text("\n".join(site.getsitepackages()), encoding="utf-8")
    scripts = Path(sysconfig.get_path("scripts", vars=scheme))
    python = scripts / Path(sys.executable).name
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps"]
    subprocess.run([*command, "--no-index", str(wheel)], capture_output=True, check=True)
    return scripts


def hangtag(installed: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the installed command in an empty folder."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    env.pop("HANGTAG_DB", None)
    return subprocess.run(
        [installed / "hangtag", *words],
        cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


def shipped(*folders: str) -> set[str]:
    """Name what must travel: every file below some folders of the checkout."""
    found = set()
    for folder in folders:
        for path in (ROOT / folder).glob("**/*"):
            if path.is_file() and "__pycache__" not in path.parts:
                found.add(path.relative_to(ROOT).as_posix())
    return found


def test_pages_styles_flows_migrations_and_languages_travel(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    assets = {f"traceability/assets/{name}" for name in shipped("templates", "static", "flows")}
    assert (assets | shipped("readers", "traceability") | {"app.py"}) - inside == set()


def test_no_test_and_no_tool_travels(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {
        "app.py",
        "readers",
        "traceability",
    }


def test_the_licence_travels(wheel: Path) -> None:
    assert any(name.endswith("licenses/LICENSE") for name in zipfile.ZipFile(wheel).namelist())


def test_the_command_shows_its_help(installed: Path, tmp_path: Path) -> None:
    done = hangtag(installed, tmp_path, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "identify" in done.stdout


def test_the_command_runs_from_the_wheel_and_not_from_here(installed: Path, tmp_path: Path) -> None:
    python = installed / Path(sys.executable).name
    done = subprocess.run(
        [python, "-c", "import app, traceability; print(app.__file__, traceability.__file__)"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert str(ROOT) not in done.stdout


def test_it_identifies_what_a_scanner_read(installed: Path, tmp_path: Path) -> None:
    done = hangtag(installed, tmp_path, "identify", "https://id.gs1.org/01/09506000134352/21/123")
    assert json.loads(done.stdout)["key"] == "/01/09506000134352/21/123"


@pytest.mark.story
def test_it_runs_the_demo_away_from_the_checkout(installed: Path, tmp_path: Path) -> None:
    words = ["demo", "--garments", "9", "--until-done", "--ports", "tcp", "--json"]
    done = hangtag(installed, tmp_path, *words)
    assert done.returncode == 0, done.stderr
    closing = json.loads(done.stdout.splitlines()[-1])
    assert (closing["lost"], closing["verified"]) == (0, True)
