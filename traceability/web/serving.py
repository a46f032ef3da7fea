"""Running the pages: one process, one port, the next free one if the wanted one is taken."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType

import uvicorn
from flask import Flask

from traceability.errors import Refused
from traceability.web.asgi import Door
from traceability.web.live import Live

PORTS_TRIED = 20
BACKLOG = 256
GRACE_S = 1
"""Seconds that open streams get at the end; Ctrl-C must stop within three."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens."""

    host: str
    port: int
    is_tls: bool = False

    @property
    def url(self) -> str:
        """The address to type into a browser on this PC."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104
        shown = f"[{host}]" if ":" in host else host
        return f"http{'s' if self.is_tls else ''}://{shown}:{self.port}"


def is_loopback(host: str) -> bool:
    """Say whether only this PC can reach a server that listens there.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def listen(host: str, port: int) -> socket.socket:
    """Bind to a port, or to the next free one of twenty; 0 takes any.

    Raises:
        Refused: If the host is not one of this PC's, or no port of the twenty is free.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    last: OSError | None = None
    for wanted in range(port, port + (PORTS_TRIED if port else 1)):
        if wanted > 65_535:
            break
        bound = socket.socket(family, socket.SOCK_STREAM)
        # A server that died a moment ago must not cost its successor the port.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((host, wanted))
            bound.listen(BACKLOG)
        except OSError as error:
            bound.close()
            last = error
            continue
        return bound
    reason = last.strerror if last is not None else "the port is not between 0 and 65535"
    raise Refused(
        f"Cannot listen on {host}, ports {port} to {port + PORTS_TRIED - 1}: {reason}. "
        "Choose another one with --port."
    )


class _Server(uvicorn.Server):
    """Tells when it answers, so that a caller prints the address at the right moment."""

    def __init__(self, config: uvicorn.Config, on_start: Callable[[], None], hub: Live) -> None:
        super().__init__(config)
        self._on_start = on_start
        self._hub = hub

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Let go of the live viewers first: their streams would hold the end up for all."""
        self._hub.end()
        super().handle_exit(sig, frame)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_start()


def serve(
    app: Flask,
    bound: socket.socket,
    *,
    on_start: Callable[[], None],
    certificate: str | None = None,
    key: str | None = None,
) -> None:
    """Answer requests on a bound socket until the process is told to stop.

    Args:
        app: The pages.
        bound: From `listen`; it is closed at the end.
        on_start: Called once, when the first request would be answered.
        certificate: PEM file for TLS, with its key in ``key``.
        key: PEM file of the private key.
    """
    config = uvicorn.Config(
        Door(app),
        lifespan="on",
        log_level="warning",
        access_log=False,  # addresses may carry a token or an order link
        server_header=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=GRACE_S,
        h11_max_incomplete_event_size=64 * 1024,
        proxy_headers=False,
        ssl_certfile=certificate,
        ssl_keyfile=key,
        ws="none",
    )
    _Server(config, on_start, app.extensions["hangtag.live"]).run(sockets=[bound])
