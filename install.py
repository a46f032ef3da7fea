"""Set up `.venv` beside this file from the locked versions: what `make install` runs.

Only the standard library is used, and the syntax stays readable for Python 3.6, so that an old
Python gets our sentence about its age instead of a syntax error of its own.
"""

import errno
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

PYTHON_MIN = (3, 11)
FREE_MB_MIN = {"base": 250, "dev": 900}
"""Twice of what a filled `.venv` takes: pip unpacks each package before it moves it there."""
STEP_COUNT = 4
PROGRESS_EVERY = 10
"""Packages between two lines of progress where no terminal can redraw one line."""

_NO_NETWORK = re.compile(
    r"NewConnectionError|ConnectTimeout|ReadTimeout|ProxyError|Name or service not known|"
    r"Temporary failure in name resolution|Network is unreachable|No route to host|"
    r"Connection refused|Max retries exceeded|Connection broken|"
    r"from versions: none"
)
_PACKAGE = re.compile(
    r"(?:Collecting|Processing|Requirement already satisfied:) (?:\S*/)?([\w.-]+?)(?:-\d|[^\w.-])"
)
"""pip begins each package so; which word depends on its age and on where the file comes from."""


class CannotInstall(Exception):
    """One sentence for the person at the keyboard: what is wrong, and what to do about it."""


def check_python(version: "tuple[int, ...]" = sys.version_info[:3]) -> None:
    """Refuse a Python that is too old.

    Raises:
        CannotInstall: If `version` is below `PYTHON_MIN`.
    """
    if version < PYTHON_MIN:
        raise CannotInstall(
            "Hangtag needs Python 3.11 or newer, and {} is {}: install a newer one (Debian 12, "
            "Ubuntu 24.04 and later have it), then name it: make PYTHON=python3.11 ...".format(
                sys.executable, ".".join(str(part) for part in version)
            )
        )


def check_venv() -> None:
    """Refuse a Python whose distributor left out what makes virtual environments.

    Raises:
        CannotInstall: If `ensurepip` cannot be found.
    """
    if importlib.util.find_spec("ensurepip") is None:
        raise CannotInstall(
            "This Python cannot make a virtual environment because ensurepip is missing: on "
            "Debian or Ubuntu run `sudo apt install python3-venv`, then make again."
        )


def check_folder(root: Path, free_mb_min: int) -> None:
    """Refuse a folder that nothing can be written into, or that is on a full disk.

    Raises:
        CannotInstall: If a first small file cannot be written or too little room is left.
    """
    try:
        (root / ".venv").mkdir(exist_ok=True)
        probe = root / ".venv" / "probe"
        probe.write_text("room?", encoding="utf-8")
        probe.unlink()
    except OSError as error:
        raise CannotInstall(folder_sentence(root, error)) from error
    free_mb = shutil.disk_usage(str(root)).free // 1_000_000
    if free_mb < free_mb_min:
        raise CannotInstall(
            f"The disk of {root} has {free_mb} MB left and the packages need {free_mb_min} MB: "
            "free some room, then make again."
        )


def folder_sentence(root: Path, error: OSError) -> str:
    """Say why `root` cannot be written and what to do."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk of {root} is full: free some room, then make again."
    return (
        f"Cannot write in {root} ({error.strerror}): move the checkout into a folder of your own, "
        f"or run `sudo chown -R $USER {root}`, then make again."
    )


def pip_sentence(output: str, log: Path) -> str:
    """Say in one sentence why pip failed, from what it printed, and what to do.

    >>> pip_sentence("OSError: [Errno 28] No space left on device", Path("install.log"))
    'The disk became full while packages were unpacked: free some room, then make again.'
    """
    if "No space left on device" in output:
        return "The disk became full while packages were unpacked: free some room, then make again."
    if _NO_NETWORK.search(output):
        return (
            "pip cannot reach a package index: connect this PC to the network (behind a proxy set "
            "HTTPS_PROXY, without any network set PIP_NO_INDEX=1 and PIP_FIND_LINKS to a folder "
            "of wheels), then make again."
        )
    errors = [line for line in output.splitlines() if line.startswith("ERROR:")]
    reason = errors[-1][len("ERROR: ") :] if errors else "no reason was given"
    return f"pip failed: {reason.rstrip('.')}. Read {log} for the whole story, then make again."


class Checkout:
    """One checkout and the `.venv` in it.

    Args:
        root: The folder that holds `requirements/` and gets `.venv`.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.venv = root / ".venv"
        self.scripts = self.venv / ("Scripts" if os.name == "nt" else "bin")
        self.python = self.scripts / ("python.exe" if os.name == "nt" else "python")
        self.stamp = self.venv / "hangtag-installed"

    def lock(self, kind: str) -> Path:
        """Name the file with the locked versions of `base` or `dev`."""
        return self.root / "requirements" / (kind + ".lock")

    def digest(self, kind: str) -> str:
        """Compute what changes when `kind` must be installed again: lock, Python and place."""
        facts = [self.lock(kind).read_text(encoding="utf-8"), sys.version, str(self.venv)]
        return kind + " " + hashlib.sha256("\0".join(facts).encode()).hexdigest()

    def is_installed(self, kind: str) -> bool:
        """Tell whether `.venv` already holds exactly what the lock of `kind` says."""
        if not self.stamp.is_file() or not self.python.exists():
            return False
        return self.digest(kind) in self.stamp.read_text(encoding="utf-8").splitlines()

    def make_venv(self) -> None:
        """Make `.venv`, or make it anew when its Python no longer runs."""
        command = [str(self.python), "-m", "pip", "--version"]
        if (
            not self.python.exists()
            or subprocess.run(command, check=False, capture_output=True).returncode
        ):
            venv.create(str(self.venv), clear=True, with_pip=True)

    def install_packages(self, kind: str) -> int:
        """Install the locked packages with visible progress; return how many there are.

        Raises:
            CannotInstall: If pip fails.
        """
        lock = self.lock(kind)
        packages = lock.read_text(encoding="utf-8").splitlines()
        command = [str(self.python), "-m", "pip", "install", "--no-input", "--progress-bar", "off"]
        command += ["--disable-pip-version-check", "--prefer-binary", "-r", str(lock)]
        log = self.venv / "install.log"
        lines = []
        count = 0
        pip = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
        assert pip.stdout is not None
        with pip.stdout, log.open("w", encoding="utf-8") as copy:
            for line in pip.stdout:
                lines.append(line)
                copy.write(line)
                found = _PACKAGE.match(line)
                if found:
                    count = min(count + 1, len(packages))
                    show_count(count, len(packages), found.group(1))
                elif line.startswith("Installing collected packages"):
                    show_note("unpacking ...")
                elif "Retrying" in line:
                    show_note("the package index does not answer, trying again ...")
        if pip.wait() != 0:
            raise CannotInstall(pip_sentence("".join(lines), log))
        return len(packages)

    def register(self) -> None:
        """Make the checkout importable in `.venv` and put the `hangtag` command there."""
        found = subprocess.run(
            [str(self.python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
            capture_output=True,
            check=True,
            encoding="utf-8",
        )
        place = Path(found.stdout.strip())
        (place / "hangtag-checkout.pth").write_text(str(self.root) + "\n", encoding="utf-8")
        # -P keeps a stranger's app.py in the current folder from being taken for ours.
        if os.name == "nt":
            command = self.scripts / "hangtag.cmd"
            command.write_text(f'@"{self.python}" -P -m app %*\n', encoding="utf-8")
            return
        # A shell starts it, because a path with a space cannot stand behind "#!".
        command = self.scripts / "hangtag"
        command.write_text(f'#!/bin/sh\nexec "{self.python}" -P -m app "$@"\n', encoding="utf-8")
        command.chmod(0o755)

    def compile_catalogues(self) -> None:
        """Compile the message catalogues of every language, where there are any."""
        folder = self.root / "traceability" / "translations"
        if folder.is_dir():
            command = [str(self.python), "-P", "-m", "traceability.catalogue", "compile"]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    def mark_installed(self, kind: str) -> None:
        """Remember what `.venv` holds, so that the next call is quick; dev contains base."""
        kinds = ["base"] if kind == "base" else ["base", "dev"]
        text = "".join(self.digest(each) + "\n" for each in kinds)
        self.stamp.write_text(text, encoding="utf-8")


def show_step(number: int, text: str) -> None:
    """Print the start of one of the steps."""
    sys.stdout.write(f"[{number}/{STEP_COUNT}] {text}\n")
    sys.stdout.flush()


def show_note(text: str) -> None:
    """Print a remark below the current step, over the counter where there is one."""
    start = "\r\033[K" if sys.stdout.isatty() else ""
    sys.stdout.write(f"{start}      {text}\n")
    sys.stdout.flush()


def show_count(count: int, total: int, name: str) -> None:
    """Redraw the package counter on a terminal; elsewhere print now and then."""
    if sys.stdout.isatty():
        sys.stdout.write(f"\r\033[K      package {count} of {total}: {name}")
        sys.stdout.flush()
    elif count % PROGRESS_EVERY == 0 or count == total:
        show_note(f"package {count} of {total}: {name}")


def install(root: Path, kind: str) -> None:
    """Bring the checkout in `root` to the locked versions of `kind`, `base` or `dev`.

    Raises:
        CannotInstall: If this machine lacks something; nothing outside `.venv` was touched.
    """
    check_python()
    checkout = Checkout(root)
    if checkout.lock(kind).is_file() and checkout.is_installed(kind):
        checkout.compile_catalogues()
        return
    check_venv()
    check_folder(root, FREE_MB_MIN[kind])
    show_step(1, f"Python {sys.version.split()[0]} in {checkout.venv}")
    checkout.make_venv()
    show_step(2, f"Packages from {checkout.lock(kind).relative_to(root)}")
    total = checkout.install_packages(kind)
    show_step(3, "The hangtag command and its languages")
    checkout.register()
    checkout.compile_catalogues()
    checkout.mark_installed(kind)
    show_step(4, f"Ready: {total} packages")


def main() -> None:
    """Install what the first argument names; one sentence on stderr and exit 1 if it cannot."""
    kind = sys.argv[1] if len(sys.argv) > 1 else "base"
    if kind not in FREE_MB_MIN:
        sys.exit(f"Cannot install {kind!r}: expected base or dev.")
    try:
        install(Path(__file__).resolve().parent, kind)
    except CannotInstall as problem:
        sys.exit(f"\n{problem}")
    except KeyboardInterrupt:
        sys.exit("\nStopped; make again goes on from here.")


if __name__ == "__main__":
    main()
