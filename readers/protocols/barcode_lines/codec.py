"""Lines of a barcode scanner, taken apart."""

from __future__ import annotations

import re
from dataclasses import dataclass

from readers.codec import IDLE_STEP_MS, Codec
from readers.reads import Item, Noise, Scan

SCAN_SIZE_MAX = 8192
"""Longest scan in bytes; the largest QR code holds 7089 digits."""
QUIET_MS = 100
"""A line without an ending is complete after this (section 13: 20 to 100 ms)."""
STALE_MS = 1000
"""Where scans do have endings, a line still without one after this is a fragment."""

# CRLF is one ending, so a CR that ends the bytes so far waits for its LF.
_ENDING = re.compile(rb"\r\n|\r|\n|\t")
AIM_ID = re.compile(r"\][A-Za-z][0-9A-Za-z]")
# Scanners send text; FS GS RS US and EOT belong to ISO/IEC 15434 messages and to GS1.
_FOREIGN = re.compile(r"[\x00-\x03\x05-\x1b\x7f-\x9f\ud800-\udfff\ufffd]")


@dataclass(frozen=True, slots=True)
class Frame:
    """One line of a scanner."""

    data: bytes
    aim: str | None = None
    ending: bytes = b"\r"

    def encode(self) -> bytes:
        """Return the bytes on the wire."""
        return (self.aim or "").encode("ascii") + self.data + self.ending


class BarcodeCodec(Codec):
    """The host's side of a line scanner."""

    def __init__(self, *, encoding: str = "utf-8", prefix: bytes = b"") -> None:
        """Set up a scanner's line.

        Args:
            encoding: What the scanner is set to; bytes that are none of it are noise.
            prefix: Bytes the scanner is set to send before each scan, such as STX.
        """
        self._encoding = encoding
        self._prefix = prefix
        self._rest = b""
        self._has_endings = False

    @property
    def has_pending(self) -> bool:
        """True if a line has begun and not ended."""
        return bool(self._rest)

    def receive(self, data: bytes) -> list[Item]:
        """Return the lines that ended; keep the one that has not."""
        return self._split(self._rest + data, is_final=False)

    def flush(self) -> list[Item]:
        """Return the last line; at the end of input nothing else can end it."""
        return self._split(self._rest, is_final=True)

    def cut(self) -> list[Item]:
        """Refuse half a scan: nothing in it tells that its other half is missing."""
        if self._rest.endswith(b"\r"):
            return self.flush()
        fragment, self._rest = self._rest, b""
        return [Noise(fragment, "the line went down inside a scan")] if fragment else []

    def idle(self, idle_ms: int) -> list[Item]:
        """Close a line by silence, where the scanner sends no ending.

        A scanner that has sent an ending once always does, so its half line is kept: the other
        half may be held up on the way. After a second it is a fragment that must not be glued to
        the next scan.
        """
        if not self._rest:
            return []
        if self._rest.endswith(b"\r") and idle_ms >= IDLE_STEP_MS:
            return self.flush()
        if not self._has_endings:
            return self.flush() if idle_ms >= QUIET_MS else []
        if idle_ms < STALE_MS:
            return []
        fragment, self._rest = self._rest, b""
        return [Noise(fragment, "a line whose ending never came")]

    def _split(self, data: bytes, *, is_final: bool) -> list[Item]:
        found: list[Item] = []
        position = 0
        for ending in _ENDING.finditer(data):
            if ending.group() == b"\r" and ending.end() == len(data) and not is_final:
                break
            self._has_endings = True
            self._read(data[position : ending.start()], ending.group(), found)
            position = ending.end()
        self._rest = data[position:]
        if is_final:
            self._read(self._rest, b"", found)
            self._rest = b""
        elif len(self._rest) > SCAN_SIZE_MAX:
            found.append(Noise(self._rest, f"{len(self._rest)} bytes without an ending"))
            self._rest = b""
        return found

    def _read(self, line: bytes, ending: bytes, found: list[Item]) -> None:
        """Read one line; after noise only an AIM id proves where a scan begins."""
        if not line:
            return
        if self._prefix and line.startswith(self._prefix):
            scanned = line[len(self._prefix) :]
        else:
            scanned = line
        text = scanned.decode(self._encoding, "surrogateescape")
        foreign = [match.end() for match in _FOREIGN.finditer(text)]
        if foreign:
            clean = text[foreign[-1] :]
            noise = text[: foreign[-1]].encode(self._encoding, "surrogateescape")
            reason = f"byte {noise[-1]:02X}, expected text in {self._encoding}"
            if not AIM_ID.match(clean):
                found.append(Noise(line + ending, reason))
                return
            found.append(Noise(noise, reason))
            text = clean
            line = clean.encode(self._encoding)
        aim = AIM_ID.match(text)
        symbology = aim.group() if aim else None
        if len(text) == len(symbology or ""):
            found.append(Noise(line + ending, "an AIM id without data"))
            return
        found.append(Scan(text[len(symbology or "") :], symbology, line + ending))
