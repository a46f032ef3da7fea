"""`hangtag printer`: the label printers of a workshop, and one that is not there."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from traceability.opening import ledger_options, open_ledger

if TYPE_CHECKING:
    from traceability.printers.emulated.printer import Sheet
    from traceability.printers.known import Printer

BY = "admin"
TEST_SIZE = (50.0, 30.0)
TEST_TEXT = "HANGTAG-TEST-7"
_LANGUAGE = click.Choice(["zpl", "tspl"])
_DPI = click.Choice(["203", "300", "600"])


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def printer() -> None:
    """Label printers: enter them, look at them, try them; or be one."""


@printer.command("list")
@click.option("--here", is_flag=True, help="Only what is plugged into this PC; needs no ledger.")
@ledger_options
def list_printers(here: bool, db: str | None, ledger_name: str, as_json: bool) -> None:
    """List the printers that were entered, and those that are plugged into this PC."""
    from traceability.printers.known import found_printers, printers
    from traceability.projections.view import look

    known: list[Printer] = []
    if not here:
        with look(open_ledger(db, ledger_name)) as view:
            known = printers(view)
    for one in known:
        if as_json:
            click.echo(json.dumps(one.tree() | {"entered": True}, ensure_ascii=False))
        else:
            chip = ", writes chips" if one.has_rfid else ""
            click.echo(f"{one.name}  {one.address}  {one.language}, {one.dpi} dpi{chip}")
    addresses = {one.address.partition("?")[0] for one in known}
    found = [one for one in found_printers() if one.address not in addresses]
    for plugged in found:
        if as_json:
            tree = {"address": plugged.address, "about": plugged.about or None}
            tree |= {"language": plugged.language}
            click.echo(json.dumps(tree | {"entered": False}, ensure_ascii=False))
        else:
            about = "  ".join(filter(None, (plugged.about, plugged.language)))
            click.echo(f"plugged in: {plugged.address}  {about}".rstrip())
    if not known and not found and not as_json:
        click.echo("No label printer yet. One in the network prints its address itself: hold its")
        click.echo("feed key, then `hangtag printer add NAME tcp://ADDRESS`.")


@printer.command("add")
@click.argument("name")
@click.argument("address")
@click.option(
    "--language", type=_LANGUAGE, default="zpl", show_default=True, help="What it speaks."
)
@click.option("--dpi", type=_DPI, default="203", show_default=True, help="Dots of an inch.")
@click.option("--rfid", is_flag=True, help="It writes chips and reads them back.")
@ledger_options
def add_printer(
    name: str,
    address: str,
    language: str,
    dpi: str,
    rfid: bool,
    db: str | None,
    ledger_name: str,
    as_json: bool,
) -> None:
    """Enter the printer NAME at ADDRESS, or change the one that has this name.

    ADDRESS is tcp://192.168.1.50:9100, serial:///dev/ttyUSB0?baud=9600 or usb:///dev/usb/lp0.
    """
    from traceability.printers.known import Printer, enter_printer

    spoken: Any = language  # click has checked it
    entered = Printer(name, address, spoken, int(dpi), rfid)
    enter_printer(open_ledger(db, ledger_name), entered, by=BY)
    _say(entered, as_json, f"Entered {entered.name}. Try it: hangtag printer test {entered.name!r}")


@printer.command("remove")
@click.argument("name")
@ledger_options
def remove(name: str, db: str | None, ledger_name: str, as_json: bool) -> None:
    """Take the printer NAME out of the list; labels it printed stay what they are."""
    from traceability.printers.known import find_printer, remove_printer
    from traceability.projections.view import look

    opened = open_ledger(db, ledger_name)
    with look(opened) as view:
        found = find_printer(view, name)
    remove_printer(opened, name, by=BY)
    _say(found, as_json, f"Removed {found.name}.")


@printer.command("test")
@click.argument("name")
@click.option("--language", type=_LANGUAGE, default="zpl", show_default=True, help="Of an address.")
@click.option("--dpi", type=_DPI, default="203", show_default=True, help="Of an address.")
@click.option("--status", "is_asked", is_flag=True, help="Only ask how it is; print nothing.")
@ledger_options
def test(
    name: str,
    language: str,
    dpi: str,
    is_asked: bool,
    db: str | None,
    ledger_name: str,
    as_json: bool,
) -> None:
    """Ask the printer NAME, or the one at an address, how it is, and print one label."""
    from traceability.labels.face import Face
    from traceability.labels.label import Label
    from traceability.printers.known import Printer, find_printer
    from traceability.printers.printing import jobs_of, send, status_of
    from traceability.projections.view import look

    if "://" in name:
        spoken: Any = language  # click has checked it
        chosen = Printer("printer", name, spoken, int(dpi))
    else:
        with look(open_ledger(db, ledger_name)) as view:
            chosen = find_printer(view, name)
    status = status_of(chosen)
    said = "It takes labels, but does not say how it is." if status is None else status.sentence
    printed = 0
    if not is_asked and (status is None or not status.troubles):
        face = Face(TEST_TEXT, heading=chosen.name, lines=("Hangtag",))
        label = Label("test", TEST_TEXT, face, None)
        printed = len(list(send(chosen, jobs_of(chosen, [label], TEST_SIZE))))
    if as_json:
        troubles = None if status is None else list(status.troubles)
        tree = {"printer": chosen.name, "answers": status is not None, "troubles": troubles}
        click.echo(json.dumps(tree | {"sentence": said, "printed": printed}, ensure_ascii=False))
        return
    click.echo(said)
    if printed:
        click.echo(f"One label was printed. Scan it: it says {TEST_TEXT}.")


@printer.command("emulate")
@click.option(
    "--language", type=_LANGUAGE, default="zpl", show_default=True, help="What it speaks."
)
@click.option("--dpi", type=_DPI, default="203", show_default=True, help="Dots of an inch.")
@click.option("--port", type=click.IntRange(0, 65535), default=9100, show_default=True,
              help="TCP port on this PC; 0 takes a free one.")  # fmt: skip
@click.option("--pty", "is_pty", is_flag=True, help="Be a serial line instead.")
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False),
              default=Path("labels-printed"), show_default=True,
              help="Where each label is written as a picture.")  # fmt: skip
@click.option("--slow-ms", type=click.FloatRange(0, 60_000), default=200.0, show_default=True,
              help="How long one label takes.")  # fmt: skip
@click.option(
    "--paper", type=click.IntRange(1), help="Labels on the roll; then it is out of paper."
)
@click.option("--void", "void_count", type=click.IntRange(0), default=0,
              help="Let so many chips fail.")  # fmt: skip
@click.option("--seconds", type=click.FloatRange(0), help="Stop after so long.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON lines.")
def emulate(
    language: str,
    dpi: str,
    port: int,
    is_pty: bool,
    folder: Path,
    slow_ms: float,
    paper: int | None,
    void_count: int,
    seconds: float | None,
    as_json: bool,
) -> None:
    """Be a label printer: draw what is sent, and say what is wrong with it."""
    from traceability.printers.emulated.printer import EmulatedPrinter

    spoken: Any = language  # click has checked it
    made = EmulatedPrinter(
        spoken,
        dpi=int(dpi),
        port="pty" if is_pty else "tcp",
        tcp_port=port,
        folder=folder,
        slow_ms=slow_ms,
        on_sheet=lambda sheet: click.echo(_told(sheet, folder, as_json)),
    )
    with made:
        made.dead_chips(void_count)
        if paper is not None:
            made.paper_for(paper)
        if as_json:
            click.echo(json.dumps({"address": made.address, "folder": str(folder)}))
        else:
            click.echo(f"A {language.upper()} printer that is not there: {made.address}")
            click.echo(f"Labels go to {folder}. Ctrl+C switches it off.")
        ends_at = time.monotonic() + seconds if seconds is not None else None
        try:
            while ends_at is None or time.monotonic() < ends_at:
                time.sleep(0.05)
        except KeyboardInterrupt:
            pass


def _told(sheet: Sheet, folder: Path, as_json: bool) -> str:
    path = folder / f"label-{sheet.number:04d}.png"
    tree: dict[str, object] = {"label": sheet.number, "picture": str(path)}
    if sheet.tid is not None:
        tree |= {"tid": sheet.tid.hex().upper(), "void": sheet.is_void}
        tree |= {"epc": sheet.epc.hex().upper()} if sheet.epc is not None else {}
    if as_json:
        return json.dumps(tree | {"faults": list(sheet.faults)}, ensure_ascii=False)
    words = [f"{path}"]
    if sheet.is_void:
        words.append("VOID")
    elif sheet.epc is not None:
        words.append(f"chip {sheet.epc.hex().upper()}")
    return "  ".join([*words, *sheet.faults])


def _say(one: Printer, as_json: bool, sentence: str) -> None:
    click.echo(json.dumps(one.tree(), ensure_ascii=False) if as_json else sentence)
