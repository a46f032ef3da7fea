"""Event cycles over a station's readers, for programs that want sets and no visits.

The station that is meant for them must not run meanwhile: a port has one reader of its bytes.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Sequence
from datetime import UTC, datetime, timedelta

from readers.reads import CardRead, Input, Received, Scan, TagRead
from readers.session import Session
from traceability.gs1 import key_of_epc, uri_of
from traceability.observation.cycles import Boundary, EventCycles, Report
from traceability.station.cards import printed
from traceability.station.heard import Heard
from traceability.station.settings import ReaderSettings

HOLD = timedelta(milliseconds=15)
"""Reads wait so long for those of other readers, so that all are taken in the order of time."""
LOOK_S = 0.05


def rounds(
    readers: Sequence[ReaderSettings], boundary: Boundary, stopping: threading.Event
) -> Generator[Report, None, None]:
    """Open the readers, yield each cycle as it ends, and close them when it is over.

    Args:
        readers: As the station's file names them; the station itself must not run meanwhile.
        boundary: When cycles begin and end.
        stopping: Ends it; the open cycle is yielded as it stands.
    """
    sessions = [Session(one.name, one.protocol, one.url, one.baud) for one in readers]
    heard, cycles = Heard(), EventCycles(boundary)
    for session in sessions:
        session.start()
    cycles.request(datetime.now(UTC))
    try:
        while not stopping.wait(LOOK_S):
            for session in sessions:
                heard.add(session.take())
            horizon = datetime.now(UTC) - HOLD
            for each in heard.until(horizon):
                if isinstance(each, Received):
                    yield from _take(cycles, each)
            yield from cycles.advance(horizon)
        yield from cycles.unrequest(datetime.now(UTC))
    finally:
        for session in sessions:
            session.stop()


def _take(cycles: EventCycles, received: Received) -> list[Report]:
    value = received.value
    if isinstance(value, TagRead):
        return cycles.see(received.at, uri_of(key_of_epc(value.epc)))
    if isinstance(value, Scan):
        return cycles.see(received.at, value.text)
    if isinstance(value, CardRead):
        return cycles.see(received.at, printed(value))
    if isinstance(value, Input):
        return cycles.trigger(received.at, received.reader, value.pin, value.is_high)
    return []
