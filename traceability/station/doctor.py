"""`hangtag doctor`: what is wrong on this PC, in sentences with remedies.

It stands beside the readers' processes because it must know the serial ports; all other checks are
`traceability.factory.health`.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import click

MARKS = {"ok": "ok  ", "look": "look", "bad": "BAD "}


@click.command()
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    help="The workshop's folder.  [default: found nearby]",
)
@click.option(
    "--port", type=click.IntRange(1, 65_535), default=8080, help="Where the server should answer."
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON line for each check.")
@click.pass_context
def doctor(ctx: click.Context, folder: Path | None, port: int, as_json: bool) -> None:
    """Say what is wrong on this PC and what to do about it; exit 1 if something is."""
    from readers.ports import ports
    from traceability.errors import Refused
    from traceability.factory.folder import Factory
    from traceability.factory.health import examine, is_well

    factory, missing = None, ""
    try:
        factory = Factory.find(folder)
    except Refused as error:
        missing = str(error)
    checks = examine(factory, now=datetime.now(UTC), ports=ports, port=port, missing=missing)
    for check in checks:
        if as_json:
            click.echo(json.dumps(check.tree(), ensure_ascii=False))
            continue
        click.echo(f"{MARKS[check.state]}  {check.sentence}")
        if check.remedy:
            click.echo(f"      → {check.advice}")
    if not as_json:
        count = sum(check.state != "ok" for check in checks)
        click.echo("Nothing is wrong." if not count else f"{count} of {len(checks)} need a look.")
    if not is_well(checks):
        ctx.exit(1)
