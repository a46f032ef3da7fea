"""Who stands by, how much a gate reads and whose clock is wrong: on the pages, in words."""

from __future__ import annotations

import html
import re
import threading
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from tests.web.gate_states import STATES, state
from traceability.station.errands import LiveErrand
from traceability.station.link import Link
from traceability.web.clock import utc_now

LIVE = "/api/stations/dock/live"
FELL = "Reads only 82.1–90.2 % of what passes; it used to be 97.0–98.9 %"
GOOD = {"low": 0.9712, "high": 0.9894, "things": 4_812, "passes": 203}


def words(page: str) -> str:
    """Return what a person reads."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_the_list_of_gates_says_what_each_notices(client: FlaskClient) -> None:
    client.post(LIVE, json=STATES["watched"])
    shown = words(client.get("/gates").text)
    assert FELL in shown
    assert "3 seen standing by" in shown
    assert "Its clock is 4.21 s behind the server's, and loses 3.5 s a day" in shown


def test_behind_why_stands_what_to_do(client: FlaskClient) -> None:
    client.post(LIVE, json=STATES["watched"])
    shown = words(client.get("/gate/dock?why=1").text)
    assert "Reads 97.1–99.0 % of what passes from 4 812 things in 203 visits" in shown
    assert "Look at the antennas, their cables, and what stands near the gate." in shown
    assert "Set the clock of that PC" in shown


def test_the_board_says_that_a_gate_reads_less(client: FlaskClient) -> None:
    client.post(LIVE, json=STATES["watched"])
    assert FELL in words(client.get("/board").text)
    client.post(LIVE, json=state("READY", watch={"standing_by": 0, "completeness": GOOD}))
    assert "of what passes" not in words(client.get("/board").text)


@pytest.mark.parametrize(
    ("clock", "sentence"),
    [
        ({"server_ahead_ms": 1, "error_ms": 3.0}, "Its clock agrees with the server's"),
        ({"server_ahead_ms": -1_500, "error_ms": 3.0}, "Its clock is 1.5 s ahead of the server's"),
        ({"server_ahead_ms": 240_000, "error_ms": 3.0}, "Its clock is 4 min behind the server's"),
    ],
)
def test_a_clock_is_told_in_words(
    client: FlaskClient, clock: dict[str, float], sentence: str
) -> None:
    client.post(LIVE, json=state("READY", clock=clock))
    assert sentence in words(client.get("/gate/dock?why=1").text)
    is_far = abs(clock["server_ahead_ms"]) > 2_000
    assert (sentence in words(client.get("/gates").text)) is is_far


def test_it_is_said_in_chinese(client: FlaskClient) -> None:
    client.post(LIVE, json=STATES["watched"])
    shown = words(client.get("/gates", headers={"Accept-Language": "zh"}).text)
    assert "只读到经过物品的 82.1–90.2 %；以前是 97.0–98.9 %" in shown
    assert "3 件停在旁边" in shown


@pytest.mark.parametrize(
    "said",
    [
        {"watch": 7, "clock": "late"},
        {"watch": {"standing_by": "many", "completeness": {"low": "x", "high": 2}}},
        {"watch": {"completeness": {"low": 0.2}}, "clock": {"server_ahead_ms": None}},
    ],
)
def test_what_makes_no_sense_is_not_said(client: FlaskClient, said: dict[str, object]) -> None:
    client.post(LIVE, json=state("READY", **said))
    for path in ("/gates", "/gate/dock?why=1"):
        page = client.get(path)
        assert page.status_code == 200
        assert "of what passes" not in words(page.text)
        assert "clock is" not in words(page.text)


def test_a_station_learns_how_far_its_clock_is_from_the_servers(
    make_app: Callable[..., Flask],
) -> None:
    app = make_app(clock=lambda: utc_now() + timedelta(seconds=90))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    live = LiveErrand(Link(f"http://127.0.0.1:{server.port}"), "dock")
    live.start()
    try:
        limit = time.monotonic() + 30
        while live.clock_offset is None and time.monotonic() < limit:
            live.show(STATES["ready"])
            time.sleep(0.01)
    finally:
        live.stop()
        server.shutdown()
        thread.join()
        server.server_close()
    known = live.clock_offset
    assert known is not None
    assert abs(known.offset_s - 90) <= known.error_s + 0.001
