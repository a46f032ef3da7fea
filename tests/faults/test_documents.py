"""A large document that was acknowledged is taken in whole and once, whoever pulls the plug."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from tests import postgres
from tests.faults import documents
from tests.faults.history import read_record
from tests.faults.processes import KILLED, Writers, lines_of
from tests.faults.servers import Server, is_stopped, wait_until
from tests.faults.shelf import Place, Shelf
from tests.faults.writer import Job
from traceability.capture import ELEMENTS_MAX, Document
from traceability.capture_jobs import CaptureJobs
from traceability.ledger.append import Ledger
from traceability.ledger.crash_points import JOB_POINTS, SETTING
from traceability.ledger.verify import verify

PLACES = [
    *(f"{point}:1" for point in JOB_POINTS),
    "slice appended:3",
    "progress written:4",
    "head locked:2",
    "after commit:3",
]
"""After each step of a document's way, and in the middle of a slice's own append."""
ON_SERVER = ("document kept:1", "slice appended:2", "after commit:2", "job ended:1")


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with more than one slice."""
    return documents.write(tmp_path_factory.mktemp("documents") / "large.json")


@pytest.fixture(scope="module")
def clean(shelf: Shelf, writers: Writers, document: Path) -> str:
    """The state's hash after an undisturbed run."""
    place = shelf.fresh()
    assert writers.run(order(place, document)) == 0
    assert problems(place, place.state()) == []
    return place.state()


@pytest.fixture(scope="module")
def on_server(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """Ledgers in one database of a server."""
    return Shelf(tmp_path_factory.mktemp("server"), postgres.new_database())


def order(place: Place, document: Path, crash_at: str = "", tries: int = 1) -> Job:
    return place.job(0, document=str(document), crash_at=crash_at, tries=tries)


def check(ledger: Ledger, number: int, *, clean: str | None = None) -> list[str]:
    """Return what is wrong after a document was taken in, whatever happened meanwhile."""
    captures = CaptureJobs(ledger)
    job = captures.jobs.find(number)
    if job is None:
        return [f"Document {number} was acknowledged and is not there."]
    data = captures.jobs.document(job)
    said = [
        one.id for one in Document.cut(data).read(0, job.elements, by="x", may_enter=True).drafts
    ]
    record = read_record(ledger)
    stored = [name for kind, name in record.ids if kind == "event"]
    found = []
    if stored != list(dict.fromkeys(said)):
        found.append(f"{stored} is not what was said: {said}.")
    counts = (job.state, job.taken, job.accepted, job.duplicate, job.conflict, job.refused)
    if counts != ("done", job.elements, len(stored), 1, 0, 1):
        found.append(f"The job says {counts}, and {len(stored)} events are stored.")
    if (job.first_position, job.last_position) != (_first(ledger), ledger.size - 1):
        found.append(f"The job says {job.first_position} to {job.last_position}.")
    if [one.element for one in captures.jobs.problems(number)] != [documents.BAD]:
        found.append("The bad event is not told by its place.")
    report = verify(ledger, projections=True)
    if report.finding is not None:
        found.append(f"verify: {report.finding}")
    if clean is not None and record.state != clean:
        found.append(f"The state is {record.state}, after an undisturbed run it was {clean}.")
    return found


def _first(ledger: Ledger) -> int:
    with ledger.database.read() as connection:
        position: int = connection.execute(
            text("SELECT min(position) FROM entry WHERE ledger_id = :l AND kind = 'event'"),
            {"l": ledger.ledger_id},
        ).scalar_one()
    return position


def problems(place: Place, clean: str) -> list[str]:
    ledger = place.open()
    found = check(ledger, 1, clean=clean)
    ledger.database.close()
    return found


def killed_and_resent(place: Place, writers: Writers, document: Path, point: str) -> list[int]:
    """Kill who takes a document in, and let its sender send the whole of it again."""
    job = order(place, document)
    return [writers.run(replace(job, crash_at=point)), writers.run(job)]


@pytest.mark.parametrize("point", PLACES)
def test_a_document_goes_on_where_it_was(
    shelf: Shelf, writers: Writers, document: Path, clean: str, point: str
) -> None:
    place = shelf.fresh()
    assert killed_and_resent(place, writers, document, point) == [KILLED, 0]
    assert problems(place, clean) == []
    assert {line["kept"] for line in lines_of(place.acks) if "kept" in line} == {1}


@pytest.mark.postgres
@pytest.mark.parametrize("point", ON_SERVER)
def test_a_document_goes_on_where_it_was_on_a_server(
    on_server: Shelf, writers: Writers, document: Path, clean: str, point: str
) -> None:
    place = on_server.fresh()
    assert killed_and_resent(place, writers, document, point) == [KILLED, 0]
    assert problems(place, clean) == []


@pytest.mark.postgres
def test_of_two_servers_one_takes_a_document_in_and_the_other_goes_on(
    on_server: Shelf, writers: Writers, document: Path, clean: str
) -> None:
    place = on_server.fresh()
    halted = writers.start(order(place, document, "progress written:2:stop"))
    wait_until(lambda: is_stopped(halted))
    assert writers.run(order(place, document, tries=5)) == documents.OPEN_EXIT
    assert pids_at_work(place) == {halted}
    assert writers.kill(halted) == KILLED
    assert writers.run(order(place, document, tries=2_000)) == 0
    assert problems(place, clean) == []


def pids_at_work(place: Place) -> set[int]:
    return {line["pid"] for line in lines_of(place.acks) if "pid" in line}


@pytest.mark.postgres
def test_two_servers_at_once_double_nothing(
    on_server: Shelf, writers: Writers, document: Path, clean: str
) -> None:
    place = on_server.fresh()
    both = [writers.start(order(place, document, tries=2_000)) for _ in range(2)]
    assert [writers.wait(pid) for pid in both] == [0, 0]
    assert problems(place, clean) == []
    told = [(line["taken"], line["state"]) for line in lines_of(place.acks) if "pid" in line]
    assert len(told) == len(set(told))


def test_a_server_that_is_started_again_goes_on_by_itself(tmp_path: Path) -> None:
    url, log = f"sqlite:///{tmp_path / 'book.sqlite'}", tmp_path / "log"
    trees = [documents.event(number) for number in range(ELEMENTS_MAX + 1)]
    with Server(url, log, **{SETTING: "slice appended:1"}) as server:
        answer = server.capture(trees)
        assert (answer.status, answer.headers["location"]) == (202, "/api/capture/1")
        assert server.process.wait(60) == KILLED
    with Server(url, log) as server:
        wait_until(lambda: not server.ask("/api/capture/1").tree["running"], 60)
        told = server.ask("/api/capture/1").tree
    counts = {name: told[name] for name in ("state", "taken", "accepted", "duplicate", "refused")}
    assert counts == {
        "state": "done", "taken": len(trees), "accepted": len(trees), "duplicate": 0, "refused": 0,
    }  # fmt: skip
