"""`hangtag ledger`: check the record, and build the state from it again."""

from __future__ import annotations

import json

import click

from traceability.factory.declare_command import declare_command
from traceability.ledger.erase_command import erase_command
from traceability.ledger.proof.commands import COMMANDS as PROOF_COMMANDS
from traceability.ledger.verify_command import verify_command
from traceability.opening import ledger_options, open_ledger
from traceability.progress_bar import progress_bar
from traceability.projections.rebuild import rebuild


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def ledger() -> None:
    """The record and its proofs."""


for _command in (*PROOF_COMMANDS, verify_command, erase_command, declare_command):
    ledger.add_command(_command)


@ledger.command("rebuild")
@ledger_options
def rebuild_command(db: str | None, ledger_name: str, as_json: bool) -> None:
    """Throw the state away and fold it anew from the entries."""
    opened = open_ledger(db, ledger_name)
    opened.database.own()
    with progress_bar("Folding", quiet=as_json) as step:
        size = rebuild(opened, progress=step)
    if as_json:
        click.echo(json.dumps({"folded": size}))
    else:
        click.echo(f"Folded {size} entries anew.")
