"""Readers that publish through an MQTT broker: events are subscribed to, each is acknowledged.

    port = MqttTransport("mqtt://dock@broker.lan/zebra/dock/events?client=hangtag-dock")

The path is the topic, `+` and `#` included. The session with the broker is kept (`clean session` 0,
quality of service 1): what readers say while this side is away comes when it is back. A message is
acknowledged once its bytes have been taken. One that the broker only remembers (`retain`) happened
at another time and is left out. A broker that does not answer for one and a half `keep_alive_s`
(10) is lost, although its connection is open.

Source: MQTT Version 3.1.1, OASIS Standard, 29 October 2014.
"""

from __future__ import annotations

import hashlib
import socket
import struct
import time
from dataclasses import dataclass

from readers.reads import PortLost, PortUnavailable
from readers.transports.network import HEAD_S_MAX, Address, address_of, lines_of, reach

__all__ = ["MqttTransport", "Packet", "PacketReader", "string"]

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK, PINGREQ, PINGRESP, DISCONNECT = (
    1, 2, 3, 4, 8, 9, 12, 13, 14
)  # fmt: skip
KEEP_ALIVE_S = 10
PACKET_SIZE_MAX = 1 << 20
_REFUSALS = {
    1: "it does not speak MQTT 3.1.1",
    2: "it does not take this name: write another one as client=",
    3: "it is not ready",
    4: "user or password is wrong",
    5: "this user is not let in",
}


@dataclass(frozen=True, slots=True)
class Packet:
    """One control packet (section 2)."""

    kind: int
    flags: int = 0
    body: bytes = b""

    def encode(self) -> bytes:
        """Return the bytes on the wire."""
        left, size = len(self.body), bytearray()
        while True:
            left, digit = divmod(left, 128)
            size.append(digit | (0x80 if left else 0))
            if not left:
                return bytes((self.kind << 4 | self.flags,)) + bytes(size) + self.body


def string(text: str) -> bytes:
    """Return a text with its length in front (section 1.5.3)."""
    data = text.encode()
    return struct.pack(">H", len(data)) + data


class PacketReader:
    """Packets out of a stream."""

    def __init__(self) -> None:
        """Begin with nothing pending."""
        self._rest = b""

    def receive(self, data: bytes) -> list[Packet]:
        r"""Return the packets that are whole.

        Raises:
            PortLost: If a length cannot be.

        >>> PacketReader().receive(b"\xd0\x00\x40\x02\x00\x07")
        [Packet(kind=13, flags=0, body=b''), Packet(kind=4, flags=0, body=b'\x00\x07')]
        """
        self._rest += data
        found: list[Packet] = []
        while len(self._rest) > 1:
            size = shift = 0
            at = 1
            while at < len(self._rest) and at < 5:
                digit = self._rest[at]
                size |= (digit & 0x7F) << shift
                at, shift = at + 1, shift + 7
                if digit < 0x80:
                    break
            else:
                if at < 5:
                    return found  # The length itself is not whole yet.
                raise PortLost("The broker sent a length that cannot be.")
            if size > PACKET_SIZE_MAX:
                raise PortLost(f"The broker sent a packet of {size} bytes.")
            if len(self._rest) < at + size:
                return found
            first = self._rest[0]
            found.append(Packet(first >> 4, first & 15, self._rest[at : at + size]))
            self._rest = self._rest[at + size :]
        return found


class MqttTransport:
    """Events of one topic; one line each."""

    def __init__(self, url: str) -> None:
        """Connect to `mqtt://[user@]host[:port]/topic` or `mqtts://…`, and subscribe.

        Raises:
            PortUnavailable: If the broker is not there, or refuses.
        """
        address = address_of(url, ("client", "keep_alive_s"))
        self._keep_s = max(1.0, address.seconds("keep_alive_s", KEEP_ALIVE_S))
        topic = address.path.lstrip("/")
        if not topic:
            raise PortUnavailable(f"Cannot read {url!r}: expected mqtt://host/topic.")
        self._packets = PacketReader()
        self._waiting: list[Packet] = []
        self._owed: list[bytes] = []
        self._line = reach(address, is_tls=address.scheme == "mqtts")
        self._heard_at = self._said_at = time.monotonic()
        try:
            self._begin(address, topic)
        except PortLost as error:
            self._line.close()
            raise PortUnavailable(f"The broker {address.name} let go: {error}") from error
        except PortUnavailable:
            self._line.close()
            raise

    def _begin(self, address: Address, topic: str) -> None:
        flags = (0x80 if address.user else 0) | (0x40 if address.password else 0)
        body = string("MQTT") + bytes((4, flags)) + struct.pack(">H", int(self._keep_s))
        body += string(address.options.get("client") or _own_name(address, topic))
        body += string(address.user) if address.user else b""
        body += string(address.password) if address.password else b""
        self._say(Packet(CONNECT, 0, body))
        answer = self._await(CONNACK, address).body
        if len(answer) < 2 or answer[1]:
            why = _REFUSALS.get(answer[1] if len(answer) > 1 else 0, "it does not say why")
            raise PortUnavailable(f"The broker {address.name} refuses: {why}.")
        self._say(Packet(SUBSCRIBE, 2, b"\x00\x01" + string(topic) + b"\x01"))
        if self._await(SUBACK, address).body[2:3] not in (b"\x00", b"\x01"):
            raise PortUnavailable(
                f"The broker {address.name} does not let this user read the topic {topic!r}."
            )

    def _await(self, kind: int, address: Address) -> Packet:
        """Wait for an answer; events may come before it."""
        ends_at = time.monotonic() + HEAD_S_MAX
        while (left_s := ends_at - time.monotonic()) > 0:
            for packet in self._packets.receive(self._line.recv_some(left_s)):
                self._waiting.append(packet)
            for number, packet in enumerate(self._waiting):
                if packet.kind == kind:
                    return self._waiting.pop(number)
        raise PortUnavailable(f"{address.name} does not answer as an MQTT broker does.")

    def _say(self, packet: Packet) -> None:
        self._line.send(packet.encode())
        self._said_at = time.monotonic()

    def recv_some(self, timeout_s: float) -> bytes:
        """Return the events that are there, a line each, or wait for the first.

        Whoever asks again has taken what came before: that is acknowledged now.
        """
        while self._owed:
            self._say(Packet(PUBACK, 0, self._owed.pop(0)))
        packets, self._waiting = self._waiting, []
        if not packets:
            data = self._line.recv_some(timeout_s)
            if data:
                self._heard_at = time.monotonic()
            packets = self._packets.receive(data)
        found = b"".join(self._event(each) for each in packets if each.kind == PUBLISH)
        now = time.monotonic()
        if now - self._heard_at > 1.5 * self._keep_s:
            raise PortLost(f"The broker has not answered for {1.5 * self._keep_s:g} s.")
        if now - max(self._said_at, self._heard_at) > self._keep_s / 2:
            self._say(Packet(PINGREQ))
        return found

    def _event(self, packet: Packet) -> bytes:
        """Return an event as a line, and remember that it is to be acknowledged."""
        if len(packet.body) < 2:
            raise PortLost("The broker sent an event without a topic.")
        end = 2 + int.from_bytes(packet.body[:2], "big")
        if packet.flags & 6:
            self._owed.append(packet.body[end : end + 2])
            end += 2
        if packet.flags & 1:
            return b""
        return lines_of(packet.body[end:])

    def send(self, data: bytes) -> None:
        """Do nothing: a topic hears nothing."""

    def set_baud(self, baud: int) -> None:
        """Do nothing: a network has no speed."""

    def close(self) -> None:
        """Acknowledge what was taken and say goodbye; the broker keeps what comes from now on."""
        try:
            while self._owed:
                self._say(Packet(PUBACK, 0, self._owed.pop(0)))
            self._say(Packet(DISCONNECT))
        except PortLost:
            pass  # Not acknowledged, it comes again.
        self._line.close()


def _own_name(address: Address, topic: str) -> str:
    """Return the same name for the same PC and topic: two of one name push each other out."""
    said = f"{socket.gethostname()} {address.host} {topic}"
    return f"hangtag-{hashlib.sha256(said.encode()).hexdigest()[:15]}"
