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
from traceability.database import file_url


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


PAGES = """
import json, re, sys
from datetime import UTC, datetime
from traceability.web import create_app
from traceability.web.settings import Settings
clock = lambda: datetime(2030, 1, 7, 8, tzinfo=UTC)
settings = Settings(secret="s" * 32, admin_token="t" * 32, clock=clock)
app = create_app(sys.argv[1], settings=settings)
client = app.test_client()
rules = {r.rule for r in app.url_map.iter_rules() if "GET" in r.methods and "<" not in r.rule}
seen = {}
for rule in sorted(rules - {"/live", "/api/live"}):
    for language in ("en", "zh-Hans"):
        answer = client.get(rule, headers={"Accept-Language": language})
        # A form carries a value that is drawn anew each time.
        text = answer.get_data().decode(errors="backslashreplace")
        text = re.sub('name="csrf" value="[^"]+"', "", text)
        seen[f"{rule} {language}"] = (answer.status_code, text)
print(json.dumps(seen))
"""


def pages(python: Path, folder: Path, database: Path) -> dict[str, tuple[int, str]]:
    """Ask for every page that needs no name, in both languages, over one almost empty ledger."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    env |= {"PYTHONPATH": str(ROOT)} if folder == ROOT else {}
    done = subprocess.run(
        [python, "-c", PAGES, file_url(database)],
        cwd=folder, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answers: dict[str, tuple[int, str]] = json.loads(done.stdout)
    return answers


def test_it_serves_the_same_pages(installed: Path, tmp_path: Path) -> None:
    database = tmp_path / "shop.sqlite"
    here = pages(Path(sys.executable), ROOT, database)
    there = pages(installed / Path(sys.executable).name, tmp_path, database)
    assert [name for name in here | there if here.get(name) != there.get(name)] == []
    assert {status for status, _ in there.values()} <= {200, 204, 302, 303, 400, 401, 404}
    assert "今天" in there["/ zh-Hans"][1]


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
