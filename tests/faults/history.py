"""The checker of histories: what was acknowledged is stored, once, in order, and provably so.

It shares no code with the append: it reads entries and ids as they lie in the database, and asks
`verify` for the proofs and the state.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import text

from tests.faults.plans import BATCHES, TOO_LONG, clashing, ids
from tests.faults.processes import Answer
from traceability.ledger.append import Ledger
from traceability.ledger.verify import verify
from traceability.projections.state import state_hash

STORED = ("accepted", "duplicate")


@dataclass(frozen=True, slots=True)
class Record:
    """A ledger as it lies in its database."""

    ids: list[tuple[str, str]]
    """Kind and id of every entry, in the order of positions."""
    positions: list[int]
    times: list[int]
    state: str


def read_record(ledger: Ledger) -> Record:
    """Read a whole ledger."""
    with ledger.database.read() as connection:
        rows = connection.execute(
            text("SELECT position, entry FROM entry WHERE ledger_id = :l ORDER BY position"),
            {"l": ledger.ledger_id},
        ).all()
        state = state_hash(connection, ledger.ledger_id)
    entries = [json.loads(bytes(row.entry)) for row in rows]
    return Record(
        [(entry["kind"], entry["id"]) for entry in entries],
        [row.position for row in rows],
        [entry["record"] for entry in entries],
        state,
    )


def check(
    ledger: Ledger,
    answers: Sequence[Answer],
    *,
    seed: int,
    callers: Sequence[int] = (1,),
    batches: int = BATCHES,
    clean: str | None = None,
) -> list[str]:
    """Return what is wrong with a history; nothing if all is well.

    Args:
        ledger: The ledger, opened anew after the fault.
        answers: What callers were told before and after it.
        seed: What the callers' plans were drawn from.
        callers: Who wrote.
        batches: How much each wrote.
        clean: The state's hash after an undisturbed run; only when everything has been sent.
    """
    record = read_record(ledger)
    found = list(_dense_and_rising(record, ledger.size))
    found += _acknowledged(record, answers)
    found += _answered_alike(answers, {one for who in callers for one in clashing(seed, who)})
    found += _stored_once(record)
    for caller in callers:
        found += _in_order(record, caller, ids(seed, caller, batches), is_whole=clean is not None)
    report = verify(ledger, projections=True)
    if report.finding is not None:
        found.append(f"verify: {report.finding}")
    if clean is not None and record.state != clean:
        found.append(f"The state is {record.state}, after an undisturbed run it was {clean}.")
    return found


def _dense_and_rising(record: Record, size: int) -> Iterator[str]:
    if record.positions != list(range(size)):
        yield f"Positions are not 0 to {size - 1}: {record.positions}."
    pairs = zip(record.times, record.times[1:], strict=False)
    for position, (one, following) in enumerate(pairs, start=1):
        if following <= one:
            yield f"Record time {following} at {position} does not follow {one}."


def _acknowledged(record: Record, answers: Sequence[Answer]) -> Iterator[str]:
    for answer in answers:
        if answer.status not in STORED:
            continue
        at = answer.position
        if at is None or at >= len(record.ids) or record.ids[at][1] != answer.id:
            yield f"{answer.id} was {answer.status} at {at}, and is not there."


def _answered_alike(answers: Sequence[Answer], clashing: set[str]) -> Iterator[str]:
    # Whoever asks again hears the first answer again; a second "accepted" means that the first one
    # was forgotten and the caller's repeating hid it.
    first: dict[tuple[str, int | None], Answer] = {}
    for answer in answers:
        name = (answer.id, answer.position)
        if answer.status == "accepted" and name in first:
            yield f"{answer.id} was accepted twice, at {answer.position}."
        elif answer.status == "refused" and answer.id != TOO_LONG:
            yield f"{answer.id} was refused."
        elif answer.status == "conflict" and answer.id not in clashing:
            yield f"{answer.id} is not the same when it comes again."
        first.setdefault(name, answer)


def _stored_once(record: Record) -> Iterator[str]:
    # A declaration bears the id of the event that it takes back.
    for (kind, name), count in Counter(record.ids).items():
        if count > 1:
            yield f"{kind} {name} is stored {count} times."


def _in_order(record: Record, caller: int, said: list[str], *, is_whole: bool) -> Iterator[str]:
    places: dict[str, int] = {}
    for position, (_, name) in enumerate(record.ids):
        places.setdefault(name, position)
    stored = [name for name in said if name in places]
    # What is there is a beginning of what the caller said: nothing later without the earlier.
    if stored != said[: len(stored)]:
        yield f"Caller {caller}: {stored} is not the beginning of {said}."
    if sorted(places[name] for name in stored) != [places[name] for name in stored]:
        yield f"Caller {caller}: not in the order in which it was said: {stored}."
    if is_whole and stored != said:
        yield f"Caller {caller}: {set(said) - set(stored)} are missing."
