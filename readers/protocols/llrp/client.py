"""The client's side: greets a reader, has it read, answers its keep-alives.

The reader speaks first. Each answer calls for the next step: capabilities (which tell the
channels' frequencies), settings, the old round away, a new one added, enabled, started. A reader
that holds what it read while nobody heard is asked for it at once; such reads are marked.
"""

from __future__ import annotations

from collections.abc import Sequence

from readers.protocols.llrp.codec import LlrpReplyCodec, Message, status_of
from readers.protocols.llrp.commands import IMPINJ, TYPES, response_to
from readers.protocols.llrp.conversation import (
    KEEPALIVE_MS,
    ROSPEC_ID,
    configuration,
    extensions,
    inputs,
    rospec,
)
from readers.reads import Item, Reply

GREETING_MS_MAX = 2000
"""A reader that has not greeted by then is spoken to; the standard wants it to speak first."""
STEP_MS_MAX = 5000
"""An answer that has not come by then is lost, and so is a keep-alive: begin again."""
_ERROR, _KEEPALIVE, _EVENT = 100, 62, 63
_ENDED = 1
_INPUTS = "inputs"
"""A setting of its own: a reader that refuses it is heard all the same."""
_STEPS = (
    "GET_READER_CAPABILITIES", "SET_READER_CONFIG", _INPUTS, "DELETE_ROSPEC", "ADD_ROSPEC",
    "ENABLE_ROSPEC", "START_ROSPEC",
)  # fmt: skip


class LlrpCodec(LlrpReplyCodec):
    """Hears a reader and keeps it reading."""

    silent_ms_max = 3 * KEEPALIVE_MS + 1000

    def __init__(self, *, antennas: Sequence[int] = (), gpi_ports: Sequence[int] = ()) -> None:
        """Set up the round.

        Args:
            antennas: Ports from 1; empty: all that are connected.
            gpi_ports: Inputs, from 1, whose changes are wanted; empty: all that the reader has.
        """
        super().__init__()
        self._antennas = tuple(antennas)
        self._gpi_ports = tuple(gpi_ports)
        self._steps: list[str] = []
        self._awaited: int | None = None
        self._is_greeted = self._is_plain = False
        self._maker = 0
        self._number = 0

    def start(self) -> bytes:
        """Wait for the reader's greeting; what it then tells first was read before."""
        self._steps, self._awaited = [], None
        self._is_greeted = False
        self.reports.is_held = True
        return b""

    def stop(self) -> bytes:
        """End the round and the connection; a round left alone would go on for ever."""
        ends = [
            Message.of("STOP_ROSPEC", id=self._next_id(), rospec_id=ROSPEC_ID),
            Message.of("DELETE_ROSPEC", id=self._next_id(), rospec_id=ROSPEC_ID),
            Message.of("CLOSE_CONNECTION", id=self._next_id()),
        ]
        return b"".join(message.encode() for message in ends)

    def on_item(self, item: Item) -> bytes:
        """Answer a greeting, a keep-alive, a step of the handshake, a round that ended."""
        if not isinstance(item, Reply):
            return b""
        if item.command == _KEEPALIVE:
            return self.receipt(item)
        if item.command == _EVENT:
            return self._on_event(item)
        if self._awaited is not None and item.command in (self._awaited, _ERROR):
            return self._go_on(is_refused=item.error is not None or item.command == _ERROR)
        return b""

    def keep_going(self, silent_ms: int) -> bytes:
        """Begin (again) with a reader that does not greet, answer, or send keep-alives."""
        if silent_ms < (STEP_MS_MAX if self._is_greeted else GREETING_MS_MAX):
            return b""
        return self._begin()

    def pause(self) -> bytes:
        """Let the round go on, for tags are reached through it, and readers hear meanwhile.

        What is left of the handshake is sent in one go; its answers are not waited for.
        """
        wanted = [step for step in self._steps if step != _INPUTS or self._gpi_ports]
        rest = b"".join(self._ask(step) for step in wanted)
        self._steps, self._awaited = [], None
        return rest

    def resume(self) -> bytes:
        """Begin anew: a round goes by the settings that it was added with."""
        return self._begin()

    def receipt(self, item: Item) -> bytes:
        """Answer a keep-alive."""
        if not isinstance(item, Reply) or item.command != _KEEPALIVE:
            return b""
        number = item.fields["id"]
        assert isinstance(number, int)
        return Message.of("KEEPALIVE_ACK", id=number).encode()

    def _on_event(self, item: Reply) -> bytes:
        fields = item.fields
        if fields.get("attempt") == 0:
            return self._begin()
        is_ours = fields.get("rospec_id") == ROSPEC_ID and fields.get("event") == "ROSpecEvent"
        if is_ours and fields.get("event_type") == _ENDED and not self._steps:
            return self._ask("START_ROSPEC")
        return b""

    def _begin(self) -> bytes:
        """Ask for what was held, then go through the steps."""
        self._is_greeted, self._is_plain = True, False
        self._steps = list(_STEPS)
        return Message.of("ENABLE_EVENTS_AND_REPORTS", id=self._next_id()).encode() + self._go_on()

    def _go_on(self, *, is_refused: bool = False) -> bytes:
        if is_refused and self._awaited == TYPES["ADD_ROSPEC_RESPONSE"]:
            # Some readers refuse to tell PC word and checksum; without a round there is no more.
            if not self._is_plain:
                self._is_plain = True
                return self._ask("ADD_ROSPEC")
            self._steps = []
        if self._awaited == TYPES["GET_READER_CAPABILITIES_RESPONSE"] and self._maker == IMPINJ:
            return self._ask("CUSTOM")
        if self._steps[:1] == [_INPUTS] and not self._gpi_ports:
            self._steps.pop(0)
        if not self._steps:
            self._awaited = None
            return b""
        return self._ask(self._steps.pop(0))

    def _ask(self, step: str) -> bytes:
        message = self._message(step)
        self._awaited = response_to(message.type)
        numbered = Message(message.type, message.fields, message.parameters, self._next_id())
        return numbered.encode()

    def _message(self, step: str) -> Message:
        if step == "SET_READER_CONFIG":
            return configuration()
        if step == _INPUTS:
            return inputs(self._gpi_ports)
        if step == "CUSTOM":
            return extensions()
        if step == "ADD_ROSPEC":
            return Message.of(step, rospec(antennas=self._antennas, is_plain=self._is_plain))
        if step == "GET_READER_CAPABILITIES":
            return Message.of(step, requested=0)
        # 0 is every round there is: most readers keep one only, and an old one would run on.
        return Message.of(step, rospec_id=0 if step == "DELETE_ROSPEC" else ROSPEC_ID)

    def _next_id(self) -> int:
        self._number = self._number % 0x7FFFFFFF + 1
        return self._number

    def _learn(self, message: Message) -> None:
        super()._learn(message)
        if message.type == TYPES["GET_READER_CAPABILITIES_RESPONSE"] and not status_of(message):
            general = message.part("GeneralDeviceCapabilities")
            self._maker = int(str(general.fields["manufacturer"])) if general is not None else 0
            pins = general.part("GPIOCapabilities") if general is not None else None
            if pins is not None and not self._gpi_ports:
                self._gpi_ports = tuple(range(1, min(int(str(pins.fields["gpi_count"])), 8) + 1))
