"""`hangtag identify`: what a tag, a scan or a link stands for, one JSON line for each.

>>> line = answer("]E09506000134352", form="auto")
>>> '"key":"/01/09506000134352"' in line.text, line.is_good
(True, True)
"""

from __future__ import annotations

import json
import os
import stat
import sys
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedIOBase
from time import monotonic
from typing import TYPE_CHECKING

import click

from traceability.errors import InvalidIdentifier
from traceability.gs1.anatomy import Fields, anatomy, field_tree, visible
from traceability.gs1.bit_fields import BitField
from traceability.gs1.field_table import field_rows
from traceability.gs1.identify import FORMS, PERMITS
from traceability.gs1.identify import identify as identify_text
from traceability.gs1.identity import Identity
from traceability.gs1.instance import require_instance
from traceability.gs1.tag_line import format_line, format_tag_line

if TYPE_CHECKING:
    from rich.console import Console

CHUNK_BYTES = 1 << 17
"""How much of standard input is taken at once; answers leave after each piece."""

LINE_BYTES_MAX = 1 << 16
"""Longest input line; of a longer one only this much is looked at, and refused."""

WAIT_S = 1.0
"""How long the work may take before a bar says how far it is."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One line of output and whether it names a thing."""

    text: str
    is_good: bool


@click.command()
@click.option(
    "--as",
    "form",
    type=click.Choice(FORMS),
    default="auto",
    show_default=True,
    help="What the texts are.",
)
@click.option("--fnc1", metavar="CHAR", help="Character that stands for FNC1; without it, GS.")
@click.option(
    "--permit", multiple=True, type=click.Choice(PERMITS), help="Let pass what is refused else."
)
@click.option("--instance", is_flag=True, help="Refuse what names no single thing.")
@click.option("--namespace", metavar="HOST", help="Host name under which plain text is a name.")
@click.option(
    "--bits", "with_fields", is_flag=True, help="Show each bit or character and what it says."
)
@click.option("--json", "as_json", is_flag=True, help="JSON lines, with --bits as well.")
@click.argument("texts", metavar="[TEXT]...", nargs=-1)
@click.pass_context
def identify(
    ctx: click.Context,
    *,
    form: str,
    fnc1: str | None,
    permit: tuple[str, ...],
    instance: bool,
    namespace: str | None,
    with_fields: bool,
    as_json: bool,
    texts: tuple[str, ...],
) -> None:
    """Say what each TEXT stands for, or each line of standard input.

    Prints one JSON line for each; with --bits and without --json, a table of its fields for people.
    Exit 1 if one of them could not be read.
    """
    if fnc1 is not None and len(fnc1) != 1:
        raise click.BadParameter(f"expected one character, got {fnc1!r}", param_hint="--fnc1")
    asked = Asked(form, fnc1, namespace, permit, instance)
    if with_fields and not as_json:
        is_good = _print_tables(asked, texts)
    elif texts:
        is_good = _write_lines(list(texts), asked, with_fields)
    else:
        is_good = True
        with _progress() as advance:
            for lines, size in read_lines(_standard_input()):
                is_good = _write_lines(lines, asked, with_fields) and is_good
                advance(size)
    if not is_good:
        ctx.exit(1)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the texts were said to be; as `identify` takes it."""

    form: str = "auto"
    fnc1: str | None = None
    namespace: str | None = None
    permit: tuple[str, ...] = ()
    instance: bool = False
    """Refuse what names no single thing."""


def _write_lines(lines: list[str], asked: Asked, with_fields: bool) -> bool:
    """Write the answers to some lines at once; return whether all of them name something."""
    is_good = True
    is_tag = asked.form in ("auto", "epc") and not with_fields
    out: list[str] = []
    for text in lines:
        line = format_tag_line(text) if is_tag else None
        if line is None:
            found = answer(
                text,
                form=asked.form,
                fnc1=asked.fnc1,
                namespace=asked.namespace,
                bits=with_fields,
                permit=asked.permit,
                instance=asked.instance,
            )
            is_good = is_good and found.is_good
            line = found.text
        out.append(line)
    if out:
        click.echo("\n".join(out))
    return is_good


def _print_tables(asked: Asked, texts: tuple[str, ...]) -> bool:
    """Print a table for each text; return whether all of them could be read."""
    # Imported when a person asks: a pipe of a million lines need not wait for it.
    from rich.console import Console

    console = Console(highlight=False)
    lines = iter([(list(texts), 0)]) if texts else read_lines(_standard_input())
    is_good = True
    for some, _ in lines:
        for text in some:
            is_good = _print_table(console, text, asked) and is_good
    return is_good


def _print_table(console: Console, text: str, asked: Asked) -> bool:
    from rich.table import Table
    from rich.text import Text

    tree, fields = _explain(text, asked)
    table = Table(title=Text(visible(text)), title_justify="left", title_style="bold")
    table.add_column("from", justify="right")
    table.add_column("what")
    is_tag = bool(fields) and isinstance(fields[0], BitField)
    table.add_column("bits" if is_tag else "signs", overflow="fold")
    table.add_column("says", overflow="fold")
    for row in field_rows(fields):
        said = Text(row.said, style="red" if row.is_wrong else "")
        table.add_row(str(row.start), row.name, Text(row.shown), said)
    console.print(table)
    if "error" in tree:
        console.print(Text(visible(str(tree["error"])), style="red"), soft_wrap=True)
    for name in ("key", "element_string", "digital_link", "epc_uri", "remark"):
        if tree.get(name) is not None:
            line = f"{name.replace('_', ' '):<15} {visible(str(tree[name]))}"
            console.print(Text(line), soft_wrap=True)
    return "error" not in tree


def _standard_input() -> BufferedIOBase:
    stdin = sys.stdin.buffer
    assert isinstance(stdin, BufferedIOBase)
    return stdin


@contextmanager
def _progress() -> Iterator[Callable[[int], None]]:
    """Yield what to tell the bytes done: a bar on the terminal of a person who has to wait.

    Where standard error is no terminal nothing is drawn; where it is, only after `WAIT_S`.
    """
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn

    status = os.fstat(sys.stdin.fileno())
    total = status.st_size if stat.S_ISREG(status.st_mode) else None
    bar = Progress(
        BarColumn(), DownloadColumn(), TimeRemainingColumn(),
        console=Console(stderr=True), transient=True,
    )  # fmt: skip
    task = bar.add_task("", total=total)
    begun_at = monotonic()

    def advance(size: int) -> None:
        if not bar.live.is_started and monotonic() - begun_at > WAIT_S:
            bar.start()
        bar.advance(task, size)

    try:
        yield advance
    finally:
        bar.stop()


def read_lines(stream: BufferedIOBase) -> Iterator[tuple[list[str], int]]:
    r"""Yield the lines of a stream without their ends, as many at once as have arrived.

    A byte that is no UTF-8 stays visible as an escape.

    Yields:
        The lines, and how many bytes of the stream were taken since the last ones.

    >>> import io
    >>> list(read_lines(io.BytesIO(b"a\r\n\nb")))
    [(['a', ''], 5), (['b'], 0)]
    """
    rest, taken = b"", 0
    is_begun = False
    while data := stream.read1(CHUNK_BYTES):
        taken += len(data)
        if not is_begun:
            # Some editors put a mark in front of a text; it belongs to no code.
            is_begun, data = True, data.removeprefix(BOM_UTF8)
        done, newline, tail = data.rpartition(b"\n")
        if newline:
            yield _split(rest + done), taken
            rest, taken = tail, 0
        elif len(rest) < LINE_BYTES_MAX:
            rest += data
    if rest:
        yield _split(rest), taken


def _split(data: bytes) -> list[str]:
    text = data.decode("utf-8", "backslashreplace")
    return [line.rstrip("\r")[:LINE_BYTES_MAX] for line in text.split("\n")]


def answer(
    text: str,
    *,
    form: str = "auto",
    fnc1: str | None = None,
    namespace: str | None = None,
    bits: bool = False,
    permit: tuple[str, ...] = (),
    instance: bool = False,
) -> Answer:
    """Return the output line for one input.

    A tag that does not decode is an error line too; it also says under which key it is kept.

    Args:
        text: What was scanned, typed or sent.
        form: As `identify` takes it; so `fnc1` and `namespace`.
        fnc1: The one character that stands for FNC1.
        namespace: Host name for local names.
        bits: Also say, as ``fields``, what each bit or character is there for.
        permit: What to let pass, as `identify` takes it.
        instance: Refuse what names no single thing.
    """
    asked = Asked(form, fnc1, namespace, permit, instance)
    if bits:
        tree, fields = _explain(text, asked)
        tree["fields"] = [field_tree(one) for one in fields]
        return Answer(_dump(tree), "error" not in tree)
    try:
        found = _identity(text, asked)
    except InvalidIdentifier as error:
        return Answer(_dump(_error_tree(text, error)), False)
    if found.kind == "raw" and found.reason is not None:
        return Answer(_dump(_refused_tree(text, found)), False)
    return Answer(format_line(text, found), True)


def _identity(text: str, asked: Asked) -> Identity:
    found = identify_text(
        text, form=asked.form, fnc1=asked.fnc1, namespace=asked.namespace, permit=asked.permit
    )
    if asked.instance:
        require_instance(found)
    return found


def _explain(text: str, asked: Asked) -> tuple[dict[str, object], Fields]:
    """Return the members of an output line, and every bit or character of the text."""
    try:
        found = _identity(text, asked)
    except InvalidIdentifier as error:
        fields = anatomy(text, None, form=asked.form, fnc1=asked.fnc1, fault=error.position)
        return _error_tree(text, error), fields
    is_refused = found.kind == "raw" and found.reason is not None
    tree = _refused_tree(text, found) if is_refused else tree_of(text, found)
    return tree, anatomy(text, found, form=asked.form, fnc1=asked.fnc1)


def _error_tree(text: str, error: InvalidIdentifier) -> dict[str, object]:
    return {"input": text, "error": str(error), "position": error.position}


def _refused_tree(text: str, found: Identity) -> dict[str, object]:
    return {
        "input": text,
        "error": found.reason,
        "position": found.position,
        "id": found.id,
        "key": found.key,
        "kind": found.kind,
    }


def tree_of(text: str, found: Identity) -> dict[str, object]:
    """Return the members of an output line in their order; a remark only where there is one."""
    tree: dict[str, object] = {
        "input": text,
        "id": found.id,
        "key": found.key,
        "kind": found.kind,
        "scheme": found.scheme,
        "filter": found.filter,
        "ais": found.ais,
        "element_string": found.element_string,
        "digital_link": found.digital_link,
        "epc_uri": found.epc_uri,
        "tag_uri": found.tag_uri,
    }
    return tree if found.remark is None else tree | {"remark": found.remark}


def _dump(tree: Mapping[str, object]) -> str:
    return _ENCODER.encode(tree)


_ENCODER = json.JSONEncoder(separators=(",", ":"))
