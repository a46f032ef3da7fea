"""Delivery against a real server that fails in every way a network can."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from traceability.errors import Offline
from traceability.station.delivery import Delivery
from traceability.station.link import Link
from traceability.station.spool import Element, Spool

FAULTS = (
    "none",
    "busy",  # 503, nothing stored
    "drop before",  # the line breaks, nothing stored
    "drop after",  # everything stored, the answer is lost
    "half an answer",  # everything stored, the answer breaks off
    "some rubbish",  # a proxy answers in the server's place
    "short list",  # an answer for fewer elements than were sent
)
NEVER = ("refused", "conflict")


class Store:
    """What a server must do with captures, and the ways it can fail meanwhile."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.poison: dict[str, str] = {}
        self.batch_max = 1_000
        self.stored: dict[str, int] = {}
        self.order: list[int] = []
        self.requests = 0

    def capture(self, elements: list[dict[str, object]]) -> list[dict[str, object]]:
        answer: list[dict[str, object]] = []
        for each in elements:
            event, run = each["event"], each["run"]
            assert isinstance(event, dict)
            assert isinstance(run, list)
            name = event["eventID"]
            if name in self.poison:
                answer.append({"id": name, "status": self.poison[name], "problem": "A sentence."})
                continue
            status = "duplicate" if name in self.stored else "accepted"
            if status == "accepted":
                self.stored[name] = len(self.stored)
                self.order.append(run[2])
            answer.append({"id": name, "status": status, "position": self.stored[name]})
        return answer


def handler_of(store: Store) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers["Content-Length"]))
            store.requests += 1
            fault = store.faults.pop(0) if store.faults else "none"
            elements = json.loads(data)
            if fault == "busy":
                self.reply(503, b'{"detail": "busy"}')
            elif fault == "drop before":
                self.close_connection = True
            elif len(elements) > store.batch_max:
                self.reply(413, b'{"detail": "too many"}')
            else:
                answer = store.capture(elements)
                if fault == "drop after":
                    self.close_connection = True
                elif fault == "half an answer":
                    self.reply(200, json.dumps(answer).encode(), cut=True)
                elif fault == "some rubbish":
                    self.reply(200, b"<html>sign in to the hotel network</html>")
                else:
                    kept = answer[:-1] if fault == "short list" else answer
                    self.reply(200, json.dumps(kept).encode())

        def reply(self, status: int, data: bytes, *, cut: bool = False) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data[: len(data) // 2] if cut else data)
            if cut:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def url(store: Store) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(store))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def filled(path: Path, count: int) -> Spool:
    spool = Spool(path, "dock", epoch=7)
    spool.put([Element(n, f"id {n}", b'{"eventID":"id %d"}' % n) for n in range(1, count + 1)])
    return spool


def deliver_all(spool: Spool, url: str, *, tries: int = 60) -> int:
    """Deliver until nothing waits; return how often the server failed."""
    link = Link(url, timeout_s=2.0)
    delivery = Delivery(spool, link)
    failures = 0
    with contextlib.closing(link):
        for _ in range(tries):
            try:
                if not delivery.deliver_once():
                    return failures
            except Offline:
                failures += 1
    pytest.fail("delivery never came to its end")


@pytest.mark.parametrize("fault", FAULTS)
def test_after_any_fault_each_is_stored_once_and_in_order(
    fault: str, store: Store, url: str, tmp_path: Path
) -> None:
    store.faults = [fault, fault]
    spool = filled(tmp_path / "s.sqlite", 5)
    failures = deliver_all(spool, url)
    counts = spool.counts()
    assert (failures, store.order, counts.waiting, counts.parked, counts.holes) == (
        0 if fault == "none" else 2,
        [1, 2, 3, 4, 5],
        0,
        0,
        0,
    )


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    faults=st.lists(st.sampled_from(FAULTS), max_size=8),
    poison=st.dictionaries(
        st.integers(1, 12), st.sampled_from(["refused", "conflict"]), max_size=3
    ),
    batch_max=st.integers(1, 12),
)
def test_any_run_of_faults_loses_nothing_and_doubles_nothing(
    faults: list[str],
    poison: dict[int, str],
    batch_max: int,
    store: Store,
    url: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    store.__init__()  # type: ignore[misc]  # a fresh store behind the same server
    store.faults = list(faults)
    store.poison = {f"id {n}": status for n, status in poison.items()}
    store.batch_max = batch_max
    spool = filled(tmp_path_factory.mktemp("spool") / "s.sqlite", 12)
    deliver_all(spool, url)
    good = [n for n in range(1, 13) if n not in poison]
    assert (store.order, [row[0] for row in spool.parked()], spool.counts().waiting) == (
        good,
        sorted(poison),
        0,
    )
    spool.close()


def test_one_bad_element_never_keeps_the_good_ones_waiting(
    store: Store, url: str, tmp_path: Path
) -> None:
    store.poison = {"id 2": "conflict"}
    spool = filled(tmp_path / "s.sqlite", 4)
    deliver_all(spool, url)
    assert (store.order, spool.parked()) == ([1, 3, 4], [(2, "id 2", "conflict: A sentence.")])


def test_a_batch_that_is_too_large_is_halved(store: Store, url: str, tmp_path: Path) -> None:
    store.batch_max = 3
    spool = filled(tmp_path / "s.sqlite", 10)
    deliver_all(spool, url)
    assert store.order == list(range(1, 11))


def test_a_server_that_is_away_is_said_to_be_away(tmp_path: Path) -> None:
    spool = filled(tmp_path / "s.sqlite", 1)
    delivery = Delivery(spool, Link("http://127.0.0.1:1", timeout_s=1.0))
    with pytest.raises(Offline, match=r"No answer from 127\.0\.0\.1:1 to POST /api/capture"):
        delivery.deliver_once()
    assert spool.counts().waiting == 1


def test_the_thread_delivers_what_comes_later_and_through_faults(
    store: Store, url: str, tmp_path: Path
) -> None:
    store.faults = ["busy", "drop after", "none"]
    spool = filled(tmp_path / "s.sqlite", 3)
    delivery = Delivery(spool, Link(url, timeout_s=2.0), back_off_s=(0.01, 0.02))
    delivery.start()
    spool.put([Element(4, "id 4", b'{"eventID":"id 4"}')])
    reached = threading.Event()
    for _ in range(500):
        if spool.counts().waiting == 0:
            break
        reached.wait(0.01)
    delivery.stop()
    assert (store.order, delivery.is_online) == ([1, 2, 3, 4], True)


def test_what_is_said_now_goes_before_what_waited(store: Store, url: str, tmp_path: Path) -> None:
    spool = filled(tmp_path / "s.sqlite", 1_000)
    with contextlib.closing(Link(url, timeout_s=2.0)) as link:
        delivery = Delivery(spool, link)
        delivery.deliver_once()
        for n in (1_001, 1_002):
            spool.put([Element(n, f"id {n}", b'{"eventID":"id %d"}' % n)])
            delivery.deliver_once()
        delivery.deliver_once()
        while delivery.deliver_once():
            pass
    backlog = list(range(1, 1_001))
    assert store.order == [*backlog[:200], 1_001, 1_002, *backlog[200:]]
    assert (spool.counts().waiting, spool.counts().holes) == (0, 0)


def test_neither_lane_keeps_the_other_waiting_for_ever(
    store: Store, url: str, tmp_path: Path
) -> None:
    spool = filled(tmp_path / "s.sqlite", 600)
    with contextlib.closing(Link(url, timeout_s=2.0)) as link:
        delivery = Delivery(spool, link)
        delivery.deliver_once()
        more = range(601, 1_201)
        spool.put([Element(n, f"id {n}", b'{"eventID":"id %d"}' % n) for n in more])
        while delivery.deliver_once():
            pass
    starts = [store.order[at] for at in range(0, 1_200, 200)]
    assert starts == [1, 601, 201, 801, 401, 1_001]


def test_a_short_silence_does_not_put_what_is_said_now_behind_the_backlog(
    store: Store, url: str, tmp_path: Path
) -> None:
    spool = filled(tmp_path / "s.sqlite", 600)
    with contextlib.closing(Link(url, timeout_s=2.0)) as link:
        delivery = Delivery(spool, link)
        delivery.deliver_once()
        store.faults = ["busy"]
        spool.put([Element(601, "id 601", b'{"eventID":"id 601"}')])
        with pytest.raises(Offline):
            delivery.deliver_once()
        delivery.deliver_once()
    assert store.order[200:] == [601]


def test_a_server_that_is_back_is_said_to_be_although_nothing_waits(
    store: Store, url: str, tmp_path: Path
) -> None:
    spool = filled(tmp_path / "s.sqlite", 1)
    store.faults = ["busy"]
    delivery = Delivery(spool, Link(url, timeout_s=2.0), back_off_s=(0.01, 0.02))
    with pytest.raises(Offline):
        delivery.deliver_once()
    spool.settle([(1, 1, None)])
    delivery.problem = "No answer."
    delivery.start()
    for _ in range(500):
        if delivery.is_online:
            break
        threading.Event().wait(0.01)
    delivery.stop()
    assert (delivery.is_online, delivery.problem) == (True, "")
