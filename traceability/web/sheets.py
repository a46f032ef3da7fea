"""Sheets: paste cells or drop a file, see what would happen, put cells right, take it in."""

from __future__ import annotations

import tempfile
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    jsonify,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.sansio.blueprints import BlueprintSetupState
from flask_babel import get_locale
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as BaseResponse

from traceability.errors import Refused, TraceabilityError
from traceability.ledger.append import Ledger
from traceability.sheets.book import BYTES_MAX, Book, read_book
from traceability.sheets.change import Plan
from traceability.sheets.choices import Choices
from traceability.sheets.complaint import Question
from traceability.sheets.export import Form, blank, export, write_sheet
from traceability.sheets.headings import Kind
from traceability.sheets.pending import KINDS, Pending, Waiting
from traceability.sheets.planning import plan
from traceability.sheets.taking import Taken, take_in
from traceability.sheets.told import as_tree
from traceability.web import access, sheet_words
from traceability.web.clock import now
from traceability.web.reading import current
from traceability.web.sentences import gettext as _
from traceability.web.words import titled

blueprint = Blueprint("sheets", __name__)

ROWS_SHOWN = 60
COMPLAINTS_SHOWN = 60
REMARKS_SHOWN = 12
BOOKS_MAX = 3
LARGE = 1_000
"""Entries from which on a sheet is taken in beside the page, which then shows how far it is."""
MEDIA = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}
CELL = "cell-"
ASKED = "ask-"


@dataclass(slots=True)
class Taking:
    """A sheet on its way into the record."""

    done: int = 0
    total: int = 0
    trouble: str = ""

    def tell(self, done: int, total: int) -> None:
        """Hear how far it is."""
        self.done, self.total = done, total


@dataclass(slots=True)
class Desk:
    """What this server remembers about sheets between two pages."""

    folder: Path | None = None
    books: OrderedDict[str, Book] = field(default_factory=OrderedDict)
    """Files that were read already, by id; guarded by lock."""
    takings: dict[str, Taking] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def pending(self) -> Pending:
        """Return the sheets that wait: in the workshop's folder, or in one for this run alone."""
        factory = current_app.extensions.get("hangtag.factory")
        if factory is not None:
            return Pending(factory.uploads / "sheets")
        with self.lock:
            if self.folder is None:
                self.folder = Path(tempfile.mkdtemp(prefix="hangtag-sheets-"))
        return Pending(self.folder)

    def book(self, one: Waiting) -> Book:
        """Return a sheet's file, read once however often its page is opened."""
        with self.lock:
            found = self.books.get(one.id)
        if found is None:
            found = read_book(self.pending().data(one), one.name)
            with self.lock:
                self.books[one.id] = found
                while len(self.books) > BOOKS_MAX:
                    self.books.popitem(last=False)
        return found


@blueprint.record
def _prepare(state: BlueprintSetupState) -> None:
    state.app.extensions["hangtag.sheets"] = Desk()


@blueprint.url_value_preprocessor
def _widen(_endpoint: str | None, _values: dict[str, Any] | None) -> None:
    # Pasted cells are one field of a form; this runs before the form is read for its check.
    request.max_form_memory_size = BYTES_MAX


def desk() -> Desk:
    """Return what this server remembers about sheets."""
    return cast("Desk", current_app.extensions["hangtag.sheets"])


def _kind(given: str) -> Kind:
    return given if given in KINDS else "orders"


# --- handing in --------------------------------------------------------------------------------


@blueprint.get("/sheets")
def show() -> str:
    """Offer to paste cells or to drop a file."""
    return _offer(_kind(request.args.get("as", "orders")))


def _offer(kind: Kind, *, trouble: str = "", pasted: str = "") -> str:
    return render_template(
        "sheets.html",
        kind=kind,
        kinds=sheet_words.KINDS,
        trouble=trouble,
        pasted=pasted,
        stages=[titled(stage) for stage in _stages()],
    )


def _stages() -> tuple[Any, ...]:  # stages of the flow
    with current().look() as view:
        return tuple(view.flow.stages)


@blueprint.post("/sheets")
def hand_in() -> BaseResponse | tuple[str, int]:
    """Keep a sheet and lead to what it would do; one that cannot be read is answered at once."""
    kind = _kind(request.form.get("as", "orders"))
    file = request.files.get("file")
    data = file.read() if file is not None and file.filename else b""
    name = (file.filename or "") if data and file is not None else ""
    pasted = request.form.get("cells", "")
    if not data:
        data, name = pasted.encode(), ""
    try:
        if not data.strip():
            raise Refused(_("Paste the cells, or choose a file."))
        book = read_book(data, "" if name == "pasted.txt" else name)
    except Refused as error:
        return _offer(kind, trouble=sheet_words.trouble(error), pasted=pasted[:100_000]), 400
    one = desk().pending().add(data, "" if name == "pasted.txt" else name, kind)
    with desk().lock:
        desk().books[one.id] = book
    return redirect(url_for("sheets.preview", sheet_id=one.id), 303)


# --- what would happen -------------------------------------------------------------------------


@blueprint.get("/sheets/<sheet_id>")
@access.only("admin")
def preview(sheet_id: str) -> str:
    """Show what a sheet would do, what is wrong, and what is asked."""
    one = _find(sheet_id)
    taking = desk().takings.get(one.id)
    if one.taken is None and taking is not None and not taking.trouble:
        return render_template("sheet_taking.html", sheet=one, taking=taking)
    if one.taken is not None:
        return render_template("sheet_taken.html", sheet=one, said=_taken_words(one.taken))
    return _preview(one, taking.trouble if taking is not None else "")


def _find(sheet_id: str) -> Waiting:
    return desk().pending().find(sheet_id) or abort(404)


def _preview(one: Waiting, trouble: str = "", *, pressed: str = "") -> str:
    with current().look() as view:
        made = plan(view, desk().book(one), one.kind, one.choices, at=now())
        places = {
            key: str(values.get("name", key)) for key, values in view.masters("place").items()
        }
    places |= {change.key: change.name for change in made.of("place")}
    rest = made.written(rest=True) if made.can_take_rest else []
    sorts = sheet_words.main_sort(one.kind)
    beside = [each for each in made.changes if each.sort not in sorts and each.state != "same"]
    return render_template(
        "sheet_preview.html",
        sheet=one,
        plan=made,
        trouble=trouble,
        pressed=pressed,
        said=sheet_words.counted(made.changes),
        rest_said=sheet_words.counted(rest),
        rows=sheet_words.rows(made, places, ROWS_SHOWN),
        row_count=sum(change.sort in sorts for change in made.changes),
        beside=beside,
        beside_said=sheet_words.counted(beside, amounts=False),
        questions=[_asked(each) for each in made.questions if not each.is_known],
        columns=[_asked(each) for each in made.questions if each.is_known],
        complaints=[
            (each, sheet_words.sentence(each)) for each in made.complaints[:COMPLAINTS_SHOWN]
        ],
        remarks=[sheet_words.sentence(each) for each in made.remarks[:REMARKS_SHOWN]],
        remark_count=len(made.remarks),
        states={state: _count(made, state) for state in ("new", "changed", "same")},
        corrected=one.choices.corrections,
        kinds=sheet_words.KINDS,
    )


def _asked(one: Question) -> tuple[Question, str, list[tuple[str, str]]]:
    return one, sheet_words.question_words(one), sheet_words.options(one)


def _count(made: Plan, state: str) -> int:
    sorts = sheet_words.main_sort(made.kind)
    return sum(change.state == state and change.sort in sorts for change in made.changes)


def _taken_words(taken: Mapping[str, int]) -> str:
    return str(taken.get("said", ""))


# --- answering and taking in -------------------------------------------------------------------


@blueprint.post("/sheets/<sheet_id>")
def answer(sheet_id: str) -> BaseResponse | str | tuple[str, int]:
    """Take corrected cells and answers; then look again, or take the sheet in."""
    one = _find(sheet_id)
    do = request.form.get("do", "check")
    if do == "drop":
        desk().pending().drop(one)
        return redirect(f"{url_for('sheets.show')}?as={one.kind}", 303)
    if one.taken is not None:
        return redirect(url_for("sheets.preview", sheet_id=one.id), 303)
    one = desk().pending().choose(one, _choices(one.choices, request.form))
    if do not in ("take", "rest"):
        return redirect(url_for("sheets.preview", sheet_id=one.id), 303)
    with current().look() as view:
        made = plan(view, desk().book(one), one.kind, one.choices, at=now())
    is_rest = do == "rest"
    if not made.is_ready and not (is_rest and made.can_take_rest):
        return _preview(one, pressed=do), 409
    if len(made.written(rest=is_rest)) > LARGE:
        _take_beside(one, rest=is_rest)
    else:
        _keep_taken(one, _take(one, rest=is_rest))
    return redirect(url_for("sheets.preview", sheet_id=one.id), 303)


# A button may carry a cell's text: it stands after the field of the same name, and wins.
def _choices(before: Choices, form: MultiDict[str, str]) -> Choices:
    corrections = dict(before.corrections)
    columns = dict(before.columns)
    answers = {"days": before.days, "mark": before.mark, "sheet": before.sheet}
    for name, texts in form.lists():
        text = texts[-1].strip()
        if name.startswith(CELL) and form.get(f"was-{name}") != text:
            corrections[name.removeprefix(CELL)] = text
        elif name.startswith(f"{ASKED}column:"):
            heading = name.removeprefix(f"{ASKED}column:")
            if text != form.get(f"was-{name}"):
                columns[heading] = text
        elif name.startswith(ASKED) and text:
            answers[name.removeprefix(ASKED)] = text
    if answers["sheet"] != before.sheet and before.sheet:
        corrections = {}
    sizes = list(before.sizes)
    kept = form.get("keep", "")
    if kept and kept not in sizes:
        sizes.append(kept)
    tree = {"columns": columns, "sizes": sizes, "corrections": corrections, **answers}
    return Choices.read(tree)


def _take(one: Waiting, *, rest: bool, taking: Taking | None = None) -> Taken:
    return take_in(
        cast("Ledger", current().ledger),
        desk().book(one),
        one.kind,
        one.choices,
        at=now(),
        by=access.role() or "admin",
        rest=rest,
        progress=taking.tell if taking is not None else None,
    )


def _keep_taken(one: Waiting, taken: Taken) -> None:
    said: dict[str, Any] = {"said": sheet_words.counted(taken.changes), "entries": taken.entries}
    desk().pending().keep(Waiting(one.id, one.name, one.kind, one.choices, said))
    desk().takings.pop(one.id, None)


def _take_beside(one: Waiting, *, rest: bool) -> None:
    """Take a large sheet in in a thread; the page asks how far it is."""
    with desk().lock:
        running = desk().takings.get(one.id)
        if running is not None and not running.trouble:
            return
        taking = desk().takings[one.id] = Taking()
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # Flask's own way
    locale = str(get_locale() or "en")
    by = access.role() or "admin"

    def work() -> None:
        with app.test_request_context(f"/sheets/{one.id}?lang={locale}"):
            try:
                taken = take_in(
                    cast("Ledger", current().ledger),
                    desk().book(one),
                    one.kind,
                    one.choices,
                    at=now(),
                    by=by,
                    rest=rest,
                    progress=taking.tell,
                )
                _keep_taken(one, taken)
            except TraceabilityError as error:
                taking.trouble = str(error)
            except Exception as error:  # noqa: BLE001 - the top of a thread; the page says it
                current_app.logger.warning("a sheet was not taken in: %s", error)
                taking.trouble = _("Something broke on the server")

    threading.Thread(target=work, name="sheet", daemon=True).start()


# --- sheets to take along ------------------------------------------------------------------------


@blueprint.get("/sheets/blank/<name>.xlsx")
def give_blank(name: str) -> Response:
    """Give a sheet with headings, to be filled in."""
    kind, form = _named(name)
    sheet = blank(kind, form, _language())
    return _file(sheet, "xlsx", f"{name}-blank", kind)


@blueprint.get("/sheets/export/<name>.<ending>")
def give_export(name: str, ending: str) -> Response:
    """Give what is known as a sheet; taken in again, it changes nothing."""
    kind, form = _named(name)
    if kind == "people" and access.role() != "admin":
        abort(403)
    with current().look() as view:
        sheet = export(view, kind, form, _language())
    return _file(sheet, ending, name, kind)


@blueprint.get("/orders/export.<ending>")
def give_orders(ending: str) -> Response:
    """Give the orders as a sheet: a line for each size, or sizes as columns."""
    form: Form = "matrix" if request.args.get("form") == "matrix" else "list"
    with current().look() as view:
        sheet = export(view, "orders", form, _language())
    return _file(sheet, ending, "orders", "orders")


def _named(name: str) -> tuple[Kind, Form]:
    known: dict[str, tuple[Kind, Form]] = {one: (one, "list") for one in KINDS}
    known["orders-sizes"] = ("orders", "matrix")
    return known.get(name) or abort(404)


def _language() -> str:
    return "zh_Hans" if str(get_locale() or "en").startswith("zh") else "en"


def _file(sheet: Any, ending: str, name: str, kind: Kind) -> Response:  # rows of cells
    if ending not in MEDIA:
        abort(404)
    data = write_sheet(sheet, "csv" if ending == "csv" else "xlsx", str(sheet_words.KINDS[kind]))
    response = Response(data, mimetype=MEDIA[ending].partition(";")[0])
    response.headers["Content-Type"] = MEDIA[ending]
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{ending}"'
    return response


# --- for programs ------------------------------------------------------------------------------


@blueprint.post("/api/import")
def import_sheet() -> Response:
    """Take a sheet in for a program, or say what it would do (``?dry_run=1``).

    The body is the file. ``as``, ``rest`` and ``choices`` (JSON) stand in the address.
    """
    kind = request.args.get("as", "")
    if kind not in KINDS:
        raise Refused(f"Cannot take a sheet as {kind!r}: expected one of {', '.join(KINDS)}.")
    choices = Choices.read(_json(request.args.get("choices", "")))
    book = read_book(request.get_data(), request.args.get("name", ""))
    is_rest = request.args.get("rest") == "1"
    if request.args.get("dry_run") == "1":
        with current().look() as view:
            made = plan(view, book, _kind(kind), choices, at=now())
        return jsonify(as_tree(made))
    by = access.role() or "admin"
    ledger = cast("Ledger", current().ledger)
    taken = take_in(ledger, book, _kind(kind), choices, at=now(), by=by, rest=is_rest)
    return jsonify({**as_tree(taken.plan), "written": taken.entries})


def _json(text: str) -> dict[str, Any]:
    if not text:
        return {}
    try:
        tree = current_app.json.loads(text)
    except ValueError as error:
        raise Refused("Cannot read the choices: expected a JSON object.") from error
    return tree if isinstance(tree, dict) else {}
