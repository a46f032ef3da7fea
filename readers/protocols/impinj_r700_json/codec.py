"""Events of an Impinj R700's data stream: JSON objects on lines that end in CR LF."""

from __future__ import annotations

import binascii
import json
import re
from base64 import b64encode, urlsafe_b64decode
from typing import Any

from readers.codec import Codec
from readers.json_stream import SIZE_MAX, hex_of, number_of
from readers.reads import Item, Noise, Reply, TagRead

PATH = "/api/v1/data/stream"
KEEP_ALIVE, HTTP, EVENT = 0, 1, 2
_HTTP = re.compile(rb"HTTP/1\.[01] \d{3}\b|[A-Za-z][A-Za-z0-9-]{0,40}: ?[\x20-\x7e]*\r?\n$")
_SHOWN = {
    "frequency": "frequency_khz", "transmitPowerCdbm": "transmit_power_cdbm",
    "antennaName": "antenna_name", "lastSeenTime": "last_seen_time",
    "tagAccessResponses": "results",
}  # fmt: skip
_READ_BY_SLOT = frozenset(
    {"epc", "epcHex", "pc", "antennaPort", "peakRssiCdbm", "tid", "tidHex", *_SHOWN}
)


def request(host: str, *, user: str = "", password: str = "", path: str = PATH) -> bytes:
    """Return the request for the stream, as HTTP 1.0: its answer is never cut into chunks."""
    lines = [f"GET {path} HTTP/1.0", f"Host: {host}", "Accept: application/json"]
    if user:
        secret = b64encode(f"{user}:{password}".encode()).decode()
        lines.append(f"Authorization: Basic {secret}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def bytes_of(text: object) -> bytes | None:
    """Return the bytes of base64 or base64url text, padded or not; None if it is neither.

    >>> bytes_of("4oARkaUDAGXybMv_").hex(), bytes_of("ikUCJA==").hex()
    ('e2801191a5030065f26ccbff', '8a450224')
    """
    if not isinstance(text, str) or not text.isascii():
        return None
    plain = text.rstrip("=").replace("+", "-").replace("/", "_")
    if re.fullmatch(r"[A-Za-z0-9_-]*", plain) is None:
        return None
    try:
        return urlsafe_b64decode(plain + "=" * (-len(plain) % 4))
    except binascii.Error:
        return None


class ImpinjR700Codec(Codec):
    """Hears the stream; asks for it where it is to be asked for."""

    def __init__(self, *, ask: bytes = b"") -> None:
        """Set up; `ask` is what begins the stream, see `request`."""
        self._ask = ask
        self._rest = b""

    @property
    def has_pending(self) -> bool:
        """True if half a line waits for its rest."""
        return bool(self._rest)

    def start(self) -> bytes:
        """Ask for the stream."""
        self._rest = b""
        return self._ask

    def receive(self, data: bytes) -> list[Item]:
        """Return what the lines that are whole say."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        found = [item for line in lines for item in _line(line + b"\n")]
        if len(self._rest) > SIZE_MAX:
            found.append(Noise(self._rest, f"{len(self._rest)} bytes without an ending"))
            self._rest = b""
        return found

    def flush(self) -> list[Item]:
        """Return what the last line says although it has no ending."""
        rest, self._rest = self._rest, b""
        return _line(rest) if rest else []


def _line(line: bytes) -> list[Item]:
    text = line.strip()
    if not text:
        return [Reply(KEEP_ALIVE, "keep-alive", {}, None, line)]
    if _HTTP.match(line):
        words = text.decode("latin-1")
        status = int(words[9:12]) if words.startswith("HTTP/") else 200
        error = status if status >= 400 else None
        return [Reply(HTTP, "HTTP", {"line": words}, error, line)]
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return [Noise(line, "no JSON object")]
    # A webhook's body holds several events in an array.
    events = told if isinstance(told, list) else [told]
    if not events or not all(isinstance(event, dict) for event in events):
        return [Noise(line, "no JSON object")]
    items = [_event(event, line) for event in events]
    if None in items:
        return [Noise(line, "an event of a tag without its EPC")]
    return [item for item in items if item is not None]


def _event(event: dict[str, Any], line: bytes) -> Item | None:
    """Read one event; None if it is of a tag that it does not name. `Any`: JSON."""
    kind = event.get("eventType")
    tag = event.get("tagInventoryEvent")
    if not isinstance(tag, dict):
        name = kind if isinstance(kind, str) else "event"
        return Reply(EVENT, name, {"kind": name, "event": event}, None, line)
    epc = hex_of(tag["epcHex"]) if "epcHex" in tag else bytes_of(tag.get("epc"))
    if epc is None or len(epc) > 62:
        return None
    rssi, pc = number_of(tag.get("peakRssiCdbm")), bytes_of(tag.get("pc"))
    rssi = rssi if rssi is not None and abs(rssi) < 100_000 else None
    tid = hex_of(tag["tidHex"]) if "tidHex" in tag else bytes_of(tag.get("tid"))
    more: dict[str, object] = {
        name: event[name] for name in ("timestamp", "hostname") if isinstance(event.get(name), str)
    }
    if tid is not None:
        more["tid"] = tid.hex()
    more |= {name: tag[key] for key, name in _SHOWN.items() if key in tag}
    more |= {key: value for key, value in tag.items() if key not in _READ_BY_SLOT}
    return TagRead(
        epc, number_of(tag.get("antennaPort")), None if rssi is None else rssi / 100, rssi,
        int.from_bytes(pc, "big") if pc is not None and len(pc) == 2 else None,
        None, None, None, None, None, line, tuple(more.items()),
    )  # fmt: skip
