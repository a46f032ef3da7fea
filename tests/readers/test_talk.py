"""A conversation with a reader has its answers, its result and its end, whatever the line does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from readers.control.talk import Ask, Conversation, Talk, converse
from readers.emulated.emulation import EmulatedReader
from readers.protocols.r2000_a0.codec import BROADCAST, Frame
from readers.reads import Item, PortLost, ReaderError, Received, Reply, TagRead
from readers.session import Session

EPC = bytes.fromhex("3034257bf7194e4000000001")
FIRMWARE, NOTHING = Frame(BROADCAST, 0x72, b"").encode(), b"\x00"


def wait_for(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not done():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


def is_firmware(item: Item) -> bool:
    return isinstance(item, Reply) and item.command == 0x72


def version(data: bytes = FIRMWARE, wait_ms: int = 5000) -> Talk[str]:
    answer = yield Ask(data, is_firmware, wait_ms)
    return str(answer.fields["version"]) if isinstance(answer, Reply) else "nobody"


def reply(number: int) -> Reply:
    return Reply(number, f"{number}")


def two() -> Talk[list[Item | None]]:
    first = yield Ask(b"one", lambda item: isinstance(item, Reply) and item.command == 1, 100, 2)
    second = yield Ask(b"", lambda item: isinstance(item, Reply) and item.command == 2, 100)
    return [first, second]


def test_what_came_with_an_answer_is_heard_by_who_listens_on() -> None:
    one = Conversation(two())
    assert one.begin(0.0) == b"one"
    assert one.hear([reply(7), reply(1), reply(2)], 0.01) == b""
    assert one.result == [reply(1), reply(2)]


def test_a_question_is_asked_as_often_as_it_may_be_and_then_given_up() -> None:
    one = Conversation(two())
    said = [one.begin(0.0), one.hear([], 0.05), one.hear([], 0.1), one.hear([], 0.15)]
    assert said == [b"one", b"", b"one", b""]
    assert [one.hear([], 0.2), one.is_over] == [b"", False]
    one.hear([], 0.4)
    assert one.result == [None, None]


def test_what_was_heard_before_a_question_is_no_answer_to_it() -> None:
    def talk() -> Talk[Item | None]:
        yield Ask(b"a", lambda item: isinstance(item, Reply) and item.command == 1)
        return (yield Ask(b"b", lambda item: isinstance(item, Reply) and item.command == 2, 50))

    one = Conversation(talk())
    one.begin(0.0)
    assert one.hear([reply(1), reply(2)], 0.0) == b"b"
    one.hear([], 0.1)
    assert one.result is None


def test_a_refusal_reaches_whoever_asked() -> None:
    def talk() -> Talk[None]:
        yield Ask(b"a", lambda _item: True)
        raise ReaderError("Expected a, got b.")

    one = Conversation(talk())
    one.begin(0.0)
    one.hear([reply(1)], 0.0)
    with pytest.raises(ReaderError, match=r"^Expected a, got b\.$"):
        _ = one.result


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[EmulatedReader]:
    reader = EmulatedReader("gate", "r2000_a0", folder=tmp_path)
    reader.show([EPC])
    yield reader
    reader.stop()


@pytest.fixture
def session(gate: EmulatedReader) -> Iterator[Session]:
    session = Session("gate", "r2000_a0", gate.url)
    session.start()
    wait_for(lambda: bool(reads(session)))
    yield session
    session.stop()


def reads(session: Session) -> list[bytes]:
    return [
        each.value.epc
        for each in session.take(0.05)
        if isinstance(each, Received) and isinstance(each.value, TagRead)
    ]


def test_a_session_reads_on_around_a_conversation(session: Session) -> None:
    assert session.converse(version()) == "1.9"
    session.take()
    wait_for(lambda: bool(reads(session)))
    assert session.converse(version(NOTHING, 50)) == "nobody"
    wait_for(lambda: bool(reads(session)))


def test_a_mistake_in_a_conversation_harms_no_session(session: Session) -> None:
    def talk() -> Talk[None]:
        yield Ask(FIRMWARE, is_firmware)
        raise KeyError("mistake")

    with pytest.raises(KeyError, match="mistake"):
        session.converse(talk())
    assert session.converse(version()) == "1.9"


def test_a_line_that_falls_in_the_middle_ends_the_conversation(
    gate: EmulatedReader, session: Session
) -> None:
    raised: list[ReaderError] = []
    has_begun = threading.Event()

    def asked() -> Talk[None]:
        has_begun.set()
        yield Ask(NOTHING, is_firmware, 60_000)

    def talk() -> None:
        try:
            session.converse(asked(), 60)
        except ReaderError as error:
            raised.append(error)

    thread = threading.Thread(target=talk)
    thread.start()
    assert has_begun.wait(60)
    gate.unplug()
    thread.join(60)
    [error] = raised
    assert isinstance(error, PortLost)
    assert "may be done in part" in str(error)
    with pytest.raises(ReaderError, match=r"^Cannot talk to gate: "):
        session.converse(version())
    gate.plug()
    wait_for(lambda: session.is_up)
    assert session.converse(version()) == "1.9"


def test_whoever_waits_too_long_is_told_and_the_next_one_is_served(session: Session) -> None:
    with pytest.raises(ReaderError, match=r"^The reader was not done after 0\.01 s\."):
        session.converse(version(NOTHING, 300), 0.01)
    assert session.converse(version()) == "1.9"


def test_a_port_without_a_session_is_talked_to(gate: EmulatedReader) -> None:
    assert converse(gate.url, None, "r2000_a0", version()) == "1.9"
    with pytest.raises(ReaderError, match=r"not done after 0 s"):
        converse(gate.url, None, "r2000_a0", version(NOTHING, 60_000), timeout_s=0)
