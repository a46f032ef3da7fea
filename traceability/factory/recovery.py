"""The recovery code: what is printed once and opens the keys in a backup when the PC is gone.

24 characters in six groups, without letters that look like figures. The last character of each
group follows from the others, so that a slip of the finger is named with its group before anything
is tried. The workshop keeps it in a file that goes into no backup; whoever has a backup and not
the code has the record, and none of the keys.

>>> read_code("aaaq aaav aaa2")
Traceback (most recent call last):
traceability.errors.Refused: A recovery code has 24 signs in 6 groups, and these are 12: compare \
it with the sheet.
"""

from __future__ import annotations

import os
import secrets
from unicodedata import normalize

from traceability.errors import Refused
from traceability.factory.folder import Factory

__all__ = ["CODE_FILE", "code_of", "new_code", "passphrase_of", "read_code"]

CODE_FILE = "recovery-code.txt"
"""In the factory's folder; in no backup."""
SIGNS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""31 signs, a prime: one wrong sign, or two that changed places, never pass the check."""
GROUPS = 6
_SIZE = 4
PASSPHRASE_MIN = 12
"""Signs of a passphrase of one's own; the code has more in it than any of that length."""


def new_code() -> str:
    """Draw a code: 18 random signs, 89 bits, and six that check them."""
    groups = []
    for number in range(GROUPS):
        drawn = "".join(secrets.choice(SIGNS) for _ in range(_SIZE - 1))
        groups.append(drawn + _check(number, drawn))
    return "-".join(groups)


def _check(number: int, drawn: str) -> str:
    weighed = sum(place * SIGNS.index(sign) for place, sign in enumerate(drawn, start=1))
    return SIGNS[(weighed + 5 * number + 3) % len(SIGNS)]


def read_code(text: str) -> str:
    """Read a code as somebody typed it: in small letters, with blanks, without hyphens.

    Raises:
        Refused: If it is none; the sentence names the group that is mistyped.
    """
    bare = "".join(sign for sign in normalize("NFKC", text).upper() if sign.isalnum())
    if len(bare) != GROUPS * _SIZE:
        raise Refused(
            f"A recovery code has {GROUPS * _SIZE} signs in {GROUPS} groups, and these are "
            f"{len(bare)}: compare it with the sheet."
        )
    groups = [bare[at : at + _SIZE] for at in range(0, len(bare), _SIZE)]
    for number, group in enumerate(groups):
        is_known = all(sign in SIGNS for sign in group)
        if not is_known or _check(number, group[:-1]) != group[-1]:
            raise Refused(
                f"Group {number + 1} of the recovery code, {group}, is mistyped: compare it with "
                "the sheet."
            )
    return "-".join(groups)


def passphrase_of(text: str) -> str:
    """Return what a typed text seals with: a recovery code in its one spelling, else the text.

    Raises:
        Refused: If it is too short to be either.
    """
    try:
        return read_code(text)
    except Refused as error:
        typed = normalize("NFC", text.strip())
        signs = sum(sign.isalnum() for sign in typed)
        # 24 signs are a mistyped code, and so is whatever has its hyphens.
        if signs == GROUPS * _SIZE or typed.count("-") == GROUPS - 1:
            raise
        if len(typed) < PASSPHRASE_MIN:
            raise Refused(
                f"Cannot seal with a passphrase of {len(typed)} signs: expected at least "
                f"{PASSPHRASE_MIN}, or the recovery code of {GROUPS * _SIZE}."
            ) from error
        return typed


def code_of(factory: Factory) -> str:
    """Return the workshop's code; the first time it is drawn and kept.

    Raises:
        Refused: If the file cannot be read or written, or holds no code.
    """
    path = factory.folder / CODE_FILE
    try:
        if path.exists():
            return read_code(path.read_text(encoding="utf-8"))
        return _write(factory, new_code())
    except FileExistsError:
        return read_code(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Refused(f"Cannot keep the recovery code in {path}: {error.strerror}.") from error
    except Refused as error:
        raise Refused(
            f"{path} holds no recovery code: {error} Or move the file away: a new code is drawn, "
            "and backups made from then on open with it."
        ) from error


def _write(factory: Factory, code: str) -> str:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    descriptor = os.open(factory.folder / CODE_FILE, flags, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(code + "\n")
        file.flush()
        os.fsync(file.fileno())
    return code
