"""Which character a key is: a scanner types places on a keyboard, and a layout says what they mean.

The places are the kernel's numbers of keys (`KEY_1` is 2 wherever the 1 is printed), which its
driver makes of the usages of a USB keyboard. A layout is four rows of characters from left to
right, without and with shift, and what AltGr adds.

>>> LAYOUTS["us"].character(3, is_shifted=True, is_third=False)
'@'
>>> LAYOUTS["de"].character(16, is_shifted=False, is_third=True)
'@'

Source: Linux `include/uapi/linux/input-event-codes.h` and `drivers/hid/hid-input.c`; USB HID Usage
Tables, page 07; the national layouts as the X keyboard database (`symbols/`) has them.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field

__all__ = ["ENDINGS", "KEYPAD", "LAYOUTS", "Layout", "compose"]

ENTER, TAB, SPACE, CAPS_LOCK, F8, KEYPAD_ENTER = 28, 15, 57, 58, 66, 96
LEFT_CTRL, RIGHT_CTRL, LEFT_SHIFT, RIGHT_SHIFT, LEFT_ALT, ALT_GR = 29, 97, 42, 54, 56, 100
ENDINGS = (ENTER, TAB, KEYPAD_ENTER)
KEYPAD = dict(
    zip(
        (71, 72, 73, 74, 75, 76, 77, 78, 79, 80, 81, 82, 83, 98, 55, 117),
        "789-456+1230./*=",
        strict=True,
    )
)
"""The keypad with its lock on, as scanners mean it; keys of their own, not those of the rows."""
_PLACES = (41, *range(2, 14), *range(16, 28), *range(30, 41), 43, 86, *range(44, 54))
"""The rows from the digits down; 43 stands behind the third row, 86 left of the fourth."""
_MARKS = {"^": "\u0302", "´": "\u0301", "`": "\u0300", "¨": "\u0308", "~": "\u0303"}
"""A dead key's own character → the mark that it puts on the next one."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What is printed on the keys."""

    name: str
    plain: str
    """Four rows with a blank between: 48 characters, one for each place."""
    shifted: str
    third: str = ""
    """Pairs: what is printed on a key, and what AltGr makes of it."""
    dead: str = ""
    """Characters whose key waits for the next one."""
    _plain: dict[int, str] = field(init=False, repr=False, compare=False)
    _shifted: dict[int, str] = field(init=False, repr=False, compare=False)
    _third: dict[int, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Spread the rows over the places."""
        plain = dict(zip(_PLACES, self.plain.replace(" ", ""), strict=True)) | {SPACE: " "}
        pairs = {each[0]: each[1] for each in self.third.split()}
        object.__setattr__(self, "_plain", plain)
        shifted = dict(zip(_PLACES, self.shifted.replace(" ", ""), strict=True)) | {SPACE: " "}
        object.__setattr__(self, "_shifted", shifted)
        third = {code: pairs[char] for code, char in plain.items() if char in pairs}
        object.__setattr__(self, "_third", third)

    def character(self, code: int, *, is_shifted: bool, is_third: bool) -> str:
        """Return what a key writes; empty if it writes nothing."""
        if is_third:
            return self._third.get(code, "")
        return (self._shifted if is_shifted else self._plain).get(code, "")

    def is_letter(self, code: int) -> bool:
        """True of a key that caps lock turns round."""
        return self._plain.get(code, "").isalpha()

    def key_of(self, char: str) -> tuple[int, bool, bool] | None:
        """Return key, shift and AltGr that write a character at once; None if no key does."""
        if char in self.dead:
            return None
        for table, is_shifted, is_third in (
            (self._plain, False, False),
            (self._shifted, True, False),
            (self._third, False, True),
        ):
            for code, written in table.items():
                if written == char:
                    return code, is_shifted, is_third
        return None


def compose(dead: str, char: str) -> str:
    """Return what a dead key and the next one write together.

    >>> compose("´", "e"), compose("^", " "), compose("`", "1")
    ('é', '^', '`1')
    """
    if char == " ":
        return dead
    joined = unicodedata.normalize("NFC", char + _MARKS[dead])
    return joined if len(joined) == 1 else dead + char


LAYOUTS: dict[str, Layout] = {
    layout.name: layout
    for layout in (
        Layout(
            "us",
            "`1234567890-= qwertyuiop[] asdfghjkl;'\\ <zxcvbnm,./",
            '~!@#$%^&*()_+ QWERTYUIOP{} ASDFGHJKL:"| >ZXCVBNM<>?',
        ),
        Layout(
            "gb",
            "`1234567890-= qwertyuiop[] asdfghjkl;'# \\zxcvbnm,./",
            '¬!"£$%^&*()_+ QWERTYUIOP{} ASDFGHJKL:@~ |ZXCVBNM<>?',
            "4€",
        ),
        Layout(
            "de",
            "^1234567890ß´ qwertzuiopü+ asdfghjklöä# <yxcvbnm,.-",
            "°!\"§$%&/()=?` QWERTZUIOPÜ* ASDFGHJKLÖÄ' >YXCVBNM;:_",
            "q@ e€ 2² 3³ 7{ 8[ 9] 0} ß\\ +~ <| mµ",
            "^´`",
        ),
        Layout(
            "fr",
            "²&é\"'(-è_çà)= azertyuiop^$ qsdfghjklmù* <wxcvbn,;:!",
            "~1234567890°+ AZERTYUIOP¨£ QSDFGHJKLM%µ >WXCVBN?./§",
            "é~ \"# '{ ([ -| è` _\\ ç^ à@ )] =} e€ $¤",
            "^¨",
        ),
        Layout(
            "es",
            "º1234567890'¡ qwertyuiop`+ asdfghjklñ´ç <zxcvbnm,.-",
            'ª!"·$%&/()=?¿ QWERTYUIOP^* ASDFGHJKLÑ¨Ç >ZXCVBNM;:_',
            "º\\ 1| 2@ 3# 4~ e€ `[ +] ´{ ç}",
            "`^´¨",
        ),
        Layout(
            "pt",
            "\\1234567890'« qwertyuiop+´ asdfghjklçº~ <zxcvbnm,.-",
            '|!"#$%&/()=?» QWERTYUIOP*` ASDFGHJKLÇª^ >ZXCVBNM;:_',
            "2@ 3£ 4§ 7{ 8[ 9] 0} e€",
            "´`~^",
        ),
        Layout(
            "it",
            "\\1234567890'ì qwertyuiopè+ asdfghjklòàù <zxcvbnm,.-",
            '|!"£$%&/()=?^ QWERTYUIOPé* ASDFGHJKLç°§ >ZXCVBNM;:_',
            "ò@ à# è[ +] e€",
        ),
        Layout(
            "tr",
            '"1234567890*- qwertyuıopğü asdfghjklşi, <zxcvbnmöç.',
            "é!'^+%&/()=?_ QWERTYUIOPĞÜ ASDFGHJKLŞİ; >ZXCVBNMÖÇ:",
            "q@ 2£ 3# 4$ 7{ 8[ 9] 0} *\\ -| e€",
        ),
    )
}  # fmt: skip
"""By the codes of countries. Their order is part of recordings: new ones are added at the end."""
