"""The front door: commands found late, errors as one sentence, the Flask app on demand."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import app
from readers.reads import ReaderError
from tests.ledger.books import open_book
from traceability import __version__
from traceability.database import file_url
from traceability.errors import Refused

ROOT = Path(__file__).resolve().parents[1]


class Refusing(app.Commands):
    """The front door with one command behind it, which always refuses."""

    error: Exception = Refused("Cannot sew B-17: expected a bundle that was cut, got a roll.")

    def list_commands(self, ctx: click.Context) -> list[str]:
        return ["sew"]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        @click.command("sew")
        @click.option("--json", "as_json", is_flag=True)
        def sew(as_json: bool) -> None:
            raise self.error

        return sew


def test_a_refusal_is_one_sentence_the_next_step_and_exit_1() -> None:
    result = CliRunner().invoke(Refusing("hangtag"), ["sew"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.splitlines() == [
        "Cannot sew B-17: expected a bundle that was cut, got a roll.",
        "`hangtag doctor` says what is wrong on this PC.",
    ]


def test_under_json_the_refusal_is_an_object_too() -> None:
    result = CliRunner().invoke(Refusing("hangtag"), ["sew", "--json"])
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {
        "error": {"kind": "Refused", "message": str(Refusing.error)}
    }


def test_a_readers_error_is_told_the_same_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Refusing, "error", ReaderError("Cannot open /dev/ttyUSB0."))
    result = CliRunner().invoke(Refusing("hangtag"), ["sew"])
    assert (result.exit_code, result.stderr.splitlines()[0]) == (1, "Cannot open /dev/ttyUSB0.")


def test_our_own_mistake_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Refusing, "error", AssertionError("a mistake of ours"))
    result = CliRunner().invoke(Refusing("hangtag"), ["sew"])
    assert isinstance(result.exception, AssertionError)


def test_wrong_usage_exits_2() -> None:
    result = CliRunner().invoke(app.main, ["sing"])
    assert result.exit_code == 2
    assert "No such command 'sing'" in result.stderr


def test_the_version_is_the_packages() -> None:
    result = CliRunner().invoke(app.main, ["--version"])
    assert result.stdout == f"hangtag, version {__version__}\n"


@pytest.mark.parametrize("name", sorted(app.COMMANDS))
def test_every_command_is_where_the_front_door_says(name: str) -> None:
    command = app.main.get_command(click.Context(app.main), name)
    assert command is not None
    assert command.name == name


def test_the_list_of_commands_says_of_each_what_it_says_itself() -> None:
    context = click.Context(app.main)
    quick, asked = click.HelpFormatter(), click.HelpFormatter()
    app.main.format_commands(context, quick)
    click.Group.format_commands(app.main, context, asked)
    assert quick.getvalue() == asked.getvalue()


def last_line(script: str) -> str:
    """Run a script in a process of its own; return the last that it says."""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()[-1]


def test_what_a_command_takes_is_said_without_waiting() -> None:
    words = ["", "doctor", "identify", "new", "printer", "readers", "start", "station"]
    script = (
        "import sys; from app import main\n"
        f"for word in {words!r}:\n"
        "    main([*filter(None, [word]), '--help'], standalone_mode=False)\n"
        "heavy = {'flask', 'sqlalchemy', 'cryptography', 'alembic', 'structlog', 'reportlab'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    assert last_line(script) == "[]"


def test_a_ledger_whose_tables_stand_is_opened_without_what_changes_them(tmp_path: Path) -> None:
    open_book(tmp_path / "book.sqlite").database.close()
    script = (
        "import sys; from app import main\n"
        f"main(['ledger', 'verify', '--db', {file_url(tmp_path / 'book.sqlite')!r}], "
        "standalone_mode=False)\n"
        "print('alembic' in sys.modules)"
    )
    assert last_line(script) == "False"


def test_identify_starts_without_waiting_for_web_and_database() -> None:
    script = (
        "import sys; from app import main\n"
        "main(['identify', '4006381333931'], standalone_mode=False)\n"
        "print(sorted({'flask', 'sqlalchemy', 'cryptography', 'serial'} & set(sys.modules)))"
    )
    assert last_line(script) == "[]"


def test_flask_finds_the_app(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "app", "routes"],
        cwd=ROOT, capture_output=True, text=True, check=False,
        env={"HANGTAG_DB": f"sqlite:///{tmp_path / 'ledger.db'}", "PATH": ""},
    )  # fmt: skip
    assert (done.returncode, "/healthz" in done.stdout) == (0, True)


def test_the_module_has_nothing_else_to_give() -> None:
    with pytest.raises(AttributeError, match="module 'app' has no attribute 'apple'"):
        app.apple  # noqa: B018  # reading it is the act
