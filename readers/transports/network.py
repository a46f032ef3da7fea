"""Readers on a network that speak through HTTP or TLS: an address, a way there, a stream of bytes.

    port = HttpStream("https://root@192.168.1.60/api/v1/data/stream?pin=3f0a…")
    port = TlsTransport("tls://192.168.1.61:5085?ca=/etc/hangtag/reader.pem")

A password never stands in an address: an address is shown, logged and kept in files. It is looked
up by host and user in a file of netrc form, `secrets=PATH` behind the address, else `$NETRC`, else
`~/.netrc`. Nor does it come into a recording, which holds the events alone.

A certificate is believed if an authority of this system vouches for it, or one of `ca=PATH`, or if
its SHA-256 fingerprint is `pin=HEX`, whatever else it says: readers make their own.

Source: RFC 9110, 9112 (HTTP/1.1), RFC 7617 (basic authentication).
"""

from __future__ import annotations

import hashlib
import json
import netrc
import os
import re
import select
import socket
import ssl
import time
from base64 import b64encode
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from readers.reads import PortLost, PortUnavailable
from readers.transports.transport import CHUNK_SIZE_MAX, CONNECT_S_MAX, SEND_S_MAX, keep_alive

__all__ = ["Address", "HttpStream", "Line", "TlsTransport", "address_of", "lines_of", "reach"]

PORTS = {
    "http": 80, "https": 443, "mqtt": 1883, "mqtts": 8883, "tls": 5085, "llrps": 5085,
    "http-listen": 0,
}  # fmt: skip
"""Scheme of an address → the port that is meant where none is said."""
TRUST = ("ca", "pin", "secrets")
HEAD_S_MAX = 5.0
HEAD_SIZE_MAX = 16_384
CHUNK_MAX = 1 << 24
_PIN = re.compile(r"[0-9a-f]{64}")
_REFUSALS = {
    401: "it does not let this user in: check user and password",
    403: "this user may not read here",
    404: "there is nothing under this path: check the path, and that its event interface is on",
}


@dataclass(frozen=True, slots=True)
class Address:
    """A port's name, taken apart."""

    scheme: str
    host: str
    port: int
    path: str
    user: str
    password: str
    options: dict[str, str]

    @property
    def name(self) -> str:
        """Host and port as in a request."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def basic(self) -> str:
        """What HTTP's basic authentication says; empty where no user is named."""
        if not self.user:
            return ""
        return "Basic " + b64encode(f"{self.user}:{self.password}".encode()).decode()

    def seconds(self, name: str, usual: float) -> float:
        """Return an option that is a time.

        Raises:
            PortUnavailable: If it is no number above 0.
        """
        text = self.options.get(name, str(usual))
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if not 0 <= value <= 86_400:
            raise PortUnavailable(f"Cannot use {name}={text}: expected seconds, such as 30.")
        return value


def address_of(url: str, known: Collection[str] = ()) -> Address:
    """Take a port's name apart and look its password up.

    Args:
        url: `scheme://[user@]host[:port]/path?option=…`.
        known: Options besides those of trust.

    Raises:
        PortUnavailable: If it is no such name, holds a password, or the secrets cannot be read.
    """
    parts = urlsplit(url)
    shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    if parts.password is not None:
        raise PortUnavailable(
            f"Cannot use {shown}: a password does not belong into an address, which is shown and"
            " kept. Write it into the file ~/.netrc: machine HOST login USER password PASSWORD."
        )
    try:
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise PortUnavailable(f"Cannot read {shown!r}: the port is no number.") from error
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if unknown := sorted(set(options) - {*known, *TRUST}):
        listed = ", ".join((*known, *TRUST))
        raise PortUnavailable(f"Cannot read {shown!r}: {unknown[0]!r} is none of {listed}.")
    if not host:
        raise PortUnavailable(f"Cannot read {shown!r}: expected {parts.scheme}://host/path.")
    if "pin" in options:
        options["pin"] = options["pin"].replace(":", "").lower()
        if not _PIN.fullmatch(options["pin"]):
            raise PortUnavailable(f"Cannot read {shown!r}: pin is 64 hex digits (SHA-256).")
    user = unquote(parts.username or "")
    return Address(
        parts.scheme,
        host,
        port if port is not None else PORTS[parts.scheme],
        parts.path or "/",
        user,
        _password(host, user, options.get("secrets")) if user else "",
        options,
    )


def _password(host: str, user: str, file: str | None) -> str:
    path = Path(file or os.environ.get("NETRC") or Path.home() / ".netrc")
    if file is None and not path.exists():
        return ""
    try:
        found = netrc.netrc(str(path))
    except (OSError, netrc.NetrcParseError) as error:
        # Its own sentence may show a word of the file.
        line = f" in line {error.lineno}" if isinstance(error, netrc.NetrcParseError) else ""
        raise PortUnavailable(
            f"Cannot read the secrets in {path}{line}: expected lines such as machine HOST login"
            " USER password PASSWORD, in a file that only its owner may read."
        ) from None
    entry = found.hosts.get(host)
    return entry[2] or "" if entry is not None and entry[0] == user else ""


class Line:
    """An open connection, with TLS or without."""

    def __init__(self, connection: socket.socket) -> None:
        """Take over a connection."""
        self._socket = connection
        self._is_tls = isinstance(connection, ssl.SSLSocket)

    def fileno(self) -> int:
        """Return its number, for `select`."""
        return self._socket.fileno()

    def recv_some(self, timeout_s: float) -> bytes:
        """Return the bytes that are there, or wait for the first.

        Raises:
            PortLost: If the other side has closed it or it broke.
        """
        try:
            has_some = isinstance(self._socket, ssl.SSLSocket) and self._socket.pending()
            if not has_some and not select.select([self._socket], [], [], timeout_s)[0]:
                return b""
            self._socket.settimeout(0)
            data = self._socket.recv(CHUNK_SIZE_MAX)
        except (ssl.SSLWantReadError, BlockingIOError):
            return b""  # A part of a record: the rest is on its way.
        except (OSError, ValueError) as error:
            raise PortLost(f"The connection broke: {error}.") from error
        if not data:
            raise PortLost("The reader closed the connection.")
        return data

    def send(self, data: bytes) -> None:
        """Write all of `data`; raise PortLost if the connection is gone."""
        try:
            self._socket.settimeout(SEND_S_MAX)
            self._socket.sendall(data)
        except (OSError, ValueError) as error:
            raise PortLost(f"The connection broke: {error}.") from error

    def set_baud(self, baud: int) -> None:
        """Do nothing: a network has no speed."""

    def close(self) -> None:
        """Close the connection."""
        with suppress(OSError):
            self._socket.close()


def reach(address: Address, *, is_tls: bool) -> Line:
    """Connect, and be sure who answers.

    Raises:
        PortUnavailable: If nobody answers, or somebody whose certificate is not believed.
    """
    try:
        connection = socket.create_connection((address.host, address.port), CONNECT_S_MAX)
    except OSError as error:
        raise PortUnavailable(
            f"Cannot reach {address.host} port {address.port}: {error.strerror or error}. Check"
            " that the reader is switched on and the address is right."
        ) from error
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    keep_alive(connection)
    if not is_tls:
        return Line(connection)
    try:
        return Line(_secured(connection, address))
    except BaseException:
        connection.close()
        raise


def _secured(connection: socket.socket, address: Address) -> ssl.SSLSocket:
    pin = address.options.get("pin")
    try:
        context = ssl.create_default_context(cafile=address.options.get("ca"))
        if pin is not None:
            # The fingerprint says more than any authority; a reader's own certificate has none.
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        secured = context.wrap_socket(connection, server_hostname=address.host)
    except ssl.SSLCertVerificationError as error:
        raise PortUnavailable(
            f"{address.name} shows a certificate that nobody here vouches for"
            f" ({error.verify_message}). If its fingerprint is the reader's, {_seen(address)},"
            " write it behind the address as pin=."
        ) from error
    except (OSError, ssl.SSLError) as error:
        raise PortUnavailable(f"Cannot speak TLS with {address.name}: {error}.") from error
    seen = hashlib.sha256(secured.getpeercert(binary_form=True) or b"").hexdigest()
    if pin is not None and seen != pin:
        secured.close()
        raise PortUnavailable(
            f"{address.name} shows another certificate than it should: its fingerprint is {seen}."
            " Somebody else answers there, or the reader has made a new one."
        )
    return secured


def _seen(address: Address) -> str:
    """Ask for the fingerprint of a certificate that is not believed."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        where = (address.host, address.port)
        with (
            socket.create_connection(where, CONNECT_S_MAX) as plain,
            context.wrap_socket(plain) as secured,
        ):
            return hashlib.sha256(secured.getpeercert(binary_form=True) or b"").hexdigest()
    except OSError:
        return "which it did not show again"


class TlsTransport:
    """A reader behind TLS and nothing else, such as LLRP on port 5085."""

    def __init__(self, url: str) -> None:
        """Connect to `tls://host:port` or `llrps://host`."""
        self._line = reach(address_of(url), is_tls=True)
        self.recv_some, self.send = self._line.recv_some, self._line.send
        self.set_baud, self.close = self._line.set_baud, self._line.close


class HttpStream:
    """An answer that never ends: a reader's events, asked for once with GET."""

    def __init__(self, url: str) -> None:
        """Ask for `http://host/path` or `https://host/path`, and wait for the head of the answer.

        Raises:
            PortUnavailable: If nobody answers, or with a refusal.
        """
        address = address_of(url, ("silence_s",))
        self._silence_s = address.seconds("silence_s", 0)
        self._line = reach(address, is_tls=address.scheme == "https")
        self._body = Body()
        self._heard_at = time.monotonic()
        try:
            self._line.send(_request(address))
            self._early = self._read_head(address)
        except PortLost as error:
            self._line.close()
            raise PortUnavailable(f"{address.name} did not answer: {error}") from error
        except PortUnavailable:
            self._line.close()
            raise

    def _read_head(self, address: Address) -> bytes:
        data, ends_at = b"", time.monotonic() + HEAD_S_MAX
        while b"\r\n\r\n" not in data:
            left_s = ends_at - time.monotonic()
            if left_s <= 0 or len(data) > HEAD_SIZE_MAX:
                raise PortUnavailable(f"{address.name} does not answer as HTTP does.")
            data += self._line.recv_some(left_s)
        head, _, body = data.partition(b"\r\n\r\n")
        status, fields = read_head(head)
        if status != 200:
            why = _REFUSALS.get(status, "see in the reader's manual")
            raise PortUnavailable(f"{address.name} refuses {address.path} with {status}: {why}.")
        self._body = Body(fields)
        return self._body.receive(body)

    def recv_some(self, timeout_s: float) -> bytes:
        """Return the events' bytes that are there, or wait for the first."""
        if self._early:
            early, self._early = self._early, b""
            return early
        data = self._body.receive(b"") or self._body.receive(self._line.recv_some(timeout_s))
        now = time.monotonic()
        if data:
            self._heard_at = now
        elif self._body.is_over:
            raise PortLost("The reader ended the stream.")
        elif self._silence_s and now - self._heard_at > self._silence_s:
            raise PortLost(f"The reader has sent nothing for {self._silence_s:g} s.")
        return data

    def send(self, data: bytes) -> None:
        """Do nothing: a stream hears nothing."""

    def set_baud(self, baud: int) -> None:
        """Do nothing: a network has no speed."""

    def close(self) -> None:
        """Close the connection."""
        self._line.close()


def _request(address: Address) -> bytes:
    lines = [f"GET {address.path} HTTP/1.1", f"Host: {address.name}", "Accept: application/json"]
    if address.basic:
        lines.append(f"Authorization: {address.basic}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def read_head(head: bytes) -> tuple[int, dict[str, str]]:
    r"""Return status and fields of an answer's head; status 0 if it is none.

    >>> read_head(b"HTTP/1.1 200 OK\r\nContent-Length: 5")
    (200, {'content-length': '5'})
    """
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split(" ", 2)
    is_answer = words[0].startswith("HTTP/1.") and len(words) > 1 and words[1].isdigit()
    pairs = [line.partition(":") for line in lines]
    fields = {name.strip().lower(): value.strip() for name, _, value in pairs}
    return (int(words[1]) if is_answer else 0), fields


def lines_of(message: bytes) -> bytes:
    r"""Return a message as lines of one event each: it may hold several, as an array.

    >>> lines_of(b'[{"a": 1},\n{"b": 2}]'), lines_of(b'{"a":\n 1}')
    (b'{"a":1}\r\n{"b":2}\r\n', b'{"a":  1}\r\n')
    """
    if message.lstrip().startswith(b"["):
        with suppress(ValueError, RecursionError):
            events = json.loads(message)
            told = [json.dumps(each, separators=(",", ":"), ensure_ascii=False) for each in events]
            return b"".join(each.encode() + b"\r\n" for each in told)
    return b" ".join(message.splitlines()) + b"\r\n"


class Body:
    """The body of one message, out of its chunks or by its length; without either, to the end."""

    def __init__(self, fields: dict[str, str] | None = None) -> None:
        """Begin behind a head."""
        told = fields or {}
        self._is_chunked = "chunked" in told.get("transfer-encoding", "").lower()
        length = told.get("content-length", "")
        self._left: int | None = int(length) if length.isdigit() else None
        if self._is_chunked:
            self._left = 0
        self.rest = b""
        """What has come and belongs to no chunk yet, or to the next message."""
        self.is_over = self._left == 0 and not self._is_chunked

    def receive(self, data: bytes) -> bytes:
        """Return what of the body is in the bytes so far.

        Raises:
            PortLost: If the chunks are broken.
        """
        self.rest += data
        found = b""
        while self.rest and not self.is_over:
            if self._left is None:
                found, self.rest = found + self.rest, b""
            elif self._left:
                piece, self.rest = self.rest[: self._left], self.rest[self._left :]
                found += piece
                self._left -= len(piece)
                self.is_over = not self._left and not self._is_chunked
            elif not self._begin_chunk():
                break
        return found

    def _begin_chunk(self) -> bool:
        """Read the line in front of a chunk, behind the one before; False: it is to come."""
        begin = 2 if self.rest.startswith(b"\r\n") else 0
        end = self.rest.find(b"\r\n", begin)
        if end < 0:
            if len(self.rest) > 256:
                raise PortLost("The reader's HTTP chunks are broken.")
            return False
        size = self.rest[begin:end].split(b";")[0].strip()
        if not re.fullmatch(rb"[0-9A-Fa-f]{1,7}", size) or int(size, 16) > CHUNK_MAX:
            raise PortLost("The reader's HTTP chunks are broken.")
        self.rest = self.rest[end + 2 :]
        self._left = int(size, 16)
        self.is_over = self._left == 0
        if self.is_over:
            self.rest = self.rest.removeprefix(b"\r\n")
        return True
