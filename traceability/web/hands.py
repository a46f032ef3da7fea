"""The way to the demo's factory: what there is to play with, and what a visitor wishes.

The factory runs in another process and answers on the loopback address alone; pages know it only
by its JSON.
"""

from __future__ import annotations

import http.client
import ipaddress
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from traceability.errors import Refused

TIMEOUT_S = 12.0
"""Altering a record waits for the database; everything else answers at once."""
Tree = Mapping[str, Any]
"""JSON of the factory."""


class Unwilling(Exception):
    """The factory cannot do this now; the sentence, in English, says why."""


class Gone(Exception):
    """There is no factory behind this address any more."""


@dataclass(frozen=True, slots=True)
class Device:
    """One emulated reader."""

    name: str
    station: str
    place: str
    """Name of its place, as people say it."""
    is_antenna: bool
    is_plugged: bool
    noise: int


@dataclass(frozen=True, slots=True)
class Thing:
    """One tagged garment that exists by now."""

    key: str
    name: str
    place: str


@dataclass(frozen=True, slots=True)
class Box:
    """A carton that waits at the gate."""

    key: str
    pieces: int
    has_tags: bool


@dataclass(frozen=True, slots=True)
class Said:
    """What a station's screen said to an act."""

    at: datetime | None
    state: str
    count: int
    expected: int | None
    missing: tuple[Tree, ...]
    others: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Done:
    """The last act of one kind."""

    begun_at: datetime
    facts: Tree
    said: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class Floor:
    """What there is to play with now."""

    devices: tuple[Device, ...] = ()
    gate: str = ""
    """Name of the station where cartons leave."""
    things: tuple[Thing, ...] = ()
    stranger: str = ""
    """A tag of somebody else's, in hex."""
    boxes: tuple[Box, ...] = ()
    acts: Mapping[str, Done] = field(default_factory=dict)
    altered: int | None = None
    """Position of the record that is altered now."""
    is_cut: bool = False
    story: Tree = field(default_factory=dict)
    database: str = ""

    def device(self, name: str) -> Device | None:
        """Return a reader by its name."""
        return next((one for one in self.devices if one.name == name), None)

    def place(self, station: str) -> str:
        """Return what people call a station's place."""
        return next((one.place for one in self.devices if one.station == station), station)


class Hands:
    """Asks the factory; every call is one HTTP request on this machine."""

    def __init__(self, url: str) -> None:
        """Take the address.

        Raises:
            Refused: If it is not an address of this machine: the wishes would go astray.
        """
        parts = urlsplit(url)
        if parts.scheme != "http" or not _is_here(parts.hostname) or parts.port is None:
            raise Refused(
                f"Cannot use {url!r} as the simulation's address: "
                "expected http://127.0.0.1 with a port."
            )
        self._host, self._port = str(parts.hostname), parts.port

    def floor(self) -> Floor:
        """Return what there is to play with.

        Raises:
            Gone: If nobody answers.
        """
        return read_floor(self._ask("GET", "/state"))

    def wish(self, name: str, **values: object) -> Tree:
        """Ask for something; return what was begun.

        Raises:
            Unwilling: If it cannot be done now.
            Gone: If nobody answers.
        """
        return self._ask("POST", f"/{name}", values)

    def _ask(self, method: str, path: str, body: object = None) -> Tree:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=TIMEOUT_S)
        try:
            data = None if body is None else json.dumps(body)
            connection.request(method, path, data, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            tree = json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Gone(str(error)) from error
        finally:
            connection.close()
        if not isinstance(tree, dict):
            raise Gone(f"expected a JSON object, got {type(tree).__name__}")
        if answer.status != 200:
            raise Unwilling(str(tree.get("error", answer.status)))
        return tree


def _is_here(host: str | None) -> bool:
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def read_floor(tree: Tree) -> Floor:
    """Read the factory's answer; what is missing in it is empty here."""
    stations = {one["name"]: str(one["title"]) for one in _rows(tree.get("stations"))}
    gates = [str(one["name"]) for one in _rows(tree.get("stations")) if one.get("gate")]
    return Floor(
        devices=tuple(
            Device(
                str(one["name"]),
                str(one["station"]),
                stations.get(one["station"], str(one["station"])),
                one.get("means") == "antenna",
                one.get("plugged") is not False,
                int(one.get("noise") or 0),
            )
            for one in _rows(tree.get("readers"))
        ),
        gate=gates[0] if gates else "",
        things=tuple(
            Thing(str(one["key"]), str(one["name"]), stations.get(one["station"], ""))
            for one in _rows(tree.get("things"))
        ),
        stranger=str(tree.get("stranger") or ""),
        boxes=tuple(
            Box(str(one["key"]), int(one["pieces"]), one.get("has_tags") is True)
            for one in _rows(tree.get("cartons"))
        ),
        acts={
            str(kind): _done(act)
            for kind, act in dict(tree.get("acts") or {}).items()
            if isinstance(act, Mapping)
        },
        altered=tree.get("tampered"),
        is_cut=tree.get("network") == "cut",
        story=dict(tree.get("story") or {}),
        database=str(tree.get("database") or ""),
    )


def _done(act: Tree) -> Done:
    said = (
        Said(
            read_time(one.get("at")),
            str(one.get("state") or ""),
            int(one.get("count") or 0),
            one.get("expected"),
            tuple(_rows(one.get("missing"))),
            tuple(_rows(one.get("others"))),
        )
        for one in _rows(act.get("said"))
    )
    begun_at = read_time(act.get("begun_at")) or datetime.fromtimestamp(0, UTC)
    return Done(begun_at, act, tuple(said))


def read_time(text: object) -> datetime | None:
    """Read a time of the factory; None if it is none."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def _rows(value: object) -> Iterator[Tree]:
    return (one for one in (value if isinstance(value, list) else ()) if isinstance(one, Mapping))
