"""How a Chainway reader is recognised: it is asked for its firmware.

>>> [ask.hex() for ask in CHAINWAY_INQUIRY.asks]
['a55a0008020a0d0a']

Source: PROTOCOLS.md sections 0.4 and 7.
"""

from __future__ import annotations

from collections.abc import Sequence

from readers.inquiry import REGIONS as KNOWN_REGIONS
from readers.inquiry import About, Inquiry
from readers.protocols.chainway.codec import Frame
from readers.protocols.chainway.commands import CHIPS, REGIONS
from readers.reads import Item, Reply, TagRead

_FIRMWARE, _POWER, _REGION = 0x02, 0x12, 0x2E


def _is_answer(item: Item) -> bool:
    # A line that repeats what it is told says the question again, whose code is one less.
    return isinstance(item, Reply) and item.command == _FIRMWARE + 1 and "version" in item.fields


def _is_pushed(item: Item) -> bool:
    return isinstance(item, TagRead)


def _further(_answer: Item) -> tuple[bytes, ...]:
    # One that is found while it reads answers nothing until it is stopped, which nobody asked for.
    return tuple(Frame(command, b"").encode() for command in (_FIRMWARE, _REGION, _POWER))


def _about(items: Sequence[Item]) -> About:
    model = firmware = region = ""
    power: tuple[float, ...] = ()
    for item in items:
        if not isinstance(item, Reply):
            continue
        fields = item.fields
        if item.command == _FIRMWARE + 1 and "version" in fields:
            firmware = str(fields["version"])
            model = CHIPS.get(int(firmware.split(".")[0]), "")
        elif item.command == _REGION + 1 and isinstance(number := fields.get("region"), int):
            word = REGIONS.get(number, "")
            region = word if word in KNOWN_REGIONS else ""
        elif item.command == _POWER + 1:
            power = _powers(fields)
    return About(model, firmware, region, power)


def _powers(fields: object) -> tuple[float, ...]:
    """Return the power of the antennas that have one, or one figure for all."""
    assert isinstance(fields, dict)
    each = [
        one["write_cdbm"] / 100 for one in fields.get("powers", [fields]) if "write_cdbm" in one
    ]
    set_ones = [power for power in each if power]
    return tuple(set_ones if len(set(set_ones)) > 1 else set_ones[:1])


CHAINWAY_INQUIRY = Inquiry(
    (Frame(_FIRMWARE, b"").encode(),), _is_answer, _is_pushed, _further, _about
)
