"""`hangtag new` and `hangtag start`: make a factory, and open it."""

from __future__ import annotations

import json
import os
import re
import signal
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import click

from traceability.errors import Refused

if TYPE_CHECKING:
    from traceability.factory.folder import Factory
    from traceability.workshop.running import Told

DEFAULT_PORT = 8080


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--name", default="", help="Name of the workshop.  [default: the folder's]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line.")
def new(folder: Path, name: str, as_json: bool) -> None:
    """Make a factory in FOLDER: its database, key, steps, stations, uploads and backups."""
    from traceability.factory.folder import Factory
    from traceability.web.settings import kept_secret
    from traceability.web.start import zone_here

    made = Factory.make(folder, name=name, zone=zone_here())
    kept_secret(made.key)
    if as_json:
        click.echo(json.dumps({"folder": str(made.folder.absolute())}))
        return
    click.echo(f"A new factory lies in {made.folder}. Open it: hangtag start {made.folder}")


@click.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option("--lan", is_flag=True, help="Let phones and screens of this network in, over TLS.")
@click.option("--practice", is_flag=True, help="Open the practice of a live factory beside it.")
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Where this PC's door listens."
)
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=DEFAULT_PORT,
    show_default=True,
    help="Port; a taken one gives way to the next free one.",
)
@click.option(
    "--at-boot",
    is_flag=False,
    flag_value="on",
    type=click.Choice(["on", "show", "off"]),
    help="Do not open it now but whenever this PC boots (on), show how (show), or no more (off).",
)
@click.option("--json", "as_json", is_flag=True, help="Print the addresses as one JSON line.")
def start(
    folder: Path | None,
    lan: bool,
    practice: bool,
    host: str,
    port: int,
    at_boot: str | None,
    as_json: bool,
) -> None:
    """Open the factory in FOLDER (or here): its pages and this PC's stations together."""
    from traceability.factory.folder import Factory
    from traceability.workshop.running import Workshop, beside_of

    if at_boot is not None:
        _at_boot(Factory.find(folder), at_boot, host=host, port=port, wants_network=lan)
        return

    if os.environ.get("HANGTAG_DB"):
        raise Refused(
            "HANGTAG_DB names a database, and hangtag start takes the one in the factory's "
            "folder: unset HANGTAG_DB, or run hangtag serve."
        )
    factory = Factory.find(folder)
    is_beside = practice and not factory.is_practice
    workshop = Workshop(
        beside_of(factory) if is_beside else factory,
        host=host,
        port=port,
        wants_network=lan,
        is_beside=is_beside,
    )
    # Whoever ends us by either signal finds everything closed: stations, spools, the record.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt):
        workshop.run(lambda told: _say(told, as_json=as_json))


def _at_boot(factory: Factory, wish: str, *, host: str, port: int, wants_network: bool) -> None:
    from traceability.workshop.at_boot import Opening, carry_out, plan, this_seat, undo
    from traceability.workshop.beside import program

    folder = factory.folder.absolute()
    words, environment = program()
    more = ["--host", host, "--port", str(port), *(["--lan"] if wants_network else [])]
    made = plan(
        Opening(
            name=_plain_name(folder),
            folder=folder,
            command=(*words, "app", "start", str(folder), *more),
            screen=(*words, "traceability.workshop.screen", str(folder), _screen_of(folder)),
            environment=environment,
        ),
        this_seat(),
    )
    if wish == "show":
        for path, text in made.files.items():
            click.echo(f"would write  {path}\n{text}")
        for act in made.acts:
            click.echo(f"would run    {' '.join(act.words)}")
    else:
        for line in undo(made) if wish == "off" else carry_out(made):
            click.echo(line)
    if wish == "off":
        return
    for note in made.notes:
        click.echo(f"note       {note}")
    click.echo(f"Undo it: hangtag start {folder} --at-boot off")


def _plain_name(folder: Path) -> str:
    """Return a name of a folder that every system takes, and that no other folder has.

    >>> _plain_name(Path("/srv/ana/Rua 12")), _plain_name(Path("/srv/li/晨光制衣"))
    ('rua-12-f2c337', 'workshop-f58b28')
    """
    plain = re.sub(r"[^a-z0-9]+", "-", folder.name.lower()).strip("-")[:30] or "workshop"
    return f"{plain}-{sha256(str(folder).encode()).hexdigest()[:6]}"


def _screen_of(folder: Path) -> str:
    """Return the page of a gate's screen: the only station's own, or the list of all."""
    stations = sorted((folder / "stations").glob("*.toml"))
    return f"/gate/{stations[0].stem}" if len(stations) == 1 else "/gates"


def _say(told: Told, *, as_json: bool) -> None:
    if as_json:
        members = ("name", "folder", "entries", "events", "url", "enter", "port")
        line = {member: getattr(told, member) for member in members}
        click.echo(json.dumps({**line, "practice": told.is_practice}, ensure_ascii=False))
        return
    if told.wanted_port and told.port != told.wanted_port:
        click.echo(f"Port {told.wanted_port} is taken; {told.port} is free.")
    practice = "  (practice: nothing here counts)" if told.is_practice else ""
    click.echo(f"Workshop  {told.name}{practice}")
    click.echo(f"Folder    {told.folder}")
    entries = "1 entry" if told.entries == 1 else f"{told.entries:,} entries"
    click.echo(f"Record    {entries}, events: {told.events:,}")
    click.echo(f"Open      {told.enter}")
    click.echo("Ctrl-C stops. Everything is kept.")
