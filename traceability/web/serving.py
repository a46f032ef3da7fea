"""Running the pages: one process, one port for this PC, two more while the network is open."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType

import uvicorn
from flask import Flask

from traceability.long_lived import settle
from traceability.web.asgi import Door
from traceability.web.listening import listen, server_config
from traceability.web.live import Live
from traceability.web.network import Network

__all__ = ["Address", "is_loopback", "listen", "serve"]


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


class _Server(uvicorn.Server):
    """Tells when it answers, so that a caller prints the address at the right moment."""

    def __init__(
        self,
        config: uvicorn.Config,
        on_start: Callable[[], None],
        hub: Live,
        network: Network | None,
    ) -> None:
        super().__init__(config)
        self._on_start = on_start
        self._hub = hub
        self._network = network

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Let go of the live viewers first: their streams would hold the end up for all."""
        self._hub.end()
        super().handle_exit(sig, frame)

    def end(self) -> None:
        """Stop as Ctrl-C would, but leave the process running. Any thread may call it."""
        self._hub.end()
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            if self._network is not None:
                await self._network.begin(self.config.app)  # type: ignore[arg-type]  # our own Door
            settle()
            self._on_start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._network is not None:
            await self._network.end()
        await super().shutdown(sockets)


def serve(
    app: Flask,
    bound: socket.socket,
    *,
    on_start: Callable[[], None],
    certificate: str | None = None,
    key: str | None = None,
) -> None:
    """Answer requests on a bound socket until the process is told to stop.

    An app with a switch to the network (`network.add_network`) opens its doors with the server.

    Args:
        app: The pages.
        bound: From `listen`; it is closed at the end.
        on_start: Called once, when the first request would be answered.
        certificate: PEM file for TLS, with its key in ``key``.
        key: PEM file of the private key.
    """
    pages = Door(app)
    config = server_config(pages, certificate, key, lifespan="on")
    network: Network | None = app.extensions.get("hangtag.network")
    server = _Server(config, on_start, app.extensions["hangtag.live"], network)
    app.extensions["hangtag.stop"] = server.end
    server.run(sockets=[bound])
