"""What a bundle of evidence holds, and that the program in it runs alone."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

import app
from tests.engines import SERVER
from tests.house.project import ROOT
from tests.ledger.books import draft
from tests.ledger.proof.evidence_house import (
    House,
    bundle_of,
    judged,
    living,
    seen,
    things,
    unpacked,
)
from tests.web.story import alter, said_at
from traceability.errors import LedgerCorrupt, Refused
from traceability.ledger.entry import Entry
from traceability.ledger.proof import bundle_check
from traceability.ledger.proof.checkpoint import Checkpoint
from traceability.ledger.proof.claims import LINES
from traceability.ledger.proof.cosigning import policy_file
from traceability.ledger.proof.evidence_words import Line, Words, story_page
from traceability.ledger.proof.note import Signer, Verifier, sign_note
from traceability.ledger.proof.proof_file import ProofFile


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A workshop with everything in its record."""
    with living(tmp_path_factory.mktemp("house")) as found:
        yield found


def run_alone(arguments: list[str], cwd: Path) -> tuple[int, list[str], str]:
    """Run a bundle's program as an auditor does: no Hangtag on the path, another folder."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-I", "verify.py", *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    return done.returncode, done.stdout.splitlines(), done.stderr


def test_the_program_runs_without_hangtag(house: House, tmp_path: Path) -> None:
    (tmp_path / "verify.py").write_bytes(house.members["verify.py"])
    (tmp_path / "bundle.zip").write_bytes(house.data)
    status, lines, errors = run_alone(["bundle.zip", "--vkey", house.keys[0]], tmp_path)
    assert (status, errors, lines[-1]) == (0, "", "All true.")
    spelled = json.loads(house.members["summary.json"])["spellings"]
    first = f"Evidence about {house.told.name} ({house.garment}), said of"
    assert lines[: 2 + len(spelled)] == [first, *spelled, ""]
    heads = [line.partition(": ")[0] for line in lines[-5:-1]]
    assert heads == [claim.head for claim in LINES] == list(bundle_check.HEADS)
    assert "which you trust" in lines[-4]
    assert "the operator until a witness signed: brand at 2026-01-05 08:00:00 UTC" in lines[-3]
    assert run_alone(["nothing.zip"], tmp_path)[0] == 2
    assert run_alone(["--wrong"], tmp_path)[0] == 2
    (tmp_path / "bundle.zip").write_bytes(house.data[:-40])
    status, lines, errors = run_alone(["bundle.zip"], tmp_path)
    assert (status, errors, lines[-1]) == (1, "", "Do not rely on this bundle.")


def test_it_runs_in_the_folder_it_was_unpacked_into(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, data in house.members.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    (tmp_path / "my-policy.txt").write_text(f"witness b {house.witness}\nquorum b\n")
    own = ["--policy", str(tmp_path / "my-policy.txt")]
    assert bundle_check.main([str(tmp_path), *own]) == 0
    (tmp_path / "entries" / "000000000.salt").write_text("0" * 32 + "\n")
    assert bundle_check.main([str(tmp_path)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert "NOT TRUE: Entry 0: its body is not what was sealed: body or salt was changed." in lines


def test_the_program_is_one_readable_file_of_the_standard_library() -> None:
    source = Path(bundle_check.__file__).read_text("utf-8")
    assert len(source.splitlines()) < 500
    tree = ast.parse(source, feature_version=(3, 9))
    names = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    tops = {name.split(".")[0] for name in names}
    assert tops - sys.stdlib_module_names == {"cryptography"}


def test_it_holds_the_thing_its_origin_its_boxes_and_all_that_was_said_of_these(
    house: House,
) -> None:
    summary = json.loads(house.members["summary.json"])
    about: dict[str, list[int]] = {}
    for one in summary["entries"]:
        about.setdefault(one["about"], []).append(one["position"])
    kinds = {one["position"]: one["kind"] for one in summary["entries"]}
    assert about["opening"] == [0]
    assert {house.wrong, house.declaration, house.erased} <= set(about["it"] + about["correction"])
    assert about["erasure"] == [house.erasing]
    assert [kinds[at] for at in about["key"]] == ["key", "key"]
    assert [kinds[at] for at in about["hold"]] == ["hold"]
    steps = {
        name: [
            json.loads(house.members[f"entries/{at:09d}.body.json"]).get("bizStep")
            for at in about[name]
        ]
        for name in ("origin", "around")
    }
    assert steps == {"origin": ["receiving", "commissioning"], "around": ["shipping", "receiving"]}
    assert summary["erased"] == {str(house.erased): house.erasing}
    assert f"entries/{house.erased:09d}.body.json" not in house.members
    assert f"entries/{house.erased:09d}.salt" not in house.members


def test_every_proof_in_it_is_one_that_other_programs_read(house: House) -> None:
    members = house.members
    keys = [Verifier.parse(members["log.vkey"].decode().strip())]
    for name, data in members.items():
        if name.endswith(".tlog-proof"):
            entry = members[name.replace(".tlog-proof", ".entry.json")]
            checkpoint, _ = ProofFile.parse(data).verify(entry, keys)
            assert (checkpoint.size, Entry.parse(entry).origin) == (
                house.told.size,
                "localhost/main",
            )
    assert members["log.vkey"].decode() == house.keys[-1] + "\n"


def test_what_was_concluded_is_named(
    house: House, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "b.zip").write_bytes(house.data)
    assert bundle_check.main([str(tmp_path / "b.zip")]) == 0
    last = capsys.readouterr().out.splitlines()[-2]
    summary = json.loads(house.members["summary.json"])
    around = [str(one["position"]) for one in summary["entries"] if one["about"] == "around"]
    assert last == (
        f"Inferred, not seen: entries that do not name it, but what it lay in: {', '.join(around)}."
    )


def test_the_same_record_gives_the_same_bytes(house: House) -> None:
    assert bundle_of(house.ledger, house.garment)[1] == house.data


def test_its_pages_say_what_it_proves_in_the_four_lines(house: House) -> None:
    for page in ("VERIFY.md", "STORY.md"):
        words = house.members[page].decode()
        for claim in LINES:
            assert f"**{claim.head}**: {claim.words}" in words
        assert "Signed by the operator and witnessed by brand." in words
    readme = (ROOT / "README.md").read_text("utf-8")
    flat = " ".join(readme.split())
    for claim in LINES:
        assert f"**{claim.head}**: {claim.words}" in flat


def test_names_cannot_leave_their_cell(house: House) -> None:
    line = Line(1, "event", "it", "", "a|b\n# [x](y) <script>", "", "", -1)
    page = story_page(Words(house.told, Checkpoint("o", 1, bytes(32)), ""), [line])
    assert r"| a\|b \# \[x\](y) \<script\> |" in page


def test_without_a_quorum_it_says_operator_only(house: House) -> None:
    file = policy_file(house.ledger)
    before = file.read_text()
    try:
        file.unlink()
        told, data = bundle_of(house.ledger, house.garment, asks=False)
        assert (told.witnesses, told.is_enough) == ((), False)
        members = unpacked(data)
        assert members["policy.txt"].decode().startswith("# No witness is asked: operator only.\n")
        assert "Operator only: no witness has signed." in members["VERIFY.md"].decode()
        assert judged(members) == []
        other = Signer.make("port.example/w", algorithm=4, seed=bytes(32)).verifier
        file.write_text(
            f"{before.splitlines()[0]}\nwitness port {other}\n"
            "group both all brand port\nquorum both\n"
        )
        told, data = bundle_of(house.ledger, house.garment, asks=False)
        assert (told.witnesses, told.is_enough) == (("brand",), False)
        assert (
            "Operator only: brand signed, and the policy asks for more."
            in unpacked(data)["STORY.md"].decode()
        )
    finally:
        file.write_text(before)


def test_an_older_size_that_was_witnessed_is_better_than_a_newer_one_that_was_not(
    house: House,
) -> None:
    told, _ = bundle_of(house.ledger, house.garment)
    assert told.is_enough
    # The record has grown by something else, and the partner's PC is off.
    house.ledger.append([draft(seen("/01/09521141001059/21/999999", 77))])
    again, _ = bundle_of(house.ledger, house.garment, asks=False)
    assert (again.size, again.is_enough) == (told.size, True)


def test_an_auditor_leads_the_log_back_to_what_he_kept(house: House, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_bytes(house.kept)
    _, data = bundle_of(house.ledger, house.garment, older=house.kept)
    assert judged(unpacked(data), older=kept) == []
    lie = b"localhost/main\n5\n" + b"A" * 43 + b"=\n"
    key = Signer.parse(
        Path(f"{house.ledger.database.path}.keys/main-1.key").read_text("utf-8").strip()
    )
    with pytest.raises(LedgerCorrupt, match="one of the two histories was rewritten"):
        bundle_of(house.ledger, house.garment, older=sign_note(lie.decode(), key))
    newer = sign_note(lie.decode().replace("\n5\n", "\n999999\n"), key)
    with pytest.raises(Refused, match="has 999999 entries"):
        bundle_of(house.ledger, house.garment, older=newer)
    for size, sentence in (
        (house.kept.split(b"\n")[1].decode(), "FORKED: at size"),
        ("999999", "Your checkpoint has 999999 entries"),
        ("5", "No proof leads from your size 5"),
    ):
        kept.write_bytes(sign_note(lie.decode().replace("\n5\n", f"\n{size}\n"), key))
        (problem,) = judged(unpacked(data), older=kept)
        assert sentence in problem


def test_as_of_an_older_size_nothing_later_is_in_it(house: House) -> None:
    size = int(house.kept.split(b"\n")[1])
    told, data = bundle_of(house.ledger, house.garment, as_of=size)
    assert (told.size, told.erased) == (size, 0)
    positions = [one["position"] for one in json.loads(unpacked(data)["summary.json"])["entries"]]
    assert max(positions) < size
    assert judged(unpacked(data)) == []
    with pytest.raises(Refused, match="No checkpoint of at most 3 entries was signed"):
        bundle_of(house.ledger, house.garment, as_of=3)


@pytest.mark.parametrize("like", ["/00/%", "%/10/%", "%/class/B-%", "/414/%", "%@%"])
def test_all_forms_of_things_have_their_evidence(house: House, like: str) -> None:
    for key in things(house.ledger, like)[:1]:
        told, data = bundle_of(house.ledger, key, asks=False)
        assert told.entries > 2
        assert judged(unpacked(data)) == []


def test_of_what_was_never_seen_there_is_none(house: House) -> None:
    with pytest.raises(Refused, match="was never seen: there is nothing to prove"):
        bundle_of(house.ledger, "/01/09521141001059/21/404")


def test_a_record_that_was_changed_gives_no_evidence(house: House) -> None:
    true = said_at(house.ledger, 0)
    alter(house.ledger, 0, true.replace(b"Demo", b"Dema"))
    try:
        with pytest.raises(LedgerCorrupt, match="Entry 0 is not what was sealed"):
            bundle_of(house.ledger, house.garment, asks=False)
    finally:
        alter(house.ledger, 0, true)


def test_progress_is_told(house: House) -> None:
    steps: list[tuple[int, int]] = []
    told, _ = bundle_of(house.ledger, house.garment, progress=lambda *step: steps.append(step))
    assert steps == [(told.entries, told.entries)]


def test_the_command_writes_a_whole_file_or_none(house: House, tmp_path: Path) -> None:
    words = ["--db", f"sqlite:///{house.ledger.database.path}", "--json"]
    target = tmp_path / "x.zip"
    done = CliRunner().invoke(app.main, ["evidence", house.garment, "-o", str(target), *words])
    told = json.loads(done.output)
    assert (done.exit_code, told["id"], told["operator_only"]) == (0, house.garment, False)
    assert judged(unpacked(target.read_bytes())) == []
    refused = CliRunner().invoke(app.main, ["evidence", "404", "-o", str(tmp_path / "y"), *words])
    assert (refused.exit_code, list(tmp_path.iterdir())) == (1, [target])
    assert "Nothing called '404' was ever seen here." in refused.output
    away = CliRunner().invoke(
        app.main, ["evidence", house.garment, "-o", str(tmp_path / "no" / "z.zip"), *words]
    )
    assert "Cannot write in" in away.output


@pytest.mark.parametrize(
    "engine", [pytest.param(SERVER, marks=pytest.mark.postgres)], indirect=True
)
def test_a_ledger_on_a_server_gives_evidence_as_one_in_a_file_does(
    engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANGTAG_KEYS", str(tmp_path / "keys"))
    with living(tmp_path) as there:
        assert there.told.is_enough
        assert judged(there.members, vkey=(there.keys[0],)) == []
        assert bundle_of(there.ledger, there.garment)[1] == there.data
