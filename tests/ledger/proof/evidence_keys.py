"""Keys of a log and of witnesses that every run has again, and a checkpoint they sign."""

from __future__ import annotations

from collections.abc import Iterable

from traceability.ledger.proof.checkpoint import Checkpoint
from traceability.ledger.proof.note import COSIGNATURE, Signer, sign_note

LOG = Signer.make("mill.example/main", seed=bytes(32))
AT_S = 1_767_600_000


def witness(name: str) -> Signer:
    """Return the witness of a name."""
    seed = name.encode().ljust(32, b"\x02")
    return Signer.make(f"{name.lower()}.example/witness", algorithm=COSIGNATURE, seed=seed)


def vkeys() -> dict[str, str]:
    """Return the public keys of six witnesses, and of another log."""
    found = {name: str(witness(name).verifier) for name in ("X1", "X2", "X3", "Y1", "Y2", "Y3")}
    return {**found, "other": str(Signer.make("port.example/main", seed=b"\x01" * 32).verifier)}


def many(number: int) -> str:
    """Return the key of one of many witnesses."""
    return str(witness(f"w{number}").verifier)


def cosigned(names: Iterable[str]) -> bytes:
    """Return a checkpoint signed by the log and by these witnesses."""
    text = Checkpoint("mill.example/main", 5, bytes(range(32))).text
    return sign_note(text, LOG, *(witness(name) for name in names), at_s=AT_S)
