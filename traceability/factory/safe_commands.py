"""`hangtag backup` and `hangtag restore`: a workshop in one file, and out of it again."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from traceability.errors import Refused

if TYPE_CHECKING:
    from traceability.factory.archive import Manifest
    from traceability.factory.backup import Progress as Tell

PHASES = {"copying": "Copying", "writing": "Writing", "checking": "Checking"}
_PATH = click.Path(path_type=Path)


def _sealed_with(command: Callable[..., None]) -> Callable[..., None]:
    return click.option(
        "--passphrase-file",
        type=_PATH,
        help="File with the passphrase, if it is not the recovery code.",
    )(command)


def _passphrase(file: Path | None) -> str:
    """Return the passphrase that was given; empty if none was."""
    if file is None:
        return os.environ.get("HANGTAG_BACKUP_PASSPHRASE", "").strip()
    try:
        found = file.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise Refused(f"Cannot read the passphrase in {file}: {error}.") from error
    if not found:
        raise Refused(f"Cannot use {file}: expected a passphrase, and it is empty.")
    return found


@click.command("recovery-code")
@click.argument("folder", required=False, type=_PATH)
def recovery_code(folder: Path | None) -> None:
    """Print the code that opens the keys in the backups of the workshop in FOLDER (or here).

    Write it on paper and keep it where the PC is not.
    """
    from traceability.factory.folder import Factory
    from traceability.factory.recovery import code_of

    click.echo(code_of(Factory.find(folder)))


@click.command()
@click.argument("target", required=False, type=_PATH)
@click.option("--folder", type=_PATH, help="The workshop's folder.  [default: found nearby]")
@_sealed_with
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON line.")
def backup(
    target: Path | None, folder: Path | None, passphrase_file: Path | None, as_json: bool
) -> None:
    """Write the whole workshop into one checked file, while the server goes on working.

    TARGET is a folder, a stick, or a new file; without it the place chosen on the page Safe, else
    the workshop's own folder of backups. The keys in it are sealed: with the workshop's recovery
    code, or with the passphrase in a file or in HANGTAG_BACKUP_PASSPHRASE.
    """
    from traceability.factory import daily
    from traceability.factory.folder import Factory

    factory = Factory.find(folder)
    with _bar(quiet=as_json) as tell:
        made = daily.make(
            factory,
            at=datetime.now(UTC),
            target=target,
            progress=tell,
            passphrase=_passphrase(passphrase_file),
        )
    if as_json:
        tree = {"path": str(made.path), "bytes": made.bytes, "seconds": round(made.seconds, 3)}
        click.echo(json.dumps(tree | _tree(made.manifest), ensure_ascii=False))
        return
    click.echo(f"{made.path}")
    click.echo(f"Checked: opens and verifies, {_words(made.manifest)}, {made.seconds:.1f} s.")
    click.echo("It holds everything personal: keep it like the key of the workshop.")
    if not _passphrase(passphrase_file):
        click.echo("Its keys open with the recovery code: print it with hangtag recovery-code.")


@click.command()
@click.argument("file", type=_PATH)
@click.argument("folder", required=False, type=_PATH)
@_sealed_with
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON line.")
def restore(file: Path, folder: Path | None, passphrase_file: Path | None, as_json: bool) -> None:
    """Unpack a backup into a new or empty FOLDER and verify it there.

    Without FOLDER it goes into one with the workshop's name, in the folder you are in. The recovery
    code is asked for, or read from a file or HANGTAG_BACKUP_PASSPHRASE; without it the record comes
    back, and the workshop begins with new keys.
    """
    from traceability.factory.archive import open_archive
    from traceability.factory.backup import slug
    from traceability.factory.restore import restore as unpack

    with open_archive(file) as opened:
        folder = folder or Path(slug(opened.manifest.name))
        is_sealed = opened.manifest.has_sealed
    passphrase = _passphrase(passphrase_file)
    if is_sealed and not passphrase and sys.stdin.isatty() and not as_json:
        passphrase = click.prompt(
            "Recovery code (Enter goes on without its keys)", default="", show_default=False
        )
    with _bar(quiet=as_json) as tell:
        found = unpack(file, folder, progress=tell, passphrase=passphrase)
    if as_json:
        tree = {"folder": str(found.folder), "keys": found.has_keys} | _tree(found.manifest)
        click.echo(json.dumps(tree, ensure_ascii=False))
        return
    made = found.manifest.made_at.astimezone()
    click.echo(f"{found.manifest.name}, as it was on {made:%Y-%m-%d %H:%M}: {found.folder}")
    click.echo(f"Verified: {_words(found.manifest)}.")
    if found.was_cut_off:
        click.echo(
            f"An earlier restore into {found.folder} had been cut off: what it left was cleared "
            "first, and this one began anew."
        )
    if not found.has_keys:
        click.echo("Its keys stayed sealed: it begins with new ones, and every link has ended.")
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
