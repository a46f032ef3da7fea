"""A reader that is reading is set and writes a tag, over a real port, and then reads on."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from readers.emulated.emulation import EmulatedReader
from readers.reads import Received, TagRead
from readers.registry import PROTOCOLS
from readers.session import Session
from tests.readers.test_controls import NEW, ONE, OTHER, WRITING


def wait_for(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not done():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


def epcs(session: Session) -> set[bytes]:
    return {
        each.value.epc
        for each in session.take(0.05)
        if isinstance(each, Received) and isinstance(each.value, TagRead)
    }


@pytest.mark.parametrize("protocol", WRITING)
def test_a_session_writes_a_tag_and_reads_on(protocol: str) -> None:
    reader = EmulatedReader("gate", protocol, port="tcp")
    session = Session("gate", protocol, reader.url)
    make = PROTOCOLS[protocol].controls
    assert make is not None
    controls = make()
    try:
        reader.show([ONE, OTHER])
        session.start()
        wait_for(lambda: ONE in epcs(session))

        tids = {tag.epc: tag.tid for tag in session.converse(controls.tags(), 60)}
        written = session.converse(controls.write_epc(tids[ONE], NEW), 60)

        assert (written.before_epc, written.after_epc) == (ONE, NEW)
        session.take()
        wait_for(lambda: NEW in epcs(session))
        wait_for(lambda: OTHER in epcs(session))
        assert session.counters.losses == 0
    finally:
        session.stop()
        reader.stop()
