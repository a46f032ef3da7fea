"""`hangtag import FILE --as events`: events out of a file, small or large, and how far they are."""

from __future__ import annotations

import http.client
import json
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from traceability.capture import Document
from traceability.capture_jobs import PROBLEMS_TOLD, CaptureJobs, as_tree
from traceability.errors import Offline, Refused
from traceability.ledger.append import Ledger
from traceability.ledger.drafts import Draft, Outcome, prepare_all

__all__ = ["bring_in", "check", "send", "sentences"]

STATUSES = ("accepted", "duplicate", "conflict", "refused")
TIMEOUT_S = 300.0
LOOK_EVERY_S = 0.5
CHECK_STEP = 1_000
Tell = Callable[[int, int], object]


def check(data: bytes) -> dict[str, Any]:
    """Read all events and say what would be refused; nothing is written."""
    document = Document.cut(data)
    wrong: list[tuple[int, Outcome]] = []
    for first in range(0, len(document), CHECK_STEP):
        read = document.read(first, first + CHECK_STEP, by="admin", may_enter=True)
        prepared = iter(prepare_all(read.drafts))
        for at, one in enumerate(read.elements, start=first):
            problem = next(prepared).problem if isinstance(one, Draft) else one.problem
            if problem is not None:
                wrong.append((at, Outcome(one.id, "refused", None, problem)))
    return _told(len(document), {"refused": len(wrong)}, wrong)


def bring_in(ledger: Ledger, data: bytes, tell: Tell) -> dict[str, Any]:
    """Take a file of events in here, and return when all of it is done.

    Args:
        ledger: Owned by this process.
        data: JSON, a list as `/api/capture` takes it.
        tell: Hears how many are done, of how many.

    Raises:
        DatabaseBusy: If it had to stop; the same file again goes on where it was.
    """
    captures = CaptureJobs(ledger)
    job = captures.keep(data, Document.cut(data), by="admin", may_enter=True)
    while job.is_open:
        if not captures.work(threading.Event(), lambda now: tell(now.taken, now.elements)):
            time.sleep(LOOK_EVERY_S)  # a server on the same database is at work
        found = captures.jobs.find(job.number)
        assert found is not None, "jobs are never deleted"
        job = found
    return as_tree(job, captures.jobs.problems(job.number, limit=PROBLEMS_TOLD))


def send(server: str, data: bytes, tell: Tell) -> dict[str, Any]:
    """Hand a file of events to the server that owns the ledger, and wait until all is done.

    Raises:
        Offline: If nobody answers; what the server has acknowledged it takes in by itself.
        Refused: If the server does not take it.
    """
    tree = _ask(server, "POST", "/api/capture", data)
    if isinstance(tree, list):
        wrong = [
            (at, Outcome(one["id"], one["status"], one["position"], one["problem"]))
            for at, one in enumerate(tree)
            if one["problem"]
        ]
        return _told(len(tree), Counter(one["status"] for one in tree), wrong)
    while tree["running"]:
        tell(tree["taken"], tree["of"])
        time.sleep(LOOK_EVERY_S)
        tree = _ask(server, "GET", tree["job"])
    return dict(tree)


def _told(
    count: int, counts: Mapping[str, int], wrong: list[tuple[int, Outcome]]
) -> dict[str, Any]:
    return {
        "of": count,
        **{status: counts.get(status, 0) for status in STATUSES},
        "problem": None,
        "problems": [
            {
                "element": at,
                "id": one.id,
                "status": one.status,
                "position": one.position,
                "problem": one.problem,
            }
            for at, one in wrong[:PROBLEMS_TOLD]
        ],
    }


def sentences(tree: Mapping[str, Any], *, dry_run: bool) -> str:
    """Say what became of a file of events, or would become."""
    lines = [f"! {tree['problem']}"] if tree["problem"] else []
    lines += [f"! event {one['element'] + 1}: {one['problem']}" for one in tree["problems"]]
    told, wrong = len(tree["problems"]), tree["refused"] + tree["conflict"]
    if wrong > told:
        lines.append(f"! and {wrong - told} more.")
    if dry_run:
        lines.append(f"{tree['of']} events, {wrong} of them wrong. Nothing was written.")
    else:
        lines.append(
            f"{tree['of']} events: {tree['accepted']} taken in, {tree['duplicate']} known before, "
            f"{tree['conflict']} contradict what is known, {tree['refused']} refused."
        )
    return "\n".join(lines)


def _ask(server: str, method: str, path: str, data: bytes | None = None) -> Any:  # JSON
    parts = urlsplit(server if "://" in server else f"http://{server}")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Refused(f"Cannot use {server!r} as an address: expected http://HOST:PORT.")
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if token := os.environ.get("HANGTAG_TOKEN", ""):
        headers["Authorization"] = f"Bearer {token}"
    make = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = make(parts.hostname, parts.port, timeout=TIMEOUT_S)
    try:
        connection.request(method, path, data, headers)
        answer = connection.getresponse()
        tree = json.loads(answer.read() or b"{}")
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Offline(
            f"Nobody answers at {server}: {error}. Send the same file again: nothing is taken in "
            "twice."
        ) from error
    finally:
        connection.close()
    if answer.status in (200, 202):
        return tree
    if answer.status == 401:
        raise Refused(f"{server} does not know us: set HANGTAG_TOKEN to its token.")
    raise Refused(str(tree.get("detail", f"{server} answered {answer.status}.")))
