"""A log asks its witnesses: what they sign is kept, what goes wrong is said and stops nobody."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Response
from sqlalchemy import text

from tests.ledger.books import draft, open_book, packed
from tests.ledger.proof import witness_house
from tests.ledger.proof.witness_house import AT_S, answering, witnessing
from traceability.errors import Refused
from traceability.ledger.append import Ledger
from traceability.ledger.proof.checkpoint import Checkpoint
from traceability.ledger.proof.cosigning import (
    Reply,
    ask_witnesses,
    cosigned_note,
    keep_cosigning,
    policy_file,
    read_policy,
)
from traceability.ledger.proof.note import Signer, Verifier, open_note, parse_note, sign_note
from traceability.ledger.proof.policy import Policy
from traceability.ledger.proof.signing import LogSigner, latest_note, sign_now
from traceability.ledger.proof.witness import WitnessBook


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A workshop's ledger in a file."""
    opened = open_book(tmp_path / "book.sqlite")
    yield opened
    opened.database.close()


@pytest.fixture
def brand(tmp_path: Path, ledger: Ledger) -> Iterator[WitnessBook]:
    """A partner's witness, which watches that ledger."""
    book = witness_house.open_book(tmp_path)
    book.add_log(str(log_key(sign_now(ledger), ledger)))
    yield book
    book.close()


def log_key(note: bytes, ledger: Ledger) -> Verifier:
    """Return the key that signed a note, read from the ledger's folder of keys."""
    words = Path(f"{ledger.database.path}.keys/main-1.key").read_text("utf-8")
    verifier = Signer.parse(words.strip()).verifier
    assert open_note(note, [verifier]).by[0][0] == verifier
    return verifier


def policy_of(*lines: str, quorum: str = "brand") -> Policy:
    """Make a policy of witness lines."""
    return Policy.parse("".join(f"witness {line}\n" for line in lines) + f"quorum {quorum}\n")


def grow(ledger: Ledger, first: int, count: int) -> bytes:
    """Append events; return the signed checkpoint after them."""
    ledger.append([draft(packed(number)) for number in range(first, first + count)])
    return LogSigner(ledger, every_s=0).sign()


def test_each_size_is_signed_by_the_witness_and_kept(ledger: Ledger, brand: WitnessBook) -> None:
    with witnessing(brand) as url:
        policy = policy_of(f"brand {brand.verifier} {url}/")
        for first, count in ((0, 1), (10, 7), (20, 300)):
            note = grow(ledger, first, count)
            cosigned = ask_witnesses(ledger, note, policy)
            assert [(one.witness, one.problem) for one in cosigned.replies] == [("brand", "")]
            assert cosigned.note.startswith(note)
            found = policy.check(open_note(cosigned.note, policy.verifiers))
            assert (found.is_met, found.by) == (True, (("brand", AT_S),))
            size = Checkpoint.parse(parse_note(note).text).size
            with ledger.database.read() as connection:
                assert cosigned_note(connection, ledger.ledger_id, size) == cosigned.note
                assert cosigned_note(connection, ledger.ledger_id, size + 1) is None
        assert brand.seen()[0].size == ledger.size
    again = ask_witnesses(ledger, cosigned.note, policy_of(quorum="none"))
    assert (again.note, again.replies) == (cosigned.note, ())


def test_a_log_that_forgot_is_told_the_size(ledger: Ledger, brand: WitnessBook) -> None:
    with witnessing(brand) as url:
        policy = policy_of(f"brand {brand.verifier} {url}")
        ask_witnesses(ledger, grow(ledger, 0, 5), policy)
        with ledger.database.write() as connection:
            connection.execute(text("DELETE FROM cosignature"))
        note = grow(ledger, 10, 5)
        assert ask_witnesses(ledger, note, policy).replies[0].problem == ""
        # Killed after the witness had stored it, before the answer was: asked once more.
        with ledger.database.write() as connection:
            connection.execute(text("DELETE FROM cosignature"))
        assert ask_witnesses(ledger, note, policy).replies[0].problem == ""


def test_a_ledger_that_went_back_is_told_so(ledger: Ledger, brand: WitnessBook) -> None:
    with witnessing(brand) as url:
        policy = policy_of(f"brand {brand.verifier} {url}")
        old = grow(ledger, 0, 5)
        ask_witnesses(ledger, grow(ledger, 10, 5), policy)
        (reply,) = ask_witnesses(ledger, old, policy).replies
        assert reply.signature == ""
        assert "it has seen 12 entries, this is size 7. If the ledger was restored" in reply.problem


def test_two_histories_are_told_apart(ledger: Ledger, brand: WitnessBook, tmp_path: Path) -> None:
    key = Path(f"{ledger.database.path}.keys/main-1.key").read_text("utf-8")
    note = grow(ledger, 0, 5)
    size = Checkpoint.parse(parse_note(note).text).size
    lie = sign_note(Checkpoint(ledger.origin, size, bytes(32)).text, Signer.parse(key.strip()))
    with witnessing(brand) as url:
        policy = policy_of(f"brand {brand.verifier} {url}")
        assert ask_witnesses(ledger, lie, policy).replies[0].problem == ""
        cosigned = ask_witnesses(ledger, note, policy)
    (reply,) = cosigned.replies
    assert reply.problem.endswith("it knows another root of size 7: there are two histories.")
    assert cosigned.note == note


def test_one_that_does_not_answer_holds_up_nobody(ledger: Ledger, brand: WitnessBook) -> None:
    other = Signer.make("mill.example/witness", algorithm=4, seed=bytes(32)).verifier
    third = Signer.make("port.example/witness", algorithm=4, seed=b"\x01" * 32).verifier
    note = grow(ledger, 0, 3)
    with witnessing(brand) as url, socket.create_server(("127.0.0.1", 0)) as deaf:
        policy = policy_of(
            f"off {other} http://127.0.0.1:1",
            f"deaf {third} http://127.0.0.1:{deaf.getsockname()[1]}",
            f"brand {brand.verifier} {url}",
        )
        began = time.monotonic()
        cosigned = ask_witnesses(ledger, note, policy, timeout_s=0.5)
        assert time.monotonic() - began < 5
    problems = {one.witness: one.problem for one in cosigned.replies}
    assert problems["off"].startswith("off does not answer: ")
    assert problems["deaf"].startswith("deaf does not answer: ")
    assert problems["brand"] == ""
    assert policy.check(open_note(cosigned.note, policy.verifiers)).is_met


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (lambda: Response("", 200), "its signature does not hold"),
        (lambda: Response("\u2014 brand.example/witness AAAA\n", 200), "does not hold"),
        (lambda: Response(_foreign(), 200), "its signature does not hold: No known key signed"),
        (lambda: Response("no\n", 403), "it answered 403, 'no'."),
        (lambda: Response("many\n", 409), "it answered 409, 'many'."),
        (lambda: Response("x" * 1_000_000, 500), "it answered 500, 'xxxx"),
        (lambda: Response("", 302, {"Location": "http://127.0.0.1:1/"}), "it answered 302"),
    ],
)
def test_what_is_no_signature_is_not_kept(
    ledger: Ledger, brand: WitnessBook, answer: object, sentence: str
) -> None:
    note = grow(ledger, 0, 3)
    with answering(answer) as url:  # type: ignore[arg-type]  # a parametrised function
        cosigned = ask_witnesses(ledger, note, policy_of(f"brand {brand.verifier} {url}"))
    (reply,) = cosigned.replies
    assert (reply.signature, sentence in reply.problem) == ("", True), reply.problem
    assert cosigned.note == note


def _foreign() -> str:
    signer = Signer.make("brand.example/witness", algorithm=4, seed=bytes(32))
    return f"{signer.signature('other text', at_s=AT_S)}\n"


def test_only_addresses_of_the_web_are_asked(ledger: Ledger, brand: WitnessBook) -> None:
    policy = policy_of(f"brand {brand.verifier} file:///etc")
    (reply,) = ask_witnesses(ledger, grow(ledger, 0, 1), policy).replies
    assert reply.problem == "brand did not sign: 'file:///etc' is no http or https address."


def test_the_policy_lies_beside_the_keys(ledger: Ledger, brand: WitnessBook) -> None:
    assert read_policy(ledger) is None
    assert ask_witnesses(ledger, grow(ledger, 0, 1)).replies == ()
    policy_file(ledger).write_text("quorum nobody\n")
    with pytest.raises(Refused, match="Line 1 of the policy"):
        read_policy(ledger)
    with witnessing(brand) as url:
        policy_file(ledger).write_text(f"witness brand {brand.verifier} {url}\nquorum brand\n")
        assert ask_witnesses(ledger, grow(ledger, 5, 1)).replies[0].problem == ""


def test_beside_the_signer_the_newest_size_is_witnessed(ledger: Ledger, brand: WitnessBook) -> None:
    told: list[tuple[str, str]] = []
    stopping = threading.Event()
    heard = threading.Event()

    def tell(replies: tuple[Reply, ...]) -> None:
        told.extend((one.witness, one.problem[:25]) for one in replies)
        heard.set()

    def wait() -> None:
        assert heard.wait(20)
        heard.clear()

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    file = policy_file(ledger)
    file.write_text(f"witness brand {brand.verifier} http://127.0.0.1:{port}\nquorum brand\n")
    grow(ledger, 0, 2)
    thread = threading.Thread(
        target=keep_cosigning, args=(ledger, stopping, tell), kwargs={"every_s": 0.05}
    )
    thread.start()
    try:
        wait()  # its PC is off
        with witnessing(brand) as url:
            file.write_text(f"witness brand {brand.verifier} {url}\nquorum brand\n")
            wait()
            grow(ledger, 10, 1)
            while brand.seen()[0].size < ledger.size:
                wait()
    finally:
        stopping.set()
        thread.join()
    assert told[0] == ("brand", "brand does not answer: [E")
    assert told[-1] == ("brand", "")
    with ledger.database.read() as connection:
        note = cosigned_note(connection, ledger.ledger_id, ledger.size)
        assert note == latest_note(connection, ledger.ledger_id)
    assert note is not None
    assert open_note(note, [brand.verifier]).by == ((brand.verifier, AT_S),)
