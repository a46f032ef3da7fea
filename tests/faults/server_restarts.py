"""PostgreSQL servers that crash under their writers, and a standby that takes the place of one."""

from __future__ import annotations

import itertools
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import postgres
from tests.faults.processes import Writers, answers_of
from tests.faults.shelf import Place, Shelf
from tests.postgres import SETTINGS, Server
from traceability.database import open_database
from traceability.schema import upgrade

BATCHES = 8
TRIES = 40_000
"""Of a fiftieth of a second each: longer than any server needs to come back."""
LOOK_EVERY_S = 0.02
CRASHES = 2
DATABASE = "book"
_numbers = itertools.count(1)


@contextmanager
def own_server(**settings: str) -> Iterator[Server]:
    """Start a server of this test alone, with one empty database."""
    # Not below the test's own folder: the name of a socket has at most 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="hangtag-crash-"))
    server = Server(folder / "one", {**SETTINGS, **settings})
    folder.chmod(0o755)
    try:
        server.make()
        server.start()
        with server.connect() as connection:
            connection.execute(f"CREATE ROLE {postgres.ROLE} LOGIN")
            connection.execute(
                f"CREATE DATABASE {DATABASE} OWNER {postgres.ROLE} TEMPLATE template0 "
                "ENCODING 'UTF8' LOCALE 'C.UTF-8'"
            )
        database = open_database(server.url(DATABASE))
        upgrade(database)
        database.close()
        yield server
    finally:
        server.stop("immediate")
        shutil.rmtree(folder, ignore_errors=True)


def restarted(
    server: Server, room: Path, writers: Writers, seed: int, callers: tuple[int, ...], clean: str
) -> tuple[int, list[str]]:
    """Crash a server while processes write to it, and start it again.

    Args:
        server: One of `own_server`; it runs again afterwards.
        room: A folder for what the writers are answered.
        writers: Who writes; each keeps sending until it is stored.
        seed: What the plans are drawn from.
        callers: Who writes.
        clean: The state's hash after an undisturbed run.

    Returns:
        The number of crashes, and what is wrong afterwards.
    """
    place = _shelf(room, server).fresh()
    running = _started(writers, place, seed, callers)
    for number in range(1, CRASHES + 1):
        _wait_for_answers(place, 12 * number)
        server.stop("immediate")
        server.start()
    codes = [writers.wait(pid) for pid in running]
    found = place.check(seed, callers=callers, batches=BATCHES, clean=clean)
    return CRASHES, found if not any(codes) else [f"writers ended with {codes}", *found]


def standby_promoted(
    first: Server, room: Path, writers: Writers, seed: int, callers: tuple[int, ...], clean: str
) -> tuple[int, list[str]]:
    """Lose a server whose synchronous standby then takes its place; see `restarted`."""
    with _standby(first) as second:
        _wait_for_standby(first, is_synchronous=True)
        both = f"{first.url(DATABASE)}&host={second.folder}&target_session_attrs=read-write"
        place = _shelf(room, first).fresh()
        place = Place(both, place.ledger, place.acks)
        running = _started(writers, place, seed, callers)
        _wait_for_answers(place, 20)
        first.stop("immediate")
        _promote(second)
        codes = [writers.wait(pid) for pid in running]
        place = Place(second.url(DATABASE), place.ledger, place.acks)
        found = place.check(seed, callers=callers, batches=BATCHES, clean=clean)
    return 1, found if not any(codes) else [f"writers ended with {codes}", *found]


@contextmanager
def _standby(first: Server) -> Iterator[Server]:
    """Start a standby that is fed by a server; that one runs again alone at the end."""
    second = Server(first.folder.with_name("two"), dict(first.settings))
    second.folder.mkdir(mode=0o700)
    shutil.chown(second.folder, first.folder.owner())
    copied = ("-D", str(second.data), "-h", str(first.folder), "-U", "postgres")
    second.run("pg_basebackup", *copied, "-X", "stream", "-R", "-c", "fast")
    link = f"host={first.folder} user=postgres application_name=two"
    second.settings |= {"primary_conninfo": link.replace("'", "")}
    second.write_settings()
    second.start()
    try:
        yield second
    finally:
        second.stop("immediate")
        shutil.rmtree(second.folder)
        first.write_settings()  # it waits for no standby any more
        if not (first.data / "postmaster.pid").exists():
            first.start()


def _promote(second: Server) -> None:
    second.run("pg_ctl", "-D", str(second.data), "-w", "promote")


def _shelf(room: Path, server: Server) -> Shelf:
    folder = room / f"crash-{next(_numbers)}"
    folder.mkdir()
    return Shelf(folder, server.url(DATABASE))


def _started(writers: Writers, place: Place, seed: int, callers: tuple[int, ...]) -> list[int]:
    jobs = [place.job(seed, callers=(who,), batches=BATCHES, tries=TRIES) for who in callers]
    return [writers.start(job) for job in jobs]


def _wait_for_answers(place: Place, count: int) -> None:
    deadline = time.monotonic() + 60
    while len(answers_of(place.acks)) < count and time.monotonic() < deadline:
        time.sleep(LOOK_EVERY_S)


def _wait_for_standby(server: Server, *, is_synchronous: bool) -> None:
    """Wait for a standby; synchronous: nothing is acknowledged from here on that it has not."""
    with server.connect() as connection:
        if is_synchronous:
            connection.execute("ALTER SYSTEM SET synchronous_standby_names = 'two'")
            connection.execute("SELECT pg_reload_conf()")
        state = "sync" if is_synchronous else "async"
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            (row,) = connection.execute(
                "SELECT count(*) FROM pg_stat_replication WHERE sync_state = %s", [state]
            ).fetchall()
            if row[0]:
                return
            time.sleep(0.05)
    raise AssertionError("the standby never came")
