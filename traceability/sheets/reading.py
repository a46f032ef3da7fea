"""Values of cells, judged: pieces, days, codes. What cannot be taken becomes a complaint.

A code that a spreadsheet has damaged is never repaired by guessing: the digits are gone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from traceability.errors import InvalidIdentifier
from traceability.gs1.check_digit import is_checked
from traceability.gs1.local import normalise_name
from traceability.sheets import amounts, days
from traceability.sheets.choices import Choices
from traceability.sheets.complaint import N_, Complaint, Question
from traceability.sheets.grid import Formula, shown
from traceability.sheets.table import Cell

__all__ = ["Judge"]

NUMBER_MAX = Decimal(10_000_000)

FORMULA = N_(
    "%(cell)s is the formula %(value)s without a result. Open the file in the spreadsheet program "
    "and save it again, or write the value here."
)
BROKEN = N_("%(cell)s shows the spreadsheet's error %(value)s. Write the value here.")
DAMAGED = N_(
    "%(cell)s says %(value)s: the spreadsheet has shortened a long number, and digits are lost. "
    "Format the column as text in the spreadsheet and enter the code again, or write it here."
)
CODE_IS_DAY = N_(
    "%(cell)s is the day %(value)s: the spreadsheet has taken a code for a date. Format the column "
    "as text there and enter it again, or write it here."
)
LONG = N_("%(cell)s has %(count)s characters: expected at most %(limit)s.")
NO_NAME = N_(
    "%(cell)s says %(value)s, which cannot be a name: it holds a character that is not printed."
)
GTIN_LENGTH = N_(
    "%(cell)s says %(value)s, %(count)s digits: a barcode number has 8, 12, 13 or 14. Zeros at its "
    "start may be lost: format the column as text in the spreadsheet, or write the whole "
    "number here."
)
GTIN_DIGIT = N_(
    "%(cell)s says %(value)s: its last digit does not fit the others, so a digit is wrong or lost. "
    "Read it from the label again."
)
GTIN_LETTERS = N_("%(cell)s says %(value)s: a barcode number has digits alone.")
NOT_A_NUMBER = N_("%(cell)s says %(value)s: expected a number of pieces, such as 40.")
NOT_WHOLE = N_("%(cell)s says %(value)s: pieces are whole. Write a whole number.")
BELOW_ZERO = N_(
    "%(cell)s says %(value)s: less than nothing cannot be ordered. Write how many are to be made."
)
ZERO = N_("%(cell)s says 0 pieces. Write how many, or take the row out of the sheet.")
TOO_MANY = N_("%(cell)s says %(value)s: expected at most %(limit)s.")
NOT_AN_AMOUNT = N_("%(cell)s says %(value)s: expected an amount above zero, such as 92.5.")
NOT_A_DAY = N_(
    "%(cell)s says %(value)s: expected a day with its year, from 2000 to 2100, such as 2026-03-05."
)
ASK_MARK = N_("What does %(example)s mean?")
ASK_DAYS = N_("%(example)s: which comes first, the day or the month?")

_SHORTENED = re.compile(r"[0-9]+(?:[.,][0-9]+)?E\+?[0-9]+\Z", re.IGNORECASE)
_SURELY = re.compile(r"[0-9]+(?:[.,][0-9]+)?E\+[0-9]+\Z", re.IGNORECASE)
_ERRORS = frozenset({"#REF!", "#N/A", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!"})
TEXT_MAX = 200


@dataclass(slots=True)
class Judge:
    """Reads cells by what the whole column says; keeps what is wrong."""

    mark: str = "."
    order: days.Order = "dmy"
    complaints: list[Complaint] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)

    def learn(
        self,
        numbers: Iterable[Cell],
        written_days: Iterable[Cell],
        choices: Choices,
        *,
        are_whole: bool,
    ) -> None:
        """Find out how the sheet writes numbers and days; ask where it does not say."""
        mark = amounts.decide(
            (c.value for c in numbers if isinstance(c.value, str)), are_whole=are_whole
        )
        self.mark = choices.mark or mark.mark
        if mark.example:
            self.questions.append(_mark_question(mark, choices))
        order = days.decide_order(c.value for c in written_days if isinstance(c.value, str))
        self.order = "mdy" if (choices.days or order.order) == "mdy" else "dmy"
        if not order.is_clear:
            self.questions.append(_days_question(order, choices))

    def complain(
        self,
        words: str,
        cell: Cell,
        owner: str = "",
        suggestion: str = "",
        **values: str,
    ) -> None:
        """Keep one complaint about a cell."""
        owners = frozenset({owner}) if owner else frozenset()
        said = {"value": cell.text, **values}
        self.complaints.append(Complaint(words, said, cell.name, cell.text, suggestion, owners))

    def has_value(self, cell: Cell | None, owner: str = "") -> bool:
        """Say whether a cell can be read at all; a formula without a result is complained of."""
        if cell is None or cell.value is None:
            return False
        if isinstance(cell.value, Formula):
            self.complain(FORMULA, cell, owner)
            return False
        if isinstance(cell.value, str) and cell.value.upper() in _ERRORS:
            self.complain(BROKEN, cell, owner)
            return False
        return True

    def text(self, cell: Cell | None, owner: str = "", *, limit: int = TEXT_MAX) -> str:
        """Read words for people; empty if there are none or they cannot be taken."""
        if cell is None or not self.has_value(cell, owner):
            return ""
        if len(cell.text) > limit:
            self.complain(LONG, cell, owner, count=str(len(cell.text)), limit=str(limit))
            return ""
        return cell.text

    def code(self, cell: Cell | None, owner: str = "") -> str:
        """Read what becomes part of a name: an order's number, a style, a roll."""
        if cell is None or not self.has_value(cell, owner):
            return ""
        if isinstance(cell.value, date):
            self.complain(CODE_IS_DAY, cell, owner)
            return ""
        text = cell.text
        if isinstance(cell.value, str) and _SURELY.match(text):
            self.complain(DAMAGED, cell, owner)
            return ""
        try:
            return normalise_name(text)
        except InvalidIdentifier:
            if len(text) > 80:
                self.complain(LONG, cell, owner, count=str(len(text)), limit="80")
            else:
                self.complain(NO_NAME, cell, owner)
            return ""

    def gtin(self, cell: Cell | None, owner: str = "") -> str:
        """Read a barcode number as 14 digits; empty if there is none or it cannot be right."""
        if cell is None or not self.has_value(cell, owner):
            return ""
        digits = re.sub(r"[\s-]", "", cell.text)
        if _SHORTENED.match(digits):
            self.complain(DAMAGED, cell, owner)
        elif isinstance(cell.value, date) or not (digits.isascii() and digits.isdigit()):
            self.complain(GTIN_LETTERS, cell, owner)
        elif len(digits) not in (8, 12, 13, 14):
            self.complain(GTIN_LENGTH, cell, owner, count=str(len(digits)))
        elif not is_checked(digits):
            self.complain(GTIN_DIGIT, cell, owner)
        else:
            return digits.zfill(14)
        return ""

    def number(self, cell: Cell) -> Decimal | None:
        """Read a number without judging it; None if it is none."""
        if isinstance(cell.value, Decimal):
            return cell.value
        return amounts.read_amount(cell.value, self.mark) if isinstance(cell.value, str) else None

    def pieces(self, cell: Cell, owner: str = "", *, may_be_none: bool = False) -> int | None:
        """Read whole pieces; None if there are none, or they cannot be taken.

        Args:
            cell: A filled cell.
            owner: Whose complaint it would be.
            may_be_none: Nothing and a dash mean that none are ordered, as under a size.
        """
        if not self.has_value(cell, owner):
            return None
        if may_be_none and isinstance(cell.value, str) and amounts.is_nothing(cell.value):
            return None
        found = self.number(cell)
        if found is None:
            self.complain(NOT_A_NUMBER, cell, owner)
        elif found < 0:
            self.complain(BELOW_ZERO, cell, owner, suggestion=shown(-found))
        elif found != found.to_integral_value():
            self.complain(NOT_WHOLE, cell, owner)
        elif found == 0 and not may_be_none:
            self.complain(ZERO, cell, owner)
        elif found > NUMBER_MAX:
            self.complain(TOO_MANY, cell, owner, limit=shown(NUMBER_MAX))
        else:
            return int(found) or None
        return None

    def amount(self, cell: Cell, owner: str = "") -> Decimal | None:
        """Read metres, yards or kilograms; None if they cannot be taken."""
        if not self.has_value(cell, owner):
            return None
        found = self.number(cell)
        if found is None or found <= 0 or found != round(found, 6):
            self.complain(NOT_AN_AMOUNT, cell, owner)
        elif found > NUMBER_MAX:
            self.complain(TOO_MANY, cell, owner, limit=shown(NUMBER_MAX))
        else:
            return found
        return None

    def day(self, cell: Cell | None, owner: str = "") -> date | None:
        """Read a day; None if there is none, or it cannot be taken."""
        if cell is None or not self.has_value(cell, owner):
            return None
        if isinstance(cell.value, date):
            found: date | None = cell.value if days.in_range(cell.value) else None
        else:
            found = days.read_day(cell.text, self.order)
        if found is None:
            self.complain(NOT_A_DAY, cell, owner)
        return found


def _mark_question(mark: amounts.Mark, choices: Choices) -> Question:
    other = "," if mark.mark == "." else "."
    readings = {one: amounts.read_amount(mark.example, one) for one in (mark.mark, other)}
    options = tuple((one, shown(value)) for one, value in readings.items() if value is not None)
    return Question(
        "mark", ASK_MARK, {"example": mark.example}, options, choices.mark, is_open=not choices.mark
    )


def _days_question(order: days.DayOrder, choices: Choices) -> Question:
    options = tuple(
        (one, shown(days.read_day(order.example, one)))
        for one in ("dmy", "mdy")
        if days.read_day(order.example, one)
    )
    return Question(
        "days",
        ASK_DAYS,
        {"example": order.example},
        options,
        choices.days,
        is_open=not choices.days,
    )
