"""`hangtag import`: take a spreadsheet or a file of events in, or say what that would do."""

from __future__ import annotations

import http.client
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from traceability import capture_commands
from traceability.errors import DatabaseBusy, Offline, Refused
from traceability.factory.folder import Factory
from traceability.ledger.append import Ledger
from traceability.opening import ledger_options, open_ledger
from traceability.projections.view import look
from traceability.sheets.book import Book, read_book
from traceability.sheets.choices import Choices
from traceability.sheets.headings import FIELDS, IGNORED, Kind, normal
from traceability.sheets.pending import KINDS
from traceability.sheets.planning import plan
from traceability.sheets.taking import take_in
from traceability.sheets.told import as_tree

__all__ = ["import_"]

EVENTS = "events"
SHOWN = 40
TIMEOUT_S = 300.0


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--as",
    "kind",
    required=True,
    type=click.Choice([*KINDS, EVENTS]),
    help="What the sheet holds; events come as JSON, a list.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@click.option(
    "--map",
    "maps",
    multiple=True,
    metavar="COLUMN=FIELD",
    help="What a heading means; remembered. May be given several times.",
)
@click.option("--sheet", default="", help="Which tab of the file.")
@click.option("--days", type=click.Choice(["dmy", "mdy"]), help="Day or month first: 03/04/2026.")
@click.option("--decimal", type=click.Choice([".", ","]), help="What parts the decimals: 1.240.")
@click.option("--rest", is_flag=True, help="Leave out orders and rows with a mistake.")
@click.option(
    "--server", default="", help="Address of the running server that owns the ledger: http://…"
)
@click.option(
    "--factory",
    type=click.Path(path_type=Path),
    help="Folder of the workshop.  [default: the one here]",
)
@ledger_options
def import_(
    file: Path,
    kind: str,
    *,
    dry_run: bool,
    maps: tuple[str, ...],
    sheet: str,
    days: str | None,
    decimal: str | None,
    rest: bool,
    server: str,
    factory: Path | None,
    db: str | None,
    ledger_name: str,
    as_json: bool,
) -> None:
    """Take orders, products, places, people or opening stock in from a spreadsheet, or events.

    FILE is .xlsx, .csv or text of any encoding, for events JSON; - reads what is piped in.
    """
    data, name = _data(file)
    if kind == EVENTS:
        told = _events(data, server, db or _of_factory(factory), ledger_name, dry_run, as_json)
        if as_json:
            click.echo(json.dumps(told, ensure_ascii=False))
        else:
            click.echo(capture_commands.sentences(told, dry_run=dry_run))
        if told["problem"] or (dry_run and told["refused"]):
            raise SystemExit(1)
        return
    of = next(one for one in KINDS if one == kind)
    _sheet(
        data,
        name,
        of,
        Choices(
            sheet=sheet,
            days=days or "",
            mark=decimal or "",
            columns=dict(_map(one, of) for one in maps),
        ),
        dry_run=dry_run,
        rest=rest,
        server=server,
        url=db or _of_factory(factory),
        ledger_name=ledger_name,
        as_json=as_json,
    )


def _events(
    data: bytes, server: str, url: str | None, ledger_name: str, dry_run: bool, as_json: bool
) -> dict[str, Any]:
    if dry_run:
        return capture_commands.check(data)
    with _bar(quiet=as_json) as progress:
        tell = progress or (lambda _done, _total: None)
        if server:
            return capture_commands.send(server, data, tell)
        ledger = open_ledger(url, ledger_name)
        try:
            _own(ledger)
            return capture_commands.bring_in(ledger, data, tell)
        finally:
            ledger.database.close()


def _sheet(
    data: bytes,
    name: str,
    kind: Kind,
    choices: Choices,
    *,
    dry_run: bool,
    rest: bool,
    server: str,
    url: str | None,
    ledger_name: str,
    as_json: bool,
) -> None:
    if server:
        tree = _ask(server, data, name, kind, choices, dry_run=dry_run, rest=rest)
    else:
        book = read_book(data, name)
        ledger = open_ledger(url, ledger_name)
        try:
            if dry_run:
                with look(ledger) as view:
                    tree = as_tree(plan(view, book, kind, choices, at=datetime.now(UTC)))
            else:
                tree = _take(ledger, book, kind, choices, rest=rest, is_quiet=as_json)
        finally:
            ledger.database.close()
    click.echo(
        json.dumps(tree, ensure_ascii=False) if as_json else _sentences(tree, dry_run=dry_run)
    )
    if dry_run and not tree["ready"]:
        raise SystemExit(1)


def _data(file: Path) -> tuple[bytes, str]:
    if str(file) == "-":
        return sys.stdin.buffer.read(), ""
    try:
        return file.read_bytes(), file.name
    except OSError as error:
        raise Refused(f"Cannot read {file}: {error.strerror}.") from error


def _map(given: str, kind: Kind) -> tuple[str, str]:
    heading, equals, name = given.rpartition("=")
    if not equals or (name not in FIELDS[kind] and name != IGNORED):
        fields = ", ".join(FIELDS[kind])
        raise Refused(
            f"Cannot use --map {given!r}: expected COLUMN=FIELD with a field of {fields}, "
            f"or {IGNORED} for a column that is not used."
        )
    return normal(heading), name


def _of_factory(folder: Path | None) -> str | None:
    """Return the address of a factory's ledger; None if none is meant."""
    if folder is None and os.environ.get("HANGTAG_DB"):
        return None
    try:
        return Factory.find(folder).url
    except Refused:
        if folder is not None:
            raise
        return None


def _take(
    ledger: Ledger, book: Book, kind: Kind, choices: Choices, *, rest: bool, is_quiet: bool
) -> dict[str, Any]:
    _own(ledger)
    with _bar(quiet=is_quiet) as progress:
        taken = take_in(
            ledger,
            book,
            kind,
            choices,
            at=datetime.now(UTC),
            by="admin",
            rest=rest,
            progress=progress,
        )
    return {**as_tree(taken.plan), "written": taken.entries}


def _own(ledger: Ledger) -> None:
    try:
        ledger.database.own()
    except DatabaseBusy as error:
        raise DatabaseBusy(
            "Hangtag is running on this ledger. Say where with --server http://127.0.0.1:8080, "
            "or paste the sheet on its page /sheets, or stop it first. Nothing was taken in."
        ) from error


def _ask(
    server: str,
    data: bytes,
    name: str,
    kind: Kind,
    choices: Choices,
    *,
    dry_run: bool,
    rest: bool,
) -> dict[str, Any]:
    """Hand the sheet to the server that owns the ledger."""
    parts = urlsplit(server if "://" in server else f"http://{server}")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Refused(f"Cannot use {server!r} as an address: expected http://HOST:PORT.")
    query = {"as": kind, "name": name, "choices": json.dumps(choices.tree())}
    query |= {"dry_run": "1"} if dry_run else {}
    query |= {"rest": "1"} if rest else {}
    headers = {"Content-Type": "application/octet-stream"}
    token = os.environ.get("HANGTAG_TOKEN", "")
    if token:
        headers["Authorization"] = f"Bearer {token}"
    make = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = make(parts.hostname, parts.port, timeout=TIMEOUT_S)
    try:
        connection.request("POST", f"/api/import?{urlencode(query)}", data, headers)
        answer = connection.getresponse()
        tree = json.loads(answer.read() or b"{}")
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Offline(f"Nobody answers at {server}: {error}. Nothing was taken in.") from error
    finally:
        connection.close()
    if answer.status != 200:
        if answer.status == 401:
            raise Refused(f"{server} does not know us: set HANGTAG_TOKEN to its token.")
        raise Refused(str(tree.get("detail", f"{server} answered {answer.status}.")))
    return dict(tree)


# --- answers -----------------------------------------------------------------------------------


NOUNS = {
    "order": ("order", "orders"),
    "product": ("product", "products"),
    "place": ("place", "places"),
    "person": ("person", "people"),
    "roll": ("roll", "rolls"),
    "stock": ("figure of stock", "figures of stock"),
}


def _sentences(tree: Mapping[str, Any], *, dry_run: bool) -> str:
    lines = []
    if tree.get("sheet"):
        lines.append(f"Sheet “{tree['sheet']}”.")
    for sort, states in tree["counts"].items():
        said = [f"{count} {word}" for word, count in _states(states) if count]
        total = sum(states.values())
        lines.append(f"{total} {NOUNS[sort][total != 1]}: {', '.join(said)}.")
    for change in [one for one in tree["changes"] if one["differences"]][:SHOWN]:
        for each in change["differences"]:
            what = each["of"] or each["field"]
            lines.append(f"  {change['name']}: {what}: {each['old']} → {each['new']}")
    lines += [f"  {sentence}" for sentence in tree["remarks"][:SHOWN]]
    lines += [f"? {one['sentence']}" for one in tree["questions"] if one["open"]]
    lines += [f"! {one['sentence']}" for one in tree["problems"][:SHOWN]]
    if len(tree["problems"]) > SHOWN:
        lines.append(f"! and {len(tree['problems']) - SHOWN} more.")
    if dry_run:
        lines.append("Nothing was written: this was a dry run.")
    elif tree["written"]:
        lines.append(f"Taken in: {tree['written']} entries.")
    else:
        lines.append("Nothing to do: all of it is known already.")
    return "\n".join(lines)


def _states(states: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    for name, word in (("new", "new"), ("changed", "changed"), ("same", "as it is")):
        yield word, states[name]


@contextmanager
def _bar(*, quiet: bool) -> Iterator[Callable[[int, int], None] | None]:
    if quiet or not sys.stderr.isatty():
        yield None
        return
    columns = (TextColumn("Taking in"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Taking in", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
