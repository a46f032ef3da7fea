"""Where somebody scans: a device, the step it stands at, what is open on it, who works there.

>>> scan = read_scan({"counter": 7, "at": "2026-03-02T09:15:30.250+01:00", "text": " 10006 "})
>>> scan.at, scan.offset, scan.text
(1772439330250007, '+01:00', '10006')
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation

from traceability.epcis.event_ids import station_event_id
from traceability.epcis.event_time import parse_time
from traceability.epcis.quantity import AMOUNT_MAX, PLACES_MAX
from traceability.errors import Conflict, InvalidEvent
from traceability.flow import Flow, Stage
from traceability.gs1.local import normalise_name

__all__ = [
    "COUNTER_MAX",
    "SCANS_MAX",
    "UNITS",
    "Amount",
    "Desk",
    "Scan",
    "browser_name",
    "read_amount",
    "read_desk",
    "read_scan",
]

SCANS_MAX = 200
"""Scans of one request: what an outbox sends at a time."""
TEXT_MAX = 4096
NAME_MAX = 64
COUNTER_MAX = 2**63 - 1
OPENED_MAX = 40
UNITS = {"MTR": "m", "YRD": "yd", "KGM": "kg"}
"""Units of rolls and the sign of each."""
_DEVICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
_BROWSER = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""A browser without a link calls itself by a random UUID; four of its digits tell it apart."""
_WAYS = ("scanner", "camera", "typed", "tap")
_NUMBER = re.compile(r"[+-−]?[0-9]{1,13}(?:[.,][0-9]{1,6})?")


@dataclass(frozen=True, slots=True)
class Amount:
    """So much of a roll, in the unit of its label."""

    quantity: Decimal
    unit: str


@dataclass(frozen=True, slots=True)
class Scan:
    """One scan as the device counted it."""

    counter: int
    at: int
    """µs UTC; the last three digits are the counter's, so that no two scans of a device tie."""
    offset: str
    text: str
    by: str = "scanner"
    amount: Amount | None = None


@dataclass(frozen=True, slots=True)
class Desk:
    """A device at a step."""

    device: str
    epoch: int
    stage: Stage
    place: str
    """Key of the place where the step is done."""
    opened: tuple[str, ...] = ()
    person: str | None = None
    title: str = ""

    @property
    def reader(self) -> str:
        """What stands in every event as its reader: the name of its link, or one of its own."""
        return self.title or browser_name(self.device) or self.device

    def event_id(self, scan: Scan) -> str:
        """Return the id of a scan's event: the same whenever the scan is sent again."""
        return station_event_id(scan.at, self.device, self.epoch, scan.counter)

    def run(self, counter: int) -> tuple[str, int, int]:
        """Return what the ledger counts by."""
        return self.device, self.epoch, counter

    def after(self, opened: tuple[str, ...], person: str | None) -> Desk:
        """Return the desk as a scan left it."""
        return replace(self, opened=opened, person=person)


def browser_name(device: str) -> str:
    """Return what a browser without a link is called; empty for any other device.

    >>> browser_name("3f2a8c1e-0b7d-4e52-9c11-6a2f0d9b7e44"), browser_name("bench-1")
    ('Browser 3f2a', '')
    """
    return f"Browser {device[:4]}" if _BROWSER.fullmatch(device) else ""


def read_desk(tree: Mapping[str, object], flow: Flow, namespace: str) -> Desk:
    """Read who scans and where.

    Args:
        tree: ``{device, epoch, stage, opened, person, title, place}``.
        flow: The flow in force: it knows the steps.
        namespace: Host name of the workshop's own labels.

    Raises:
        InvalidEvent: If a member is not what it must be.
        Conflict: If no step is chosen, or the flow no longer knows it.
    """
    device = tree.get("device")
    if not isinstance(device, str) or not _DEVICE.fullmatch(device):
        raise InvalidEvent(
            f"Cannot take these scans: expected device as 1 to {NAME_MAX} letters, digits, "
            f"points or hyphens, got {device!r}."
        )
    name = tree.get("stage")
    stage = flow.stage(name) if isinstance(name, str) else None
    if not name:
        raise Conflict("No step is chosen on this device. Choose the step, then scan again.")
    if stage is None:
        raise Conflict(
            f"This workshop has no step {name!r} any more. Choose the step again, then scan."
        )
    person = tree.get("person")
    return Desk(
        device=device,
        epoch=_whole(tree, "epoch", 0),
        stage=stage,
        place=_place(tree.get("place"), f"//{namespace}/loc/", stage.name),
        opened=read_opened(tree.get("opened")),
        person=person if isinstance(person, str) and person else None,
        title=str(tree.get("title") or "")[:NAME_MAX],
    )


def _place(given: object, rooms: str, stage: str) -> str:
    """Return the key of the place: a key as it is, a name as one of the workshop's rooms."""
    if not isinstance(given, str) or not given.strip():
        return rooms + stage
    return given if given.startswith("/") else rooms + normalise_name(given)


def read_opened(given: object) -> tuple[str, ...]:
    """Read what is open: keys, or the objects of the last answer.

    >>> read_opened(["//w.invalid/class/R-1", {"key": "//w.invalid/class/R-2", "name": "Roll 2"}])
    ('//w.invalid/class/R-1', '//w.invalid/class/R-2')
    """
    if given is None:
        return ()
    if not isinstance(given, Sequence) or isinstance(given, str) or len(given) > OPENED_MAX:
        raise InvalidEvent(
            f"Cannot take these scans: expected opened as a list of at most {OPENED_MAX} keys."
        )
    keys = [one.get("key") if isinstance(one, Mapping) else one for one in given]
    found = tuple(dict.fromkeys(one for one in keys if isinstance(one, str) and one))
    if len(found) != len(keys):
        raise InvalidEvent(f"Cannot take these scans: expected opened as keys, got {given!r}.")
    return found


def read_scan(tree: object) -> Scan:
    """Read one scan: ``{counter, at, text, by, amount}``.

    Raises:
        InvalidEvent: If a member is not what it must be.
    """
    if not isinstance(tree, Mapping):
        raise InvalidEvent(f"Cannot take this scan: expected an object, got {tree!r}.")
    text, by = tree.get("text"), tree.get("by", "scanner")
    if not isinstance(text, str) or not text.strip():
        raise InvalidEvent(f"Cannot take this scan: expected text, got {text!r}.")
    if len(text) > TEXT_MAX:
        raise InvalidEvent(
            f"Cannot take this scan: expected at most {TEXT_MAX} characters, got {len(text)}."
        )
    if by not in _WAYS:
        raise InvalidEvent(
            f"Cannot take this scan: expected by as one of {', '.join(_WAYS)}, got {by!r}."
        )
    counter = _whole(tree, "counter", 1)
    at, offset = read_at(tree.get("at"))
    given = tree.get("amount")
    amount = None
    if given is not None:
        if not isinstance(given, Mapping):
            raise InvalidEvent(f"Cannot take this scan: expected amount as an object: {given!r}.")
        amount = read_amount(given.get("quantity"), given.get("unit"))
    return Scan(counter, at - at % 1000 + counter % 1000, offset, text.strip(), str(by), amount)


def read_at(given: object) -> tuple[int, str]:
    """Read the time of a scan into µs UTC and the offset of the device's clock."""
    try:
        at = parse_time(str(given))
    except ValueError as error:
        raise InvalidEvent(
            f"Cannot take this scan: expected at as {error}, got {given!r}."
        ) from error
    if at < 0:
        raise InvalidEvent(f"Cannot take this scan: expected a time after 1970, got {given!r}.")
    offset = "+00:00" if str(given).endswith("Z") else str(given)[-6:]
    return at, offset


def read_amount(quantity: object, unit: object) -> Amount:
    """Read how much is on a roll, as a person types it.

    Args:
        quantity: A number above zero, with comma or point.
        unit: MTR, YRD or KGM.

    Raises:
        InvalidEvent: With a sentence for the person who typed it.

    >>> read_amount("92,5", "MTR")
    Amount(quantity=Decimal('92.5'), unit='MTR')
    """
    if unit not in UNITS:
        raise InvalidEvent(
            f"Say how the roll is measured: expected metres (MTR), yards (YRD) or "
            f"kilograms (KGM), got {unit!r}."
        )
    said = str(quantity if quantity is not None else "").strip().replace(" ", "")
    number = None
    if _NUMBER.fullmatch(said):
        try:
            number = Decimal(said.replace(",", ".").replace("−", "-"))
        except InvalidOperation:
            number = None
    if number is None:
        raise InvalidEvent(
            f"Say how much is on the roll as a number, such as 92.5; {said[:20]!r} is none."
        )
    if not 0 < number <= AMOUNT_MAX or -int(number.as_tuple().exponent) > PLACES_MAX:
        raise InvalidEvent(
            f"A roll has more than nothing on it: {said} {UNITS[str(unit)]} cannot be. "
            "Type what its label says."
        )
    return Amount(number, str(unit))


def _whole(tree: Mapping[str, object], member: str, least: int) -> int:
    value = tree.get(member)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= COUNTER_MAX:
        raise InvalidEvent(
            f"Cannot take these scans: expected {member} as a whole number from {least}, "
            f"got {value!r}."
        )
    return value
