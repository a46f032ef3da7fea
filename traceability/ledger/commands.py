"""`hangtag ledger`: check the record, and build the state from it again."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from traceability.ledger.proof.commands import COMMANDS as PROOF_COMMANDS
from traceability.ledger.verify import verify
from traceability.opening import ledger_options, open_ledger
from traceability.projections.rebuild import rebuild


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def ledger() -> None:
    """The record and its proofs."""


for _command in PROOF_COMMANDS:
    ledger.add_command(_command)


@ledger.command("verify")
@ledger_options
@click.option("--projections", is_flag=True, help="Also fold everything anew and compare.")
@click.pass_context
def verify_command(
    ctx: click.Context, db: str | None, ledger_name: str, as_json: bool, projections: bool
) -> None:
    """Derive every hash again and name the first position that does not fit."""
    opened = open_ledger(db, ledger_name)
    with _bar("Checking", quiet=as_json) as step:
        report = verify(opened, projections=projections, progress=step)
    finding = report.finding
    if finding is None:
        if as_json:
            click.echo(
                json.dumps(
                    {
                        "ok": True,
                        "size": report.size,
                        "root": report.root,
                        "seconds": round(report.seconds, 3),
                        "erased": report.erased,
                        "projections": projections,
                    }
                )
            )
        else:
            what = " and the state that follows from them" if projections else ""
            click.echo(
                f"All true: {report.size} entries{what} checked in {report.seconds:.1f} s, "
                f"root {report.root[:16]}."
            )
        return
    if as_json:
        click.echo(
            json.dumps(
                {
                    "ok": False,
                    "position": finding.position,
                    "kind": finding.kind,
                    "detail": finding.detail,
                }
            )
        )
    where = "" if finding.position is None else f"position {finding.position}: "
    click.echo(f"Not true: {where}{finding.kind}. {finding.detail}", err=True)
    ctx.exit(1)


@ledger.command("rebuild")
@ledger_options
def rebuild_command(db: str | None, ledger_name: str, as_json: bool) -> None:
    """Throw the state away and fold it anew from the entries."""
    opened = open_ledger(db, ledger_name)
    opened.database.own()
    with _bar("Folding", quiet=as_json) as step:
        size = rebuild(opened, progress=step)
    if as_json:
        click.echo(json.dumps({"folded": size}))
    else:
        click.echo(f"Folded {size} entries anew.")


@contextmanager
def _bar(title: str, *, quiet: bool) -> Iterator[Callable[[int, int], None] | None]:
    if quiet or not sys.stderr.isatty():
        yield None
        return
    columns = (TextColumn(title), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
