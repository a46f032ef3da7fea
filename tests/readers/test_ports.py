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


def test_modem_manager_is_named_with_its_own_remedy(line: str, tmp_path: Path) -> None:
    process = tmp_path / "4242"
    (process / "fd").mkdir(parents=True)
    (process / "fd/3").symlink_to(line)
    (process / "comm").write_text("ModemManager\n")

    assert examine(line, proc=tmp_path).remedy == (
        f"{line} is held by ModemManager (process 4242), which takes readers for modems. Run"
        " `sudo systemctl disable --now ModemManager`, then plug in again."
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
