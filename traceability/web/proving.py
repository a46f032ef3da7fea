"""How an entry is proven, drawn and given away: a browser computes it again and trusts nobody.

The page draws the way from an entry up to the signed root; `static/js/prove.js` fetches the bytes
themselves, hashes them in the reader's own browser, and compares with the size it saw last time.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from flask import Blueprint, Response, abort, current_app

from traceability.errors import LedgerCorrupt, Refused, TraceabilityError
from traceability.factory.declared import Restore, declared
from traceability.ledger.append import Ledger
from traceability.ledger.merkle import node_hash
from traceability.ledger.proof.checkpoint import Checkpoint
from traceability.ledger.proof.claims import LINES, signed_by
from traceability.ledger.proof.cosigning import read_policy
from traceability.ledger.proof.log_keys import LogKey, read_log_keys
from traceability.ledger.proof.note import open_note, parse_note
from traceability.ledger.proof.policy import Policy
from traceability.ledger.proof.proof_making import prove_entry
from traceability.ledger.proof.proving import Proofs
from traceability.ledger.proof.signing import LogSigner, latest_note
from traceability.ledger.proof.tile_export import read_body
from traceability.projections.view import View
from traceability.web.reading import current
from traceability.web.safe_keys import gap_words
from traceability.web.sentences import gettext as _
from traceability.web.sentences import ngettext
from traceability.web.words import number

blueprint = Blueprint("proving", __name__)

_TILES_KEPT: Final = 64
ROW: Final = 44
"""Pixels from one level of the drawing to the next."""


@dataclass(frozen=True, slots=True)
class Rung:
    """One level of the way up: the neighbour's hash, and what both give together."""

    first: int
    """First entry under the neighbour."""
    last: int
    """Last entry under it."""
    is_left: bool
    """The neighbour stands before, with the lower positions."""
    neighbour: bytes
    node: bytes
    """The hash above the two."""
    y: int
    """Pixels from the top of the drawing to that hash."""


@dataclass(frozen=True, slots=True)
class Way:
    """From one entry to a signed root."""

    position: int
    size: int
    leaf: bytes
    rungs: tuple[Rung, ...]
    """From the root down."""
    root: bytes
    """What the signed size says."""
    height: int
    """Pixels of the drawing."""

    @property
    def is_true(self) -> bool:
        """Say whether the hashes lead to the signed root."""
        return (self.rungs[0].node if self.rungs else self.leaf) == self.root


@dataclass(frozen=True, slots=True)
class Signed:
    """The newest signed size, and whose word it is."""

    checkpoint: Checkpoint
    epoch: int
    """Of the key that signed; 0 if none of the record's keys did."""
    witnesses: tuple[tuple[str, int], ...]
    """Who else signed: name, seconds since 1970."""
    missing: tuple[str, ...]
    """Witnesses of the policy that did not."""
    is_enough: bool
    words: str
    note: str
    """The note as it goes out, with every signature."""


def way_of(position: int, size: int, leaf: bytes, hashes: Sequence[bytes], root: bytes) -> Way:
    """Lay out the way of an entry to the root of a size.

    Args:
        position: Of the entry.
        size: Of the signed ledger.
        leaf: Hash of the entry.
        hashes: Its inclusion proof, from the bottom (RFC 6962 section 2.1.1).
        root: What was signed.

    >>> a, b, c = (bytes([number]) * 32 for number in range(3))
    >>> way = way_of(2, 3, c, [node_hash(a, b)], node_hash(node_hash(a, b), c))
    >>> [(rung.first, rung.last, rung.is_left) for rung in way.rungs], way.is_true
    ([(0, 1, True)], True)
    """
    sides: list[tuple[int, int, bool]] = []
    first, end = 0, size
    while end - first > 1:
        middle = first + (1 << (end - first - 1).bit_length() - 1)
        is_left = position >= middle
        sides.append((first, middle - 1, True) if is_left else (middle, end - 1, False))
        first, end = (middle, end) if is_left else (first, middle)
    if len(sides) != len(hashes):
        raise LedgerCorrupt(
            f"Expected {len(sides)} hashes for entry {position}, got {len(hashes)}."
        )
    rungs: list[Rung] = []
    node = leaf
    for depth, ((low, high, is_left), neighbour) in enumerate(
        zip(reversed(sides), hashes, strict=True)
    ):
        node = node_hash(neighbour, node) if is_left else node_hash(node, neighbour)
        y = (len(sides) - depth - 1) * ROW
        rungs.append(Rung(low, high, is_left, neighbour, node, y))
    return Way(position, size, leaf, tuple(reversed(rungs)), root, len(sides) * ROW)


def way_to(view: View, position: int, leaf: bytes) -> Way | None:
    """Lay out the way from an entry to the newest signed root; None until that is signed.

    A stored tree that does not fit gives None as well: the page says so beside it.
    """
    note = latest_note(view.connection, view.ledger_id)
    if note is None or not leaf:
        return None
    try:
        signed = Checkpoint.parse(parse_note(note).text)
        if signed.size <= position:
            return None
        proofs = Proofs(view.ledger_id, kept_max=_TILES_KEPT)
        hashes = proofs.inclusion(view.connection, position, signed.size)
        return way_of(position, signed.size, leaf, hashes, signed.root)
    except (LedgerCorrupt, Refused):
        return None


def of_record(view: View) -> dict[str, object]:
    """Return what the page of the record shows about signatures and what they prove."""
    return {
        "claims": LINES,
        "signed": signed_size(view),
        "log_keys": log_keys(view),
        "restores": {one.position: restore_words(one) for one in _restores(view)},
        "ledger_name": getattr(current().ledger, "name", "main"),
    }


def _restores(view: View) -> tuple[Restore, ...]:
    try:
        return declared(view.connection, view.ledger_id)
    except LedgerCorrupt:
        return ()


def restore_words(one: Restore) -> str:
    """Say from what the record was restored, and what is known to be missing."""
    words = ngettext(
        "Restored from a backup with %(size)s entry.",
        "Restored from a backup with %(size)s entries.",
        one.size,
        size=number(one.size),
    )
    return f"{words} {gap_words(one)}"


def log_keys(view: View) -> tuple[LogKey, ...]:
    """Return the keys that have signed, newest first; none if their entries do not fit."""
    try:
        return tuple(reversed(read_log_keys(view.connection, view.ledger_id)))
    except LedgerCorrupt:
        return ()


def signed_size(view: View) -> Signed | None:
    """Return the newest signed size and whose word it is; None if nothing is signed yet."""
    note = latest_note(view.connection, view.ledger_id)
    if note is None:
        return None
    keys = log_keys(view)
    policy = _policy()
    known = [key.verifier for key in keys]
    try:
        opened = open_note(note, [*known, *(policy.verifiers if policy else ())])
        signed = Checkpoint.parse(opened.text)
    except Refused:
        return None
    signers = {verifier for verifier, _at in opened.by}
    quorum = policy.check(opened) if policy else None
    enough = quorum is not None and quorum.is_met and policy is not None and not policy.asks_nobody
    witnesses = quorum.by if quorum else ()
    names = tuple(name for name, _at in witnesses)
    return Signed(
        checkpoint=signed,
        epoch=next((key.epoch for key in keys if key.verifier in signers), 0),
        witnesses=witnesses,
        missing=quorum.missing if quorum else (),
        is_enough=enough,
        words=_(signed_by(names, is_enough=enough)) % {"names": ", ".join(names)},
        note=note.decode("utf-8", "replace"),
    )


@blueprint.get("/ledger/<int:position>/proof")
def show(position: int) -> dict[str, object]:
    """Give what a browser needs to prove an entry by itself: bytes, hashes, note, keys."""
    book = _book(position)
    proof, signed, _entry = prove_entry(book, LogSigner(book), position)
    assert proof.extra is not None, "the entry goes with its proof"
    with current().look() as view:
        body = read_body(view.connection, view.ledger_id, position)
        keys = [str(key.verifier) for key in log_keys(view)]
    policy = _policy()
    return {
        "position": position,
        "size": signed.size,
        "origin": signed.origin,
        "entry": b64encode(proof.extra).decode(),
        "said": None if body is None else body.tree(),
        "hashes": [item.hex() for item in proof.hashes],
        "note": proof.checkpoint.decode(),
        "keys": keys,
        "witnesses": [str(one.verifier) for one in policy.witnesses] if policy else [],
    }


@blueprint.get("/ledger/<int:position>/entry.tlog-proof")
def download(position: int) -> Response:
    """Give the proof of an entry as a file for other people's programs (C2SP tlog-proof)."""
    book = _book(position)
    proof, _signed, _entry = prove_entry(book, LogSigner(book), position)
    name = f"{book.name}-{position}.tlog-proof"
    return Response(
        proof.encode(),
        content_type="text/plain; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@blueprint.get("/ledger/continues/<int:older>/<int:size>")
def continues(older: int, size: int) -> dict[str, object]:
    """Give the hashes that prove that the record of a size begins with that of an older one."""
    with current().look() as view:
        if not 0 < older <= size <= view.size:
            abort(404)
        proofs = Proofs(view.ledger_id, kept_max=_TILES_KEPT)
        hashes = proofs.consistency(view.connection, older, size)
    return {"older": older, "size": size, "hashes": [item.hex() for item in hashes]}


def _book(position: int) -> Ledger:
    book = current().ledger
    if not isinstance(book, Ledger) or position >= book.size:
        abort(404)
    return book


def _policy() -> Policy | None:
    book = current().ledger
    if not isinstance(book, Ledger):
        return None
    try:
        return read_policy(book)
    except TraceabilityError as error:
        current_app.logger.warning("the policy cannot be read: %s", error)
        return None
