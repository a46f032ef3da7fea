"""`hangtag witness`: sign for a partner's log what it has shown, and never two stories of it."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from traceability.errors import Refused
from traceability.ledger.proof.witness import Seen, WitnessBook

DEFAULT_PLACE = Path("var") / "witness"
DEFAULT_PORT = 8090

Command = TypeVar("Command", bound=Callable[..., object])


def place_option(command: Command) -> Command:
    """Give a command ``--place``."""
    return click.option(
        "--place",
        type=click.Path(path_type=Path),
        default=DEFAULT_PLACE,
        show_default=True,
        help="Folder or file of the witness.",
    )(command)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def witness() -> None:
    """Sign for the logs of partners: each size once, so that nobody can rewrite unseen."""


@witness.command("run")
@click.argument("place", type=click.Path(path_type=Path), default=DEFAULT_PLACE)
@click.option("--name", help="Name to sign under, for a new one.  [default: HOST/witness]")
@click.option("--log", "logs", multiple=True, metavar="VKEY", help="Also watch this log.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=DEFAULT_PORT,
    show_default=True,
    help="Port; a taken one gives way to the next free one.",
)
@click.option("--json", "as_json", is_flag=True, help="Print address and key as one JSON line.")
def run_command(
    place: Path, name: str | None, logs: tuple[str, ...], host: str, port: int, as_json: bool
) -> None:
    """Run a witness that keeps what it saw in PLACE, a folder or a file; begin one if need be."""
    from traceability.web.listening import listen
    from traceability.web.serving import Address
    from traceability.web.witness import serve_witness

    book = _begin(place, name)
    for vkey in logs:
        book.add_log(vkey)
    bound = listen(host, port)
    address = Address(host, int(bound.getsockname()[1]))

    def say() -> None:
        if as_json:
            line = {"url": address.url, "port": address.port, "vkey": str(book.verifier)}
            click.echo(json.dumps(line))
            return
        click.echo(f"Witness {book.verifier}")
        click.echo(f"Takes checkpoints at {address.url}/add-checkpoint; {len(book.seen())} logs.")
        click.echo("Ctrl-C stops.")

    serve_witness(book, bound, on_start=say)


def _begin(place: Path, name: str | None) -> WitnessBook:
    try:
        return WitnessBook.open(place, name=name)
    except Refused:
        if name is not None:
            raise
    host = "".join(sign for sign in socket.gethostname() if sign.isalnum() or sign in "-.")
    return WitnessBook.open(place, name=f"{host or 'localhost'}/witness")


@witness.command("add-log")
@click.argument("vkey")
@place_option
def add_log_command(vkey: str, place: Path) -> None:
    """Watch the log whose key is VKEY; its owner reads it to you, `hangtag ledger` prints it."""
    book = WitnessBook.open(place)
    click.echo(f"Watches {book.add_log(vkey)} from now on.")


@witness.command("show")
@place_option
@click.option("--json", "as_json", is_flag=True, help="Write one JSON line per log.")
def show_command(place: Path, as_json: bool) -> None:
    """Say what was seen of each log, and what a person should know of it."""
    book = WitnessBook.open(place)
    if not as_json:
        click.echo(f"Witness {book.verifier}")
    for one in book.seen():
        click.echo(json.dumps(_as_tree(one)) if as_json else _sentences(one))


def _as_tree(one: Seen) -> dict[str, object]:
    return {
        "origin": one.origin,
        "size": one.size,
        "root": one.root,
        "seen_at": one.seen_at.isoformat() if one.seen_at else None,
        "keys": list(one.keys),
        "history": [
            {
                "at": entry.at.isoformat(),
                "what": entry.what,
                "size": entry.size,
                "root": entry.root,
                "new_size": entry.new_size,
                "new_root": entry.new_root,
                "note": entry.note,
            }
            for entry in one.history
        ],
    }


def _sentences(one: Seen) -> str:
    if one.seen_at is None:
        return f"{one.origin}: nothing seen yet."
    lines = [
        f"{one.origin}: {one.size} entries, root {one.root[:16]}, {one.seen_at:%Y-%m-%d %H:%M}"
    ]
    return "\n".join([f"{lines[0]} UTC.", *(f"  {entry}" for entry in one.history)])


@witness.command("accept-restore")
@click.argument("origin")
@click.option("--size", type=click.IntRange(1), required=True, help="Entries in the backup.")
@click.option("--root", required=True, help="Root of these, 64 hex digits.")
@click.option("--vkey", required=True, help="The new key that the log signs under.")
@place_option
def accept_restore_command(origin: str, size: int, root: str, vkey: str, place: Path) -> None:
    """Let the log ORIGIN go on from a backup, as its owner declares; the gap stays named.

    Ask him by phone before you do: nothing else tells a restore from a tail that was cut off.
    """
    try:
        data = bytes.fromhex(root)
    except ValueError as error:
        raise Refused(f"Cannot read {root[:80]!r} as a root: expected 64 hex digits.") from error
    book = WitnessBook.open(place)
    book.accept_restore(origin, size=size, root=data, vkey=vkey)
    click.echo(_sentences(next(one for one in book.seen() if one.origin == origin)))
