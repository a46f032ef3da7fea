"""After a power cut the workshop opens by itself; what does that is shown, done and undone."""

from __future__ import annotations

import configparser
import json
import os
import plistlib
import shlex
import shutil
import subprocess
import sys
import threading
import urllib.request
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from readers.emulated.emulation import EmulatedReader
from tests.station.workshop import until
from tests.workshop.opened import Opened, hangtag, opened, quiet_port, run
from traceability.errors import Refused
from traceability.workshop.at_boot import Opening, Plan, Seat, carry_out, plan, undo

NASTY = '/srv/ana/100% "wool" $HOME'


@pytest.fixture
def seat(tmp_path: Path) -> Seat:
    return Seat(
        "linux", tmp_path / "home", "ana", is_root=False, has_systemd=True, has_desktop=True,
        browser="/usr/bin/chromium", units=tmp_path / "etc",
    )  # fmt: skip


@pytest.fixture
def opening(tmp_path: Path) -> Opening:
    start = (sys.executable, "-P", "-m", "app", "start", NASTY, "--port", "8080")
    screen = (sys.executable, "-P", "-m", "traceability.workshop.screen", NASTY, "/gates")
    return Opening("rua-12", tmp_path, start, screen, {"PYTHONPATH": "/opt/hangtag"})


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Programs of the system that only note how they were called; `loginctl` may not."""
    folder = tmp_path / "bin"
    folder.mkdir()
    note = tmp_path / "called"
    for name, code in (("systemctl", 0), ("loginctl", 1)):
        program = folder / name
        program.write_text(f'#!/bin/sh\necho "{name} $*" >> {note}\necho denied >&2\nexit {code}\n')
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return note


def unit_of(made: Plan) -> str:
    return next(text for path, text in made.files.items() if path.suffix == ".service")


def exec_start(made: Plan) -> list[str]:
    """Return the words of a unit's command as systemd takes them."""
    parsed = configparser.ConfigParser(interpolation=None, strict=False)
    parsed.optionxform = str  # type: ignore[assignment,method-assign]  # keep the case of names
    parsed.read_string(unit_of(made))
    line = parsed["Service"]["ExecStart"]
    return [word.replace("%%", "%").replace("$$", "$") for word in shlex.split(line)]


def test_a_unit_opens_the_very_folder_however_it_is_called(opening: Opening, seat: Seat) -> None:
    for one in (seat, replace(seat, is_root=True)):
        assert exec_start(plan(opening, one)) == list(opening.command)


def test_systemd_finds_nothing_wrong_with_a_unit(
    opening: Opening, seat: Seat, tmp_path: Path
) -> None:
    may_verify = shutil.which("systemd-analyze") is not None
    for one, scope in ((seat, "--user"), (replace(seat, is_root=True, user="root"), "--system")):
        unit = tmp_path / f"hangtag{scope}.service"
        unit.write_text(unit_of(plan(opening, one)))
        assert exec_start(plan(opening, one))[0] == sys.executable
        if not may_verify:
            continue
        words = ["systemd-analyze", scope, "verify", "--man=no", str(unit)]
        said = subprocess.run(words, capture_output=True, text=True)
        about_it = [line for line in said.stderr.splitlines() if unit.name in line]
        assert about_it == []


def test_it_says_what_it_did_and_may_be_done_again(
    opening: Opening, seat: Seat, programs: Path
) -> None:
    made = plan(opening, seat)
    first, again = carry_out(made), carry_out(made)
    unit, screen = made.files
    lingers = "loginctl enable-linger ana"
    assert first == [
        f"wrote      {unit}",
        f"wrote      {screen}",
        "ran        systemctl --user daemon-reload",
        "ran        systemctl --user enable hangtag-rua-12.service",
        f"NOT DONE   {lingers}: denied. Type it yourself: sudo {lingers}",
    ]
    assert again == [f"is there   {unit}", f"is there   {screen}", *first[2:]]
    assert undo(made) == [
        "ran        systemctl --user disable --now hangtag-rua-12.service",
        f"deleted    {unit}",
        f"deleted    {screen}",
        "ran        systemctl --user daemon-reload",
    ]
    assert undo(made) == ["Nothing of Hangtag begins at boot here."]
    assert programs.read_text().splitlines()[0] == "systemctl --user daemon-reload"


def test_the_administrators_unit_runs_as_the_person(opening: Opening, seat: Seat) -> None:
    made = plan(opening, replace(seat, is_root=True, has_desktop=False))
    assert [path.parent for path in made.files] == [seat.units]
    assert "\nUser=ana\n" in unit_of(made)
    assert "WantedBy=multi-user.target" in unit_of(made)
    assert made.acts[-1].words == ("systemctl", "enable", "hangtag-rua-12.service")


def test_a_screen_opens_with_the_desktop_in_a_profile_of_its_own(
    opening: Opening, seat: Seat
) -> None:
    _unit, screen = plan(opening, seat).files.values()
    parsed = configparser.ConfigParser(interpolation=None)
    parsed.read_string(screen)
    line = parsed["Desktop Entry"]["Exec"].replace("\\\\", "\\").replace("%%", "%")
    assert [word.replace("\\$", "$") for word in shlex.split(line)] == [
        "/usr/bin/env",
        "PYTHONPATH=/opt/hangtag",
        *opening.screen,
        "/usr/bin/chromium",
        "--kiosk",
        "--no-first-run",
        "--noerrdialogs",
        "--disable-session-crashed-bubble",
        "--autoplay-policy=no-user-gesture-required",
        f"--user-data-dir={seat.home}/.hangtag-screen-rua-12",
    ]


def test_without_systemd_it_says_the_line_for_cron(opening: Opening, seat: Seat) -> None:
    with pytest.raises(Refused, match="add the line: @reboot /usr/bin/env PYTHONPATH=") as refused:
        plan(opening, replace(seat, has_systemd=False))
    assert shlex.quote(NASTY) in str(refused.value)


def test_a_mac_and_windows_get_what_their_documents_ask_for(opening: Opening, seat: Seat) -> None:
    mac = plan(opening, replace(seat, system="darwin"))
    trees = [plistlib.loads(text.encode()) for text in mac.files.values()]
    assert [(tree["Label"], tree["KeepAlive"]) for tree in trees] == [
        ("hangtag.rua-12", True),
        ("hangtag.rua-12.screen", False),
    ]
    assert trees[0]["ProgramArguments"] == list(opening.command)
    windows = plan(opening, replace(seat, system="win32"))
    [text] = windows.files.values()
    said = {each.tag.rpartition("}")[2]: each.text for each in ET.fromstring(text).iter()}
    assert said["Command"] == sys.executable
    assert said["Arguments"] == subprocess.list2cmdline(opening.command[1:])
    assert "never tried on Windows" in windows.notes[0]


def test_a_dry_run_shows_everything_and_does_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "shirts"
    assert run("new", str(folder)).returncode == 0
    before = sorted(tmp_path.rglob("*"))
    shown = run("start", str(folder), "--lan", "--at-boot", "show")
    assert sorted(tmp_path.rglob("*")) == before
    if shown.returncode:
        assert "This PC has no systemd" in shown.stderr
        assert f"app start {folder} --host 127.0.0.1 --port 8080 --lan" in shown.stderr
    else:
        assert f'"start" "{folder}" "--host" "127.0.0.1" "--port" "8080" "--lan"' in shown.stdout
        assert f"Undo it: hangtag start {folder} --at-boot off" in shown.stdout


class Answering(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(503)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_a_screen_waits_until_somebody_answers_then_shows_the_page(tmp_path: Path) -> None:
    note = tmp_path / "running.json"
    note.write_text(json.dumps({"url": "http://127.0.0.1:1"}))  # of the day before the cut
    words = [*hangtag()[:-1], "traceability.workshop.screen", str(tmp_path), "/gates", "echo"]
    root = Path(__file__).parents[2]
    screen = subprocess.Popen(
        words,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    with HTTPServer(("127.0.0.1", 0), Answering) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        note.write_text(json.dumps({"url": url}))
        said, _ = screen.communicate(timeout=120)
        server.shutdown()
    assert (said, screen.returncode) == (f"{url}/gates\n", 0)


STATION = """
name = "in"
title = "Goods in"
server = "http://127.0.0.1:1"
stage = "fabric-in"

[[reader]]
name = "in.1"
protocol = "barcode_lines"
url = "{url}"
"""


def readers_of(workshop: Opened) -> list[tuple[str, str]]:
    with urllib.request.urlopen(f"{workshop.url}/api/readers", timeout=30) as answer:
        return [(one["name"], one["state"]) for one in json.load(answer)["readers"]]


def gaps_of(workshop: Opened) -> int:
    with urllib.request.urlopen(f"{workshop.url}/api/ledger", timeout=30) as answer:
        return int(json.load(answer)["gaps"])


def test_after_a_cut_readers_are_found_again_and_the_gate_asks_for_no_login(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "shirts"
    assert run("new", str(folder)).returncode == 0
    reader = EmulatedReader("one", "barcode_lines", port="tcp")
    (folder / "stations").mkdir(exist_ok=True)
    (folder / "stations" / "in.toml").write_text(STATION.format(url=reader.url))
    with opened(folder, "--port", quiet_port()) as workshop:
        until(lambda: readers_of(workshop) == [("in.1", "working")], seconds=60)
        workshop.cut_power()
        until(lambda: readers_of(workshop) == [("in.1", "working")], seconds=60)
        until(lambda: gaps_of(workshop) == 1, seconds=60)
        with urllib.request.urlopen(f"{workshop.url}/gate/in", timeout=30) as page:
            assert (page.status, page.url) == (200, f"{workshop.url}/gate/in")
    reader.stop()
