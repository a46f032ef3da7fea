"""Commands beside a server that writes, and signing on every database that Hangtag knows."""

from __future__ import annotations

import json
import time
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from app import main
from tests.faults.servers import Server
from tests.ledger.books import NAMESPACE, draft, packed
from traceability.assets import folder
from traceability.database import open_database
from traceability.ledger.append import Ledger, Opening
from traceability.ledger.proof.checkpoint import open_checkpoint
from traceability.ledger.proof.log_keys import read_log_keys
from traceability.ledger.proof.signing import Forked, LogSigner
from traceability.ledger.proof.tile_export import export_tiles
from traceability.ledger.verify import verify


def test_a_key_is_changed_and_the_record_exported_while_the_server_writes(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"

    def command(*words: str) -> str:
        result = CliRunner().invoke(main, ["ledger", *words, "--db", url])
        assert (result.exit_code, result.stderr) == (0, "")
        return result.stdout

    with Server(url, tmp_path / "log") as server:
        assert server.capture([packed(1)]).tree[0]["position"] == 2
        command("rotate-key")
        assert server.capture([packed(2)]).tree[0]["position"] == 4
        exported = json.loads(command("export-tiles", str(tmp_path / "out"), "--json"))
        assert server.capture([packed(3)]).tree[0]["position"] == 5
        deadline = time.monotonic() + 20
        while (note := server.ask("/log/main/checkpoint").text).split("\n")[1] != "6":
            assert time.monotonic() < deadline, note
            time.sleep(0.1)
    assert exported["size"] == 5
    with closing(open_database(url)) as database:
        ledger = Ledger.open(database)
        assert verify(ledger, projections=True).finding is None
        with database.read() as connection:
            keys = read_log_keys(connection, ledger.ledger_id)
        assert [key.position for key in keys] == [1, 3]
        assert open_checkpoint(note.encode(), [keys[1].verifier])[0].size == 6


def test_every_database_is_signed_for(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANGTAG_KEYS", str(tmp_path / "keys"))
    flow = (folder("flows") / "garment.toml").read_text("utf-8")
    with closing(open_database(database_url)) as database:
        ledger = Ledger.open(database, opening=Opening(flow, namespace=NAMESPACE))
        signer = LogSigner(ledger, every_s=0)
        ledger.append([draft(packed(number)) for number in range(300)])
        signer.sign()
        ledger.append([draft(packed(300))])
        signer.rotate()
        found = export_tiles(ledger, tmp_path / "out", with_bodies=True, signer=signer)
        assert (found.checkpoint.size, signer.remembered()) == (304, found.checkpoint)
        (path,) = (tmp_path / "keys").iterdir()
        assert {one.name for one in path.iterdir()} == {
            "main-1.key",
            "main-2.key",
            "main.lock",
            "main.signed",
        }
        memory = path / "main.signed"
        memory.write_bytes(memory.read_bytes().replace(b"\n304\n", b"\n303\n", 1))
        with pytest.raises(Forked):
            signer.sign()
