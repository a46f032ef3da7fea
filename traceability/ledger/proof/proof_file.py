"""A proof to be sent: that one entry stands in a log, in one small file that needs no server.

It holds the path of hashes from the entry to the root, and the signed checkpoint that has the
root. Whoever has the entry and knows the log's key can check it; Hangtag puts the entry itself in,
too, as what the standard calls extra data. Extra data proves nothing until the path was walked.

Source: C2SP tlog-proof.

>>> ProofFile(7, (bytes(32),), b"mill.example/main ...").encode().decode().split()[:3]
['c2sp.org/tlog-proof@v1', 'index', '7']
"""

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from traceability.ledger.merkle import HASH_SIZE, leaf_hash, verify_inclusion
from traceability.ledger.proof.checkpoint import NUMBER_MAX, Checkpoint, decimal, open_checkpoint
from traceability.ledger.proof.note import (
    NOTE_SIZE_MAX,
    InvalidNote,
    Opened,
    Verifier,
    decode_base64,
)

SUFFIX: Final = ".tlog-proof"
"""Ending of such a file's name."""
HASHES_MAX: Final = 63
"""Hashes on the longest path: a tree has fewer than 2^63 leaves."""
FILE_SIZE_MAX: Final = 2 * NOTE_SIZE_MAX
_HEADER: Final = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True, slots=True)
class ProofFile:
    """What the file says; whether it is true says `verify`."""

    index: int
    """Position of the entry."""
    hashes: tuple[bytes, ...]
    """From the entry's neighbour up to the child of the root, 32 bytes each."""
    checkpoint: bytes
    """The signed checkpoint, byte for byte."""
    extra: bytes | None = None
    """What else the maker put in; Hangtag: the entry."""

    @classmethod
    def parse(cls, data: bytes) -> "ProofFile":
        """Read such a file; each has one spelling only.

        Raises:
            InvalidNote: On every other bytes.
        """
        try:
            head, blank, checkpoint = data[:FILE_SIZE_MAX].decode().partition("\n\n")
        except UnicodeDecodeError as error:
            raise InvalidNote(f"A proof is UTF-8 text; byte {error.start} is not.") from error
        lines = head.split("\n")
        if lines.pop(0) != _HEADER or not blank or not checkpoint or len(data) > FILE_SIZE_MAX:
            raise InvalidNote(
                f"This is no proof: expected a first line {_HEADER!r}, and a checkpoint behind an "
                "empty line."
            )
        extra = None
        if lines and lines[0].startswith("extra "):
            extra = decode_base64(lines.pop(0).removeprefix("extra "))
            if extra is None:
                raise InvalidNote("The extra data of a proof is base64.")
        words = lines.pop(0) if lines else ""
        index = decimal(words.removeprefix("index ")) if words.startswith("index ") else None
        if index is None:
            raise InvalidNote(
                f"Cannot read {words[:40]!r} in a proof: expected 'index' and decimal digits."
            )
        return cls(index, _read_hashes(lines), checkpoint.encode(), extra)

    def encode(self) -> bytes:
        """Write the file.

        Raises:
            ValueError: If nobody could read it again.
        """
        extra = [] if self.extra is None else [f"extra {_base64(self.extra)}"]
        hashes = [_base64(item) for item in self.hashes]
        head = "\n".join([_HEADER, *extra, f"index {self.index}", *hashes])
        data = head.encode() + b"\n\n" + self.checkpoint
        if not 0 <= self.index <= NUMBER_MAX or ProofFile.parse(data) != self:
            raise ValueError(f"Position {self.index} with {len(self.hashes)} hashes is no proof.")
        return data

    def verify(
        self, entry: bytes, verifiers: Iterable[Verifier], *, origin: str | None = None
    ) -> tuple[Checkpoint, Opened]:
        """Check that an entry stands where the file says, in a log that known keys signed for.

        Args:
            entry: The bytes of the entry (`extra` of a file that Hangtag wrote).
            verifiers: The keys that are known.
            origin: The log it must be of; None takes any.

        Returns:
            The checkpoint and who signed it: a policy says whether these are enough.

        Raises:
            InvalidNote: If it is not so.
        """
        checkpoint, opened = open_checkpoint(self.checkpoint, verifiers, origin=origin)
        leaf = leaf_hash(entry)
        if not verify_inclusion(self.index, checkpoint.size, leaf, self.hashes, checkpoint.root):
            raise InvalidNote(
                f"The proof does not lead from this entry to position {self.index} of "
                f"{checkpoint.size} in {checkpoint.origin!r}."
            )
        return checkpoint, opened


def _read_hashes(lines: list[str]) -> tuple[bytes, ...]:
    hashes = tuple(decode_base64(line) or b"" for line in lines)
    if len(hashes) > HASHES_MAX or any(len(item) != HASH_SIZE for item in hashes):
        raise InvalidNote(
            f"The path of a proof is at most {HASHES_MAX} lines, each base64 of {HASH_SIZE} bytes."
        )
    return hashes


def _base64(data: bytes) -> str:
    return b64encode(data).decode()
