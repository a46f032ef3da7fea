"""A witness: the sequence of others' vectors, what it refuses, restarts, and two at once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import vectors
from tests.ledger.test_merkle import LEAVES, read_nodes
from traceability.errors import Refused
from traceability.ledger.merkle import EMPTY_ROOT, Frontier, consistency_proof
from traceability.ledger.proof.checkpoint import Checkpoint
from traceability.ledger.proof.note import Signer, Verifier, open_note, sign_note
from traceability.ledger.proof.witness import Answer, WitnessBook

LOG = Signer.make("mill.example/main", seed=bytes(32))
NEW_KEY = Signer.make("mill.example/main", seed=b"\x07" * 32)
STRANGER = Signer.make("port.example/main", seed=b"\x01" * 32)
ROOTS = [Frontier().append(LEAVES[:size]).root() for size in range(len(LEAVES) + 1)]
AT_S = 1_767_600_000


def open_book(folder: Path) -> WitnessBook:
    """Open the witness in a folder, at a time that stands still."""
    return WitnessBook.open(folder, name="brand.example/witness", clock=lambda: float(AT_S))


def note(size: int, *, root: bytes | None = None, signer: Signer = LOG) -> bytes:
    """Return the signed checkpoint of a size of the log, or of a lie about it."""
    return sign_note(Checkpoint("mill.example/main", size, root or ROOTS[size]).text, signer)


def asked(old: int, checkpoint: bytes, proof: Sequence[bytes] = ()) -> bytes:
    """Spell a request."""
    lines = "".join(f"{b64encode(one).decode()}\n" for one in proof)
    return f"old {old}\n{lines}\n".encode() + checkpoint


def step(old: int, size: int) -> bytes:
    """Spell an honest request from one size to the next."""
    return asked(old, note(size), consistency_proof(old, size, read_nodes) if old else [])


@pytest.fixture
def book(tmp_path: Path) -> Any:
    """A witness that watches the log."""
    opened = open_book(tmp_path)
    opened.add_log(str(LOG.verifier))
    yield opened
    opened.close()


def test_what_continues_is_signed_with_a_time(book: WitnessBook) -> None:
    for old, size in ((0, 5), (5, 8), (8, 8), (8, 64), (64, 70)):
        answer = book.add_checkpoint(step(old, size))
        assert (answer.status, answer.media_type) == (200, "text/plain; charset=utf-8")
        opened = open_note(note(size) + answer.body.encode(), [LOG.verifier, book.verifier])
        assert opened.by == ((LOG.verifier, None), (book.verifier, AT_S))
    assert [(one.origin, one.size) for one in book.seen()] == [("mill.example/main", 70)]


@pytest.mark.vectors
def test_the_sequence_of_another_witness(tmp_path: Path) -> None:
    known = json.loads(vectors.path("tlog/witness/transparency-dev.json").read_text("utf-8"))
    open_book(tmp_path).close()
    (tmp_path / "witness.db.key").write_text(known["witness_private_key_note_TEST_ONLY"])
    book = WitnessBook.open(tmp_path)
    first, second = known["checkpoint_size5"].encode(), known["checkpoint_size8"].encode()
    proof = [bytes.fromhex(one) for one in known["consistency_5_to_8_hex"]]
    assert book.add_checkpoint(asked(0, first)).status == 404
    book.add_log(known["log_vkey"])
    steps = [
        (asked(3, first), 409, "0\n"),
        (asked(0, first), 200, None),
        (asked(0, second), 409, "5\n"),
        (asked(5, second, proof[:-1]), 422, None),
        (asked(5, second, proof), 200, None),
        (asked(5, second, proof), 409, "8\n"),
        (asked(8, first), 400, None),
        (asked(8, second), 200, None),
    ]
    for request, status, body in steps:
        answer = book.add_checkpoint(request)
        assert (answer.status, answer.body) == (status, body or answer.body)
        if status == 200:
            checkpoint = request.partition(b"\n\n")[2] + answer.body.encode()
            theirs = Verifier.parse(known["witness_vkey_ed25519_cosig"]).cosigner()
            assert open_note(checkpoint, [theirs]).by[0][1] is not None
    book.close()


LONG = consistency_proof(5, 70, read_nodes)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"", 400),
        (b"old 5\n", 400),
        (asked(5, note(70), LONG).replace(b"old 5", b"old 05"), 400),
        (asked(5, note(70), LONG).replace(b"old 5", b"old +5"), 400),
        (asked(5, note(70), LONG).replace(b"old 5", b"OLD 5"), 400),
        (asked(5, note(70), [b"\x00" * 31]), 400),
        (asked(5, note(70), [bytes(32)] * 64), 400),
        (asked(5, b"no note\n"), 400),
        (asked(5, b"mill.example/main\n5\nnot base64\n\n" + note(5).rpartition(b"\n\n")[2]), 400),
        (asked(70, note(5)), 400),
        (asked(5, note(70, signer=NEW_KEY), LONG), 403),
        (asked(5, note(70, signer=STRANGER), LONG), 403),
        (asked(5, note(70)[:-4] + b"AA=\n", LONG), 403),
        (asked(5, sign_note("port.example/main\n9\n" + "A" * 43 + "=\n", STRANGER)), 404),
        (asked(5, note(70), LONG[:-1]), 422),
        (asked(5, note(70), [*LONG, bytes(32)]), 422),
        (asked(5, note(70, root=bytes(32)), LONG), 422),
        (asked(5, note(5), [bytes(32)]), 422),
        (asked(0, note(70)), 409),
        (asked(6, note(70), LONG), 409),
        (asked(5, note(5, root=bytes(32))), 409),
    ],
)
def test_everything_else_is_refused_and_changes_nothing(
    book: WitnessBook, request_: bytes, status: int
) -> None:
    assert book.add_checkpoint(step(0, 5)).status == 200
    answer = book.add_checkpoint(request_)
    assert answer.status == status
    if status == 409:
        assert answer == Answer(409, "5\n", "text/x.tlog.size")
    assert (book.seen()[0].size, book.seen()[0].root) == (5, ROOTS[5].hex())


def test_an_empty_log_needs_the_root_of_nothing(book: WitnessBook) -> None:
    assert book.add_checkpoint(asked(0, note(0, root=bytes(32)))).status == 409
    assert book.add_checkpoint(asked(0, note(0), [bytes(32)])).status == 422
    assert book.add_checkpoint(asked(0, note(0, root=EMPTY_ROOT))).status == 200


def test_a_folder_may_have_a_dot_in_its_name(tmp_path: Path) -> None:
    (tmp_path / "brand.example").mkdir()
    open_book(tmp_path / "brand.example").close()
    assert (tmp_path / "brand.example" / "witness.db").is_file()


@pytest.mark.parametrize("is_empty", [True, False])
def test_a_witness_that_forgot_everything_signs_nothing(tmp_path: Path, is_empty: bool) -> None:
    book = open_book(tmp_path)
    book.add_log(str(LOG.verifier))
    assert book.add_checkpoint(step(0, 70)).status == 200
    book.close()
    for file in tmp_path.glob("witness.db*"):
        if file.suffix != ".key":
            file.unlink()
    if is_empty:
        (tmp_path / "witness.db").touch()
    with pytest.raises(Refused, match=r"has lost its memory, witness\.db: put that back, or begin"):
        open_book(tmp_path)


def test_two_roots_of_one_size_are_kept_as_proof(book: WitnessBook) -> None:
    book.add_checkpoint(step(0, 5))
    lie = note(5, root=bytes(32))
    for _ in range(3):
        assert book.add_checkpoint(asked(5, lie)).status == 409
    (fork,) = book.seen()[0].history
    assert (fork.what, fork.note.encode(), fork.new_root) == ("fork", lie, "00" * 32)
    assert "FORK. The log signed two roots of size 5" in str(fork)


def test_a_declared_restore_is_accepted_by_hand_and_stays_named(book: WitnessBook) -> None:
    book.add_checkpoint(step(0, 70))
    root, vkey = ROOTS[40], str(NEW_KEY.verifier)
    proof = consistency_proof(40, 50, read_nodes)
    restored = asked(40, note(50, signer=NEW_KEY), proof)
    assert book.add_checkpoint(restored).status == 403  # 409 stays 409 for any key it knows
    assert book.add_checkpoint(asked(40, note(50), proof)) == Answer(
        409, "70\n", "text/x.tlog.size"
    )
    book.accept_restore("mill.example/main", size=40, root=root, vkey=vkey)
    assert book.add_checkpoint(asked(40, note(50), proof)).status == 403  # the old key is retired
    assert book.add_checkpoint(restored).status == 200
    (seen,) = book.seen()
    assert (seen.size, seen.keys) == (50, (vkey,))
    (restore,) = seen.history
    assert (restore.size, restore.root, restore.note.encode()) == (70, ROOTS[70].hex(), note(70))
    assert "declared restore, gap named: from 70 back to 40 entries" in str(restore)
    assert "entries 40 to 69 are its gap" in str(restore)


def test_a_restore_is_accepted_only_backwards_and_with_a_new_key(book: WitnessBook) -> None:
    book.add_checkpoint(step(0, 40))
    new = str(NEW_KEY.verifier)
    for size, root, vkey, sentence in (
        (41, ROOTS[41], new, "was seen with 40 entries"),
        (0, ROOTS[0], new, "was seen with 40 entries"),
        (40, ROOTS[39], new, "this is a fork"),
        (30, ROOTS[30], str(LOG.verifier), "this one was known before the restore"),
        (30, ROOTS[30], str(STRANGER.verifier), "No log 'mill.example/main' with a key of that"),
    ):
        with pytest.raises(Refused) as caught:
            book.accept_restore("mill.example/main", size=size, root=root, vkey=vkey)
        assert sentence in str(caught.value)
    assert (book.seen()[0].size, book.seen()[0].history) == (40, ())
    book.accept_restore("mill.example/main", size=30, root=ROOTS[30], vkey=new)
    with pytest.raises(Refused, match="retired at a restore"):
        book.add_log(str(LOG.verifier))


def test_of_two_at_once_one_is_signed(book: WitnessBook) -> None:
    book.add_checkpoint(step(0, 5))
    sizes = list(range(6, 22))
    answers: dict[int, Answer] = {}
    gate = threading.Barrier(len(sizes))

    def ask(size: int) -> None:
        request = step(5, size)
        gate.wait()
        answers[size] = book.add_checkpoint(request)

    threads = [threading.Thread(target=ask, args=(size,)) for size in sizes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    signed = [size for size, answer in answers.items() if answer.status == 200]
    assert len(signed) == 1
    told = {answer.body for answer in answers.values() if answer.status == 409}
    assert told == {f"{signed[0]}\n"}
    assert book.seen()[0].size == signed[0]


@settings(max_examples=12)
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12), st.booleans()), max_size=12))
def test_whatever_is_asked_one_size_has_one_root(
    tmp_path_factory: pytest.TempPathFactory, wishes: list[tuple[int, int, bool]]
) -> None:
    folder = tmp_path_factory.mktemp("witness")
    signed: dict[int, bytes] = {}
    sizes = [0]
    lies = [Frontier().append(LEAVES[20 : 20 + size]).root() for size in range(13)]
    book = open_book(folder)
    book.add_log(str(LOG.verifier))
    for old, size, is_lie in wishes:
        root = lies[size] if is_lie else ROOTS[size]
        can = 0 < old <= size
        proof = consistency_proof(old, size, read_nodes) if can else []
        if book.add_checkpoint(asked(old, note(size, root=root), proof)).status == 200:
            assert signed.setdefault(size, root) == root
            sizes.append(size)
        if is_lie:
            book.close()
            book = open_book(folder)
    book.close()
    assert sizes == sorted(sizes)


# --- the program ---------------------------------------------------------------------------------


def post(url: str, data: bytes) -> tuple[int, str, str]:
    """Send a request; return status, type and body."""
    request = urllib.request.Request(f"{url}/add-checkpoint", data=data, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["Content-Type"], error.read().decode()


def run(folder: Path) -> tuple[subprocess.Popen[str], dict[str, Any]]:
    """Start `hangtag witness run` and wait for its address."""
    words = ["witness", "run", str(folder), "--port", "0", "--json", "--log", str(LOG.verifier)]
    process = subprocess.Popen(
        [sys.executable, "-m", "app", *words, "--name", "brand.example/witness"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "HANGTAG_TETHER": ""},
    )
    assert process.stdout is not None
    return process, json.loads(process.stdout.readline())


def test_the_program_remembers_what_it_signed_when_it_is_killed(tmp_path: Path) -> None:
    process, told = run(tmp_path)
    try:
        assert post(told["url"], step(0, 5))[0] == 200
        # Killed after the size was stored, perhaps before the answer came.
        killer = threading.Timer(0.02, process.send_signal, [signal.SIGKILL])
        killer.start()
        size = 5
        try:
            for size in range(6, 70):
                post(told["url"], step(size - 1, size))
        except OSError:
            pass
        killer.join()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()  # type: ignore[union-attr]  # a pipe was asked for
    process, told = run(tmp_path)
    try:
        status, kind, body = post(told["url"], asked(0, note(70)))
        assert (status, kind) == (409, "text/x.tlog.size")
        known = int(body)
        assert known in (size - 1, size)
        assert post(told["url"], asked(known, note(known, root=bytes(32))))[0] == 409
        status, _, line = post(told["url"], asked(known, note(known)))
        key = Verifier.parse(told["vkey"])
        assert status == 200
        assert open_note(note(known) + line.encode(), [key]).by[0][0] == key
        with urllib.request.urlopen(told["url"], timeout=20) as answer:
            assert f"mill.example/main: {known} entries" in answer.read().decode()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()  # type: ignore[union-attr]  # as above
