"""`hangtag evidence`: all that the record holds of one thing, to be checked without Hangtag."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from traceability.errors import Refused
from traceability.ledger.append import Ledger
from traceability.ledger.proof.claims import signed_by
from traceability.ledger.proof.evidence import Evidence, write_evidence
from traceability.ledger.proof.evidence import Progress as Step
from traceability.opening import ledger_options, open_ledger
from traceability.projections.search import find_keys
from traceability.projections.view import look


@click.command("evidence")
@click.argument("thing", metavar="ID")
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="The zip to write.",
)
@click.option(
    "--as-of",
    type=click.IntRange(1),
    help="Prove against the newest checkpoint of at most so many entries.",
)
@click.option(
    "--older-checkpoint",
    "older",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A checkpoint that the reader kept: prove that this ledger continues it.",
)
@ledger_options
def evidence(
    thing: str,
    output: Path,
    as_of: int | None,
    older: Path | None,
    db: str | None,
    ledger_name: str,
    as_json: bool,
) -> None:
    """Write a bundle that proves what is recorded about ID, and of what it was made from.

    ID is anything that names a thing: a scan, a link, a tag in hex, a ticket's short code. Whoever
    gets the bundle checks it with the program in it, without Hangtag.
    """
    ledger = open_ledger(db, ledger_name)
    key = _key(ledger, thing)
    kept = older.read_bytes() if older is not None else None
    with _bar(quiet=as_json) as step, _fresh(output) as temporary:
        with temporary.open("wb") as out:
            made = write_evidence(ledger, key, out, as_of=as_of, older=kept, progress=step)
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(output)
    click.echo(json.dumps(_as_tree(made, output), ensure_ascii=False) if as_json else _words(made))


def _key(ledger: Ledger, thing: str) -> str:
    with look(ledger) as view:
        keys = find_keys(view, thing)
        if len(keys) > 1:
            names = ", ".join(f"{label} ({key})" for key, label in view.labels(keys[:6]).items())
            raise Refused(f"{thing!r} can be {len(keys)} things: {names}. Give the whole code.")
    if not keys:
        raise Refused(f"Nothing called {thing!r} was ever seen here.")
    return keys[0]


@contextmanager
def _fresh(output: Path) -> Iterator[Path]:
    """Give a new file beside the wanted one: half a bundle never has its name."""
    try:
        handle, name = tempfile.mkstemp(dir=output.parent, prefix=f".{output.name}.")
    except OSError as error:
        raise Refused(f"Cannot write in {output.parent}: {error.strerror}.") from error
    os.close(handle)
    try:
        Path(name).chmod(0o644)
        yield Path(name)
    except OSError as error:
        raise Refused(f"Cannot write {output}: {error.strerror}.") from error
    finally:
        with suppress(FileNotFoundError):
            Path(name).unlink()


@contextmanager
def _bar(*, quiet: bool) -> Iterator[Step | None]:
    if quiet or not sys.stderr.isatty():
        yield None
        return
    columns = (TextColumn("Writing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _as_tree(made: Evidence, output: Path) -> dict[str, object]:
    return {
        "file": str(output),
        "id": made.key,
        "name": made.name,
        "entries": made.entries,
        "size": made.size,
        "witnesses": list(made.witnesses),
        "operator_only": not made.is_enough,
        "erased": made.erased,
        "inferred": list(made.inferred),
    }


def _words(made: Evidence) -> str:
    signed = signed_by(made.witnesses, is_enough=made.is_enough)
    lines = [
        f"{made.entries} entries about {made.name} ({made.key}), proven at {made.size} entries.",
        signed % {"names": ", ".join(made.witnesses)},
    ]
    if made.erased:
        lines.append(f"The words of {made.erased} were erased; the bundle says by which entry.")
    lines += [f"Inferred, not seen: {one}." for one in made.inferred]
    return "\n".join([*lines, "Whoever gets it reads VERIFY.md in it."])
