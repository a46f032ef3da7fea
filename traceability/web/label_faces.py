"""The words on labels in the page's language, and a label as the bench of a page shows it."""

from __future__ import annotations

from traceability.errors import Conflict, Refused
from traceability.labels.label import Label
from traceability.labels.reading_back import proven
from traceability.labels.sheet import Paper
from traceability.labels.wording import Wording
from traceability.web.sentences import gettext as _

__all__ = ["preview", "wording"]


def wording() -> Wording:
    """Return the words of labels in the language of this page; braces are filled in later."""
    return Wording(
        order=_("Order %(number)s", number="{number}"),
        order_word=_("Order"),
        running=_("%(running)s of %(count)s", running="{running}", count="{count}"),
        size=_("Size"),
        pieces=_("Pieces"),
        carton=_("Carton"),
        roll=_("Roll"),
        dye_lot=_("Dye lot"),
        supplier=_("Supplier"),
        serial=_("Serial"),
        sender=_("Sender"),
        receiver=_("Receiver"),
        metres=_("Metres"),
        yards=_("Yards"),
        kilograms=_("Kilograms"),
        ticket_title=_("Bundle ticket %(code)s", code="{code}"),
        carton_title=_("Carton label %(code)s", code="{code}"),
        badge_title=_("Badge %(code)s", code="{code}"),
        garment_title=_("Hang-tag %(code)s", code="{code}"),
        roll_title=_("Roll label %(code)s", code="{code}"),
        logistic_title=_("Logistic label %(code)s", code="{code}"),
    )


def preview(label: Label | None, paper: Paper) -> str:
    """Draw a label at its true size; nothing where the paper has no room for it.

    It is proven like what is printed: a page with a preview can be printed, too.
    """
    if label is None:
        return ""
    try:
        picture = proven(label, paper.label, paper.inset)
    except (Conflict, Refused):
        return ""
    wide, high = (f"{side:g}" for side in paper.label)
    return picture.svg().replace(
        f'x="0" y="0" width="{wide}" height="{high}"', f'width="{wide}mm" height="{high}mm"', 1
    )
