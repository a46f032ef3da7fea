"""This PC in its network: under which names and addresses other devices of the house reach it.

Nothing is sent anywhere to find it out.

>>> is_near("192.168.1.20"), is_near("203.0.113.9"), is_near("fe80::1%eth0")
(True, False, True)
"""

from __future__ import annotations

import re
import socket
import struct
import sys
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

NEAR = tuple(
    ip_network(text)
    for text in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "169.254.0.0/16",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "fc00::/7",
        "fe80::/10",
        "::1/128",
    )
)
"""Addresses that no router of the internet forwards (RFC 1918, 3927, 4193, 4291, 6598)."""

ADDRESSES_MAX = 16
_INTERFACES_MAX = 64
_SIOCGIFADDR = 0x8915
"""Linux, netdevice(7): asks an interface for its IPv4 address."""
_ROUTES = (("10.255.255.255", 9), ("192.168.255.255", 9), ("172.31.255.255", 9), ("192.0.2.1", 9))
"""Where a datagram would go by each kind of route; none is sent."""
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")


def is_near(address: str) -> bool:
    """Say whether an address lies in a network at home, and not on the internet."""
    try:
        found: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return any((mapped or found) in network for network in NEAR)


def own_addresses() -> tuple[str, ...]:
    """Return the IPv4 addresses by which the network at home reaches this PC; maybe none.

    The one that the usual route leaves by stands first. Addresses of the internet, and those that
    stand for this PC alone, are left out.
    """
    found = [*_by_route(), *_by_interface(), *_by_name()]
    shown = [one for one in dict.fromkeys(found) if is_near(one) and not _is_loopback(one)]
    return tuple(shown[:ADDRESSES_MAX])


def own_names() -> tuple[str, ...]:
    """Return the host names of this PC: its own, and the one that it is called by without a server.

    Whether anybody in the network knows them is another question.
    """
    whole = socket.gethostname().strip(".").lower()
    first = whole.partition(".")[0]
    names = [first, f"{first}.local", whole] if first != "localhost" else []
    return tuple(name for name in dict.fromkeys(names) if _NAME.fullmatch(name))


def _is_loopback(address: str) -> bool:
    return ip_address(address).is_loopback


def _by_route() -> list[str]:
    found = []
    for target in _ROUTES:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect(target)
                found.append(str(probe.getsockname()[0]))
            except OSError:
                continue  # no route there
    return [one for one in found if one != "0.0.0.0"]  # noqa: S104 - left out, not listened on


def _by_interface() -> list[str]:
    if sys.platform != "linux":
        return []
    import fcntl

    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        for _index, name in socket.if_nameindex()[:_INTERFACES_MAX]:
            try:
                answer = fcntl.ioctl(
                    asked.fileno(), _SIOCGIFADDR, struct.pack("256s", name.encode()[:15])
                )
            except OSError:
                continue  # it has no address
            found.append(socket.inet_ntoa(answer[20:24]))
    return found


def _by_name() -> list[str]:
    try:
        answers = socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)
    except OSError:
        return []
    return [str(answer[4][0]) for answer in answers]
