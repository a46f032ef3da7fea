"""The certificate of the house: trusted for the house alone, renewed in time, its keys kept in."""

from __future__ import annotations

import socket
import ssl
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from traceability.errors import Refused
from traceability.factory import certificate, neighbours
from traceability.factory.certificate import Certificate, kept

NOW = datetime.now(UTC).replace(microsecond=0)
HOST = "workshop.test"
NAMES = (HOST, "workshop.local")


def make(
    folder: Path,
    *,
    names: tuple[str, ...] = NAMES,
    addresses: tuple[str, ...] = ("192.168.1.20",),
    at: datetime = NOW,
) -> Certificate:
    return kept(folder, title="Porto", names=names, addresses=addresses, at=at)


def leaf(made: Certificate) -> x509.Certificate:
    return x509.load_pem_x509_certificate(made.file.read_bytes())


def shake_hands(made: Certificate, name: str) -> str:
    """Meet the server as a browser would that trusts the authority; return the name it accepts."""
    there, here = socket.socketpair()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(made.file, made.key)

    def serve() -> None:
        with there:
            try:
                server.wrap_socket(there, server_side=True).close()
            except (ssl.SSLError, OSError):
                return  # the client says why

    thread = threading.Thread(target=serve)
    thread.start()
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    client.load_verify_locations(cadata=made.authority)
    try:
        with here, client.wrap_socket(here, server_hostname=name) as line:
            return str(line.version())
    finally:
        thread.join(5)


@pytest.mark.parametrize("name", [HOST, "workshop.local", "192.168.1.20", "localhost"])
def test_who_trusts_the_authority_meets_the_server_by_each_name(tmp_path: Path, name: str) -> None:
    assert shake_hands(make(tmp_path), name) == "TLSv1.3"


def test_another_name_is_not_taken(tmp_path: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        shake_hands(make(tmp_path), "bank.example")


def test_who_has_the_authoritys_key_still_cannot_be_a_bank(tmp_path: Path) -> None:
    made = make(tmp_path)
    place = tmp_path / certificate.FOLDER
    authority = x509.load_der_x509_certificate(made.authority)
    signer = serialization.load_pem_private_key((place / "authority.key").read_bytes(), None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    certificate._write_server(place, authority, signer, ("bank.example",), NOW)
    verifier = (
        PolicyBuilder()
        .store(Store([authority]))
        .time(NOW)
        .build_server_verifier(x509.DNSName("bank.example"))
    )
    with pytest.raises((VerificationError, ValueError)):
        verifier.verify(leaf(made), [])
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
        shake_hands(made, "bank.example")


def test_the_authority_lasts_ten_years_and_the_certificate_397_days(tmp_path: Path) -> None:
    made = make(tmp_path)
    authority = x509.load_der_x509_certificate(made.authority)
    assert authority.not_valid_after_utc - NOW == timedelta(days=3652)
    shown = leaf(made)
    assert shown.not_valid_after_utc - shown.not_valid_before_utc == timedelta(days=397)
    limits = authority.extensions.get_extension_for_class(x509.BasicConstraints)
    assert limits.critical
    assert (limits.value.ca, limits.value.path_length) == (True, 0)


def test_it_stays_the_same_until_30_days_before_its_end(tmp_path: Path) -> None:
    first = make(tmp_path)
    before = leaf(first)
    last_day = before.not_valid_after_utc - timedelta(days=30, seconds=1)
    assert make(tmp_path, at=last_day) == first
    assert leaf(first) == before
    renewed = make(tmp_path, at=last_day + timedelta(seconds=1))
    assert leaf(renewed) != before
    assert renewed.authority == first.authority, "no phone has to trust anew"


def test_a_new_address_makes_it_anew_and_a_lost_one_does_not(tmp_path: Path) -> None:
    first = make(tmp_path)
    moved = make(tmp_path, addresses=("10.0.0.7", "192.168.1.20"))
    assert "10.0.0.7" in moved.names
    assert moved.authority == first.authority
    assert make(tmp_path) == moved


def test_an_address_of_the_internet_is_left_out(tmp_path: Path) -> None:
    made = make(tmp_path, addresses=("203.0.113.9", "192.168.1.20"))
    assert made.names == ("127.0.0.1", "192.168.1.20", "localhost", "workshop.local", HOST)


def test_a_name_that_the_authority_may_not_vouch_for_is_left_out(tmp_path: Path) -> None:
    make(tmp_path)
    renamed = make(tmp_path, names=("other", "other.local"))
    assert "other.local" in renamed.names
    assert "other" not in renamed.names
    assert shake_hands(renamed, "other.local") == "TLSv1.3"


def test_a_second_authority_comes_before_the_first_ends(tmp_path: Path) -> None:
    first = make(tmp_path)
    later = NOW + timedelta(days=3652 - 396)
    assert make(tmp_path, at=later).authority != first.authority


@pytest.mark.parametrize("gone", ["server.crt", "server.key", "authority.key", "authority.crt"])
@pytest.mark.parametrize("how", ["missing", "torn"])
def test_what_is_missing_or_torn_is_made_anew(tmp_path: Path, gone: str, how: str) -> None:
    make(tmp_path)
    path = tmp_path / certificate.FOLDER / gone
    path.unlink() if how == "missing" else path.write_bytes(path.read_bytes()[:40])
    assert shake_hands(make(tmp_path), HOST) == "TLSv1.3"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps rights elsewhere")
def test_nobody_else_can_read_a_private_key(tmp_path: Path) -> None:
    make(tmp_path)
    place = tmp_path / certificate.FOLDER
    assert place.stat().st_mode & 0o077 == 0
    for path in place.glob("*.key"):
        assert path.stat().st_mode & 0o777 == 0o600, path.name
    assert sorted(path.name for path in place.iterdir()) == [
        "authority.crt",
        "authority.key",
        "server.crt",
        "server.key",
    ]


def test_no_private_key_is_handed_out(tmp_path: Path) -> None:
    made = make(tmp_path)
    assert b"PRIVATE" not in made.authority
    assert b"PRIVATE" not in made.file.read_bytes()


def test_the_fingerprint_is_the_one_that_phones_show(tmp_path: Path) -> None:
    made = make(tmp_path)
    digest = x509.load_der_x509_certificate(made.authority).fingerprint(hashes.SHA256())
    assert bytes.fromhex(made.fingerprint) == digest
    assert made.fingerprint.startswith(made.short_fingerprint)
    assert len(made.short_fingerprint.split()) == 4


@pytest.mark.skipif(sys.platform == "win32", reason="a file in the place of a folder")
def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / certificate.FOLDER).write_text("in the way")
    with pytest.raises(Refused, match="Cannot keep the certificate in"):
        make(tmp_path)


def test_every_own_address_lies_at_home_and_every_own_name_is_one() -> None:
    assert all(neighbours.is_near(address) for address in neighbours.own_addresses())
    assert all(name == name.lower() and " " not in name for name in neighbours.own_names())


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("10.0.0.1", True),
        ("172.31.255.255", True),
        ("172.32.0.1", False),
        ("8.8.8.8", False),
        ("::ffff:192.168.0.1", True),
        ("::ffff:8.8.8.8", False),
        ("2001:db8::1", False),
        ("fd00::2", True),
        ("", False),
        ("nonsense", False),
    ],
)
def test_near_is_what_no_router_of_the_internet_forwards(address: str, expected: bool) -> None:
    assert neighbours.is_near(address) is expected
