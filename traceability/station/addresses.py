"""Ports that no looking finds: network readers, and names that somebody typed; kept in one file."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path

from traceability.floor_values import FloorRefused

TYPED_MAX = 64
FILE = "addresses.json"
_NETWORK = re.compile(r"(?:socket://)?(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})/?")
_STREAM = re.compile(
    r"(?:https?|http-listen|mqtts?|tls|llrps)://(?:[A-Za-z0-9._-]+@)?(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)"
    r"(?::[0-9]{1,5})?(?:/[\x21-\x7e]{0,200})?"
)
"""What JSON events and TLS come by; a password in it is no such name."""
_FILES = ("secrets=", "ca=")
"""Options that name files of the station: those are for who writes its settings."""
_DEVICE = re.compile(r"/[^\x00-\x1f]{1,250}")
_WINDOWS = re.compile(r"(?i)com[1-9][0-9]{0,2}")


def port_url(text: str) -> str:
    r"""Return what a person typed as the name of a port that can be opened.

    Raises:
        FloorRefused: If it is none.

    >>> port_url(" 192.168.1.50:4001 "), port_url("com3"), port_url("/dev/ttyUSB0")
    ('socket://192.168.1.50:4001', 'COM3', '/dev/ttyUSB0')
    >>> port_url("mqtt://dock@broker.lan/events/#")
    'mqtt://dock@broker.lan/events/#'
    """
    bare = text.strip()
    network = _NETWORK.fullmatch(bare)
    if network and 0 < int(network[2]) < 65_536:
        return f"socket://{network[1]}:{int(network[2])}"
    if _WINDOWS.fullmatch(bare):
        return bare.upper()
    is_stream = _STREAM.fullmatch(bare) and not any(each in bare for each in _FILES)
    if is_stream or _DEVICE.fullmatch(bare):
        return bare
    raise FloorRefused(
        "address",
        f"Cannot use {bare[:80]!r} as a port: expected an address with a number, such as"
        " 192.168.1.50:4001, or a name such as /dev/ttyUSB0 or COM3.",
    )


class Addresses:
    """The typed ports of one floor. Owned by whoever holds the floor's lock."""

    def __init__(self, folder: Path) -> None:
        """Read what was kept; a file that cannot be read is as good as none."""
        self._file = folder / FILE
        self.urls: list[str] = []
        with suppress(OSError, ValueError):
            kept = json.loads(self._file.read_text("utf-8"))
            if isinstance(kept, list):
                self.urls = [each for each in kept if isinstance(each, str)][:TYPED_MAX]

    def add(self, url: str) -> None:
        """Keep one more.

        Raises:
            FloorRefused: If too many are kept.
        """
        if url in self.urls:
            return
        if len(self.urls) >= TYPED_MAX:
            raise FloorRefused("full", f"More than {TYPED_MAX} addresses are not kept.")
        self.urls.append(url)
        self._keep()

    def drop(self, url: str) -> None:
        """Forget one."""
        if url in self.urls:
            self.urls.remove(url)
            self._keep()

    def _keep(self) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text(json.dumps(self.urls, indent=1) + "\n", "utf-8")
