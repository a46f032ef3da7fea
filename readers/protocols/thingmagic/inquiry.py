"""How a ThingMagic or Silion module is recognised: it is asked for its version.

>>> [ask.hex() for ask in THINGMAGIC_INQUIRY.asks]
['ff00031d0c']

Source: PROTOCOLS.md sections 0.4 and 1.
"""

from __future__ import annotations

from collections.abc import Sequence

from readers.inquiry import About, Inquiry
from readers.protocols.thingmagic.codec import Frame
from readers.protocols.thingmagic.commands import REGIONS
from readers.reads import Item, Reply, TagRead

_VERSION, _POWER, _REGION, _STREAM = 0x03, 0x62, 0x67, 0x22
_MODELS = {"00": "M5e", "01": "M5e Compact", "18": "M6e", "20": "M6e Micro", "30": "M6e Nano"}
"""First byte of the hardware version, as far as it is known for certain."""


def _is_answer(item: Item) -> bool:
    # A line that repeats what it is told says the question again; that is no whole answer.
    return isinstance(item, Reply) and item.command == _VERSION and "fw_version" in item.fields


def _is_pushed(item: Item) -> bool:
    # While it reads it hears no question: it is known by its tags and its heartbeat.
    return isinstance(item, TagRead) or (
        isinstance(item, Reply) and item.fields.get("kind") in ("keep-alive", "tag without EPC")
    )


def _further(answer: Item) -> tuple[bytes, ...]:
    if not _is_answer(answer):
        return ()
    return (Frame(_POWER, b"\x01").encode(), Frame(_REGION, b"").encode())


def _about(items: Sequence[Item]) -> About:
    model, firmware, region = "", "", ""
    power: tuple[float, ...] = ()
    for item in items:
        if not isinstance(item, Reply) or item.error is not None:
            continue
        fields = item.fields
        if item.command == _VERSION and "fw_version" in fields:
            model = _MODELS.get(str(fields["hardware"])[:2], "")
            firmware = ".".join(f"{part:X}" for part in bytes.fromhex(str(fields["fw_version"])))
        elif item.command == _REGION and isinstance(number := fields.get("region"), int):
            region = REGIONS.get(number, "")
        elif item.command == _POWER and isinstance(word := fields.get("power_cdbm"), int):
            power = (word / 100,)
    return About(model, firmware, region, power)


THINGMAGIC_INQUIRY = Inquiry(
    (Frame(_VERSION, b"").encode(),), _is_answer, _is_pushed, _further, _about, may_sleep=True
)
