"""`hangtag readers watch`: one or several readers, live."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from readers.reads import DELIVERED, Noise, ReaderError, Reply
from readers.registry import PROTOCOLS, protocol
from readers.watching.lines import told, words_of
from readers.watching.tally import Tally

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

    from readers.session import Session

NAMES = click.Choice(list(PROTOCOLS))
SHOWN_S = 0.2


@click.command()
@click.argument("urls", nargs=-1, required=True)
@click.option(
    "--protocol",
    "names",
    type=NAMES,
    required=True,
    multiple=True,
    help="What the device speaks; once for all, or once for each port in their order.",
)
@click.option("--baud", type=int, help="Bits per second; the protocol's usual speed if not given.")
@click.option("--seconds", type=float, help="Stop after so long.")
@click.option("--all", "is_all", is_flag=True, help="Answers and noise too.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option("--lines", "as_lines", is_flag=True, help="A line each, also on a terminal.")
@click.option("--record", type=click.Path(file_okay=False), help="Keep the tapes in this folder.")
def watch(
    urls: tuple[str, ...],
    names: tuple[str, ...],
    baud: int | None,
    seconds: float | None,
    is_all: bool,
    as_json: bool,
    as_lines: bool,
    record: str | None,
) -> None:
    """Show what the readers at URLS (/dev/ttyUSB0, COM3, socket://host:port) say.

    On a terminal: rates, strengths, tags in the field and the state of each line, live. Elsewhere,
    or with --lines or --json, a line for each thing heard.
    """
    from readers.recordings.tapes import Tapes
    from readers.session import Session

    if len(names) not in (1, len(urls)):
        raise ReaderError(
            f"Cannot watch {len(urls)} ports with {len(names)} protocols: give --protocol once for"
            " all, or once for each port."
        )
    spoken = names * len(urls) if len(names) == 1 else names
    is_live = not as_json and not as_lines and sys.stdout.isatty()
    kinds = (*DELIVERED, Reply, Noise) if is_all or is_live else DELIVERED
    tapes = Tapes(Path(record)) if record else None
    sessions = [
        Session(
            url,
            name,
            url,
            baud,
            on_bytes=tapes.tape(tape_name(url), name) if tapes else None,
            deliver=kinds,
        )
        for url, name in zip(urls, spoken, strict=True)
    ]
    ends_at = time.monotonic() + seconds if seconds else None
    for session in sessions:
        session.start()
    try:
        show = _show_live if is_live else _show_lines
        show(sessions, ends_at, as_json=as_json)
    except KeyboardInterrupt:
        pass
    finally:
        for session in sessions:
            session.stop()
        if tapes is not None:
            tapes.close()


def tape_name(url: str) -> str:
    """Return a folder's name for a port.

    >>> tape_name("/dev/ttyUSB0"), tape_name("socket://10.0.0.7:4001")
    ('dev-ttyUSB0', 'socket-10.0.0.7-4001')
    """
    kept = "".join(each if each.isalnum() or each == "." else " " for each in url)
    return "-".join(kept.split())


def _show_lines(sessions: list[Session], ends_at: float | None, *, as_json: bool) -> None:
    wait_s = 0.2 if len(sessions) == 1 else 0.05
    while ends_at is None or time.monotonic() < ends_at:
        for session in sessions:
            for happening in session.take(wait_s):
                click.echo(told(happening, as_json=as_json, names_reader=len(sessions) > 1))


def _show_live(sessions: list[Session], ends_at: float | None, *, as_json: bool) -> None:
    from rich.console import Console
    from rich.live import Live

    assert not as_json
    tallies = [Tally(session.name) for session in sessions]
    with Live(console=Console(), auto_refresh=False) as screen:
        while ends_at is None or time.monotonic() < ends_at:
            for session, tally in zip(sessions, tallies, strict=True):
                for happening in session.take():
                    tally.hear(happening)
            pairs = list(zip(sessions, tallies, strict=True))
            screen.update(screen_of(pairs, datetime.now(UTC)), refresh=True)
            time.sleep(SHOWN_S)


def screen_of(watched: list[tuple[Session, Tally]], now: datetime) -> Group:
    """Draw the readers' table, the antennas' table and what came last."""
    from rich.console import Group

    recent = sorted(
        (each for _, tally in watched for each in tally.recent), key=lambda each: each.at
    )
    lines = [f"{each.at:%H:%M:%S}  {each.reader}  {words_of(each)}" for each in recent[-12:]]
    return Group(_readers(watched, now), _antennas(watched), "\n".join(lines))


def _readers(watched: list[tuple[Session, Tally]], now: datetime) -> Table:
    from rich.table import Table

    table = Table(title="hangtag readers watch", caption="Ctrl-C ends it", expand=True)
    for name in ("reader", "protocol", "line"):
        table.add_column(name, overflow="fold")
    for name in ("reads/s", "reads", "tags here", "noise/s", "noise", "bytes in", "falls", "lost"):
        table.add_column(name, justify="right")
    for session, tally in watched:
        counters = session.counters
        reads_a_s, noise_a_s = tally.rates(now)
        line = "[green]up[/]" if session.is_up else "[red]down[/]"
        about = "" if session.is_up else f" {session.down_reason or tally.reason}"
        noise = f"{counters.noise_frames:,}" + (f" ({tally.noise_last})" * bool(tally.noise_last))
        table.add_row(
            session.name,
            protocol(session.protocol).short or session.protocol,
            line + about,
            f"{reads_a_s:,.0f}",
            f"{counters.tag_reads + counters.scans:,}",
            f"{tally.tags_in_field(now):,}",
            f"{noise_a_s:,.1f}",
            noise,
            f"{counters.bytes_in:,}",
            f"{counters.losses:,}",
            f"{counters.dropped:,}",
        )
    return table


def _antennas(watched: list[tuple[Session, Tally]]) -> Table:
    from rich.table import Table

    table = Table(expand=True)
    for name in ("reader", "antenna"):
        table.add_column(name, overflow="fold")
    for name in ("reads", "last dBm", "mean", "weakest", "strongest"):
        table.add_column(name, justify="right")
    for session, tally in watched:
        for number, antenna in sorted(tally.antennas.items()):
            strengths = (
                antenna.rssi_last_dbm,
                antenna.rssi_mean_dbm,
                antenna.rssi_min_dbm,
                antenna.rssi_max_dbm,
            )
            table.add_row(
                session.name,
                str(number or "–"),
                f"{antenna.reads:,}",
                *("–" if each is None else f"{each:.0f}" for each in strengths),
            )
    return table
