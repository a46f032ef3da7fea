"""What every event of a stage says in the same way, whoever saw it: a wired station or a hand.

>>> share(Decimal("10"), 3, 0), share(Decimal("10"), 3, 2)
(Decimal('3.333'), Decimal('3.334'))
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal

from traceability.epcis.body import Tree
from traceability.epcis.event import Event
from traceability.epcis.vocabulary import OPERATION, VOC
from traceability.flow import Stage

__all__ = ["BLANK", "at_stage", "blank_tree", "share"]

BLANK = VOC + "blank"
"""Event member: tags without a number of their own, each number with how many tags carry it."""
BLANK_MAX = 100
"""Numbers of such tags that one event lists."""
_MILLI = Decimal("0.001")


def at_stage(event: Event, stage: Stage, orders: Iterable[str]) -> Event:
    """Return an event that says its stage: step, disposition, floor operation, and the order.

    Args:
        event: What was seen or done, where.
        stage: The stage it belongs to.
        orders: URIs of the orders that the things belong to; one is named, several would be a
            guess.
    """
    named = set(orders)
    is_named = stage.transaction is not None and len(named) == 1
    said = {} if stage.operation is None else {OPERATION: stage.operation}
    return replace(
        event,
        step=stage.step,
        disposition=stage.disposition,
        transactions=((stage.transaction, named.pop()),) if is_named else (),
        extensions={**event.extensions, **said},
    )


def blank_tree(tags: Mapping[str, int]) -> Tree:
    """Return how an event lists tags that were never written: they are in no list of things.

    >>> blank_tree({"urn:epc:raw:96.x00": 3})
    [{'tag': 'urn:epc:raw:96.x00', 'tags': 3}]
    """
    listed = sorted(tags.items())[:BLANK_MAX]
    return [{"tag": tag, "tags": count} for tag, count in listed]


def share(total: Decimal, parts: int, number: int) -> Decimal:
    """Divide what was used among the rolls of a lay; the last takes what does not divide.

    Args:
        total: In the unit of the rolls.
        parts: How many rolls there are.
        number: Which one, from 0.
    """
    even = (total / parts).quantize(_MILLI)
    return total - even * (parts - 1) if number == parts - 1 else even
