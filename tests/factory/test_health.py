"""The doctor: each thing that is wrong is one sentence with its remedy; never a traceback."""

from __future__ import annotations

import json
import os
import socket
import threading
from dataclasses import dataclass
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

import app
from tests.factory.premises import NOW, Premises
from traceability.factory import daily
from traceability.factory.health import Check, examine, is_well
from traceability.factory.safe_commands import backup, restore


@dataclass(frozen=True)
class Plug:
    """A serial port as the doctor is told of it."""

    device: str
    remedy: str = ""


def found(premises: Premises, name: str, *, days: float = 0, **more: object) -> list[Check]:
    """Examine a workshop and return what one check said."""
    begun, _zone = daily.birth(premises.factory)
    assert begun is not None
    checks = examine(
        premises.factory,
        now=begun + timedelta(days=days, seconds=5),
        **{"port": None, **more},  # type: ignore[arg-type]  # by name, from a test
    )
    return [check for check in checks if check.name == name]


def told(checks: list[Check]) -> list[tuple[str, str, str]]:
    """Return state, sentence and remedy of each."""
    return [(check.state, check.sentence, check.advice) for check in checks]


def test_a_workshop_that_is_well_has_nothing_bad(premises: Premises) -> None:
    checks = examine(premises.factory, now=NOW.replace(year=2027), port=None)
    bad = [check for check in checks if check.state == "bad" and check.name != "backup"]
    assert bad == []


def test_every_sentence_is_whole_and_every_trouble_has_a_remedy(premises: Premises) -> None:
    checks = examine(premises.factory, now=NOW + timedelta(days=400), ports=lambda: [Plug("COM3")])
    assert [check for check in checks if not check.sentence.endswith(".")] == []
    assert [check for check in checks if "%(" in check.sentence + check.advice] == []
    assert [check for check in checks if check.state != "ok" and not check.advice] == []


def test_a_damaged_record_is_said_not_raised(premises: Premises) -> None:
    path = premises.factory.folder / "practice.sqlite"
    premises.close()
    data = bytearray(path.read_bytes())
    data[0:16] = b"something else!!"
    path.write_bytes(data)
    checks = examine(premises.factory, now=NOW, port=None)
    assert not is_well(checks)
    words = next(check for check in checks if check.name == "record").sentence
    assert words.startswith("This could not be looked at: ")
    assert "practice.sqlite" in words


def test_a_missing_record_says_how_to_restore(premises: Premises) -> None:
    premises.close()
    for path in premises.factory.folder.glob("practice.sqlite*"):
        path.unlink()
    assert told(found_in(examine(premises.factory, now=NOW, port=None), "record")) == [
        (
            "bad",
            "The workshop holds no record.",
            "Restore a backup into a new folder: `hangtag restore FILE FOLDER`.",
        )
    ]


def found_in(checks: list[Check], name: str) -> list[Check]:
    """Return what one check said."""
    return [check for check in checks if check.name == name]


def test_tables_of_a_newer_version_are_told(premises: Premises) -> None:
    with premises.ledger.database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    [check] = found(premises, "record")
    assert (check.state, check.sentence) == (
        "bad",
        "practice.sqlite was written by a newer Hangtag than this one.",
    )


@pytest.mark.skipif(os.name != "posix", reason="rights are kept otherwise there")
def test_a_key_that_others_can_read_or_that_is_gone(premises: Premises) -> None:
    premises.factory.key.chmod(0o644)
    [check] = found(premises, "key")
    assert (check.state, check.advice) == ("look", f"Run `chmod 600 {premises.factory.key}`.")
    premises.factory.key.unlink()
    [check] = found(premises, "key")
    assert (check.state, "links that were sent do not open" in check.sentence) == ("bad", True)


def test_a_clock_before_the_last_entry_is_wrong(premises: Premises) -> None:
    [check] = found(premises, "clock", days=-1)
    assert (check.state, check.advice) == (
        "bad",
        "Set the PC's clock if it is wrong; if it is right, say so on the page /clock.",
    )
    assert "the last entry was written at" in check.sentence
    assert [check.state for check in found(premises, "clock", days=1)] == ["ok"]
    assert [check.state for check in found(premises, "clock", days=40)] == ["look"]


def test_the_age_of_the_backup(premises: Premises) -> None:
    assert [check.state for check in found(premises, "backup", days=1)] == ["ok"]
    [check] = found(premises, "backup", days=4)
    assert told([check]) == [
        (
            "bad",
            "There is no backup, and the workshop is 4 days old.",
            "Run `hangtag backup`, or open the page Safe.",
        )
    ]
    begun, _zone = daily.birth(premises.factory)
    assert begun is not None
    daily.make(premises.factory, at=begun)
    assert [check.state for check in found(premises, "backup", days=2)] == ["ok"]
    assert found(premises, "backup", days=5)[0].sentence == "The last backup is 5 days old."


def test_what_waits_in_a_station_is_counted(premises: Premises) -> None:
    assert told(found(premises, "waiting")) == [
        (
            "look",
            "Waiting at station dock to be sent: 1.",
            "They are safe there. Start the server; they go by themselves.",
        )
    ]


def test_ports_carry_the_remedy_of_whoever_knows_readers(premises: Premises) -> None:
    ports = [Plug("/dev/ttyUSB0", "It belongs to group dialout."), Plug("/dev/ttyUSB1")]
    assert told(found(premises, "readers", ports=lambda: ports)) == [
        ("look", "/dev/ttyUSB0 cannot be opened.", "It belongs to group dialout."),
        ("ok", "/dev/ttyUSB1 can be opened.", ""),
    ]


class Healthy(BaseHTTPRequestHandler):
    """Answers as our server does."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"ok":true,"size":1}' if self.path == "/healthz" else b"")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
        """Say nothing."""


def test_a_port_is_free_ours_or_anothers(premises: Premises) -> None:
    server = HTTPServer(("127.0.0.1", 0), Healthy)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_port
    ours = found(premises, "port", port=port)
    server.shutdown()
    server.server_close()
    free = found(premises, "port", port=port)
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        taken = found(premises, "port", port=port)
    assert [check.sentence for check in (*ours, *free, *taken)] == [
        f"The server answers at http://127.0.0.1:{port}.",
        f"Port {port} is free; no server runs there.",
        f"Another program holds port {port}.",
    ]


# --- the commands ---------------------------------------------------------------------------------


def test_doctor_exits_1_only_if_something_is_bad(premises: Premises) -> None:
    words = ["doctor", "--folder", str(premises.factory.folder), "--port", "1"]
    result = CliRunner().invoke(app.main, words)
    assert result.exit_code == 0, result.output
    assert "need a look." in result.stdout or "Nothing is wrong." in result.stdout
    premises.factory.key.unlink()
    result = CliRunner().invoke(app.main, [*words, "--json"])
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert (result.exit_code, [one["name"] for one in lines if one["state"] == "bad"]) == (
        1,
        ["key"],
    )
    assert set(lines[0]) == {"name", "state", "sentence", "remedy"}


def test_doctor_works_where_there_is_no_workshop(tmp_path: Path) -> None:
    result = CliRunner().invoke(app.main, ["doctor", "--folder", str(tmp_path / "none")])
    assert (result.exit_code, "There is no workshop here." in result.stdout) == (0, True)


def test_backup_and_restore_by_command_say_where_what_and_how(
    premises: Premises, tmp_path: Path
) -> None:
    folder = str(premises.factory.folder)
    made = CliRunner().invoke(backup, [str(tmp_path), "--folder", folder, "--json"])
    tree = json.loads(made.stdout)
    assert (made.exit_code, tree["name"], tree["ledgers"][0]["size"]) == (0, "Porto Knit", 41)
    again = CliRunner().invoke(restore, [tree["path"], str(tmp_path / "again")])
    assert again.exit_code == 0, again.output
    assert "Verified: practice.sqlite 41 entries, root " in again.stdout
    assert again.stdout.splitlines()[-1] == f"Open it with: hangtag start {tmp_path / 'again'}"


def test_a_refused_restore_is_one_sentence_and_the_next_step(
    premises: Premises, tmp_path: Path
) -> None:
    (tmp_path / "photo.zip").write_bytes(b"\xff\xd8")
    result = CliRunner().invoke(app.main, ["restore", str(tmp_path / "photo.zip"), "--json"])
    assert (result.exit_code, json.loads(result.stdout)["error"]["kind"]) == (1, "Refused")
    assert result.stderr.splitlines()[-1] == "`hangtag doctor` says what is wrong on this PC."
