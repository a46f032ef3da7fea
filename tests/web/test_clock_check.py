"""Nobody believes the server's clock: what waits, who is asked, who else may help."""

from __future__ import annotations

import http.cookiejar
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.faults.disk import build, compiler
from tests.house.project import ROOT
from tests.ledger.books import packed
from tests.web.conftest import MakeApp
from tests.web.pseudo import literals
from tests.web.test_safe import served
from traceability.errors import Offline
from traceability.ledger import network_time
from traceability.ledger.append import Ledger
from traceability.ledger.clock import DAY, RecordClock
from traceability.ledger.network_time import EPOCH_S, ask_time
from traceability.station.delivery import Delivery
from traceability.station.link import Link
from traceability.station.spool import Element, Spool

ELSEWHERE = {"REMOTE_ADDR": "10.99.0.7"}


def step(ledger: Ledger, span: int) -> int:
    """Set the wall clock of a ledger so many µs off, as if the server had started then."""
    at = time.time_ns() // 1000 + span
    ledger._clock = RecordClock(lambda: at, lambda: 0)
    return at


def capture(client: FlaskClient, number: int) -> Any:
    return client.post("/api/capture", json=[packed(number)])


def say(client: FlaskClient, answer: str) -> None:
    page = client.get("/clock").text
    fields = dict(re.findall(r'name="(csrf|shown)" value="([^"]*)"', page))
    client.post("/clock", data={**fields, "answer": answer})


@pytest.mark.parametrize("span", [-2 * DAY, 400 * DAY])
def test_capture_is_put_off_until_a_person_says_yes(
    client: FlaskClient, ledger: Ledger, span: int
) -> None:
    step(ledger, span)
    put_off = capture(client, 1)
    assert (put_off.status_code, put_off.mimetype) == (503, "application/problem+json")
    assert int(put_off.headers["Retry-After"]) > 0
    assert "Open the page /clock on the server, or set its clock." in put_off.json["detail"]
    assert client.get("/healthz").status_code == 503
    for path in ("/", "/ledger", "/clock"):
        assert "clock-banner" in client.get(path).text or path == "/clock"
    say(client, "yes")
    assert capture(client, 1).json[0]["status"] == "accepted"
    assert client.get("/healthz").status_code == 200
    page = client.get("/ledger").text
    assert ("clock-banner" in page, "The clock is right, somebody said" in page) == (False, True)


def test_a_no_says_how_to_set_the_clock_and_goes_on_waiting(
    client: FlaskClient, ledger: Ledger
) -> None:
    step(ledger, 400 * DAY)
    say(client, "no")
    assert "timedatectl" in client.get("/clock?no=1").text
    assert capture(client, 1).status_code == 503
    step(ledger, 0)
    assert capture(client, 1).status_code == 200
    assert "The clock is believed" in client.get("/clock").text


def test_a_question_that_changed_meanwhile_is_asked_again(
    client: FlaskClient, ledger: Ledger
) -> None:
    step(ledger, 400 * DAY)
    page = client.get("/clock").text
    fields = dict(re.findall(r'name="(csrf|shown)" value="([^"]*)"', page))
    step(ledger, 800 * DAY)
    client.post("/clock", data={**fields, "answer": "yes"})
    assert capture(client, 1).status_code == 503


def test_a_form_that_cannot_be_kept_says_so_in_words(client: FlaskClient, ledger: Ledger) -> None:
    step(ledger, -2 * DAY)
    csrf = re.findall(r'name="csrf" value="([^"]*)"', client.get("/people").text)[0]
    answer = client.post("/people", data={"names": "Ana", "csrf": csrf})
    assert (answer.status_code, "Nobody believes the clock of the server" in answer.text) == (
        503,
        True,
    )


def test_1970_cannot_be_called_right(client: FlaskClient, ledger: Ledger) -> None:
    ledger._clock = RecordClock(lambda: 5, lambda: 0)
    page = client.get("/clock").text
    assert ("1 January 1970" in page, "timedatectl" in page, 'value="yes"' in page) == (
        True,
        True,
        False,
    )


@pytest.mark.parametrize(
    ("address", "off", "is_believed"),
    [("10.99.0.7", 20_000, True), ("10.99.0.7", 7_200_000, False), ("127.0.0.1", 0, False)],
)
def test_a_browser_or_station_elsewhere_helps(
    app: Flask, ledger: Ledger, address: str, off: int, is_believed: bool
) -> None:
    wall = step(ledger, 400 * DAY)
    token = app.extensions["hangtag.settings"].admin_token
    headers = {"X-Hangtag-Clock": str(wall // 1000 + off), "Authorization": f"Bearer {token}"}
    answer = app.test_client().post(
        "/api/clock", headers=headers, environ_overrides={"REMOTE_ADDR": address}
    )
    assert answer.json == {"believed": is_believed}


def test_a_stranger_elsewhere_does_not(app: Flask, ledger: Ledger) -> None:
    wall = step(ledger, 400 * DAY)
    for path in ("/healthz", "/api/clock"):
        headers = {"X-Hangtag-Clock": str(wall // 1000)}
        app.test_client().get(path, headers=headers, environ_overrides=ELSEWHERE)
    assert ledger.clock_question() is not None


def test_a_station_keeps_what_it_reads_and_sends_it_when_the_clock_is_right(
    app: Flask, ledger: Ledger, tmp_path: Path
) -> None:
    step(ledger, 400 * DAY)
    spool = Spool(tmp_path / "s.sqlite", "dock", epoch=7)
    tree = packed(1)
    spool.put([Element(1, tree["eventID"], json.dumps(tree).encode())])
    with served(app) as url, closing(Link(url)) as link:
        delivery = Delivery(spool, link)
        with pytest.raises(Offline, match="503 to POST /api/capture: The clock of the server"):
            delivery.deliver_once()
        assert spool.counts().waiting == 1
        step(ledger, 0)
        assert (delivery.deliver_once(), spool.counts().waiting) == (1, 0)
    spool.close()


def test_the_words_are_translated(
    make_app: MakeApp, pseudo_client: FlaskClient, ledger: Ledger
) -> None:
    for at in (5, time.time_ns() // 1000 - 3 * DAY, time.time_ns() // 1000 + 90 * DAY):
        ledger._clock = RecordClock(lambda at=at: at, lambda: 0)  # type: ignore[misc]
        for path in ("/clock", "/clock?no=1"):
            facts = (
                "Windows",
                "Linux",
                "Mac",
                "sudo timedatectl set-ntp true",
                "Porto",
                "sudo timedatectl set-time '2026-11-22 08:10'",
            )
            assert literals(pseudo_client.get(path).text, facts) == []


@contextmanager
def time_server(packet: bytes) -> Iterator[tuple[str, int]]:
    """Answer one question on this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind(("127.0.0.1", 0))

        def answer() -> None:
            _asked, who = line.recvfrom(512)
            line.sendto(packet, who)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield line.getsockname()
        thread.join(2)


def packet(at: int, first: int = 0x24, stratum: int = 2) -> bytes:
    seconds = (EPOCH_S + at // 1_000_000) % (1 << 32)
    return bytes([first, stratum]) + bytes(38) + seconds.to_bytes(4, "big") + bytes(4)


@pytest.mark.parametrize(
    ("answer", "is_heard"),
    [
        (packet(1_800_000_000_000_000), True),
        (packet(2_200_000_000_000_000), True),
        (packet(1_800_000_000_000_000, first=0xE4), False),  # its own clock is not set
        (packet(1_800_000_000_000_000, stratum=0), False),  # asks not to be asked
        (packet(1_800_000_000_000_000)[:40], False),
        (b"", False),
    ],
)
def test_a_time_server_is_asked(answer: bytes, is_heard: bool) -> None:
    with time_server(answer) as server:
        assert (ask_time(server, patience_s=5) is not None) == is_heard


def test_the_network_ends_the_question(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    wall = step(ledger, 400 * DAY)
    stopping = threading.Event()
    with time_server(packet(wall)) as (host, port):
        monkeypatch.setenv(network_time.SETTING, f"{host}:{port}")
        thread = threading.Thread(target=network_time.keep_asking, args=(ledger, stopping))
        thread.start()
        while ledger.clock_question() is not None:
            time.sleep(0.01)
        stopping.set()
        thread.join()


BEGIN = (
    "import sys; from tests.faults.disk import set_clock; set_clock(int(sys.argv.pop(1)));"
    "import app; app.main()"
)


def test_a_real_server_with_a_wrong_clock_asks_and_goes_on(tmp_path: Path) -> None:
    if compiler() is None:
        pytest.skip("a C compiler is not installed")
    shim = build(tmp_path)
    file = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    with _server(shim, file, 0) as first:
        assert _ask(first, "/api/capture", [packed(1)])[0] == 200
    with _server(shim, file, 400 * 86_400) as late:
        assert _ask(late, "/api/capture", [packed(2)])[0] == 503
        page = _ask(late, "/clock")[1]
        fields = dict(re.findall(r'name="(csrf|shown)" value="([^"]*)"', page))
        assert _ask(late, "/clock", form={**fields, "answer": "yes"})[0] == 200
        assert _ask(late, "/api/capture", [packed(2)])[0] == 200
    with _server(shim, file, 0) as early:
        assert _ask(early, "/api/capture", [packed(3)])[0] == 503


@contextmanager
def _server(shim: Path, url: str, offset_s: int) -> Iterator[str]:
    arguments = ["serve", "--db", url, "--port", "0", "--json"]
    process = subprocess.Popen(
        [sys.executable, "-c", BEGIN, str(offset_s), *arguments],
        cwd=ROOT,
        env={**os.environ, "LD_PRELOAD": str(shim)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["url"]
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()  # type: ignore[union-attr]  # it is a pipe


_JAR = http.cookiejar.CookieJar()
_BROWSER = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(_JAR))


def _ask(
    url: str, path: str, tree: object = None, form: dict[str, str] | None = None
) -> tuple[int, str]:
    data = None if tree is None else json.dumps(tree).encode()
    headers = {"Content-Type": "application/json"} if data else {}
    if form is not None:
        data = urllib.parse.urlencode(form).encode()
    try:
        asked = urllib.request.Request(url + path, data=data, headers=headers)
        with _BROWSER.open(asked, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
