"""A witness on the network: one address that takes checkpoints and gives signatures.

It shows no page of a workshop and needs none: a partner runs it where he likes.

>>> create_witness.__name__
'create_witness'
"""

from __future__ import annotations

import socket
from collections.abc import Callable

import uvicorn
from a2wsgi import WSGIMiddleware
from flask import Flask, Response, request

from traceability.ledger.proof.witness import REQUEST_SIZE_MAX, WitnessBook
from traceability.web.listening import server_config

__all__ = ["create_witness", "serve_witness"]

THREADS = 8


def create_witness(book: WitnessBook) -> Flask:
    """Make the app around a witness's book: ``POST /add-checkpoint``, and a word at ``/``.

    Source: C2SP tlog-witness. Whoever may send is not asked: only a log's own signature counts.
    """
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = REQUEST_SIZE_MAX

    @app.post("/add-checkpoint")
    def add_checkpoint() -> Response:
        """Sign a checkpoint that continues what was seen."""
        answer = book.add_checkpoint(request.get_data(cache=False))
        return Response(answer.body, answer.status, content_type=answer.media_type)

    @app.get("/")
    def word() -> Response:
        """Say who signs here, and for which logs: the key is to be compared by phone."""
        lines = [f"witness {book.verifier}"]
        lines += [f"log {one.origin}: {one.size} entries, root {one.root}" for one in book.seen()]
        return Response("\n".join([*lines, ""]), content_type="text/plain; charset=utf-8")

    return app


def serve_witness(book: WitnessBook, bound: socket.socket, *, on_start: Callable[[], None]) -> None:
    """Answer on a bound socket until the process is told to stop.

    Args:
        book: Closed at the end.
        bound: From `listening.listen`; closed at the end.
        on_start: Called once, when the first request would be answered.
    """
    app = WSGIMiddleware(
        create_witness(book).wsgi_app,  # type: ignore[arg-type]  # one protocol under two names
        workers=THREADS,
    )
    server = _Server(server_config(app, None, None, lifespan="off"))  # type: ignore[arg-type]  # as above
    server.on_start = on_start
    try:
        server.run(sockets=[bound])
    finally:
        book.close()


class _Server(uvicorn.Server):
    """Tells when it answers, so that the address is printed at the right moment."""

    on_start: Callable[[], None]

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self.on_start()
