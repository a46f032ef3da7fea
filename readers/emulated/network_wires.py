"""The device's end of HTTP and MQTT: a reader's own server, a broker with one reader, a sender.

The counterparts of `network`, `mqtt` and `webhook` of the transports, for emulated readers. A
certificate, where there is one, is a PEM file with its key.
"""

from __future__ import annotations

import socket
import ssl
import struct
from base64 import b64encode
from contextlib import suppress
from pathlib import Path

from readers.emulated.wires import WRITE_S_MAX, TcpWire
from readers.reads import PortLost
from readers.transports.mqtt import (
    CONNACK,
    CONNECT,
    DISCONNECT,
    PINGREQ,
    PINGRESP,
    PUBACK,
    PUBLISH,
    SUBACK,
    SUBSCRIBE,
    Packet,
    PacketReader,
    string,
)
from readers.transports.network import read_head

__all__ = ["HttpWire", "MqttWire", "PostWire", "TlsWire"]

EVENTS = "/api/v1/data/stream"
TOPIC = "hangtag/events"
HOOK = "/hook"


class TlsWire(TcpWire):
    """A reader with a network socket behind TLS."""

    scheme = "tls"

    def __init__(self, port: int = 0, certificate: Path | None = None) -> None:
        """Listen on loopback; without a certificate, in the clear."""
        self._context: ssl.SSLContext | None = None
        if certificate is not None:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(certificate)
        super().__init__(port)
        self.url = f"{self.scheme}://127.0.0.1:{self._port}"

    def _welcome(self, newcomer: socket.socket) -> socket.socket | None:
        if self._context is None:
            return newcomer
        try:
            return self._context.wrap_socket(newcomer, server_side=True)
        except OSError:  # ssl.SSLError is one: it did not believe us, or speaks no TLS
            newcomer.close()
            return None


class HttpWire(TlsWire):
    """A reader that tells its events in the answer to GET, in chunks."""

    def __init__(
        self, port: int = 0, certificate: Path | None = None, login: tuple[str, str] | None = None
    ) -> None:
        """Listen on loopback.

        Args:
            port: 0 takes a free one.
            certificate: With it, https.
            login: User and password that must be said.
        """
        self._head = b""
        self._is_asked = False
        self._login = login
        super().__init__(port, certificate)
        scheme = "https" if certificate else "http"
        user = f"{login[0]}@" if login else ""
        self.url = f"{scheme}://{user}127.0.0.1:{self._port}{EVENTS}"

    def is_connected(self) -> bool:
        """Tell whether a host has asked for the events."""
        return super().is_connected() and self._is_asked

    def recv_some(self, timeout_s: float) -> bytes:
        """Take a request in and begin the answer; a host says nothing else."""
        data = super().recv_some(timeout_s)
        if self._host is None:
            self._head, self._is_asked = b"", False
        elif data and not self._is_asked:
            self._head += data
            if b"\r\n\r\n" in self._head:
                self._answer(self._head.partition(b"\r\n\r\n")[0])
        return b""

    def _answer(self, head: bytes) -> None:
        _, fields = read_head(head)
        wanted = (
            "Basic " + b64encode(":".join(self._login).encode()).decode() if self._login else ""
        )
        if not head.startswith(f"GET {EVENTS} ".encode()):
            said = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        elif fields.get("authorization", "") != wanted:
            said = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"
        else:
            said = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            self._is_asked = True
        super().write(said)

    def write(self, data: bytes) -> bool:
        """Put one chunk on the wire."""
        return self._is_asked and super().write(b"%x\r\n%s\r\n" % (len(data), data))


class MqttWire(TlsWire):
    """A broker and the one reader that publishes there; what is not acknowledged comes again."""

    def __init__(
        self, port: int = 0, certificate: Path | None = None, login: tuple[str, str] | None = None
    ) -> None:
        """Listen on loopback; see `HttpWire`."""
        self._packets = PacketReader()
        self._login = login
        self._is_subscribed = False
        self._number = 0
        self.unacknowledged: dict[bytes, bytes] = {}
        self.is_mute = False
        """True: the broker answers nothing any more, with its connection open."""
        super().__init__(port, certificate)
        scheme = "mqtts" if certificate else "mqtt"
        user = f"{login[0]}@" if login else ""
        self.url = f"{scheme}://{user}127.0.0.1:{self._port}/{TOPIC}"

    def is_connected(self) -> bool:
        """Tell whether a host has subscribed."""
        return super().is_connected() and self._is_subscribed

    def recv_some(self, timeout_s: float) -> bytes:
        """Hear what the host says to the broker; nothing of it is for the reader."""
        data = super().recv_some(timeout_s)
        if self._host is None:
            self._packets, self._is_subscribed = PacketReader(), False
            return b""
        with suppress(PortLost):
            for packet in self._packets.receive(data):
                self._obey(packet)
        return b""

    def _obey(self, packet: Packet) -> None:
        if self.is_mute:
            return
        if packet.kind == CONNECT:
            said = string("") if self._login is None else b"".join(map(string, self._login))
            code = 0 if self._login is None or packet.body.endswith(said) else 4
            self._say(Packet(CONNACK, 0, bytes((bool(self.unacknowledged), code))))
        elif packet.kind == SUBSCRIBE:
            is_known = packet.body[2:-1] in (string(TOPIC), string("hangtag/#"))
            self._say(Packet(SUBACK, 0, packet.body[:2] + (b"\x01" if is_known else b"\x80")))
            self._is_subscribed = is_known
            for number, event in self.unacknowledged.items():
                self._say(Packet(PUBLISH, 0b1010, string(TOPIC) + number + event))
        elif packet.kind == PUBACK:
            self.unacknowledged.pop(packet.body, None)
        elif packet.kind == PINGREQ:
            self._say(Packet(PINGRESP))
        elif packet.kind == DISCONNECT:
            self._is_subscribed = False

    def _say(self, packet: Packet) -> bool:
        return super().write(packet.encode())

    def write(self, data: bytes) -> bool:
        """Publish one event."""
        self._number = self._number % 0xFFFF + 1
        number = struct.pack(">H", self._number)
        self.unacknowledged[number] = data
        is_sent = not self.is_mute
        return is_sent and self._say(Packet(PUBLISH, 0b0010, string(TOPIC) + number + data))


class PostWire:
    """A reader that sends each event by POST to a host that listens."""

    def __init__(self, port: int = 0) -> None:
        """Choose where the host has to listen; port 0 takes a free one."""
        self.refusal = b""
        if not port:
            with socket.create_server(("127.0.0.1", 0)) as free:
                port = free.getsockname()[1]
        self._port = port
        self._is_plugged = True
        self._host: socket.socket | None = None
        self.url = f"http-listen://127.0.0.1:{port}{HOOK}"

    def plug(self) -> None:
        """Send again."""
        self._is_plugged = True

    def unplug(self) -> None:
        """Send nothing any more."""
        self._is_plugged = False
        self._hang_up()

    def _hang_up(self) -> None:
        host, self._host = self._host, None
        if host is not None:
            host.close()

    def is_connected(self) -> bool:
        """Tell whether the host listens."""
        if not self._is_plugged:
            return False
        if self._host is None:
            try:
                self._host = socket.create_connection(("127.0.0.1", self._port), WRITE_S_MAX)
            except OSError:
                return False
        return True

    def recv_some(self, timeout_s: float) -> bytes:
        """Wait; notice a host that has gone."""
        import select
        import time

        host = self._host
        if host is None:
            time.sleep(timeout_s)
            return b""
        with suppress(OSError, ValueError):
            if not select.select([host], [], [], timeout_s)[0]:
                return b""
        self._hang_up()  # It says nothing unasked: this is its end.
        return b""

    def write(self, data: bytes) -> bool:
        """Send one event and wait until it is taken."""
        if not self.is_connected() or self._host is None:
            return False
        head = f"POST {HOOK} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(data)}\r\n\r\n"
        try:
            self._host.sendall(head.encode() + data)
            answer = b""
            while b"\r\n\r\n" not in answer:
                piece = self._host.recv(4096)
                if not piece:
                    raise ConnectionResetError
                answer += piece
        except OSError:
            self._hang_up()
            return False
        return read_head(answer.partition(b"\r\n\r\n")[0])[0] == 204
