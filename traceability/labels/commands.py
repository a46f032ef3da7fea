"""`hangtag label`: labels from the record, or any code, as a file or straight to a printer."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast, get_args

import click

from traceability.errors import DatabaseBusy, Refused
from traceability.labels.code_label import SYMBOLS, Symbol, code_label
from traceability.labels.files import FORMATS, File, FileFormat, Form, written
from traceability.labels.label import Label
from traceability.labels.run import COPIES_MAX, LabelKind, Run, find, named
from traceability.labels.sheet import find_paper
from traceability.opening import ledger_options, open_ledger

if TYPE_CHECKING:
    from traceability.ledger.append import Ledger
    from traceability.printers.known import Printer
    from traceability.projections.view import View

Command = TypeVar("Command", bound=Callable[..., object])

SIZES: dict[str, str] = {
    "ticket": "70x37",
    "hang-tag": "50x80",
    "roll": "100x50",
    "carton": "70x37",
    "logistic": "105x148",
    "person": "70x37",
    "code": "50x30",
    "test": "70x37",
}
"""The label that each kind is printed on unless another one is named."""
TEST_TEXT = "HANGTAG-TEST-7"
PRINTER_DPI = 203
PICTURE_DPI = 300
TEXT_MAX = 400
"""Characters of a code; more is refused before anything is tried."""


@click.group()
def label() -> None:
    """Print labels of things that the record knows, or any code, on paper or into a file."""


def _options(*, with_ledger: bool = True, with_copies: bool = True) -> Callable[[Command], Command]:
    """Give a command what all kinds of labels share: paper, format, where to."""
    shared: list[Callable[[Any], Any]] = [
        click.option("--printer", default="", help="Name or address of a printer: tcp://HOST:9100"),
        click.option("--rfid", is_flag=True, help="The printer writes chips, too: ZPL alone."),
        click.option("-o", "--output", type=click.Path(path_type=Path), help="File; - is stdout."),
        click.option("--dpi", type=click.IntRange(100, 1200), help="Dots of an inch."),
        click.option(
            "--format", "form", type=click.Choice(FORMATS), help="[default: by the file's ending]"
        ),
        click.option("--start", default=1, show_default=True, help="First label on the sheet."),
        click.option("--paper", default="", help="A sheet, a4-3x8 for example (docs/labels.md)."),
        click.option("--size", default="", help="Or single labels: 60x40, in millimetres."),
    ]
    if with_copies:
        kind = click.IntRange(1, COPIES_MAX)
        shared.append(
            click.option("--copies", default=1, show_default=True, type=kind, help="Of each.")
        )

    def give(command: Command) -> Command:
        # `Any`: click hands on what it decorates.
        found: Any = ledger_options(command) if with_ledger else _json(command)
        if with_ledger:
            folder = click.Path(path_type=Path)
            found = click.option("--folder", type=folder, help="Folder of the workshop.")(found)
        for option in shared:
            found = option(found)
        return cast("Command", found)

    return give


def _json(command: Any) -> Any:  # a function that click decorates
    return click.option("--json", "as_json", is_flag=True, help="Write JSON lines.")(command)


_RANGE: tuple[Callable[[Any], Any], ...] = (
    click.option("--on", default="", help="This one and all that follow it."),
    click.option("--to", default="", help="With --on: no further than this one."),
)


def _ranged(command: Command) -> Command:
    found: Any = command
    for option in _RANGE:
        found = option(found)
    return cast("Command", found)


# --- the kinds -----------------------------------------------------------------------------------


@label.command("ticket")
@click.argument("what", nargs=-1)
@click.option("--order", default="", help="All tickets of an order.")
@click.option("--make", is_flag=True, help="With --order: make the tickets that it lacks first.")
@_ranged
@_options(with_copies=False)
def ticket(what: tuple[str, ...], order: str, *, make: bool, **more: Any) -> None:
    """Print bundle tickets: WHAT are their codes."""
    if make and order:
        with _ledger(more, owned=True) as ledger:
            from traceability.labels import tickets
            from traceability.projections.view import look

            with look(ledger) as view:
                key = _order(view, order)
            tickets.make(ledger, key, size=20, by="admin")
    _print("ticket", what, more, order=order)


@label.command("hang-tag")
@click.argument("what", nargs=-1)
@click.option("--order", default="", help="All hang-tags of an order.")
@click.option("--make", is_flag=True, help="With --order: number the garments that lack one first.")
@_ranged
@_options(with_copies=False)
def hang_tag(what: tuple[str, ...], order: str, *, make: bool, **more: Any) -> None:
    """Print the hang-tags of garments: WHAT are serials as links or scans, or short codes."""
    if make and order:
        with _ledger(more, owned=True) as ledger:
            from traceability.labels import garments
            from traceability.projections.view import look

            with look(ledger) as view:
                key = _order(view, order)
            garments.make_missing(ledger, key, by="admin")
    _print("hang-tag", what, more, order=order)


@label.command("roll")
@click.argument("what", nargs=-1)
@_ranged
@_options()
def roll(what: tuple[str, ...], **more: Any) -> None:
    """Print the labels of rolls: WHAT are their barcodes; without one, all that have cloth left."""
    _print("roll", what, more)


@label.command("carton")
@click.argument("what", nargs=-1)
@_ranged
@_options()
def carton(what: tuple[str, ...], **more: Any) -> None:
    """Print carton labels: WHAT are their codes."""
    _print("carton", what, more)


@label.command("logistic")
@click.argument("what", nargs=-1)
@_ranged
@_options()
def logistic(what: tuple[str, ...], **more: Any) -> None:
    """Print GS1 logistic labels: WHAT are the SSCCs of cartons; without one, all of them."""
    _print("logistic", what, more)


@label.command("person")
@click.argument("what", nargs=-1)
@_options()
def person(what: tuple[str, ...], **more: Any) -> None:
    """Print badges: WHAT are badge codes; without one, everybody's who works here."""
    _print("person", what, {**more, "on": "", "to": ""})


@label.command("code")
@click.argument("text")
@click.option(
    "--symbol",
    type=click.Choice(SYMBOLS),
    default="qr",
    show_default=True,
    help="Which kind of code.",
)
@_options(with_ledger=False)
def code(text: str, symbol: Symbol, **more: Any) -> None:
    """Print a label with one code that says TEXT. No ledger is needed."""
    if len(text) > TEXT_MAX:
        raise Refused(
            f"Cannot write {len(text)} characters into a code: expected at most {TEXT_MAX}."
        )
    _put([code_label(symbol, text)] * more["copies"], "code", more)


@label.command("test")
@_options(with_ledger=False, with_copies=False)
def test(**more: Any) -> None:
    """Print a page with a ruler of 100 mm and a code: measure the one and scan the other."""
    from traceability.labels.page import TrialPage, ruler_length, whole_page

    paper = _form("test", more).paper
    caption = f"This line is {ruler_length(paper)} mm long."
    trial = Label("test", TEST_TEXT, TrialPage(paper, TEST_TEXT, caption), None)
    page = whole_page(paper).name
    _put([trial], "test", {**more, "size": page, "paper": "", "start": 1})


# --- what is printed -----------------------------------------------------------------------------


def _order(view: View, number: str) -> str:
    key = f"//{view.namespace}/bt/{number}"
    if not view.master("order", [key]):
        raise Refused(f"No order has the number {number[:40]!r}. Look again.")
    return key


@contextmanager
def _ledger(more: dict[str, Any], *, owned: bool = False) -> Iterator[Ledger]:
    ledger = open_ledger(more["db"] or _of_factory(more["folder"]), more["ledger_name"])
    try:
        if owned:
            _own(ledger)
        yield ledger
    finally:
        ledger.database.close()


def _own(ledger: Ledger) -> None:
    try:
        ledger.database.own()
    except DatabaseBusy as error:
        raise DatabaseBusy(
            "Hangtag is running on this ledger: print on its page /labels, or stop it first. "
            "Nothing was made."
        ) from error


def _of_factory(folder: Path | None) -> str | None:
    """Return the address of a workshop's ledger; None if none is meant."""
    from traceability.factory.folder import Factory

    if folder is None and os.environ.get("HANGTAG_DB"):
        return None
    try:
        return Factory.find(folder).url
    except Refused:
        if folder is not None:
            raise
        return None


def _print(kind: LabelKind, what: Sequence[str], more: dict[str, Any], *, order: str = "") -> None:
    """Find the labels that are meant, and put them where they are to go."""
    from traceability.projections.view import look

    with _ledger(more) as ledger:
        copies = int(more.get("copies", 1))
        found: list[Label] = []
        with look(ledger) as view:
            for run in _runs(view, kind, what, more, order):
                found += find(view, replace(run, copies=copies))
        if not found:
            raise Refused(f"No {kind} is there to be printed.")
        if more["printer"] and _printer(more, ledger).has_rfid:
            # Each chip is entered as soon as it was read back: nobody else may write meanwhile.
            _own(ledger)
        _put(found, kind, more, ledger)


def _runs(
    view: View, kind: LabelKind, what: Sequence[str], more: dict[str, Any], order: str
) -> Iterator[Run]:
    if order:
        _order(view, order)
        first, last = (_code(view, kind, more[name]) for name in ("on", "to"))
        yield Run(kind, order=order, first=first.first, last=last.first)
    elif more["on"]:
        first = _code(view, kind, more["on"])
        last = _code(view, kind, more["to"])
        # As far as another code, over the ends of orders; else to the end of its own.
        yield replace(first, last=last.first, order="" if last.first else first.order)
    elif what:
        for one in what:
            yield _code(view, kind, one)
    elif kind in ("roll", "logistic", "person"):
        yield Run(kind)
    else:
        raise Refused(f"Say which {kind}: its code, --on CODE, or --order NUMBER.")


def _code(view: View, kind: LabelKind, said: str) -> Run:
    """Return the run of one label; an empty one for an empty code."""
    if not said:
        return Run(kind)
    found = named(view, said) if len(said) <= TEXT_MAX else None
    if found is None:
        shown = said[:40] if len(said) <= 40 else f"{said[:40]}…"
        raise Refused(f"No {kind} has the code {shown!r}. Look again.")
    if found.kind != kind:
        raise Refused(f"{said[:40]!r} is the code of a {found.kind}, not of a {kind}.")
    return found


# --- where it goes -------------------------------------------------------------------------------


def _form(kind: str, more: dict[str, Any]) -> Form:
    if more["size"] and more["paper"]:
        raise Refused("Say either --size for single labels or --paper for sheets, not both.")
    paper = find_paper(more["size"] or more["paper"] or SIZES[kind])
    output: Path | None = more["output"]
    ending = output.suffix.removeprefix(".").lower() if output is not None else ""
    by_ending: FileFormat = next((one for one in get_args(FileFormat) if one == ending), "svg")
    form: FileFormat = more["form"] or by_ending
    usual = PRINTER_DPI if form in ("zpl", "tspl") else PICTURE_DPI
    return Form(form, paper, more["start"], more["dpi"] or usual, more["rfid"])


def _put(
    labels: Sequence[Label], kind: str, more: dict[str, Any], ledger: Ledger | None = None
) -> None:
    """Write labels into files, to stdout, or to a printer, with a bar where somebody looks on."""
    form = _form(kind, more)
    if more["printer"]:
        _send(labels, form, more, ledger)
        return
    output: Path | None = more["output"]
    is_piped = output is None or str(output) == "-"
    if is_piped and form.format in ("pdf", "png") and sys.stdout.isatty():
        raise Refused(f"A {form.format} is nothing to read on a screen: say -o FILE.")
    is_many = form.format == "png" and len(labels) > 1
    if is_piped and is_many:
        raise Refused(f"Cannot write {len(labels)} pictures into one stream: say -o FILE.png.")
    with bar(len(labels), quiet=more["as_json"]) as advance:
        for number, file in enumerate(written(labels, form), 1):
            path = _write(file, form, output, number) if not is_piped else None
            if path is None and not more["as_json"]:
                sys.stdout.buffer.write(file.data)
                sys.stdout.buffer.flush()
            elif more["as_json"]:
                _say(file, path)
            advance(len(file.labels))
    if not is_piped and not more["as_json"]:
        count = "1 label" if len(labels) == 1 else f"{len(labels)} labels"
        click.echo(f"{count} in {output}" + (f" and {number - 1} more files" if number > 1 else ""))


def _send(labels: Sequence[Label], form: Form, more: dict[str, Any], ledger: Ledger | None) -> None:
    """Print on a label printer, and say of each label that it is out."""
    from traceability.printers.sending import print_out

    printer = _printer(more, ledger)
    with bar(len(labels), quiet=more["as_json"]) as advance:
        for out in print_out(printer, labels, form.paper, ledger=ledger, by="admin"):
            one = labels[out.number - 1]
            if more["as_json"]:
                tree: dict[str, Any] = {"number": out.number, "name": one.name, "sure": out.is_sure}
                tree |= {"epc": out.epc.hex().upper()} if out.epc is not None else {}
                tree |= {"tid": out.tid.hex().upper()} if out.tid is not None else {}
                click.echo(json.dumps(tree, ensure_ascii=False))
            advance(1)
    if not more["as_json"]:
        count = "1 label" if len(labels) == 1 else f"{len(labels)} labels"
        click.echo(f"{count} printed on {printer.name}.")


def _printer(more: dict[str, Any], ledger: Ledger | None) -> Printer:
    """Return the printer of a name, or the one at an address, which needs no ledger."""
    from traceability.printers.known import Printer, find_printer
    from traceability.projections.view import look

    said = str(more["printer"])
    if "://" in said:
        language: Literal["zpl", "tspl"] = "tspl" if more["form"] == "tspl" else "zpl"
        return Printer("printer", said, language, more["dpi"] or PRINTER_DPI, more["rfid"])
    if ledger is None:
        raise Refused(
            f"Cannot print on {said[:60]!r} without a ledger: say its address, "
            "tcp://192.168.1.50:9100 for example."
        )
    with look(ledger) as view:
        return find_printer(view, said)


def _write(file: File, form: Form, output: Path | None, number: int) -> Path:
    """Write one file; what comes in several gets a number before the ending."""
    assert output is not None, "asked before"
    is_stream = form.format in ("zpl", "tspl")
    path = output
    if number > 1 and not is_stream:
        path = output.with_name(f"{output.stem}-{number:03d}{output.suffix}")
    try:
        with path.open("ab" if is_stream and number > 1 else "wb") as out:
            out.write(file.data)
    except OSError as error:
        raise Refused(f"Cannot write {path}: {error.strerror}.") from error
    return path


def _say(file: File, path: Path | None) -> None:
    for one in file.labels:
        tree: dict[str, Any] = {"kind": one.kind, "name": one.name, "key": one.key}
        if one.epc is not None:
            tree["epc"] = one.epc.hex().upper()
        if path is not None:
            tree["file"] = str(path)
        click.echo(json.dumps(tree, ensure_ascii=False))


@contextmanager
def bar(total: int, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """Show how far the labels are, on a screen alone."""
    if quiet or total < 2 or not sys.stderr.isatty():
        yield lambda _count: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("Labels"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("Labels", total=total)
        yield lambda count: shown.advance(task, count)
