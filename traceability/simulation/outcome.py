"""What became of a run, as one JSON line: counted by others than those who did the work."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from sqlalchemy import text

from traceability import tether
from traceability.database import open_database
from traceability.flow import Flow
from traceability.ledger.append import Ledger
from traceability.projections.state import read_state
from traceability.simulation.control import Json
from traceability.simulation.demo import Demo
from traceability.station.settings import load_settings
from traceability.station.status import status_tree

__all__ = ["count_outcome", "wait_for_delivery"]

_POLL_S: Final = 0.1


def wait_for_delivery(demo: Demo, timeout_s: float) -> bool:
    """Wait until no station has anything left to deliver; say whether that came about."""
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        if _waiting(demo) == 0:
            return True
        time.sleep(_POLL_S)
    return False


def _waiting(demo: Demo) -> int:
    total = 0
    for path in demo.files:
        waiting = status_tree(load_settings(path), path.parent)["waiting"]
        assert isinstance(waiting, int)
        total += waiting
    return total


def count_outcome(demo: Demo, seconds: float) -> Json:
    """Count everything; the stations must have stopped, the server need not run.

    Args:
        demo: The run.
        seconds: How long it took.
    """
    noise = sum(
        int(reader["noise"])
        for state in demo.screens.states().values()
        for reader in state.get("readers", ())
    )
    wire = _wire_check(demo)
    verified = _verify(demo)
    statuses = [status_tree(load_settings(path), path.parent) for path in demo.files]
    tree: Json = {
        **_ledger(demo),
        **_sent(demo.wire_log),
        "noise_frames": noise,
        "lost": wire["lost"],
        "in_gap": wire["in_gap"],
        "foreign": wire["foreign"],
        "visits": wire["visits"],
        "swallowed": demo.wishes.swallow,
        "root": verified.get("root"),
        "verified": verified.get("ok") is True,
        "waiting": sum(int(str(status["waiting"])) for status in statuses),
        "parked": sum(int(str(status["parked"])) for status in statuses),
        "put_aside": list(demo.factory.put_aside) if demo.factory else [],
        "shown_again": demo.factory.retry_count if demo.factory else 0,
        "server_starts": demo.server.start_count if demo.server else 0,
        "seed": demo.plan.seed,
        "seconds": round(seconds, 1),
    }
    if wire["missing"]:
        tree["missing"] = wire["missing"]
    if not tree["verified"]:
        tree["finding"] = verified
    return tree


def _ledger(demo: Demo) -> Json:
    database = open_database(demo.premises.url)
    try:
        ledger = Ledger.open(database)
        with database.read() as connection:
            kinds: dict[str, int] = {
                str(kind): int(count)
                for kind, count in connection.execute(
                    text("SELECT kind, count(*) FROM entry WHERE ledger_id = :l GROUP BY kind"),
                    {"l": ledger.ledger_id},
                )
            }
            opening = connection.execute(
                text("SELECT body FROM body WHERE ledger_id = :l AND position = 0"),
                {"l": ledger.ledger_id},
            ).scalar_one()
            state = read_state(connection, ledger.ledger_id)
        flow = Flow.parse(json.loads(bytes(opening))["flow"])
        return {
            "events": kinds.get("event", 0),
            "garments": _garments(state.progress, flow),
            "gaps": kinds.get("gap", 0),
            "ledger_size": ledger.size,
            "state_hash": state.hash,
        }
    finally:
        database.close()


def _garments(progress: Mapping[tuple[str, str, int], str], flow: Flow) -> dict[str, int]:
    """Add up the pieces at each stage that counts garments."""
    counts = {stage.name: 0 for stage in flow.stages if "garment" in stage.counts}
    for (_order, _product, number), pieces in progress.items():
        name = flow.stages[number].name
        if name in counts:
            counts[name] += int(pieces)
    return counts


def _sent(wire_log: Path) -> Json:
    """Count what the emulated readers put on the wire."""
    counts = dict.fromkeys(("tag_reads", "scans"), 0)
    with wire_log.open(encoding="utf-8") as lines:
        for line in lines:
            entry = json.loads(line)
            if entry["sent"] is True:
                counts["tag_reads" if entry["kind"] == "tag" else "scans"] += 1
    return {**counts}


def _wire_check(demo: Demo) -> dict[str, Any]:  # JSON of another program
    module = "traceability.simulation.wire_check"
    return _run(demo, ["-m", module, str(demo.wire_log), demo.premises.url, "--json"])


def _verify(demo: Demo) -> dict[str, Any]:  # JSON of another program
    return _run(
        demo,
        ["-m", "app", "ledger", "verify", "--projections", "--json", "--db", demo.premises.url],
    )


def _run(demo: Demo, arguments: list[str]) -> dict[str, Any]:
    """Run one of our programs and read the last JSON line it prints, whatever its exit status."""
    assert demo.server is not None
    environment = dict(demo.server.environment)
    # It is waited for, and has nobody to be told of at its standard input.
    environment.pop(tether.SETTING, None)
    done = subprocess.run(
        [sys.executable, "-P", *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.strip().splitlines()
    try:
        tree = json.loads(lines[-1])
    except (IndexError, ValueError):
        return {"ok": False, "detail": done.stderr.strip()[-500:], "lost": -1, "in_gap": 0} | {
            "foreign": 0,
            "visits": 0,
            "missing": [],
        }
    assert isinstance(tree, dict)
    return tree
