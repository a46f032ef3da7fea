"""The station's own page: it answers on a phone while the server is away, in two languages."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.station.test_run import Running, Scanner, Server, config, until
from tests.web.browser import chromium, open_page, sideways
from traceability.station.drift import LEAST
from traceability.station.health import Health, ReaderHealth
from traceability.station.said import Load
from traceability.station.status_page import StatusPage, drift_words, page

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
READER = ReaderHealth(
    "gate", "r2000_a0", "/dev/ttyUSB0", is_up=True, since=NOON, reason="", reads=12_345, noise=7,
    dropped=0, rate=41.5, rssi_dbm=-57.0, temperature_c=31.0, last_read_at=NOON, drift=(),
)  # fmt: skip
HEALTH = Health(
    "dock", "Dock <gate>", "shipping", "0.1.0", NOON, is_at_work=True, is_online=True, problem="",
    load=Load(0, 0, None, 1_000_000, 2_000_000_000), parked=0, disk_free_bytes=5_000_000_000,
    clock_offset_s=0.25, readers=(READER,),
)  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def test_what_is_wrong_is_said_with_what_to_do() -> None:
    reason = "/dev/ttyUSB0 does not exist. Plug the reader in <now>."
    down = replace(READER, is_up=False, reason=reason)
    nearly = replace(HEALTH.load, size_bytes=1_900_000_000, waiting=4_711, oldest_at=NOON)
    told = {
        "The server takes what is read": HEALTH,
        "The server does not answer": replace(HEALTH, is_online=False),
        "Waits for the steps of the workshop": replace(HEALTH, is_at_work=False),
        "The store of what waits is nearly full": replace(HEALTH, load=nearly),
        "Nothing is kept at the moment": replace(HEALTH, problem="The disk is full."),
        "Plug the reader in &lt;now&gt;.": replace(HEALTH, readers=(down,)),
        "Tags answer more weakly": replace(HEALTH, readers=(replace(READER, drift=("rssi",)),)),
    }
    said = {sentence: page(health) for sentence, health in told.items()}
    assert [one for one, text in said.items() if one not in text] == []
    assert all("Dock &lt;gate&gt;" in text for text in said.values())
    assert "4,711" in said["The store of what waits is nearly full"]
    assert "31 °C" in said["The server takes what is read"]
    assert [one for one in told if one in said["The server takes what is read"]] == [
        "The server takes what is read"
    ]
    assert set(drift_words(str)) == set(LEAST)


def test_a_station_without_its_server_says_how_it_is(browser: Browser, tmp_path: Path) -> None:
    server, scanner = Server(), Scanner()
    text = config(server, scanner, "packing").replace(
        'name = "packing"', 'name = "packing"\ntitle = "Table 3"', 1
    )
    running = Running(text, tmp_path)
    told = StatusPage(running.station.health)
    url = f"http://127.0.0.1:{told.port}"
    until(lambda: scanner.connects)
    server.is_away = True
    scanner.beep("C-1", "G-1")

    def tree() -> dict[str, object]:
        with urllib.request.urlopen(f"{url}/status.json", timeout=30) as answer:
            found: dict[str, object] = json.load(answer)
            return found

    def waits() -> bool:
        load = tree()["load"]
        assert isinstance(load, dict)
        return bool(load["waiting"]) and not tree()["is_online"]

    until(waits, seconds=60)
    with open_page(browser, "phone") as phone:
        phone.goto(f"{url}/?lang=en")
        assert phone.locator("h1").inner_text() == "Table 3"
        assert "The server does not answer" in phone.inner_text("main")
        assert "hand: works" in phone.inner_text("main")
        assert sideways(phone) == 0
        phone.goto(f"{url}/?lang=zh")
        assert phone.locator("html").get_attribute("lang") == "zh-Hans"
        assert "服务器没有回应" in phone.inner_text("main")
    scanner.unplug()
    scanner.close()
    until(lambda: "cannot be heard" in page(running.station.health()), seconds=60)
    running.stop()
    told.close()
    server.close()
