r"""How an Alien reader is recognised: it is asked for its type.

>>> ALIEN_INQUIRY.asks
(b'\x01get ReaderType\r\n',)

Source: PROTOCOLS.md section 11.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from readers.inquiry import About, Inquiry
from readers.protocols.alien_ascii.codec import command_code
from readers.reads import Item, Reply, TagRead

_ASK_TYPE, _ASK_VERSION = b"\x01get ReaderType\r\n", b"\x01get ReaderVersion\r\n"
_TYPE, _VERSION = command_code("ReaderType"), command_code("ReaderVersion")
_MODEL = re.compile(r"Model: *([\w-]+)")
_FIRMWARE = re.compile(r"SW Rev: *([\w.]+)")


def _is_answer(item: Item) -> bool:
    # A line that repeats what it is told says `get ReaderType`, without a value.
    return isinstance(item, Reply) and item.command == _TYPE and "Alien" in str(item.fields)


def _is_pushed(item: Item) -> bool:
    if isinstance(item, Reply):
        is_greeting = item.fields.get("kind") == "banner" and "Alien" in str(item.fields["text"])
        return is_greeting or item.name.startswith("Alien RFID Reader") or item.name == "Alien"
    return isinstance(item, TagRead)


def _further(answer: Item) -> tuple[bytes, ...]:
    return (_ASK_VERSION,) if _is_answer(answer) else (_ASK_TYPE, _ASK_VERSION)


def _about(items: Sequence[Item]) -> About:
    model = firmware = ""
    for item in items:
        if isinstance(item, Reply) and item.command in (_TYPE, _VERSION):
            said = str(item.fields.get("value", ""))
            if item.command == _TYPE and (match := _MODEL.search(said)):
                model = match.group(1)
            if item.command == _VERSION and (match := _FIRMWARE.search(said)):
                firmware = match.group(1)
    return About(model, firmware)


ALIEN_INQUIRY = Inquiry((_ASK_TYPE,), _is_answer, _is_pushed, _further, _about, pushed_min=1)
