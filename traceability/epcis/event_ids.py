"""The name of an event, such that the same event never gets two.

A station that crashes and reads its recording again must give every event the id it had before,
or the ledger would count a garment twice: its ids follow from the station, its epoch and the
number of the event. An event that came without an id gets one from its document and its place
there; only what is entered by hand, once, gets a fresh one.

Source: RFC 9562 sections 5.7 (UUIDv7) and 4 (``urn:uuid:``).

>>> station_event_id(1_772_439_330_250_000, "dock", 3, 17)
'urn:uuid:019cad9d-ddca-7817-b209-fd3a77f13609'
"""

import secrets
from hashlib import sha256
from typing import Final

_TIME_MS_MAX: Final = 2**48 - 1
_COUNTER_MAX: Final = 2**64 - 1


def station_event_id(event_time: int, station: str, epoch: int, counter: int) -> str:
    """Make the id of a station's event; the same arguments give the same id for ever.

    Args:
        event_time: µs UTC; its milliseconds become the first 48 bits, so ids sort by time.
        station: Name of the station.
        epoch: Run of the station's counter, from 0.
        counter: Number of the event within the run, from 0.

    Returns:
        ``urn:uuid:`` and a UUIDv7 whose other 74 bits are those of
        SHA-256(station UTF-8 ‖ epoch ‖ counter), both numbers as 8 bytes, big end first.

    Raises:
        ValueError: On a time before 1970 or a number that does not fit.
    """
    if not 0 <= epoch <= _COUNTER_MAX or not 0 <= counter <= _COUNTER_MAX:
        raise ValueError(f"Epoch and counter have 64 bits, got {epoch} and {counter}.")
    # The two numbers have a fixed width: no two stations can spell the same bytes.
    seed = station.encode() + epoch.to_bytes(8) + counter.to_bytes(8)
    return _uuid7(event_time, sha256(seed).digest())


def document_event_id(event_time: int, document: bytes, index: int) -> str:
    """Make the id of an event that came without one, for its document: the same again when resent.

    Args:
        event_time: µs UTC; a time before 1970 counts as 1970.
        document: SHA-256 of the document's bytes.
        index: The event's place in it, from 0.

    >>> document_event_id(0, bytes(32), 1) == document_event_id(0, bytes(32), 1)
    True
    """
    return _uuid7(max(0, event_time), sha256(document + index.to_bytes(8)).digest())


def fresh_event_id(at: int, randomness: bytes | None = None) -> str:
    """Make an id for an event that is made here, and once.

    Args:
        at: µs UTC.
        randomness: 10 bytes or more, of which 74 bits are used; None takes them from the system.

    >>> fresh_event_id(0, bytes(10))
    'urn:uuid:00000000-0000-7000-8000-000000000000'
    """
    return _uuid7(at, secrets.token_bytes(10) if randomness is None else randomness)


def _uuid7(at: int, bits: bytes) -> str:
    milliseconds = at // 1000
    if not 0 <= milliseconds <= _TIME_MS_MAX:
        raise ValueError(f"A UUIDv7 counts milliseconds from 1970, got {milliseconds}.")
    if len(bits) < 10:
        raise ValueError(f"A UUIDv7 needs 10 bytes, got {len(bits)}.")
    tail = bytearray(bits[:10])
    tail[0] = 0x70 | tail[0] & 0x0F
    tail[2] = 0x80 | tail[2] & 0x3F
    text = f"{milliseconds:012x}{tail.hex()}"
    return f"urn:uuid:{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
