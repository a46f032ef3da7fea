"""The front door: the Flask app for `flask --app app run`, and the `hangtag` command.

Every package brings its commands in a `commands.py` of its own; this file only knows where each
one lies and imports it when it is called, so that `hangtag identify` does not wait for the web.

>>> sorted(COMMANDS)[:3]
['backup', 'db', 'demo']
"""

from __future__ import annotations

import importlib
import json
import keyword
from typing import TYPE_CHECKING

import click

from readers.reads import ReaderError
from traceability import __version__, tether
from traceability.errors import TraceabilityError

if TYPE_CHECKING:
    from flask import Flask

COMMANDS = {
    "backup": "traceability.factory.safe_commands",
    "db": "traceability.database_commands",
    "demo": "traceability.simulation.commands",
    "doctor": "traceability.station.doctor",
    "evidence": "traceability.ledger.proof.evidence_commands",
    "identify": "traceability.gs1.commands",
    "import": "traceability.sheets.commands",
    "label": "traceability.labels.commands",
    "ledger": "traceability.ledger.commands",
    "new": "traceability.workshop.commands",
    "printer": "traceability.printers.commands",
    "readers": "readers.commands",
    "recovery-code": "traceability.factory.safe_commands",
    "restore": "traceability.factory.safe_commands",
    "serve": "traceability.web.commands",
    "start": "traceability.workshop.commands",
    "station": "traceability.station.commands",
    "trace": "traceability.projections.commands",
    "witness": "traceability.web.witness_commands",
}
"""Command name → module that holds it, under the command's own name."""

SAID = {
    "backup": "Write the whole workshop into one checked file, while the server goes on working.",
    "db": "The tables of a ledger on a database server.",
    "demo": "Run a simulated factory whose readers speak real protocols over real ports.",
    "doctor": "Say what is wrong on this PC and what to do about it; exit 1 if something is.",
    "evidence": "Write a bundle that proves what is recorded about ID, and of what it was made "
    "from.",
    "identify": "Say what each TEXT stands for, or each line of standard input.",
    "import": "Take orders, products, places, people or opening stock in from a spreadsheet, "
    "or events.",
    "label": "Print labels of things that the record knows, or any code, on paper or into a file.",
    "ledger": "The record and its proofs.",
    "new": "Make a factory in FOLDER: its database, key, steps, stations, uploads and backups.",
    "printer": "Label printers: enter them, look at them, try them; or be one.",
    "readers": "Ports and the readers on them.",
    "recovery-code": "Print the code that opens the keys in the backups of the workshop in FOLDER "
    "(or here).",
    "restore": "Unpack a backup into a new or empty FOLDER and verify it there.",
    "serve": "Run the server: pages, capture and live stream.",
    "start": "Open the factory in FOLDER (or here): its pages and this PC's stations together.",
    "station": "Run a station beside its readers, or ask how one stands.",
    "trace": "Say what ID was made from and where everything made from it is now.",
    "witness": "Sign for the logs of partners: each size once, so that nobody can rewrite unseen.",
}
"""Command name → its first sentence, so that the list of all of them imports none."""

_JSON = "hangtag.json"
FOOT = "`hangtag doctor` says what is wrong on this PC."
"""Stands below every refusal, for whoever does not know where to look next."""


class Commands(click.Group):
    """A group that imports a command when it is called and turns our errors into one sentence."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name every command, without importing any."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the one command that was asked for."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(COMMANDS[cmd_name])
        # `import` is a word of Python's own: its function is called import_.
        name = f"{cmd_name}_" if keyword.iskeyword(cmd_name) else cmd_name.replace("-", "_")
        command = getattr(module, name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands with what each one does, without importing any."""
        width = formatter.width - max(map(len, SAID)) - 6
        with formatter.section("Commands"):
            formatter.write_dl(
                [
                    (name, click.Command(name, help=said).get_short_help_str(width))
                    for name, said in sorted(SAID.items())
                ]
            )

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Remember whether the caller reads JSON; the command's own context is gone on an error."""
        ctx.meta[_JSON] = "--json" in args
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; one sentence on stderr and exit 1 when it refuses."""
        try:
            return super().invoke(ctx)
        except (TraceabilityError, ReaderError) as error:
            if ctx.meta[_JSON]:
                problem = {"kind": type(error).__name__, "message": str(error)}
                click.echo(json.dumps({"error": problem}, ensure_ascii=False))
            click.echo(str(error), err=True)
            click.echo(click.style(FOOT, dim=True), err=True)
            ctx.exit(1)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="hangtag")
def main() -> None:
    """Know where every roll, bundle, garment and carton is, and be able to prove it."""
    tether.hold()


def __getattr__(name: str) -> Flask:
    """Create the Flask app when somebody asks for `app.app`, not when a command starts."""
    if name != "app":
        raise AttributeError(f"module 'app' has no attribute {name!r}")
    from traceability.web import create_app

    globals()["app"] = created = create_app()
    return created


if __name__ == "__main__":
    main(prog_name="hangtag")
