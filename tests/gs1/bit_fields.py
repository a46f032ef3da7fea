"""Bits of a tag put together from fields as a person reads them out of the standard."""

from __future__ import annotations

Field = tuple[int | str, int]


def assemble(fields: list[Field]) -> tuple[int, int]:
    """Return the bits as one number and their count.

    A text is 7-bit characters filled up with zeros; behind ``6:`` 6-bit, behind ``8:`` 8-bit.
    """
    text = "".join(bit_text(value, width) for value, width in fields)
    return int(text, 2), len(text)


def bit_text(value: int | str, width: int) -> str:
    """Write one field as zeros and ones, computed apart from the code under test."""
    if isinstance(value, int):
        return format(value, f"0{width}b")
    size = {"6:": 6, "8:": 8}.get(value[:2], 7)
    letters = value[2:] if size != 7 else value
    # "!" stands for no character: it keeps a text of six from being ended by zeros.
    codes = [ord(letter) % 2**size for letter in letters.replace("!", "")]
    return "".join(format(code, f"0{size}b") for code in codes).ljust(width, "0")
