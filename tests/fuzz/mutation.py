"""Frames that are known to be good or bad, and what chance makes of them."""

from __future__ import annotations

import json
import random
from pathlib import Path

from tests import vectors

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
SIZE_MAX = 4096
_TURNS_MAX = 6


def seeds(protocol: str) -> list[bytes]:
    """Return the frames of the project's own table and, where they are here, of the vectors."""
    table = GOLDEN / f"reader_{protocol}.jsonl"
    lines = table.read_text(encoding="utf-8").splitlines() if table.is_file() else []
    rows = [json.loads(line) for line in lines]
    if vectors.path(f"readers/{protocol}.jsonl").is_file():
        rows += vectors.rows(f"readers/{protocol}.jsonl")
    return sorted({bytes.fromhex(row["hex"]) for row in rows if row.get("hex")})


def mutated(known: list[bytes], chance: random.Random) -> bytes:
    """Return one to four frames in a row, damaged a few times, behind two bytes for the cuts."""
    wire = bytearray()
    for _ in range(chance.randint(1, 4)):
        wire += chance.choice(known) if known and chance.random() < 0.95 else b""
    for _ in range(chance.randrange(_TURNS_MAX)):
        _damage(wire, known, chance)
    return chance.randbytes(2) + bytes(wire[:SIZE_MAX])


def _damage(wire: bytearray, known: list[bytes], chance: random.Random) -> None:
    """Do one of the things that happen to bytes on a line, or that a fool would send."""
    at = chance.randrange(len(wire) + 1)
    end = min(len(wire), at + chance.randint(1, 16))
    match chance.randrange(8):
        case 0 if at < len(wire):
            wire[at] ^= 1 << chance.randrange(8)
        case 1 if at < len(wire):
            wire[at] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
        case 2:
            del wire[at:end]
        case 3:
            wire[at:at] = wire[at:end]
        case 4:
            wire[at:at] = chance.randbytes(chance.randint(1, 8))
        case 5 if known:
            other = chance.choice(known)
            wire[at:at] = other[: chance.randint(0, len(other))]
        case 6 if at + 1 < len(wire):
            # Two bytes that swap a unit leave a plain sum right.
            wire[at], wire[at + 1] = (wire[at] + 1) & 0xFF, (wire[at + 1] - 1) & 0xFF
        case 7 if at + 1 < len(wire):
            # The same bit twice leaves an exclusive or right.
            bit = 1 << chance.randrange(8)
            wire[at] ^= bit
            wire[at + 1] ^= bit
        case _:
            wire[end:end] = chance.randbytes(1)
