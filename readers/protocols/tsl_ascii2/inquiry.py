r"""How a TSL reader is recognised: it is asked for its version.

>>> TSL_INQUIRY.asks
(b'.vr\r\n',)

Source: PROTOCOLS.md section 11.
"""

from __future__ import annotations

from collections.abc import Sequence

from readers.inquiry import About, Inquiry
from readers.protocols.tsl_ascii2.codec import command_code
from readers.reads import Item, Reply, Scan, TagRead

_VERSION = command_code(".vr")


def _is_answer(item: Item) -> bool:
    return isinstance(item, Reply) and item.command == _VERSION and item.error is None


def _is_pushed(item: Item) -> bool:
    return isinstance(item, TagRead | Scan | Reply)


def _further(answer: Item) -> tuple[bytes, ...]:
    return () if _is_answer(answer) else (b".vr\r\n",)


def _about(items: Sequence[Item]) -> About:
    for item in items:
        if isinstance(item, Reply) and item.command == _VERSION:
            serial = str(item.fields.get("serial", ""))
            return About(serial, str(item.fields.get("firmware", "")))
    return About()


TSL_INQUIRY = Inquiry((b".vr\r\n",), _is_answer, _is_pushed, _further, _about, pushed_min=1)
