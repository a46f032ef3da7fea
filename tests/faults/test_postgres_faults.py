"""Servers that were set up carelessly are refused in one sentence; what others append is seen."""

from __future__ import annotations

import threading
import time

import pytest

from tests import postgres
from tests.faults.server_restarts import DATABASE
from tests.ledger.books import draft, packed
from tests.postgres import Server
from traceability.assets import folder
from traceability.database import open_database
from traceability.errors import Refused
from traceability.ledger.append import Ledger, Opening
from traceability.ledger.verify import verify
from traceability.web import create_app
from traceability.web.opening import reading_of
from traceability.web.settings import Settings

pytestmark = pytest.mark.postgres
OPENING = Opening((folder("flows") / "garment.toml").read_text("utf-8"), namespace="shop.invalid")


@pytest.fixture
def server(own: Server) -> Server:
    return own


@pytest.mark.parametrize("name", ["fsync", "full_page_writes"])
def test_a_server_that_may_forget_is_refused(server: Server, name: str) -> None:
    for value in ("off", "on"):
        with server.connect() as connection:
            connection.execute(f"ALTER SYSTEM SET {name} = {value}")
            connection.execute("SELECT pg_reload_conf()")
            shown = ""
            while shown != value:  # the reload comes by a signal
                with server.connect() as anew:
                    ((shown,),) = anew.execute(f"SHOW {name}").fetchall()
        database = open_database(server.url(DATABASE))
        if value == "off":
            with (
                pytest.raises(Refused, match=f"runs with {name}=off and may lose at a power cut"),
                database.read(),
            ):
                pass
        else:
            with database.read() as reading:
                assert reading.exec_driver_sql("SELECT 1").scalar() == 1
        database.close()


def test_a_database_of_another_encoding_is_refused(server: Server) -> None:
    with server.connect() as connection:
        connection.execute(
            f"CREATE DATABASE latin OWNER {postgres.ROLE} TEMPLATE template0 "
            "ENCODING 'LATIN1' LOCALE 'C'"
        )
    database = open_database(server.url("latin"))
    with (
        pytest.raises(Refused, match="keeps text as LATIN1: make one with ENCODING 'UTF8'"),
        database.write(),
    ):
        pass
    database.close()


def test_what_another_process_appends_is_seen_at_once(server: Server) -> None:
    ours, theirs = (
        Ledger.open(open_database(server.url(DATABASE)), opening=OPENING) for _ in range(2)
    )
    late = threading.Timer(0.2, lambda: theirs.append([draft(packed(1))]))
    late.start()
    begun = time.monotonic()
    assert ours.wait_for(1, timeout_s=20) == 2
    assert time.monotonic() - begun < 10
    late.join()
    # Each goes on from where the other left the record, with names the other gave numbers to.
    for number in range(2, 8):
        writer = (ours, theirs)[number % 2]
        place = {"id": f"https://shop.invalid/loc/{number // 3}"}
        (outcome,) = writer.append([draft(packed(number, bizLocation=place))])
        assert (outcome.status, outcome.position) == ("accepted", number)
    for one in (ours, theirs):
        one.database.close()


def test_while_the_server_is_away_nothing_is_acknowledged_and_nothing_breaks(
    server: Server,
) -> None:
    ledger = Ledger.open(open_database(server.url(DATABASE)), opening=OPENING)
    app = create_app(reading=reading_of(ledger), settings=Settings())
    client = app.test_client()

    def said(number: int) -> tuple[int, str | None]:
        answer = client.post("/api/capture", json=[packed(number)])
        return answer.status_code, answer.headers.get("Retry-After")

    assert said(100) == (200, None)
    size = ledger.size
    server.stop("immediate")
    try:
        assert said(101) == (503, "2")
        for page in ("/", "/stock", "/ledger", "/api/stock", "/healthz"):
            answer = client.get(page)
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2"), page
    finally:
        server.start()
    assert said(101) == (200, None)
    assert client.get("/stock").status_code == 200
    assert (ledger.size, verify(ledger, projections=True).finding) == (size + 1, None)
    ledger.database.close()
