"""`hangtag identify`: what a tag, a scan or a link stands for, one JSON line for each.

>>> line = answer("]E09506000134352", form="auto")
>>> '"key":"/01/09506000134352"' in line.text, line.is_good
(True, True)
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BufferedIOBase

import click

from traceability.errors import InvalidIdentifier
from traceability.gs1.identify import FORMS
from traceability.gs1.identify import identify as identify_text
from traceability.gs1.identity import Identity
from traceability.gs1.tag_line import format_tag_line

CHUNK_BYTES = 1 << 17
"""How much of standard input is taken at once; answers leave after each piece."""

LINE_BYTES_MAX = 1 << 16
"""Longest input line; of a longer one only this much is looked at, and refused."""


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
@click.option("--namespace", metavar="HOST", help="Host name under which plain text is a name.")
@click.option("--json", "as_json", is_flag=True, help="JSON lines, as without it: for scripts.")
@click.argument("texts", metavar="[TEXT]...", nargs=-1)
@click.pass_context
def identify(
    ctx: click.Context,
    *,
    form: str,
    fnc1: str | None,
    namespace: str | None,
    as_json: bool,
    texts: tuple[str, ...],
) -> None:
    """Say what each TEXT stands for, or each line of standard input.

    Exit 1 if one of them could not be read.
    """
    if fnc1 is not None and len(fnc1) != 1:
        raise click.BadParameter(f"expected one character, got {fnc1!r}", param_hint="--fnc1")
    is_good = True
    for lines in iter([list(texts)]) if texts else _standard_input():
        out: list[str] = []
        for text in lines:
            line = format_tag_line(text) if form in ("auto", "epc") else None
            if line is None:
                found = answer(text, form=form, fnc1=fnc1, namespace=namespace)
                is_good = is_good and found.is_good
                line = found.text
            out.append(line)
        if out:
            click.echo("\n".join(out))
    if not is_good:
        ctx.exit(1)


def _standard_input() -> Iterator[list[str]]:
    stdin = sys.stdin.buffer
    assert isinstance(stdin, BufferedIOBase)
    return read_lines(stdin)


def read_lines(stream: BufferedIOBase) -> Iterator[list[str]]:
    r"""Yield the lines of a stream without their ends, as many at once as have arrived.

    A byte that is no UTF-8 stays visible as an escape.

    >>> import io
    >>> list(read_lines(io.BytesIO(b"a\r\n\nb")))
    [['a', ''], ['b']]
    """
    rest = b""
    while data := stream.read1(CHUNK_BYTES):
        done, newline, tail = data.rpartition(b"\n")
        if newline:
            yield _split(rest + done)
            rest = tail
        elif len(rest) < LINE_BYTES_MAX:
            rest += data
    if rest:
        yield _split(rest)


def _split(data: bytes) -> list[str]:
    text = data.decode("utf-8", "backslashreplace")
    return [line.rstrip("\r")[:LINE_BYTES_MAX] for line in text.split("\n")]


def answer(
    text: str, *, form: str, fnc1: str | None = None, namespace: str | None = None
) -> Answer:
    """Return the output line for one input.

    A tag that does not decode is an error line too; it also says under which key it is kept.
    """
    try:
        found = identify_text(text, form=form, fnc1=fnc1, namespace=namespace)
    except InvalidIdentifier as error:
        return Answer(
            _dump({"input": text, "error": str(error), "position": error.position}), False
        )
    if found.kind == "raw" and found.reason is not None:
        kept = {
            "input": text,
            "error": found.reason,
            "position": found.position,
            "id": found.id,
            "key": found.key,
            "kind": found.kind,
        }
        return Answer(_dump(kept), False)
    return Answer(_dump(tree_of(text, found)), True)


def tree_of(text: str, found: Identity) -> dict[str, object]:
    """Return the members of an output line in their order."""
    return {
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


def _dump(tree: Mapping[str, object]) -> str:
    return _ENCODER.encode(tree)


_ENCODER = json.JSONEncoder(separators=(",", ":"))
