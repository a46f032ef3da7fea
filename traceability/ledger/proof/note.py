"""A text with signatures under it: whoever knows a signer's public key can check who signed what.

A key goes by its name and four bytes; together they say which key made a signature and how.
Signatures by keys that the reader does not know are passed over, so that others may add theirs
without asking.

Source: C2SP signed-note; C2SP tlog-cosignature for signatures that carry a time.

>>> signer = Signer.make("ledger.example/main", seed=bytes(32))
>>> signed = sign_note("one roll of denim" + chr(10), signer)
>>> signed.decode().splitlines()[:2], signed.decode().splitlines()[2][:29]
(['one roll of denim', ''], '— ledger.example/main KnNXXAh')
>>> opened = open_note(signed, [Verifier.parse(str(signer.verifier))])
>>> [verifier.name for verifier, _time in opened.by]
['ledger.example/main']
"""

import secrets
from base64 import b64decode, b64encode
from binascii import Error as NoBase64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from traceability.errors import Refused

ED25519: Final = 0x01
"""Signature type: Ed25519 over the text."""
COSIGNATURE: Final = 0x04
"""Signature type: Ed25519 over a time and the text, as witnesses give it."""
KEY_SIZE: Final = 32
"""Bytes of an Ed25519 key, public or private."""
KEY_ID_SIZE: Final = 4
SIGNATURES_MAX: Final = 100
"""Signatures under one note; the standard asks for at least 16."""
NOTE_SIZE_MAX: Final = 1_000_000
"""Bytes of a note."""
_TIME_SIZE: Final = 8
_TIME_MAX_S: Final = 2**63 - 1
_PRIVATE: Final = "PRIVATE+KEY+"
_DASH: Final = "— "


class InvalidNote(Refused):
    """A note, key or proof is not what its standard demands, or no known key signed it."""


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key with the name it signs under."""

    name: str
    key_id: bytes
    """4 bytes, on each signature; they tell keys of one name apart, they prove nothing."""
    algorithm: int
    """`ED25519` or `COSIGNATURE`."""
    key: bytes
    """Ed25519 public key, 32 bytes."""

    def __post_init__(self) -> None:
        _check_name(self.name)
        if self.algorithm not in {ED25519, COSIGNATURE}:
            raise InvalidNote(
                f"Cannot use key {self.name!r}: expected signature type 1 or 4, "
                f"got {self.algorithm}."
            )
        if len(self.key) != KEY_SIZE:
            raise InvalidNote(
                f"Cannot use key {self.name!r}: expected {KEY_SIZE} bytes, got {len(self.key)}."
            )
        if self.key_id != _key_id(self.name, self.algorithm, self.key):
            raise InvalidNote(
                f"Cannot use key {self.name!r}: its id {self.key_id.hex()} is not that of the key."
            )

    @classmethod
    def of(cls, name: str, algorithm: int, key: bytes) -> "Verifier":
        """Name a public key; the id follows from the rest."""
        _check_name(name)
        return cls(name, _key_id(name, algorithm, key), algorithm, key)

    @classmethod
    def parse(cls, text: str) -> "Verifier":
        """Read ``NAME+ID+KEY`` (a "vkey"): the id in 8 hex digits, type and key in base64.

        Raises:
            InvalidNote: If a part is missing or they do not belong together.

        Source: C2SP signed-note, section "Verifier keys".
        """
        name, key_id, algorithm, key = _parse_key(text, "public key")
        return cls(name, key_id, algorithm, key)

    def __str__(self) -> str:
        return _format_key(self.name, self.key_id, self.algorithm, self.key)

    def cosigner(self) -> "Verifier":
        """Return the same key as a signer of times and texts: it then has another id."""
        return Verifier.of(self.name, COSIGNATURE, self.key)

    def check(self, text: str, data: bytes) -> int | None:
        """Check the signature of a text.

        Args:
            text: With its last newline.
            data: The signature without key id: 64 bytes, with 8 bytes of time before them in a
                cosignature.

        Returns:
            The time in a cosignature, seconds since 1970; None in a plain signature.

        Raises:
            InvalidNote: If this key did not make this signature of this text.
        """
        message, signed_at_s, signature = text.encode(), None, data
        if self.algorithm == COSIGNATURE:
            signed_at_s, signature = int.from_bytes(data[:_TIME_SIZE]), data[_TIME_SIZE:]
            message = _timed(text, signed_at_s)
        try:
            if signed_at_s is None or signed_at_s <= _TIME_MAX_S:
                Ed25519PublicKey.from_public_bytes(self.key).verify(signature, message)
                return signed_at_s
        except (InvalidSignature, ValueError):
            pass
        raise InvalidNote(
            f"The signature of {self.name!r} (key {self.key_id.hex()}) is not of this text."
        )


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature as it stands under a note."""

    name: str
    key_id: bytes
    data: bytes
    """What the key made of the text, without the key id."""

    def __str__(self) -> str:
        return f"{_DASH}{self.name} {_base64(self.key_id + self.data)}"


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key with the name it signs under. Its text opens every door: keep it in a file."""

    verifier: Verifier
    seed: bytes = field(repr=False)
    """Ed25519 private key, 32 bytes."""

    def __post_init__(self) -> None:
        if len(self.seed) != KEY_SIZE or self.verifier.key != _public(self.seed):
            raise InvalidNote(f"The private key of {self.verifier.name!r} fits no public key.")

    @classmethod
    def make(cls, name: str, *, algorithm: int = ED25519, seed: bytes | None = None) -> "Signer":
        """Make a key, or name one that is there.

        Args:
            name: Without blanks and plus signs; a log signs under its origin.
            algorithm: `ED25519`, or `COSIGNATURE` for a witness.
            seed: Private key, 32 bytes; random if absent.

        Raises:
            InvalidNote: If the name or the length is wrong.
        """
        seed = secrets.token_bytes(KEY_SIZE) if seed is None else seed
        if len(seed) != KEY_SIZE:
            raise InvalidNote(f"A private key has {KEY_SIZE} bytes, got {len(seed)}.")
        return cls(Verifier.of(name, algorithm, _public(seed)), seed)

    @classmethod
    def parse(cls, text: str) -> "Signer":
        """Read ``PRIVATE+KEY+NAME+ID+KEY``, as `str` writes it and Go's note package does.

        Raises:
            InvalidNote: If a part is missing or they do not belong together.
        """
        if not text.startswith(_PRIVATE):
            raise InvalidNote("Cannot read a private key: expected a text that says so.")
        name, key_id, algorithm, seed = _parse_key(text.removeprefix(_PRIVATE), "private key")
        signer = cls.make(name, algorithm=algorithm, seed=seed)
        if signer.verifier.key_id != key_id:
            raise InvalidNote(f"The private key of {name!r} fits no public key.")
        return signer

    def __str__(self) -> str:
        key = self.verifier
        return _PRIVATE + _format_key(key.name, key.key_id, key.algorithm, self.seed)

    @property
    def name(self) -> str:
        """The name it signs under."""
        return self.verifier.name

    def cosigner(self) -> "Signer":
        """Return the same key as a signer of times and texts: it then has another id."""
        return Signer(self.verifier.cosigner(), self.seed)

    def sign(self, text: str, *, at_s: int | None = None) -> bytes:
        """Sign a text: 64 bytes, with 8 bytes of time before them in a cosignature.

        Args:
            text: With its last newline.
            at_s: Seconds since 1970 that a cosignature speaks of; a plain signature has none.

        Raises:
            InvalidNote: If a cosignature is to be made of no time, or of one before 1970.
        """
        key = Ed25519PrivateKey.from_private_bytes(self.seed)
        if self.verifier.algorithm == ED25519:
            return key.sign(text.encode())
        if at_s is None or not 0 <= at_s <= _TIME_MAX_S:
            raise InvalidNote(f"A cosignature of {self.name!r} needs a time, got {at_s}.")
        return at_s.to_bytes(_TIME_SIZE) + key.sign(_timed(text, at_s))

    def signature(self, text: str, *, at_s: int | None = None) -> Signature:
        """Sign a text; return what goes under the note."""
        return Signature(self.name, self.verifier.key_id, self.sign(text, at_s=at_s))


@dataclass(frozen=True, slots=True)
class Note:
    """A text and what stands under it; nothing is checked yet but the spelling."""

    text: str
    """With its last newline; it may have empty lines."""
    signatures: tuple[Signature, ...]
    """In the order they stand; never none."""

    def encode(self) -> bytes:
        """Write the note: text, empty line, one line per signature.

        Raises:
            InvalidNote: If nobody could read it again.
        """
        lines = "".join(f"{signature}\n" for signature in self.signatures)
        data = f"{self.text}\n{lines}".encode()
        if not self.text.endswith("\n") or parse_note(data) != self:
            raise InvalidNote(f"Cannot write {self.text[:60]!r} as a note: nobody could read it.")
        return data


@dataclass(frozen=True, slots=True)
class Opened:
    """A note that at least one known key signed, every known key rightly."""

    text: str
    by: tuple[tuple[Verifier, int | None], ...]
    """Who signed, each key once, with the time of a cosignature in seconds since 1970."""
    unknown: tuple[Signature, ...]
    """Signatures by other keys: they say nothing, neither good nor bad."""


def parse_note(data: bytes) -> Note:
    """Read the text and the signatures of a note without checking who made them.

    Raises:
        InvalidNote: If the bytes are no note, or longer than anyone should read.

    Source: C2SP signed-note, section "Format".
    """
    if len(data) > NOTE_SIZE_MAX:
        raise InvalidNote(f"A note has at most {NOTE_SIZE_MAX} bytes, got {len(data)}.")
    try:
        whole = data.decode()
    except UnicodeDecodeError as error:
        raise InvalidNote(f"A note is UTF-8 text; byte {error.start} is not.") from error
    if any(sign < " " and sign != "\n" for sign in whole):
        raise InvalidNote("A note has no control characters but the ends of its lines.")
    # The last empty line divides: the text before it may have empty lines of its own.
    text, blank, below = whole.rpartition("\n\n")
    if not blank or not below.endswith("\n"):
        raise InvalidNote("A note is a text, an empty line and lines of signatures, each ended.")
    lines = below[:-1].split("\n")
    if len(lines) > SIGNATURES_MAX:
        raise InvalidNote(f"A note has at most {SIGNATURES_MAX} signatures, got {len(lines)}.")
    return Note(text + "\n", tuple(_parse_signature(line) for line in lines))


def open_note(data: bytes, verifiers: Iterable[Verifier]) -> Opened:
    """Read a note and check every signature by a known key.

    Args:
        data: The note.
        verifiers: The keys that are known.

    Raises:
        InvalidNote: If it is no note, no known key signed it, a signature by a known key is
            wrong, or two of the keys cannot be told apart by name and id.

    Source: C2SP signed-note, section "Signatures".
    """
    note = parse_note(data)
    known: dict[tuple[str, bytes], list[Verifier]] = {}
    for verifier in verifiers:
        known.setdefault((verifier.name, verifier.key_id), []).append(verifier)
    by: dict[tuple[str, bytes], tuple[Verifier, int | None]] = {}
    unknown: dict[Signature, None] = {}
    for signature in note.signatures:
        key = (signature.name, signature.key_id)
        match known.get(key, []):
            case []:
                unknown.setdefault(signature)
            case [verifier]:
                signed_at_s = verifier.check(note.text, signature.data)
                by.setdefault(key, (verifier, signed_at_s))
            case _:
                raise InvalidNote(f"Two known keys are {key[0]!r} with id {key[1].hex()}.")
    if not by:
        raise InvalidNote("No known key signed this note.")
    return Opened(note.text, tuple(by.values()), tuple(unknown))


def sign_note(text: str, *signers: Signer, at_s: int | None = None) -> bytes:
    """Write a note of a text, signed by each signer in turn.

    Args:
        text: With its last newline.
        signers: At least one.
        at_s: Seconds since 1970 that cosigners put under their signatures.

    Raises:
        InvalidNote: If the text cannot stand in a note.
    """
    return Note(text, tuple(signer.signature(text, at_s=at_s) for signer in signers)).encode()


def decode_base64(text: str) -> bytes | None:
    """Read base64 in its one right spelling (RFC 4648 section 4, padded); None for all else."""
    try:
        data = b64decode(text, validate=True)
    except (NoBase64, ValueError):
        return None
    # Bits behind the last byte would give one value several spellings.
    return data if _base64(data) == text else None


def _base64(data: bytes) -> str:
    return b64encode(data).decode()


def _timed(text: str, at_s: int) -> bytes:
    """Return what a cosignature signs (C2SP tlog-cosignature, "Ed25519 signed message")."""
    return f"cosignature/v1\ntime {at_s}\n{text}".encode()


def _public(seed: bytes) -> bytes:
    key = Ed25519PrivateKey.from_private_bytes(seed).public_key()
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def _key_id(name: str, algorithm: int, key: bytes) -> bytes:
    # C2SP signed-note, section "Signatures".
    return sha256(name.encode() + b"\n" + bytes([algorithm]) + key).digest()[:KEY_ID_SIZE]


def _is_name(name: str) -> bool:
    # Lone surrogates have no UTF-8, so that nobody could compute the key's id.
    return bool(name) and not any(
        sign.isspace() or sign < " " or sign == "+" or "\ud800" <= sign <= "\udfff" for sign in name
    )


def _check_name(name: str) -> None:
    if not _is_name(name):
        raise InvalidNote(f"Cannot name a key {name[:60]!r}: expected no blank and no plus sign.")


def _format_key(name: str, key_id: bytes, algorithm: int, key: bytes) -> str:
    return f"{name}+{key_id.hex()}+{_base64(bytes([algorithm]) + key)}"


def _parse_key(text: str, what: str) -> tuple[str, bytes, int, bytes]:
    # Base64 knows plus signs, too: only the first two divide.
    parts: Sequence[str] = text.split("+", 2)
    if len(parts) == 3 and len(parts[1]) == 2 * KEY_ID_SIZE:
        name, hexed, coded = parts
        data = decode_base64(coded)
        is_hex = all(sign in "0123456789abcdef" for sign in hexed)
        if data and is_hex and len(data) == 1 + KEY_SIZE and _is_name(name):
            return name, bytes.fromhex(hexed), data[0], data[1:]
    raise InvalidNote(
        f"Cannot read a {what}: expected NAME+ID+KEY, the id in 8 hex digits and {KEY_SIZE} "
        "bytes of key behind one of type in base64."
    )


def _parse_signature(line: str) -> Signature:
    name, _blank, coded = line.removeprefix(_DASH).partition(" ")
    data = decode_base64(coded)
    if line.startswith(_DASH) and _is_name(name) and data and len(data) > KEY_ID_SIZE:
        return Signature(name, data[:KEY_ID_SIZE], data[KEY_ID_SIZE:])
    raise InvalidNote(
        f"Cannot read {line[:60]!r} as a signature: expected a dash, a name, and base64 of key "
        "id and signature."
    )
