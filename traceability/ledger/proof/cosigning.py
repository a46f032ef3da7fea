"""The log asks its witnesses: here is my new size, and the proof that it continues the last one.

Whoever signs goes on without them: a witness that is switched off costs a few seconds and a
sentence, never a checkpoint. Which witnesses there are says the policy in the folder of keys.

Source: C2SP tlog-witness, section "add-checkpoint".
"""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import IO, Final
from urllib.parse import urlsplit

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
    "policy_file",
    "read_policy",
]

TIMEOUT_S: Final = 5.0
ANSWER_SIZE_MAX: Final = 64 * 1024
ASKED_AT_ONCE: Final = 8
TRIES: Final = 3
"""The size remembered; the size the witness tells; and once more, if another was faster."""


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
    checkpoint = Checkpoint.parse(parse_note(note).text)
    asked = [witness for witness in policy.witnesses if witness.url] if policy else []
    if asked:
        talk = _Talk(ledger, note, checkpoint.size, timeout_s)
        with ThreadPoolExecutor(ASKED_AT_ONCE, thread_name_prefix="cosigning") as pool:
            replies = tuple(pool.map(talk.ask, asked))
        _store(ledger, checkpoint.size, asked, replies)
    else:
        replies = ()
    with ledger.database.read() as connection:
        lines = _lines(connection, ledger.ledger_id, checkpoint.size)
    return Cosigned(_joined(note, lines), replies)


def cosigned_note(connection: Connection, ledger_id: int, size: int) -> bytes | None:
    """Return the stored checkpoint of a size with all signatures; None if none was signed then."""
    note = connection.execute(
        text("SELECT note FROM checkpoint WHERE ledger_id = :l AND size = :s"),
        {"l": ledger_id, "s": size},
    ).scalar()
    if note is None:
        return None
    return _joined(str(note).encode(), _lines(connection, ledger_id, size))


def _lines(connection: Connection, ledger_id: int, size: int) -> list[str]:
    rows = connection.execute(
        text("SELECT line FROM cosignature WHERE ledger_id = :l AND size = :s ORDER BY signer"),
        {"l": ledger_id, "s": size},
    )
    return [str(row.line) for row in rows]


def _joined(note: bytes, lines: list[str]) -> bytes:
    below = set(note.decode().rpartition("\n\n")[2].split("\n"))
    return note + "".join(f"{line}\n" for line in lines if line not in below).encode()


def _store(ledger: Ledger, size: int, asked: list[Witness], replies: tuple[Reply, ...]) -> None:
    rows = [
        {
            "ledger_id": ledger.ledger_id,
            "size": size,
            "signer": _signer(witness),
            "line": reply.signature,
        }
        for witness, reply in zip(asked, replies, strict=True)
        if reply.signature
    ]
    if rows:
        with ledger.database.write() as connection:
            upsert(connection, tables.cosignature, rows)


def _signer(witness: Witness) -> str:
    return f"{witness.verifier.name}+{witness.verifier.key_id.hex()}"


class _Talk:
    """The questions about one checkpoint. Each witness is asked in a thread of its own."""

    def __init__(self, ledger: Ledger, note: bytes, size: int, timeout_s: float) -> None:
        self._ledger = ledger
        self._note = note
        self._size = size
        self._timeout_s = timeout_s
        self._proofs = Proofs(ledger.ledger_id, kept_max=64)

    def ask(self, witness: Witness) -> Reply:
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
