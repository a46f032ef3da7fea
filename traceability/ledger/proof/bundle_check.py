#!/usr/bin/env python3
"""Check evidence from a Hangtag ledger, without Hangtag: Python 3.9 and `cryptography` will do.

    python verify.py                               in the folder this file was unpacked into
    python verify.py BUNDLE.zip --vkey KEY         with the log's key as you got it in another way
    python verify.py BUNDLE.zip --policy FILE      demand the witnesses that you trust
    python verify.py BUNDLE.zip --older-checkpoint FILE     a checkpoint that you kept from earlier

Each entry of a ledger is a leaf of a Merkle tree (RFC 6962). A checkpoint is the signed size and
root of the tree (C2SP tlog-checkpoint). For every entry in the bundle this program computes: the
body fits the seal in the entry; entry and proof give the root; the log's key signed that root.
It exits with 0 if all is so, with 1 if something is not, with 2 if it could not begin.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import sys
import zipfile
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Members = dict[str, bytes]
HEADS = ("Recorded", "Unchanged", "Who could still have lied", "Inferred, not seen")
LOG, WITNESS = 1, 4  # signature types of C2SP: Ed25519; Ed25519 over a time and the text


class Wrong(Exception):
    """What does not hold, in one sentence."""


def read_bundle(path: Path) -> Members:
    """Read every file of a zip, or of the folder it was unpacked into: into memory, so no bomb."""
    if path.is_dir():
        files = [one for one in path.rglob("*") if one.is_file() and "__pycache__" not in one.parts]
        if any(map(Path.is_symlink, files)) or sum(one.stat().st_size for one in files) > 2**30:
            raise Wrong("The folder holds a link to elsewhere, or more than 1 GiB.")
        return {one.relative_to(path).as_posix(): one.read_bytes() for one in files}
    with zipfile.ZipFile(path) as bundle:
        infos = [info for info in bundle.infolist() if not info.is_dir()]
        names = {info.filename for info in infos}
        if len(names) < len(infos) or sum(info.file_size for info in infos) > 2**30:
            raise Wrong("The zip holds two files of one name, or more than 1 GiB.")
        return {info.filename: bundle.read(info) for info in infos}


def check_files(members: Members) -> Iterator[str]:
    """Yield what is not as files.sha256 lists it. That list is not signed: it finds accidents."""
    lines = text_of(members, "files.sha256").splitlines()
    listed = {line[66:]: line[:64] for line in lines}
    ours = {name for name in members if name.startswith(("entries/", "older/"))}
    for name in sorted(ours | set(listed)):
        if name not in members or name not in listed:
            yield f"{name} is {'missing' if name in listed else 'not of this bundle'}."
        elif hashlib.sha256(members[name]).hexdigest() != listed[name]:
            yield f"{name} was changed since the bundle was made."


def text_of(members: Members, name: str) -> str:
    """Return a file as text."""
    if name not in members:
        raise Wrong(f"{name} is missing.")
    return members[name].decode("utf-8")


def from_base64(text: str, what: str) -> bytes:
    """Decode base64 in its one right spelling."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except ValueError:
        raise Wrong(f"{what} is not base64.") from None
    if base64.b64encode(data).decode() != text:
        raise Wrong(f"{what} is not base64 in its one right spelling.")
    return data


def number(text: str, what: str) -> int:
    """Read a whole number without sign or leading zeros."""
    if not re.fullmatch(r"0|[1-9][0-9]{0,18}", text, re.ASCII):
        raise Wrong(f"{what} is not a number.")
    return int(text)


def hashes_above_blank(lines: list[str], what: str) -> tuple[list[bytes], str]:
    """Return the hashes up to the first empty line, and all that follows it."""
    blank = lines.index("") if "" in lines else len(lines)
    hashes = [from_base64(line, f"A hash in {what}") for line in lines[:blank]]
    if any(len(one) != 32 for one in hashes):
        raise Wrong(f"A hash in {what} has not 32 bytes.")
    return hashes, "\n".join(lines[blank + 1 :])


class Key(NamedTuple):
    """A public key with its name, spelled `name+id+base64(type, key)`."""

    name: str
    key_id: bytes
    kind: int
    raw: bytes
    text: str

    @classmethod
    def parse(cls, text: str) -> Key:
        """Read a vkey; its id must follow from the rest."""
        name, _, rest = text.partition("+")
        data = from_base64(rest[9:], f"The key {text[:60]!r}")
        key_id = hashlib.sha256(name.encode() + b"\n" + data).digest()[:4]
        if not name or rest[:9] != key_id.hex() + "+" or len(data) != 33:
            raise Wrong(f"The key {text[:60]!r} does not fit its own id.")
        return cls(name, key_id, data[0], data[1:], text)

    def signed(self, message: bytes, signature: bytes) -> bool:
        """Say whether this key made this signature of this message."""
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


class Checkpoint(NamedTuple):
    """Origin, size and root of a log, and the note they stand in."""

    origin: str
    size: int
    root: bytes
    text: str
    signatures: list[tuple[str, bytes, bytes]]  # key name, key id, signature

    @classmethod
    def parse(cls, note: str, what: str) -> Checkpoint:
        """Split a note at its last empty line, and read its text."""
        text, blank, below = note.rpartition("\n\n")
        if not blank or not below.endswith("\n"):
            raise Wrong(f"{what} is no signed note.")
        signatures = []
        for line in below[:-1].split("\n"):
            name, coded = [*line.split(" "), "", "", ""][1:3]
            raw = from_base64(coded, f"A signature under {what}")
            if line != f"\u2014 {name} {coded}" or not name or len(raw) < 5:
                raise Wrong(f"{what} has a line that is no signature.")
            signatures.append((name, raw[:4], raw[4:]))
        lines = text.split("\n")
        if len(lines) < 3 or not all(lines):
            raise Wrong(f"{what} is no checkpoint.")
        root = from_base64(lines[2], f"The root in {what}")
        if len(root) != 32:
            raise Wrong(f"The root in {what} has {len(root)} bytes, not 32.")
        return cls(lines[0], number(lines[1], f"The size in {what}"), root, text + "\n", signatures)

    def time_by(self, key: Key) -> int | None:
        """Return when a key signed (0: it says no time), None if it did not."""
        found = None
        for name, key_id, raw in self.signatures:
            if (name, key_id) == (key.name, key.key_id):
                found, message = 0, self.text.encode()
                if key.kind == WITNESS:
                    found, raw = int.from_bytes(raw[:8], "big"), raw[8:]
                    message = f"cosignature/v1\ntime {found}\n".encode() + message
                if not key.signed(message, raw):
                    raise Wrong(f"The signature of {name!r} is not of this checkpoint.")
        return found


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two nodes into the one above."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_over(index: int, size: int, leaf: bytes, proof: list[bytes]) -> bytes:
    """Compute the root that a proof gives a leaf at an index in a tree of that size."""
    if not 0 <= index < size or (size == 1) != (not proof):
        raise Wrong("its proof does not fit position and size.")
    if size == 1:
        return leaf
    half = 1 << (size - 1).bit_length() - 1  # the largest power of two below the size
    if index < half:
        return node_hash(root_over(index, half, leaf, proof[:-1]), proof[-1])
    return node_hash(proof[-1], root_over(index - half, size - half, leaf, proof[:-1]))


def roots_over(older: int, size: int, known: bytes, proof: list[bytes]) -> tuple[bytes, bytes]:
    """Compute both roots of a consistency proof; `known` is the older root, empty off its edge."""
    fits = len(proof) == (0 if known else 1) if older == size else len(proof) > 0
    if not 0 < older <= size or not fits:
        raise Wrong("A proof does not fit its two sizes.")  # an older size of 0 proves nothing
    if older == size:
        return (known or proof[0], known or proof[0])
    half = 1 << (size - 1).bit_length() - 1
    if older <= half:
        old, new = roots_over(older, half, known, proof[:-1])
        return old, node_hash(new, proof[-1])
    old, new = roots_over(older - half, size - half, b"", proof[:-1])
    return node_hash(proof[-1], old), node_hash(proof[-1], new)


class Policy:
    """Which logs and witnesses are known, and how many of them must have signed."""

    def __init__(self, text: str, what: str) -> None:
        self.logs: list[Key] = []
        self.witnesses: dict[str, Key] = {}
        self.groups: dict[str, tuple[int, list[str]]] = {}
        self.quorum = ""
        names = {"none"}
        free: set[str] = set()  # in no group yet: one witness has one voice
        for at, line in enumerate(text.split("\n"), start=1):
            kind, *words = re.split(r"[ \t]+", line.strip(" \t"))
            if kind == "log" and len(words) in (1, 2):
                self.logs.append(Key.parse(words[0]))
            elif kind == "witness" and len(words) in (2, 3) and words[0] not in names:
                self.witnesses[words[0]] = Key.parse(words[1])
                free.add(words[0])
            elif kind == "group" and len(words) > 2 and words[0] not in names:
                name, threshold, *members = words
                count = {"any": 1, "all": len(members)}.get(threshold) or number(threshold, what)
                if len(free & set(members)) < len(members) or not 1 <= count <= len(members):
                    raise Wrong(f"Line {at} of {what} makes a group that cannot be.")
                self.groups[name] = (count, members)
                free = free - set(members) | {name}
            elif kind == "quorum" and len(words) == 1 and not self.quorum:
                if words[0] not in names:
                    raise Wrong(f"Line {at} of {what} asks for {words[0]!r}, not defined above.")
                self.quorum = words[0]
            elif kind and not kind.startswith("#"):
                raise Wrong(f"Line {at} of {what} is not understood.")
            names |= {*self.witnesses, *self.groups}
        keys = list(self.witnesses.values())
        is_mixed = {key.kind for key in keys} - {WITNESS} or {key.kind for key in self.logs} - {LOG}
        if not self.quorum or is_mixed or len({key.raw for key in keys}) < len(keys):
            raise Wrong(f"{what} has no quorum line, one key twice, or keys of another kind.")

    def is_met(self, signed: dict[str, int]) -> bool:
        """Say whether these witnesses are enough."""
        holds = {name: name in signed for name in self.witnesses}
        for name, (count, members) in self.groups.items():
            holds[name] = sum(holds[one] for one in members) >= count
        return self.quorum == "none" or holds[self.quorum]


class Entry(NamedTuple):
    """One entry that was proven: its line, its body as text and read (empty: gone), its leaf."""

    position: int
    line: dict[str, Any]
    text: str
    body: dict[str, Any]
    leaf: bytes


def check_entry(members: Members, stem: str, checkpoint: Checkpoint) -> Entry:
    """Check one entry: its place in the tree, its origin, and its body against the seal in it."""
    position = number(stem.rpartition("/")[2].lstrip("0") or "0", f"The number of {stem}")
    text = text_of(members, f"{stem}.entry.json")
    first, index, *rest = [*text_of(members, f"{stem}.tlog-proof").split("\n"), ""]
    if first != "c2sp.org/tlog-proof@v1" or index != f"index {position}":
        raise Wrong("its proof is not a tlog-proof of this position.")
    proof, note = hashes_above_blank(rest[:-1], f"{stem}.tlog-proof")
    if note != text_of(members, "checkpoint"):
        raise Wrong("its proof leads to another checkpoint.")
    leaf = hashlib.sha256(b"\x00" + text.encode()).digest()
    if root_over(position, checkpoint.size, leaf, proof) != checkpoint.root:
        raise Wrong("it is not in the log: entry or proof was changed.")
    line = json.loads(text)
    if line.get("origin") != checkpoint.origin:
        raise Wrong("it says that it is of another log.")
    if f"{stem}.body.json" not in members:
        return Entry(position, line, "", {}, leaf)
    salt = text_of(members, f"{stem}.salt")
    if not re.fullmatch(r"[0-9a-f]{32}\n", salt):
        raise Wrong("its salt is not 16 bytes in hex.")
    body = text_of(members, f"{stem}.body.json")
    sealed = hashlib.sha256(bytes.fromhex(salt.strip()) + body.encode()).hexdigest()
    if sealed != line.get("body"):
        raise Wrong("its body is not what was sealed: body or salt was changed.")
    return Entry(position, line, body, json.loads(body, parse_float=str), leaf)


def check_links(entries: Sequence[Entry]) -> Iterator[str]:
    """Yield what is wrong between entries: bodies lost unsaid, corrections of something else."""
    leaves = {entry.position: entry.leaf.hex() for entry in entries}
    erasing = [one for one in entries if one.line.get("kind") == "erasure"]
    erased = {at for one in erasing for at in one.body.get("positions", []) if at < one.position}
    for entry in entries:
        if not entry.text and entry.position not in erased:
            yield f"Entry {entry.position}: its body is missing, and no entry says it was erased."
        position, leaf = entry.line.get("wrong", (None, ""))
        if position is not None and leaves.get(position) != leaf:
            yield f"Entry {entry.position} corrects entry {position}, which is not here."


def check_summary(members: Members, entries: Sequence[Entry], now: Checkpoint) -> Iterator[str]:
    """Yield where summary.json says anything else than entries and checkpoint."""
    told = json.loads(text_of(members, "summary.json"))
    is_so = [told.get("origin"), told.get("size")] == [now.origin, now.size]
    if not is_so or told.get("root") != base64.b64encode(now.root).decode():
        yield "summary.json tells of another checkpoint."
    kinds = {entry.position: entry.line["kind"] for entry in entries}
    if {one["position"]: one["kind"] for one in told.get("entries", [])} != kinds:
        yield "summary.json tells of other entries than are here."
    if set(told.get("erased", {})) != {str(entry.position) for entry in entries if not entry.text}:
        yield "summary.json tells of other erasures than there are."


def check_story(members: Members, entries: Sequence[Entry]) -> Iterator[str]:
    """Yield where STORY.md says anything else than the entries: which, when, by whom, what.

    Names of places and things are the operator's; so is all that stands outside the tables.
    """
    untold = {entry.position: entry for entry in entries}
    for row in text_of(members, "STORY.md").split("\n"):
        if not re.match(r"\| *[0-9]", row, re.ASCII):
            continue
        cells = [re.sub(r"\\(.)", r"\1", one) for one in row[2:-2].split(" | ")]
        entry = untold.pop(int(cells[0]), None) if len(cells) == 5 else None
        if entry is None:
            yield f"STORY.md has a row of no entry, or a second one: {row[:60]}"
            continue
        _, at, what, _, by = cells
        is_event = entry.line["kind"] in ("event", "declaration")
        when = moment(entry.line["at" if is_event else "record"])
        words = [entry.body.get(name) for name in ("type", "action", "bizStep", "disposition")]
        said = " ".join(str(one) for one in (words if is_event else words[:1]) if one)
        said = said if entry.text else "(its words were erased"
        wrong = f"declares entry {entry.line['wrong'][0]} wrong: " if "wrong" in entry.line else ""
        if f"{at} UTC" != when or by != plain(entry.line["by"], " "):
            yield f"STORY.md says that entry {entry.position} was at {at} by {by}; it was not."
        elif plain(said, " ") not in what or not what.startswith(wrong):
            yield f"STORY.md says of entry {entry.position} what it does not say: {what}"
    for position in untold:
        yield f"STORY.md leaves entry {position} out."


def plain(text: str, instead: str) -> str:
    """Return a text without signs that could steer a terminal or break a line."""
    return "".join(sign if sign.isprintable() else instead for sign in text)


def check_keys(entries: Sequence[Entry]) -> tuple[list[Key], list[Key]]:
    """Return the log's keys, and the last of them in a row that each the one before has signed."""
    keys: list[Key] = []
    chain: list[Key] = []
    for body, entry in ((entry.body, entry) for entry in entries):
        if entry.line.get("kind") == "key" and body.get("type") in ("log-key", "restore"):
            key = Key.parse(str(body.get("vkey")))
            signed = {str(one["vkey"]): str(one["signature"]) for one in body["signatures"]}
            message = f"log-key {body.get('epoch')}\n{key.text}\n".encode()
            chain = chain if keys and keys[-1].text in signed else []  # else the old key was lost
            for one in [*chain[-1:], key]:
                raw = from_base64(signed.get(one.text, ""), f"A signature in {entry.position}")
                if not one.signed(message, raw):
                    raise Wrong(f"Entry {entry.position}: {one.text} did not sign the new key.")
            keys.append(key)
            chain.append(key)
    return keys, chain


def check_older(members: Members, keys: Sequence[Key], own: str | None) -> Iterator[str]:
    """Yield what is wrong with older checkpoints: those in the bundle, and one that you kept."""
    newer = Checkpoint.parse(text_of(members, "checkpoint"), "checkpoint")
    known = {newer.size: newer.root}
    for name in sorted(one for one in members if one.endswith(".checkpoint")):
        older = Checkpoint.parse(text_of(members, name), name)
        request = text_of(members, name.replace(".checkpoint", ".add-checkpoint")).split("\n")
        proof, note = hashes_above_blank(request[1:], name)
        is_whole = request[0] == f"old {older.size}" and note == text_of(members, "checkpoint")
        is_signed = any(older.time_by(key) is not None for key in keys)
        roots = roots_over(older.size, newer.size, older.root, proof)
        if not is_whole or not is_signed or roots != (older.root, newer.root):
            yield f"{name}: the log does not continue it: history or proof was changed."
        known[older.size] = older.root
    if own is not None:
        kept = Checkpoint.parse(own, "Your checkpoint")
        if all(kept.time_by(key) is None for key in keys):
            yield "Your checkpoint is not signed by a key of this log."
        elif kept.size > newer.size:
            yield f"Your checkpoint has {kept.size} entries, this one only {newer.size}."
        elif kept.size not in known:
            yield f"No proof leads from your size {kept.size}: ask for a bundle made with it."
        elif kept.root != known[kept.size]:
            yield f"FORKED: at size {kept.size} you hold another root. History was rewritten."


def moment(micro: int) -> str:
    """Spell microseconds since 1970."""
    at = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=micro)  # noqa: UP017
    return at.strftime("%Y-%m-%d %H:%M:%S UTC")


def spoken(entry: Entry) -> str:
    """Say in one line what an entry says."""
    body, line = entry.body, entry.line
    words = [body.get(name) for name in ("type", "action", "bizStep", "disposition")]
    place = body.get("bizLocation") or body.get("readPoint")
    words += ["at", place.get("id")] if isinstance(place, dict) else []
    words = words if entry.text else ["body erased"]
    said = " ".join(str(word) for word in [f"[{line['kind']}]", *words] if word)
    return f"{entry.position:>9}  {moment(line['at'])}  {said}, by {line.get('by')}"


def four_lines(entries: Sequence[Entry], seal: str, lied: str, told: dict[str, Any]) -> list[str]:
    """Say what the bundle proves and what it does not; the same heads stand on every page."""
    times = [moment(entry.line["record"]) for entry in entries]
    named = [json.dumps(str(one), ensure_ascii=False) for one in told.get("spellings", [])]
    own = [entry for entry in entries if entry.position in told.get("about", []) and entry.text]
    unseen = [str(one.position) for one in own if not any(name in one.text for name in named)]
    inferred = [f"entries that do not name it, but what it lay in: {', '.join(unseen)}"]
    inferred = (inferred if unseen else []) + [str(one) for one in told.get("inferred", [])]
    span = f"{len(entries)} entries, between {times[0]} and {times[-1]} by the log's own clock"
    whoever = f"whoever scanned: a log proves what was said, not that it was so; {lied}"
    lines = (span, seal, whoever, "; ".join(inferred) or "nothing in this bundle")
    return [f"{head}: {line}." for head, line in zip(HEADS, lines)]  # noqa: B905 - Python 3.9


def check(members: Members, options: argparse.Namespace) -> tuple[list[str], list[str]]:
    """Check everything; return the sentences about what is wrong, and the lines to print."""
    problems = list(check_files(members))
    checkpoint = Checkpoint.parse(text_of(members, "checkpoint"), "checkpoint")
    signer = Key.parse(text_of(members, "log.vkey").rstrip("\n"))
    if signer.name != checkpoint.origin or checkpoint.time_by(signer) is None:
        raise Wrong("The checkpoint is not signed by the key in log.vkey.")
    entries = []
    for name in sorted(one for one in members if one.endswith(".entry.json")):
        stem = name[: -len(".entry.json")]
        try:
            entries.append(check_entry(members, stem, checkpoint))
        except Wrong as error:
            problems.append(f"Entry {stem[8:].lstrip('0') or 0}: {error}")
    keys, chain = check_keys(entries)
    own, kept = options.policy, options.older_checkpoint
    older = check_older(members, [signer, *keys], kept.read_text("utf-8") if kept else None)
    problems += [*check_links(entries), *older]
    problems += [*check_summary(members, entries, checkpoint), *check_story(members, entries)]
    policy = Policy(own.read_text("utf-8") if own else text_of(members, "policy.txt"), "The policy")
    pinned = [Key.parse(one) for one in options.vkey] + (policy.logs if own else [])
    follows = [at for at, key in enumerate(chain) if key in pinned]
    is_pinned = signer in pinned or (follows and signer in chain[follows[0] :])
    if pinned and not is_pinned:
        problems.append("The checkpoint is signed by another key than the one you trust.")
    known = {**{key.text: key for key in keys}, **policy.witnesses}
    times = {name: checkpoint.time_by(key) for name, key in known.items()}
    signed = {name: time for name, time in times.items() if time and name in policy.witnesses}
    if own and not policy.is_met(signed):
        problems.append("Too few of your witnesses signed: this is the operator's word only.")
    if problems or not entries:
        return problems or ["The bundle holds no entry."], []
    whose = "which you trust" if is_pinned else "which came with the bundle: compare it by phone"
    seal = f"each is in the log {checkpoint.origin} of {checkpoint.size} entries with the root "
    seal += f"{base64.b64encode(checkpoint.root).decode()}; key {signer.text}, {whose}"
    for entry in entries:
        if entry.body.get("type") == "restore":
            seal += f"; entry {entry.position} declares a restore: entries from "
            seal += f"{entry.body.get('from')} on are not what they were before"
    lied = "the operator, too, who signs alone (operator only): he could have written all anew"
    if signed and policy.is_met(signed):
        at = ", ".join(f"{name} at {moment(time * 10**6)}" for name, time in signed.items())
        lied = f"the operator until a witness signed: {at}"
        lied += "" if own else " (witnesses' keys came with the bundle: demand yours by --policy)"
    told = json.loads(text_of(members, "summary.json"))
    lines = [f"Evidence about {told.get('name')} ({told.get('key')}), said of"]
    lines += [*map(str, told["spellings"]), "", *map(spoken, entries)]
    return [], [*lines, "", *four_lines(entries, seal, lied, told)]


def main(arguments: Sequence[str]) -> int:
    """Run the check; return the exit status."""
    parser = argparse.ArgumentParser(description="Check evidence without Hangtag.")
    parser.add_argument("bundle", nargs="?", type=Path, default=Path(__file__).parent)
    parser.add_argument("--vkey", action="append", default=[], help="key of the log that you trust")
    parser.add_argument("--policy", type=Path, help="file with the witnesses that you demand")
    parser.add_argument("--older-checkpoint", type=Path, help="a checkpoint that you kept")
    options = parser.parse_args(arguments)
    try:
        problems, lines = check(read_bundle(options.bundle), options)
    except Wrong as error:
        problems, lines = [str(error)], []
    except Exception as error:  # noqa: BLE001 - whatever a bundle may hold
        if isinstance(error, OSError) and error.filename:
            parser.error(f"cannot read {error.filename}: {error.strerror}")
        problems, lines = [f"The bundle is not made as it should be: {error!r}."], []
    lines = [*(f"NOT TRUE: {one}" for one in problems), *lines]
    for line in [*lines, "Do not rely on this bundle." if problems else "All true."]:
        # Nothing that a bundle says may steer the terminal.
        print(plain(line, "?"))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]  # a text stream
    raise SystemExit(main(sys.argv[1:]))
