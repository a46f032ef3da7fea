"""`hangtag ledger checkpoint`, `prove`, `export-tiles`, `rotate-key`: what others can check."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from traceability.errors import Refused
from traceability.ledger.append import Ledger
from traceability.ledger.proof.checkpoint import Checkpoint
from traceability.ledger.proof.note import parse_note
from traceability.ledger.proof.proof_file import SUFFIX
from traceability.ledger.proof.proof_making import entry_of, prove_continuation, prove_entry
from traceability.ledger.proof.signing import LogSigner
from traceability.ledger.proof.tile_export import export_tiles
from traceability.opening import ledger_options, open_ledger

__all__ = ["COMMANDS"]


@click.command("checkpoint")
@ledger_options
def checkpoint_command(db: str | None, ledger_name: str, as_json: bool) -> None:
    """Sign for the record as it is now and print what was signed."""
    signer = _signer(open_ledger(db, ledger_name))
    note = signer.sign()
    signed = Checkpoint.parse(parse_note(note).text)
    if as_json:
        click.echo(json.dumps(_tree(signed) | {"note": note.decode()}, ensure_ascii=False))
    else:
        click.echo(note.decode(), nl=False)


@click.command("prove")
@ledger_options
@click.argument("entry", metavar="[POSITION|ID]", default="")
@click.option(
    "-o",
    "--output",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    help=f"Where the proof goes, NAME{SUFFIX}; without it, to the screen.",
)
@click.option(
    "--from",
    "older",
    type=click.IntRange(1),
    metavar="SIZE",
    help="Prove instead that the record continues the one of that many entries.",
)
def prove_command(
    db: str | None,
    ledger_name: str,
    as_json: bool,
    entry: str,
    file: Path | None,
    older: int | None,
) -> None:
    """Write the proof that an entry stands in the record, in a file that checks without Hangtag.

    The entry goes by its position, or by the id of its event.
    """
    if bool(entry) == bool(older):
        raise click.UsageError("Name one thing to prove: POSITION, ID, or --from SIZE.")
    opened = open_ledger(db, ledger_name)
    signer = _signer(opened)
    if older is not None:
        text, signed = prove_continuation(opened, signer, older)
        tree = _tree(signed) | {"from": older}
        words = f"{signed.origin} of {signed.size} entries continues the one of {older}."
    else:
        position = entry_of(opened, entry)
        proof, signed, found = prove_entry(opened, signer, position)
        text = proof.encode()
        tree = _tree(signed) | {
            "position": position,
            "id": found.id,
            "kind": found.kind,
            "hashes": len(proof.hashes),
        }
        words = (
            f"Entry {position} of {signed.origin}, {found.kind} {found.id}: {len(proof.hashes)} "
            f"hashes lead to the root that was signed for {signed.size} entries."
        )
    if file is not None:
        _write(file, text)
        tree |= {"file": str(file)}
    elif as_json:
        tree |= {"proof": text.decode()}
    else:
        click.echo(text.decode(), nl=False)
    # The words never mix with a proof that goes into a pipe.
    said = json.dumps(tree, ensure_ascii=False) if as_json else words
    click.echo(said, err=file is None and not as_json)


@click.command("export-tiles")
@ledger_options
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option("--bodies", is_flag=True, help="Also what was said in each entry, with its salt.")
def export_command(
    db: str | None, ledger_name: str, as_json: bool, folder: Path, bodies: bool
) -> None:
    """Sign now and write the record into DIR as other people's programs read it.

    Into the same DIR again it writes only what is new.
    """
    opened = open_ledger(db, ledger_name)
    signer = _signer(opened)
    with _bar(quiet=as_json) as step:
        found = export_tiles(opened, folder, with_bodies=bodies, progress=step, signer=signer)
    if as_json:
        tree = _tree(found.checkpoint) | {
            "vkey": found.vkey,
            "folder": str(folder),
            "from": found.size_before,
            "files": found.file_count,
        }
        click.echo(json.dumps(tree, ensure_ascii=False))
        return
    new = found.checkpoint.size - found.size_before
    click.echo(
        f"{folder} holds {found.checkpoint.size} entries, {new} of them new; "
        f"signed by {found.vkey}."
    )


@click.command("rotate-key")
@ledger_options
@click.option(
    "--lost",
    "is_lost",
    is_flag=True,
    help="The old key is gone: begin one that nobody vouches for.",
)
def rotate_command(db: str | None, ledger_name: str, as_json: bool, is_lost: bool) -> None:
    """Begin a new key for the record's signatures, signed by the old one and by itself."""
    opened = open_ledger(db, ledger_name)
    verifier = _signer(opened).rotate(is_lost=is_lost)
    if as_json:
        click.echo(json.dumps({"vkey": str(verifier)}, ensure_ascii=False))
        return
    word = (
        "Nobody vouches for it: tell those who rely on the old one"
        if is_lost
        else ("The old key signed it, too")
    )
    click.echo(f"From now on {verifier} signs. {word}.")


COMMANDS = (checkpoint_command, prove_command, export_command, rotate_command)
"""What `hangtag ledger` has of this room."""


def _signer(opened: Ledger) -> LogSigner:
    signer = LogSigner(opened)
    danger = signer.exposed()
    if danger:
        click.echo(danger, err=True)
    return signer


def _tree(signed: Checkpoint) -> dict[str, object]:
    return {"origin": signed.origin, "size": signed.size, "root": signed.root.hex()}


def _write(file: Path, data: bytes) -> None:
    try:
        file.write_bytes(data)
    except OSError as error:
        raise Refused(f"Cannot write {file}: {error.strerror}.") from error


@contextmanager
def _bar(*, quiet: bool) -> Iterator[Callable[[int, int], None] | None]:
    if quiet or not sys.stderr.isatty():
        yield None
        return
    columns = (TextColumn("Writing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("entries", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
