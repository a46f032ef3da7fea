"""How one server was set up: its secrets, where it listens, what its clock is."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from traceability.database import file_of
from traceability.errors import Refused
from traceability.web.clock import utc_now

SECRET_BYTES = 32
SECRET_LENGTH_MIN = 32


@dataclass(frozen=True, slots=True)
class Settings:
    """What the app is told from outside; nothing in it is read from a ledger."""

    secret: str = field(default_factory=lambda: secrets.token_urlsafe(SECRET_BYTES), repr=False)
    """Signs cookies and order links. It outlives a restart when it comes from a file."""
    admin_token: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    """What the printed link carries; commands may send it as a bearer token."""
    listens_on_loopback: bool = True
    """Only a server that nobody else can reach takes its neighbours for the owner (D11)."""
    has_accounts: bool = False
    is_tls: bool = False
    languages: tuple[str, ...] = ("en", "zh_Hans")
    translations: str = ""
    """Folder of compiled catalogues; empty: the one that came with the program."""
    clock: Callable[[], datetime] = utc_now


def secret_path(database_url: str) -> Path:
    """Return where the secret of a ledger's server is kept: beside the database file.

    A link that was sent must open after a restart, from whichever folder the server is started. A
    database that is no file of this PC has its secret in ``./var/``.

    >>> from traceability.database import DEFAULT_URL
    >>> secret_path(DEFAULT_URL).as_posix()
    'var/hangtag.secret'
    """
    file = file_of(database_url)
    return file.with_suffix(".secret") if file else Path("var/hangtag.secret")


def kept_secret(path: Path) -> str:
    """Read the secret that signs cookies and links, or make it: a file only its owner can read.

    Raises:
        Refused: If the file or `HANGTAG_SECRET` is too short to be a secret, or the file cannot be
            written.
    """
    given = os.environ.get("HANGTAG_SECRET")
    if given:
        if len(given) < SECRET_LENGTH_MIN:
            raise Refused(
                f"Cannot use HANGTAG_SECRET: expected at least {SECRET_LENGTH_MIN} characters, "
                f"got {len(given)}."
            )
        return given
    try:
        found = path.read_text(encoding="ascii").strip() if path.exists() else ""
        if not found:
            path.parent.mkdir(parents=True, exist_ok=True)
            found = secrets.token_urlsafe(SECRET_BYTES)
            # Exclusive: of two servers that start together, the second reads what the first wrote.
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(found + "\n")
    except FileExistsError:
        found = path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise Refused(
            f"Cannot keep the server's secret in {path}: {error.strerror}. "
            "Name a folder you may write to, or set HANGTAG_SECRET."
        ) from error
    if len(found) < SECRET_LENGTH_MIN:
        raise Refused(
            f"Cannot use the secret in {path}: expected {SECRET_LENGTH_MIN} characters, "
            f"got {len(found)}."
        )
    return found
