"""`hangtag station`: run the process beside the readers, or ask how it stands."""

from __future__ import annotations

import contextlib
import itertools
import json
import logging
import os
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

if TYPE_CHECKING:
    from traceability.station.settings import StationSettings


@click.group()
def station() -> None:
    """Run a station beside its readers, or ask how one stands."""


_CONFIG = click.option(
    "--config",
    "config",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The station's file (TOML).",
)


@station.command()
@_CONFIG
@click.option(
    "--status-port",
    type=click.IntRange(1, 65_535),
    help="Port of a page that says how the station is, with the server gone, too.",
)
@click.option(
    "--status-host",
    default="127.0.0.1",
    show_default=True,
    help="Where that page listens; 0.0.0.0 lets phones of the network look.",
)
def run(config: Path, status_port: int | None, status_host: str) -> None:
    """Hear the readers of one station and deliver what they say, until stopped."""
    from traceability.station.run import Station
    from traceability.station.settings import InvalidSettings, load_settings
    from traceability.station.status_page import StatusPage

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    settings = load_settings(config)
    worker = Station(settings, config.parent, token=os.environ.get("HANGTAG_TOKEN"))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())
    with contextlib.ExitStack() as open_pages:
        if status_port is not None:
            try:
                told = StatusPage(
                    worker.health,
                    host=status_host,
                    port=status_port,
                    language=settings.language,
                    zone=settings.zone,
                )
            except OSError as error:
                raise InvalidSettings(
                    f"The status page cannot listen on {status_host} port {status_port}: "
                    f"{error.strerror or error}. Choose another --status-port."
                ) from error
            open_pages.callback(told.close)
        worker.run()


@station.command()
@_CONFIG
@click.option("--json", "is_json", is_flag=True, help="Print one JSON line.")
def status(config: Path, *, is_json: bool) -> None:
    """Say what a station has said, what waits, and whether anything is missing."""
    from traceability.station.settings import load_settings
    from traceability.station.status import status_tree

    settings = load_settings(config)
    tree = status_tree(settings, config.parent)
    tree["serials"] = _numbers_left(settings, config.parent)
    if is_json:
        click.echo(json.dumps(tree, ensure_ascii=False))
        return
    for name, value in tree.items():
        click.echo(f"{name.replace('_', ' ')}: {value if value not in (None, []) else '-'}")


@station.command()
@_CONFIG
@click.option("--product", required=True, help="GTIN, link or key of the product.")
@click.option("--count", type=click.IntRange(1, 10_000), default=1, show_default=True,
              help="How many numbers to take.")  # fmt: skip
@click.option("--offline", is_flag=True, help="Do not ask the server for more.")
@click.option("--json", "is_json", is_flag=True, help="Print one JSON line.")
def serials(config: Path, *, product: str, count: int, offline: bool, is_json: bool) -> None:
    """Take serial numbers for labels or tags: each is given once, with a network or without."""
    from traceability.commissioning.serials import read_product
    from traceability.errors import Offline
    from traceability.gs1.local import DEFAULT_NAMESPACE
    from traceability.station.link import Link
    from traceability.station.serials import RunDry, SerialFile, serials_path
    from traceability.station.settings import load_settings

    settings = load_settings(config)
    key = read_product(product, DEFAULT_NAMESPACE)
    file = SerialFile(serials_path(config.parent / settings.spool, settings.name), settings.name)
    link = Link(settings.server, token=os.environ.get("HANGTAG_TOKEN") or settings.token)
    try:
        try:
            taken = file.take(key, count)
        except RunDry:
            if offline or not file.refill(link):
                raise
            taken = file.take(key, count)
        else:
            if not offline:
                # What it got is enough for now; who does not answer is asked the next time.
                with contextlib.suppress(Offline):
                    file.refill(link)
        left = file.left(key)
    finally:
        link.close()
        file.close()
    if is_json:
        click.echo(json.dumps({"product": key, "serials": taken, "left": left}))
        return
    for number in taken:
        click.echo(number)


@station.command()
@_CONFIG
@click.option("--duration-ms", type=click.IntRange(0), default=0, help="A cycle lasts so long.")
@click.option(
    "--repeat-ms",
    type=click.IntRange(0),
    default=0,
    help="From the beginning of one to that of the next.",
)
@click.option(
    "--stable-set-ms",
    type=click.IntRange(0),
    default=0,
    help="It ends when nothing new came for so long.",
)
@click.option(
    "--count", type=click.IntRange(0), default=0, help="It ends when so many things are there."
)
@click.option("--start", help="Input that begins it, as READER:NUMBER.")
@click.option("--stop", help="Input that ends it, as READER:NUMBER.")
@click.option(
    "--cycles",
    type=click.IntRange(0),
    default=0,
    help="End after so many; 0 goes on until it is stopped.",
)
def cycles(
    config: Path, duration_ms: int, repeat_ms: int, stable_set_ms: int, count: int,
    start: str | None, stop: str | None, cycles: int,
) -> None:  # fmt: skip
    """Say in cycles what is there, what came and what went: one JSON line a cycle."""
    from traceability.observation.cycles import Boundary, InputTrigger
    from traceability.station.gate_settings import read_spot
    from traceability.station.rounds import rounds
    from traceability.station.settings import load_settings

    def triggers(said: str | None, option: str) -> tuple[InputTrigger, ...]:
        return (InputTrigger(*read_spot(option, said)),) if said else ()

    boundary = Boundary(
        start=triggers(start, "--start"),
        repeat_ms=repeat_ms,
        stop=triggers(stop, "--stop"),
        duration_ms=duration_ms,
        stable_set_ms=stable_set_ms,
        count=count,
    )
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    with contextlib.closing(rounds(load_settings(config).readers, boundary, stopping)) as reports:
        for report in itertools.islice(reports, cycles or None):
            click.echo(json.dumps(report.tree(), ensure_ascii=False))


def _numbers_left(settings: StationSettings, folder: Path) -> list[dict[str, object]]:
    from dataclasses import asdict

    from traceability.station.serials import SerialFile, serials_path

    path = serials_path(folder / settings.spool, settings.name)
    if not path.exists():
        return []
    file = SerialFile(path, settings.name)
    try:
        return [asdict(one) for one in file.standing()]
    finally:
        file.close()


@station.command("chip-events")
@click.option("--place", help="Key of where the reader stands.")
@click.option("--reader", default="", help="The reader's name.")
@click.argument("file", type=click.File(encoding="utf-8"), default="-")
def chip_events(file: TextIO, place: str | None, reader: str) -> None:
    """Turn lines of `hangtag readers write --json` into events for `hangtag import --as events`."""
    from datetime import datetime

    from readers.reads import ReaderError, Written
    from traceability.commissioning.chip_changes import chip_change

    events = []
    for number, line in enumerate(file, 1):
        try:
            tree = json.loads(line)
            written, at = Written.of(tree), datetime.fromisoformat(tree["at"])
        except (ValueError, KeyError, TypeError) as error:
            raise ReaderError(f"Cannot read line {number}: {error}.") from error
        at_us = round(at.timestamp() * 1_000_000)
        events.append(chip_change(written, at=at_us, by="", place=place, reader=reader).tree)
    click.echo(json.dumps(events, ensure_ascii=False, indent=1))
