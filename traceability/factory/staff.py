"""The people of a workshop as their owner enters them: taken on, named, gone, their name erased.

>>> checked_name("  Ana   Lopes ")
'Ana Lopes'
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from traceability.database import file_of, open_database
from traceability.errors import DatabaseBusy, Refused
from traceability.factory.folder import Factory
from traceability.labels.issuing import Wish, issue
from traceability.ledger.append import Ledger
from traceability.ledger.erasing import erasure_draft
from traceability.projections.entering import master_draft
from traceability.projections.people import Person, people, person
from traceability.projections.view import View, look

__all__ = ["change", "checked_name", "erase_aside", "erase_name", "take_on"]

NAME_MAX = 60
AT_ONCE_MAX = 500


def checked_name(given: str) -> str:
    """Return a name without stray blanks.

    Raises:
        Refused: If it is empty or too long.
    """
    name = " ".join(given.split())
    if not name:
        raise Refused("A person needs a name: write one, or erase the name on its own page.")
    if len(name) > NAME_MAX:
        raise Refused(
            f"The name {name[:30]!r}… has {len(name)} characters: expected at most {NAME_MAX}; "
            "write one name per line."
        )
    return name


def take_on(ledger: Ledger, names: Sequence[str], *, by: str) -> list[str]:
    """Enter people with a badge each; who is here under that name already is not entered again.

    Args:
        ledger: Where they are entered.
        names: As they were pasted.
        by: Who enters them.

    Returns:
        The codes of the new badges, in the order of the names.

    Raises:
        Refused: If a name cannot be one, or there are too many at once; then nobody is entered.
    """
    wanted = list(dict.fromkeys(checked_name(name) for name in names))
    if len(wanted) > AT_ONCE_MAX:
        raise Refused(f"Enter at most {AT_ONCE_MAX} people at once, got {len(wanted)}.")

    def wishes(view: View) -> list[Wish]:
        known = {one.name.casefold() for one in people(view)}
        return [
            Wish("W", {"is_active": True}, {"name": name})
            for name in wanted
            if name.casefold() not in known
        ]

    return [code.text for code in issue(ledger, wishes, by=by)]


def change(
    ledger: Ledger,
    key: str,
    *,
    by: str,
    name: str | None = None,
    language: str | None = None,
    is_active: bool | None = None,
) -> Person:
    """Say something else of a person; what is not given stays. No change enters nothing.

    Raises:
        Refused: If nobody has this key, or the name cannot be one.
    """
    with look(ledger) as view:
        found = person(view, key)
        values = dict(view.master("person", [key]).get(key, {}))
    if found is None:
        raise Refused(f"Nobody here has the badge {key.rsplit('/', 1)[-1][:40]!r}.")
    wanted = replace(
        found,
        name=found.name if name is None else checked_name(name),
        language=found.language if language is None else language,
        is_active=found.is_active if is_active is None else is_active,
    )
    if wanted == found:
        return found
    values |= {
        "badge": found.badge,
        "language": wanted.language,
        "is_active": wanted.is_active,
    }
    # The newest word about a person carries the name along, so that one look-up finds it.
    private = {"name": wanted.name} if wanted.name else None
    outcome = ledger.append([master_draft("person", key, values, by=by, private=private)])[0]
    if outcome.status == "refused":
        raise Refused(outcome.problem or f"The record does not take {found.badge}.")
    return wanted


def erase_name(ledger: Ledger, key: str, *, by: str) -> None:
    """Forget what a person is called, in every entry that ever said it; the badge stays.

    Raises:
        Refused: If the ledger does not take the entry that says so; then the name stays too.
    """
    outcome = ledger.append([erasure_draft(key, ["name"], by=by)])[0]
    if outcome.status == "refused":
        raise Refused(outcome.problem or "The name was not erased.")


def erase_aside(factory: Factory, key: str, *, by: str) -> bool:
    """Forget a name in the factory's other ledger as well: practice beside live, or the reverse.

    Returns:
        Whether it holds the name no more; False if another process has that ledger open.

    Raises:
        Refused: If that ledger does not take the entry that says so.
    """
    other = factory.with_practice(not factory.is_practice)
    file = file_of(other.url)
    if file is None or not file.exists():
        return True
    database = open_database(other.url, create=False)
    try:
        database.own()
        ledger = Ledger.open(database)
        with look(ledger) as view:
            is_known = person(view, key) is not None
        if is_known:
            erase_name(ledger, key, by=by)
    except DatabaseBusy:
        return False
    finally:
        database.close()
    return True
