"""An SSI scanner played: it sends a scan until it is acknowledged, and obeys its host."""

from __future__ import annotations

from collections import deque

from readers.codec import Emulator, Sent
from readers.protocols.barcode_lines.codec import Frame as LineFrame
from readers.protocols.zebra_ssi.codec import (
    Frame,
    SSIHostCodec,
    param_name,
    param_numbers,
    with_status,
)
from readers.protocols.zebra_ssi.commands import (
    ACK,
    BEEP,
    DECODE_DATA,
    IS_PART,
    IS_REPEAT,
    LED_OFF,
    LED_ON,
    NAK,
    NO_BEEP,
    PACKETED,
    PARAM_DEFAULTS,
    PARAM_REQUEST,
    PARAM_SEND,
    REVISION,
    REVISION_REQUEST,
    SCAN_DISABLE,
    SCAN_ENABLE,
    SOURCE_SCANNER,
    TYPES,
)
from readers.reads import Command, ReaderError

TIMEOUT_TICKS = 40
"""Rounds of 50 ms in the host time-out of 2 s."""
TRIES_MAX = 3
PART_SIZE = 240
"""Text that one packet carries; a packet has 257 bytes at most."""
_DEFAULTS = {param_name(bytes((PACKETED,))): 1, "0x8A": 0, "0x38": 1, "0xEB": 0}
_OF_AIM = {aim: kind for kind, (_, aim) in reversed(TYPES.items())} | {"]E0": 0x0B}
_CODE_128, _ANY = 0x03, 0x00
_RESEND, _DENIED = 1, 6


class SSIEmulator(Emulator):
    """A scanner that sends packets, or text where parameter EE is set to 0."""

    def __init__(self, *, is_packeted: bool = True, revision: str = "1.04 40 4 1") -> None:
        """Switch the scanner on."""
        super().__init__()
        self._host = SSIHostCodec()
        self._settings = dict(_DEFAULTS) | {param_name(bytes((PACKETED,))): int(is_packeted)}
        self._revision = revision
        self._is_enabled = True
        self.beeps = self.lamps = 0
        """How often it beeped; its lamps that are on, a bit each."""
        self._waiting: deque[bytes] = deque()
        """Packets of the scan that is not yet acknowledged; the first one is on its way."""
        self._text = ""
        self._ticks = self._tries = 0

    def answer(self, data: bytes) -> list[Sent]:
        """Obey every packet of the host; what is no packet of his is not heard."""
        sent: list[Sent] = []
        for item in self._host.receive(data):
            if isinstance(item, Command):
                sent += self._do(item)
        return sent

    def tick(self) -> list[Sent]:
        """Send a packet again that nobody acknowledged in time; give up after three times."""
        if not self._waiting:
            return []
        self._ticks += 1
        if self._ticks < TIMEOUT_TICKS:
            return []
        return self._again()

    def scan(self, text: str, aim: str | None = None) -> Sent:
        """Send one barcode; a scan before it that was never acknowledged is given up.

        Raises:
            ReaderError: If the host has switched scanning off.
        """
        if not self._is_enabled:
            raise ReaderError(f"Cannot scan {text!r}: the host has switched scanning off.")
        self._waiting.clear()
        if not self._settings[param_name(bytes((PACKETED,)))]:
            return Sent(LineFrame(text.encode(), aim, b"\r").encode(), "scan", None, text)
        kind = _OF_AIM.get(aim, _ANY) if aim else _CODE_128
        said = (text if kind != _ANY else f"{aim}{text}").encode()
        parts = [said[at : at + PART_SIZE] for at in range(0, len(said), PART_SIZE)] or [b""]
        for part in parts:
            status = 0 if part is parts[-1] else IS_PART
            body = bytes((kind,)) + part
            self._waiting.append(Frame(DECODE_DATA, body, SOURCE_SCANNER, status).encode())
        self._text = text
        self._ticks = self._tries = 0
        return Sent(self._waiting[0], "scan", None, text)

    def _again(self) -> list[Sent]:
        self._ticks = 0
        self._tries += 1
        if self._tries > TRIES_MAX:
            self._waiting.clear()
            return []
        frame = self._waiting[0]
        return [Sent(with_status(frame, frame[3] | IS_REPEAT), "scan", None, self._text)]

    def _do(self, asked: Command) -> list[Sent]:
        op, data = asked.command, asked.data
        if op == ACK:
            if self._waiting:
                self._waiting.popleft()
                self._ticks = self._tries = 0
            return [Sent(self._waiting[0])] if self._waiting else []
        if op == NAK:
            return self._again() if self._waiting and data[:1] == bytes((_RESEND,)) else []
        if op == REVISION_REQUEST:
            return [self._reply(REVISION, self._revision.encode("ascii"))]
        if op == PARAM_REQUEST:
            return [self._tell(param_numbers(data))]
        if op == PARAM_SEND and not self._set(asked):
            return [self._reply(NAK, bytes((_DENIED,)))]
        if op == PARAM_DEFAULTS:
            self._settings = dict(_DEFAULTS)
        self.beeps += op == BEEP
        if op in (LED_ON, LED_OFF) and data:
            self.lamps = self.lamps | data[0] if op == LED_ON else self.lamps & ~data[0]
        if op in (SCAN_ENABLE, SCAN_DISABLE):
            self._is_enabled = op == SCAN_ENABLE
        return [self._reply(ACK)]

    def _set(self, asked: Command) -> bool:
        fields = asked.fields
        pairs = fields.get("params", [fields])
        if not isinstance(pairs, list) or not pairs:
            return False
        values = {str(each.get("param")): each.get("value") for each in pairs}
        if not all(isinstance(value, int) for value in values.values()):
            return False
        self._settings |= values
        return True

    def _tell(self, numbers: list[bytes]) -> Sent:
        """Say the parameters that are asked for; one that nobody set is 0."""
        pairs = b"".join(
            number + bytes((self._settings.get(param_name(number), 0),)) for number in numbers
        )
        return self._reply(PARAM_SEND, bytes((NO_BEEP,)) + pairs[:PART_SIZE])

    def _reply(self, op: int, data: bytes = b"") -> Sent:
        return Sent(Frame(op, data, SOURCE_SCANNER).encode())
