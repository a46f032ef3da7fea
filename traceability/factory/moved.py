"""Was this folder on another PC before? Then it must not be opened there any more.

A folder that is carried to a new PC is the whole workshop: nothing is lost and nothing need be
declared. But two PCs that go on with copies of one folder write two histories of one record, and
whoever holds a signature of one of them will say so of the other. So the move is noted and shown.
"""

from __future__ import annotations

import json
import platform
import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from traceability.factory.folder import Factory

__all__ = ["PC_FILE", "Move", "last_move", "note_pc"]

PC_FILE = "this-pc.json"
"""In the factory's folder; in no backup: a restored workshop begins on its PC."""
SHOWN_FOR = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Move:
    """The folder came here from another PC."""

    at: datetime
    name: str
    """What the other PC was called."""


def this_pc() -> str:
    """Return what tells this PC from others, without giving its addresses away."""
    return sha256(f"hangtag pc\n{uuid.getnode()}\n{platform.node()}".encode()).hexdigest()[:16]


def note_pc(factory: Factory, *, at: datetime, pc: str = "") -> Move | None:
    """Note on which PC a workshop is opened.

    Args:
        factory: The workshop.
        at: UTC.
        pc: What tells the PC from others; empty: this one.

    Returns:
        The move, if it was opened on another PC the last time.
    """
    pc = pc or this_pc()
    before = _read(factory)
    tree = {"pc": pc, "name": platform.node()}
    if before.get("pc") in (None, pc):
        move = None
        tree |= {member: before[member] for member in ("moved_at", "from") if member in before}
    else:
        move = Move(at, before.get("name", ""))
        tree |= {"moved_at": at.isoformat(), "from": move.name}
    if tree != before:
        with suppress(OSError):  # a folder that cannot be written says so in other ways
            words = json.dumps(tree, ensure_ascii=False) + "\n"
            (factory.folder / PC_FILE).write_text(words, encoding="utf-8")
    return move


def last_move(factory: Factory, *, now: datetime) -> Move | None:
    """Return the move to this PC, for a month; None if there was none."""
    said = _read(factory)
    with suppress(ValueError, KeyError):
        at = datetime.fromisoformat(said["moved_at"]).astimezone(UTC)
        if now - at < SHOWN_FOR:
            return Move(at, said.get("from", ""))
    return None


def _read(factory: Factory) -> dict[str, str]:
    with suppress(OSError, ValueError):
        tree = json.loads((factory.folder / PC_FILE).read_text(encoding="utf-8"))
        if isinstance(tree, dict):
            return {str(name): str(value) for name, value in tree.items()}
    return {}
