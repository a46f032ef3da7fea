"""How a `53 57` reader is recognised: any address is asked for its versions.

>>> [ask.hex() for ask in CHAFON_5357_INQUIRY.asks]
['53570003ff1044']

Source: PROTOCOLS.md sections 0.4 and 5.
"""

from __future__ import annotations

from collections.abc import Sequence

from readers.inquiry import About, Inquiry
from readers.protocols.chafon_5357.codec import BROADCAST, Frame
from readers.protocols.chafon_5357.commands import (
    FREQUENCY_GET,
    HEARTBEAT,
    PARAMETER_GET,
    POWER,
    SYSTEM,
)
from readers.reads import Item, Reply, TagRead

_ASK = Frame(BROADCAST, SYSTEM, b"").encode()
_REGIONS = {"3180": "us", "4e00": "eu", "2ca3": "cn", "299d": "kr"}


def _is_answer(item: Item) -> bool:
    return isinstance(item, Reply) and item.command == SYSTEM and "soft" in item.fields


def _is_pushed(item: Item) -> bool:
    return isinstance(item, TagRead) or (isinstance(item, Reply) and item.command == HEARTBEAT)


def _further(answer: Item) -> tuple[bytes, ...]:
    asks = (
        Frame(BROADCAST, FREQUENCY_GET, b"").encode(),
        Frame(BROADCAST, PARAMETER_GET, bytes((POWER,))).encode(),
    )
    return asks if _is_answer(answer) else (_ASK, *asks)


def _about(items: Sequence[Item]) -> About:
    firmware, region = "", ""
    power: tuple[float, ...] = ()
    for item in items:
        if not isinstance(item, Reply) or item.error is not None:
            continue
        if _is_answer(item):
            firmware = str(item.fields["soft"])
        elif item.command == FREQUENCY_GET and "freq" in item.fields:
            region = _REGIONS.get(str(item.fields["freq"])[:4], "own")
        elif item.command == PARAMETER_GET and "power_dbm" in item.fields:
            power = (float(str(item.fields["power_dbm"])),)
    return About(firmware=firmware, region=region, power_dbm=power)


CHAFON_5357_INQUIRY = Inquiry((_ASK,), _is_answer, _is_pushed, _further, _about)
