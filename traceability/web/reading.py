"""What pages read from: the ledger behind this server, and the moves that live pages hear of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

from flask import current_app, g, has_app_context, request

from traceability.errors import Refused
from traceability.projections.as_of import look_as_of
from traceability.projections.view import View, look

if TYPE_CHECKING:
    from traceability.ledger.append import Draft, Outcome
    from traceability.ledger.append import Ledger as Book

KEYS_SHOWN = 20
"""Keys of one move that are named on the live stream; the rest is a count (DESIGN §5)."""


AS_OF_ENTRIES_MAX = 20_000
"""Entries that a page folds again at most: about a second; the command takes more."""


class Ledger(Protocol):
    """The little that the frame itself needs of `traceability.ledger.append.Ledger`."""

    @property
    def size(self) -> int:
        """Number of entries."""
        ...

    @property
    def size_seen(self) -> int:
        """Number of entries when this process last wrote or waited; costs no question."""
        ...

    @property
    def problem(self) -> str:
        """Why nothing is appended at the moment; empty if all is well."""
        ...

    def wait_for(self, size: int, timeout_s: float) -> int:
        """Wait until the ledger is larger than ``size``."""
        ...

    def append(self, drafts: Sequence[Draft]) -> list[Outcome]:
        """Write what is said; return when it is durable."""
        ...


@dataclass(frozen=True, slots=True)
class Opening:
    """The ledger's first entry as far as a page shows it, with the newest answers in it."""

    name: str = "Workshop"
    is_demo: bool = False
    zone: str = "UTC"
    language: str = "en"
    namespace: str = ""
    is_set_up: bool = True
    """False while nobody has answered the questions of the first page."""


@dataclass(frozen=True, slots=True)
class Move:
    """One entry as a live page hears of it."""

    position: int
    kind: str
    step: str | None = None
    place: str | None = None
    keys: tuple[str, ...] = ()
    key_count: int = 0

    def tree(self) -> dict[str, object]:
        """Return the move as JSON: at most 20 keys, then how many more."""
        shown = self.keys[:KEYS_SHOWN]
        tree: dict[str, object] = {
            "position": self.position,
            "kind": self.kind,
            "step": self.step,
            "place": self.place,
            "keys": list(shown),
        }
        more = max(self.key_count, len(self.keys)) - len(shown)
        return tree | {"more": more} if more > 0 else tree


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything a view may ask of the ledger."""

    ledger: Ledger
    said: Callable[[], Opening] = Opening
    """Whose the ledger is, by the newest answers."""
    moves: Callable[[int, int], Sequence[Move]] = lambda _after, _limit: ()
    """(position, limit) → entries after that position, in order, at most so many."""

    @property
    def opening(self) -> Opening:
        """Whose the ledger is: read once in a request, since an answer may change it."""
        if not has_app_context():
            return self.said()
        if "opening" not in g:
            g.opening = self.said()
        return cast("Opening", g.opening)

    def look(self) -> AbstractContextManager[View]:
        """Open one consistent moment of the ledger for questions."""
        return look(cast("Book", self.ledger))

    def look_as_of(self, position: int, key: str) -> AbstractContextManager[View]:
        """Open the ledger as it was at an entry, for questions about one thing."""
        book = cast("Book", self.ledger)
        return look_as_of(book, position, [key], entries_max=AS_OF_ENTRIES_MAX)


def asked_position() -> int | None:
    """Return the entry that this request asks about with ``as_of``; None means now.

    Raises:
        Refused: If it is no position.
    """
    given = request.args.get("as_of", "").strip()
    if not given:
        return None
    if not (given.isascii() and given.isdecimal() and len(given) < 19):
        raise Refused(f"Cannot look at entry {given[:40]!r}: expected a position, a whole number.")
    return int(given)


def current() -> Reading:
    """Return what the pages of this app read from."""
    return cast("Reading", current_app.extensions["hangtag.reading"])
