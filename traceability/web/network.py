"""The switch that opens Hangtag to the other devices of the house, and closes it again.

While the server runs, two more doors open beside the one for this PC: one with the certificate of
the house, one plain. They stay at the same ports, since phones keep addresses; whether they stood
open is remembered in the factory's folder. A certificate that is renewed, or made anew because the
PC has another address, takes effect without a new start.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import json
import socket
import threading
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, cast

import structlog
import uvicorn
from flask import Flask, current_app, request

from traceability.errors import Refused
from traceability.factory import certificate, neighbours
from traceability.factory.certificate import Certificate
from traceability.web.access import is_loopback_host
from traceability.web.doors import Asgi, Door, through
from traceability.web.listening import listen, server_config

_log = structlog.get_logger()

EVERYWHERE = "0.0.0.0"  # noqa: S104 - on purpose, and `through` turns strangers away
SAFE_PORT = 8443
PLAIN_PORT = 8480
OPENS_WITHIN_S = 20.0
LOOKS_EVERY_S = 60.0
"""How often the PC's addresses and the end of the certificate are looked at."""
REMEMBERED = "doors.json"


class Switch(Protocol):
    """What pages ask of the network: it may be played by anything in tests."""

    @property
    def is_open(self) -> bool:
        """Whether other devices reach this server now."""
        ...

    @property
    def addresses(self) -> tuple[str, ...]:
        """Names and addresses by which they do, the likeliest first."""
        ...

    @property
    def certificate(self) -> Certificate | None:
        """What the safe door shows; None before it was opened for the first time."""
        ...

    def open(self) -> None:
        """Open the doors; return when they answer."""
        ...

    def close(self) -> None:
        """Close the doors, now or a moment later."""
        ...

    def url(self, door: Door, host: str = "") -> str:
        """Return the beginning of an address: scheme, host, port."""
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """What is remembered between two starts."""

    is_open: bool = False
    safe: int = SAFE_PORT
    plain: int = PLAIN_PORT


class _Listener(uvicorn.Server):
    """A door beside the first one: signals are not its business."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.answers = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.answers.set()

    def capture_signals(self) -> contextlib.AbstractContextManager[None]:  # type: ignore[override]
        return contextlib.nullcontext()


@dataclass(frozen=True, slots=True)
class _Open:
    """A door that stands open."""

    listener: _Listener
    task: asyncio.Task[None]
    port: int


class Network:
    """The doors to the network. `begin` and `end` belong to the event loop of the server."""

    def __init__(
        self,
        folder: Path,
        *,
        title: Callable[[], str],
        wants_open: bool = False,
        names: Sequence[str] = (),
        ports: Ports | None = None,
    ) -> None:
        self._folder = folder
        self._title = title
        self._names = tuple(dict.fromkeys([*names, *neighbours.own_names()]))
        self._ports = _remembered(folder, ports or Ports())
        self._wants_open = wants_open or self._ports.is_open
        self._certificate: Certificate | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._app: Asgi | None = None
        self._open: dict[Door, _Open] = {}  # owned by the event loop
        self._watch: asyncio.Task[None] | None = None
        self._switching = threading.Lock()

    @property
    def is_open(self) -> bool:
        """Whether other devices reach this server now."""
        return bool(self._open)

    @property
    def addresses(self) -> tuple[str, ...]:
        """Addresses of this PC at home, then its names."""
        return (*neighbours.own_addresses(), *self._names)

    @property
    def certificate(self) -> Certificate | None:
        """What the safe door shows."""
        return self._certificate

    def url(self, door: Door, host: str = "") -> str:
        """Return scheme, host and port of a door that stands open; by default by its address."""
        host = host or next(iter(self.addresses), "localhost")
        if door is Door.SAFE:
            return f"https://{host}:{self._ports.safe}"
        return f"http://{host}:{self._ports.plain}"

    def open(self) -> None:
        """Open the doors and return when they answer. Any thread but the loop's may call it.

        Raises:
            Refused: If the certificate cannot be kept or no port is free.
        """
        loop = self._loop
        if loop is None:
            raise Refused("The doors open once the server runs: start it first.")
        with self._switching:
            if not self.is_open:
                _in_loop(self._opening(), loop)

    def close(self) -> None:
        """Close the doors; whoever came through one of them still gets his answer."""
        loop = self._loop
        with self._switching:
            self._remember(is_open=False)
            if loop is not None and not loop.is_closed():
                _in_loop(self._shut(), loop)

    # --- in the loop -----------------------------------------------------------------------------

    async def begin(self, app: Asgi) -> None:
        """Take the server's loop; open the doors if they stood open or are to."""
        self._loop = asyncio.get_running_loop()
        self._app = app
        if self._wants_open:
            try:
                await self._opening()
            except Refused as refused:
                # The PC's own door must open whatever is wrong with the others.
                _log.error("the network stays closed", reason=str(refused))

    async def end(self) -> None:
        """Close the doors with the server; they open again with it."""
        await self._closing()
        self._loop = None

    async def _opening(self) -> None:
        assert self._app is not None, "begin comes first"
        kept = await asyncio.to_thread(self._kept)
        self._certificate = kept
        for door, port in ((Door.SAFE, self._ports.safe), (Door.PLAIN, self._ports.plain)):
            try:
                bound = listen(EVERYWHERE, port)
            except Refused:
                await self._closing()
                raise
            files = (str(kept.file), str(kept.key)) if door is Door.SAFE else (None, None)
            listener = _Listener(server_config(through(self._app, door), *files, lifespan="off"))
            task = asyncio.create_task(listener.serve(sockets=[bound]), name=f"door {door}")
            self._open[door] = _Open(listener, task, int(bound.getsockname()[1]))
        async with asyncio.timeout(OPENS_WITHIN_S):
            for one in self._open.values():
                await one.listener.answers.wait()
        self._ports = replace(
            self._ports, safe=self._open[Door.SAFE].port, plain=self._open[Door.PLAIN].port
        )
        await asyncio.to_thread(self._remember, is_open=True)
        self._watch = asyncio.create_task(self._watching(), name="certificate")

    async def _shut(self) -> list[asyncio.Task[None]]:
        """Tell the doors to close; they do when their last answer is given."""
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        doors, self._open = list(self._open.values()), {}
        for one in doors:
            one.listener.should_exit = True
        return [one.task for one in doors]

    async def _closing(self) -> None:
        await asyncio.gather(*await self._shut(), return_exceptions=True)

    async def _watching(self) -> None:
        while True:
            await asyncio.sleep(LOOKS_EVERY_S)
            await self.look_after_certificate()

    async def look_after_certificate(self) -> None:
        """Renew what the safe door shows if it is time or the PC has moved; no line is cut."""
        try:
            kept = await asyncio.to_thread(self._kept)
        except Refused as refused:
            _log.error("the certificate stays as it is", reason=str(refused))
            return
        door = self._open.get(Door.SAFE)
        if kept != self._certificate and door is not None:
            context = door.listener.config.ssl
            assert context is not None, "the safe door has one"
            context.load_cert_chain(kept.file, kept.key)
            self._certificate = kept

    def _kept(self) -> Certificate:
        return certificate.kept(
            self._folder,
            title=self._title(),
            names=self._names,
            addresses=neighbours.own_addresses(),
            at=datetime.now(UTC),
        )

    def _remember(self, *, is_open: bool) -> None:
        self._ports = replace(self._ports, is_open=is_open)
        tree = {"open": is_open, "safe": self._ports.safe, "plain": self._ports.plain}
        path = self._folder / certificate.FOLDER / REMEMBERED
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(tree) + "\n", encoding="ascii")
        except OSError as error:
            _log.warning("the doors are not remembered", path=str(path), reason=error.strerror)


def _remembered(folder: Path, usual: Ports) -> Ports:
    try:
        tree = json.loads((folder / certificate.FOLDER / REMEMBERED).read_text(encoding="ascii"))
        return Ports(tree["open"] is True, _port(tree["safe"]), _port(tree["plain"]))
    except (OSError, ValueError, KeyError, TypeError):
        return usual


def _port(given: object) -> int:
    if isinstance(given, int) and 0 < given <= 65_535:
        return given
    raise ValueError(given)


def _in_loop(work: Coroutine[Any, Any, object], loop: asyncio.AbstractEventLoop) -> None:
    """Have the loop do something, and wait for it.

    It is done in an empty context. Whatever the loop begins inherits the context it is begun in:
    with the owner's own request in it, everybody who came through the new door was the owner.
    """
    bare = contextvars.Context()
    bare.run(asyncio.run_coroutine_threadsafe, work, loop).result(OPENS_WITHIN_S)


def add_network(
    app: Flask,
    folder: Path,
    *,
    wants_open: bool = False,
    names: Sequence[str] = (),
    ports: Ports | None = None,
) -> Network:
    """Give an app the switch to the network; `serving.serve` turns it when the server begins.

    Args:
        app: The pages.
        folder: Folder of the factory: its certificate lies in a hidden folder there.
        wants_open: Open at once (`--lan`); else as it stood when the server ended.
        names: Host names that this PC is known by beside its own.
        ports: The ports to begin with, if none are remembered.
    """
    reading = app.extensions["hangtag.reading"]
    made = Network(
        folder,
        title=lambda: str(reading.opening.name),
        wants_open=wants_open,
        names=names,
        ports=ports,
    )
    app.extensions["hangtag.network"] = made
    return made


def network() -> Switch | None:
    """Return the switch of this server; None if it was started without one."""
    return cast("Switch | None", current_app.extensions.get("hangtag.network"))


def outer_url(door: Door) -> str:
    """Return by which beginning of an address others reach a door; nothing while it is closed.

    Whoever looks at the page from another device already knows a name that works: it is kept.
    """
    found = network()
    if found is None or not found.is_open:
        return ""
    asked = request.host.rpartition(":")[0] or request.host
    return found.url(door, "" if is_loopback_host(request.host) else asked)
