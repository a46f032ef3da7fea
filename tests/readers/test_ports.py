"""The list of ports says of each whether it opens and, if not, what exactly to do."""

from __future__ import annotations

import os
import pty
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from readers import ports
from readers.ports import Port, examine
from readers.reads import PortUnavailable
from readers.transports.transport import open_port


@pytest.fixture
def line() -> str:
    master, slave = pty.openpty()
    del master  # both ends stay open until the process ends
    return os.ttyname(slave)


def test_a_free_port_is_ready(line: str) -> None:
    assert examine(line, description="a pty") == Port(line, "a pty", None, None, True, "")


def test_a_port_held_by_another_program_names_it(line: str) -> None:
    script = "import sys; held = open(sys.argv[1], 'rb', buffering=0); print('held', flush=True)"
    holder = subprocess.Popen(
        [sys.executable, "-c", script + "; sys.stdin.read()", line],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        name = Path(f"/proc/{holder.pid}/comm").read_text().strip()
        remedy = examine(line).remedy
        assert holder.stdin is not None
        holder.stdin.close()

    assert remedy == (
        f"{line} is held by {name} (process {holder.pid}). Close that program, or end it"
        f" with `kill {holder.pid}`."
    )


def holding(proc: Path, name: str, line: str | None, process: int = 4242) -> Path:
    """Write down a process; without a line, one that may not be looked into."""
    folder = proc / str(process)
    (folder / "fd").mkdir(parents=True)
    (folder / "comm").write_text(f"{name}\n")
    if line is not None:
        (folder / "fd/3").symlink_to(line)
    return proc


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (
            "ModemManager",
            (
                "{line} is held by ModemManager (process 4242), which takes readers for modems. Run"
                " `sudo systemctl disable --now ModemManager`, then plug in again."
            ),
        ),
        (
            "brltty",
            (
                "{line} is held by brltty (process 4242), which takes readers for braille displays."
                " Run `sudo systemctl mask --now brltty-udev brltty`, then plug in again."
            ),
        ),
        (
            "gpsd",
            (
                "{line} is held by gpsd (process 4242), which takes readers for satellite"
                " receivers. Run `sudo systemctl mask --now gpsd.socket gpsd`, then plug in again."
            ),
        ),
        (
            "agetty",
            (
                "{line} is held by agetty (process 4242), a service of this PC. Run"
                " `sudo systemctl disable --now serial-getty@{tail}`, then plug in again."
            ),
        ),
        (
            "chromium",
            (
                "{line} is held by a page in chromium (process 4242). Close that page, or end the"
                " browser with `kill 4242`."
            ),
        ),
        (
            "minicom",
            (
                "{line} is held by minicom (process 4242). Close that program, or end it with"
                " `kill 4242`."
            ),
        ),
    ],
)
def test_who_is_known_to_take_ports_has_a_remedy_of_its_own(
    line: str, tmp_path: Path, name: str, sentence: str
) -> None:
    wanted = sentence.format(line=line, tail=Path(line).name)
    assert examine(line, proc=holding(tmp_path, name, line)).remedy == wanted


def test_a_busy_port_of_a_service_that_may_not_be_looked_into_names_it(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proc = holding(tmp_path, "ModemManager", None)
    holding(tmp_path, "bash", None, 7)
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may look into everything
    assert ports.busy_trouble(line, proc=proc) == ports.Trouble(
        "modem manager", line, "ModemManager",
        command="sudo systemctl disable --now ModemManager", process=4242,
    )  # fmt: skip


def test_a_busy_port_that_nobody_can_be_seen_at_says_how_to_find_out(
    line: str, tmp_path: Path
) -> None:
    assert ports.busy_trouble(line, proc=holding(tmp_path, "bash", None)).sentence == (
        f"{line} is held by a program of another user. `sudo fuser -v {line}` names it; close it."
    )


def test_a_port_that_we_read_ourselves_is_said_so(line: str) -> None:
    held = open_port(line)
    with pytest.raises(PortUnavailable) as refused:
        open_port(line)
    held.close()
    assert str(refused.value) == (
        f"Cannot open {line}: {line} is read by this Hangtag already: at a step, or on the page of"
        " the readers."
    )


def test_a_missing_port_and_a_file_that_is_none(tmp_path: Path) -> None:
    assert examine("/dev/ttyUSB99").remedy.startswith("/dev/ttyUSB99 does not exist.")
    assert "is not a serial port" in examine(str(tmp_path)).remedy


def test_a_port_of_a_group_names_the_group_and_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    import grp
    import pwd

    user = pwd.getpwuid(os.getuid()).pw_name
    group = grp.getgrgid(20)
    mode = stat.S_IFCHR | 0o660
    monkeypatch.setattr(os, "getgroups", list)
    assert ports._permission_trouble("/dev/ttyUSB0", 20, mode).sentence == (
        f"/dev/ttyUSB0 belongs to group {group.gr_name}. Run `sudo usermod -aG {group.gr_name}"
        f" {user}`, then log out and in again."
    )
    monkeypatch.setattr(os, "getgroups", lambda: [20])
    assert "log out and in again" in ports._permission_trouble("/dev/ttyUSB0", 20, mode).sentence
    assert ports._permission_trouble("/dev/ttyUSB0", 0, stat.S_IFCHR | 0o600).sentence == (
        "/dev/ttyUSB0 may be opened by root only. Run `sudo chmod g+rw /dev/ttyUSB0`."
    )


def test_every_listed_port_is_examined() -> None:
    assert all(bool(port.remedy) != port.is_open_to_us for port in ports.ports())
