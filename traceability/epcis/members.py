"""The members of one event as its sender spelled them, read one by one.

Every reading either gives a value that means one thing or says in one sentence which member was
expected to be what, and what came.

>>> from traceability.epcis.vocabulary import STEPS
>>> sent = Members.of({"type": "ObjectEvent", "epcList": [], "bizStep": "cbv:BizStep-packing"})
>>> sent.word("bizStep", STEPS)
'packing'
>>> sent.time("eventTime")
Traceback (most recent call last):
    ...
traceability.errors.InvalidEvent: Cannot read the event's eventTime: expected a time like \
2026-03-02T09:15:30.250+01:00, got nothing.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, cast

from traceability.epcis.body import Tree
from traceability.epcis.event_time import is_offset, parse_time
from traceability.epcis.quantity import Quantity
from traceability.epcis.shape import KEPT, MEMBERS, SHAPES
from traceability.epcis.vocabulary import (
    DISPOSITIONS,
    DYE_LOT,
    OPERATION,
    PREFIXES,
    PRODUCT,
    SOURCE_TYPES,
    TRANSACTION_TYPES,
    Vocabulary,
    expand,
)
from traceability.errors import InvalidEvent

URI_LENGTH_MAX: Final = 1024
"""Characters of an identifier."""
LIST_LENGTH_MAX: Final = 20_000
"""Elements of a list of identifiers."""

_DECIMALS: Final = ("value", "minValue", "maxValue", "meanValue", "sDev", "percRank", "percValue")
_QUANTITY: Final = frozenset({"epcClass", "quantity", "uom"})
_PAPER: Final = frozenset({"type", "bizTransaction"})
_PARTIES: Final = {name: frozenset({"type", name}) for name in ("source", "destination")}

_has_scheme = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:.").match
_FORBIDDEN: Final = ' "<>\\^`{|}'
_is_unit = re.compile("(?:[A-Z0-9]{2,3})?").fullmatch


def wrong(member: str, expected: str, got: object) -> InvalidEvent:
    """Make the error that says which member of an event broke which rule.

    >>> print(wrong("action", "ADD, OBSERVE or DELETE", "MOVE"))
    Cannot read the event's action: expected ADD, OBSERVE or DELETE, got 'MOVE'.
    """
    shown = "nothing" if got is None else str(got) if isinstance(got, Decimal) else ascii(got)
    if len(shown) > 100:
        shown = shown[:99] + "…"
    return InvalidEvent(f"Cannot read the event's {member}: expected {expected}, got {shown}.")


@dataclass(frozen=True, slots=True)
class Members:
    """An event, or one object inside it, as JSON."""

    tree: Mapping[str, Tree]
    kind: str
    """Event type."""
    path: str = ""
    """Name of the object inside the event, with a blank; empty for the event."""

    @classmethod
    def of(cls, tree: Tree) -> "Members":
        """Take the members of an event whose type and member names are those of the standard.

        Raises:
            InvalidEvent: If the type is none of the five, or a member does not belong to it.
        """
        if not isinstance(tree, Mapping):
            raise wrong("JSON", "an object", tree)
        kind = tree.get("type")
        shape = SHAPES.get(kind) if isinstance(kind, str) else None
        if shape is None or not isinstance(kind, str):
            raise wrong("type", "one of " + ", ".join(SHAPES), kind)
        for name, value in tree.items():
            if value is None:
                raise wrong(name, "a value", "null")
            if name not in shape.members and name not in KEPT and ":" not in name:
                if name in MEMBERS:
                    raise wrong(name, f"no such member in {kind}", value)
                raise wrong(name, "a member of EPCIS 2.0, or a name with its namespace", value)
        if shape.rule in {"object", "transaction"}:
            _check_things(tree, kind)
        return cls(tree, kind)

    def inside(self, member: str) -> "Members | None":
        """Return the members of an object inside this one, None if it is absent."""
        value = self.tree.get(member)
        if value is None:
            return None
        if not isinstance(value, Mapping):
            raise wrong(self.path + member, "an object", value)
        return Members(value, self.kind, f"{self.path}{member} ")

    def identifier(self, member: str) -> str | None:
        """Return a URI as sent, None if it is absent."""
        value = self.tree.get(member)
        return None if value is None else _uri(value, self.path + member)

    def identifiers(self, member: str) -> tuple[str, ...]:
        """Return a list of URIs as sent, empty if it is absent."""
        if member not in self.tree:
            return ()
        items = self._list(member)
        # A gate sends hundreds of good URIs for one bad one; the second walk names it. The cast
        # holds: to join anything but texts raises TypeError.
        texts = cast("list[str]", items)
        try:
            if _are_uris(texts):
                return tuple(texts)
        except TypeError:
            pass
        return tuple([_uri(item, self.path + member) for item in items])

    def time(self, member: str) -> int:
        """Return a time, which must be there, as µs UTC."""
        value = self.tree.get(member)
        if not isinstance(value, str):
            raise wrong(self.path + member, "a time like 2026-03-02T09:15:30.250+01:00", value)
        try:
            return parse_time(value)
        except ValueError as error:
            raise wrong(self.path + member, str(error), value) from error

    def offset(self) -> str:
        """Return the time zone offset, which must be there."""
        value = self.tree.get("eventTimeZoneOffset")
        if not isinstance(value, str) or not is_offset(value):
            raise wrong("eventTimeZoneOffset", "an offset like +01:00", value)
        return value

    def action(self) -> str | None:
        """Return the action; the event itself knows which are allowed."""
        value = self.tree.get("action")
        if value is not None and not isinstance(value, str):
            raise wrong("action", "ADD, OBSERVE or DELETE", value)
        return value

    def word(self, member: str, vocabulary: Vocabulary) -> str | None:
        """Return a bare word for any spelling of it, a private URI as sent, None if absent."""
        value = self.tree.get(member)
        return None if value is None else _word(value, self.path + member, vocabulary)

    def place(self, member: str) -> str | None:
        """Return the id of a readPoint or bizLocation, None if it is absent."""
        value = self.tree.get(member)
        if value is None:
            return None
        if not isinstance(value, Mapping):
            raise wrong(member, "an object with an id", value)
        return _uri(value.get("id"), f"{member} id")

    def quantities(self, member: str) -> tuple[Quantity, ...]:
        """Return a list of quantities, empty if it is absent."""
        if member not in self.tree:
            return ()
        return tuple([_quantity(item, member) for item in self._objects(member, _QUANTITY)])

    def papers(self) -> tuple[tuple[str | None, str], ...]:
        """Return type and id of each business transaction."""
        member = "bizTransactionList"
        if member not in self.tree:
            return ()
        return tuple(
            [
                (
                    _word(item["type"], f"{member} type", TRANSACTION_TYPES)
                    if "type" in item
                    else None,
                    _uri(item.get("bizTransaction"), f"{member} bizTransaction"),
                )
                for item in self._objects(member, _PAPER)
            ]
        )

    def parties(self, member: str, name: str) -> tuple[tuple[str, str], ...]:
        """Return type and id of each source or destination."""
        if member not in self.tree:
            return ()
        return tuple(
            [
                (
                    _word(item.get("type"), f"{member} type", SOURCE_TYPES),
                    _uri(item.get(name), f"{member} {name}"),
                )
                for item in self._objects(member, _PARTIES[name])
            ]
        )

    def ilmd(self) -> dict[str, Tree]:
        """Return what was made known of new things, names in full."""
        inner = self.inside("ilmd")
        if inner is None:
            return {}
        for name in inner.tree:
            if ":" not in name:
                raise wrong(f"ilmd {name}", "a name with its namespace", inner.tree[name])
        known = _in_full(inner.tree)
        _check_texts(known, (PRODUCT, DYE_LOT))
        return known

    def extensions(self) -> dict[str, Tree]:
        """Return the members that no field of an event reads, names in full."""
        names = self.tree.keys() - SHAPES[self.kind].members
        if not names:
            return {}
        # In the sender's order: sets have none.
        known = _in_full({name: self.tree[name] for name in self.tree if name in names})
        _check_texts(known, (OPERATION,))
        _check_context(known.get("@context"))
        _check_dispositions(known.get("persistentDisposition"))
        _check_sensors(known.get("sensorElementList"))
        return known

    def _list(self, member: str) -> list[Tree]:
        value = self.tree[member]
        if not isinstance(value, list):
            raise wrong(self.path + member, "a list", value)
        if len(value) > LIST_LENGTH_MAX:
            raise wrong(self.path + member, f"at most {LIST_LENGTH_MAX} elements", len(value))
        return value

    def _objects(self, member: str, names: frozenset[str]) -> list[Mapping[str, Tree]]:
        """Return a list of objects that have no other members than the names."""
        found: list[Mapping[str, Tree]] = []
        for item in self._list(member):
            if not isinstance(item, Mapping):
                raise wrong(member, "a list of objects", item)
            if not item.keys() <= names:
                unknown = min(item.keys() - names)
                raise wrong(member, "only " + ", ".join(sorted(names)), unknown)
            found.append(item)
        return found


def _are_uris(texts: list[str]) -> bool:
    """Tell whether all texts are URIs, or as good as partners' URIs get.

    Partners send characters that RFC 3986 does not allow (Chinese serials, for one); what cannot
    be in any URI and would break lists and links is not taken: blanks, invisible signs, brackets.
    """
    joined = "".join(texts)
    return (
        joined.isprintable()
        and not any(map(joined.__contains__, _FORBIDDEN))
        and all(map(_has_scheme, texts))
        and max(map(len, texts), default=0) <= URI_LENGTH_MAX
    )


def _uri(value: Tree, member: str) -> str:
    if not isinstance(value, str) or not _are_uris([value]):
        raise wrong(member, f"a URI of at most {URI_LENGTH_MAX} characters", value)
    return value


def _word(value: Tree, member: str, vocabulary: Vocabulary) -> str:
    word = vocabulary.read(value) if isinstance(value, str) else None
    if word is not None:
        return word
    # A word of GS1 that CBV 2.0 does not know (withdrawn, or newer) is a URI like any other.
    if not isinstance(value, str) or not _are_uris([value]):
        raise wrong(member, f"{vocabulary.title} of CBV 2.0 or a URI", value)
    return value


def _quantity(item: Mapping[str, Tree], member: str) -> Quantity:
    unit = item.get("uom", "")
    if not isinstance(unit, str) or _is_unit(unit) is None:
        raise wrong(f"{member} uom", "a unit code like MTR or KGM", unit)
    amount = item.get("quantity")
    # A text is no number: "NaN" and "1e400" would be taken for one by a decimal.
    if "quantity" in item and (isinstance(amount, bool) or not isinstance(amount, (int, Decimal))):
        raise wrong(f"{member} quantity", "a number", amount)
    epc_class = _uri(item.get("epcClass"), f"{member} epcClass")
    try:
        exact = Decimal(amount) if isinstance(amount, (int, Decimal)) else None
        return Quantity(epc_class, exact, unit or None)
    except ValueError as error:
        raise wrong(f"{member} quantity", str(error), amount) from error


def _in_full(tree: Mapping[str, Tree]) -> dict[str, Tree]:
    full = {
        expand(name): _value_in_full(value) if isinstance(value, (list, Mapping)) else value
        for name, value in tree.items()
    }
    if len(full) != len(tree):
        raise wrong("extensions", "each member once", "one under two spellings of its prefix")
    return full


def _value_in_full(value: Tree) -> Tree:
    """Spell names in full at every depth, as the body does: read from it, the event is equal."""
    if isinstance(value, Mapping):
        return _in_full(value)
    return [_value_in_full(item) for item in value] if isinstance(value, list) else value


def _check_things(tree: Mapping[str, Tree], kind: str) -> None:
    # The schema wants the list of things to be there, though it may be empty: an event may be
    # about a place alone, if something was measured there, or about the end of a transaction.
    is_measured = kind == "ObjectEvent" and "sensorElementList" in tree and "readPoint" in tree
    is_ended = kind == "TransactionEvent" and tree.get("action") == "DELETE"
    if "epcList" not in tree and not tree.get("quantityList") and not is_measured | is_ended:
        raise wrong("epcList", f"epcList or quantityList in {kind}", None)
    if kind == "ObjectEvent" and "ilmd" in tree and tree.get("action") != "ADD":
        raise wrong("ilmd", "none unless things are made (action ADD)", tree.get("action"))


def _check_texts(tree: Mapping[str, Tree], names: tuple[str, ...]) -> None:
    for name in names:
        if name in tree and not isinstance(tree[name], str):
            raise wrong(name, "a text", tree[name])


def _check_context(context: Tree) -> None:
    """Refuse a context that gives a prefix of the fixed table another meaning."""
    for part in context if isinstance(context, list) else [context]:
        if isinstance(part, Mapping):
            for prefix, namespace in part.items():
                if PREFIXES.get(prefix, namespace) != namespace:
                    expected = f"prefix {prefix!r} for {PREFIXES[prefix]}"
                    raise wrong("@context", expected, namespace)


def _check_dispositions(value: Tree) -> None:
    if value is None:
        return
    name = "persistentDisposition"
    if not isinstance(value, Mapping) or not value or not value.keys() <= {"set", "unset"}:
        raise wrong(name, "an object with set, unset or both", value)
    for words in value.values():
        if not isinstance(words, list) or not words:
            raise wrong(name, "lists of dispositions", words)
        for word in words:
            _word(word, name, DISPOSITIONS)


def _check_sensors(value: Tree) -> None:
    """Refuse sensor reports that are no list of objects with numbers where numbers belong."""
    if value is None:
        return
    name = "sensorElementList"
    if not isinstance(value, list):
        raise wrong(name, "a list", value)
    for element in value:
        reports = element.get("sensorReport") if isinstance(element, Mapping) else None
        if not isinstance(reports, list) or not reports:
            raise wrong(name, "objects with a list sensorReport", element)
        for report in reports:
            if not isinstance(report, Mapping):
                raise wrong(f"{name} sensorReport", "objects", report)
            for decimal in _DECIMALS:
                number = report.get(decimal, 0)
                if isinstance(number, bool) or not isinstance(number, (int, Decimal)):
                    raise wrong(f"{name} {decimal}", "a number", number)
