"""Nothing that only one operating system has is needed to import Hangtag."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.project import (
    ROOT,
    for_every,
    imports,
    module_name,
    modules,
    python_files,
    starts_with,
)

POSIX_ONLY = ("pty", "fcntl", "termios", "tty", "pwd", "grp", "resource", "syslog", "evdev")
HIDE = f"""
import builtins, sys
original = builtins.__import__
HIDDEN = {POSIX_ONLY!r}
OURS = ("app", "readers", "traceability")

def hiding(name, globals=None, locals=None, fromlist=(), level=0):
    # Only our own imports are refused: on such a system pyserial takes other paths by itself.
    asker = (globals or {{}}).get("__name__", "").split(".")[0]
    package = ((globals or {{}}).get("__package__") or "").split(".")[0]
    if name.split(".")[0] in HIDDEN and (asker in OURS or package in OURS):
        raise ImportError(f"{{name}} does not exist on this system")
    return original(name, globals, locals, fromlist, level)

builtins.__import__ = hiding
"""


@for_every(python_files(), module_name)
def test_no_module_needs_one_operating_system(path: Path) -> None:
    if module_name(path).split(".")[0] == "tests":
        return
    found = [
        f"line {one.line}: {one.imported}"
        for one in imports(path)
        if one.at_import_time and starts_with(one.imported, *POSIX_ONLY)
    ]
    assert found == []


def test_everything_imports_where_these_modules_do_not_exist() -> None:
    wanted = ["app", *modules("readers", "traceability")]
    script = HIDE + f"import importlib\nfor name in {wanted!r}: importlib.import_module(name)\n"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_hiding_hides() -> None:
    script = HIDE + "__name__ = 'readers.ports'\nimport pty\n"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert "ImportError: pty does not exist on this system" in done.stderr


@pytest.mark.story
def test_the_demo_runs_over_tcp_where_these_modules_do_not_exist(tmp_path: Path) -> None:
    # Python imports sitecustomize at its start, so the demo's own child processes obey it too.
    (tmp_path / "sitecustomize.py").write_text(HIDE, encoding="utf-8")
    words = ["demo", "--garments", "9", "--until-done", "--seed", "7", "--ports", "tcp", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "app", *words],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300,
        env=os.environ
        | {
            "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}",
            "HANGTAG_DB": f"sqlite:///{tmp_path / 'demo.sqlite'}",
        },
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    closing = json.loads(done.stdout.splitlines()[-1])
    assert (closing["lost"], closing["verified"]) == (0, True)
