"""The recovery code, and what it opens: keys come back with it, and the record without it too."""

from __future__ import annotations

import json
import re
import string
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

from tests.factory.premises import NOW, Premises, names_below
from traceability.errors import Refused
from traceability.factory.archive import MANIFEST, open_archive
from traceability.factory.backup import back_up
from traceability.factory.folder import Factory
from traceability.factory.recovery import (
    CODE_FILE,
    SIGNS,
    code_of,
    new_code,
    passphrase_of,
    read_code,
)
from traceability.factory.restore import restore
from traceability.factory.sealing import Seal

WORDS = "three rolls of ecru and a stick"


def test_a_code_is_six_groups_of_four_that_nobody_drew_before() -> None:
    codes = {new_code() for _ in range(200)}
    assert len(codes) == 200
    assert all(re.fullmatch(rf"([{SIGNS}]{{4}}-){{5}}[{SIGNS}]{{4}}", one) for one in codes)


def test_a_code_is_read_however_it_is_typed() -> None:
    code = new_code()
    bare = code.replace("-", "")
    typed = [code, code.lower(), code.replace("-", " "), bare, f" {code}\n"]
    assert [read_code(one) for one in typed] == [code] * len(typed)


def test_every_wrong_sign_and_every_change_of_places_is_named_with_its_group() -> None:
    code = new_code()
    wrong = []
    for place, sign in enumerate(code):
        if sign == "-":
            continue
        group = place // 5 + 1
        others = [other for other in string.ascii_uppercase + string.digits if other != sign]
        wrong += [(group, code[:place] + other + code[place + 1 :]) for other in others]
        after = code[place + 1 : place + 2]
        if after not in ("-", "", sign):
            wrong.append((group, code[:place] + after + sign + code[place + 2 :]))
    for group, typed in wrong:
        with pytest.raises(Refused, match=f"Group {group} of the recovery code"):
            read_code(typed)
    assert len(wrong) > 24 * 35
    groups = code.split("-")
    with pytest.raises(Refused, match="is mistyped"):
        read_code("-".join([groups[1], groups[0], *groups[2:]]))


def test_a_passphrase_of_ones_own_is_long_and_a_mistyped_code_is_none() -> None:
    code = new_code()
    assert (passphrase_of(f" {WORDS} "), passphrase_of(code.lower())) == (WORDS, code)
    with pytest.raises(Refused, match="expected at least 12"):
        passphrase_of("short")
    with pytest.raises(Refused, match="is mistyped"):
        passphrase_of(code[:-1] + ("2" if code[-1] != "2" else "3"))


def test_the_code_is_kept_in_the_folder_and_in_no_backup(premises: Premises) -> None:
    made = back_up(premises.factory, at=NOW)
    kept = premises.factory.folder / CODE_FILE
    assert kept.read_text(encoding="utf-8").strip() == code_of(premises.factory)
    with zipfile.ZipFile(made.path) as held:
        assert CODE_FILE not in held.namelist()
        code = code_of(premises.factory).encode()
        assert [one for one in held.namelist() if code in held.read(one)] == []


def test_a_spoilt_code_file_is_said_before_anything_is_made(premises: Premises) -> None:
    (premises.factory.folder / CODE_FILE).write_text("ABCD", encoding="utf-8")
    with pytest.raises(Refused, match=r"recovery-code\.txt holds no recovery code"):
        back_up(premises.factory, at=NOW)
    assert names_below(premises.factory.backups) == []


def test_no_key_lies_open_in_a_backup(premises: Premises) -> None:
    keys = premises.factory.folder / "practice.sqlite.keys"
    keys.mkdir()
    (keys / "main-1.key").write_text("PRIVATE+KEY+one", encoding="utf-8")
    (keys / "main.signed").write_text("what was signed", encoding="utf-8")
    made = back_up(premises.factory, at=NOW)
    secret = premises.factory.key.read_bytes().strip()
    with zipfile.ZipFile(made.path) as held:
        names = held.namelist()
        data = b"".join(held.read(one) for one in names)
    assert (secret in data, b"PRIVATE+KEY" in data) == (False, False)
    sealed = [one.path for one in made.manifest.members if one.is_sealed]
    assert sorted(sealed) == ["key", "practice.sqlite.keys/main-1.key"]
    assert [name for name in names if "signed" in name] == []


@pytest.mark.parametrize("passphrase", ["", WORDS])
def test_with_the_passphrase_the_keys_come_back(
    premises: Premises, tmp_path: Path, passphrase: str
) -> None:
    made = back_up(premises.factory, at=NOW, passphrase=passphrase)
    given = passphrase or code_of(premises.factory).lower()
    again = restore(made.path, tmp_path / "again", passphrase=given)
    factory = Factory.find(again.folder)
    assert again.has_keys
    assert factory.key.read_bytes() == premises.factory.key.read_bytes()
    # A code that opened it goes on to seal; a passphrase of one's own is not kept anywhere.
    assert (factory.folder / CODE_FILE).exists() == (not passphrase)


def test_without_it_the_record_comes_back_and_the_keys_do_not(
    premises: Premises, tmp_path: Path
) -> None:
    made = back_up(premises.factory, at=NOW)
    again = restore(made.path, tmp_path / "again")
    factory = Factory.find(again.folder)
    assert (again.has_keys, factory.key.exists()) == (False, False)
    assert (factory.folder / "practice.sqlite").exists()
    assert code_of(factory) != code_of(premises.factory)


@pytest.mark.parametrize(
    "typed", [new_code(), "another dozen of signs"], ids=["another code", "words"]
)
def test_a_wrong_passphrase_is_one_sentence_and_leaves_nothing(
    premises: Premises, tmp_path: Path, typed: str
) -> None:
    made = back_up(premises.factory, at=NOW)
    with pytest.raises(Refused) as refused:
        restore(made.path, tmp_path / "again", passphrase=typed)
    assert str(refused.value) == (
        "The recovery code does not open this backup: it is of another workshop, or of another "
        "time. Nothing was restored; look for the right sheet, or leave the code empty and begin "
        "with new keys."
    )
    assert not (tmp_path / "again").exists()


def test_the_list_says_by_which_numbers_it_was_sealed(premises: Premises) -> None:
    made = back_up(premises.factory, at=NOW)
    with zipfile.ZipFile(made.path) as held:
        tree = json.loads(held.read(MANIFEST))
    assert (tree["format"], tree["seal"]["kdf"], tree["seal"]["n"]) == (2, "scrypt", 1 << 14)
    assert Seal.fresh(WORDS).cost == 1 << 17
    with open_archive(made.path) as opened:
        assert opened.manifest == made.manifest


@pytest.mark.parametrize("change", [{"n": 1 << 30}, {"kdf": "rot13"}, {"salt": "00"}, {"r": 99}])
def test_a_list_that_asks_for_too_much_is_refused(
    premises: Premises, tmp_path: Path, change: dict[str, object]
) -> None:
    made = back_up(premises.factory, at=NOW)
    with zipfile.ZipFile(made.path) as held, zipfile.ZipFile(tmp_path / "x.zip", "w") as sly:
        for name in held.namelist():
            data = held.read(name)
            if name == MANIFEST:
                tree = json.loads(data)
                tree["seal"] |= change
                data = json.dumps(tree).encode()
            sly.writestr(name, data)
    with pytest.raises(Refused, match=r"x\.zip is damaged: its list is not that of a backup"):
        restore(tmp_path / "x.zip", tmp_path / "again", passphrase=WORDS)


def test_one_of_format_1_is_opened_as_before(premises: Premises, tmp_path: Path) -> None:
    made = back_up(premises.factory, at=NOW)
    key = premises.factory.key.read_bytes()
    with zipfile.ZipFile(made.path) as held, zipfile.ZipFile(tmp_path / "old.zip", "w") as old:
        for name in held.namelist():
            data = key if name == "key" else held.read(name)
            if name == MANIFEST:
                tree = json.loads(data)
                tree["format"] = 1
                del tree["seal"]
                for one in tree["files"]:
                    if one["path"] == "key":
                        one |= {"size": len(key), "sha256": sha256(key).hexdigest()}
                        del one["sealed"]
                data = json.dumps(tree).encode()
            old.writestr(name, data)
    again = restore(tmp_path / "old.zip", tmp_path / "again", passphrase="not asked for")
    assert again.has_keys
    assert Factory.find(again.folder).key.read_bytes() == key
