"""Count what was lost between the wire and the ledger, from both ends and from neither's word.

The emulated readers write down what they put on the wire; the ledger holds what arrived. This
program compares the two. It shares no code with what lies between (sessions, passes, spool,
delivery, append, fold): it reads the log as text and the bodies as stored bytes. Only what a code
*means* is asked of `traceability.gs1`.

A *visit* is one thing at one station: everything that is put on the wire about it with less in
between than a gate (`AT_A_GATE_S`) or a table (`AT_A_TABLE_S`) takes for one coming. A visit is

    found      an event of that station, not before the visit and before the thing's next one,
               names the thing
    in a gap   not found, and the ledger says that this reader could not be heard at the time
    foreign    not found, and the product is nobody's in this ledger: noted, not owed
    lost       neither of these

    python -m traceability.simulation.wire_check WIRE_LOG DB [--ledger NAME] [--json]

Exit 0 if nothing is lost, 1 if something is, 2 if a file cannot be read.
"""

from __future__ import annotations

import argparse
import bisect
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from traceability import gs1
from traceability.errors import InvalidIdentifier, TraceabilityError
from traceability.simulation import floor

__all__ = ["Finding", "Report", "Sighting", "compare", "main", "read_log", "station_of"]

AT_A_GATE_S: Final = 61.0
"""What passes a gate again sooner has not been away: gates merge what comes back in a minute."""
AT_A_TABLE_S: Final = 43_201.0
"""The same at a table, where a thing lies near the antenna for half a day and is sewn once."""
_EARLY: Final = timedelta(seconds=1)
"""An event may carry a time this much before the wire log's: two programs, two roundings."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_READER_SEPARATOR: Final = "."
"""In the demo a reader is called `station.reader`: `dock.gate`."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One thing put on the wire once."""

    at: datetime
    """UTC, when its last byte was handed to the port."""
    reader: str
    names: frozenset[str]
    """Keys the thing may have in the ledger: a bare text may name a thing or a class."""
    said: str
    """Hex of the tag, or line of the scanner, for people."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One visit and what the ledger knows of it."""

    station: str
    reader: str
    said: str
    at: datetime
    result: str
    """`found`, `gap`, `foreign` or `lost`."""


@dataclass(frozen=True, slots=True)
class Report:
    """All visits of a run."""

    findings: tuple[Finding, ...]

    def count(self, result: str) -> int:
        """Count the visits with one result."""
        return sum(finding.result == result for finding in self.findings)

    def tree(self) -> dict[str, object]:
        """Return the JSON form; what is lost is listed, at most a hundred."""
        lost = [finding for finding in self.findings if finding.result == "lost"]
        return {
            "visits": len(self.findings),
            "found": self.count("found"),
            "in_gap": self.count("gap"),
            "foreign": self.count("foreign"),
            "lost": len(lost),
            "missing": [
                {"station": x.station, "reader": x.reader, "said": x.said, "at": x.at.isoformat()}
                for x in lost[:100]
            ],
        }


@dataclass(frozen=True, slots=True)
class _Gap:
    reader: str
    begun_at: datetime
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class _Record:
    """What the ledger says, taken from its stored bodies."""

    named: Mapping[tuple[str, str], list[datetime]]
    """(station, key) → times of the events that name it, in order."""
    gaps: tuple[_Gap, ...]
    products: frozenset[str]
    """Class keys of the products in the master data."""


def station_of(reader: str) -> str:
    """Return the station a reader stands at.

    >>> station_of("dock.gate")
    'dock'
    """
    return reader.rpartition(_READER_SEPARATOR)[0] or reader


def compare(sightings: Iterable[Sighting], record: _Record) -> Report:
    """Look for every visit in the record."""
    findings = [
        _judge(visit, next_at, record)
        for visits in _visits(sightings).values()
        for visit, next_at in _with_next(visits)
    ]
    return Report(tuple(sorted(findings, key=lambda finding: (finding.at, finding.said))))


def _visits(sightings: Iterable[Sighting]) -> dict[tuple[str, str], list[list[Sighting]]]:
    """Gather sightings of one thing at one station; begin a new visit after a pause."""
    visits: dict[tuple[str, str], list[list[Sighting]]] = defaultdict(list)
    gates = {station.name for station in floor.STATIONS if station.is_gate}
    for sighting in sorted(sightings, key=lambda sighting: sighting.at):
        station = station_of(sighting.reader)
        pause = timedelta(seconds=AT_A_GATE_S if station in gates else AT_A_TABLE_S)
        of_thing = visits[station, min(sighting.names)]
        if of_thing and sighting.at - of_thing[-1][-1].at < pause:
            of_thing[-1].append(sighting)
        else:
            of_thing.append([sighting])
    return visits


def _with_next(
    visits: list[list[Sighting]],
) -> Iterator[tuple[list[Sighting], datetime | None]]:
    for index, visit in enumerate(visits):
        later = visits[index + 1][0].at if index + 1 < len(visits) else None
        yield visit, later


def _judge(visit: list[Sighting], next_at: datetime | None, record: _Record) -> Finding:
    first = visit[0]
    station = station_of(first.reader)
    if any(_is_named(record, station, name, first.at, next_at) for name in first.names):
        result = "found"
    elif all(_is_in_gap(record, sighting) for sighting in visit):
        result = "gap"
    elif _is_foreign(record, first.names):
        result = "foreign"
    else:
        result = "lost"
    return Finding(station, first.reader, first.said, first.at, result)


def _is_named(
    record: _Record, station: str, name: str, since: datetime, before: datetime | None
) -> bool:
    times = record.named.get((station, name), [])
    index = bisect.bisect_left(times, since - _EARLY)
    return index < len(times) and (before is None or times[index] < before - _EARLY)


def _is_in_gap(record: _Record, sighting: Sighting) -> bool:
    return any(
        gap.reader == sighting.reader
        and gap.begun_at - _EARLY <= sighting.at <= gap.ended_at + _EARLY
        for gap in record.gaps
    )


def _is_foreign(record: _Record, names: Iterable[str]) -> bool:
    products = {gs1.product_of(name) for name in names}
    return None not in products and not products & record.products


def read_log(path: Path) -> list[Sighting]:
    """Read what the emulated readers put on the wire.

    Args:
        path: JSON lines with `t` (µs since 1970, UTC), `reader` and `kind`: `tag` with its
            `epc`, `scan` with its `frame` (the whole line as it left the scanner), both in hex,
            or, of a keyboard, with its `text`; other kinds are passed over.

    Raises:
        TraceabilityError: If a line cannot be read; the sentence names it.
    """
    sightings = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        try:
            entry = json.loads(line)
            sighting = _sighting(entry)
        except (ValueError, KeyError, TypeError) as error:
            raise TraceabilityError(
                f"Cannot read line {number} of {path.name}: expected JSON with a time, a reader "
                f"and a tag or text, got {line[:80]!r}."
            ) from error
        if sighting is not None:
            sightings.append(sighting)
    return sightings


def _sighting(entry: Mapping[str, Any]) -> Sighting | None:  # JSON of another program
    if entry["kind"] not in {"tag", "scan"}:
        return None
    at = _EPOCH + timedelta(microseconds=int(entry["t"]))
    if entry["kind"] == "tag":
        epc = bytes.fromhex(entry["epc"])
        return Sighting(at, entry["reader"], _names_of_tag(epc), epc.hex())
    if entry.get("protocol") == "keyboard_lines":
        line = str(entry["text"])  # Keys are no letters: what they write stands beside them.
    else:
        line = bytes.fromhex(entry["frame"]).decode("utf-8").rstrip("\r\n\t")
    return Sighting(at, entry["reader"], _names_of_scan(line), line)


def _time(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"{text!r} has no offset.")
    return at.astimezone(UTC)


def _names_of_tag(epc: bytes) -> frozenset[str]:
    identity = gs1.identify_epc(epc)
    assert identity.key is not None
    return frozenset({identity.key})


def _names_of_scan(line: str) -> frozenset[str]:
    try:
        identity = gs1.identify(line, form="scan")
    except InvalidIdentifier:
        return frozenset({line})
    if identity.kind != "local" or identity.key is None:
        return frozenset({identity.key or line})
    text = identity.key.rpartition("/")[2]
    # A ticket's bare text does not say whether it names a thing or a class, nor whose namespace
    # it lives in: only the text is compared.
    return frozenset({_local("obj", text), _local("class", text)})


def _local(sort: str, text: str) -> str:
    return f"//*/{sort}/{text}"


def read_record(database: str, ledger: str = "main") -> _Record:
    """Read the bodies of a ledger.

    Args:
        database: SQLAlchemy URL, or the path of a SQLite file.
        ledger: Its name.

    Raises:
        TraceabilityError: If there is no such ledger.
    """
    from sqlalchemy import text

    from traceability.database import open_database

    if "://" not in database:
        if not Path(database).is_file():
            raise TraceabilityError(f"There is no database {database}.")
        database = f"sqlite:///{database}"
    opened = open_database(database, create=False)
    # Plain SQL on purpose: the tables as they lie in the file, not as our own code sees them.
    query = text(
        "SELECT e.kind, e.entry, b.body FROM entry e JOIN body b"
        " ON b.ledger_id = e.ledger_id AND b.position = e.position"
        " WHERE e.ledger_id = (SELECT ledger_id FROM ledger WHERE name = :name)"
        " ORDER BY e.position"
    )
    try:
        with opened.read() as connection:
            rows = [tuple(row) for row in connection.execute(query, {"name": ledger})]
    finally:
        opened.close()
    if not rows:
        raise TraceabilityError(f"There is no ledger {ledger!r} in {database}.")
    return _record(
        (str(kind), json.loads(bytes(entry)), json.loads(bytes(body))) for kind, entry, body in rows
    )


def _record(rows: Iterable[tuple[str, dict[str, Any], dict[str, Any]]]) -> _Record:
    named: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    gaps: list[_Gap] = []
    products: set[str] = set()
    for kind, entry, body in rows:
        if kind == "event":
            station = entry["run"][0] if entry.get("run") else ""
            at = _time(body["eventTime"])
            for key in _keys(body):
                named[station, key].append(at)
        elif kind == "gap":
            gaps.append(_Gap(body["reader"], _time(body["from"]), _time(body["to"])))
        elif body.get("type") == "product":
            products.add(body["id"])
    for times in named.values():
        times.sort()
    return _Record(named, tuple(gaps), frozenset(products))


_LISTS: Final = ("epcList", "childEPCs", "inputEPCList", "outputEPCList")
_QUANTITIES: Final = (
    "quantityList",
    "childQuantityList",
    "inputQuantityList",
    "outputQuantityList",
)


def _keys(event: Mapping[str, Any]) -> set[str]:  # JSON
    """Name everything an event speaks of."""
    uris = {uri for name in _LISTS for uri in event.get(name, ())}
    uris |= {element["epcClass"] for name in _QUANTITIES for element in event.get(name, ())}
    if "parentID" in event:
        uris.add(event["parentID"])
    return {_without_namespace(gs1.key_of(uri)) for uri in uris}


def _without_namespace(key: str) -> str:
    """Spell a local key without its namespace: `//*/class/B-17`."""
    if not key.startswith("//"):
        return key
    _, sort, name = key[2:].split("/", 2)
    return _local(sort, name)


def main(arguments: list[str] | None = None) -> int:
    """Run the check; return the exit status."""
    parser = argparse.ArgumentParser(prog="wire_check", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("wire_log", type=Path)
    parser.add_argument("database", help="SQLAlchemy URL, or path of a SQLite file")
    parser.add_argument("--ledger", default="main")
    parser.add_argument("--json", action="store_true", dest="as_json")
    wish = parser.parse_args(arguments)
    try:
        report = compare(read_log(wish.wire_log), read_record(wish.database, wish.ledger))
    except (OSError, TraceabilityError) as error:
        print(error, file=sys.stderr)
        return 2
    tree = report.tree()
    if wish.as_json:
        print(json.dumps(tree, ensure_ascii=False))
    else:
        print(", ".join(f"{value} {name}" for name, value in tree.items() if name != "missing"))
        for finding in report.findings:
            if finding.result != "found":
                print(f"{finding.result}: {finding.said} at {finding.reader}, {finding.at}")
    return 1 if report.count("lost") else 0


if __name__ == "__main__":
    sys.exit(main())
