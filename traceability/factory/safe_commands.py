"""`hangtag backup` and `hangtag restore`: a workshop in one file, and out of it again."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from traceability.factory.archive import Manifest
    from traceability.factory.backup import Progress as Tell

PHASES = {"copying": "Copying", "writing": "Writing", "checking": "Checking"}
_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("target", required=False, type=_PATH)
@click.option("--folder", type=_PATH, help="The workshop's folder.  [default: found nearby]")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON line.")
def backup(target: Path | None, folder: Path | None, as_json: bool) -> None:
    """Write the whole workshop into one checked file, while the server goes on working.

    TARGET is a folder, a stick, or a new file; without it the place chosen on the page Safe, else
    the workshop's own folder of backups.
    """
    from traceability.factory import daily
    from traceability.factory.folder import Factory

    factory = Factory.find(folder)
    with _bar(quiet=as_json) as tell:
        made = daily.make(factory, at=datetime.now(UTC), target=target, progress=tell)
    if as_json:
        tree = {"path": str(made.path), "bytes": made.bytes, "seconds": round(made.seconds, 3)}
        click.echo(json.dumps(tree | _tree(made.manifest), ensure_ascii=False))
        return
    click.echo(f"{made.path}")
    click.echo(f"Checked: opens and verifies, {_words(made.manifest)}, {made.seconds:.1f} s.")
    click.echo("It holds the key and everything personal: keep it like the key of the workshop.")


@click.command()
@click.argument("file", type=_PATH)
@click.argument("folder", required=False, type=_PATH)
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON line.")
def restore(file: Path, folder: Path | None, as_json: bool) -> None:
    """Unpack a backup into a new or empty FOLDER and verify it there.

    Without FOLDER it goes into one with the workshop's name, in the folder you are in.
    """
    from traceability.factory.archive import open_archive
    from traceability.factory.backup import slug
    from traceability.factory.restore import restore as unpack

    if folder is None:
        with open_archive(file) as opened:
            folder = Path(slug(opened.manifest.name))
    with _bar(quiet=as_json) as tell:
        found = unpack(file, folder, progress=tell)
    if as_json:
        tree = {"folder": str(found.folder)} | _tree(found.manifest)
        click.echo(json.dumps(tree, ensure_ascii=False))
        return
    made = found.manifest.made_at.astimezone()
    click.echo(f"{found.manifest.name}, as it was on {made:%Y-%m-%d %H:%M}: {found.folder}")
    click.echo(f"Verified: {_words(found.manifest)}.")
    click.echo(f"Open it with: hangtag start {found.folder}")


def _tree(manifest: Manifest) -> dict[str, object]:
    books = [
        {"file": book.file, "name": book.name, "size": book.size, "root": book.root}
        for book in manifest.books
    ]
    return {"name": manifest.name, "made_at": manifest.made_at.isoformat(), "ledgers": books}


def _words(manifest: Manifest) -> str:
    return ", ".join(
        f"{book.file} {book.size} entries, root {book.root[:16]}" for book in manifest.books
    )


@contextmanager
def _bar(*, quiet: bool) -> Iterator[Tell | None]:
    if quiet or not sys.stderr.isatty():
        yield None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Copying", total=None)

        def tell(phase: str, done: int, total: int) -> None:
            bar.update(task, description=PHASES[phase], completed=done, total=total)

        yield tell
