"""Every reader that is spoken to, from its plug to its first read on the page: two touches."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from readers.emulated.emulation import EmulatedReader
from readers.ports import Port
from readers.registry import PROTOCOLS
from tests.station.workshop import Served, floor_of, recorded, served
from traceability.simulation import labels
from traceability.web.readers import anchor_of

__all__ = ["served"]  # fixture of a whole workshop

TAG = labels.sgtin_tag(labels.gtin("9521141", 7), 7, 4711)
CARD = bytes.fromhex("62e3086ced")
EAN = "5901234123457"
SHOWN = {"tags": "4711", "cards": "3808980205", "barcodes": EAN}
"""What of the thing that is held to a reader stands on the page."""
PATIENCE_S = 90.0
SIDE_BY_SIDE = 3
"""Readers tried at once; mostly they wait."""


@pytest.fixture
def devices(tmp_path: Path) -> Iterator[dict[str, EmulatedReader]]:
    made = {
        name: EmulatedReader(
            name,
            name,
            port="pty" if entry.bauds else "tcp",
            baud=next(iter(entry.bauds), None),
            folder=tmp_path / "dev",
        )
        for name, entry in PROTOCOLS.items()
    }
    yield made
    for device in made.values():
        device.stop()


def press(client: FlaskClient, act: str, form: dict[str, str]) -> None:
    """Touch one button, as the page's script does."""
    token = re.search(r'name="csrf" value="([^"]+)"', client.get("/readers").text)
    assert token is not None
    data = {"csrf": token[1], **form}
    answer = client.post(f"/readers/{act}", data=data, headers={"HX-Request": "true"})
    assert (answer.status_code, "refused" in answer.headers["Location"]) == (303, False)


def row_of(client: FlaskClient, url: str) -> str:
    html = client.get("/readers").text
    row = html.partition(f'id="{anchor_of(url)}"')[2].partition('<li class="port')[0]
    return row.partition('class="stands"')[0]


def await_row(client: FlaskClient, device: EmulatedReader, wanted: str) -> None:
    """Look until something stands in the row; whoever is asked to scan or hold a card does so."""
    entry, ends_at = PROTOCOLS[device.protocol], time.monotonic() + PATIENCE_S
    while wanted not in (row := row_of(client, device.url)):
        assert time.monotonic() < ends_at, f"{device.protocol}: {row}"
        if "Scan something now" in row or "seconds left" in row:
            if entry.reads == "cards":
                device.show([CARD])
            elif entry.reads == "barcodes":
                device.scan(EAN)
        time.sleep(0.5)


def touches_to_first_read(served: Served, device: EmulatedReader) -> int:
    """Go from a reader that nobody knows to its first read on the page."""
    client, touches = served.app.test_client(), 0
    entry = PROTOCOLS[device.protocol]
    if entry.reads == "tags":
        device.show([TAG])
    asked = {"port": device.url} if entry.bauds else {"address": device.url}
    press(client, "find-out", asked)
    touches += 1
    await_row(client, device, "Read now")
    press(client, "read-now", {"port": device.url})
    touches += 1
    await_row(client, device, SHOWN[entry.reads])
    return touches


def test_every_protocol_is_two_touches_from_its_plug_to_its_first_read(
    served: Served, devices: dict[str, EmulatedReader], tmp_path: Path
) -> None:
    here = [Port(one.url, "", None, None, True, "") for one in devices.values()]

    def listed() -> Sequence[Port]:
        return [port for port in here if "://" not in port.device]

    floor = floor_of(served, tmp_path / "stations", listed)
    with ThreadPoolExecutor(SIDE_BY_SIDE) as people:
        tried = {
            name: people.submit(touches_to_first_read, served, device)
            for name, device in devices.items()
        }
    floor.stop_all()
    assert {name: one.result() for name, one in tried.items()} == dict.fromkeys(PROTOCOLS, 2)
    assert recorded(served.ledger, "event") == []
    assert not list((tmp_path / "stations").glob("*.toml"))
