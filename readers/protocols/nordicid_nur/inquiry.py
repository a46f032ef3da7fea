"""How a NUR reader is recognised: it is pinged.

>>> [ask.hex() for ask in NUR_INQUIRY.asks]
['a5030000005901d1f1']

Source: PROTOCOLS.md sections 0.4 and 8.
"""

from __future__ import annotations

from collections.abc import Sequence

from readers.inquiry import About, Inquiry
from readers.protocols.nordicid_nur.codec import EXTENDED_STREAM, STREAM, Frame
from readers.protocols.nordicid_nur.commands import REGION, REGIONS, TX_LEVEL
from readers.reads import Item, Reply, TagRead

_PING, _INFO, _CAPABILITIES, _SETUP = 0x01, 0x09, 0x0B, 0x22
_ASKED_SETUP = (TX_LEVEL | REGION).to_bytes(4, "little")
"""Flags without fields: the question, not the setting."""


def _is_answer(item: Item) -> bool:
    return isinstance(item, Reply) and item.command == _PING and item.fields.get("text") == "OK"


def _is_pushed(item: Item) -> bool:
    return isinstance(item, TagRead) or (
        isinstance(item, Reply) and item.command in (STREAM, EXTENDED_STREAM)
    )


def _further(_answer: Item) -> tuple[bytes, ...]:
    asks = (bytes((_INFO,)), bytes((_CAPABILITIES,)), bytes((_SETUP,)) + _ASKED_SETUP)
    return tuple(Frame(ask).encode() for ask in asks)


def _about(items: Sequence[Item]) -> About:
    model, firmware, region = "", "", ""
    said: dict[str, int] = {}
    for item in items:
        if not isinstance(item, Reply) or item.error is not None:
            continue
        fields = item.fields
        if item.command == _INFO and "firmware" in fields:
            model, firmware = str(fields["name"]), str(fields["firmware"])
        elif item.command in (_CAPABILITIES, _SETUP):
            said |= {key: number for key, number in fields.items() if isinstance(number, int)}
    if "region" in said:
        region = REGIONS.get(said["region"], "")
    power: tuple[float, ...] = ()
    if {"power_max_dbm", "power_step_db", "tx_level"} <= said.keys():
        # The level counts steps down from the most that the module can do.
        power = (float(said["power_max_dbm"] - said["tx_level"] * said["power_step_db"]),)
    return About(model, firmware, region, power)


NUR_INQUIRY = Inquiry((Frame(bytes((_PING,))).encode(),), _is_answer, _is_pushed, _further, _about)
