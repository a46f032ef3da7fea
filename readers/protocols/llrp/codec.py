"""Messages of LLRP, taken apart: from the reader, and from its client."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from struct import Struct

from readers.codec import FramedCodec
from readers.protocols.llrp.commands import (
    ATTEMPTS,
    CUSTOM_NAMES,
    FROM_HOST,
    FROM_READER,
    MESSAGES,
    REFUSALS,
    STATUS_NAMES,
    TYPES,
)
from readers.protocols.llrp.report import HEADER_SIZE, ReportReader
from readers.protocols.llrp.structure import (
    Contradiction,
    Parameter,
    Shape,
    parameters_of,
    tlv_head,
)
from readers.reads import Command, Input, Item, Reply

HEADER = Struct(">HII")
VERSION = 1
SIZE_MAX = 1 << 20
"""A report of a whole round may hold 16,000 tags; a longer message is refused."""
REPORT = TYPES["RO_ACCESS_REPORT"]
_HEAD = re.compile(b"[\x04-\x07]")
_LAYOUTS = {number: Shape(kind.layout) for number, kind in MESSAGES.items()}
_STATUS = 287
_INPUT_EVENT = "GPIEvent"


@dataclass(frozen=True, slots=True)
class Message:
    """One message in either direction.

    >>> Message.of("KEEPALIVE_ACK", id=5).encode().hex()
    '04480000000a00000005'
    """

    type: int
    fields: Mapping[str, object] = field(default_factory=dict)
    parameters: tuple[Parameter, ...] = ()
    id: int = 0

    @classmethod
    def of(cls, name: str, *parameters: Parameter, id: int = 0, **fields: object) -> Message:  # noqa: A002
        """Make a message by its name."""
        return cls(TYPES[name], fields, parameters, id)

    def encode(self) -> bytes:
        """Return the bytes on the wire."""
        body = _LAYOUTS[self.type].encode(self.fields)
        body += b"".join(parameter.encode() for parameter in self.parameters)
        return HEADER.pack(VERSION << 10 | self.type, HEADER_SIZE + len(body), self.id) + body

    @classmethod
    def decode(cls, frame: bytes) -> Message:
        """Take a whole message apart.

        Raises:
            Contradiction: If its inside contradicts its length or its type.
        """
        head, _, number_of = HEADER.unpack_from(frame)
        number = head & 0x3FF
        kind = MESSAGES[number]
        fields, at = _LAYOUTS[number].decode(frame, HEADER_SIZE, len(frame))
        if kind.is_bare and at != len(frame):
            raise Contradiction(f"{len(frame) - at} bytes too many in {kind.name}")
        parameters, rest = parameters_of(frame, at)
        if rest:
            raise Contradiction(f"{kind.name} cannot hold TV {rest[0] & 0x7F}")
        if kind.first is not None and (not parameters or parameters[0].type != kind.first):
            raise Contradiction(f"{kind.name} without parameter {kind.first} in front")
        return cls(number, fields, tuple(parameters), number_of)

    def part(self, name: str) -> Parameter | None:
        """Return the first parameter of this name, or None."""
        return Parameter(0, {}, self.parameters).part(name)


def _minimum(number: int) -> int:
    kind = MESSAGES[number]
    return HEADER_SIZE + len(_LAYOUTS[number].encode({})) + (4 if kind.first is not None else 0)


_SIZE_MIN = {number: _minimum(number) for number in MESSAGES}
_SIZE_MAX = {
    number: SIZE_MAX if not kind.is_bare or number == 1023 else _SIZE_MIN[number]
    for number, kind in MESSAGES.items()
}
_INSIDE_AT = {number: HEADER_SIZE + len(_LAYOUTS[number].encode({})) for number in MESSAGES}


class LlrpFraming(FramedCodec):
    """What both sides share: messages are found by version, type, length and inner lengths.

    LLRP has no checksum; TCP has one. So a flipped bit inside a value cannot be seen, and noise is
    what cannot be a message: another version, a type that this side does not send, a length that
    its type cannot have, or parameters that do not fill it exactly.
    """

    _types: frozenset[int] = FROM_READER

    def _find_head(self, data: bytes, position: int) -> int:
        match = _HEAD.search(data, position)
        return match.start() if match else -1

    def _take(self, data: bytes, position: int) -> tuple[int, Item | list[Item] | str]:
        left = len(data) - position
        if left < 2:
            return 0, "a message head without its rest"
        number = (data[position] << 8 | data[position + 1]) & 0x3FF
        if number not in self._types:
            return -1, f"message type {number}, which this side does not send"
        if left < 6:
            return 0, "a message head without its rest"
        size = int.from_bytes(data[position + 2 : position + 6], "big")
        if not _SIZE_MIN[number] <= size <= _SIZE_MAX[number]:
            return -1, f"{size} bytes of {MESSAGES[number].name}, which cannot be"
        end = position + size
        try:
            if end > len(data):
                _check_begun(data, position, end, number)
                return 0, f"{left} bytes of a message of {size}"
            return end, self._decode(data[position:end])
        except Contradiction as error:
            return -1, f"{MESSAGES[number].name}: {error}"

    @abstractmethod
    def _decode(self, frame: bytes) -> Item | list[Item]:
        """Turn a whole message into what it says."""


def _check_begun(data: bytes, position: int, end: int, number: int) -> None:
    """Refuse a message whose outer parameters so far cannot be, before all of it has come."""
    if number == 1023:
        return
    at, size = position + _INSIDE_AT[number], len(data)
    while at + 4 <= size:
        _, at = tlv_head(data, at, end)


def message_name(message: Message) -> str:
    """Say type and name: `63 READER_EVENT_NOTIFICATION`."""
    name = MESSAGES[message.type].name
    if message.type == 1023:
        key = (int(str(message.fields["vendor"])), int(str(message.fields["subtype"])))
        name += f" {CUSTOM_NAMES[key]}" if key in CUSTOM_NAMES else ""
    return f"{message.type} {name}"


def _fields(message: Message) -> dict[str, object]:
    """Return what a message says, by the names of the vectors."""
    kind = message_name(message).partition(" ")[2]
    tree: dict[str, object] = {"kind": kind, "id": message.id, **message.fields}
    shown: list[dict[str, object]] = []
    for parameter in message.parameters:
        if parameter.type == _STATUS and "status" not in tree:
            tree |= parameter.fields
            if code := parameter.fields["status"]:
                tree["error"] = f"{code} {STATUS_NAMES.get(int(str(code)), 'unknown code')}"
            shown += [part.tree() for part in parameter.parts]
        elif parameter.type == 246:
            tree |= _event(parameter)
        else:
            shown.append(parameter.tree())
    if shown:
        tree["parameters"] = shown
    return tree


def _event(data: Parameter) -> dict[str, object]:
    """Return the time and what happened."""
    told: dict[str, object] = {}
    for part in data.parts:
        if part.name in ("UTCTimestamp", "Uptime"):
            told |= part.fields
        elif part.name == "ConnectionAttemptEvent":
            attempt = int(str(part.fields["attempt"]))
            words = ATTEMPTS[attempt] if attempt < len(ATTEMPTS) else f"unknown code {attempt}"
            told |= {"event": part.name, "connection_attempt": words, "attempt": attempt}
        else:
            told |= {"event": part.name, **part.fields}
    return told


def status_of(message: Message) -> int | None:
    """Return the code with which a reader refused; None if it did not."""
    status = message.part("LLRPStatus")
    code = int(str(status.fields["status"])) if status is not None else 0
    event = message.part("ReaderEventNotificationData")
    attempt = event.part("ConnectionAttemptEvent") if event is not None else None
    if attempt is not None and attempt.fields["attempt"] in REFUSALS:
        code = int(str(attempt.fields["attempt"]))
    return code or None


class LlrpReplyCodec(LlrpFraming):
    """The client's ear: tags, answers and events of a reader; says nothing."""

    def __init__(self) -> None:
        """Begin with nothing known of the reader."""
        super().__init__()
        self.reports = ReportReader()

    def _run(self, data: bytes, position: int, found: list[Item]) -> int:
        """Take reports in a row; anything else is left to `_take`."""
        return self.reports.run(data, position, found)

    def _decode(self, frame: bytes) -> Item | list[Item]:
        if frame[0] & 3 == REPORT >> 8 and frame[1] == REPORT & 0xFF:
            reads, others = self.reports.tags(frame)
            if not others and reads:
                return list(reads)
            message = Message(REPORT, {}, tuple(others), int.from_bytes(frame[6:10], "big"))
            reply = Reply(REPORT, message_name(message), _fields(message), None, frame)
            return [*reads, reply]
        message = Message.decode(frame)
        self._learn(message)
        name, error = message_name(message), status_of(message)
        fields = _fields(message)
        if fields.get("event") == _INPUT_EVENT:
            pin, is_high = fields.pop("gpi_port"), bool(fields.pop("gpi_state"))
            return Input(int(str(pin)), is_high, frame, tuple(fields.items()))
        return Reply(message.type, name, fields, error, frame)

    def _learn(self, message: Message) -> None:
        """Keep what later messages need in order to be understood."""
        if message.type == TYPES["GET_READER_CAPABILITIES_RESPONSE"]:
            self.reports.frequencies_khz = frequencies_of(message)
        elif message.type == TYPES["START_ROSPEC_RESPONSE"] and status_of(message) is None:
            self.reports.is_held = False


def frequencies_of(capabilities: Message) -> dict[int, int]:
    """Return the channels of a reader, counted from 1, and their frequencies in kHz."""
    regulatory = capabilities.part("RegulatoryCapabilities")
    band = regulatory.part("UHFBandCapabilities") if regulatory is not None else None
    table = band.part("FrequencyInformation") if band is not None else None
    for part in table.parts if table is not None else ():
        if isinstance(khz := part.fields.get("frequencies_khz"), list):
            return dict(enumerate(khz, 1))
    return {}


class LlrpHostCodec(LlrpFraming):
    """The reader's ear: what a client asks of it."""

    _types = FROM_HOST

    def _decode(self, frame: bytes) -> Item | list[Item]:
        message = Message.decode(frame)
        return Command(
            message.type, message_name(message), _fields(message), frame[HEADER_SIZE:], frame
        )
