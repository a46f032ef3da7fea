"""A PostgreSQL server of the tests' own: a real one, in a folder of its own, gone with its run.

One server serves all processes of a run. Whoever needs it first starts a keeper; everybody who uses
it holds a shared lock on one file of its folder, so the keeper learns when the last one is gone,
however that one died, and ends the server with its folder.

    python -m tests.postgres FOLDER

is the keeper. It listens on no port: only the folder's owner and root reach its socket.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path

import psycopg

if sys.platform != "win32":
    import fcntl

from traceability.database import metadata, open_database
from traceability.schema import upgrade

ROLE = "hangtag"
"""Whom the tests are on the server: an owner of databases, but nobody who may do anything."""
TEMPLATE = "migrated"
ALONE = "nobody"
"""Whom the server runs as where the tests run as root: PostgreSQL refuses to be root."""
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "fsync": "on",
    # Hangtag must force its own sessions: a server that is set up carelessly is the test.
    "synchronous_commit": "off",
    "default_transaction_isolation": "serializable",
    "autovacuum_naptime": "1h",
    "log_min_messages": "fatal",
    "timezone": "Asia/Kolkata",
}


def programs() -> Path | None:
    """Find the newest PostgreSQL of this machine, or the one that HANGTAG_POSTGRES names."""
    if named := os.environ.get("HANGTAG_POSTGRES"):
        return Path(named)
    if found := shutil.which("pg_ctl"):
        return Path(found).resolve().parent
    versions = Path("/usr/lib/postgresql").glob("*/bin/pg_ctl")
    found_here = sorted(versions, key=lambda path: int(path.parts[-3]))
    return found_here[-1].parent if found_here else None


PROGRAMS = programs()
HERE = PROGRAMS is not None


@dataclass(slots=True)
class Server:
    """A server in a folder, started and ended by whoever made it."""

    folder: Path
    settings: dict[str, str] = field(default_factory=lambda: dict(SETTINGS))

    def make(self) -> None:
        """Make an empty cluster of databases: nobody's language, everybody's letters."""
        self.folder.mkdir(exist_ok=True, mode=0o700)
        if _is_root():
            shutil.chown(self.folder, ALONE)
        # What initdb writes need not survive a power cut; what the server writes later must.
        options = ["--no-sync", "--no-locale", "--encoding=UTF8", "--auth=trust"]
        self.run("initdb", *options, "-U", "postgres", "-D", str(self.data))
        self.write_settings()

    def write_settings(self) -> None:
        """Write the settings that count from the next start."""
        lines = [f"{name} = '{value}'" for name, value in self.settings.items()]
        lines.append(f"unix_socket_directories = '{self.folder}'")
        (self.data / "postgresql.auto.conf").write_text("\n".join(lines) + "\n", "utf-8")

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def start(self) -> None:
        """Start and wait until it answers."""
        log = str(self.folder / "log")
        self.run("pg_ctl", "-D", str(self.data), "-l", log, "-w", "-t", "60", "start")

    def stop(self, mode: str = "fast") -> None:
        """End it: ``fast`` asks, ``immediate`` is a crash."""
        self.run("pg_ctl", "-D", str(self.data), "-m", mode, "-w", "stop")

    @property
    def process_id(self) -> int:
        return int((self.data / "postmaster.pid").read_text("utf-8").split()[0])

    def url(self, database: str, role: str = ROLE) -> str:
        return f"postgresql+psycopg://{role}@/{database}?host={self.folder}"

    def connect(self, database: str = "postgres", role: str = "postgres") -> psycopg.Connection:
        """Open a connection past Hangtag."""
        return psycopg.connect(host=str(self.folder), dbname=database, user=role, autocommit=True)

    def run(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's own programs as the server's owner."""
        assert PROGRAMS is not None
        command = [str(PROGRAMS / program), *arguments]
        if _is_root():
            command = ["setpriv", f"--reuid={ALONE}", "--clear-groups", *command]
        done = subprocess.run(
            command,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
            text=True,
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr}")


def _is_root() -> bool:
    return os.geteuid() == 0


@cache
def shared() -> Server:
    """Return the server of this run; whoever asks first has it started."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or f"alone-{os.getpid()}"
    folder = Path(tempfile.gettempdir()) / f"hangtag-postgres-{run[:12]}"
    folder.mkdir(exist_ok=True, mode=0o700)
    _use(folder)
    with _alone(folder):
        if not (folder / "ready").exists():
            _start_keeper(folder)
            _make_template(Server(folder))
            (folder / "ready").touch()
    return Server(folder)


_used: list[int] = []
"""Open files whose shared locks say that this process uses the server. Never closed before the
process ends."""


def _use(folder: Path) -> None:
    descriptor = os.open(folder / "users", os.O_RDWR | os.O_CREAT)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    _used.append(descriptor)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / "alone").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _start_keeper(folder: Path) -> None:
    keeper = subprocess.Popen(
        [sys.executable, "-m", "tests.postgres", str(folder)],
        cwd=Path(__file__).parent.parent,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C ends the tests; the keeper ends after them
        text=True,
    )
    assert keeper.stdout is not None
    said = keeper.stdout.readline().strip()
    if said != "ready":
        raise RuntimeError("The PostgreSQL server of the tests did not start.")
    keeper.stdout.close()
    keeper.returncode = 0  # it outlives this process on purpose: nobody waits for it


def _make_template(server: Server) -> None:
    with server.connect() as connection:
        connection.execute(f"CREATE ROLE {ROLE} LOGIN")
        make = f"CREATE DATABASE {TEMPLATE} OWNER {ROLE} TEMPLATE template0 ENCODING 'UTF8'"
        try:
            # The order of letters of a language: what leans on that of bytes must say so itself.
            connection.execute(f"{make} LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LOCALE 'C.UTF-8'")
        except psycopg.Error:  # built without
            connection.execute(f"{make} LOCALE 'C'")
    database = open_database(server.url(TEMPLATE))
    upgrade(database)
    database.close()


_numbers = count(1)
_free: list[str] = []
"""Names of databases that a test has given back: emptying one takes a fiftieth of dropping it."""


def new_database() -> str:
    """Return the address of a database with all tables and not a row in them."""
    server = shared()
    with server.connect() as connection:
        if _free:
            name = _free.pop()
            _empty(server, name)
        else:
            name = f"t{os.getpid()}_{next(_numbers)}"
            connection.execute(f"CREATE DATABASE {name} OWNER {ROLE} TEMPLATE {TEMPLATE}")
    return server.url(name)


def give_back(url: str) -> None:
    """Let another test have a database; its tables must be those of the program."""
    _free.append(name_of(url))


def name_of(url: str) -> str:
    """Return the name of the database in an address."""
    return url.rpartition("@/")[2].partition("?")[0]


def _empty(server: Server, name: str) -> None:
    with server.connect(name) as connection:
        # What a test left open would see its rows go, or hold them for ever.
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        for table in metadata.tables:
            connection.execute(f"DELETE FROM {table}")


def keep(folder: Path) -> None:
    """Run a server until nobody uses it any more; then take its folder away."""
    server = Server(folder)
    server.make()
    server.start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    descriptor = os.open(folder / "users", os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    server.stop("immediate")
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    keep(Path(sys.argv[1]))
