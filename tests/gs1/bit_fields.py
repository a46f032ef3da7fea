"""Bits of a tag put together from fields as a person reads them out of the standard."""

from __future__ import annotations

Field = tuple[int | str, int]

ALPHABETS = {
    "x:": ("0123456789abcdef", 4),
    "b:": ("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", 6),
}


def assemble(fields: list[Field]) -> tuple[int, int]:
    """Return the bits as one number and their count.

    A text is 7-bit characters filled up with zeros; behind ``6:`` 6-bit, behind ``8:`` 8-bit,
    behind ``x:`` hexadecimal digits of 4 bits, behind ``b:`` base64url of 6 bits.
    """
    text = "".join(bit_text(value, width) for value, width in fields)
    return int(text, 2), len(text)


def bit_text(value: int | str, width: int) -> str:
    """Write one field as zeros and ones, computed apart from the code under test."""
    if isinstance(value, int):
        return format(value, f"0{width}b")
    if value[:2] in ("x:", "b:"):
        alphabet, size = ALPHABETS[value[:2]]
        return "".join(format(alphabet.index(letter), f"0{size}b") for letter in value[2:])
    size = {"6:": 6, "8:": 8}.get(value[:2], 7)
    letters = value[2:] if size != 7 else value
    # "!" stands for no character: it keeps a text of six from being ended by zeros.
    codes = [ord(letter) % 2**size for letter in letters.replace("!", "")]
    return "".join(format(code, f"0{size}b") for code in codes).ljust(width, "0")
