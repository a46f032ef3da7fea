"""A workshop whose record has all that a bundle of evidence may hold, and its bundle.

A garment out of a roll, in a carton that was shipped; one thing said of it was wrong and declared
so, the words of another were erased; it was stopped; the log's key was changed; a partner
witnesses.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from argparse import Namespace
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import text

from tests.ledger.books import draft
from tests.ledger.proof.witness_house import open_book, witnessing
from tests.web.story import hold, story_ledger
from traceability.gs1 import uri_of
from traceability.ledger.append import Ledger
from traceability.ledger.erasing import erase_bodies
from traceability.ledger.proof import bundle_check
from traceability.ledger.proof.cosigning import policy_file
from traceability.ledger.proof.evidence import Evidence, write_evidence
from traceability.ledger.proof.log_keys import read_log_keys
from traceability.ledger.proof.signing import LogSigner, sign_now

Members = dict[str, bytes]


@dataclass(frozen=True, slots=True)
class House:
    """The workshop, and the bundle about one garment."""

    ledger: Ledger
    garment: str
    wrong: int
    """Position of what was declared wrong."""
    declaration: int
    erased: int
    """Position whose words are gone."""
    erasing: int
    kept: bytes
    """A checkpoint that an auditor kept from before all that."""
    keys: tuple[str, ...]
    """The log's keys in turn, as vkeys."""
    witness: str
    """The partner's key."""
    told: Evidence
    data: bytes
    """The zip."""

    @property
    def members(self) -> Members:
        """The files of the bundle."""
        return unpacked(self.data)


@contextmanager
def living(folder: Path) -> Iterator[House]:
    """Run the workshop and its partner's witness while the block runs."""
    ledger = story_ledger(folder / "book.sqlite", garments=24, share=1.0)
    garment = things(ledger, "/01/%/21/%")[3]
    kept = sign_now(ledger)
    looked = seen(garment, 1)
    (wrong,) = [one.position for one in ledger.append([draft(looked)])]
    said = {"declarationTime": "2026-01-06T09:00:00Z", "reason": "incorrect_data"}
    (declared,) = ledger.append([draft({**looked, "errorDeclaration": said})])
    (private,) = ledger.append([draft(seen(garment, 2))])
    assert wrong is not None
    assert declared.position is not None
    assert private.position is not None
    erasing = erase_bodies(ledger, [private.position], by="admin")[private.position]
    hold(ledger, [garment])
    LogSigner(ledger).rotate()
    with ledger.database.read() as connection:
        keys = tuple(str(one.verifier) for one in read_log_keys(connection, ledger.ledger_id))
    book = open_book(folder)
    for key in keys:
        book.add_log(key)
    with witnessing(book) as url:
        words = f"witness brand {book.verifier} {url}\nquorum brand\n"
        policy_file(ledger).write_text(words)
        told, data = bundle_of(ledger, garment)
        yield House(
            ledger,
            garment,
            wrong,
            declared.position,
            private.position,
            erasing,
            kept,
            keys,
            str(book.verifier),
            told,
            data,
        )
    book.close()
    ledger.database.close()


def things(ledger: Ledger, like: str) -> list[str]:
    """Return the keys of things that were met, in that order."""
    with ledger.database.read() as connection:
        rows = connection.execute(
            text("SELECT key FROM item WHERE key LIKE :k ORDER BY item_no"), {"k": like}
        )
        return [str(row.key) for row in rows]


def seen(key: str, number: int) -> dict[str, Any]:
    """Say that somebody looked at a thing."""
    return {
        "type": "ObjectEvent",
        "eventID": f"urn:uuid:00000000-0000-7000-9000-{number:012d}",
        "eventTime": "2026-01-05T12:00:00Z",
        "eventTimeZoneOffset": "+00:00",
        "action": "OBSERVE",
        "bizStep": "inspecting",
        "disposition": "in_progress",
        "epcList": [uri_of(key)],
    }


def bundle_of(ledger: Ledger, key: str, **how: Any) -> tuple[Evidence, bytes]:
    """Write a bundle into memory."""
    out = io.BytesIO()
    told = write_evidence(ledger, key, out, **how)
    return told, out.getvalue()


def unpacked(data: bytes) -> Members:
    """Return the files of a zip."""
    with zipfile.ZipFile(io.BytesIO(data)) as bundle:
        return {name: bundle.read(name) for name in bundle.namelist()}


def packed(members: Mapping[str, bytes]) -> bytes:
    """Make a zip again."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as bundle:
        for name, data in members.items():
            bundle.writestr(name, data)
    return out.getvalue()


def summed(members: Members) -> Members:
    """List the sums anew, as one who changed a file on purpose would."""
    lines = [
        f"{hashlib.sha256(data).hexdigest()}  {name}\n"
        for name, data in sorted(members.items())
        if name != "files.sha256"
    ]
    return {**members, "files.sha256": "".join(lines).encode()}


def judged(
    members: Members,
    *,
    vkey: tuple[str, ...] = (),
    policy: Path | None = None,
    older: Path | None = None,
) -> list[str]:
    """Return what the verifier finds wrong with these files; nothing if all is true."""
    options = Namespace(vkey=list(vkey), policy=policy, older_checkpoint=older)
    try:
        return bundle_check.check(members, options)[0]
    except bundle_check.Wrong as error:
        return [str(error)]
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        return [f"The bundle is not made as it should be: {error!r}."]
