"""Keys by which phones, second screens and auditors come in: who made each, for what, until when.

A key is shown once and never again: the record keeps only its SHA-256, so that nobody who reads the
record can come in with what he reads. It has as many random bits as the hash can protect without a
slow one. That it was ended stands in the record, too.

>>> from datetime import UTC, datetime, timedelta
>>> at = datetime(2026, 11, 19, 8, tzinfo=UTC)
>>> key, secret = new_key("device", "Sewing", made_at=at, expires_at=at + timedelta(days=365))
>>> secret.startswith("htg_device_"), is_well_formed(secret), key.hash in secret
(True, True, False)
"""

from __future__ import annotations

import base64
import re
import secrets
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest
from typing import Any, Literal, cast, get_args

from sqlalchemy import text

from traceability.epcis import body as bodies
from traceability.errors import Refused
from traceability.ledger.drafts import Draft
from traceability.projections.entering import master_draft
from traceability.projections.view import View

KeyKind = Literal["admin", "device", "auditor"]
KINDS: tuple[KeyKind, ...] = get_args(KeyKind)

KEYS_MAX = 500
"""Keys of a workshop that are listed."""
DAYS_MAX = 400
"""Longest life of a key; a browser keeps no cookie for longer either."""
TITLE_LENGTH_MAX = 60
SECRET_BYTES = 20
"""160 random bits."""
_CHECK_BYTES = 4
_ID_DIGITS = 20
_PREFIX = "key:"
_FORM = re.compile(rf"htg_({'|'.join(KINDS)})_([a-z2-7]{{39}})")


@dataclass(frozen=True, slots=True)
class Key:
    """One key as the record knows it: all but the secret."""

    id: str
    """20 hex digits, the beginning of the hash: a secret leads to its record by itself."""
    kind: KeyKind
    title: str
    """What people call the phone, the screen or the person."""
    hash: str
    """SHA-256 of the secret, 64 hex digits."""
    made_at: datetime
    expires_at: datetime
    by: str = ""
    stage: str = ""
    """Name of the stage that a device works at; empty for the others."""
    place: str = ""
    """Key of that place."""
    ended_at: datetime | None = None
    ended_by: str = ""

    def state(self, now: datetime) -> Literal["open", "expired", "ended"]:
        """Say whether the key opens anything at a moment."""
        if self.ended_at is not None:
            return "ended"
        return "open" if now < self.expires_at else "expired"

    def values(self) -> dict[str, Any]:
        """Return what the ledger says of the key: JSON."""
        tree: dict[str, Any] = {
            "kind": self.kind,
            "title": self.title,
            "hash": self.hash,
            "by": self.by,
            "made": _written(self.made_at),
            "expires": _written(self.expires_at),
        }
        tree |= {"stage": self.stage} if self.stage else {}
        tree |= {"place": self.place} if self.place else {}
        if self.ended_at is not None:
            tree |= {"ended": _written(self.ended_at), "ended_by": self.ended_by}
        return tree

    def draft(self, *, by: str) -> Draft:
        """Return the entry that says the key is so from now on."""
        return master_draft("key", _PREFIX + self.id, self.values(), by=by)


def new_key(
    kind: KeyKind,
    title: str,
    *,
    made_at: datetime,
    expires_at: datetime,
    by: str = "",
    stage: str = "",
    place: str = "",
) -> tuple[Key, str]:
    """Make a key and its secret; it opens once its draft is appended.

    The secret is ``htg_``, the kind, 160 random bits and a CRC-32 of it all, in base 32.

    Raises:
        Refused: If it would have ended already or open for more than 400 days, or has no title.
    """
    days = (expires_at - made_at).total_seconds() / 86_400
    if not 0 < days <= DAYS_MAX:
        raise Refused(
            f"Cannot make a key for {days:.0f} days: expected more than 0 and at most {DAYS_MAX}."
        )
    start = f"htg_{kind}_"
    drawn = secrets.token_bytes(SECRET_BYTES)
    secret = start + _base32(drawn) + _base32(_check(start + _base32(drawn)))
    digest = sha256(secret.encode()).hexdigest()
    key = Key(
        id=digest[:_ID_DIGITS],
        kind=kind,
        title=_title(title),
        hash=digest,
        made_at=made_at,
        expires_at=expires_at,
        by=by,
        stage=stage,
        place=place,
    )
    return key, secret


def id_of(secret: str) -> str:
    """Return the id under which the record keeps the key of a secret."""
    return sha256(secret.encode()).hexdigest()[:_ID_DIGITS]


def is_well_formed(secret: str) -> bool:
    """Say whether a text is written as a key is, its check included.

    >>> is_well_formed("htg_device_" + "a" * 39), is_well_formed("hello")
    (False, False)
    """
    found = _FORM.fullmatch(secret)
    if found is None:
        return False
    start, check = secret[:-7], secret[-7:]
    return _base32(_check(start)) == check


def renamed(key: Key, title: str) -> Key:
    """Return the key under another title; it is so once its draft is appended.

    Raises:
        Refused: If the title is empty or longer than 60 characters.
    """
    return replace(key, title=_title(title))


def ended(key: Key, *, by: str, at: datetime) -> Key:
    """Return a key that opens nothing from a moment on; it is so once its draft is appended."""
    return replace(key, ended_at=at, ended_by=by)


def key(view: View, key_id: str) -> Key | None:
    """Return one key by its id; None if this ledger never made it."""
    found = view.master("key", [_PREFIX + key_id]).get(_PREFIX + key_id)
    return _read(key_id, found) if found is not None else None


def holder(view: View, secret: str) -> Key | None:
    """Return the key that a secret belongs to, ended or not; None if it belongs to none."""
    if not is_well_formed(secret):
        return None
    found = key(view, id_of(secret))
    digest = sha256(secret.encode()).hexdigest()
    return found if found is not None and compare_digest(found.hash, digest) else None


def keys(view: View) -> list[Key]:
    """Return the keys of the workshop, newest first, those that were ended as well."""
    rows = view.connection.execute(
        text(
            "SELECT key, value FROM master_data WHERE ledger_id = :l AND type = 'key' "
            "ORDER BY key LIMIT :n"
        ),
        {"l": view.ledger_id, "n": KEYS_MAX},
    )
    found = [_read(row.key.removeprefix(_PREFIX), bodies.parse(row.value.encode())) for row in rows]
    return sorted(found, key=lambda one: (one.made_at, one.id), reverse=True)


def _title(given: str) -> str:
    title = " ".join(given.split())
    if not 0 < len(title) <= TITLE_LENGTH_MAX:
        raise Refused(
            f"Cannot name a key {title[:80]!r}: expected 1 to {TITLE_LENGTH_MAX} characters, "
            f"got {len(title)}."
        )
    return title


def _base32(data: bytes) -> str:
    return base64.b32encode(data).decode().rstrip("=").lower()


def _check(text_: str) -> bytes:
    return zlib.crc32(text_.encode()).to_bytes(_CHECK_BYTES, "big")


def _read(key_id: str, values: Mapping[str, Any] | Any) -> Key:
    ended_at = values.get("ended")
    return Key(
        id=key_id,
        # The record takes keys from `new_key` alone: the kind is one of ours.
        kind=cast("KeyKind", values["kind"]),
        title=str(values["title"]),
        hash=str(values["hash"]),
        made_at=datetime.fromisoformat(values["made"]),
        expires_at=datetime.fromisoformat(values["expires"]),
        by=str(values.get("by", "")),
        stage=str(values.get("stage", "")),
        place=str(values.get("place", "")),
        ended_at=datetime.fromisoformat(ended_at) if ended_at else None,
        ended_by=str(values.get("ended_by", "")),
    )


def _written(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
