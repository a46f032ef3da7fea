"""How a `CF` reader is recognised: any address is asked what it is, then how it is set.

>>> [ask.hex() for ask in CF_INQUIRY.asks]
['cfff0070002415']

Source: PROTOCOLS.md sections 0.4 and 4.
"""

from __future__ import annotations

from collections.abc import Sequence

from readers.inquiry import About, Inquiry
from readers.protocols.chafon_cf.codec import BROADCAST, Frame
from readers.protocols.chafon_cf.commands import GET_ALL, INFO, INVENTORY
from readers.reads import Item, Reply, TagRead

_INFO_ASK = Frame(BROADCAST, INFO, b"").encode()
_ALL_ASK = Frame(BROADCAST, GET_ALL, b"").encode()
# The byte for a region has no table: the band itself says which it is.
_BANDS = (
    (840.0, 845.0, "cn840"), (865.0, 868.0, "eu"), (917.0, 919.95, "kr"), (920.0, 925.0, "cn"),
    (902.0, 928.0, "us"),
)  # fmt: skip


def _is_answer(item: Item) -> bool:
    return isinstance(item, Reply) and item.command == INFO and item.error is None


def _is_pushed(item: Item) -> bool:
    return isinstance(item, TagRead) or (
        isinstance(item, Reply)
        and item.command == INVENTORY
        and item.fields.get("kind") == "inventory end"
    )


def _further(answer: Item) -> tuple[bytes, ...]:
    return (_ALL_ASK,) if _is_answer(answer) else (_INFO_ASK, _ALL_ASK)


def _about(items: Sequence[Item]) -> About:
    model, firmware, region = "", "", ""
    power: tuple[float, ...] = ()
    for item in items:
        if not isinstance(item, Reply) or item.error is not None:
            continue
        fields = item.fields
        if item.command == INFO and "firmware" in fields:
            model, firmware = str(fields["hardware"]), str(fields["firmware"])
        elif item.command == GET_ALL and "power_dbm" in fields:
            power = (float(str(fields["power_dbm"])),)
            low, step = float(str(fields["start_mhz"])), float(str(fields["step_khz"]))
            high = low + step * max(0, int(str(fields["channel_count"])) - 1) / 1000
            region = next((word for a, b, word in _BANDS if a <= low and high <= b), "own")
    return About(model, firmware, region, power)


CF_INQUIRY = Inquiry((_INFO_ASK,), _is_answer, _is_pushed, _further, _about)
