"""What is plugged in and is no serial port is named, with the reason and the remedy."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import app
from readers import usb
from readers.usb import UsbDevice, usb_devices
from tests.readers.usb_sockets import plug

CH340 = "1a86:7523"


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    (tmp_path / "proc").mkdir()
    return tmp_path / "proc"


@pytest.mark.parametrize(
    ("usb", "more", "kind", "command"),
    [
        (CH340, {"driver": "ch341", "port": "ttyUSB0"}, "port", ""),
        (CH340, {}, "no driver", "sudo modprobe ch341"),
        (CH340, {"driver": "usbfs"}, "taken", ""),
        ("2341:0043", {"interface": (0x02, 1)}, "no driver", "sudo modprobe cdc_acm"),
        ("0c2e:0b61", {"interface": (0x03, 1), "driver": "usbhid"}, "keyboard", ""),
        ("0781:5581", {"interface": (0x08, 80), "driver": "usb-storage"}, "storage", ""),
        ("1eab:0c10", {}, "other", ""),
        ("05e3:0610", {"interface": (0x09, 0), "driver": "hub"}, None, ""),
    ],
)
def test_a_device_is_known_by_what_the_kernel_says(
    tmp_path: Path, proc: Path, usb: str, more: dict[str, object], kind: str | None, command: str
) -> None:
    plug(tmp_path, "1-2", usb, name="USB Serial", **more)  # type: ignore[arg-type]  # by name
    found = usb_devices(system=tmp_path, proc=proc)
    port = "/dev/ttyUSB0" if kind == "port" else ""
    wanted = UsbDevice("1-2", usb, "USB Serial", kind, port, command) if kind else None
    assert found == ([wanted] if wanted else [])


def test_brltty_that_has_taken_a_reader_is_named_with_its_remedy(
    tmp_path: Path, proc: Path
) -> None:
    (proc / "311").mkdir()
    (proc / "311/comm").write_text("brltty\n")
    plug(tmp_path, "1-2", CH340, name="USB Serial", driver="usbfs")
    [found] = usb_devices(system=tmp_path, proc=proc)
    assert found.sentence == (
        "USB Serial (1a86:7523) is a serial plug, but brltty has taken it for a braille display."
        " Run `sudo systemctl mask --now brltty-udev brltty`, then plug in again."
    )


def test_the_newest_comes_first_and_says_that_it_is_new(tmp_path: Path, proc: Path) -> None:
    plug(tmp_path, "1-1", "046d:c31c", name="Keyboard", interface=(3, 1), seconds=90_000)
    plug(tmp_path, "1-4", CH340, seconds=12)
    plug(tmp_path, "1-3", "0bda:8153")
    found = usb_devices(system=tmp_path, proc=proc)
    assert [(one.place, one.name, one.is_new) for one in found] == [
        ("1-4", "USB device", True),
        ("1-1", "Keyboard", False),
        ("1-3", "USB device", False),
    ]


def test_where_no_kernel_tells_nothing_is_said(tmp_path: Path, proc: Path) -> None:
    assert usb_devices(system=tmp_path / "none", proc=proc) == []


def test_the_list_of_ports_names_what_should_have_one_and_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from serial.tools import list_ports

    monkeypatch.setattr(list_ports, "comports", list)
    monkeypatch.setattr(usb, "SYS", tmp_path)
    nothing = CliRunner().invoke(app.main, ["readers", "list"]).stdout
    plug(tmp_path, "1-2", CH340, name="USB Serial")
    plug(tmp_path, "1-3", "046d:c31c", name="Keyboard", interface=(3, 1), seconds=90_000)
    told = CliRunner().invoke(app.main, ["readers", "list"]).stdout
    line = CliRunner().invoke(app.main, ["readers", "list", "--json"]).stdout

    assert "its cable may only charge (take the reader's own)" in nothing
    assert told.splitlines()[0] == (
        "no port USB Serial (1a86:7523) is a serial plug without a driver. Run `sudo modprobe"
        " ch341`."
    )
    assert "Keyboard" not in told
    assert json.loads(line)["kind"] == "no driver"
