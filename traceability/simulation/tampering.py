"""A dishonest hand in the demo's own database file: what the ledger must notice.

It does what anybody with the file and a SQLite shell can do: lifts the trigger that forbids it,
changes one digit of a stored record, puts the trigger back. Nothing of Hangtag is asked.
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Tampering"]

_WAIT_S = 10.0


@dataclass(slots=True)
class Tampering:
    """Changes one record at a time and remembers how it was."""

    path: Path
    position: int | None = None
    """Position of the record that is changed now."""
    _original: bytes = b""

    def change(self) -> int | None:
        """Change the last digit of a record in the middle; return its position, None if none is."""
        if self.position is not None:
            return self.position
        with closing(self._open()) as connection, connection:
            size = connection.execute("SELECT count(*) FROM entry").fetchone()[0]
            row = connection.execute(
                "SELECT b.position, b.body FROM body b JOIN entry e USING (ledger_id, position)"
                " WHERE e.kind = 'event' ORDER BY abs(b.position - ?) LIMIT 1",
                (size * 2 // 3,),
            ).fetchone()
            if row is None:
                return None
            position, original = int(row[0]), bytes(row[1])
            self._write(connection, position, _other_digit(original))
        self.position, self._original = position, original
        return position

    def put_back(self) -> int | None:
        """Restore the record; return its position, None if none was changed."""
        position = self.position
        if position is not None:
            with closing(self._open()) as connection, connection:
                self._write(connection, position, self._original)
            self.position, self._original = None, b""
        return position

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=_WAIT_S)

    @staticmethod
    def _write(connection: sqlite3.Connection, position: int, body: bytes) -> None:
        guards = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'body'"
        ).fetchall()
        # One transaction: schema changes are transactional in SQLite, so no other program ever
        # sees the table without its triggers.
        connection.execute("BEGIN IMMEDIATE")
        for name, _ in guards:
            connection.execute(f'DROP TRIGGER "{name}"')
        connection.execute("UPDATE body SET body = ? WHERE position = ?", (body, position))
        for _, sql in guards:
            connection.execute(sql)


def _other_digit(body: bytes) -> bytes:
    """Replace the last digit by another.

    >>> _other_digit(b'{"a":"19"}')
    b'{"a":"10"}'
    """
    *_, last = re.finditer(rb"\d", body)
    at = last.start()
    return body[:at] + str((int(last[0]) + 1) % 10).encode() + body[at + 1 :]
