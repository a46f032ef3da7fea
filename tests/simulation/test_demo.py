"""The demo as a visitor has it: real processes, real ports, and a count by others at the end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.simulation.running_demo import ROOT, RunningDemo, slack, until
from traceability.simulation import floor
from traceability.simulation.plan import make_plan

pytestmark = [pytest.mark.story, pytest.mark.timeout(540)]

ALL_IN_STORE = {"sewing": 30, "packing": 30, "shipping": 30, "store": 30}
FINE = {
    "exit": 0,
    "lost": 0,
    "verified": True,
    "garments": ALL_IN_STORE,
    "waiting": 0,
    "parked": 0,
    "put_aside": [],
}


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Any]:
    """Start demos; end what a failed test leaves behind."""
    started: list[RunningDemo] = []

    def start(*options: str, **more: Any) -> RunningDemo:
        started.append(RunningDemo(tmp_path, *options, **more))
        return started[-1]

    yield start
    for one in started:
        one.stop()


def short(result: dict[str, Any]) -> dict[str, Any]:
    return {name: result.get(name) for name in FINE}


def test_every_garment_reaches_the_store_and_nothing_is_lost(demo: Any) -> None:
    running = demo("--garments", "30", "--until-done", "--json")
    result = running.result()
    assert short(result) == FINE
    assert result["gaps"] == 0
    assert result["ledger_size"] == running.rows("SELECT size FROM ledger")[0][0]
    assert running.bodies("flow")[0]["demo"] is True
    if os.name == "posix":
        assert str(running.run / "ports") in (running.run / "dock.toml").read_text()


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningDemo, dict[str, Any]]]:
    """Run a small demo on a system without ptys, one scan of it swallowed."""
    options = ("--garments", "9", "--until-done", "--json", "--swallow", "1")
    running = RunningDemo(tmp_path_factory.mktemp("small"), *options, is_without_ptys=True)
    yield running, running.result()
    running.stop()


SMALL_IN_STORE = dict.fromkeys(ALL_IN_STORE, 9)


def test_nothing_is_lost_where_every_reader_types_like_a_keyboard(demo: Any) -> None:
    running = demo("--garments", "9", "--until-done", "--json", "--readers", "keyboard")

    assert short(running.result()) == {**FINE, "garments": SMALL_IN_STORE}
    spoken = (running.run / "dock.toml").read_text().count('protocol = "keyboard_lines"')
    said = [json.loads(line) for line in running.wire_log.read_text().splitlines()]
    assert spoken == 2
    assert {line["protocol"] for line in said} == {"keyboard_lines"}


def test_where_there_are_no_ptys_readers_are_on_the_network(small: Any) -> None:
    running, result = small
    assert short(result) == {**FINE, "garments": SMALL_IN_STORE, "lost": 1}
    assert 'url = "socket://127.0.0.1:' in (running.run / "dock.toml").read_text()


def test_one_swallowed_frame_is_one_lost(small: Any) -> None:
    _, result = small
    roll = make_plan(7, 9).rolls[0]
    assert [(one["reader"], one["said"]) for one in result["missing"]] == [
        ("fabric-in.gun", roll.scan[1] + roll.scan[0])
    ]


def test_a_second_demo_in_the_same_ledger_goes_on_with_new_numbers(small: Any) -> None:
    first, before = small
    second = RunningDemo(first.folder, "--garments", "9", "--until-done", "--json")
    try:
        result = second.result()
    finally:
        second.stop()
    assert short(result) == {**FINE, "garments": dict.fromkeys(ALL_IN_STORE, 18)}
    assert result["ledger_size"] > before["ledger_size"]


def test_a_killed_server_forgets_nothing_and_doubles_nothing(demo: Any) -> None:
    running = demo("--garments", "30", "--until-done", "--json")
    assert until(lambda: running.ask("/state")["done"] >= 4, 60)
    before = running.rows("SELECT position, entry FROM entry ORDER BY position")
    os.kill(running.ask("/state")["processes"]["server"]["pid"], 9)
    result = running.result()
    assert short(result) == FINE
    assert result["server_starts"] == 2
    after = running.rows("SELECT position, entry FROM entry ORDER BY position")
    assert after[: len(before)] == before
    ids = Counter(json.loads(entry)["id"] for _, entry in after)
    assert max(ids.values()) == 1
    # What a station was told is accepted stands at the position it was told.
    entries = {json.loads(entry)["id"]: position for position, entry in after}
    spools = sorted(running.run.glob("*.spool.sqlite"))
    assert len(spools) == 6
    for spool in spools:
        said = running.rows("SELECT id, position FROM element", spool)
        assert said == [(name, entries[name]) for name, _ in said]
    assert {row[0] for row in running.rows("SELECT holes FROM station_run")} == {"[]"}


def test_a_visitor_sees_a_garment_arrive_pushes_a_carton_and_cheats(demo: Any) -> None:
    begun = time.monotonic()
    running = demo("--garments", "60")
    running.control()
    assert until(lambda: len(running.bodies("event")) > 0, 10)
    shop = f"https://id.gs1.org{floor.STATIONS[-1].place}"
    assert until(lambda: shop in _places(running), 90 * slack())
    assert time.monotonic() - begun < 90 * slack()
    assert until(lambda: _pushable(running) != [], 60)
    pushed = running.ask("/push", {"missing": 1})
    missing = pushed["missing"][0]["key"]
    why = "https://hangtag.invalid/voc/reason"
    missed = "https://hangtag.invalid/voc/missing"

    def stops() -> list[list[str]]:
        events = [event for event in running.bodies("event") if event.get(why) == "missing"]
        return [event[missed] for event in events]

    assert until(lambda: [f"https://id.gs1.org{missing}"] in stops(), 15)
    running.ask("/push", {"missing": 0, "carton": pushed["carton"]})
    carton = f"https://id.gs1.org{pushed['carton']}"

    def shipped() -> list[dict[str, Any]]:
        events = running.bodies("event")
        return [one for one in events if carton in one.get("epcList", ()) and "bizStep" in one]

    assert until(lambda: bool(shipped()), 15)
    position = running.ask("/tamper", {})["position"]
    assert _verify(running) == (1, {"position": position, "kind": "changed body"})
    assert running.ask("/untamper", {}) == {"position": position}
    assert _verify(running) == (0, {})
    assert running.stop() < 3 * slack()
    assert running.process.returncode == 0


def test_a_ledger_that_is_no_demo_stays_as_it_is(demo: Any, tmp_path: Path) -> None:
    database = tmp_path / "demo.sqlite"
    url = f"sqlite:///{database}"
    from traceability.assets import folder
    from traceability.database import open_database
    from traceability.ledger.append import Ledger, Opening

    opened = open_database(url)
    flow = (folder("flows") / "garment.toml").read_text("utf-8")
    Ledger.open(opened, opening=Opening(flow=flow, name="Real workshop"))
    opened.close()
    running = demo("--garments", "9")
    running.process.communicate(timeout=60)
    assert running.process.returncode == 1
    assert running.says.read_text().splitlines()[0] == (
        f"{url} holds 'Real workshop', which is no demo, and stays as it is: "
        "set HANGTAG_DB to another database, or unset it."
    )
    assert len(running.rows("SELECT position FROM entry")) == 1


def test_a_taken_port_gives_the_next_and_says_so(demo: Any) -> None:
    first = demo("--garments", "9")
    first.control()
    second = RunningDemo(_sub(first.folder), "--garments", "9", port=first.port)
    try:
        second.control()
        assert f"Port {first.port} is taken; using " in second.says.read_text()
        assert "Nothing here is your data." in second.says.read_text()
    finally:
        assert second.stop() < 3 * slack()


def _places(running: RunningDemo) -> set[str]:
    return {event.get("bizLocation", {}).get("id") for event in running.bodies("event")}


def _pushable(running: RunningDemo) -> list[Any]:
    state = running.ask("/state")
    return [carton for carton in state["cartons"] if carton["has_tags"]]


def _verify(running: RunningDemo) -> tuple[int, dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "app", "ledger", "verify", "--json"],
        cwd=ROOT,
        env={**os.environ, "HANGTAG_DB": f"sqlite:///{running.database}"},
        capture_output=True,
        text=True,
    )
    tree = json.loads(done.stdout)
    return done.returncode, {name: tree[name] for name in ("position", "kind") if name in tree}


def _sub(folder: Path) -> Path:
    other = folder / "other"
    other.mkdir()
    return other
