"""`hangtag demo`: a living factory with emulated readers, and nothing to plug in."""

from __future__ import annotations

import contextlib
import json
import logging
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Final

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from traceability.simulation.plan import GARMENTS_MAX, GARMENTS_MIN

if TYPE_CHECKING:
    from traceability.simulation.demo import Demo

DELIVERY_S: Final = 30.0
PAGES: Final = (
    ("", "the board"),
    ("sim", "your hands: wave a tag, unplug a cable, cheat"),
    ("trace", "a customer reports a hole: find the roll"),
    ("ledger", "the record and its proof"),
)


@click.command()
@click.option(
    "--garments",
    default=300,
    show_default=True,
    type=click.IntRange(GARMENTS_MIN, GARMENTS_MAX),
    help="How many garments are made, in all orders together.",
)
@click.option("--until-done", is_flag=True, help="Work fast, end when all is in the store, count.")
@click.option("--seed", default=7, show_default=True, help="The same seed gives the same factory.")
@click.option(
    "--port",
    default=8000,
    show_default=True,
    type=click.IntRange(1, 65535),
    help="Where the pages are; the next free one if it is taken.",
)
@click.option(
    "--ports",
    type=click.Choice(["pty", "tcp"]),
    help="How readers are connected; default pty where this system has them.",
)
@click.option(
    "--readers",
    type=click.Choice(["mixed", "keyboard"]),
    default="mixed",
    show_default=True,
    help="Readers as factories buy them, or nothing but what types like a keyboard.",
)
@click.option(
    "--wire-log",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the emulated readers note what they put on the wire.",
)
@click.option("--noise", is_flag=True, help="Noisy lines, split frames, a cable pulled once.")
@click.option(
    "--swallow",
    default=0,
    type=click.IntRange(0, 100),
    help="Hold back so many scans on purpose; the count must find exactly them.",
)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the demo keeps its files; default var/demo, or beside HANGTAG_DB.",
)
@click.option("--json", "as_json", is_flag=True, help="End with one JSON line.")
@click.pass_context
def demo(
    ctx: click.Context,
    *,
    garments: int,
    until_done: bool,
    seed: int,
    port: int,
    ports: str | None,
    readers: str,
    wire_log: Path | None,
    noise: bool,
    swallow: int,
    folder: Path | None,
    as_json: bool,
) -> None:
    """Run a simulated factory whose readers speak real protocols over real ports.

    Its ledger is its own (HANGTAG_DB if set); nothing in it is your data. Ctrl-C stops all of it.
    With --until-done the exit status is 0 only if nothing was lost (but for what was swallowed on
    purpose) and the ledger verifies.
    """
    from traceability.simulation.demo import Demo, Wishes
    from traceability.simulation.premises import prepare

    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    console = Console(stderr=True, highlight=False)
    begun = time.monotonic()
    wishes = Wishes(
        garments=garments,
        seed=seed,
        port=port,
        ports="pty" if ports == "pty" or (ports is None and _has_ptys()) else "tcp",
        readers="keyboard" if readers == "keyboard" else "mixed",
        is_until_done=until_done,
        is_noisy=noise,
        swallow=swallow,
        wire_log=wire_log.absolute() if wire_log else None,
    )
    with stopped_by_signals():
        running: Demo | None = None
        try:
            running = Demo(wishes, prepare(folder))
            _welcome(console, running, port)
            running.start()
            _ready(console, running, time.monotonic() - begun)
            _watch(console, running, until_done=until_done)
            if until_done:
                ctx.exit(_end(console, running, time.monotonic() - begun, as_json=as_json))
        except KeyboardInterrupt:
            console.print("Stopping the factory.")
            if as_json:
                click.echo(json.dumps({"stopped": True}))
        finally:
            if running is not None:
                running.stop()


def _has_ptys() -> bool:
    # Asking for the module is not enough: Windows has it, and not what it needs.
    try:
        import pty  # noqa: F401
    except ImportError:
        return False
    return True


@contextlib.contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Let a request to end arrive as Ctrl-C does, so that the children are stopped, too.

    Ctrl-C itself is asked for as well: a shell that starts a command in the background tells it to
    ignore that, and whoever ends it by SIGINT then would leave the children behind.
    """

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, interrupt) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def _welcome(console: Console, running: Demo, wanted: int) -> None:
    if running.port != wanted:
        console.print(f"Port {wanted} is taken; using {running.port}.")
    console.print(f"Starting a simulated factory: {running.plan.pieces} garments to make.")


def _ready(console: Console, running: Demo, seconds: float) -> None:
    assert running.control is not None
    console.print(f"The factory runs after {seconds:.1f} s. Open:")
    for path, what in PAGES:
        if running.has_page(f"/{path}"):
            console.print(f"  {running.url}/{path:<8} {what}")
    console.print("Nothing here is your data. Ctrl-C stops everything.")
    console.print(
        f"Ledger {running.premises.url}, control {running.control.url}", style="dim", soft_wrap=True
    )


def _watch(console: Console, running: Demo, *, until_done: bool) -> None:
    """Show the jobs done until all are, or for ever."""
    factory = running.factory
    assert factory is not None
    total = len(running.plan.jobs)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("Passes at the stations", total=total)
        while not factory.wait(0.25) or not until_done:
            bar.update(task, completed=factory.done_count)
        bar.update(task, completed=total)


def _end(console: Console, running: Demo, seconds: float, *, as_json: bool) -> int:
    """Stop the stations, count, print; return the exit status."""
    from traceability.simulation.outcome import count_outcome, wait_for_delivery

    wait_for_delivery(running, DELIVERY_S)
    running.stop_stations()
    tree = count_outcome(running, seconds)
    if as_json:
        click.echo(json.dumps(tree, ensure_ascii=False))
    else:
        for name, value in tree.items():
            console.print(f"{name.replace('_', ' ')}: {value}")
    is_fine = tree["lost"] == running.wishes.swallow and tree["verified"] is True
    return 0 if is_fine and not tree["parked"] and not tree["put_aside"] else 1
