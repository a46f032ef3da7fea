"""What a station is told about itself: one small file beside its readers.

>>> settings = parse_settings('''
... name = "dock"
... server = "http://127.0.0.1:8000"
... stage = "shipping"
... place = "In transit"
... [[reader]]
... name = "gate"
... protocol = "r2000_a0"
... url = "socket://127.0.0.1:4001"
... ''')
>>> settings.readers[0].protocol, settings.quiet_ms is None
('r2000_a0', True)
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from readers.control.asking import tells
from readers.control.lights import Lamps, has_outputs
from readers.reads import ReaderError
from readers.recordings.tapes import Limits
from readers.registry import protocol
from traceability.errors import InvalidIdentifier, TraceabilityError
from traceability.flow import Stage
from traceability.gs1 import key_of
from traceability.gs1.local import LocalName
from traceability.observation.passes import PassRules
from traceability.station.gate_settings import GateSettings, InvalidGate, parse_gate

READERS_MAX = 16
SPOOL_MB = 2_000
"""What a spool may hold if its station's file does not say: about two million events."""
MB = 1_000_000
WALK_QUIET_MS = 600
"""A gate that follows a whole walk hears its ends from afar, with longer silences."""
WALK_STILL_MS = 6_000
"""Whoever walks slowly through three metres each way is still on the way after so long."""
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


class InvalidSettings(TraceabilityError):
    """A station's file is wrong; the sentence says what to write."""


@dataclass(frozen=True, slots=True)
class ReaderSettings:
    """One reader of the station."""

    name: str
    protocol: str
    url: str
    baud: int | None = None
    role: str = ""
    """What people call its job: `gate`, `table`, `hand`. Only shown."""
    port_id: str = ""
    """By what its plug is known when it is put in again under another name; see `readers.ports`."""
    lights: str = ""
    """Which lamp hangs at which output, such as `green=1 red=2`; empty: none."""
    inputs_every_ms: int | None = None
    """How often it is asked for its inputs; None: never, it may tell of them by itself."""


@dataclass(frozen=True, slots=True)
class StationSettings:
    """The whole file."""

    name: str
    server: str
    stage: str
    """Name of a stage of the flow that the server has."""
    readers: tuple[ReaderSettings, ...]
    title: str = ""
    place: str | None = None
    """Where things are after this stage: a key, a URI, or a name of one's own."""
    read_point: str | None = None
    """The spot itself, in the same forms."""
    zone: str = "UTC"
    language: str = "en"
    token: str | None = None
    spool: str = ""
    """Path of the spool file, from the settings file; empty = beside it, by the station's name."""
    spool_mb: int = SPOOL_MB
    """What the spool may hold, in MB."""
    recordings: str | None = None
    """Folder for the tapes of the wires; None keeps none."""
    recordings_mb: int = Limits().in_all // MB
    """What all tapes of the folder may take, in megabytes."""
    recordings_reader_mb: int = Limits().per_reader // MB
    """What the tape of one reader may take, in megabytes."""
    quiet_ms: int | None = None
    scan_quiet_ms: int | None = None
    still_ms: int | None = None
    merge_s: int | None = None
    min_reads: int | None = None
    gate: GateSettings = field(default_factory=GateSettings)
    """What looks inside and outside, and which photo-eyes there are."""

    @property
    def limits(self) -> Limits:
        """How much is recorded."""
        return Limits(self.recordings_mb * MB, self.recordings_reader_mb * MB)

    def pass_rules(self, stage: Stage) -> PassRules:
        """Return how this station tells passes apart.

        At a gate a carton comes again within a minute, and a table lies close to its antenna: what
        was sewn here this morning is not sewn again in the afternoon.
        """
        is_gate = any(work.carries for work in stage.works)
        usual = PassRules() if is_gate else PassRules(quiet_ms=50, merge_s=43_200)
        if is_gate and self.gate.tells_way:
            usual = replace(usual, quiet_ms=WALK_QUIET_MS, still_ms=WALK_STILL_MS)
        return PassRules(
            quiet_ms=usual.quiet_ms if self.quiet_ms is None else self.quiet_ms,
            scan_quiet_ms=(
                usual.scan_quiet_ms if self.scan_quiet_ms is None else self.scan_quiet_ms
            ),
            still_ms=usual.still_ms if self.still_ms is None else self.still_ms,
            merge_s=usual.merge_s if self.merge_s is None else self.merge_s,
            min_reads=usual.min_reads if self.min_reads is None else self.min_reads,
        )


def load_settings(path: Path) -> StationSettings:
    """Read a station's file.

    Raises:
        InvalidSettings: If it cannot be read or says something that cannot be.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidSettings(f"Cannot read {path}: {error}.") from error
    return parse_settings(text)


def parse_settings(text: str) -> StationSettings:
    """Read the text of a station's file.

    Raises:
        InvalidSettings: With one sentence about the first mistake.
    """
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidSettings(f"The station's file is not readable as TOML: {error}.") from error
    readers = tree.pop("reader", [])
    if not isinstance(readers, list) or not readers:
        raise InvalidSettings("The station has no reader: write at least one [[reader]].")
    if len(readers) > READERS_MAX:
        raise InvalidSettings(
            f"The station has {len(readers)} readers; expected at most {READERS_MAX}."
        )
    try:
        gate = parse_gate(tree.pop("gate", {}))
    except InvalidGate as error:
        raise InvalidSettings(str(error)) from error
    _only(tree, StationSettings, "The station")
    name = _text(tree, "name", "The station")
    assert name is not None
    if not _NAME.fullmatch(name):
        raise InvalidSettings(
            f"The station is named {name!r}: expected small letters, digits and hyphens, at most "
            "32, beginning with a letter or digit."
        )
    read = tuple(_reader(number, each) for number, each in enumerate(readers, start=1))
    if len({each.name for each in read}) != len(read):
        raise InvalidSettings("Two readers have the same name; each needs a name of its own.")
    return StationSettings(
        name=name,
        server=_text(tree, "server", "The station") or "",
        stage=_text(tree, "stage", "The station") or "",
        readers=read,
        title=_text(tree, "title", "The station", is_needed=False) or name,
        place=_text(tree, "place", "The station", is_needed=False),
        read_point=_text(tree, "read_point", "The station", is_needed=False),
        zone=_zone(_text(tree, "zone", "The station", is_needed=False) or "UTC"),
        language=_text(tree, "language", "The station", is_needed=False) or "en",
        token=_text(tree, "token", "The station", is_needed=False),
        spool=_text(tree, "spool", "The station", is_needed=False) or f"{name}.spool.sqlite",
        spool_mb=_number(tree, "spool_mb", 1, 1_000_000) or SPOOL_MB,
        recordings=_text(tree, "recordings", "The station", is_needed=False),
        recordings_mb=_number(tree, "recordings_mb", 1, 1_000_000) or Limits().in_all // MB,
        recordings_reader_mb=(
            _number(tree, "recordings_reader_mb", 1, 1_000_000) or Limits().per_reader // MB
        ),
        quiet_ms=_number(tree, "quiet_ms", 10, 60_000),
        scan_quiet_ms=_number(tree, "scan_quiet_ms", 10, 600_000),
        still_ms=_number(tree, "still_ms", 100, 600_000),
        merge_s=_number(tree, "merge_s", 0, 604_800),
        min_reads=_number(tree, "min_reads", 1, 1_000),
        gate=gate,
    )


def place_key(text: str, namespace: str) -> str:
    """Return the key of a place as people write it: a key, a URI, or a name of their own.

    Raises:
        InvalidIdentifier: If a name is longer than 80 characters or has control characters.

    >>> place_key("Cutting room", "demo.workshop.invalid")
    '//demo.workshop.invalid/loc/Cutting room'
    >>> place_key("https://id.gs1.org/414/9521141000014", "demo.workshop.invalid")
    '/414/9521141000014'
    """
    if text.startswith("/"):
        return text
    if ":" in text:
        return key_of(text)
    return LocalName(namespace, "loc", text.strip()).key


def place_of(text: str | None, namespace: str) -> str | None:
    """Return the key of a place that a station's file may leave out.

    Raises:
        InvalidSettings: If it cannot be a place.
    """
    if text is None:
        return None
    try:
        return place_key(text, namespace)
    except InvalidIdentifier as error:
        raise InvalidSettings(f"The station's place cannot be used. {error}") from error


def _reader(number: int, tree: object) -> ReaderSettings:
    who = f"Reader {number}"
    if not isinstance(tree, dict):
        raise InvalidSettings(f"{who} is {tree!r}; expected [[reader]] with its members.")
    _only(tree, ReaderSettings, who)
    name = _text(tree, "name", who) or ""
    spoken = _text(tree, "protocol", who) or ""
    try:
        protocol(spoken)
        lights = _text(tree, "lights", who, is_needed=False) or ""
        if lights:
            Lamps.parse(lights)
    except ReaderError as error:
        raise InvalidSettings(f"Reader {name!r}: {error}") from error
    every_ms = _number(tree, "inputs_every_ms", 50, 60_000)
    if lights and not has_outputs(spoken):
        raise InvalidSettings(f"Reader {name!r} speaks {spoken}, which switches no outputs.")
    if every_ms is not None and not tells(spoken, "inputs"):
        raise InvalidSettings(f"Reader {name!r} speaks {spoken}, which is not asked for inputs.")
    return ReaderSettings(
        name=name,
        protocol=spoken,
        url=_text(tree, "url", who) or "",
        baud=_number(tree, "baud", 300, 4_000_000),
        role=_text(tree, "role", who, is_needed=False) or "",
        port_id=_text(tree, "port_id", who, is_needed=False) or "",
        lights=lights,
        inputs_every_ms=every_ms,
    )


def _only(tree: dict[str, object], kind: type, who: str) -> None:
    unknown = sorted(set(tree) - set(kind.__dataclass_fields__))  # type: ignore[attr-defined]  # both are dataclasses
    if unknown:
        listed = ", ".join(repr(each) for each in unknown)
        raise InvalidSettings(f"{who} says {listed}, which no station knows; correct or delete it.")


def _text(tree: dict[str, object], member: str, who: str, *, is_needed: bool = True) -> str | None:
    value = tree.get(member)
    if value is None:
        if is_needed:
            raise InvalidSettings(f'{who} has no {member}: write {member} = "…".')
        return None
    if not isinstance(value, str) or not value.strip():
        raise InvalidSettings(f"{who}: {member} is {value!r}; expected a text in quotes.")
    return value.strip()


def _number(tree: dict[str, object], member: str, least: int, most: int) -> int | None:
    value = tree.get(member)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise InvalidSettings(
            f"{member} is {value!r}; expected a whole number from {least} to {most}."
        )
    return value


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidSettings(
            f"The station: zone is {name!r}; expected a time zone such as 'Europe/Lisbon'."
        ) from error
    return name
