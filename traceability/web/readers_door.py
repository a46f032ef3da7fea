"""The readers of this PC for programs: the same acts as the page's, as JSON.

Only the owner's key opens these doors, and none of them records what is only looked at.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, abort, jsonify, request

from readers.reads import ReaderError
from traceability.errors import InvalidEvent
from traceability.floor_values import Finding, FloorRefused
from traceability.web import access, floor_door
from traceability.web.floor_door import LONGEST_WAIT_S, READ_S, Floor
from traceability.web.readers import place_reader, remove_reader

blueprint = Blueprint("readers_door", __name__)

SECONDS_MAX = 60.0


def _floor() -> Floor:
    if access.role() != "admin":
        abort(401)
    found = floor_door.floor()
    if found is None:
        raise FloorRefused("gone", "This server has no readers of its own: hangtag start has them.")
    return found


def _asked() -> dict[str, Any]:
    """Return the JSON object of a request."""
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise InvalidEvent(f"Cannot read this: expected a JSON object, got {type(body).__name__}.")
    return body


def _text(body: dict[str, Any], member: str, *, is_needed: bool = True) -> str:
    value = body.get(member)
    if value is None and not is_needed:
        return ""
    if not isinstance(value, str) or not value.strip():
        raise InvalidEvent(f"Cannot use {member} {value!r}: expected a text.")
    return value.strip()


def _number(body: dict[str, Any], member: str, most: float) -> float | None:
    value = body.get(member)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= most:
        raise InvalidEvent(f"Cannot use {member} {value!r}: expected a number up to {most:g}.")
    return float(value)


@blueprint.get("/api/readers")
def every() -> Response:
    """Give ports with remedies, what was found out and read on them, and readers at work."""
    floor = _floor()
    return jsonify(
        {
            "ports": [
                {
                    **asdict(port),
                    "finding": _finding(floor.finding(port.url)),
                    "reading": asdict(reading) if (reading := floor.reading(port.url)) else None,
                }
                for port in floor.ports()
            ],
            "readers": [asdict(reader) for reader in floor.stations()],
            "problems": floor.problems,
        }
    )


def _finding(finding: Finding | None) -> dict[str, Any] | None:
    return asdict(finding) if finding is not None else None


@blueprint.post("/api/readers/find-out")
def find_out() -> Response:
    """Find out what speaks on a port: {"port", "wait": true}."""
    floor, body = _floor(), _asked()
    url = floor.add_port(_text(body, "port"))
    finding = floor.find_out(url, wait_s=0.0 if body.get("wait") is False else LONGEST_WAIT_S)
    return jsonify(_finding(finding))


@blueprint.post("/api/readers/read-now")
def read_now() -> Response:
    """Read without recording: {"port", "seconds": 10, "protocol", "baud", "wait": true}."""
    floor, body = _floor(), _asked()
    seconds = _number(body, "seconds", SECONDS_MAX) or READ_S
    baud = _number(body, "baud", 4_000_000)
    try:
        reading = floor.read_now(
            floor.add_port(_text(body, "port")),
            _text(body, "protocol", is_needed=False) or None,
            int(baud) if baud else None,
            seconds=seconds,
            wait_s=0.0 if body.get("wait") is False else seconds + 2,
        )
    except ReaderError as error:
        raise InvalidEvent(str(error)) from error
    return jsonify(asdict(reading))


@blueprint.post("/api/readers/beep")
def beep() -> Response:
    """Let a reader be heard or seen: {"port"}."""
    floor, body = _floor(), _asked()
    url = floor.add_port(_text(body, "port"))
    floor.beep(url)
    return jsonify({"port": url, "is_heard": True})


@blueprint.post("/api/readers/place")
def place() -> Response:
    """Place a reader: {"port", "stage", "title", "beside", "protocol", "baud"}."""
    floor, body = _floor(), _asked()
    baud = _number(body, "baud", 4_000_000)
    try:
        placed = place_reader(
            floor,
            floor.add_port(_text(body, "port")),
            _text(body, "stage"),
            _text(body, "title", is_needed=False),
            _text(body, "beside", is_needed=False),
            protocol=_text(body, "protocol", is_needed=False) or None,
            baud=int(baud) if baud else None,
        )
    except ReaderError as error:
        raise InvalidEvent(str(error)) from error
    return jsonify(asdict(placed))


@blueprint.post("/api/readers/take-away")
def take_away() -> Response:
    """Take a reader away: {"reader"}, the name that /api/readers gives it."""
    floor, body = _floor(), _asked()
    remove_reader(floor, _text(body, "reader"))
    return jsonify({"reader": body["reader"], "is_placed": False})
