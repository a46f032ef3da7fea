"""The PC is gone. A new one, a stick, a sheet of paper: by the screen alone to a running workshop.

One person, who is no technician. What was scanned after the backup comes back by itself from the
browser and the station that had delivered it, and the record says what it has lost.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.stories.owner import Count, Hand
from tests.web.browser import chromium, open_page
from tests.workshop.opened import Opened, begin, quiet_port, run
from traceability.database import open_database
from traceability.epcis import body
from traceability.factory.declared import declared
from traceability.factory.folder import Factory
from traceability.ledger.append import Ledger
from traceability.ledger.history import sheets
from traceability.ledger.verify import verify
from traceability.projections.view import look
from traceability.station.delivery import Delivery
from traceability.station.link import Link
from traceability.station.spool import Element, Spool

pytestmark = [pytest.mark.browser, pytest.mark.story, pytest.mark.timeout(600)]

TOUCHES_MAX = 12
SECONDS_MAX = 600
WAIT_MS = 60_000
"""A busy machine is slow; nothing here is about speed but the ten minutes."""
BEFORE, AFTER = ["A-1", "A-2", "A-3"], ["B-1", "B-2", "B-3", "B-4"]


@pytest.fixture
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def stick(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A place on another disk than the workshop, as a stick is; it is not plugged in yet."""
    room = Path("/dev/shm")
    bag = Path(tempfile.mkdtemp(prefix="bag-", dir=room if room.is_dir() else None))
    monkeypatch.setenv("HANGTAG_STICKS", str(bag / "BLUE"))
    yield bag / "BLUE"
    shutil.rmtree(bag)


def until(is_so: Callable[[], object], patience_s: float = 60.0) -> None:
    """Wait for something that another process does."""
    end = time.monotonic() + patience_s
    while not is_so():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


class Gate:
    """A station that is not on the PC: its spool and its delivery, as the process runs them."""

    def __init__(self, folder: Path, url: str) -> None:
        self.spool = Spool(folder / "gate.sqlite", "gate", epoch=1)
        self.delivery = Delivery(self.spool, Link(url), back_off_s=(0.05, 0.1), ask_s=0.2)
        self.delivery.start()

    def read(self, count: int) -> None:
        """Read tags: one event each."""
        for _ in range(count):
            number = self.spool.next_counter
            tree = {
                "type": "ObjectEvent",
                "action": "OBSERVE",
                "eventID": f"urn:uuid:00000000-0000-4000-8000-{number:012d}",
                "eventTime": datetime.now(UTC).isoformat(timespec="milliseconds"),
                "eventTimeZoneOffset": "+00:00",
                "epcList": [f"urn:epc:id:sgtin:9521141.000105.{number}"],
            }
            name = str(tree["eventID"])
            self.spool.put(
                [Element(number, name, body.canonical(body.parse(json.dumps(tree).encode())))]
            )

    def is_empty(self) -> bool:
        return self.spool.counts().waiting == 0

    def kept(self) -> list[int]:
        """Return the counters of what the spool still holds."""
        with self.spool._lock:
            return [row[0] for row in self.spool._db.execute("SELECT counter FROM element")]

    def close(self) -> None:
        self.delivery.stop()
        self.spool.close()


def scan(page: Page, texts: list[str]) -> None:
    """Type codes at the scan page, one after another, and wait for the answers."""
    root = page.locator("[data-scan]")
    for text in texts:
        heard = int(root.get_attribute("data-scans") or 0)
        page.locator("[data-code]").fill(text)
        page.keyboard.press("Enter")
        expect(root).to_have_attribute("data-scans", str(heard + 1), timeout=WAIT_MS)
    expect(root).to_have_attribute("data-waiting", "0", timeout=WAIT_MS)


def kept_in(page: Page) -> list[dict[str, object]]:
    """Return what a browser keeps of what it delivered."""
    found: list[dict[str, object]] = page.evaluate(
        """() => new Promise((done) => {
          const asked = indexedDB.open("hangtag-scan");
          asked.onsuccess = () => {
            const all = asked.result.transaction("delivered").objectStore("delivered").getAll();
            all.onsuccess = () => { asked.result.close(); done(all.result); };
          };
        })"""
    )
    return found


def runs(folder: Path) -> dict[str, list[int]]:
    """Return for each sender the counters in the record, in their order."""
    found: dict[str, list[int]] = {}
    url = Factory.find(folder).url
    with (
        contextlib.closing(open_database(url, create=False)) as database,
        look(Ledger.open(database)) as view,
    ):
        for one in sheets(view.connection, view.ledger_id, 0, view.size):
            if one.run is not None:
                found.setdefault(one.run[0], []).append(one.run[2])
    return found


def test_from_the_screen_alone_to_a_running_workshop_and_nothing_delivered_is_lost(
    browser: Browser, tmp_path: Path, stick: Path
) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    assert run("new", str(old), "--name", "Porto Knit").returncode == 0
    running = begin(old, "--port", quiet_port())
    gate = Gate(tmp_path, running.url)
    try:
        with open_page(browser, "phone") as phone:
            phone.context.add_cookies([{"name": "step", "value": "cutting", "url": running.url}])
            phone.goto(running.url + "/scan")
            gate.read(3)
            scan(phone, BEFORE)
            until(gate.is_empty)
            code = _back_up(browser, running, stick)
            # What the stick holds need not be kept any more; what comes after it must be.
            if stick.stat().st_dev != old.stat().st_dev:
                until(lambda: gate.kept() == [])
                phone.evaluate("window.dispatchEvent(new Event('online'))")
                until(lambda: kept_in(phone) == [])
            gate.read(5)
            scan(phone, AFTER)
            until(gate.is_empty)
            assert [one["counter"] for one in kept_in(phone)][-4:] == [4, 5, 6, 7]
            before = runs(old)
            # What an auditor kept: signed for the day that is about to be lost.
            signed = tmp_path / "kept-by-the-auditor.txt"
            memory = old / "practice.sqlite.keys" / "main.signed"
            until(lambda: int(memory.read_text("utf-8").splitlines()[1]) >= size_of(old))
            shutil.copy(memory, signed)
            running.kill()
            running.process.communicate(timeout=10)
            shutil.rmtree(old)  # the PC is gone
            running = _on_a_new_pc(browser, new, str(running.said["port"]), stick, code)
            phone.evaluate("window.dispatchEvent(new Event('online'))")
            until(lambda: len(runs(new).get("gate", [])) == 8)
            until(lambda: sum(map(len, runs(new).values())) == 15)
            expect(phone.locator("[data-scan]")).to_have_attribute(
                "data-waiting", "0", timeout=WAIT_MS
            )
            scan(phone, ["C-1"])
            until(lambda: sum(map(len, runs(new).values())) == 16)
    finally:
        gate.close()
        running.stop()
        running.process.communicate(timeout=15)
    after = runs(new)
    [device] = set(before) - {"gate"}
    assert (sorted(after["gate"]), after[device]) == (before["gate"], [*before[device], 8])
    _assert_it_is_said(Factory.find(new), signed)


def _back_up(browser: Browser, running: Opened, stick: Path) -> str:
    """Make a backup on a stick that is plugged in while the page is open; read the sheet's code."""
    count = Count()
    count.begin("backup")
    with open_page(browser) as page:
        hand = Hand(page, running.url, count)
        page.goto(str(running.said["enter"]))
        hand.go("/safe")
        stick.mkdir()
        expect(page.locator('[name="target"]:checked')).to_have_value(str(stick), timeout=WAIT_MS)
        hand.button("Back up now")
        expect(page.get_by_text("Checked: opens and verifies")).to_be_visible(timeout=WAIT_MS)
        expect(page.locator("#last")).to_contain_text(str(stick))
        hand.link("Print the sheet")
        code = page.locator(".recovery .code").inner_text()
        hand.button("It is printed and kept")
        expect(page.locator("#recovery")).to_contain_text("printed and kept", timeout=WAIT_MS)
        assert hand.troubles == []
    print(count.told)
    return "-".join(code.split())


def _on_a_new_pc(browser: Browser, new: Path, port: str, stick: Path, code: str) -> Opened:
    """Do what the sheet says, with the screen alone; count what is touched, and the time."""
    assert run("new", str(new)).returncode == 0
    running = begin(new, "--port", port)
    assert running.said["port"] == int(port), "browsers look for it at the old address"
    count, started = Count(), time.monotonic()
    count.begin("restore")
    away = stick.rename(stick.with_name("in a pocket"))
    with open_page(browser) as page:
        hand = Hand(page, running.url, count)
        page.goto(str(running.said["enter"]))
        hand.link("Open a copy")
        away.rename(stick)
        # It appears by itself, and what lies on it is chosen.
        expect(page.locator('[name="file"]:checked')).to_have_value(
            str(next(stick.glob("hangtag-*.zip"))), timeout=WAIT_MS
        )
        # First as people type it: one sign wrong. One sentence, and nothing is lost by it.
        wrong = code[:6] + ("2" if code[6] != "2" else "3") + code[7:]
        hand.type(page.get_by_label("Recovery code"), wrong)
        hand.button("Open the copy")
        expect(page.get_by_text("Group 2 of the recovery code")).to_be_visible(timeout=WAIT_MS)
        hand.type(page.get_by_label("Recovery code"), code.lower().replace("-", " "))
        hand.button("Open the copy")
        expect(page.get_by_text("Verified:")).to_be_visible(timeout=WAIT_MS)
        # Pressed at once: it waits until the workshop is open again.
        hand.link("Open the workshop")
        page.wait_for_url("**/start", timeout=WAIT_MS)
        until((new / "practice.sqlite.keys" / "main-2.key").exists)
        hand.go("/safe")
        expect(page.locator("#restores")).to_contain_text("from a backup with", timeout=WAIT_MS)
        assert hand.troubles == []
    took_s = time.monotonic() - started
    print(f"{count.told}, {took_s:.0f} s")
    assert sum(count.touches.values()) <= TOUCHES_MAX, count.told
    assert took_s < SECONDS_MAX
    return running


def size_of(folder: Path) -> int:
    """Return how many entries a workshop's record has."""
    with contextlib.closing(open_database(Factory.find(folder).url, create=False)) as database:
        return Ledger.open(database).size


def _assert_it_is_said(factory: Factory, signed: Path) -> None:
    with contextlib.closing(open_database(factory.url, create=False)) as database:
        ledger = Ledger.open(database)
        with look(ledger) as view:
            [said] = declared(view.connection, view.ledger_id)
        assert verify(ledger, projections=True).finding is None
    # The station knew how long the record had been: the gap has an end.
    assert said.is_signed_by_old
    assert said.known_size is not None
    assert len(said.missing) >= 5
    said_aloud = run(
        *("ledger", "verify", "--projections", "--db", factory.url, "--checkpoint", str(signed))
    )
    assert (said_aloud.stderr, said_aloud.returncode) == ("", 0)
    assert f"Declared restore at {said.position}" in said_aloud.stdout
