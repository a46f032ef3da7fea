"""`hangtag ledger erase`: have the words of an entry forgotten, and nothing else."""

from __future__ import annotations

import json

import click

from traceability.ledger.erasing import erase_bodies
from traceability.opening import ledger_options, open_ledger

__all__ = ["erase_command"]


@click.command("erase")
@click.argument("positions", metavar="POSITION…", nargs=-1, required=True, type=int)
@click.option("--reason", default="", help="Why; it stays in the record, so nothing personal.")
@click.option("--by", default="command line", show_default=True, help="Who asks for it.")
@click.option("--yes", is_flag=True, help="Do not ask: it cannot be undone.")
@ledger_options
def erase_command(
    positions: tuple[int, ...],
    reason: str,
    by: str,
    yes: bool,
    db: str | None,
    ledger_name: str,
    as_json: bool,
) -> None:
    """Erase the words at POSITION: free text, extensions and sensor notes go for good.

    Which things, when, where and how much stays, in the entry that erases. Backups made before
    still hold the words.
    """
    if not yes:
        which = ", ".join(str(one) for one in positions)
        click.confirm(f"Erase the words at {which} for good?", abort=True, err=True)
    opened = open_ledger(db, ledger_name)
    opened.database.own()
    try:
        found = erase_bodies(opened, positions, reason=reason, by=by)
    finally:
        opened.database.close()
    for erased, position in found.items():
        if as_json:
            click.echo(json.dumps({"erased": erased, "position": position}))
        else:
            click.echo(f"The words at {erased} are gone; entry {position} says so.")
