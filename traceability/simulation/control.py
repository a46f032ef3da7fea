"""The visitor's hands: what the page `/sim` may do to the factory, as JSON on the loopback address.

    GET  /state      readers, stations, the next cartons, the hidden story
    POST /wave       {"tag": hex} or {"garment": key}, {"reader"}   hold it before a reader
    POST /push       {"carton": key, "missing": 0 to 3}             push a carton through the gate
    POST /unplug     {"reader", "seconds"}                          pull a reader's cable
    POST /flip       {"reader", "n"}                                disturb its next bytes
    POST /network    {"seconds"}                                    cut the stations off the server
    POST /tamper     {}   change one byte of one record, behind the ledger's back
    POST /untamper   {}   put it back

Every answer is JSON: what was done, or `{"error": sentence}` with 400, 404 or 409.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final, Protocol

from traceability.simulation.processes import LOOPBACK

__all__ = ["BadWish", "Control", "Hands", "Json"]

Json = dict[str, object]

_BODY_BYTES_MAX: Final = 10_000
_SECONDS_MAX: Final = 120.0


class BadWish(Exception):
    """The visitor asked for something that cannot be done; the sentence says why."""

    def __init__(self, sentence: str, status: int = 409) -> None:
        super().__init__(sentence)
        self.status = status


class Hands(Protocol):
    """What the factory lets a visitor do; each returns what was done."""

    def state(self) -> Json:
        """Tell what there is to play with."""
        ...

    def wave(self, *, tag: bytes | None, garment: str | None, reader: str | None) -> Json:
        """Hold a tag before a reader for a moment."""
        ...

    def push(self, *, carton: str | None, missing: int) -> Json:
        """Push a packed carton through the gate, some of its garments left behind."""
        ...

    def unplug(self, *, reader: str, seconds: float) -> Json:
        """Pull a reader's cable for a while."""
        ...

    def flip(self, *, reader: str, bits: int) -> Json:
        """Disturb what a reader sends next."""
        ...

    def network(self, *, seconds: float) -> Json:
        """Cut the stations off the server for a while."""
        ...

    def tamper(self) -> Json:
        """Change a stored record."""
        ...

    def untamper(self) -> Json:
        """Put the record back."""
        ...


class Control:
    """A small HTTP server, reachable from this machine alone."""

    def __init__(self, hands: Hands) -> None:
        """Listen on a free port; answer after `start`."""
        handler = type("Handler", (_Handler,), {"hands": hands})
        self._server = ThreadingHTTPServer((LOOPBACK, 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name="control", daemon=True
        )

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        return f"http://{LOOPBACK}:{self._server.server_address[1]}"

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering."""
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    hands: Hands
    server_version = "Hangtag"
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer with the state."""
        if not self._is_from_here():
            return
        if self.path != "/state":
            self._answer(404, {"error": f"There is no {self.path}: expected /state."})
            return
        self._answer(200, self.hands.state())

    def do_POST(self) -> None:
        """Do what the visitor wishes."""
        if not self._is_from_here():
            return
        wishes: dict[str, Callable[[Mapping[str, object]], Json]] = {
            "/wave": self._wave,
            "/push": self._push,
            "/unplug": lambda wish: self.hands.unplug(
                reader=_text(wish, "reader", needed=True), seconds=_seconds(wish, 10)
            ),
            "/flip": lambda wish: self.hands.flip(
                reader=_text(wish, "reader", needed=True), bits=_whole(wish, "n", 1, 64, 3)
            ),
            "/network": lambda wish: self.hands.network(seconds=_seconds(wish, 10)),
            "/tamper": lambda wish: self.hands.tamper(),
            "/untamper": lambda wish: self.hands.untamper(),
        }
        try:
            wish = self._wish()
            if self.path not in wishes:
                known = ", ".join(wishes)
                raise BadWish(f"There is no {self.path}: expected one of {known}.", 404)
            self._answer(200, wishes[self.path](wish))
        except BadWish as problem:
            self._answer(problem.status, {"error": str(problem)})

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  name is inherited
        """Say nothing: the terminal belongs to the progress of the demo."""

    def _wave(self, wish: Mapping[str, object]) -> Json:
        tag = _text(wish, "tag")
        garment, reader = _text(wish, "garment"), _text(wish, "reader")
        try:
            epc = bytes.fromhex(tag) if tag else None
        except ValueError as error:
            raise BadWish(f"Cannot wave {tag!r}: expected a tag in hex.", 400) from error
        if epc is not None and not (2 <= len(epc) <= 62 and len(epc) % 2 == 0):
            raise BadWish(
                f"Cannot wave a tag of {len(epc)} bytes: expected 2 to 62, an even number.", 400
            )
        if epc is None and not garment:
            raise BadWish('Nothing to wave: expected "tag" or "garment".', 400)
        return self.hands.wave(tag=epc, garment=garment or None, reader=reader or None)

    def _push(self, wish: Mapping[str, object]) -> Json:
        carton = _text(wish, "carton") or None
        return self.hands.push(carton=carton, missing=_whole(wish, "missing", 0, 3, 1))

    def _is_from_here(self) -> bool:
        # A page of some other site may make a browser call us by a name of its own choosing
        # (DNS rebinding); it cannot choose the Host header to be this address.
        host = self.headers.get("Host", "").rpartition(":")[0]
        if host in {LOOPBACK, "localhost"}:
            return True
        self.close_connection = True
        self._answer(400, {"error": f"Host {host!r} is not this machine."})
        return False

    def _wish(self) -> Mapping[str, object]:
        try:
            length = int(self.headers.get("Content-Length") or 0)
        except ValueError:
            length = -1
        if not 0 <= length <= _BODY_BYTES_MAX:
            self.close_connection = True
            raise BadWish(f"A wish has at most {_BODY_BYTES_MAX} bytes.", 400)
        text = self.rfile.read(length)
        # A form on a foreign page can post text, but not this type, without asking first.
        if self.headers.get_content_type() != "application/json":
            raise BadWish("Expected Content-Type application/json.", 400)
        try:
            wish = json.loads(text or b"{}")
        except ValueError as error:
            raise BadWish("Cannot read the wish: expected JSON.", 400) from error
        if not isinstance(wish, dict):
            raise BadWish("Cannot read the wish: expected a JSON object.", 400)
        return wish

    def _answer(self, status: int, body: Json) -> None:
        data = json.dumps(body, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(data)


def _text(wish: Mapping[str, object], name: str, *, needed: bool = False) -> str:
    value = wish.get(name)
    if value is None and not needed:
        return ""
    if not isinstance(value, str) or len(value) > 200 or (needed and not value):
        raise BadWish(f'Cannot use {value!r} as "{name}": expected a short text.', 400)
    return value


def _whole(wish: Mapping[str, object], name: str, least: int, most: int, default: int) -> int:
    value = wish.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise BadWish(f'Cannot use {value!r} as "{name}": expected {least} to {most}.', 400)
    return value


def _seconds(wish: Mapping[str, object], default: float) -> float:
    value = wish.get("seconds", default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        value = -1.0
    if not 0 < value <= _SECONDS_MAX:
        raise BadWish(
            f'Cannot use {value!r} as "seconds": expected more than 0, at most {_SECONDS_MAX:g}.',
            400,
        )
    return float(value)
