"""What a signed size says: this log, so many entries, this hash over all of them.

Source: C2SP tlog-checkpoint, section "Note text".

>>> print(Checkpoint("mill.example/main", 0, EMPTY_ROOT).text, end="")
mill.example/main
0
47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=
>>> Checkpoint.parse(Checkpoint("mill.example/main", 0, EMPTY_ROOT).text).size
0
"""

import re
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from traceability.ledger.merkle import EMPTY_ROOT, HASH_SIZE
from traceability.ledger.proof.note import (
    InvalidNote,
    Opened,
    Verifier,
    decode_base64,
    open_note,
)

__all__ = ["EMPTY_ROOT", "NUMBER_MAX", "Checkpoint", "decimal", "open_checkpoint"]

NUMBER_MAX: Final = 2**63 - 1
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The size and the root of a log at one moment."""

    origin: str
    """Name of the log; a log signs under it."""
    size: int
    """Number of entries."""
    root: bytes
    """Root of the tree, 32 bytes."""
    extensions: tuple[str, ...] = ()
    """Lines that others add below; they are kept and mean nothing here."""

    def __post_init__(self) -> None:
        lines = (self.origin, *self.extensions)
        if not all(line and "\n" not in line for line in lines):
            raise InvalidNote("The lines of a checkpoint are never empty.")
        if not 0 <= self.size <= NUMBER_MAX or len(self.root) != HASH_SIZE:
            raise InvalidNote(
                f"A checkpoint has a size from 0 and a root of {HASH_SIZE} bytes, got "
                f"{self.size} and {len(self.root)} bytes."
            )

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """Read the text of a checkpoint, without the signatures below it.

        Raises:
            InvalidNote: If a line is missing or spelled as it must not be.
        """
        lines = text.split("\n")
        if len(lines) < 4 or lines.pop() != "" or "" in lines:
            raise InvalidNote(
                "A checkpoint has three lines or more, none of them empty, all ended."
            )
        origin, size, root, *extensions = lines
        count, data = decimal(size), decode_base64(root)
        if count is None:
            raise InvalidNote(
                f"Cannot read {size[:40]!r} as the size of a log: expected decimal digits."
            )
        if data is None or len(data) != HASH_SIZE:
            raise InvalidNote(
                f"Cannot read {root[:60]!r} as the root of a log: expected base64 of "
                f"{HASH_SIZE} bytes."
            )
        return cls(origin, count, data, tuple(extensions))

    @property
    def text(self) -> str:
        """What is signed."""
        root = b64encode(self.root).decode()
        return "".join(f"{line}\n" for line in (self.origin, self.size, root, *self.extensions))


def open_checkpoint(
    data: bytes, verifiers: Iterable[Verifier], *, origin: str | None = None
) -> tuple[Checkpoint, Opened]:
    """Read a signed checkpoint and check every signature by a known key.

    Args:
        data: The note.
        verifiers: The keys that are known.
        origin: The log it must be of; None takes any.

    Raises:
        InvalidNote: If it is no checkpoint, of another log, or not rightly signed by a known key.
    """
    opened = open_note(data, verifiers)
    found = Checkpoint.parse(opened.text)
    if origin is not None and found.origin != origin:
        raise InvalidNote(f"This is a checkpoint of {found.origin[:80]!r}, expected {origin!r}.")
    return found, opened


def decimal(text: str) -> int | None:
    """Read a number from 0 to 2^63 - 1 in its one right spelling; None for all else.

    >>> decimal("120"), decimal("012"), decimal("９"), decimal("9" * 19)
    (120, None, None, None)
    """
    # Not str.isdecimal: that takes the digits of every script.
    number = int(text) if _DECIMAL.fullmatch(text) else NUMBER_MAX + 1
    return number if number <= NUMBER_MAX else None
