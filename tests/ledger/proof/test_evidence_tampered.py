"""A bundle that somebody touched: every byte of it, and every clever change, is noticed."""

from __future__ import annotations

import json
import random
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.ledger.proof.evidence_house import House, Members, judged, living, packed, summed
from traceability.ledger.proof import bundle_check
from traceability.ledger.proof.bundle_check import Entry, Wrong, check_keys, check_links
from traceability.ledger.proof.log_keys import key_body
from traceability.ledger.proof.note import Signer, parse_note, sign_note

Tamper = Callable[[Members, House], Members]
SEED = 20_261_122
SIGNED = ("entries/", "older/", "checkpoint", "log.vkey")
"""What holds without the list of sums: its changes show even if the sums are made anew."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A workshop with everything in its record."""
    with living(tmp_path_factory.mktemp("house")) as found:
        yield found


def test_what_nobody_touched_is_true(house: House) -> None:
    assert judged(house.members) == []
    assert judged(summed(house.members)) == []


def test_every_flipped_bit_is_noticed(house: House) -> None:
    chance = random.Random(SEED)
    members = house.members
    missed = []
    for name in sorted(members):
        for _ in range(3):
            at, bit = chance.randrange(len(members[name])), 1 << chance.randrange(8)
            data = bytearray(members[name])
            data[at] ^= bit
            touched = {**members, name: bytes(data)}
            if not judged(touched):
                missed.append(f"{name} byte {at} bit {bit}")
            if name.startswith(SIGNED) and not judged(summed(touched)):
                missed.append(f"{name} byte {at} bit {bit}, with new sums")
    assert missed == [], f"seed {SEED}"


def edited(name: str, change: Callable[[bytes], bytes]) -> Tamper:
    """Change the one file that a pattern names first."""

    def tamper(members: Members, house: House) -> Members:
        found = next(one for one in sorted(members) if re.fullmatch(name, one))
        assert change(members[found]) != members[found], found
        return {**members, found: change(members[found])}

    return tamper


def lines_of(change: Callable[[list[bytes]], None]) -> Callable[[bytes], bytes]:
    """Change the lines of a file."""

    def edit(data: bytes) -> bytes:
        lines = data.split(b"\n")
        change(lines)
        return b"\n".join(lines)

    return edit


def _short(lines: list[bytes]) -> None:
    lines[2] = b64encode(b64decode(lines[2])[:31])


def _other_hash(lines: list[bytes]) -> None:
    lines[2] = b64encode(bytes(32))


def _other_index(lines: list[bytes]) -> None:
    lines[1] = b"index 1"


def _more(lines: list[bytes]) -> None:
    lines.insert(2, b64encode(bytes(32)))


def _fewer(lines: list[bytes]) -> None:
    del lines[2]


def _loose_base64(lines: list[bytes]) -> None:
    # The same 32 bytes in another spelling: the last sign before "=" has two bits to spare.
    lines[2] = lines[2][:-2] + bytes([lines[2][-2] + 1]) + b"="


def _as_another(members: Members, house: House) -> Members:
    for ending in ("entry.json", "tlog-proof", "body.json", "salt"):
        members[f"entries/000000001.{ending}"] = members.pop(f"entries/000000000.{ending}")
    return members


def _swapped_proofs(members: Members, house: House) -> Members:
    one, other = sorted(name for name in members if name.endswith(".tlog-proof"))[2:4]
    return {**members, one: members[other], other: members[one]}


def _everywhere(members: Members, old: bytes, new: bytes) -> Members:
    return {name: data.replace(old, new) for name, data in members.items()}


def _other_size(members: Members, house: House) -> Members:
    old = members["checkpoint"]
    size = str(house.told.size).encode()
    return _everywhere(members, old, old.replace(b"\n" + size, b"\n" + size + b"0", 1))


def _other_root(members: Members, house: House) -> Members:
    old = members["checkpoint"]
    return _everywhere(members, old, old.replace(old.split(b"\n")[2], b64encode(bytes(32))))


def _without_signature(members: Members, house: House) -> Members:
    old = members["checkpoint"]
    log = next(line for line in old.split(b"\n") if line.startswith(b"\xe2\x80\x94 localhost"))
    return _everywhere(members, old, old.replace(log + b"\n", b""))


def _false_witness(members: Members, house: House) -> Members:
    old = members["checkpoint"]
    line = next(line for line in old.split(b"\n") if b" brand.example" in line)
    start, coded = line.rsplit(b" ", 1)
    data = bytearray(b64decode(coded))
    data[20] ^= 1
    return _everywhere(members, old, old.replace(line, start + b" " + b64encode(bytes(data))))


def _lost_words(members: Members, house: House) -> Members:
    del members["entries/000000000.body.json"]
    return members


def _dropped(position: Callable[[House], int]) -> Tamper:
    def tamper(members: Members, house: House) -> Members:
        stem = f"entries/{position(house):09d}."
        return {name: data for name, data in members.items() if not name.startswith(stem)}

    return tamper


def _from_nothing(members: Members, house: House) -> Members:
    name = next(one for one in sorted(members) if one.endswith(".add-checkpoint"))
    lines = members[name].split(b"\n")
    lines[0] = b"old 0"
    return {**members, name: b"\n".join(lines)}


def _older_of_nothing(members: Members, house: House) -> Members:
    key = Signer.parse(
        Path(f"{house.ledger.database.path}.keys/main-1.key").read_text("utf-8").strip()
    )
    empty = f"localhost/main\n0\n{b64encode(sha256().digest()).decode()}\n"
    return {
        **members,
        "older/000000000.checkpoint": sign_note(empty, key),
        "older/000000000.add-checkpoint": b"old 0\n\n" + members["checkpoint"],
    }


def _foreign_log(members: Members, house: House) -> Members:
    """Sign the same tree with a key of one's own, wherever the checkpoint stands."""
    foreign = Signer.make("localhost/main", seed=b"\x05" * 32)
    old = members["checkpoint"]
    members = _everywhere(members, old, sign_note(parse_note(old).text, foreign))
    members = {name: data for name, data in members.items() if not name.startswith("older/")}
    return {**members, "log.vkey": f"{foreign.verifier}\n".encode()}


ROW = rb"\n\| ([0-9]+) \| ([^|]+) \| ([^|]+) \| ([^|]*) \| ([^|]*) \|"


def _retold(group: int, words: bytes) -> Tamper:
    """Tell one cell of the first row of the story otherwise."""

    def change(data: bytes) -> bytes:
        match = re.search(ROW, data)
        assert match is not None
        return data[: match.start(group)] + words + data[match.end(group) :]

    return edited("STORY.md", change)


def _summary(change: Callable[[dict[str, Any]], object]) -> Tamper:
    """Change what the summary says."""

    def edit(data: bytes) -> bytes:
        tree = json.loads(data)
        change(tree)
        return json.dumps(tree).encode()

    return edited("summary.json", edit)


BODY, ENTRY = r"entries/.*body\.json", r"entries/.*entry\.json"
PROOF, OLDER = r"entries/.*tlog-proof", r"older/.*add-checkpoint"


@pytest.mark.parametrize(
    ("tamper", "sentence"),
    [
        (edited(BODY, lambda data: data[:-1] + b" }"), "Entry 0: its body is not what was sealed"),
        (edited(r"entries/.*salt", lambda data: b"0" * 32 + b"\n"), "Entry 0: its body is not"),
        (edited(r"entries/.*salt", lambda data: data[:-3] + b"\n"), "its salt is not 16 bytes"),
        (edited(ENTRY, lambda data: data[:-1] + b" }"), "Entry 0: it is not in the log"),
        (edited(PROOF, lines_of(_other_hash)), "Entry 0: it is not in the log"),
        (edited(PROOF, lines_of(_short)), "has not 32 bytes"),
        (edited(PROOF, lines_of(_loose_base64)), "not base64 in its one right spelling"),
        (edited(PROOF, lines_of(_other_index)), "Entry 0: its proof is not a tlog-proof of this"),
        (edited(PROOF, lines_of(_more)), "Entry 0: its proof does not fit position and size"),
        (edited(PROOF, lines_of(_fewer)), "Entry 0: its proof does not fit position and size"),
        (
            edited(PROOF, lambda data: data + b"\n"),
            "Entry 0: its proof leads to another checkpoint",
        ),
        (_as_another, "Entry 1: its proof is not a tlog-proof of this position"),
        (_swapped_proofs, "its proof is not a tlog-proof of this position"),
        (_other_size, "The signature of 'localhost/main' is not of this checkpoint."),
        (_other_root, "The signature of 'localhost/main' is not of this checkpoint."),
        (_without_signature, "The checkpoint is not signed by the key in log.vkey."),
        (_false_witness, "The signature of 'brand.example/witness' is not of this checkpoint."),
        (_lost_words, "Entry 0: its body is missing, and no entry says it was erased."),
        (_dropped(lambda house: house.erasing), "its body is missing, and no entry says it was"),
        (_dropped(lambda house: house.wrong), "which is not here."),
        (edited(OLDER, lines_of(lambda lines: lines.insert(1, lines[1]))), "does not"),
        (_from_nothing, "the log does not continue it"),
        (_older_of_nothing, "A proof does not fit its two sizes."),
        (edited("policy.txt", lambda data: data + b"quorum brand\n"), "Line 3 of The policy"),
        (_retold(1, b"999999"), "STORY.md has a row of no entry"),
        (_retold(2, b"2026-01-05 00:00:00"), "was at 2026-01-05 00:00:00 by"),
        (_retold(3, b"ObjectEvent OBSERVE nothing"), "what it does not say: ObjectEvent"),
        (_retold(5, b"somebody"), "by somebody; it was not."),
        (edited("STORY.md", lambda data: re.sub(ROW, b"", data, count=1)), "STORY.md leaves entry"),
        (edited("STORY.md", lambda data: data + data), "or a second one"),
        (_summary(lambda tree: tree["entries"].pop()), "summary.json tells of other entries"),
        (_summary(lambda tree: tree.update(size=1)), "summary.json tells of another checkpoint."),
        (_summary(lambda tree: tree["erased"].update({"0": 1})), "tells of other erasures"),
    ],
)
def test_a_clever_change_is_named(house: House, tamper: Tamper, sentence: str) -> None:
    problems = judged(summed(tamper(house.members, house)))
    assert any(sentence in problem for problem in problems), problems


def test_a_log_with_another_key_is_another_log(house: House) -> None:
    forged = summed(_foreign_log(house.members, house))
    assert judged(forged) == []  # whoever signs all of it anew: only a key from elsewhere tells
    for key in house.keys:
        (problem,) = judged(forged, vkey=(key,))
        assert problem == "The checkpoint is signed by another key than the one you trust."
        assert judged(house.members, vkey=(key,)) == []  # trust in the first leads to the second


def test_witnesses_who_are_demanded_must_have_signed(house: House, tmp_path: Path) -> None:
    own = tmp_path / "own"
    stranger = Signer.make("port.example/w", algorithm=4, seed=bytes(32)).verifier
    brand = f"witness b {house.witness}\nwitness p {stranger}\n"
    for text, is_met in (
        ("quorum b\n", True),
        ("group g any b p\nquorum g\n", True),
        ("quorum none\n", True),
        ("quorum p\n", False),
        ("group g all b p\nquorum g\n", False),
    ):
        own.write_text(brand + text)
        expected = "Too few of your witnesses signed: this is the operator's word only."
        assert judged(house.members, policy=own) == ([] if is_met else [expected])
    own.write_text(f"log {house.keys[0]}\n{brand}quorum b\n")
    assert judged(house.members, policy=own) == []
    own.write_text(f"log {Signer.make('localhost/main', seed=bytes(32)).verifier}\nquorum none\n")
    assert judged(house.members, policy=own) == [
        "The checkpoint is signed by another key than the one you trust."
    ]


def test_a_zip_with_two_files_of_one_name_is_refused(house: House, tmp_path: Path) -> None:
    file = tmp_path / "x.zip"
    renamed = {**house.members, "entries/000000000.Entry.json": b"{}"}
    file.write_bytes(packed(renamed).replace(b"000000000.Entry.json", b"000000000.entry.json"))
    with pytest.raises(Wrong, match="two files of one name"):
        bundle_check.read_bundle(file)


def test_a_zip_that_would_fill_the_memory_is_refused(house: House, tmp_path: Path) -> None:
    file = tmp_path / "bomb.zip"
    data = bytearray(house.data)
    head = -1
    for _ in range(20):  # twenty of 64 MiB, says the list at the zip's end
        head = data.index(b"PK\x01\x02", head + 1)
        data[head + 24 : head + 28] = (2**26).to_bytes(4, "little")
    file.write_bytes(bytes(data))
    with pytest.raises(Wrong, match="more than 1 GiB"):
        bundle_check.read_bundle(file)


def test_a_folder_with_a_link_to_elsewhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "own").write_text("nobody else's")
    (tmp_path / "unpacked").mkdir()
    (tmp_path / "unpacked" / "policy.txt").symlink_to(tmp_path / "own")
    with pytest.raises(Wrong, match="a link to elsewhere"):
        bundle_check.read_bundle(tmp_path / "unpacked")


def test_only_what_came_before_an_erasure_was_erased_by_it() -> None:
    def told(erasing: int, gone: int) -> list[str]:
        said = Entry(erasing, {"kind": "erasure"}, "{}", {"positions": [gone]}, bytes(32))
        return list(check_links([said, Entry(gone, {"kind": "event"}, "", {}, bytes(32))]))

    assert told(erasing=9, gone=7) == []
    assert told(erasing=7, gone=9) == [
        "Entry 9: its body is missing, and no entry says it was erased."
    ]


def test_what_is_added_to_a_bundle_is_said(house: House) -> None:
    members = {**house.members, "entries/000000003.note": b"trust me"}
    assert judged(members) == ["entries/000000003.note is not of this bundle."]


def test_a_damaged_zip_ends_in_one_sentence(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(SEED)
    file = tmp_path / "x.zip"
    for _ in range(12):
        data = bytearray(house.data[: chance.randrange(len(house.data))])
        file.write_bytes(bytes(data))
        assert bundle_check.main([str(file)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert {line[:8] for line in lines} == {"NOT TRUE", "Do not r"}


FIRST = Signer.make("mill.example/main", seed=bytes(32))
SECOND = Signer.make("mill.example/main", seed=b"\x02" * 32)
THIRD = Signer.make("mill.example/main", seed=b"\x03" * 32)


def entries_of(*bodies: dict[str, object]) -> list[Entry]:
    """Return proven entries with these bodies."""
    return [
        Entry(at, {"kind": "key"}, json.dumps(body), dict(body), bytes(32))
        for at, body in enumerate(bodies)
    ]


def test_trust_goes_from_key_to_key_only_over_signatures() -> None:
    whole = entries_of(key_body(1, FIRST), key_body(2, SECOND, FIRST), key_body(3, THIRD, SECOND))
    keys, chain = check_keys(whole)
    assert [key.text for key in keys] == [str(one.verifier) for one in (FIRST, SECOND, THIRD)]
    assert chain == keys
    restored = {**key_body(3, THIRD, SECOND), "type": "restore", "from": 7}
    assert check_keys([*whole[:2], *entries_of(restored)])[1] == keys
    lost = entries_of(key_body(1, FIRST), key_body(2, SECOND), key_body(3, THIRD, SECOND))
    assert check_keys(lost)[1] == keys[1:]
    assert check_keys(lost)[0] == keys


@pytest.mark.parametrize(
    "body",
    [
        {**key_body(2, SECOND, FIRST), "vkey": str(THIRD.verifier)},
        {**key_body(2, SECOND, FIRST), "epoch": 3},
        {**key_body(2, SECOND, THIRD), "signatures": key_body(2, THIRD, FIRST)["signatures"]},
        {**key_body(2, SECOND, FIRST), "signatures": []},
    ],
)
def test_a_key_that_is_not_rightly_signed_is_none(body: dict[str, object]) -> None:
    with pytest.raises(Wrong):
        check_keys(entries_of(key_body(1, FIRST), body))
