"""A whole workshop in one process: a real ledger, a real server in a thread, a floor beside it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from flask import Flask

from readers.ports import Port
from tests.engines import open_place
from traceability.assets import folder
from traceability.ledger.append import Ledger, Opening
from traceability.projections.rebuild import read_stored
from traceability.projections.view import look
from traceability.station.floor import Floor
from traceability.web import create_app
from traceability.web.asgi import Door
from traceability.web.opening import reading_of
from traceability.web.serving import listen
from traceability.web.settings import Settings

NAMESPACE = "rua.workshop.invalid"


def until(what: Callable[[], object], *, seconds: float = 20.0) -> None:
    """Wait for something that other threads bring about."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


@dataclass(slots=True)
class Served:
    """A server in a thread; stopping it is what closing the lid does."""

    app: Flask
    url: str
    ledger: Ledger
    server: uvicorn.Server
    thread: threading.Thread

    def stop(self) -> None:
        """Answer nothing more."""
        self.app.extensions["hangtag.live"].end()
        self.server.should_exit = True
        self.thread.join(10)


def open_ledger(file: Path, flow: str = "garment") -> Ledger:
    """Open a ledger, or begin it."""
    text = (folder("flows") / f"{flow}.toml").read_text("utf-8")
    opening = Opening(text, name="Rua", namespace=NAMESPACE, zone="Europe/Lisbon")
    return Ledger.open(open_place(file), opening=opening)


def serve(ledger: Ledger, port: int = 0) -> Served:
    """Serve a ledger on loopback."""
    app = create_app(reading=reading_of(ledger), settings=Settings())
    bound = listen("127.0.0.1", port)
    config = uvicorn.Config(
        Door(app), lifespan="on", log_level="warning", ws="none", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
    thread.start()
    until(lambda: server.started)
    return Served(app, f"http://127.0.0.1:{bound.getsockname()[1]}", ledger, server, thread)


def no_ports() -> Sequence[Port]:
    """Find nothing: the ports of the machine that runs the tests are none of theirs."""
    return ()


def floor_of(served: Served, files: Path, listed: Callable[[], Sequence[Port]] = no_ports) -> Floor:
    """Make a floor beside a server, as `hangtag start` does."""
    token = served.app.extensions["hangtag.settings"].admin_token
    floor = Floor(files, server=served.url, token=token, spools=files / "spools", listed=listed)
    served.app.extensions["hangtag.floor"] = floor
    floor.start_all()
    return floor


def recorded(ledger: Ledger, kind: str) -> list[dict[str, object]]:
    """Return the bodies of all entries of a kind, in order."""
    with look(ledger) as view:
        found = read_stored(view.connection, view.ledger_id, 0, view.size)
        return [dict(one.tree) for one in found if one.kind == kind]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A new workshop that answers."""
    ledger = open_ledger(tmp_path / "ledger.sqlite")
    made = serve(ledger)
    yield made
    made.stop()
    ledger.database.close()
