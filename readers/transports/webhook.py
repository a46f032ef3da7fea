"""Readers that send their events by HTTP POST: this side is the server they send to.

    port = WebhookTransport("http-listen://0.0.0.0:8090/dock")

A request is answered when it is whole, 204 for the right path and 404, 405 or 401 for what is none
of ours; one that breaks off is not answered, and the reader sends it again. With a user in front of
the host, each request must bring that user's password. It speaks no TLS: let it listen where only
the readers are.

Source: RFC 9112; Zebra IoT Connector (HTTP POST endpoint); Impinj IoT device interface (webhooks).
"""

from __future__ import annotations

import hmac
import select
import socket
from contextlib import suppress

from readers.reads import PortLost, PortUnavailable
from readers.transports.network import HEAD_SIZE_MAX, Body, Line, address_of, lines_of

__all__ = ["WebhookTransport"]

CONNECTIONS_MAX = 32
BODY_SIZE_MAX = 1 << 20
_WORDS = {
    204: "No Content", 401: "Unauthorized", 404: "Not Found", 405: "Method Not Allowed",
    400: "Bad Request", 413: "Content Too Large",
}  # fmt: skip


class _Request:
    """What one connection is in the middle of saying."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.head = b""
        self.told = b""
        self.body: Body | None = None


class WebhookTransport:
    """A small server for as many readers as send to one path."""

    def __init__(self, url: str) -> None:
        """Listen at `http-listen://[user@]address:port/path`.

        Raises:
            PortUnavailable: If the address is not ours, or the port is taken.
        """
        address = address_of(url)
        self._path = address.path
        self._secret = address.basic
        try:
            self._listener = socket.create_server((address.host, address.port))
        except OSError as error:
            raise PortUnavailable(
                f"Cannot listen at {address.name}: {error.strerror or error}. Another program may"
                " have this port: choose another one, and tell it to the reader."
            ) from error
        self._requests: list[_Request] = []

    def recv_some(self, timeout_s: float) -> bytes:
        """Return the bodies of the requests that have become whole, a line each."""
        watched: list[socket.socket | Line] = [
            self._listener,
            *[each.line for each in self._requests],
        ]
        try:
            ready, _, _ = select.select(watched, [], [], timeout_s)
        except (OSError, ValueError) as error:
            raise PortLost(f"Nobody can reach us any more: {error}.") from error
        if self._listener in ready:
            self._accept()
        found = b""
        for request in list(self._requests):
            if request.line in ready:
                try:
                    found += self._hear(request)
                except PortLost:
                    self._drop(request)
        return found

    def _accept(self) -> None:
        with suppress(OSError):
            newcomer, _ = self._listener.accept()
            self._requests.append(_Request(Line(newcomer)))
        if len(self._requests) > CONNECTIONS_MAX:
            self._drop(self._requests[0])

    def _drop(self, request: _Request) -> None:
        request.line.close()
        self._requests.remove(request)

    def _hear(self, request: _Request) -> bytes:
        """Take in what one connection says; return the bodies that are whole."""
        data, found = request.line.recv_some(0), b""
        while data or (request.body is not None and request.body.is_over):
            if request.body is None:
                request.head += data
                if b"\r\n\r\n" not in request.head:
                    if len(request.head) > HEAD_SIZE_MAX:
                        self._answer(request, 400)
                    break
                head, _, data = request.head.partition(b"\r\n\r\n")
                if not self._begin(request, head):
                    break
            assert request.body is not None
            request.told += request.body.receive(data)
            data = b""
            if len(request.told) > BODY_SIZE_MAX:
                self._answer(request, 413)
                break
            if request.body.is_over:
                found += lines_of(request.told)
                data = request.body.rest
                self._answer(request, 204)
                request.head, request.told, request.body = b"", b"", None
        return found

    def _begin(self, request: _Request, head: bytes) -> bool:
        """Judge the head of a request; say what is wrong with it, and hang up."""
        first, *lines = head.decode("latin-1").split("\r\n")
        method, _, rest = first.partition(" ")
        pairs = [line.partition(":") for line in lines]
        fields = {name.strip().lower(): value.strip() for name, _, value in pairs}
        is_sized = "content-length" in fields or "transfer-encoding" in fields
        given = fields.get("authorization", "").encode()
        if rest.partition(" ")[0].partition("?")[0] != self._path:
            return self._answer(request, 404)
        if self._secret and not hmac.compare_digest(given, self._secret.encode()):
            return self._answer(request, 401)
        if method not in ("POST", "PUT"):
            return self._answer(request, 405)
        if not is_sized:
            return self._answer(request, 400)
        if fields.get("expect", "").lower() == "100-continue":
            request.line.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.body = Body(fields)
        return True

    def _answer(self, request: _Request, status: int) -> bool:
        """Answer; return whether the connection goes on."""
        is_good = status == 204
        more = b"" if is_good else b"Content-Length: 0\r\nConnection: close\r\n"
        request.line.send(f"HTTP/1.1 {status} {_WORDS[status]}\r\n".encode() + more + b"\r\n")
        if not is_good:
            self._drop(request)
        return is_good

    def send(self, data: bytes) -> None:
        """Do nothing: whoever sends events hears nothing."""

    def set_baud(self, baud: int) -> None:
        """Do nothing: a network has no speed."""

    def close(self) -> None:
        """Listen no more."""
        for request in self._requests:
            request.line.close()
        self._listener.close()
