"""A station's own numbers: given out without a network, never twice, wherever it is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.station.taking import PRODUCT
from tests.station.workshop import Served, open_ledger, serve, until
from traceability.commissioning.blocks import given
from traceability.errors import DatabaseBusy, Offline, Refused
from traceability.factory.backup import back_up
from traceability.factory.folder import Factory
from traceability.projections.view import look
from traceability.station.commands import station
from traceability.station.link import Link
from traceability.station.serials import (
    Refilling,
    RunDry,
    SerialFile,
    Stock,
    refilling,
    serials_path,
)

OTHER = "/01/09506000134369"
NOW = datetime(2026, 11, 19, 14, 32, 5, tzinfo=UTC)
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def file(tmp_path: Path) -> Iterator[SerialFile]:
    made = SerialFile(tmp_path / ".dock.serials", "dock", block_size=10)
    yield made
    made.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    ledger = open_ledger(tmp_path / "ledger.sqlite")
    served = serve(ledger)
    yield served
    served.stop()
    ledger.database.close()


def spans(served: Served, product: str = PRODUCT) -> list[tuple[int, int, str]]:
    with look(served.ledger) as view:
        return [(one.first, one.last, one.holder) for one in given(view, product)]


class Answers:
    """A line to a server that answers what it is told, or not at all."""

    def __init__(self, *answers: tuple[int, object] | None) -> None:
        self.answers = list(answers)
        self.asked: list[dict[str, object]] = []

    def ask(self, method: str, path: str, body: bytes) -> tuple[int, bytes, dict[str, str]]:
        assert (method, path) == ("POST", "/api/serials")
        self.asked.append(json.loads(body))
        answer = self.answers.pop(0)
        if answer is None:
            raise Offline("No answer.")
        return answer[0], json.dumps(answer[1]).encode(), {}

    def close(self) -> None:
        pass


def block(first: int, last: int, product: str = PRODUCT) -> tuple[int, object]:
    return 200, {"product": product, "first": first, "last": last}


def fill(file: SerialFile, *answers: tuple[int, object] | None) -> Answers:
    """Let a station ask, and be answered so."""
    file.expect(PRODUCT)
    line = Answers(*answers)
    file.refill(line)  # type: ignore[arg-type]  # what a line does is all that is asked of it
    return line


# --- without a server ----------------------------------------------------------------------------


def test_a_station_without_numbers_says_so_and_asks(file: SerialFile) -> None:
    with pytest.raises(RunDry) as dry:
        file.take(PRODUCT)
    assert str(dry.value) == (
        "Station 'dock' has 0 serial numbers of /01/09506000134352 left and 1 are wanted: "
        "it gets more as soon as the server answers."
    )
    assert file.standing() == [Stock(PRODUCT, 0, is_asking=True)]


def test_numbers_are_taken_in_order_each_once(file: SerialFile) -> None:
    fill(file, block(101, 110))
    assert [file.take(PRODUCT), file.take(PRODUCT, 3), file.left(PRODUCT)] == [
        [101],
        [102, 103, 104],
        6,
    ]


def test_all_or_none_are_taken(file: SerialFile) -> None:
    fill(file, block(1, 10))
    with pytest.raises(RunDry, match="left and 11 are wanted"):
        file.take(PRODUCT, 11)
    assert file.take(PRODUCT, 10) == list(range(1, 11))


def test_more_than_a_block_at_once_is_asked_for(file: SerialFile) -> None:
    fill(file, block(1, 10))
    with pytest.raises(RunDry):
        file.take(PRODUCT, 25)
    line = fill(file, block(11, 35))
    assert line.asked[0]["count"] == 25
    assert file.take(PRODUCT, 25) == list(range(1, 26)), "old numbers first, across two blocks"


@pytest.mark.parametrize("count", [0, -1, 10_001])
def test_none_or_too_many_are_refused(file: SerialFile, count: int) -> None:
    with pytest.raises(Refused, match=f"Cannot take {count} serial numbers: expected 1 to 10000"):
        file.take(PRODUCT, count)


def test_the_next_block_is_asked_for_before_the_last_number_is_gone(file: SerialFile) -> None:
    fill(file, block(1, 10))
    file.take(PRODUCT, 4)
    assert not file.standing()[0].is_asking
    file.take(PRODUCT, 1)
    assert file.standing() == [Stock(PRODUCT, 5, is_asking=True)]


def test_what_was_taken_is_gone_after_opening_again(tmp_path: Path) -> None:
    path = tmp_path / ".dock.serials"
    with closing(SerialFile(path, "dock", block_size=10)) as file:
        fill(file, block(1, 10))
        file.take(PRODUCT, 4)
    with closing(SerialFile(path, "dock", block_size=10)) as again:
        assert again.take(PRODUCT) == [5]


def test_a_file_of_another_station_is_refused(tmp_path: Path, file: SerialFile) -> None:
    with pytest.raises(Refused, match="it belongs to 'dock'"):
        SerialFile(tmp_path / ".dock.serials", "gate")


def test_a_file_that_is_none_is_said(tmp_path: Path) -> None:
    (tmp_path / ".dock.serials").write_bytes(b"not a file of ours" * 100)
    with pytest.raises(DatabaseBusy, match="Cannot open the numbers of 'dock'"):
        SerialFile(tmp_path / ".dock.serials", "dock")


def test_a_full_disk_takes_nothing_out(file: SerialFile) -> None:
    fill(file, block(1, 10))
    file._db.execute("PRAGMA query_only = ON")
    with pytest.raises(DatabaseBusy, match="cannot be written"):
        file.take(PRODUCT)
    file._db.execute("PRAGMA query_only = OFF")
    assert file.take(PRODUCT) == [1]


def test_threads_never_get_the_same(file: SerialFile) -> None:
    fill(file, block(1, 10))
    file.take(PRODUCT, 5)
    with pytest.raises(RunDry):
        file.take(PRODUCT, 500)
    line = fill(file, block(11, 20))
    assert line.asked[0]["count"] == 10, "a wish that is on its way keeps its size"
    with ThreadPoolExecutor(8) as pool:
        taken = [
            number for one in pool.map(lambda _: file.take(PRODUCT), range(15)) for number in one
        ]
    assert sorted(taken) == list(range(6, 21))


def test_a_station_killed_at_any_moment_gives_no_number_twice(tmp_path: Path) -> None:
    path = tmp_path / ".dock.serials"
    with closing(SerialFile(path, "dock", block_size=5_000)) as file:
        fill(file, block(1, 5_000))
    said: list[int] = []
    for killed_after in (1, 7, 30, 60, 3):
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.station.taking", str(path)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        said += [int(process.stdout.readline()) for _ in range(killed_after)]
        os.kill(process.pid, signal.SIGKILL)
        # What it had printed already was taken as well.
        said += [int(line) for line in process.stdout.read().splitlines()]
        process.stdout.close()
        process.wait()
    with closing(SerialFile(path, "dock", block_size=5_000)) as file:
        said += file.take(PRODUCT)
    assert len(set(said)) == len(said) > 100
    assert said == sorted(said)
    assert said[-1] - len(said) <= 5, "of each life one number is lost at most"


# --- asking --------------------------------------------------------------------------------------


def test_an_answer_that_got_lost_is_asked_for_by_the_same_name(file: SerialFile) -> None:
    file.expect(PRODUCT)
    line = Answers(None, (503, {}), block(1, 10))
    for _ in range(2):
        with pytest.raises(Offline):
            file.refill(line)  # type: ignore[arg-type]  # as above
    assert file.refill(line) == 10  # type: ignore[arg-type]  # as above
    assert len({str(one["request"]) for one in line.asked}) == 1
    assert line.asked[0]["holder"] == "dock"


def test_a_refusal_is_shown_and_asked_again(file: SerialFile) -> None:
    line = fill(file, (400, {"detail": "Nobody has entered this product here."}))
    assert file.standing() == [
        Stock(PRODUCT, 0, is_asking=True, problem="Nobody has entered this product here.")
    ]
    again = fill(file, block(1, 10))
    assert file.standing() == [Stock(PRODUCT, 10)]
    assert line.asked[0]["request"] != again.asked[0]["request"]


@pytest.mark.parametrize(
    "answer",
    [
        (200, {"product": OTHER, "first": 1, "last": 10}),
        (200, {"product": PRODUCT, "first": 1, "last": 9}),
        (200, {"product": PRODUCT, "first": 0, "last": 9}),
        (200, {"product": PRODUCT, "first": "1", "last": 10}),
        (200, []),
    ],
)
def test_an_answer_for_something_else_is_not_used(
    file: SerialFile, answer: tuple[int, object]
) -> None:
    with pytest.raises(Offline, match="is not for 10 numbers of /01/09506000134352"):
        fill(file, answer)
    assert file.left(PRODUCT) == 0


def test_numbers_that_come_a_second_time_are_not_used(file: SerialFile) -> None:
    """A server that was put back by hand may give out again what it gave before."""
    fill(file, block(1, 10))
    file.take(PRODUCT, 6)
    fill(file, block(5, 14))
    assert file.standing() == [
        Stock(
            PRODUCT,
            4,
            is_asking=True,
            problem="The server gave out 5 to 14 once more: begin a new range of numbers there.",
        )
    ]
    fill(file, block(15, 24))
    assert file.take(PRODUCT, 5) == [7, 8, 9, 10, 15]


# --- with a server -------------------------------------------------------------------------------


def test_two_stations_that_are_offline_share_no_number(server: Served, tmp_path: Path) -> None:
    files = [SerialFile(tmp_path / f".{name}.serials", name, block_size=20) for name in ("a", "b")]
    for file in files:
        file.expect(PRODUCT)
        link = Link(server.url)
        assert file.refill(link) == 20
        link.close()
    server.stop()
    taken = [file.take(PRODUCT, 20) for file in files]
    assert taken == [list(range(1, 21)), list(range(21, 41))]
    for file in files:
        with pytest.raises(RunDry):
            file.take(PRODUCT)
        with pytest.raises(Offline):
            file.refill(Link(server.url, timeout_s=1))
        file.close()
    assert spans(server) == [(1, 20, "a"), (21, 40, "b")]


def test_a_station_at_work_never_runs_dry(server: Served, file: SerialFile) -> None:
    asking = Refilling(file, Link(server.url), pause_s=(0.05, 0.2))
    asking.start()
    file.expect(PRODUCT)
    taken: list[int] = []
    for _ in range(60):
        until(lambda: file.left(PRODUCT) > 0)
        taken += file.take(PRODUCT)
    asking.stop()
    assert taken == list(range(1, 61))
    assert asking.problem == ""


def test_while_a_station_works_its_file_is_filled(server: Served, tmp_path: Path) -> None:
    path = tmp_path / ".dock.serials"
    with refilling(path, "dock", Link(server.url)):
        assert not path.exists(), "who never took a number keeps none"
    with closing(SerialFile(path, "dock")) as beside:
        with pytest.raises(RunDry):
            beside.take(PRODUCT)
        with refilling(path, "dock", Link(server.url)):
            until(lambda: beside.left(PRODUCT) == 500)


def test_a_station_goes_on_when_its_server_comes_back(tmp_path: Path, file: SerialFile) -> None:
    asking = Refilling(file, Link(NOWHERE, timeout_s=1), pause_s=(0.02, 0.05))
    asking.start()
    file.expect(PRODUCT)
    until(lambda: asking.problem)
    assert "No answer from 127.0.0.1:9 to POST /api/serials" in asking.problem
    ledger = open_ledger(tmp_path / "late.sqlite")
    served = serve(ledger)
    asking._link = Link(served.url)
    until(lambda: file.left(PRODUCT) == 10)
    until(lambda: not asking.problem)
    asking.stop()
    served.stop()
    ledger.database.close()


# --- the command, and backups --------------------------------------------------------------------

SETTINGS = """
name = "dock"
server = "{server}"
stage = "shipping"

[[reader]]
name = "dock.1"
protocol = "r200_bb7e"
url = "/dev/null"
"""


def write_settings(folder: Path, server: str) -> Path:
    path = folder / "dock.toml"
    path.write_text(SETTINGS.format(server=server), encoding="utf-8")
    return path


def run(*words: str) -> tuple[int, str]:
    answer = CliRunner().invoke(station, words)
    if answer.exception is not None and not isinstance(answer.exception, SystemExit):
        return 1, str(answer.exception)
    return answer.exit_code, answer.output


def test_a_script_takes_numbers_with_and_without_a_network(server: Served, tmp_path: Path) -> None:
    config = str(write_settings(tmp_path, server.url))
    words = ("serials", "--config", config, "--product", "9506000134352")
    assert run(*words, "--count", "3") == (0, "1\n2\n3\n")
    server.stop()
    assert run(*words, "--json") == (
        0,
        '{"product": "/01/09506000134352", "serials": [4], "left": 496}\n',
    )
    code, said = run(*words, "--count", "497", "--offline")
    assert code == 1
    assert "has 496 serial numbers of /01/09506000134352 left and 497 are wanted" in said
    assert run(*words, "--count", "300")[0] == 0, "a server that is away costs nothing"


def test_the_file_is_in_no_backup(tmp_path: Path) -> None:
    factory = Factory.make(tmp_path / "porto", name="Porto")
    path = serials_path(factory.spools / "dock.spool.sqlite", "dock")
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(SerialFile(path, "dock")) as file:
        fill(file, block(1, 500))
        made = back_up(factory, tmp_path, at=NOW)
    assert [one.path for one in made.manifest.members if "serials" in one.path] == []
