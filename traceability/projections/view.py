"""One consistent look at a ledger: every figure on a page comes from the same moment.

Questions ("where is it", "how much is there") are functions in the module of their projection; each
takes a view first. Answers speak of keys and names; interned numbers stay in here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, text

from traceability.database import rows_by
from traceability.epcis import body as bodies
from traceability.flow import Flow
from traceability.gs1 import product_of
from traceability.ledger.append import Ledger
from traceability.projections import tables
from traceability.projections.holding import class_of, holder_of

Values = Mapping[str, Any]
"""Master data of one thing as it was entered: JSON."""


@dataclass(frozen=True, slots=True)
class Label:
    """What to call a thing: a name for people, and its code for those who need it."""

    key: str
    name: str
    detail: str = ""
    """What stands small beside the name: the product of a bundle, the end of a serial."""

    def __str__(self) -> str:
        return f"{self.name} {self.detail}".strip()


@dataclass(slots=True)
class View:
    """A snapshot of one ledger, open for questions."""

    connection: Connection
    ledger_id: int
    size: int
    """Entries at this moment."""
    record_at: datetime
    """Record time of the last entry, UTC: the time of all figures."""
    root: bytes
    opening: Values
    """The first entry, with the newest answers about name, language and zone in it."""
    flow: Flow
    workshop: Values = field(default_factory=dict)
    """What was answered about the workshop since the opening; empty if nothing was."""
    _names: dict[int, str] = field(default_factory=dict)
    _master: dict[tuple[str, str], Values | None] = field(default_factory=dict)

    @property
    def namespace(self) -> str:
        """Host name of the workshop's own labels."""
        return str(self.opening["namespace"])

    def names(self, numbers: Iterable[int | None]) -> dict[int, str]:
        """Return the texts behind numbers; 0 is the empty text."""
        missing = {no for no in numbers if no and no not in self._names}
        for row in rows_by(
            self.connection,
            tables.name,
            ("no", "text"),
            ledger_id=self.ledger_id,
            column="no",
            values=missing,
        ):
            self._names[row.no] = row.text
        self._names[0] = ""
        return self._names

    def number(self, kind: str, name: str) -> int | None:
        """Return the number of a name, None if the ledger never met it."""
        found = self.connection.execute(
            text("SELECT no FROM name WHERE ledger_id = :l AND kind = :k AND text = :t"),
            {"l": self.ledger_id, "k": kind, "t": name},
        ).scalar()
        return int(found) if found is not None else None

    def master(self, kind: str, keys: Collection[str]) -> dict[str, Values]:
        """Return what was entered about things of one type, by key; unknown ones are left out.

        What was taken back (``withdrawn``) is as if nobody had ever entered it.
        """
        missing = [key for key in keys if (kind, key) not in self._master]
        for row in rows_by(
            self.connection,
            tables.master_data,
            ("key", "value"),
            ledger_id=self.ledger_id,
            column="key",
            values=missing,
            where=f"t.type = '{kind}'",
        ):
            values = _values(row.value)
            self._master[kind, row.key] = None if values.get("withdrawn") else values
        for key in missing:
            self._master.setdefault((kind, key), None)
        found = {key: self._master[kind, key] for key in keys}
        return {key: value for key, value in found.items() if value is not None}

    def suppose(self, kind: str, key: str, values: Values) -> None:
        """Look on as if this had been entered: to see what it would change, before it is."""
        self._master[kind, key] = values

    def masters(self, kind: str) -> dict[str, Values]:
        """Return everything that was entered of one type, by key."""
        rows = self.connection.execute(
            text(
                "SELECT key, value FROM master_data WHERE ledger_id = :l AND type = :k ORDER BY key"
            ),
            {"l": self.ledger_id, "k": kind},
        )
        known = {row.key: _values(row.value) for row in rows}
        return {key: values for key, values in known.items() if not values.get("withdrawn")}

    def label(self, key: str) -> Label:
        """Return what to call a thing, a place, a product or an order."""
        return self.labels([key])[key]

    def labels(self, keys: Iterable[str]) -> dict[str, Label]:
        """Return what to call many things at once: three look-ups, however many they are."""
        wanted = [key for key in dict.fromkeys(keys) if key]
        products = {key: product_of(class_of(key)) for key in wanted}
        ticket = self.master("ticket", wanted)
        roll = self.master("roll", wanted)
        place = self.master("place", [*wanted, *(holder_of(key) or "" for key in wanted)])
        order = self.master("order", wanted)
        said = (value.get("product") for value in (*ticket.values(), *roll.values()))
        classes = {str(one) for one in said if one}
        product = self.master("product", [*filter(None, products.values()), *wanted, *classes])
        labels: dict[str, Label] = {"": Label("", "")}
        for key in wanted:
            if key in place:
                labels[key] = Label(key, str(place[key].get("name", key)))
            elif key in order:
                values = order[key]
                labels[key] = Label(
                    key, str(values.get("title", "")), str(values.get("number", ""))
                )
            elif key in product:
                labels[key] = Label(key, str(product[key].get("name", key)))
            else:
                known = ticket.get(key) or roll.get(key) or {}
                of = product.get(str(known.get("product"))) or product.get(products[key] or "")
                named = str(of["name"]) if of else str(known.get("material", ""))
                # The letter before a roll's own barcode is the record's, not the supplier's.
                # So is the letter before the barcode that somebody bound to a bundle.
                code = str(known.get("code") or "") if key in roll or key in ticket else ""
                labels[key] = Label(key, code, named) if code else _plain_label(key, named, place)
        return labels


def _values(stored: str) -> Values:
    tree = bodies.parse(stored.encode())
    assert isinstance(tree, dict), "master data is stored as a JSON object"
    return tree


def _plain_label(key: str, product: str, place: Mapping[str, Values]) -> Label:
    if holder_of(key) is not None:
        holder = holder_of(key) or ""
        where = str(place[holder]["name"]) if holder in place else short(holder)
        return Label(key, product or short(class_of(key)), where)
    if key.startswith("urn:epc:raw:"):
        return Label(key, short(key))
    if "/21/" in key or key.startswith(("/00/", "/8003/")):
        return Label(key, product or short(key), short(key) if product else "")
    return Label(key, key.rstrip("/").rsplit("/", 1)[-1], product)


def short(key: str) -> str:
    """Return the end of a long code as people read it out.

    >>> short("/01/09521141001011/21/10007"), short("//w.invalid/class/B-17")
    ('…0007', 'B-17')
    """
    last = key.rsplit("/", 1)[-1]
    return last if key.startswith("//") or len(last) <= 4 else f"…{last[-4:]}"


def moment(at: int) -> datetime:
    """Turn microseconds since 1970 into a UTC time, exactly.

    >>> moment(1_500_000).isoformat()
    '1970-01-01T00:00:01.500000+00:00'
    """
    seconds, micro = divmod(at, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=micro)


@contextmanager
def look(ledger: Ledger) -> Iterator[View]:
    """Open a view of a ledger as it is now."""
    with ledger.database.read() as connection:
        head = connection.execute(
            text("SELECT size, record_at, root FROM ledger WHERE ledger_id = :l"),
            {"l": ledger.ledger_id},
        ).one()
        opening, flow = ledger.opening_and_flow(connection)
        workshop = _workshop(connection, ledger.ledger_id, str(opening["namespace"]))
        yield View(
            connection,
            ledger.ledger_id,
            head.size,
            moment(head.record_at),
            bytes(head.root),
            {**opening, **workshop},
            flow,
            workshop,
        )


def _workshop(connection: Connection, ledger_id: int, namespace: str) -> Values:
    found = connection.execute(
        text("SELECT value FROM master_data WHERE ledger_id = :l AND type = :t AND key = :k"),
        {"l": ledger_id, "t": "workshop", "k": namespace},
    ).scalar()
    return _values(found) if found is not None else {}
