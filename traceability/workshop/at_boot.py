"""After a power cut: the PC boots, the workshop opens by itself, the gate's screen is back.

Each system has its own way to begin something without anybody at the keyboard. What is to be done
there is a plan: files to write and commands to run, which can be shown, carried out as often as one
likes, and undone.
"""

from __future__ import annotations

import os
import plistlib
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import escape

from traceability.errors import Refused

__all__ = ["Act", "Opening", "Plan", "Seat", "carry_out", "plan", "undo"]

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "microsoft-edge")
RESTART_S = 2
STOP_S = 30
"""So long a workshop that is told to end may take to close its record."""


@dataclass(frozen=True, slots=True)
class Seat:
    """The PC and the person, as far as a plan depends on them."""

    system: str
    """`linux`, `darwin` or `win32`, as Python calls it."""
    home: Path
    user: str
    is_root: bool
    has_systemd: bool
    has_desktop: bool
    browser: str = ""
    """Program for the gate's screen; empty: none was found."""
    units: Path = Path("/etc/systemd/system")
    """Where the administrator's units lie."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What is to begin at boot."""

    name: str
    """Of the factory's folder, in letters that every system takes."""
    folder: Path
    command: tuple[str, ...]
    """Opens the workshop."""
    screen: tuple[str, ...]
    """Waits until it is open, then shows a page of it; without the browser's own words."""
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Act:
    """A command, and what a person types where we may not run it."""

    words: tuple[str, ...]
    instead: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is done, and how it is undone."""

    files: Mapping[Path, str]
    acts: tuple[Act, ...] = ()
    undoing: tuple[Act, ...] = ()
    """Before the files are deleted."""
    after_undoing: tuple[Act, ...] = ()
    notes: tuple[str, ...] = ()
    """What only a person can do."""


def plan(opening: Opening, seat: Seat) -> Plan:
    """Say what makes a workshop open at boot on this PC.

    Raises:
        Refused: If this system has no way to do it that we know.
    """
    if seat.system == "darwin":
        return _launchd(opening, seat)
    if seat.system == "win32":
        return _task_scheduler(opening, seat)
    if not seat.has_systemd:
        line = f"@reboot {shlex.join(_with_environment(opening))}"
        raise Refused(
            "This PC has no systemd, by which Hangtag would begin at boot. With cron: run "
            f"`crontab -e` and add the line: {line}"
        )
    return _systemd(opening, seat)


# --- Linux ---------------------------------------------------------------------------------------


def _systemd(opening: Opening, seat: Seat) -> Plan:
    unit = f"hangtag-{opening.name}.service"
    control: tuple[str, ...]
    if seat.is_root:
        path, control = seat.units / unit, ("systemctl",)
    else:
        path, control = seat.home / ".config/systemd/user" / unit, ("systemctl", "--user")
    files = {path: _unit(opening, seat)}
    acts = [Act((*control, "daemon-reload")), Act((*control, "enable", unit))]
    notes = [f"Begin now, without a new start of the PC: {shlex.join((*control, 'start', unit))}"]
    if not seat.is_root:
        # Else a person's services begin when he logs in, and end when he logs out.
        words = ("loginctl", "enable-linger", seat.user)
        acts.append(Act(words, instead=f"sudo {shlex.join(words)}"))
    if seat.has_desktop and seat.browser:
        files[seat.home / f".config/autostart/hangtag-{opening.name}-screen.desktop"] = _autostart(
            opening, seat
        )
        notes.append(
            f"The screen opens when {seat.user} is logged in: let the desktop do that by itself "
            "(Settings, Users, Automatic login)."
        )
    elif seat.has_desktop:
        notes.append("For a screen at the gate, install Chromium, then do this once more.")
    return Plan(
        files,
        tuple(acts),
        undoing=(Act((*control, "disable", "--now", unit)),),
        after_undoing=(Act((*control, "daemon-reload")),),
        notes=tuple(notes),
    )


def _unit(opening: Opening, seat: Seat) -> str:
    lines = [
        "[Unit]",
        f"Description=Hangtag, the workshop in {_percent(str(opening.folder))}",
        "StartLimitIntervalSec=0",
        "",
        "[Service]",
        *([f"User={seat.user}"] if seat.is_root else []),
        *(
            f"Environment={_quoted(f'{name}={value}')}"
            for name, value in opening.environment.items()
        ),
        f"ExecStart={' '.join(_quoted(word) for word in opening.command)}",
        "Restart=always",
        f"RestartSec={RESTART_S}",
        f"TimeoutStopSec={STOP_S}",
        "",
        "[Install]",
        f"WantedBy={'multi-user.target' if seat.is_root else 'default.target'}",
    ]
    return "\n".join(lines) + "\n"


def _percent(text: str) -> str:
    return text.replace("%", "%%")


def _quoted(word: str) -> str:
    r"""Quote a word for a unit file.

    >>> _quoted('/srv/ana/100% wool "A"')
    '"/srv/ana/100%% wool \\"A\\""'
    """
    inner = _percent(word).replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return f'"{inner}"'


def _autostart(opening: Opening, seat: Seat) -> str:
    words = _with_environment(opening, (*opening.screen, *_kiosk(opening, seat)))
    # In a desktop file a quoted word escapes these four, and the file escapes the backslash again.
    line = " ".join(
        '"' + "".join(f"\\\\{sign}" if sign in '"`$\\' else sign for sign in _percent(word)) + '"'
        for word in words
    )
    return (
        f"[Desktop Entry]\nType=Application\nName=Hangtag screen, {opening.name}\n"
        f"Exec={line}\nX-GNOME-Autostart-enabled=true\n"
    )


def _with_environment(opening: Opening, words: Sequence[str] = ()) -> list[str]:
    named = [f"{name}={value}" for name, value in opening.environment.items()]
    return [*(["/usr/bin/env", *named] if named else []), *(words or opening.command)]


def _kiosk(opening: Opening, seat: Seat) -> tuple[str, ...]:
    # A profile of its own: it shares neither windows nor "restore pages?" with anybody's browser.
    profile = seat.home / f".hangtag-screen-{opening.name}"
    return (
        seat.browser,
        "--kiosk",
        "--no-first-run",
        "--noerrdialogs",
        "--disable-session-crashed-bubble",
        "--autoplay-policy=no-user-gesture-required",
        f"--user-data-dir={profile}",
    )


# --- macOS, Windows ------------------------------------------------------------------------------


def _launchd(opening: Opening, seat: Seat) -> Plan:
    agents = seat.home / "Library/LaunchAgents"
    jobs = {f"hangtag.{opening.name}": opening.command}
    if seat.browser:
        screen = (*opening.screen, *_kiosk(opening, seat))
        jobs[f"hangtag.{opening.name}.screen"] = screen
    files, acts, undoing = {}, [], []
    for label, words in jobs.items():
        path = agents / f"{label}.plist"
        tree = {
            "Label": label,
            "ProgramArguments": list(words),
            "EnvironmentVariables": dict(opening.environment),
            "RunAtLoad": True,
            "KeepAlive": label == f"hangtag.{opening.name}",
            "ThrottleInterval": RESTART_S,
            "ExitTimeOut": STOP_S,
        }
        files[path] = plistlib.dumps(tree).decode()
        acts.append(Act(("launchctl", "load", "-w", str(path))))
        undoing.append(Act(("launchctl", "unload", "-w", str(path))))
    note = (
        f"It begins when {seat.user} is logged in: let the Mac do that by itself (System Settings, "
        "Users & Groups, Automatically log in as)."
    )
    return Plan(files, tuple(acts), tuple(undoing), notes=(note,))


def _task_scheduler(opening: Opening, seat: Seat) -> Plan:
    task = f"Hangtag {opening.name}"
    path = opening.folder / "at-boot.xml"
    first, *rest = opening.command
    words = subprocess.list2cmdline(rest)
    user = escape(seat.user)
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">\n'
        f"  <Triggers><LogonTrigger><UserId>{user}</UserId></LogonTrigger></Triggers>\n"
        "  <Settings><ExecutionTimeLimit>PT0S</ExecutionTimeLimit>"
        "<RestartOnFailure><Interval>PT1M</Interval><Count>999</Count></RestartOnFailure>"
        "<DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries></Settings>\n"
        f"  <Actions><Exec><Command>{escape(first)}</Command>"
        f"<Arguments>{escape(words)}</Arguments></Exec></Actions>\n"
        "</Task>\n"
    )
    return Plan(
        {path: text},
        (Act(("schtasks", "/Create", "/F", "/TN", task, "/XML", str(path))),),
        undoing=(Act(("schtasks", "/Delete", "/F", "/TN", task)),),
        notes=(
            "This was written from the system's documents and was never tried on Windows.",
            f"It begins when {seat.user} is logged in: let Windows do that by itself (netplwiz).",
        ),
    )


# --- doing it ------------------------------------------------------------------------------------


def carry_out(made: Plan) -> list[str]:
    """Write the files and run the commands; say each thing that was done, and what was not.

    Raises:
        Refused: If a file cannot be written.
    """
    said = []
    for path, text in made.files.items():
        if path.exists() and path.read_text("utf-8") == text:
            said.append(f"is there   {path}")
            continue
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        except OSError as error:
            raise Refused(f"Cannot write {path}: {error.strerror or error}.") from error
        said.append(f"wrote      {path}")
    return said + [_run(act) for act in made.acts]


def undo(made: Plan) -> list[str]:
    """Take everything back; what is not there is passed over."""
    if not any(path.exists() for path in made.files):
        return ["Nothing of Hangtag begins at boot here."]
    said = [_run(act) for act in made.undoing]
    for path in made.files:
        if path.exists():
            path.unlink()
            said.append(f"deleted    {path}")
    return said + [_run(act) for act in made.after_undoing]


def _run(act: Act) -> str:
    typed = shlex.join(act.words)
    try:
        done = subprocess.run(act.words, check=False, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = str(error)
    else:
        if done.returncode == 0:
            return f"ran        {typed}"
        lines = (done.stderr or done.stdout).strip().splitlines()
        reason = lines[-1] if lines else f"it ended with {done.returncode}"
    return f"NOT DONE   {typed}: {reason}. Type it yourself: {act.instead or typed}"


def this_seat() -> Seat:
    """Look at this PC."""
    import getpass
    import shutil

    is_root = os.name == "posix" and os.geteuid() == 0
    user = os.environ.get("SUDO_USER") or getpass.getuser()
    home = Path(f"~{user}").expanduser() if is_root and user != "root" else Path.home()
    named = next((found for each in BROWSERS if (found := shutil.which(each))), "")
    chrome = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
    sessions = (Path("/usr/share/xsessions"), Path("/usr/share/wayland-sessions"))
    return Seat(
        system=sys.platform,
        home=home,
        user=user,
        is_root=is_root,
        has_systemd=Path("/run/systemd/system").is_dir(),
        has_desktop=any(each.is_dir() for each in sessions) or "DISPLAY" in os.environ,
        browser=str(chrome) if sys.platform == "darwin" and chrome.exists() else named,
    )
