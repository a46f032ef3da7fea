"""The live stream: nothing twice, nothing missing, and no viewer that holds up the others."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

import pytest
from flask import Flask

from traceability.web import create_app, live
from traceability.web.asgi import Door
from traceability.web.reading import Move, Opening, Reading

Told = tuple[str, Any]


class Growing:
    """A ledger that grows when a test says so: the smallest thing a tail can follow."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._grown = threading.Condition()

    @property
    def size(self) -> int:
        return self._size

    @property
    def size_seen(self) -> int:
        return self._size

    @property
    def problem(self) -> str:
        return ""

    def wait_for(self, size: int, timeout_s: float) -> int:
        with self._grown:
            self._grown.wait_for(lambda: self._size > size, timeout_s)
            return self._size

    def grow(self, count: int) -> None:
        with self._grown:
            self._size += count
            self._grown.notify_all()

    def moves(self, after: int, limit: int) -> list[Move]:
        last = min(self._size, after + 1 + limit)
        return [Move(at, "event", keys=(f"//w/obj/{at}",)) for at in range(after + 1, last)]

    def append(self, drafts: object) -> list[Any]:
        raise AssertionError(f"nobody appends {drafts!r} here")


def door_over(ledger: Growing) -> tuple[Flask, Door]:
    app = create_app(reading=Reading(ledger, Opening, ledger.moves))
    return app, Door(app, beat_s=0.2)


class Viewer:
    """An ASGI client that reads one stream."""

    def __init__(self) -> None:
        self.status = 0
        self._raw = ""
        self._gone = asyncio.Event()
        self._news = asyncio.Condition()
        self.blocked = asyncio.Event()
        self.blocked.set()

    async def receive(self) -> dict[str, Any]:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        await self.blocked.wait()
        if message["type"] == "http.response.start":
            self.status = message["status"]
            return
        async with self._news:
            self._raw += message["body"].decode()
            self._news.notify_all()

    def leave(self) -> None:
        self._gone.set()

    @property
    def told(self) -> list[Told]:
        found: list[Told] = []
        for block in self._raw.split("\n\n")[:-1]:
            lines = dict(line.split(": ", 1) for line in block.split("\n"))
            if "data" in lines:
                found.append((lines.get("event", "move"), json.loads(lines["data"])))
        return found

    @property
    def positions(self) -> list[int]:
        return [data["position"] for kind, data in self.told if kind == "move"]

    async def until(self, claim: Callable[[], bool]) -> None:
        async with asyncio.timeout(10), self._news:
            await self._news.wait_for(claim)


def scope(query: str = "", **headers: str) -> dict[str, Any]:
    given = {"host": "127.0.0.1:80", **{name.replace("_", "-"): v for name, v in headers.items()}}
    return {
        "type": "http",
        "method": "GET",
        "path": "/live",
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
        "client": ("127.0.0.1", 4000),
        "server": ("127.0.0.1", 80),
        "scheme": "http",
    }


@asynccontextmanager
async def watching(door: Door, given: dict[str, Any]) -> AsyncIterator[Viewer]:
    viewer = Viewer()
    task = asyncio.create_task(door(given, viewer.receive, viewer.send))
    try:
        yield viewer
    finally:
        viewer.leave()
        await task


def run(story: Callable[[Flask, Door, Growing], Awaitable[None]], size: int = 3) -> None:
    async def whole() -> None:
        ledger = Growing(size)
        app, door = door_over(ledger)
        hub = app.extensions["hangtag.live"]
        hub.start()
        try:
            await story(app, door, ledger)
        finally:
            hub.stop()

    # In a thread of its own: a browser test of the same worker keeps a loop in the main one.
    with ThreadPoolExecutor(1) as apart:
        apart.submit(asyncio.run, whole()).result()


@pytest.mark.parametrize(
    ("query", "headers", "first"),
    [
        ("", {}, 600),
        ("after=10", {}, 11),
        ("after=-1", {}, 0),
        ("after=5", {"last_event_id": "597"}, 598),
    ],
)
def test_a_viewer_resumes_without_a_gap(query: str, headers: dict[str, str], first: int) -> None:
    async def story(_app: Flask, door: Door, ledger: Growing) -> None:
        async with watching(door, scope(query, **headers)) as viewer:
            await viewer.until(lambda: bool(viewer.told) or first == 600)
            while ledger.size < 650:
                ledger.grow(10)
                await asyncio.sleep(0)
            await viewer.until(lambda: bool(viewer.positions) and viewer.positions[-1] == 649)
            assert viewer.positions == list(range(viewer.positions[0], 650))
            assert viewer.positions[0] >= first if first == 600 else viewer.positions[0] == first

    run(story, size=600)


def test_silence_is_broken_by_a_beat() -> None:
    async def story(_app: Flask, door: Door, _ledger: Growing) -> None:
        async with watching(door, scope()) as viewer:
            await viewer.until(lambda: ("beat", {}) in viewer.told)

    run(story)


def test_a_gate_is_told_at_once_and_to_those_who_come_later() -> None:
    async def story(app: Flask, door: Door, _ledger: Growing) -> None:
        hub = app.extensions["hangtag.live"]
        shown = ("gate", {"station": "dock", "state": "pass"})
        async with watching(door, scope()) as early:
            await early.until(lambda: bool(early.told))
            hub.publish_gate("dock", {"state": "pass"})
            await early.until(lambda: shown in early.told)
        async with watching(door, scope()) as later:
            await later.until(lambda: shown in later.told)
        assert hub.gate("dock") == {"state": "pass"}

    run(story)


def test_a_slow_viewer_is_let_go_and_the_quick_one_misses_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live, "QUEUE_MAX", 8)

    async def story(_app: Flask, door: Door, ledger: Growing) -> None:
        slow = Viewer()
        task = asyncio.create_task(door(scope("after=2"), slow.receive, slow.send))
        async with watching(door, scope("after=2")) as quick:
            await slow.until(lambda: bool(slow.told))
            slow.blocked.clear()
            for _ in range(20):
                ledger.grow(1)
                wanted = ledger.size - 1
                await quick.until(lambda: wanted in quick.positions)  # noqa: B023 - awaited here
            slow.blocked.set()
            await asyncio.wait_for(task, 10)
            assert quick.positions == list(range(3, 23))
            assert slow.positions == list(range(3, 3 + len(slow.positions)))
            assert len(slow.positions) < 20

    run(story)


def test_a_stranger_hears_nothing() -> None:
    async def story(_app: Flask, door: Door, _ledger: Growing) -> None:
        given = scope(host="evil.example")
        async with watching(door, given) as viewer:
            await viewer.until(lambda: viewer.status == 401)

    run(story)


def test_a_position_that_is_none_is_refused() -> None:
    async def story(_app: Flask, door: Door, _ledger: Growing) -> None:
        async with watching(door, scope("after=soon")) as viewer:
            await viewer.until(lambda: viewer.status == 400)

    run(story)


def test_pages_without_a_stream_ask_and_get_the_same() -> None:
    app, _door = door_over(Growing(5))
    answer = app.test_client().get("/api/live?after=2").json
    assert answer is not None
    assert [move["position"] for move in answer["moves"]] == [3, 4]
    assert answer["size"] == 5
    assert app.test_client().get("/live").status_code == 204


def test_a_move_names_twenty_keys_and_counts_the_rest() -> None:
    tree = Move(7, "event", keys=tuple(f"/21/{n}" for n in range(25))).tree()
    assert len(tree["keys"]) == 20  # type: ignore[arg-type]  # JSON
    assert tree["more"] == 5
