"""Witnesses that really listen, each in a thread of its own on a port of this PC."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask, Response
from werkzeug.serving import make_server

from traceability.ledger.proof.witness import WitnessBook
from traceability.web.witness import create_witness

AT_S = 1_767_600_000


def open_book(folder: Path, name: str = "brand") -> WitnessBook:
    """Open the witness of a partner, at a time that stands still."""
    return WitnessBook.open(
        folder / f"{name}.db", name=f"{name}.example/witness", clock=lambda: float(AT_S)
    )


@contextmanager
def listening(app: Flask) -> Iterator[str]:
    """Answer at an address of this PC while the block runs."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def witnessing(book: WitnessBook) -> Iterator[str]:
    """Run a witness while the block runs; yield its address."""
    with listening(create_witness(book)) as url:
        yield url


@contextmanager
def answering(answer: Callable[[], Response]) -> Iterator[str]:
    """Run something that takes checkpoints and always answers the same."""
    app = Flask("stranger", static_folder=None)
    app.add_url_rule("/add-checkpoint", "add", answer, methods=["POST"])
    with listening(app) as url:
        yield url
