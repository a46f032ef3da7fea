"""How an `A0` reader is recognised: any address is asked for its firmware.

>>> [ask.hex() for ask in R2000_INQUIRY.asks]
['a003ff72ec']

Source: PROTOCOLS.md sections 0.4 and 2.
"""

from __future__ import annotations

from collections.abc import Sequence

from readers.inquiry import About, Inquiry
from readers.protocols.r2000_a0.codec import BROADCAST, INVENTORIES, Frame
from readers.reads import Item, Reply, TagRead

_FIRMWARE, _POWER, _REGION = 0x72, 0x77, 0x79
_WORDS = {1: "us", 2: "eu", 3: "cn", 4: "own"}


def _is_answer(item: Item) -> bool:
    # A line that repeats what it is told says the question again, without a version.
    return isinstance(item, Reply) and item.command == _FIRMWARE and "version" in item.fields


def _is_pushed(item: Item) -> bool:
    return isinstance(item, TagRead) or (
        isinstance(item, Reply) and item.command in INVENTORIES and "total_read" in item.fields
    )


def _further(_answer: Item) -> tuple[bytes, ...]:
    return tuple(Frame(BROADCAST, command, b"").encode() for command in (_REGION, _POWER))


def _about(items: Sequence[Item]) -> About:
    firmware, region = "", ""
    power: tuple[float, ...] = ()
    for item in items:
        if not isinstance(item, Reply):
            continue
        fields = item.fields
        if item.command == _FIRMWARE and "version" in fields:
            firmware = str(fields["version"])
        elif item.command == _REGION and isinstance(number := fields.get("region"), int):
            region = _WORDS.get(number, "own")
        elif item.command == _POWER and (said := fields.get("power_dbm")) is not None:
            every = said if isinstance(said, list) else [said]
            # The same power on every antenna is one figure.
            power = tuple(
                float(str(each)) for each in (every if len(set(every)) > 1 else every[:1])
            )
    return About("", firmware, region, power)


R2000_INQUIRY = Inquiry((Frame(BROADCAST, _FIRMWARE, b"").encode(),), _is_answer, _is_pushed,
                        _further, _about)  # fmt: skip
