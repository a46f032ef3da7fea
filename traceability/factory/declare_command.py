"""`hangtag ledger declare-restore`: say that a record was put back from an old copy on purpose."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import click

from traceability.factory.declared import declare, rolled_back
from traceability.opening import ledger_options, open_ledger

__all__ = ["declare_command"]


@click.command("declare-restore")
@click.option("--by", default="command line", show_default=True, help="Who says so.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@ledger_options
def declare_command(by: str, yes: bool, db: str | None, ledger_name: str, as_json: bool) -> None:
    """Say that the record was put back from an old copy on purpose: it is signed again.

    The record then says from where on entries are missing, and a new key signs it. A backup that
    was restored with hangtag restore, or on the page Safe, needs no such word.
    """
    opened = open_ledger(db, ledger_name)
    opened.database.own()
    found = rolled_back(opened)
    if found is None:
        click.echo(json.dumps({"declared": False}) if as_json else "There is nothing to declare.")
        return
    if not yes:
        click.echo(found.sentence, err=True)
        click.confirm("Was it put back on purpose?", abort=True, err=True)
    said = declare(opened, at=datetime.now(UTC), by=by)
    if as_json:
        tree = {
            "declared": True,
            "position": said.position,
            "from": said.size,
            "known_size": said.known_size,
            "epoch": said.epoch,
            "vkey": said.verifier,
        }
        click.echo(json.dumps(tree, ensure_ascii=False))
        return
    gap = said.missing
    lost = f"entries {gap.start} to {gap.stop - 1} are missing" if gap else "no gap is known"
    click.echo(f"Entry {said.position} says so: restored from {said.size} entries, {lost}.")
    click.echo(f"From now on {said.verifier} signs.")
