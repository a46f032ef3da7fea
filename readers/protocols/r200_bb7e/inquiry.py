"""How an R200 / M100 module is recognised: it is asked for its hardware text, in both variants.

>>> [ask.hex() for ask in R200_INQUIRY.asks]
['bb0003000100047e', 'aa000300010004dd']

Source: PROTOCOLS.md sections 0.4 and 6.
"""

from __future__ import annotations

from collections.abc import Sequence

from readers.inquiry import About, Inquiry
from readers.protocols.r200_bb7e.codec import NO_TAG, Frame
from readers.reads import Item, Reply, TagRead

_INFO, _REGION, _POWER = 0x03, 0x08, 0xB7
_HARDWARE, _SOFTWARE = 0, 1
_WORDS = {1: "cn", 2: "us", 3: "eu", 4: "cn840", 6: "kr"}
STRONG_DBM = 6.0
"""A module sold as 26 dBm puts out so much more than its power word says."""


def _is_answer(item: Item) -> bool:
    return isinstance(item, Reply) and item.command == _INFO and "text" in item.fields


def _is_pushed(item: Item) -> bool:
    return isinstance(item, TagRead) or (isinstance(item, Reply) and item.error == NO_TAG)


def _further(answer: Item) -> tuple[bytes, ...]:
    """Ask in the variant that was answered; who was known by what he pushed, for all."""
    head = 0xBB if not isinstance(answer, Reply | TagRead) else answer.frame[0]
    asks = [(_INFO, b"\x01"), (_REGION, b""), (_POWER, b"")]
    if not _is_answer(answer):
        asks.insert(0, (_INFO, b"\x00"))
    return tuple(Frame(0, command, data, head).encode() for command, data in asks)


def _about(items: Sequence[Item]) -> About:
    texts: dict[object, str] = {}
    region, power = "", None
    for item in items:
        if not isinstance(item, Reply):
            continue
        if item.command == _INFO and "text" in item.fields:
            texts[item.fields["which"]] = str(item.fields["text"]).strip()
        elif item.command == _REGION and isinstance(number := item.fields.get("region"), int):
            region = _WORDS.get(number, "own")
        elif item.command == _POWER and isinstance(word := item.fields.get("wire_cdbm"), int):
            power = word / 100
    model = texts.get(_HARDWARE, "")
    # The same word means 20 dBm on one board and 26 on the other; the board says which it is.
    if power is None or not model:
        return About(model, texts.get(_SOFTWARE, ""), region)
    if "26dBm" in model.replace(" ", ""):
        power += STRONG_DBM
    return About(model, texts.get(_SOFTWARE, ""), region, (power,))


R200_INQUIRY = Inquiry(
    tuple(Frame(0, _INFO, b"\x00", head).encode() for head in (0xBB, 0xAA)),
    _is_answer,
    _is_pushed,
    _further,
    _about,
    may_sleep=True,
)
