"""What is secret in a backup lies in it sealed: a stick that is lost gives no key away.

A passphrase becomes a key by scrypt (RFC 7914), slow on purpose; each secret file is sealed alone
by AES-256-GCM under that key, with its path bound to it, as 12 bytes of nonce before the sealed
bytes. The backup's list says by which numbers, so that it can be opened in thirty years, too.

>>> seal = Seal.fresh("a recovery code, or more than twelve signs")
>>> opener = seal.opener("a recovery code, or more than twelve signs")
>>> opener.open("key", opener.seal("key", b"secret"))
b'secret'
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from traceability.errors import Refused
from traceability.factory.recovery import GROUPS, read_code

__all__ = ["SEALED_MAX", "Opener", "Seal", "is_secret", "stays_here"]

SEALED_MAX = 64 * 1024
"""Bytes of a secret file: keys are short."""
OVERHEAD = 12 + 16
_NONCE = 12
_SALT = 16
_KEY = 32
_CODE_COST = 1 << 14
"""scrypt's N for a recovery code: it is too long to be guessed at any speed."""
_WORDS_COST = 1 << 17
"""scrypt's N for a passphrase that a person made up: 128 MB and a third of a second a guess."""
_COST_MAX = 1 << 18
_BLOCK, _LANES = 8, 1
_KEY_FILE = re.compile(r"key|[^/]+\.keys/[^/]+\.key")
_MEMORY = re.compile(r"[^/]+\.keys/.+(?<!\.key)")


def is_secret(path: str) -> bool:
    """Say whether a file of a factory must be sealed: the key of links, the keys of the signer.

    >>> is_secret("key"), is_secret("ledger.sqlite.keys/main-1.key"), is_secret("uploads/key")
    (True, True, False)
    """
    return _KEY_FILE.fullmatch(path) is not None


def stays_here(path: str) -> bool:
    """Say whether a file is the memory of this PC's signer: true of no other copy of the record.

    >>> stays_here("ledger.sqlite.keys/main.signed"), stays_here("ledger.sqlite.keys/main-1.key")
    (True, False)
    """
    return _MEMORY.fullmatch(path) is not None


@dataclass(frozen=True, slots=True)
class Seal:
    """How the secret files of one backup are sealed."""

    salt: bytes
    cost: int
    """scrypt's N; its r and p are 8 and 1."""

    @staticmethod
    def fresh(passphrase: str) -> Seal:
        """Draw a salt and choose the cost that the passphrase needs."""
        try:
            is_code = passphrase.count("-") == GROUPS - 1 and bool(read_code(passphrase))
        except Refused:
            is_code = False
        return Seal(os.urandom(_SALT), _CODE_COST if is_code else _WORDS_COST)

    def opener(self, passphrase: str) -> Opener:
        """Make the key from the passphrase: some tenths of a second."""
        scrypt = Scrypt(salt=self.salt, length=_KEY, n=self.cost, r=_BLOCK, p=_LANES)
        return Opener(AESGCM(scrypt.derive(passphrase.encode())))

    def tree(self) -> dict[str, Any]:
        """Return what a backup's list says of it."""
        return {
            "kdf": "scrypt",
            "n": self.cost,
            "r": _BLOCK,
            "p": _LANES,
            "salt": self.salt.hex(),
            "cipher": "AES-256-GCM, 12 bytes of nonce first, path as associated data",
        }

    @staticmethod
    def parse(tree: Mapping[str, Any]) -> Seal:
        """Read what a backup's list says of it.

        Raises:
            ValueError: If it is sealed in no way known here.
        """
        cost, salt = tree["n"], bytes.fromhex(tree["salt"])
        said = (tree["kdf"], tree["r"], tree["p"], str(tree["cipher"]).split(",")[0])
        if said != ("scrypt", _BLOCK, _LANES, "AES-256-GCM") or len(salt) != _SALT:
            raise ValueError(said)
        # A list may come from anybody: what it asks for must not fill the memory.
        if type(cost) is not int or not 2 <= cost <= _COST_MAX or cost & (cost - 1):
            raise ValueError(cost)
        return Seal(salt, cost)


class Opener:
    """A key that seals and opens the secret files of one backup."""

    def __init__(self, cipher: AESGCM) -> None:
        self._cipher = cipher

    def seal(self, path: str, data: bytes) -> bytes:
        """Seal a file."""
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, data, path.encode())

    def open(self, path: str, data: bytes) -> bytes:
        """Open a file that is what the backup's list says.

        Raises:
            Refused: If it was sealed with another passphrase.
        """
        try:
            return self._cipher.decrypt(data[:_NONCE], data[_NONCE:], path.encode())
        except (InvalidTag, ValueError) as error:
            raise Refused(
                "The recovery code does not open this backup: it is of another workshop, or of "
                "another time. Nothing was restored; look for the right sheet, or leave the code "
                "empty and begin with new keys."
            ) from error
