"""One line of the book: what was written, when, by whom, and the seal of its words.

An entry is small and stays for ever. The words themselves, the body, lie beside it and may one day
have to be erased; the entry only commits to them, through a salt that is erased with them, so that
every proof over entries stays valid and nobody can guess the words back.

>>> entry = Entry(kind="event", at=1_772_438_400_000_000, record=1_772_438_401_000_000,
...               body=body_commitment(b"0123456789abcdef", b'{"type":"ObjectEvent"}'),
...               by="station dock", id="urn:uuid:1", origin="localhost/main")
>>> entry.encode().decode()[:78]
'{"at":1772438400000000,"body":"4b33e874b5e3d34cf12c48512cae6a8fc47dbab9fc3e44e'
>>> Entry.parse(entry.encode()) == entry
True
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Literal, TypeAlias, get_args
from unicodedata import is_normalized

import msgspec

from traceability.errors import LedgerCorrupt, Refused
from traceability.ledger.merkle import HASH_SIZE

ENTRY_SIZE_MAX: Final = 4096
"""Bytes of an entry."""
SALT_SIZE: Final = 16
"""Random bytes before a body: too many to try, so that an erased body cannot be guessed."""
ORIGIN_LENGTH_MAX: Final = 255
"""Characters of a log's name that an entry always has room for."""
PLAIN_LENGTH_MAX: Final = 1024
"""Printable ASCII of this length, each at worst behind a backslash, fits into any entry."""
VERSION: Final = 1
_INT64_MAX: Final = 2**63 - 1

Kind: TypeAlias = Literal["event", "declaration", "master", "flow", "gap", "key", "erasure", "hold"]
KINDS: Final[frozenset[str]] = frozenset(get_args(Kind))


def body_commitment(salt: bytes, body: bytes) -> bytes:
    """Compute what an entry says of its body: SHA-256 of salt and body, 32 bytes.

    Args:
        salt: 16 random bytes, fresh for every body.
        body: Canonical JSON.

    Raises:
        ValueError: If the salt has another length.
    """
    if len(salt) != SALT_SIZE:
        raise ValueError(f"A salt has {SALT_SIZE} bytes, got {len(salt)}.")
    return sha256(salt + body).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What the ledger says of one fact; its position is not inside: the tree binds that."""

    kind: Kind
    at: int
    """Event time, µs UTC."""
    record: int
    """When the ledger took it, µs UTC; grows with the position."""
    body: bytes
    """SHA-256(salt ‖ body), 32 bytes."""
    by: str
    """The capturer."""
    id: str
    """Event id, or what the kind goes by."""
    origin: str
    """Name of the log: host / ledger."""
    document: bytes | None = None
    """SHA-256 of the sender's original, where it is not our body."""
    fold_at: int | None = None
    """µs UTC; when a doubtful event time is replaced in the order of events."""
    run: tuple[str, int, int] | None = None
    """Station, epoch, counter: the proof that nothing between two counters is missing."""
    wrong: tuple[int, bytes] | None = None
    """Position and leaf hash of the event that a declaration declares wrong, if known."""
    clock: Literal["held"] | None = None
    """``held`` while the server's clock was not believed."""

    def __post_init__(self) -> None:
        times = (self.at, self.record, 0 if self.fold_at is None else self.fold_at)
        if not all(-_INT64_MAX <= time <= _INT64_MAX for time in times):
            raise ValueError(f"A time is 64 bits of microseconds, got {times}.")
        wrong = None if self.wrong is None else self.wrong[1]
        for item in (self.body, self.document, wrong):
            if item is not None and len(item) != HASH_SIZE:
                raise ValueError(f"A hash has {HASH_SIZE} bytes, got {len(item)}.")
        if self.kind not in KINDS or self.clock not in {None, "held"}:
            raise ValueError(f"No entry is of kind {self.kind!r} with clock {self.clock!r}.")
        if wrong is not None and self.kind != "declaration":
            raise ValueError(f"Only a declaration names a wrong event, not kind {self.kind!r}.")

    def encode(self) -> bytes:
        """Write the bytes that the leaf is the hash of: canonical JSON on one line.

        Raises:
            Refused: If they are more than 4 KiB, or a text is not in Unicode normal form C.
        """
        return entry_line(
            kind=self.kind,
            at=self.at,
            record=self.record,
            body=self.body,
            by=self.by,
            id=self.id,
            origin=self.origin,
            document=self.document,
            fold_at=self.fold_at,
            run=self.run,
            wrong=self.wrong,
            clock=self.clock,
        )

    @classmethod
    def parse(cls, data: bytes) -> "Entry":
        """Read stored bytes; only what `encode` writes is an entry.

        Raises:
            LedgerCorrupt: On every other byte.
        """
        try:
            line = _DECODER.decode(data)
            entry = cls(
                kind=line.kind,
                at=line.at,
                record=line.record,
                body=bytes.fromhex(line.body),
                by=line.by,
                id=line.id,
                origin=line.origin,
                document=None if line.document is None else bytes.fromhex(line.document),
                fold_at=line.fold_at,
                run=line.run,
                wrong=None if line.wrong is None else (line.wrong[0], bytes.fromhex(line.wrong[1])),
                clock=line.clock,
            )
            if line.v == VERSION and entry.encode() == data:
                return entry
        except (msgspec.MsgspecError, ValueError, Refused) as error:
            raise LedgerCorrupt(f"Cannot read {data[:80]!r} as an entry: {error}") from error
        raise LedgerCorrupt(
            f"Cannot read {data[:80]!r} as an entry: expected canonical JSON of version {VERSION}."
        )


class _Line(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """The members of an entry as JSON spells them, in the order of their names.

    Absent ones are left out, never null. The encoder writes them in this order by itself: sorting
    the members of each entry was a twentieth of the append.
    """

    at: int
    body: str
    by: str
    clock: Literal["held"] | None = None
    document: str | None = None
    fold_at: int | None = None
    id: str
    kind: Kind
    origin: str
    record: int
    run: tuple[str, int, int] | None = None
    v: int
    wrong: tuple[int, str] | None = None


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(_Line)


def entry_line(
    *,
    kind: Kind,
    at: int,
    record: int,
    body: bytes,
    by: str,
    id: str,  # noqa: A002 - the member's name
    origin: str,
    document: bytes | None = None,
    fold_at: int | None = None,
    run: tuple[str, int, int] | None = None,
    wrong: tuple[int, bytes] | None = None,
    clock: Literal["held"] | None = None,
) -> bytes:
    """Write an entry without making one: what `Entry.encode` gives for the same members.

    Raises:
        Refused: If it takes more than 4 KiB, or a text is not in Unicode normal form C.
    """
    data = _ENCODER.encode(
        _Line(
            at=at,
            body=body.hex(),
            by=by,
            clock=clock,
            document=None if document is None else document.hex(),
            fold_at=fold_at,
            id=id,
            kind=kind,
            origin=origin,
            record=record,
            run=run,
            v=VERSION,
            wrong=None if wrong is None else (wrong[0], wrong[1].hex()),
        )
    )
    if len(data) > ENTRY_SIZE_MAX:
        raise Refused(
            f"Cannot enter {id[:60]!r}: expected an entry of at most {ENTRY_SIZE_MAX} "
            f"bytes, got {len(data)}."
        )
    if b"\\u0000" in data or not (data.isascii() or is_normalized("NFC", data.decode())):
        raise Refused(
            f"Cannot enter {id[:60]!a}: expected texts in Unicode normal form C without U+0000."
        )
    return data


def check_texts(id: str, by: str, run: tuple[str, int, int] | None) -> None:  # noqa: A002
    """Refuse, before any lock is held, what an entry could not say.

    Raises:
        Refused: As `entry_line` would, for the longest origin and every optional member; or if
            the numbers of a run are not of 64 bits.
    """
    if run is not None and not (0 <= run[1] <= _INT64_MAX and 0 <= run[2] <= _INT64_MAX):
        raise Refused(
            f"Cannot enter {id[:60]!a}: expected epoch and counter from 0 to {_INT64_MAX}, "
            f"got {run[1]} and {run[2]}."
        )
    text = id + by if run is None else id + by + run[0]
    if len(text) <= PLAIN_LENGTH_MAX and text.isascii() and text.isprintable():
        return
    entry_line(
        kind="declaration",
        at=_INT64_MAX,
        record=_INT64_MAX,
        body=bytes(HASH_SIZE),
        by=by,
        id=id,
        origin="o" * ORIGIN_LENGTH_MAX,
        document=bytes(HASH_SIZE),
        fold_at=_INT64_MAX,
        run=run,
        wrong=(_INT64_MAX, bytes(HASH_SIZE)),
        clock="held",
    )
