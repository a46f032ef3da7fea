"""Setting up on a machine that has only Python and make, and what it says when it cannot."""

from __future__ import annotations

import ast
import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import install
from install import CannotInstall, Checkout, check_folder, check_python, folder_sentence

ROOT = Path(__file__).resolve().parents[1]
NOBODY_LISTENS = "http://127.0.0.1:9/simple"


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A checkout with a lock that asks for nothing."""
    (tmp_path / "requirements").mkdir()
    for kind in ("base", "dev"):
        (tmp_path / "requirements" / f"{kind}.lock").write_text("", encoding="utf-8")
    return Checkout(tmp_path)


def test_an_old_python_can_read_the_script_that_refuses_it() -> None:
    source = (ROOT / "install.py").read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 6))
    assert "from __future__ import annotations" not in source


def test_an_old_python_is_refused_with_a_remedy() -> None:
    with pytest.raises(CannotInstall, match=r"3\.11 or newer, .* is 3\.10\.4: .*make PYTHON="):
        check_python((3, 10, 4))


def test_a_python_without_ensurepip_is_refused_with_a_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # What Debian's python3 looks like without its package python3-venv.
    monkeypatch.setattr(install.importlib.util, "find_spec", lambda name: None)  # type: ignore[attr-defined]
    with pytest.raises(CannotInstall, match="sudo apt install python3-venv"):
        install.check_venv()


def test_a_folder_that_cannot_be_written_is_named_with_a_remedy(tmp_path: Path) -> None:
    # A file where the folder should be fails for every user, root included.
    (tmp_path / ".venv").write_text("in the way", encoding="utf-8")
    with pytest.raises(CannotInstall, match=f"Cannot write in {tmp_path} .*folder of your own"):
        check_folder(tmp_path, free_mb_min=1)


def test_a_small_disk_is_refused_before_anything_is_fetched(tmp_path: Path) -> None:
    with pytest.raises(CannotInstall, match="MB left and the packages need 999999999 MB: free"):
        check_folder(tmp_path, free_mb_min=999_999_999)


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.ENOSPC, "is full: free some room"),
        (errno.EACCES, "sudo chown -R"),
        (errno.EROFS, "folder of your own"),
    ],
)
def test_a_refused_write_has_its_own_remedy(number: int, remedy: str) -> None:
    assert remedy in folder_sentence(Path("here"), OSError(number, os.strerror(number)))


@pytest.mark.parametrize(
    ("output", "start"),
    [
        ("OSError: [Errno 28] No space left on device", "The disk became full"),
        ("Temporary failure in name resolution", "pip cannot reach a package index"),
        (
            "ERROR: Could not find a version that satisfies x (from versions: none)",
            "pip cannot reach a package index",
        ),
        ("ERROR: Hashes differ", "pip failed: Hashes differ. Read log for the whole story"),
        ("", "pip failed: no reason was given. Read log"),
    ],
)
def test_what_pip_says_becomes_one_sentence(output: str, start: str) -> None:
    sentence = install.pip_sentence(output, Path("log"))
    assert sentence.startswith(start)
    assert sentence.endswith("then make again.")


def test_the_second_call_has_nothing_to_do(checkout: Checkout) -> None:
    checkout.scripts.mkdir(parents=True)
    checkout.python.touch()
    checkout.mark_installed("dev")
    assert [checkout.is_installed(kind) for kind in ("base", "dev")] == [True, True]


def test_a_changed_lock_is_installed_again(checkout: Checkout) -> None:
    checkout.scripts.mkdir(parents=True)
    checkout.python.touch()
    checkout.mark_installed("base")
    checkout.lock("base").write_text("six==1.17.0\n", encoding="utf-8")
    assert [checkout.is_installed(kind) for kind in ("base", "dev")] == [False, False]


def test_the_command_works_in_a_folder_with_spaces_beside_a_strangers_app(tmp_path: Path) -> None:
    root = tmp_path / "my workshop's ledger"
    checkout = Checkout(root)
    install.venv.create(str(checkout.venv), with_pip=False)  # type: ignore[attr-defined]
    (root / "app.py").write_text("import sys\nprint('ours', sys.argv[1:])\n", encoding="utf-8")
    (tmp_path / "app.py").write_text("print('a stranger')\n", encoding="utf-8")
    checkout.register()
    done = subprocess.run(
        [checkout.scripts / "hangtag", "identify", "a b"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == "ours ['identify', 'a b']\n"


def test_without_a_network_make_says_what_to_do(tmp_path: Path) -> None:
    for name in ("install.py", "Makefile"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    offline = {"PIP_CONFIG_FILE": os.devnull, "PIP_RETRIES": "0", "PIP_INDEX_URL": NOBODY_LISTENS}
    done = subprocess.run(
        ["make", "install", f"PYTHON={sys.executable}"],
        cwd=tmp_path, env=kept | offline, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "[2/4] Packages from requirements/base.lock" in done.stdout
    assert done.stderr.startswith("\npip cannot reach a package index: connect this PC")
    assert "Traceback" not in done.stderr


def test_a_missing_python_is_said_in_one_sentence() -> None:
    done = subprocess.run(
        ["make", "install", "PYTHON=no-such-python"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "Cannot find no-such-python: install Python 3.11 or newer" in done.stderr
