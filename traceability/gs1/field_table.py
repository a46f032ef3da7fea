"""A code taken apart as a table on the terminal, for a person with a tag or a label in hand."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from traceability.errors import InvalidIdentifier
from traceability.gs1.anatomy import anatomy, visible
from traceability.gs1.bit_fields import BitField
from traceability.gs1.identify import identify
from traceability.gs1.instance import require_instance
from traceability.gs1.text_fields import TextField


def print_fields(
    text: str,
    *,
    form: str = "auto",
    fnc1: str | None = None,
    namespace: str | None = None,
    permit: tuple[str, ...] = (),
    instance: bool = False,
    console: Console | None = None,
) -> bool:
    """Print what each bit or character of a code is there for, and what the whole stands for.

    Args:
        text: The code.
        form: As `identify` takes it; so `fnc1` and `namespace`.
        fnc1: The one character that stands for FNC1.
        namespace: Host name for local names.
        permit: What to let pass, as `identify` takes it.
        instance: Refuse what names no single thing.
        console: Where to; by default standard output.

    Returns:
        Whether the code could be read.
    """
    console = console or Console(highlight=False)
    try:
        found = identify(text, form=form, fnc1=fnc1, namespace=namespace, permit=permit)
        if instance:
            require_instance(found)
    except InvalidIdentifier as error:
        fields = anatomy(text, None, form=form, fnc1=fnc1, fault=error.position)
        _print(console, text, fields)
        console.print(Text(str(error), style="red"), soft_wrap=True)
        return False
    _print(console, text, anatomy(text, found, form=form, fnc1=fnc1))
    if found.reason is not None:
        console.print(Text(found.reason, style="red"), soft_wrap=True)
    for word, value in (
        ("key", found.key),
        ("element string", found.element_string),
        ("Digital Link", found.digital_link),
        ("EPC URI", found.epc_uri),
    ):
        if value is not None:
            console.print(Text(f"{word:<15}"), Text(value), soft_wrap=True)
    return found.reason is None


def _print(
    console: Console, text: str, fields: tuple[BitField, ...] | tuple[TextField, ...]
) -> None:
    table = Table(title=Text(visible(text)), title_justify="left", title_style="bold")
    table.add_column("from", justify="right")
    table.add_column("what")
    is_tag = bool(fields) and isinstance(fields[0], BitField)
    table.add_column("bits" if is_tag else "characters", overflow="fold")
    table.add_column("says", overflow="fold")
    for one in fields:
        if isinstance(one, BitField):
            bits = f"{one.raw:0{one.length}b}"
            said = f"{one.value}  {one.note}".strip()
            table.add_row(str(one.start), one.name, bits, Text(said))
        else:
            table.add_row(str(one.start), one.name, Text(visible(one.text)), _said(one))
    console.print(table)


def _said(field: TextField) -> Text:
    if field.expected:
        return Text(f"wrong, expected {field.expected}", style="red")
    if field.is_right is not None:
        return Text("right") if field.is_right else Text("cannot be read here", style="red")
    about = f"of ({field.ai})" if field.ai and field.name == "value" else ""
    return Text(" ".join(part for part in (visible(field.value), about) if part))
