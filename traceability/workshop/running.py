"""One folder, one process: the pages, the stations of this PC and the daily backup together.

When the workshop goes live, or a backup was restored, the pages end and open again on the same
port, with the same admin link, in the same process.
"""

from __future__ import annotations

import json
import os
import secrets
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, cast

import click

from readers.recordings.tapes import give_up
from traceability.database import file_of
from traceability.errors import DatabaseBusy, Refused
from traceability.factory import daily
from traceability.factory.coming_back import come_back
from traceability.factory.folder import Factory
from traceability.factory.going_live import go_live
from traceability.factory.moved import note_pc
from traceability.factory.restore import settle
from traceability.factory.thinning import thin
from traceability.factory.upgrading import bring_up
from traceability.projections.counting import event_count
from traceability.station.floor import Floor
from traceability.station.wire import wire_at
from traceability.web import create_app
from traceability.web.network import add_network
from traceability.web.opening import open_reading
from traceability.web.serving import Address, is_loopback, listen, serve
from traceability.web.settings import Settings, kept_secret
from traceability.workshop.beside import Beside
from traceability.workshop.spools import told_by_spools

if TYPE_CHECKING:
    from flask import Flask

    from traceability.ledger.append import Ledger
    from traceability.web.reading import Reading

__all__ = ["Told", "Workshop"]

RUNNING = "running.json"
"""In the factory's folder while it is open: where it answers, for whoever starts it twice."""
ANSWER_FIRST_S = 0.3
"""The page that asked for a new start gets its answer before the server ends."""
BACKUP_ENDS_S = 10.0
"""How long a backup in the making is waited for; one cut off leaves nothing half made."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is printed when the workshop is open."""

    name: str
    folder: str
    is_practice: bool
    entries: int
    events: int
    url: str
    enter: str
    """The admin link."""
    port: int
    wanted_port: int


class Workshop:
    """The running workshop: what `web.house.House` asks for. Any thread may call it."""

    def __init__(
        self,
        factory: Factory,
        *,
        host: str = "127.0.0.1",
        port: int,
        wants_network: bool = False,
        is_beside: bool = False,
    ) -> None:
        """Prepare; nothing is opened before `run`.

        Args:
            factory: The folder, in practice or live.
            host: Where the door for this PC listens.
            port: Its port; a taken one gives way to the next free one.
            wants_network: Open the doors to the local network at once.
            is_beside: Practice that runs beside the live workshop: the readers are not its own.
        """
        self.factory = factory
        self._host = host
        self._port = port
        self._wanted_port = port
        self._wants_network = wants_network
        self._is_beside = is_beside
        self._admin_token = secrets.token_urlsafe(24)
        self._again = threading.Event()
        self._ledger: Ledger | None = None
        self._floor: Floor | None = None
        self._stop: Callable[[], None] = lambda: None
        self._beside = Beside(factory.folder)
        self._note = _note_of(factory, is_beside=is_beside)

    def run(self, tell: Callable[[Told], None]) -> None:
        """Open the workshop and keep it open until the process is told to end.

        Args:
            tell: Called once, when the first page would be answered.

        Raises:
            Refused: If it is open already, or a port or the folder cannot be used.
        """
        is_first = True
        try:
            while is_first or self._again.is_set():
                self._again.clear()
                self._open_once(tell if is_first else lambda _told: None)
                is_first = False
        finally:
            self._beside.close()

    @property
    def can_go_live(self) -> bool:
        """Whether this is the practice of a workshop that is not live yet."""
        return self.factory.is_practice and not self._is_beside

    def go_live(self) -> None:
        """Begin the ledger that counts, and open the pages again with it.

        Raises:
            Refused: If it is live already.
        """
        assert self._ledger is not None, "pages are only asked while the ledger is open"
        if not self.can_go_live:
            raise Refused("This workshop is live already: nothing was changed.")
        if self._floor is not None:
            self._floor.stop_all()
        self.factory = go_live(self.factory, self._ledger)
        self.restart()

    def open_practice(self) -> str:
        """Run practice beside the live workshop; return the address that opens it.

        Raises:
            Refused: If it does not open.
        """
        return self._beside.open()

    def restart(self) -> None:
        """End the pages a moment from now and open them again on the same port."""
        self._again.set()
        threading.Timer(ANSWER_FIRST_S, self._stop).start()

    def _open_once(self, tell: Callable[[Told], None]) -> None:
        # What was restored or turned meanwhile is read anew.
        if not self._is_beside:
            settle(self.factory.folder, at=datetime.now(UTC))
            self.factory = Factory.find(self.factory.folder)
            self._bring_up()
            note_pc(self.factory, at=datetime.now(UTC))
        reading = self._reading()
        assert self._ledger is not None, "it was opened just now"
        # A backup of last winter opens and says so, before anybody was asked what time it is.
        self._ledger.clock.may_hold = True
        come_back(
            self.factory, self._ledger, at=datetime.now(UTC), stations=told_by_spools(self.factory)
        )
        self._ledger.clock.may_hold = False
        bound = listen(self._host, self._port)
        address = Address(self._host, int(bound.getsockname()[1]))
        self._port = address.port
        app = self._app(reading, address)
        stopping = threading.Event()
        keepers: list[threading.Thread] = []

        def begin() -> None:
            self._stop = app.extensions["hangtag.stop"]
            if self._floor is not None:
                self._floor.start_all()
                making_room = partial(thin, give_up_recording=give_up)
                keepers.append(daily.keep(self.factory, stopping, first=making_room))
            self._note.write(address.url)
            tell(self._told(reading, address))

        try:
            serve(app, bound, on_start=begin)
        finally:
            stopping.set()
            if self._floor is not None:
                self._floor.stop_all()
            for keeper in keepers:
                # Whoever closes the file last tidies up behind all: that is this process.
                keeper.join(BACKUP_ENDS_S)
            self._note.remove()
            assert self._ledger is not None, "it was opened above"
            self._ledger.database.close()

    def _bring_up(self) -> None:
        """Bring the records to this version, each in a copy; one of a newer version is refused."""
        for practice in (True, False):
            file = file_of(self.factory.url_of(practice=practice))
            assert file is not None, "a factory's records are files"
            # One that another server has open is said by whoever opens it.
            with suppress(DatabaseBusy):
                bring_up(file, keep=self.factory.backups, at=datetime.now(UTC), tell=_say_upgrade)

    def _reading(self) -> Reading:
        try:
            reading = open_reading(self.factory.url)
        except DatabaseBusy as error:
            where = self._note.read()
            known = f" at {where}" if where else ""
            raise Refused(
                f"{self.factory.folder} is open already{known}: go on there, or end it with "
                "Ctrl-C in its window first."
            ) from error
        self._ledger = cast("Ledger", reading.ledger)
        return reading

    def _app(self, reading: Reading, address: Address) -> Flask:
        settings = Settings(
            secret=kept_secret(self.factory.key),
            admin_token=self._admin_token,
            listens_on_loopback=is_loopback(self._host),
        )
        app = create_app(settings=settings, reading=reading)
        app.extensions["hangtag.factory"] = self.factory
        app.extensions["hangtag.house"] = self
        app.extensions["hangtag.restart"] = self.restart
        app.extensions["hangtag.spools"] = lambda: told_by_spools(self.factory)
        if not self._is_beside:
            add_network(app, self.factory.folder, wants_open=self._wants_network)
            self._floor = Floor(
                self.factory.stations,
                server=address.url,
                token=self._admin_token,
                spools=self.factory.spools,
            )
            app.extensions["hangtag.floor"] = self._floor
        app.extensions["hangtag.wire"] = partial(wire_at, self.factory.stations)
        return app

    def _told(self, reading: Reading, address: Address) -> Told:
        with reading.look() as view:
            events, size = event_count(view), view.size
        return Told(
            name=reading.said().name,
            folder=str(self.factory.folder),
            is_practice=self.factory.is_practice,
            entries=size,
            events=events,
            url=address.url,
            enter=f"{address.url}/enter?token={self._admin_token}",
            port=address.port,
            wanted_port=self._wanted_port,
        )


def _say_upgrade(words: str) -> None:
    # To the other stream: the first line of this one is read by programs.
    click.echo(words, err=True)


class _Note:
    """A note in the folder that says where the workshop answers."""

    def __init__(self, factory: Factory, name: str) -> None:
        self._path = factory.folder / name

    def write(self, url: str) -> None:
        with suppress(OSError):
            self._path.write_text(json.dumps({"url": url, "pid": os.getpid()}), "utf-8")

    def read(self) -> str:
        with suppress(OSError, ValueError, KeyError, TypeError):
            return str(json.loads(self._path.read_text("utf-8"))["url"])
        return ""

    def remove(self) -> None:
        with suppress(OSError):
            self._path.unlink()


def _note_of(factory: Factory, *, is_beside: bool) -> _Note:
    return _Note(factory, f"beside-{RUNNING}" if is_beside else RUNNING)


def beside_of(factory: Factory) -> Factory:
    """Return the practice of a factory that is live, to run beside it.

    Raises:
        Refused: If there is no practice ledger.
    """
    practice = replace(factory, is_practice=True)
    if not (factory.folder / "practice.sqlite").exists():
        raise Refused(f"There is no practice ledger in {factory.folder}.")
    return practice
