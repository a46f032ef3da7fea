"""The pages in a bundle of evidence: what happened, and how to check it, in plain words."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from traceability.epcis import body as bodies
from traceability.errors import InvalidEvent, LedgerCorrupt
from traceability.gs1 import key_of
from traceability.ledger.entry import Entry
from traceability.ledger.proof.checkpoint import Checkpoint
from traceability.ledger.proof.claims import LINES, signed_by
from traceability.projections.view import View, moment

if TYPE_CHECKING:
    from traceability.ledger.proof.evidence import Evidence
    from traceability.ledger.proof.evidence_scope import About

__all__ = ["Line", "Words", "line_of", "story_page", "verify_page", "words_of"]

HEADS: Final[Mapping[About, str]] = {
    "it": "What happened to it",
    "origin": "What it was made from",
    "around": "What happened to the boxes it lay in, while it lay in them",
    "correction": "What was corrected",
    "erasure": "What was erased",
    "hold": "When it was stopped, and set free",
    "entered": "What was entered about it",
    "key": "The keys of the log",
    "opening": "The first entry of the log",
}
_LISTS = ("epcList", "childEPCs", "inputEPCList", "outputEPCList")
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#])")


@dataclass(frozen=True, slots=True)
class Line:
    """One entry as the story tells it."""

    position: int
    kind: str
    about: About
    at: str
    """UTC; of an event its own time, of everything else when it was recorded."""
    what: str
    where: str
    by: str
    erased_by: int
    """Position of the entry that erased its words; -1 if they are there."""


@dataclass(frozen=True, slots=True)
class Words:
    """What both pages say of the whole bundle."""

    told: Evidence
    checkpoint: Checkpoint
    key: str
    """The log's key as a vkey."""


def words_of(told: Evidence, checkpoint: Checkpoint, key: str) -> Words:
    """Gather what both pages say."""
    return Words(told, checkpoint, key)


def line_of(
    view: View, position: int, about: About, raw: bytes, body: bytes | None, erased_by: int
) -> Line:
    """Say what one entry says; one that somebody spoilt is said to be so."""
    try:
        entry = Entry.parse(raw)
    except LedgerCorrupt:
        return Line(position, "?", about, "", "cannot be read", "", "", erased_by)
    is_event = entry.kind in ("event", "declaration")
    when = f"{moment(entry.at if is_event else entry.record):%Y-%m-%d %H:%M:%S}"
    tree = _tree(body)
    if body is None:
        what = f"(its words were erased by entry {erased_by})" if erased_by >= 0 else "(lost)"
    else:
        what = _event(tree) if is_event else _other(entry, tree)
    if entry.wrong is not None:
        what = f"declares entry {entry.wrong[0]} wrong: {what}"
    place = tree.get("bizLocation") or tree.get("readPoint")
    spot = key_of(str(place["id"])) if isinstance(place, dict) and "id" in place else ""
    where = str(view.label(spot)) if spot else ""
    return Line(position, entry.kind, about, when, what, where, entry.by, erased_by)


def _tree(body: bytes | None) -> dict[str, Any]:  # JSON
    try:
        tree = bodies.parse(body or b"{}")
    except InvalidEvent:
        return {}
    return dict(tree) if isinstance(tree, dict) else {}


def _event(tree: Mapping[str, Any]) -> str:
    said = tree.get("errorDeclaration")
    reason = said.get("reason", "") if isinstance(said, dict) else ""
    words = [tree.get("type"), tree.get("action"), tree.get("bizStep"), tree.get("disposition")]
    things = sum(len(tree.get(name) or []) for name in _LISTS)
    things += 1 if tree.get("parentID") else 0
    count = f"({things} things)" if things > 1 else ""
    return " ".join(str(word) for word in (reason, *words, count) if word)


def _other(entry: Entry, tree: Mapping[str, Any]) -> str:
    what = str(tree.get("type") or entry.kind)
    return f"{what} {tree['id']}" if "id" in tree else what


def _cell(value: object) -> str:
    """Return a text that cannot leave its cell of a table, nor become a link or a tag."""
    shown = "".join(sign if sign.isprintable() else " " for sign in str(value))
    return _SPECIAL.sub(r"\\\1", shown)


def _four(words: Words) -> list[str]:
    told = words.told
    signed = signed_by(told.witnesses, is_enough=told.is_enough)
    lines = [f"{number}. **{line.head}**: {line.words}" for number, line in enumerate(LINES, 1)]
    return [*lines, "", signed % {"names": ", ".join(map(_cell, told.witnesses))}]


def story_page(words: Words, lines: Sequence[Line]) -> str:
    """Write STORY.md: the entries in words, by what they have to do with the thing."""
    told, checkpoint = words.told, words.checkpoint
    page = [
        f"# {_cell(told.name)}",
        "",
        f"{_cell(told.key)} at {checkpoint.size} entries of the ledger {_cell(checkpoint.origin)}.",
        "",
        "These are the operator's words for people. What is proven is what `verify.py` prints.",
        "",
        *_four(words),
    ]
    for about, head in HEADS.items():
        part = [line for line in lines if line.about == about]
        if part:
            page += ["", f"## {head}", "", "| entry | UTC | what | where | by |", "|-:|-|-|-|-|"]
            page += [
                f"| {line.position} | {line.at} | {_cell(line.what)} | {_cell(line.where)} "
                f"| {_cell(line.by)} |"
                for line in sorted(part, key=lambda line: (line.at, line.position))
            ]
    if told.inferred:
        page += ["", "## Inferred, not seen", "", *(f"- {_cell(one)}" for one in told.inferred)]
    return "\n".join([*page, ""])


def verify_page(words: Words) -> str:
    """Write VERIFY.md: what the bundle proves, how to check it, what each file is."""
    told, checkpoint = words.told, words.checkpoint
    return _VERIFY.format(
        name=_cell(told.name),
        key=_cell(told.key),
        count=told.entries,
        origin=_cell(checkpoint.origin),
        size=checkpoint.size,
        root=b64encode(checkpoint.root).decode(),
        four="\n".join(_four(words)),
        vkey=words.key,
    )


_VERIFY: Final = """\
# Evidence about {name}

{key}: {count} entries of the ledger {origin}, each proven against one checkpoint of {size} entries
with the root `{root}`.

What it proves and what it does not:

{four}

## Check it

You need Python 3.9 or newer and its package `cryptography`; nothing of Hangtag, and no network
after that. Read `verify.py` first, it is one file; or take it from Hangtag's own source
(`traceability/ledger/proof/bundle_check.py`) and run that on this bundle.

    pip install cryptography
    python verify.py

It ends with *All true.*, or says what is not. Two things it cannot know by itself:

- **Is this the log's key?** It came in the same zip. Ask the operator by phone, or take it from an
  older bundle, and demand it:
  `python verify.py --vkey '{vkey}'`
- **Are these the witnesses?** Who signs, and how many must, says `policy.txt`, and that is the
  operator's. Write a policy with the witnesses that you trust, and demand it:
  `python verify.py --policy my-policy.txt`

Keep the file `checkpoint`. Next time ask for a bundle that was made with `--older-checkpoint` and
that file, and run `python verify.py --older-checkpoint FILE`: what was changed before it shows,
whether there was a witness or not.

No bundle can prove that nothing was left out of it. This one holds what the ledger held at {size}
entries; what came later, a correction too, is not in it.

## The files

| file | what it is |
|-|-|
| `STORY.md` | what happened, in words: its rows are held against the entries, but for places |
| `entries/N.entry.json` | entry N: the bytes that are sealed into the tree |
| `entries/N.body.json` | what it says; missing if it was erased |
| `entries/N.salt` | 16 random bytes: SHA-256 of salt and body stands in the entry |
| `entries/N.tlog-proof` | the proof that entry N is in the log (C2SP tlog-proof) |
| `checkpoint` | the signed size and root (C2SP tlog-checkpoint, signed-note) |
| `log.vkey` | the log's key |
| `policy.txt` | which witnesses the operator asks (C2SP tlog-policy) |
| `older/N.checkpoint` | a checkpoint of earlier, when there were N entries |
| `older/N.add-checkpoint` | the proof that the log continues it (a request of C2SP tlog-witness) |
| `summary.json` | the list of the entries, and why each is here |
| `verify.py` | checks all of it |
| `files.sha256` | sums of the files, against accidents (`sha256sum -c files.sha256`) |

Names of persons are not in here: where they were said, a seal stands.
"""
