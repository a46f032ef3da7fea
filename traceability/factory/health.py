"""What is wrong on this PC, in sentences that say what to do: nothing is changed by looking.

Every check is one line: its name, whether it is well, what was found, and the remedy. The words are
in English here, with what was found set in, so that a page can say them in its own language.

>>> Check("disk", "look", "%(free)s GB are free.", "Delete something.", {"free": 1}).sentence
'1 GB are free.'
"""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from traceability.database import file_of, open_file
from traceability.database_file import examine_file, is_database
from traceability.errors import TraceabilityError
from traceability.factory import certificate, daily
from traceability.factory.budget import measure
from traceability.factory.folder import Factory
from traceability.factory.neighbours import own_addresses
from traceability.ledger.append import Ledger
from traceability.ledger.clock import RecordClock
from traceability.ledger.clock_answer import confirmed
from traceability.projections.view import look
from traceability.schema import is_empty, is_known, revision

State = Literal["ok", "look", "bad"]
USUAL_PORT = 8080
OLDEST = (3, 11)
GB = 1_000_000_000
FREE_BAD = GB // 5
FREE_LOOK = 2 * GB
SLOW_S = 1.5
FULL_SOON = timedelta(days=30)
CERTIFICATE_SOON = timedelta(days=14)
GRABBERS = {"ModemManager": "ModemManager", "brltty": "brltty"}
"""Programs that take serial readers for modems or for displays for the blind."""


def N_(words: str) -> str:  # noqa: N802 - the mark that catalogues look for
    """Mark a sentence for the catalogues; it is translated where it is shown."""
    return words


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    state: State
    words: str
    """English, with ``%(name)s`` where the values go."""
    remedy: str = ""
    """What to do, in the same form; empty if nothing is to be done."""
    values: Mapping[str, object] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """What was found, in English."""
        return self.words % self.values

    @property
    def advice(self) -> str:
        """What to do, in English."""
        return self.remedy % self.values

    def tree(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "name": self.name,
            "state": self.state,
            "sentence": self.sentence,
            "remedy": self.advice or None,
        }


class PortSeen(Protocol):
    """A serial port as whoever knows the readers lists it."""

    @property
    def device(self) -> str:
        """Its path or name."""
        ...

    @property
    def remedy(self) -> str:
        """What to do before it can be opened; empty if it can."""
        ...


def examine(
    factory: Factory | None,
    *,
    now: datetime,
    ports: Callable[[], Sequence[PortSeen]] | None = None,
    port: int | None = USUAL_PORT,
    missing: str = "",
) -> list[Check]:
    """Look at everything that has ever kept a workshop from working.

    Args:
        factory: The workshop; None if there is none here.
        now: UTC.
        ports: Lists the serial ports; None leaves them out.
        port: Where the server should answer; None when it is the server that asks.
        missing: Why there is no workshop, in a sentence.
    """
    parts: list[tuple[str, Callable[[], Iterable[Check]]]] = [
        ("python", _python),
        ("letters", _letters),
    ]
    if factory is None:
        parts.append(("folder", lambda: _no_folder(missing)))
    else:
        parts += [
            ("folder", lambda: _folder(factory)),
            ("disk", lambda: _disk(factory, now)),
            ("record", lambda: _records(factory)),
            ("key", lambda: _key(factory)),
            ("clock", lambda: _clock(factory, now)),
            ("backup", lambda: _backup(factory, now)),
            ("waiting", lambda: _waiting(factory)),
            ("certificate", lambda: _certificates(factory, now)),
        ]
    if port is not None:
        parts.append(("port", lambda: _port(port)))
    if ports is not None:
        parts.append(("readers", lambda: _readers(ports())))
    parts += [("programs", _programs), ("network", _network)]
    return [check for name, part in parts for check in _told(name, part)]


def is_well(checks: Iterable[Check]) -> bool:
    """Say whether nothing is bad; what is only worth a look does not count."""
    return all(check.state != "bad" for check in checks)


def _told(name: str, part: Callable[[], Iterable[Check]]) -> list[Check]:
    try:
        return list(part())
    except (OSError, ValueError, TraceabilityError, SQLAlchemyError) as error:
        return [
            Check(
                name,
                "bad",
                N_("This could not be looked at: %(reason)s"),
                N_("Put that right, then look again."),
                {"reason": str(error).splitlines()[0] if str(error) else type(error).__name__},
            )
        ]


def _python() -> Iterator[Check]:
    version = ".".join(str(part) for part in sys.version_info[:3])
    if sys.version_info[:2] < OLDEST:
        yield Check(
            "python",
            "bad",
            N_("Python %(version)s is too old: 3.11 is needed."),
            N_("Install Python 3.11 or newer, then run `make install` again."),
            {"version": version},
        )
        return
    yield Check("python", "ok", N_("Python %(version)s."), "", {"version": version})


def _letters() -> Iterator[Check]:
    encoding = sys.getfilesystemencoding()
    if encoding.lower().replace("-", "") != "utf8":
        yield Check(
            "letters",
            "look",
            N_("File names are written in %(encoding)s, which lacks most of the world's letters."),
            N_("Set LANG=C.UTF-8, then start again."),
            {"encoding": encoding},
        )
        return
    yield Check("letters", "ok", N_("All letters can be written."))


def _no_folder(reason: str) -> Iterator[Check]:
    yield Check(
        "folder",
        "look",
        N_("There is no workshop here. %(reason)s"),
        N_(
            "`hangtag new FOLDER` makes one; `hangtag doctor --folder FOLDER` looks at one that "
            "lies elsewhere."
        ),
        {"reason": reason},
    )


def _folder(factory: Factory) -> Iterator[Check]:
    values = {"folder": str(factory.folder)}
    if not os.access(factory.folder, os.W_OK | os.X_OK):
        yield Check(
            "folder",
            "bad",
            N_("The workshop's folder %(folder)s may not be written to."),
            N_("Start Hangtag as the user who owns the folder."),
            values,
        )
        return
    yield Check("folder", "ok", N_("The workshop lies in %(folder)s."), "", values)


def _disk(factory: Factory, now: datetime) -> Iterator[Check]:
    plan, last = daily.read_plan(factory), daily.last(factory)
    budget = measure(factory, None, plan, last, now)
    # What is wrong with the record is said of the record itself.
    with contextlib.suppress(TraceabilityError, SQLAlchemyError), contextlib.ExitStack() as opened:
        if _file(factory).is_file():
            database = opened.enter_context(contextlib.closing(open_file(_file(factory))))
            view = opened.enter_context(look(Ledger.open(database)))
            budget = measure(factory, view, plan, last, now)
    soon = budget.full_on is not None and budget.full_on - now.date() < FULL_SOON
    if budget.free_bytes < FREE_LOOK or budget.room_bytes < 0 or soon:
        yield Check(
            "disk",
            "bad" if budget.free_bytes < FREE_BAD else "look",
            "%(disk)s",
            N_("Move away what is not needed, before nothing more can be recorded."),
            {"disk": budget},
        )
        return
    yield Check("disk", "ok", "%(disk)s", "", {"disk": budget})


def _records(factory: Factory) -> Iterator[Check]:
    files = [file_of(factory.url_of(practice=practice)) for practice in (False, True)]
    there = [path for path in files if path is not None and path.is_file()]
    if not there:
        yield Check(
            "record",
            "bad",
            N_("The workshop holds no record."),
            N_("Restore a backup into a new folder: `hangtag restore FILE FOLDER`."),
        )
    for path in there:
        yield _record(path)


def _record(path: Path) -> Check:
    examine_file(path)
    with contextlib.closing(open_file(path)) as database:
        state = revision(database)
        if is_empty(database) or not is_known(state):
            return Check(
                "record",
                "bad",
                N_("%(file)s was written by a newer Hangtag than this one."),
                N_("Start that version again, or restore a backup that this one made."),
                {"file": path.name},
            )
        size = Ledger.open(database).size
    return Check(
        "record",
        "ok",
        N_("%(file)s opens and its pages fit together: %(count)s entries."),
        "",
        {"file": path.name, "count": size},
    )


def _key(factory: Factory) -> Iterator[Check]:
    values = {"file": str(factory.key)}
    if not factory.key.is_file():
        yield Check(
            "key",
            "bad",
            N_("The key %(file)s is missing: links that were sent do not open."),
            N_("Take it from a backup; without it a new one is made, and links are sent anew."),
            values,
        )
    elif os.name == "posix" and factory.key.stat().st_mode & 0o077:
        yield Check(
            "key",
            "look",
            N_("Other users of this PC can read the key %(file)s."),
            N_("Run `chmod 600 %(file)s`."),
            values,
        )
    else:
        yield Check("key", "ok", N_("The key is there, and its owner's alone."))


def _clock(factory: Factory, now: datetime) -> Iterator[Check]:
    with (
        contextlib.closing(open_file(_file(factory))) as database,
        look(Ledger.open(database)) as view,
    ):
        last, zone = view.record_at, str(view.opening.get("zone", "UTC"))
        said = confirmed(view.connection, view.ledger_id)
    try:
        local = now.astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError):
        yield Check(
            "clock",
            "bad",
            N_("This PC does not know the workshop's time zone %(zone)s."),
            N_("Choose another time zone for the workshop, or install the package tzdata."),
            {"zone": zone},
        )
        return
    values = {"time": f"{local:%Y-%m-%d %H:%M}", "zone": zone, "last": f"{last:%Y-%m-%d %H:%M} UTC"}
    at = round(now.timestamp() * 1e6)
    found = RecordClock(lambda: at, lambda: 0).disbelief(round(last.timestamp() * 1e6), said)
    if found is not None:
        yield Check(
            "clock",
            "look" if found.reason == "ahead" else "bad",
            N_("The clock says %(time)s, but the last entry was written at %(last)s."),
            N_("Set the PC's clock if it is wrong; if it is right, say so on the page /clock."),
            values,
        )
        return
    yield Check("clock", "ok", N_("It is %(time)s in %(zone)s."), "", values)


def _file(factory: Factory) -> Path:
    path = file_of(factory.url)
    assert path is not None, "a factory's ledger is a file"
    return path


def _backup(factory: Factory, now: datetime) -> Iterator[Check]:
    last = daily.last(factory)
    born, _zone = daily.birth(factory)
    since = last.made_at or born or now
    values = {"days": (now - since).days, "path": last.path, "reason": last.error}
    if daily.is_late(since, now):
        words = (
            N_("The last backup is %(days)s days old.")
            if last.made_at
            else N_("There is no backup, and the workshop is %(days)s days old.")
        )
        yield Check(
            "backup", "bad", words, N_("Run `hangtag backup`, or open the page Safe."), values
        )
    elif last.error:
        words = N_("The last attempt at a backup failed: %(reason)s")
        yield Check("backup", "look", words, N_("Open the page Safe and press the button."), values)
    elif last.made_at is None:
        yield Check("backup", "ok", N_("The first backup comes by itself this evening."))
    else:
        words = N_("The last backup was checked: %(path)s.")
        yield Check("backup", "ok", words, "", values)


def _waiting(factory: Factory) -> Iterator[Check]:
    if not factory.stations.is_dir():
        return
    for path in sorted(factory.stations.rglob("*")):
        if not path.is_file() or not is_database(path):
            continue
        count = _count_waiting(path)
        values = {"station": path.name.partition(".")[0], "count": count}
        if count:
            yield Check(
                "waiting",
                "look",
                N_("Waiting at station %(station)s to be sent: %(count)s."),
                N_("They are safe there. Start the server; they go by themselves."),
                values,
            )
        else:
            yield Check("waiting", "ok", N_("Station %(station)s has sent everything."), "", values)


def _count_waiting(path: Path) -> int:
    with contextlib.closing(open_file(path)) as database, database.read() as connection:
        statement = text("SELECT count(*) FROM element WHERE state = 'waiting'")
        return int(connection.execute(statement).scalar_one())


def _certificates(factory: Factory, now: datetime) -> Iterator[Check]:
    from cryptography import x509

    for path in sorted((factory.folder / certificate.FOLDER).glob("*.crt")):
        until = x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
        values = {"file": path.name, "day": f"{until:%Y-%m-%d}"}
        if until - now < CERTIFICATE_SOON:
            yield Check(
                "certificate",
                "bad" if until <= now else "look",
                N_("The certificate %(file)s for phones ends on %(day)s."),
                N_("Start Hangtag again with the local network open: it makes a new one."),
                values,
            )
        else:
            words = N_("The certificate %(file)s for phones holds until %(day)s.")
            yield Check("certificate", "ok", words, "", values)


def _port(port: int) -> Iterator[Check]:
    address = f"http://127.0.0.1:{port}"
    values = {"port": port, "address": address}
    with socket.socket() as probe:
        probe.settimeout(SLOW_S)
        if probe.connect_ex(("127.0.0.1", port)) != 0:
            yield Check(
                "port", "ok", N_("Port %(port)s is free; no server runs there."), "", values
            )
            return
    try:
        asked = http.client.HTTPConnection("127.0.0.1", port, timeout=SLOW_S)
        with contextlib.closing(asked):
            asked.request("GET", "/healthz")
            is_ours = b'"ok"' in asked.getresponse().read(200)
    except (OSError, http.client.HTTPException):
        is_ours = False
    if is_ours:
        yield Check("port", "ok", N_("The server answers at %(address)s."), "", values)
    else:
        yield Check(
            "port",
            "look",
            N_("Another program holds port %(port)s."),
            N_("Nothing to do: Hangtag takes the next free port and prints it."),
            values,
        )


def _readers(ports: Sequence[PortSeen]) -> Iterator[Check]:
    if not ports:
        yield Check(
            "readers",
            "ok",
            N_("No serial reader is plugged in. Scanners that type need none."),
        )
    for port in ports:
        values = {"device": port.device, "remedy": port.remedy}
        if port.remedy:
            words = N_("%(device)s cannot be opened.")
            yield Check("readers", "look", words, "%(remedy)s", values)
        else:
            yield Check("readers", "ok", N_("%(device)s can be opened."), "", values)


def _programs(proc: Path = Path("/proc")) -> Iterator[Check]:
    running = set()
    for path in proc.glob("[0-9]*/comm"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            running.add(path.read_text(encoding="utf-8", errors="replace").strip())
    for name in sorted(running & GRABBERS.keys()):
        yield Check(
            "programs",
            "look",
            N_("%(name)s runs: it may take a reader's port for itself."),
            N_("Run `sudo systemctl disable --now %(name)s`, then plug the reader in again."),
            {"name": GRABBERS[name]},
        )


def _network() -> Iterator[Check]:
    found = own_addresses()
    if found:
        words = N_("In the local network this PC is %(addresses)s.")
        yield Check("network", "ok", words, "", {"addresses": ", ".join(found)})
    else:
        yield Check(
            "network",
            "look",
            N_("This PC is in no network: phones cannot reach it."),
            N_("Join the same wireless network as the phones; alone it works as it is."),
        )
