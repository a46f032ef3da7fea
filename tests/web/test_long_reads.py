"""Nobody who reads slowly keeps the database's log long: no page holds a snapshot meanwhile."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import pytest
from flask import Flask

from tests.ledger.books import draft, open_book, packed
from tests.web import story
from tests.web.conftest import NOW
from tests.web.test_two_engines import filled, things
from traceability import database_log
from traceability.database import Database
from traceability.database_log import LogBound
from traceability.errors import DatabaseBusy
from traceability.ledger.append import Ledger
from traceability.ledger.verify import verify
from traceability.projections.view import look
from traceability.web import create_app
from traceability.web.live import Live
from traceability.web.opening import reading_of
from traceability.web.settings import Settings

EACH_MAX = 1
"""Addresses asked of one rule of the map."""
FULL_SPEED_S = 4.0
SMALLER = 32
"""The bound is so many times smaller here than in truth, so that a slow machine reaches it."""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """One morning of the demo's factory on a file."""
    ledger = story.story_ledger(
        tmp_path_factory.mktemp("long") / "day.sqlite", garments=12, share=0.8
    )
    if not ledger.database.is_file:
        pytest.skip("a server keeps its log by itself")
    made = create_app(
        reading=reading_of(ledger),
        settings=Settings(secret="s" * 40, admin_token="t" * 32, clock=lambda: NOW),
    )
    made.testing = True
    yield made
    ledger.database.close()


def book_of(app: Flask) -> Ledger:
    found = app.extensions["hangtag.reading"].ledger
    assert isinstance(found, Ledger)
    return found


def is_free(database: Database) -> bool:
    """Write something, and say whether the log can begin anew: whether no reader needs it."""
    with database.write() as connection:
        last = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
        connection.exec_driver_sql(f"PRAGMA user_version = {last + 1}")
    with database.engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        raw.execute("PRAGMA busy_timeout=0")
        busy: int = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        raw.execute("PRAGMA busy_timeout=10000")
    return not busy


def test_no_page_holds_a_snapshot_while_its_answer_is_read(app: Flask) -> None:
    database = book_of(app).database
    gaps = things(app)
    client = app.test_client()
    held: list[str] = []
    count = 0
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.rule.startswith("/static"):
            continue
        for address in islice(filled(rule, gaps), EACH_MAX):
            answer = client.get(address, buffered=False)
            stream = answer.iter_encoded()
            next(iter(stream), b"")
            if not is_free(database):
                held.append(address)
            answer.close()
            count += 1
    assert held == []
    assert count > 60


def test_the_probe_itself_sees_a_reader_that_holds_on(app: Flask) -> None:
    book = book_of(app)
    with look(book):
        assert not is_free(book.database)
    assert is_free(book.database)


def test_no_viewer_of_the_live_stream_holds_a_snapshot(app: Flask) -> None:
    hub: Live = app.extensions["hangtag.live"]

    async def watch() -> bool:
        hub.start()
        news = hub.watch(-1, beat_s=0.1)
        await anext(news)
        free = await asyncio.to_thread(is_free, book_of(app).database)
        await news.aclose()  # type: ignore[attr-defined]  # a generator
        hub.stop()
        return free

    with ThreadPoolExecutor(1) as beside:  # this thread may belong to another test's browser
        assert beside.submit(asyncio.run, watch()).result()


def test_the_log_stays_short_under_a_writer_at_full_speed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LOG_MAX", "SHORTEN_AT", "WAIT_AT"):
        monkeypatch.setattr(database_log, name, getattr(database_log, name) // SMALLER)
    book = open_book(tmp_path / "full.sqlite")
    path = book.database.path
    if path is None:
        pytest.skip("a server keeps its log by itself")
    log, stopping = LogBound(path), threading.Event()
    done = {"written": 0, "longest": 0, "verified": 0, "looked": 0}

    def write() -> None:
        while not stopping.is_set():
            first = done["written"]
            book.append([draft(packed(first + number)) for number in range(50)])
            done["written"] += 50
            done["longest"] = max(done["longest"], log.size)

    def check() -> None:
        while not stopping.is_set():
            try:
                assert verify(book).finding is None
                done["verified"] += 1
            except DatabaseBusy:
                stopping.wait(0.01)

    def browse() -> None:
        while not stopping.is_set():
            with look(book):  # readers that overlap: the log never begins anew by itself
                stopping.wait(0.05)
            done["looked"] += 1

    threads = [threading.Thread(target=one) for one in (write, check, browse, browse)]
    for thread in threads:
        thread.start()
    time.sleep(FULL_SPEED_S)
    stopping.set()
    for thread in threads:
        thread.join()
    book.database.close()
    assert done["longest"] < database_log.LOG_MAX, done
    assert min(done["written"], done["verified"], done["looked"]) > 0, done


def test_a_reader_that_holds_on_slows_the_writer_before_the_log_is_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LOG_MAX", "SHORTEN_AT", "WAIT_AT"):
        monkeypatch.setattr(database_log, name, getattr(database_log, name) // (2 * SMALLER))
    monkeypatch.setattr(database_log, "LONG_MS", 400)
    book = open_book(tmp_path / "held.sqlite")
    path = book.database.path
    if path is None:
        pytest.skip("a server keeps its log by itself")
    log = LogBound(path)
    waited = 0.0
    with look(book):
        for first in range(0, 600, 100):
            begun = time.monotonic()
            book.append([draft(packed(first + number)) for number in range(100)])
            waited = max(waited, time.monotonic() - begun)
            if waited > 0.3 and log.size > database_log.WAIT_AT:
                break
    assert waited > 0.3
    book.append([draft(packed(9000))])
    assert log.size < database_log.SHORTEN_AT
    book.database.close()
