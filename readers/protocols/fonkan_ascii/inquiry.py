r"""How a Fonkan module is recognised: it is asked for its version.

>>> FONKAN_INQUIRY.asks
(b'\nV\r',)

Source: PROTOCOLS.md section 11.
"""

from __future__ import annotations

from collections.abc import Sequence

from readers.inquiry import About, Inquiry
from readers.protocols.fonkan_ascii.codec import Frame
from readers.protocols.fonkan_ascii.commands import GET_REGION, SETTING, VERSION, code_of
from readers.reads import Item, Reply, TagRead

REGIONS = {1: "us", 3: "cn", 5: "eu", 6: "jp", 7: "kr", 9: "eu", 10: "in"}
"""Regulation → word of `readers.inquiry.REGIONS`."""


def _is_answer(item: Item) -> bool:
    return isinstance(item, Reply) and item.command == code_of(VERSION) and "text" in item.fields


def _further(answer: Item) -> tuple[bytes, ...]:
    """Ask for the region; power is a bare number whose unit nobody states, so it is not asked."""
    asks = () if _is_answer(answer) else FONKAN_INQUIRY.asks
    return (*asks, Frame(f"{GET_REGION},00").encode())


def _about(items: Sequence[Item]) -> About:
    firmware, region = "", ""
    for item in items:
        if _is_answer(item) and isinstance(item, Reply):
            firmware = str(item.fields["text"])
        elif isinstance(item, Reply) and item.command == code_of(SETTING):
            value = item.fields.get("value")
            region = REGIONS.get(value, "") if isinstance(value, int) else ""
    return About("", firmware, region)


FONKAN_INQUIRY = Inquiry(
    (Frame(VERSION).encode(),),
    _is_answer,
    lambda item: isinstance(item, TagRead),
    _further,
    _about,
)
