"""What time a time server says it is: asked only while nobody believes the clock, if one is named.

>>> packet = bytes([0x24, 1]) + bytes(38) + (EPOCH_S + 1_800_000_000).to_bytes(4, "big") + bytes(4)
>>> read_answer(packet)
1800000000000000

Source: RFC 4330 (SNTP version 4), section 4.
"""

from __future__ import annotations

import os
import socket
import threading
from typing import TYPE_CHECKING, Final

import structlog

from traceability.errors import Refused

if TYPE_CHECKING:
    from traceability.ledger.append import Ledger

__all__ = ["SETTING", "ask_time", "keep_asking", "named_server", "read_answer"]

SETTING: Final = "HANGTAG_TIME_SERVER"
PORT: Final = 123
PATIENCE_S: Final = 2.0
EVERY_S: Final = 20.0
SOURCE: Final = "the network"
EPOCH_S: Final = 2_208_988_800
"""Seconds from 1900, where the protocol counts from, to 1970."""
_SIZE = 48
_ASK = bytes([0x23]) + bytes(_SIZE - 1)  # version 4, from a client
_FROM_SERVER = 4
_STRATUM_MAX = 15
_log = structlog.get_logger()


def named_server() -> tuple[str, int] | None:
    """Return host and port of the time server that the setting names; None if it names none.

    Raises:
        Refused: If it cannot be read.
    """
    given = os.environ.get(SETTING, "").strip()
    if not given:
        return None
    host, _, port = given.partition(":")
    if not host or (port and not port.isdecimal()):
        raise Refused(
            f"Cannot use {given!r} as {SETTING}: expected a host, for example pool.ntp.org."
        )
    return host, int(port or PORT)


def ask_time(server: tuple[str, int], *, patience_s: float = PATIENCE_S) -> int | None:
    """Ask a time server once; return µs since 1970, None without an answer that can be used."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
            line.settimeout(patience_s)
            line.connect(server)  # answers of others are not heard then
            line.send(_ASK)
            return read_answer(line.recv(512))
    except OSError:
        return None


def read_answer(packet: bytes) -> int | None:
    """Read a time server's answer: µs since 1970, None if it is none or knows no time itself."""
    if len(packet) < _SIZE or packet[0] & 7 != _FROM_SERVER or packet[0] >> 6 == 3:
        return None
    if not 0 < packet[1] <= _STRATUM_MAX:
        return None
    seconds = int.from_bytes(packet[40:44], "big")
    fraction = int.from_bytes(packet[44:48], "big")
    if seconds < EPOCH_S:  # the count began anew in 2036
        seconds += 1 << 32
    return (seconds - EPOCH_S) * 1_000_000 + (fraction * 1_000_000 >> 32)


def keep_asking(ledger: Ledger, stopping: threading.Event) -> None:
    """Ask the named time server while the ledger's clock is not believed: a thread's whole work.

    Without a named one there is nothing to do, and nothing leaves this machine.
    """
    try:
        server = named_server()
    except Refused as error:
        _log.warning("no time server is asked", reason=str(error))
        return
    while server is not None:
        try:
            if ledger.clock_question() is not None:
                said = ask_time(server)
                if said is not None:
                    ledger.clock.hear(SOURCE, said)
        except Exception as error:  # noqa: BLE001 - the top of a thread; a page asks a person anyway
            _log.warning("the time server was not asked", reason=str(error))
        if stopping.wait(EVERY_S):
            return
