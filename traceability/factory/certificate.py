"""The certificate by which phones know this PC: made here, for here, renewed by itself.

A browser gives camera and storage to an address only over TLS, and no public authority vouches for
a PC at home. So the factory is its own authority for ten years. A device that trusts it trusts it
for names and addresses of the house alone (name constraints), never for a bank. The certificate
itself lasts at most 397 days, as browsers ask, and is made anew 30 days before, or when the PC has
another address. Private keys never leave the folder, and only its owner can read them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from traceability.errors import Refused
from traceability.factory.neighbours import NEAR, is_near

FOLDER = ".network"
"""Folder of the factory that holds keys and certificates; hidden, so no backup takes it."""
AUTHORITY_AGE = timedelta(days=3652)
AGE = timedelta(days=397)
"""CA/Browser Forum Baseline Requirements 6.3.2: at most 398 days; Apple counts to 398, too."""
RENEWED_BEFORE = timedelta(days=30)
SKEW = timedelta(days=1)
"""A phone whose clock is behind must not think that the certificate lies in the future."""
HOME_NAMES = ("local", "lan", "home.arpa", "internal", "localhost")
"""Ends of names that are given at home only (RFC 6762, RFC 8375 and what routers hand out)."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a server shows, and what a phone is to trust."""

    file: Path
    """PEM of the server's certificate."""
    key: Path
    """PEM of its private key."""
    authority: bytes
    """DER of the authority's certificate: the one that phones are given."""
    fingerprint: str
    """SHA-256 of that, in groups of four hex digits."""
    names: tuple[str, ...]
    """Host names and addresses that the certificate is good for."""
    expires_at: datetime
    serial: int
    """Tells one certificate from the next."""

    @property
    def short_fingerprint(self) -> str:
        """The first four groups: enough for a person to compare on two screens."""
        return self.fingerprint[:19]


def kept(
    folder: Path, *, title: str, names: Sequence[str], addresses: Sequence[str], at: datetime
) -> Certificate:
    """Return the certificate of a factory; make it, or make it anew, if it is time.

    Args:
        folder: Folder of the factory.
        title: Name of the workshop: what a phone shows in its list of authorities.
        names: Host names to be good for; those that the authority may not vouch for are left out.
        addresses: IP addresses to be good for; only those of a network at home are.
        at: Now, UTC.

    Raises:
        Refused: If the folder cannot be written.
    """
    place = folder / FOLDER
    try:
        place.mkdir(parents=True, exist_ok=True)
        if os.name == "posix":
            place.chmod(0o700)
        authority, signer = _authority(place, title, names, at)
        wanted = _wanted(authority, names, addresses)
        if not _is_good(place, authority, wanted, at):
            _write_server(place, authority, signer, wanted, at)
        shown = x509.load_pem_x509_certificate((place / "server.crt").read_bytes())
    except OSError as error:
        raise Refused(
            f"Cannot keep the certificate in {place}: {error.strerror}. "
            "Make the folder one that you may write to."
        ) from error
    digest = authority.fingerprint(hashes.SHA256()).hex().upper()
    return Certificate(
        file=place / "server.crt",
        key=place / "server.key",
        authority=authority.public_bytes(serialization.Encoding.DER),
        fingerprint=" ".join(digest[one : one + 4] for one in range(0, len(digest), 4)),
        names=tuple(sorted(_names_of(shown))),
        expires_at=shown.not_valid_after_utc,
        serial=shown.serial_number,
    )


def _authority(
    place: Path, title: str, names: Iterable[str], at: datetime
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """Read the authority, or make it; one that ends before its next certificate would is over."""
    try:
        found = x509.load_pem_x509_certificate((place / "authority.crt").read_bytes())
        key = serialization.load_pem_private_key((place / "authority.key").read_bytes(), None)
    except (FileNotFoundError, ValueError):
        return _make_authority(place, title, names, at)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or found.not_valid_after_utc < at + AGE:
        return _make_authority(place, title, names, at)
    return found, key


def _make_authority(
    place: Path, title: str, names: Iterable[str], at: datetime
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, f"Hangtag, {title}"[:64]),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Hangtag on a PC of this house"),
        ]
    )
    allowed = [x509.DNSName(name) for name in dict.fromkeys([*names, *HOME_NAMES])]
    near = [x509.IPAddress(network) for network in NEAR]
    made = (
        _begun(subject, subject, key.public_key(), at, at + AUTHORITY_AGE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.NameConstraints([*allowed, *near], None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    _write(place / "authority.key", _pem(key), is_secret=True)
    _write(place / "authority.crt", made.public_bytes(serialization.Encoding.PEM))
    return made, key


def _write_server(
    place: Path,
    authority: x509.Certificate,
    signer: ec.EllipticCurvePrivateKey,
    wanted: Sequence[str],
    at: datetime,
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, wanted[0][:64])])
    ends = min(at - SKEW + AGE, authority.not_valid_after_utc)
    known = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    made = (
        _begun(subject, authority.subject, key.public_key(), at, ends)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_alternative(one) for one in wanted]), False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(known), critical=False
        )
        .sign(signer, hashes.SHA256())
    )
    # The key first: a server that is stopped in between makes both anew, since they do not fit.
    _write(place / "server.key", _pem(key), is_secret=True)
    _write(place / "server.crt", made.public_bytes(serialization.Encoding.PEM))


def _begun(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    at: datetime,
    ends: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - SKEW)
        .not_valid_after(ends)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _wanted(
    authority: x509.Certificate, names: Iterable[str], addresses: Iterable[str]
) -> tuple[str, ...]:
    """Return what the certificate is to be good for, as far as the authority may vouch for it."""
    limits = authority.extensions.get_extension_for_class(x509.NameConstraints).value
    allowed = [
        str(one.value) for one in limits.permitted_subtrees or () if isinstance(one, x509.DNSName)
    ]
    good = [
        name for name in names if any(name == end or name.endswith(f".{end}") for end in allowed)
    ]
    near = [address for address in addresses if is_near(address)]
    return tuple(dict.fromkeys([*good, *near, "localhost", "127.0.0.1"]))


def _is_good(place: Path, authority: x509.Certificate, wanted: Iterable[str], at: datetime) -> bool:
    """Say whether the certificate there is of this authority and key, lasts, and names all."""
    try:
        found = x509.load_pem_x509_certificate((place / "server.crt").read_bytes())
        key = serialization.load_pem_private_key((place / "server.key").read_bytes(), None)
    except (FileNotFoundError, ValueError):
        return False
    if found.issuer != authority.subject or key.public_key() != found.public_key():
        return False
    try:
        found.verify_directly_issued_by(authority)
    except (InvalidSignature, ValueError, TypeError):
        return False
    lasts = found.not_valid_before_utc <= at < found.not_valid_after_utc - RENEWED_BEFORE
    return lasts and set(wanted) <= set(_names_of(found))


def _names_of(certificate: x509.Certificate) -> list[str]:
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [str(one.value) for one in found]


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _write(path: Path, data: bytes, *, is_secret: bool = False) -> None:
    """Put a whole file in the place of another; a secret is never readable by others meanwhile."""
    beside = path.with_suffix(path.suffix + ".new")
    beside.unlink(missing_ok=True)
    mode = 0o600 if is_secret else 0o644
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
