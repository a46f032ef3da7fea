"""Killed at every named place of an append: nothing that was acknowledged is lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults import plans
from tests.faults.history import check
from tests.faults.processes import KILLED, Answer, Writers, answers_of
from tests.faults.seeds import SEED
from tests.faults.shelf import Place, Shelf
from tests.faults.sweep import sweep
from tests.ledger.books import open_book
from traceability.errors import Refused
from traceability.ledger.append import Draft
from traceability.ledger.crash_points import APPEND_POINTS, DEEDS, POINTS, Armed

BATCHES = 7
"""One more than there are kinds of batches: each kind, and one after each."""


@pytest.fixture(scope="module")
def clean(shelf: Shelf, writers: Writers) -> str:
    """The state's hash after an undisturbed run."""
    place = shelf.fresh()
    assert writers.run(place.job(SEED, batches=BATCHES)) == 0
    assert place.check(SEED, batches=BATCHES, clean=place.state()) == []
    return place.state()


@pytest.mark.parametrize("point", APPEND_POINTS)
def test_nothing_acknowledged_is_lost(
    shelf: Shelf, writers: Writers, clean: str, point: str
) -> None:
    # Each place in another kind of batch; `make chaos` does every hit of every place.
    hit = 1 + (SEED + APPEND_POINTS.index(point)) % 6
    done = sweep(shelf, writers, point, SEED, batches=BATCHES, clean=clean, hits=(hit,))
    assert (done.kills, done.problems) == (1, [])


def test_a_place_that_is_never_passed_fails_the_run(
    shelf: Shelf, writers: Writers, clean: str
) -> None:
    done = sweep(shelf, writers, "settled", SEED, batches=BATCHES, clean=clean, hits=(1, 2))
    assert (done.kills, done.problems) == (0, ["settled was not passed 1 times."])


def test_who_comes_together_with_others_is_stored_once_too(shelf: Shelf, writers: Writers) -> None:
    callers = (1, 2, 3, 4)
    whole = shelf.fresh()
    for caller in callers:
        assert writers.run(whole.job(SEED, callers=(caller,), batches=BATCHES)) == 0
    place = shelf.fresh()
    job = place.job(SEED, callers=callers, batches=BATCHES)
    assert writers.run(replace(job, crash_at="after commit:4")) == KILLED
    assert place.check(SEED, callers=callers, batches=BATCHES) == []
    assert writers.run(job) == 0
    assert place.check(SEED, callers=callers, batches=BATCHES, clean=whole.state()) == []


@pytest.fixture(scope="module")
def written(shelf: Shelf, writers: Writers) -> tuple[Place, list[Answer]]:
    """A ledger and what its caller was answered."""
    place = shelf.fresh()
    assert writers.run(place.job(SEED, batches=2)) == 0
    return place, answers_of(place.acks)


def forgotten(answers: list[Answer]) -> list[Answer]:
    return [*answers, Answer(1, "urn:uuid:never", "accepted", 99)]


def elsewhere(answers: list[Answer]) -> list[Answer]:
    return [*answers[:-1], Answer(1, answers[-1].id, "accepted", 1)]


def twice(answers: list[Answer]) -> list[Answer]:
    return [*answers, answers[0]]


@pytest.mark.parametrize("lie", [forgotten, elsewhere, twice])
def test_the_checker_sees_what_was_not_kept(
    written: tuple[Place, list[Answer]], lie: Callable[[list[Answer]], list[Answer]]
) -> None:
    place, answers = written
    ledger = place.open()
    assert check(ledger, answers, seed=SEED, batches=2) == []
    assert len(check(ledger, lie(answers), seed=SEED, batches=2)) == 1
    ledger.database.close()


def test_the_checker_sees_what_is_missing(written: tuple[Place, list[Answer]]) -> None:
    place, answers = written
    ledger = place.open()
    found = check(ledger, answers, seed=SEED, batches=3, clean="0" * 64)
    assert len(found) == 2
    assert "are missing" in found[0]
    ledger.database.close()


def test_every_kind_of_batch_comes_in_the_plan() -> None:
    said = [one for batch in plans.plan(SEED, 1, BATCHES) for one in batch]
    assert {one.kind for one in said} == {"event", "declaration", "master", "gap"}
    assert any(one.private for one in said)
    assert any(one.document for one in said)
    assert len(plans.clashing(SEED, 1, BATCHES)) == 1


@pytest.mark.parametrize(
    ("words", "read"),
    [
        ("queued", ("queued", 1, "kill")),
        ("head locked:7", ("head locked", 7, "kill")),
        ("tiles written:2:stop", ("tiles written", 2, "stop")),
    ],
)
def test_a_place_is_named_with_its_hit(words: str, read: tuple[str, int, str]) -> None:
    assert Armed.parse(words) == Armed(*read)


@pytest.mark.parametrize("words", ["nowhere:1", "queued:often", "queued:1:sing", ":1"])
def test_an_unknown_place_is_refused(words: str) -> None:
    with pytest.raises(Refused, match="Cannot crash at"):
        Armed.parse(words)


def test_a_personal_value_that_comes_again_is_no_conflict(tmp_path: Path) -> None:
    ledger = open_book(tmp_path / "book.sqlite")
    said = Draft("master", "m:1", {"type": "person", "id": "//x/obj/1"}, private={"name": "Rina"})
    other = replace(said, private={"name": "Mina"})
    answers = [ledger.append([said, said]), ledger.append([said]), ledger.append([other])]
    ledger.database.close()
    statuses = [one.status for outcomes in answers for one in outcomes]
    assert statuses == ["accepted", "duplicate", "duplicate", "conflict"]


def test_places_have_names_of_their_own() -> None:
    assert len(set(POINTS)) == len(POINTS)
    assert not set(DEEDS) & set(POINTS)
