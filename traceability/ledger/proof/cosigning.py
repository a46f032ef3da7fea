"""The log asks its witnesses: here is my new size, and the proof that it continues the last one.

Whoever signs goes on without them: a witness that is switched off costs a few seconds and a
sentence, never a checkpoint. Which witnesses there are says the policy in the folder of keys.

Source: C2SP tlog-witness, section "add-checkpoint".
"""

from __future__ import annotations

import http.client
import math
import threading
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Container, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import IO, Final
from urllib.parse import urlsplit

import structlog
from sqlalchemy import Connection, text

from traceability.database import upsert
from traceability.errors import Refused
from traceability.ledger import tables
from traceability.ledger.append import Ledger
from traceability.ledger.proof.checkpoint import Checkpoint, decimal
from traceability.ledger.proof.key_files import key_folder
from traceability.ledger.proof.note import InvalidNote, open_note, parse_note
from traceability.ledger.proof.policy import SIZE_MAX, Policy, Witness
from traceability.ledger.proof.proving import Proofs

__all__ = [
    "Cosigned",
    "Reply",
    "add_checkpoint_request",
    "ask_witnesses",
    "cosigned_note",
    "keep_cosigning",
    "policy_file",
    "read_policy",
]

TIMEOUT_S: Final = 5.0
EVERY_S: Final = 10.0
"""Shortest time between two checkpoints that witnesses are asked to sign."""
AGAIN: Final = 6
"""So many times that long later one that did not sign is asked again."""
ANSWER_SIZE_MAX: Final = 64 * 1024
ASKED_AT_ONCE: Final = 8
TRIES: Final = 3
"""The size remembered; the size the witness tells; and once more, if another was faster."""
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of asking one witness."""

    witness: str
    """Its name in the policy."""
    signature: str
    """The line to put under the checkpoint, without its end; empty if it did not sign."""
    problem: str
    """Why not, in one sentence; empty if it did."""


@dataclass(frozen=True, slots=True)
class Cosigned:
    """A checkpoint with every signature that came, and what each witness said."""

    note: bytes
    replies: tuple[Reply, ...]


def policy_file(ledger: Ledger) -> Path:
    """Return where a ledger's policy lies, if it has one: beside its keys."""
    return key_folder(ledger.database) / f"{ledger.name}.policy"


def read_policy(ledger: Ledger) -> Policy | None:
    """Read a ledger's policy; None if it has none: its operator then signs alone.

    Raises:
        Refused: If it cannot be read, or is not as the standard has it.
    """
    file = policy_file(ledger)
    try:
        with file.open("rb") as opened:
            return Policy.parse(opened.read(SIZE_MAX + 1))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Refused(f"Cannot read {file}: {error.strerror}.") from error


def add_checkpoint_request(old_size: int, proof: list[bytes], note: bytes) -> bytes:
    """Spell the request by which a witness is asked, or an auditor shown, that a log continues.

    Args:
        old_size: Entries of the older checkpoint.
        proof: Consistency proof from there; empty for 0 and for the same size.
        note: The newer checkpoint, signed.
    """
    hashes = "".join(f"{b64encode(one).decode()}\n" for one in proof)
    return f"old {old_size}\n{hashes}\n".encode() + note


def ask_witnesses(
    ledger: Ledger, note: bytes, policy: Policy | None = None, *, timeout_s: float = TIMEOUT_S
) -> Cosigned:
    """Have a checkpoint signed by every witness of the policy that has an address.

    What comes is stored. What goes wrong with one is said in its reply and keeps nobody waiting
    longer than the time-out.

    Args:
        ledger: Whose checkpoint it is.
        note: Signed by the log.
        policy: Default: the ledger's own; without one nobody is asked.
        timeout_s: For each question to a witness.

    Raises:
        Refused: If the policy cannot be read.
    """
    policy = policy if policy is not None else read_policy(ledger)
    size = Checkpoint.parse(parse_note(note).text).size
    asked = [witness for witness in policy.witnesses if witness.url] if policy else []
    with ledger.database.read() as connection:
        there = _stored(connection, ledger.ledger_id, size)
    talk = _Talk(ledger, note, size, timeout_s, there)
    replies: tuple[Reply, ...] = ()
    if asked:
        with ThreadPoolExecutor(ASKED_AT_ONCE, thread_name_prefix="cosigning") as pool:
            replies = tuple(pool.map(talk.ask, asked))
        _store(ledger, size, asked, replies, there)
    with ledger.database.read() as connection:
        lines = list(_stored(connection, ledger.ledger_id, size).values())
    return Cosigned(_joined(note, lines), replies)


def keep_cosigning(
    ledger: Ledger,
    stopping: threading.Event,
    tell: Callable[[tuple[Reply, ...]], None] = lambda _replies: None,
    *,
    every_s: float = EVERY_S,
) -> None:
    """Have the newest checkpoint signed by the witnesses until `stopping` is set: a thread's work.

    Beside the signer, never before it: who waits for a witness holds up nobody.

    Args:
        ledger: Whose checkpoints.
        stopping: Looked at ten times in that time.
        tell: Told what each witness said, every time they were asked.
        every_s: Shortest time between two questions.
    """
    asked_size, asked_at, problems = 0, -math.inf, ""
    while not stopping.wait(every_s / 10):
        rest = AGAIN * every_s if problems else every_s
        if time.monotonic() < asked_at + rest:
            continue
        try:
            with ledger.database.read() as connection:
                size, note = _newest(connection, ledger.ledger_id)
            if note is None or (size == asked_size and not problems):
                continue
            replies = ask_witnesses(ledger, note).replies
            tell(replies)
            said = " ".join(one.problem for one in replies if one.problem)
        except Exception as error:  # noqa: BLE001 - the top of a thread
            size, said = asked_size, str(error) or type(error).__name__
        if said and said != problems:
            _log.warning("a witness has not signed", reason=said)
        asked_size, asked_at, problems = size, time.monotonic(), said


def _newest(connection: Connection, ledger_id: int) -> tuple[int, bytes | None]:
    row = connection.execute(
        text("SELECT size, note FROM checkpoint WHERE ledger_id = :l ORDER BY size DESC LIMIT 1"),
        {"l": ledger_id},
    ).first()
    return (0, None) if row is None else (int(row.size), str(row.note).encode())


def cosigned_note(connection: Connection, ledger_id: int, size: int) -> bytes | None:
    """Return the stored checkpoint of a size with all signatures; None if none was signed then."""
    note = connection.execute(
        text("SELECT note FROM checkpoint WHERE ledger_id = :l AND size = :s"),
        {"l": ledger_id, "s": size},
    ).scalar()
    if note is None:
        return None
    lines = list(_stored(connection, ledger_id, size).values())
    return _joined(str(note).encode(), lines)


def _stored(connection: Connection, ledger_id: int, size: int) -> dict[str, str]:
    """Return the signatures of witnesses that are there, by who signed."""
    rows = connection.execute(
        text(
            "SELECT signer, line FROM cosignature WHERE ledger_id = :l AND size = :s "
            "ORDER BY signer"
        ),
        {"l": ledger_id, "s": size},
    )
    return {str(row.signer): str(row.line) for row in rows}


def _joined(note: bytes, lines: list[str]) -> bytes:
    below = set(note.decode().rpartition("\n\n")[2].split("\n"))
    return note + "".join(f"{line}\n" for line in lines if line not in below).encode()


def _store(
    ledger: Ledger,
    size: int,
    asked: list[Witness],
    replies: tuple[Reply, ...],
    there: Container[str],
) -> None:
    """Keep what was signed; drop what is there of one who did not sign: it is of another root."""
    by = {_signer(witness): one for witness, one in zip(asked, replies, strict=True)}
    wrong = [signer for signer, one in by.items() if not one.signature and signer in there]
    rows = [
        {"ledger_id": ledger.ledger_id, "size": size, "signer": signer, "line": one.signature}
        for signer, one in by.items()
        if one.signature
    ]
    if rows or wrong:
        with ledger.database.write() as connection:
            upsert(connection, tables.cosignature, rows)
            for signer in wrong:
                connection.execute(
                    text(
                        "DELETE FROM cosignature WHERE ledger_id = :l AND size = :s AND signer = :k"
                    ),
                    {"l": ledger.ledger_id, "s": size, "k": signer},
                )


def _signer(witness: Witness) -> str:
    return f"{witness.verifier.name}+{witness.verifier.key_id.hex()}"


class _Talk:
    """The questions about one checkpoint. Each witness is asked in a thread of its own."""

    def __init__(
        self, ledger: Ledger, note: bytes, size: int, timeout_s: float, there: Mapping[str, str]
    ) -> None:
        self._ledger = ledger
        self._note = note
        self._size = size
        self._timeout_s = timeout_s
        self._there = there
        self._proofs = Proofs(ledger.ledger_id, kept_max=64)

    def ask(self, witness: Witness) -> Reply:
        with suppress(InvalidNote, Refused):
            if line := self._there.get(_signer(witness)):
                return Reply(witness.name, self._checked(witness, f"{line}\n"), "")
        try:
            return Reply(witness.name, self._signature(witness), "")
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            return Reply(witness.name, "", f"{witness.name} does not answer: {reason}.")
        except (Refused, ValueError) as error:
            return Reply(witness.name, "", f"{witness.name} did not sign: {error}")

    def _signature(self, witness: Witness) -> str:
        old = self._remembered(witness)
        for _ in range(TRIES):
            status, body = self._post(witness, old)
            if status == http.client.OK:
                return self._checked(witness, body)
            told = decimal(body.strip()) if status == http.client.CONFLICT else None
            if told is None:
                raise Refused(f"it answered {status}, {body.strip()[:200]!r}.")
            if told > self._size:
                raise Refused(
                    f"it has seen {told} entries, this is size {self._size}. If the ledger was "
                    "restored from a backup, its owner has to accept that by hand."
                )
            if told == old:
                raise Refused(f"it knows another root of size {told}: there are two histories.")
            old = told
        raise Refused("it was asked by others meanwhile.")

    def _remembered(self, witness: Witness) -> int:
        with self._ledger.database.read() as connection:
            found = connection.execute(
                text(
                    "SELECT max(size) FROM cosignature "
                    "WHERE ledger_id = :l AND signer = :k AND size <= :s"
                ),
                {"l": self._ledger.ledger_id, "k": _signer(witness), "s": self._size},
            ).scalar()
        return int(found or 0)

    def _post(self, witness: Witness, old: int) -> tuple[int, str]:
        proof: list[bytes] = []
        if 0 < old < self._size:
            with self._ledger.database.read() as connection:
                proof = self._proofs.consistency(connection, old, self._size)
        url = f"{witness.url.rstrip('/')}/add-checkpoint"
        if urlsplit(url).scheme not in ("http", "https"):
            raise Refused(f"{witness.url!r} is no http or https address.")
        request = urllib.request.Request(  # noqa: S310 - the scheme was looked at
            url,
            data=add_checkpoint_request(old, proof, self._note),
            headers={"Content-Type": "text/plain; charset=utf-8"},
            method="POST",
        )
        try:
            with _OPENER.open(request, timeout=self._timeout_s) as answer:
                return answer.status, _read(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, _read(error)

    def _checked(self, witness: Witness, body: str) -> str:
        try:
            whole = self._note + body.encode()
            open_note(whole, [witness.verifier])
        except InvalidNote as error:
            raise Refused(f"its signature does not hold: {error}") from error
        key = (witness.verifier.name, witness.verifier.key_id)
        mine = [one for one in parse_note(whole).signatures if (one.name, one.key_id) == key]
        return str(mine[-1])


def _read(answer: IO[bytes]) -> str:
    return answer.read(ANSWER_SIZE_MAX).decode("utf-8", "replace")


class _NoWayRound(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: a checkpoint goes where the policy says."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: Message,
        newurl: str,
    ) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoWayRound)
