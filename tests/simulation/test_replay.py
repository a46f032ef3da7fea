"""The demo's recorded bytes, played into an empty ledger, tell the same story again."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from readers.reads import Happening, LineDown, LineUp, Received
from readers.recordings.recording import replay
from readers.recordings.tapes import tape_lines
from readers.registry import protocol
from tests.simulation.running_demo import RunningDemo
from traceability.assets import folder
from traceability.database import open_database
from traceability.flow import Flow
from traceability.ledger.append import Ledger, Opening
from traceability.projections.state import State, read_state
from traceability.simulation import floor
from traceability.station.cache import Cache
from traceability.station.interpret import Closed, Post
from traceability.station.keeper import Keeper
from traceability.station.link import read_json
from traceability.station.passes import StationPasses
from traceability.station.settings import ReaderSettings, load_settings, place_of
from traceability.station.spool import Spool

pytestmark = [pytest.mark.story, pytest.mark.timeout(540)]


class TapedStation:
    """One station's reading part, fed from tapes instead of ports, at the times on the tapes."""

    def __init__(self, running: RunningDemo, name: str, client: Any, place: Path) -> None:
        self.settings = load_settings(running.run / f"{name}.toml")
        self.client = client
        self.tapes = running.run / "tapes"
        rows = running.rows(
            "SELECT value FROM meta WHERE name = 'epoch'", running.run / f"{name}.spool.sqlite"
        )
        self.spool = Spool(place / f"{name}.sqlite", name, epoch=int(rows[0][0]))
        self.cache = Cache.empty("")
        self.refresh()
        flow = self.cache.flow
        assert isinstance(flow, Flow)
        stage = flow.stage(self.settings.stage)
        assert stage is not None
        namespace = self.cache.namespace
        self.post = Post(
            name=name,
            stage=stage,
            zone=ZoneInfo(self.settings.zone),
            place=place_of(self.settings.place, namespace),
            read_point=place_of(self.settings.read_point, namespace),
        )
        self.passes = StationPasses(self.post, self.settings.pass_rules(stage), self.cache)
        self.keeper = Keeper(self.spool, self.post)

    def happenings(self) -> Iterator[tuple[datetime, str, Happening]]:
        """Give what all its readers said, in the order of time."""
        told = [self._played(reader) for reader in self.settings.readers]
        for each in heapq.merge(*told, key=lambda happening: happening.at):
            yield each.at, self.post.name, each

    def _played(self, reader: ReaderSettings) -> Iterator[Happening]:
        tape = self.tapes / f"{self.post.name}-{reader.name}"
        return replay(tape_lines(tape), protocol(reader.protocol).codec(), reader.name)

    def hear(self, happening: Happening) -> None:
        if isinstance(happening, Received):
            self._keep(self.passes.hear(happening))
        elif isinstance(happening, LineDown):
            self.keeper.line_down(happening)
        elif isinstance(happening, LineUp):
            self.keeper.line_up(happening)

    def advance(self, at: datetime) -> None:
        self._keep(self.passes.advance(at))

    def deliver(self) -> bool:
        """Bring to the server what is kept; say whether there was anything."""
        batch = self.spool.waiting()
        if not batch:
            return False
        said = b"[" + b",".join(body for _, _, body in batch) + b"]"
        answer = self.client.post("/api/capture", data=said, content_type="application/json")
        assert [one["status"] for one in answer.json] == ["accepted"] * len(batch), answer.json
        self.spool.settle([(counter, 0, None) for counter, _, _ in batch])
        return True

    def refresh(self) -> None:
        answer = self.client.get(f"/api/stations/{self.settings.name}/cache")
        assert answer.status_code == 200, answer.data
        self.cache = Cache.from_json(read_json(answer.data))
        if hasattr(self, "passes"):
            self.passes.cache = self.cache
            self._keep(self.passes.recheck())

    def _keep(self, closed: list[Closed]) -> None:
        for each in closed:
            self.keeper.keep(each, self.passes, self.cache)


def state_of(url: str) -> State:
    database = open_database(url)
    try:
        ledger = Ledger.open(database)
        with database.read() as connection:
            return read_state(connection, ledger.ledger_id)
    finally:
        database.close()


def play(running: RunningDemo, place: Path) -> State:
    """Play all tapes of a run into an empty ledger that was told the same beforehand."""
    from traceability.web import create_app

    url = f"sqlite:///{place / 'again.sqlite'}"
    opened = running.bodies("flow")[0]
    opening = Opening(opened["flow"], opened["name"], opened["namespace"], is_demo=True)
    database = open_database(url)
    Ledger.open(database, opening=opening)
    database.close()
    app = create_app(url)
    client = app.test_client()
    known = [{"master": entry} for entry in running.bodies("master")]
    answers: Any = client.post("/api/capture", json=known).json
    assert {one["status"] for one in answers} == {"accepted"}
    names = [station.name for station in floor.STATIONS]
    stations = {name: TapedStation(running, name, client, place) for name in names}

    def settle(at: datetime) -> None:
        """Let passes close up to `at`, one after the other, and everybody hear of each."""
        while deadlines := [
            deadline
            for station in stations.values()
            if (deadline := station.passes.deadline) is not None and deadline <= at
        ]:
            for station in stations.values():
                station.advance(min(deadlines))
            share()
        share()

    def share() -> None:
        if sum(station.deliver() for station in stations.values()):
            for station in stations.values():
                station.refresh()

    end = datetime(2000, 1, 1, tzinfo=UTC)
    for at, name, happening in heapq.merge(*(one.happenings() for one in stations.values())):
        settle(at)
        stations[name].hear(happening)
        end = at
    settle(end + timedelta(hours=1))
    for station in stations.values():
        station.spool.close()
    app.extensions["hangtag.reading"].ledger.database.close()
    return state_of(url)


@pytest.fixture(scope="module")
def noisy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningDemo, dict[str, Any]]]:
    """Run a demo with noise, frames in pieces and a cable pulled in the middle."""
    options = ("--garments", "30", "--until-done", "--json", "--noise")
    running = RunningDemo(tmp_path_factory.mktemp("noisy"), *options)
    yield running, running.result()
    running.stop()


def test_noise_split_frames_and_a_pulled_cable_lose_nothing(noisy: Any) -> None:
    running, result = noisy
    garments = dict.fromkeys(("sewing", "packing", "shipping", "store"), 30)
    told = {name: result[name] for name in ("exit", "lost", "verified", "garments", "put_aside")}
    assert told == {
        "exit": 0,
        "lost": 0,
        "verified": True,
        "garments": garments,
        "put_aside": [],
    }
    assert result["noise_frames"] > 0
    gaps = [gap["reader"] for gap in running.bodies("gap")]
    assert "packing.pad" in gaps
    assert result["gaps"] == len(gaps)


def test_recorded_bytes_give_the_same_state_in_an_empty_ledger(noisy: Any, tmp_path: Path) -> None:
    running, result = noisy
    again = play(running, tmp_path)
    before = state_of(f"sqlite:///{running.database}")
    assert (again.items, again.stock, again.progress) == (
        before.items,
        before.stock,
        before.progress,
    )
    assert again.hash == before.hash == result["state_hash"]


def test_the_shipped_flow_is_the_one_that_was_recorded() -> None:
    flow = Flow.parse((folder("flows") / "garment.toml").read_text("utf-8"))
    assert {station.stage for station in floor.STATIONS} <= {stage.name for stage in flow.stages}
