"""How an SSI scanner is recognised: it is asked for its revision.

>>> [ask.hex() for ask in SSI_INQUIRY.asks]
['04a30400ff55']

Source: PROTOCOLS.md sections 0.4 and 13.
"""

from __future__ import annotations

from collections.abc import Sequence

from readers.inquiry import About, Inquiry
from readers.protocols.zebra_ssi.codec import Frame, is_decode
from readers.protocols.zebra_ssi.commands import REVISION, REVISION_REQUEST
from readers.reads import Item, Reply, Scan


def _is_answer(item: Item) -> bool:
    return isinstance(item, Reply) and item.command == REVISION


def _is_pushed(item: Item) -> bool:
    return isinstance(item, Scan) and is_decode(item.frame)


def _further(answer: Item) -> tuple[bytes, ...]:
    """Ask who was known by his scan for his revision."""
    return () if _is_answer(answer) else SSI_INQUIRY.asks


def _about(items: Sequence[Item]) -> About:
    for item in items:
        if isinstance(item, Reply) and item.command == REVISION:
            # Software revision, board, engine and class stand in one line.
            return About(firmware=(str(item.fields["text"]).split() or [""])[0])
    return About()


SSI_INQUIRY = Inquiry(
    (Frame(REVISION_REQUEST).encode(),),
    _is_answer,
    _is_pushed,
    _further,
    _about,
    pushed_min=1,
    may_sleep=True,
)
