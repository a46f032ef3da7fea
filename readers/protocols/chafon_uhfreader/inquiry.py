"""How a UHFReader18 / 288 is recognised: any address is asked what it is, which tells all.

>>> [ask.hex() for ask in UHFREADER_INQUIRY.asks]
['04ff211995']

Source: PROTOCOLS.md sections 0.4 and 3.
"""

from __future__ import annotations

from collections.abc import Sequence

from readers.inquiry import About, Inquiry
from readers.protocols.chafon_uhfreader.codec import BROADCAST, HEARTBEAT, Frame
from readers.protocols.chafon_uhfreader.commands import INFO, PUSH
from readers.reads import Item, Reply, TagRead

_WORDS = {"US": "us", "US3": "us", "EU": "eu", "EU3": "eu", "CN2": "cn", "CN1": "cn840", "KR": "kr"}
_ASK = Frame(BROADCAST, INFO, b"").encode()


def _is_answer(item: Item) -> bool:
    return isinstance(item, Reply) and item.command == INFO and "firmware" in item.fields


def _is_pushed(item: Item) -> bool:
    return isinstance(item, TagRead) or (
        isinstance(item, Reply) and item.command == PUSH and item.fields["status"] == HEARTBEAT
    )


def _further(answer: Item) -> tuple[bytes, ...]:
    """Ask one that was known by what it pushed; an answer has told everything already."""
    return () if _is_answer(answer) else (_ASK,)


def _about(items: Sequence[Item]) -> About:
    for item in reversed(items):
        if isinstance(item, Reply) and _is_answer(item):
            power = item.fields["power_dbm"]
            assert isinstance(power, int)
            return About(
                firmware=str(item.fields["firmware"]),
                region=_WORDS.get(str(item.fields.get("band")), "own"),
                power_dbm=(float(power),),
            )
    return About()


UHFREADER_INQUIRY = Inquiry((_ASK,), _is_answer, _is_pushed, _further, _about)
