"""Products that come into being because a sheet names them, and those that are there already.

>>> product_key("w.invalid", Article("1188", "Navy", "M"), {})
'//w.invalid/class/P-1188-Navy-M'
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from traceability.gs1.local import LENGTH_MAX
from traceability.projections.view import Values, View
from traceability.sheets.article import Article
from traceability.sheets.change import Change, Difference
from traceability.sheets.colours import swatch

__all__ = ["Articles", "product_key"]

_FIELDS = ("name", "style", "colour", "size", "swatch", "kind")
_CUT = 6
_Identity = tuple[str, str, str]


def product_key(namespace: str, article: Article, known: Mapping[str, Values]) -> str:
    """Return the key of a product that has no barcode number.

    Args:
        namespace: The workshop's.
        article: What it is.
        known: Products by key: if another one has the same name, because hyphens part the words,
            this one gets six digits of a hash behind it.
    """
    plain = f"P-{article.style}-{article.colour}-{article.size}".replace("/", "-").strip()
    words = f"{article.style}\0{article.colour}\0{article.size}"
    digest = sha256(words.encode()).hexdigest()[:_CUT]
    text = plain if len(plain) <= LENGTH_MAX else f"{plain[: LENGTH_MAX - _CUT - 1]}-{digest}"
    key = f"//{namespace}/class/{text}"
    if key in known and _identity(known[key]) != article.key[:3]:
        key = f"//{namespace}/class/{plain[: LENGTH_MAX - _CUT - 1]}-{digest}"
    return key


def _identity(values: Values) -> _Identity:
    return (
        str(values.get("style", "")).casefold(),
        str(values.get("colour", "")).casefold(),
        str(values.get("size", "")).casefold(),
    )


class Articles:
    """The products of a workshop while a sheet is read: what is named gets a key, once."""

    def __init__(self, view: View) -> None:
        self._namespace = view.namespace
        self._known: dict[str, Values] = view.masters("product")
        self._there = dict(self._known)
        self._keys: dict[_Identity, str] = {}
        for key in sorted(
            self._known, key=lambda one: (not one.startswith("//"), one), reverse=True
        ):
            # Where several have one name, the workshop's own name stands for it.
            self._keys[_identity(self._known[key])] = key
        self._found: dict[tuple[str, str, str, str], str] = {}
        self._owners: dict[str, set[str]] = {}
        self._cells: dict[str, str] = {}

    def key(self, article: Article, owner: str, cell: str = "") -> str:
        """Return the key of a product; it is described from now on as the sheet says."""
        key = self._found.get(article.key)
        if key is None:
            key = self._key(article)
            self._found[article.key] = key
        if key not in self._owners:
            self._cells[key] = cell
            self._describe(key, article)
        self._owners.setdefault(key, set()).add(owner)
        return key

    def _key(self, article: Article) -> str:
        if article.gtin:
            return f"/01/{article.gtin}"
        found = self._keys.get(article.key[:3])
        return found or product_key(self._namespace, article, self._known)

    def _describe(self, key: str, article: Article) -> None:
        before = self._there.get(key)
        values = described(article, before)
        self._known[key] = values
        self._keys[_identity(values)] = key

    def name(self, key: str) -> str:
        """Return what people call a product."""
        return str(self._known.get(key, {}).get("name", key))

    def changes(self) -> list[Change]:
        """Return what became of every product that was named."""
        found = []
        for key, owners in self._owners.items():
            before, values = self._there.get(key), self._known[key]
            differences = () if before is None else differences_of(before, values, _FIELDS)
            state = "new" if before is None else "changed" if differences else "same"
            found.append(
                Change(
                    "product",
                    key,
                    str(values["name"]),
                    state,  # type: ignore[arg-type]  # one of the three words
                    values,
                    differences=differences,
                    detail=str(values.get("swatch", "")),
                    cell=self._cells[key],
                    owners=frozenset(owners),
                )
            )
        return found


def described(article: Article, before: Values | None) -> dict[str, Any]:
    """Return a product's master data: what is known already, with what the sheet says over it.

    >>> described(Article("1188", "Navy", "M", name="Overshirt"), None)["name"]
    'Overshirt, Navy, M'
    """
    values: dict[str, Any] = dict(before or {"kind": "garment"})
    for name, said in (
        ("style", article.style),
        ("colour", article.colour),
        ("size", article.size),
    ):
        # Other capitals are the same word: the first spelling stays.
        if said and said.casefold() != str(values.get(name, "")).casefold():
            values[name] = said
        values.setdefault(name, said)
    spoken = ", ".join(
        str(part)
        for part in (article.name or values["style"], values["colour"], values["size"])
        if part
    )
    if before is None or not str(before.get("name", "")):
        values["name"] = spoken or article.gtin
    elif article.name and str(before["name"]) not in (spoken, article.name):
        values["name"] = spoken
    if article.swatch:
        values["swatch"] = article.swatch
    elif before is None and (guess := swatch(article.colour)):
        values["swatch"] = guess
    return values


def differences_of(
    before: Values, after: Mapping[str, Any], names: tuple[str, ...]
) -> tuple[Difference, ...]:
    """Return which of some values are other ones."""
    return tuple(
        Difference(name, str(before.get(name, "")), str(after.get(name, "")))
        for name in names
        if str(before.get(name, "")) != str(after.get(name, ""))
    )
