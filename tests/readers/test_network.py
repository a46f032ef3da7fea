"""Readers on HTTP, TLS and MQTT: heard over real sockets, found again, passwords kept."""

from __future__ import annotations

import datetime as dt
import hashlib
import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from readers.emulated.emulation import EmulatedReader
from readers.emulated.network_wires import MqttWire
from readers.probe import Found, probe
from readers.protocols.zebra_iotc_json.codec import ZebraIotcCodec
from readers.reads import (
    Happening,
    LineDown,
    LineUp,
    PortLost,
    PortUnavailable,
    Received,
    TagRead,
)
from readers.session import Session
from readers.transports.mqtt import Packet, PacketReader
from readers.transports.network import Body
from readers.transports.transport import can_be_asked, has_speed, open_port

FIRST, SECOND = bytes.fromhex("3034257bf7194e4000001a85"), bytes.fromhex("e2801191a5030065f26ccbff")
WAYS = [
    ("http", "impinj_r700_json"),
    ("mqtt", "zebra_iotc_json"),
    ("mqtt", "impinj_r700_json"),
    ("webhook", "zebra_iotc_json"),
    ("webhook", "impinj_r700_json"),
]


@pytest.fixture
def on() -> Iterator[Callable[..., Any]]:
    """Switch readers and sessions on; switch them off in the end."""
    running: list[Any] = []

    def switch(one: Any) -> Any:
        running.append(one)
        if isinstance(one, Session):
            one.start()
        return one

    yield switch
    for each in reversed(running):
        each.stop()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a certificate as a reader makes its own, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "impinj-12-34-56")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("certificate") / "reader.pem"
    pem = serialization.Encoding.PEM
    file.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(pem)
    )
    return file


def pin_of(certificate: Path) -> str:
    text = certificate.read_text()
    der = ssl.PEM_cert_to_DER_cert(text[text.index("-----BEGIN CERTIFICATE") :])
    return hashlib.sha256(der).hexdigest()


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    file = tmp_path / "secrets"
    file.write_text("machine 127.0.0.1 login root password opensesame\n")
    file.chmod(0o600)
    return file


def until(session: Session, is_done: Callable[[list[Happening]], bool]) -> list[Happening]:
    heard: list[Happening] = []
    ends_at = time.monotonic() + 60
    while not is_done(heard):
        assert time.monotonic() < ends_at, (heard[-3:], session.down_reason)
        heard += session.take(0.2)
    return heard


def epcs(heard: list[Happening]) -> set[bytes]:
    values = [each.value for each in heard if isinstance(each, Received)]
    return {value.epc for value in values if isinstance(value, TagRead)}


@pytest.mark.parametrize(("port", "protocol"), WAYS)
def test_a_session_survives_a_reader_or_broker_that_goes_and_comes(
    on: Callable[..., Any], port: Any, protocol: str
) -> None:
    reader = on(EmulatedReader("gate", protocol, port=port))
    session = on(Session("gate", protocol, reader.url, back_off_s=(0.05, 0.2)))
    reader.show([FIRST])
    until(session, lambda heard: FIRST in epcs(heard))

    reader.unplug()
    reader.clear()
    reader.show([SECOND])
    if port != "webhook":  # whoever listens does not know that nobody speaks
        until(session, lambda heard: any(isinstance(each, LineDown) for each in heard))
    reader.plug()

    again = until(session, lambda heard: SECOND in epcs(heard))
    assert port == "webhook" or any(isinstance(each, LineUp) for each in again)
    assert session.counters.noise_frames == 0


@pytest.mark.parametrize(("port", "protocol"), WAYS)
def test_finding_out_names_the_reader(on: Callable[..., Any], port: Any, protocol: str) -> None:
    reader = on(EmulatedReader("gate", protocol, port=port))
    reader.show([FIRST])

    found = probe(reader.url)

    assert isinstance(found, Found)
    assert (found.protocol, found.baud) == (protocol, None)
    assert (has_speed(reader.url), can_be_asked(reader.url)) == (False, False)


@pytest.mark.parametrize("port", ["http", "mqtt"])
def test_a_password_opens_the_door_and_is_nowhere_else(
    on: Callable[..., Any], port: Any, secrets: Path, certificate: Path
) -> None:
    reader = on(
        EmulatedReader(
            "gate",
            "impinj_r700_json",
            port=port,
            certificate=certificate,
            login=("root", "opensesame"),
        )
    )
    url = f"{reader.url}?pin={pin_of(certificate)}"
    taped: list[bytes] = []

    with pytest.raises(PortUnavailable) as refused:
        open_port(url)
    session = on(
        Session(
            "gate",
            "impinj_r700_json",
            f"{url}&secrets={secrets}",
            on_bytes=lambda _at, _kind, data: taped.append(data),
        )
    )
    reader.show([FIRST])
    until(session, lambda heard: FIRST in epcs(heard))

    assert "user" in str(refused.value)
    told = b"".join(taped) + session.url.encode() + repr(session.__dict__).encode()
    assert b"opensesame" not in told
    assert b"cm9vdDpvcGVuc2VzYW1l" not in told  # base64 of user and password


def test_a_password_in_an_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(PortUnavailable) as caught:
        open_port("https://root:opensesame@10.0.0.9/api/v1/data/stream")
    assert str(caught.value) == (
        "Cannot use https://10.0.0.9/api/v1/data/stream: a password does not belong into an"
        " address, which is shown and kept. Write it into the file ~/.netrc: machine HOST login"
        " USER password PASSWORD."
    )


def test_a_broken_file_of_secrets_is_not_shown(tmp_path: Path) -> None:
    file = tmp_path / "secrets"
    file.write_text("machine 10.0.0.9 opensesame\n")
    with pytest.raises(PortUnavailable, match=r"Cannot read the secrets in .* in line") as caught:
        open_port(f"http://root@10.0.0.9/?secrets={file}")
    assert "opensesame" not in str(caught.value)


def test_a_certificate_is_believed_by_its_authority_or_its_fingerprint_alone(
    on: Callable[..., Any], certificate: Path
) -> None:
    reader = on(EmulatedReader("gate", "llrp", port="tls", certificate=certificate))
    pin = pin_of(certificate)

    with pytest.raises(PortUnavailable) as unknown:
        open_port(reader.url)
    with pytest.raises(PortUnavailable) as other:
        open_port(f"{reader.url}?pin={'0' * 64}")
    for trust in (f"pin={pin}", f"ca={certificate}"):
        session = on(Session("gate", "llrp", f"{reader.url}?{trust}"))
        reader.show([FIRST])
        until(session, lambda heard: FIRST in epcs(heard))
        session.stop()

    assert pin in str(unknown.value)
    assert f"its fingerprint is {pin}" in str(other.value)


def test_a_broker_that_answers_no_more_is_lost_although_it_is_connected(
    on: Callable[..., Any],
) -> None:
    reader = on(EmulatedReader("gate", "zebra_iotc_json", port="mqtt"))
    wire = reader._wire
    assert isinstance(wire, MqttWire)
    session = on(Session("gate", "zebra_iotc_json", f"{reader.url}?keep_alive_s=1"))
    until(session, lambda heard: any(isinstance(each, LineUp) for each in heard))
    reader.wait_connected(20)
    # Its answers to pings alone keep it up for longer than the limit.
    ends_at = time.monotonic() + 3
    quiet = []
    while time.monotonic() < ends_at:
        quiet += session.take(0.2)
    wire.is_mute = True

    heard = until(session, lambda heard: any(isinstance(each, LineDown) for each in heard))

    assert not any(isinstance(each, LineDown) for each in quiet)
    down = next(each for each in heard if isinstance(each, LineDown))
    assert down.reason == "The broker has not answered for 1.5 s."


def test_an_event_that_was_not_acknowledged_comes_again(on: Callable[..., Any]) -> None:
    reader = on(EmulatedReader("gate", "zebra_iotc_json", port="mqtt"))
    wire = reader._wire
    assert isinstance(wire, MqttWire)
    port = open_port(reader.url)
    assert reader.wait_connected(20)
    first = b""
    while not first:
        first = port.recv_some(1)  # the sign of life, not asked for again: not acknowledged
    port._line.close()  # type: ignore[attr-defined]  # a station that loses its power says nothing

    again = open_port(reader.url)
    second = b""
    while not second:
        second = again.recv_some(1)
    again.close()

    assert first.split(b"\r\n")[0] in second.split(b"\r\n")
    ends_at = time.monotonic() + 30
    while wire.unacknowledged and time.monotonic() < ends_at:
        time.sleep(0.01)
    assert wire.unacknowledged == {}


def test_a_silent_stream_is_lost_where_a_limit_is_set(on: Callable[..., Any]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        session = on(
            Session(
                "gate",
                "impinj_r700_json",
                f"http://127.0.0.1:{server.getsockname()[1]}/?silence_s=0.3",
            )
        )
        host, _ = server.accept()
        with host:
            host.recv(4096)
            host.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
            heard = until(session, lambda heard: any(isinstance(each, LineDown) for each in heard))
        session.stop()
    down = next(each for each in heard if isinstance(each, LineDown))
    assert down.reason == "The reader has sent nothing for 0.3 s."


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (b"HTTP/1.1 404 Not Found\r\n\r\n", "refuses /x with 404: there is nothing under this"),
        (b"HTTP/1.1 503 Busy\r\n\r\n", "refuses /x with 503: see in the reader's manual"),
        (b"SSH-2.0-dropbear\r\n\r\n", "refuses /x with 0"),
        (b"", "did not answer: The reader closed the connection"),
    ],
)
def test_a_refusal_is_said(answer: bytes, sentence: str) -> None:
    import threading

    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            host, _ = server.accept()
            with host:
                host.recv(4096)
                host.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(PortUnavailable, match=sentence):
            open_port(f"http://127.0.0.1:{server.getsockname()[1]}/x")
        thread.join(20)


# --- a webhook's requests --------------------------------------------------------------------


def asked(url: str, *pieces: bytes, secrets: str = "") -> tuple[list[bytes], bytes]:
    """Send pieces to a hook; return what it gave for each and what it answered."""
    port = open_port(url + secrets)
    number = int(url.rpartition(":")[2].partition("/")[0])
    given = []
    with socket.create_connection(("127.0.0.1", number), 20) as sender:
        for piece in pieces:
            sender.sendall(piece)
            got, ends_at = b"", time.monotonic() + 1
            while not got and time.monotonic() < ends_at:
                got = port.recv_some(0.2)
            given.append(got)
        sender.settimeout(0.5)
        answer = b""
        try:
            while piece := sender.recv(4096):
                answer += piece
        except TimeoutError:
            pass
    port.close()
    return given, answer


def hook(user: str = "") -> str:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return f"http-listen://{user}127.0.0.1:{free.getsockname()[1]}/hook"


def test_requests_come_in_any_pieces_and_several_on_one_connection() -> None:
    chunked = b"POST /hook HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunked += b"3\r\n{}\n\r\n2\r\n{}\r\n0\r\n\r\n"
    sized = b"POST /hook HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}"
    given, answer = asked(hook(), sized[:9], sized[9:-1], sized[-1:] + chunked)

    assert given == [b"", b"", b"{}\r\n{} {}\r\n"]
    assert answer == b"HTTP/1.1 204 No Content\r\n\r\n" * 2


def test_a_request_with_several_events_gives_a_line_for_each() -> None:
    body = b'[{"data":{"idHex":"E200"}},\n {"data":{"idHex":"E201"}}]'
    head = b"POST /hook HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body)
    given, _ = asked(hook(), head + body)
    items = ZebraIotcCodec().receive(given[0])
    assert [item.epc.hex() for item in items if isinstance(item, TagRead)] == ["e200", "e201"]
    assert len(items) == 2


@pytest.mark.parametrize(
    ("request_head", "status"),
    [
        (b"POST /other HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", b"404"),
        (b"GET /hook HTTP/1.1\r\n\r\n", b"405"),
        (b"POST /hook HTTP/1.1\r\n\r\n", b"400"),
    ],
)
def test_what_is_no_event_is_refused(request_head: bytes, status: bytes) -> None:
    given, answer = asked(hook(), request_head)
    assert (given, answer.split(b" ")[1]) == ([b""], status)


def test_a_hook_with_a_user_lets_nobody_else_in(secrets: Path) -> None:
    plain = b"POST /hook HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}"
    right = plain.replace(b"\r\nC", b"\r\nAuthorization: Basic cm9vdDpvcGVuc2VzYW1l\r\nC")
    options = f"?secrets={secrets}"

    given, answer = asked(hook("root@"), plain, secrets=options)
    assert (given, answer.split(b" ")[1]) == ([b""], b"401")
    given, answer = asked(hook("root@"), right, secrets=options)
    assert (given, answer.split(b" ")[1]) == ([b"{}\r\n"], b"204")


# --- the pure parts ---------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_chunks_come_in_any_pieces(size: int) -> None:
    wire = b"4\r\nabcd\r\n1;x=y\r\ne\r\nA\r\n0123456789\r\n0\r\n\r\n"
    body = Body({"transfer-encoding": "chunked"})
    got = b"".join(body.receive(wire[at : at + size]) for at in range(0, len(wire), size))
    assert (got, body.is_over) == (b"abcde0123456789", True)


def test_broken_chunks_are_a_lost_line() -> None:
    with pytest.raises(PortLost, match="chunks are broken"):
        Body({"transfer-encoding": "chunked"}).receive(b"zz\r\n")


@pytest.mark.parametrize("size", [0, 127, 128, 16_383, 16_384, 200_000])
def test_packets_of_every_size_come_in_any_pieces(size: int) -> None:
    packet = Packet(3, 2, b"x" * size)
    wire = packet.encode() * 2
    reader = PacketReader()
    got = [each for at in range(0, len(wire), 997) for each in reader.receive(wire[at : at + 997])]
    assert got == [packet, packet]


def test_the_standards_own_packets() -> None:
    # MQTT 3.1.1, table 2.4 and figures 3.8, 3.9: lengths, CONNACK accepted, PUBACK.
    assert [len(Packet(3, 0, b"x" * size).encode()) - size for size in (127, 128, 16_384)] == [
        2,
        3,
        4,
    ]
    assert PacketReader().receive(bytes.fromhex("20020000 4002000a d000")) == [
        Packet(2, 0, b"\x00\x00"),
        Packet(4, 0, b"\x00\x0a"),
        Packet(13),
    ]
    with pytest.raises(PortLost, match="length that cannot be"):
        PacketReader().receive(bytes.fromhex("30ffffffff01"))
