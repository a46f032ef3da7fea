"""The same thing in all other forms: what a label, a tag, a partner or a web page calls it."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass

from traceability.commissioning.tags import tag_of
from traceability.errors import InvalidIdentifier
from traceability.gs1.anatomy import tag_bits, visible
from traceability.gs1.company import Prefixes, epc_uri_of
from traceability.gs1.element_string import format_message
from traceability.gs1.epc_schemes import BY_HEADER
from traceability.gs1.identity import CANONICAL_HOST, Identity
from traceability.web.sentences import gettext as _


@dataclass(frozen=True, slots=True)
class Form:
    """One way to write a thing."""

    name: str
    value: str
    note: str = ""


def forms(code: str, found: Identity, prefixes: Prefixes, *, form: str = "auto") -> Iterator[Form]:
    """Yield every form that exists; what does not exist is not named.

    Args:
        code: What was scanned or typed.
        found: What it was read as.
        prefixes: The company prefixes that are known.
        form: What it was said to be.
    """
    if found.kind == "local" and found.key is not None:
        yield Form(_("Name"), found.key.rsplit("/", 1)[-1])
        yield Form(_("Link"), found.id or found.key)
        return
    if found.element_string:
        yield Form(_("Under the bars"), found.element_string)
        yield Form(_("As a scanner sends it"), visible("]C1" + format_message(found.ais)))
    if found.digital_link:
        yield Form(_("Digital Link"), found.digital_link)
    epc_uri = found.epc_uri or _epc_uri(found, prefixes)
    if epc_uri:
        yield Form(_("EPC"), epc_uri)
    if found.tag_uri:
        yield Form(_("EPC with filter"), found.tag_uri)
    bank = tag_bits(code, found, form=form)
    if bank is not None and found.kind == "raw":
        yield Form(_("Tag in hex"), _hex(*bank))
    elif bank is not None:
        yield from tag_forms(*bank)
    else:
        yield from _on_a_chip(found, prefixes)


def _epc_uri(found: Identity, prefixes: Prefixes) -> str | None:
    if found.key is None or not found.ais:
        return None
    try:
        return epc_uri_of(found.key, prefixes)
    except InvalidIdentifier:
        return None


def _on_a_chip(found: Identity, prefixes: Prefixes) -> Iterator[Form]:
    """Yield what a chip on the thing would carry; nothing for what is no single thing."""
    if not found.ais:
        return
    try:
        epc = tag_of(found, prefixes)
    except InvalidIdentifier:
        return
    scheme = BY_HEADER[epc[0]].name
    yield from tag_forms(int.from_bytes(epc), 8 * len(epc), scheme)


def tag_forms(value: int, bits: int, note: str = "") -> Iterator[Form]:
    """Yield a tag in hex and as the two short links that carry it whole.

    Args:
        value: The EPC bank as one number.
        bits: Its length.
        note: Which scheme it is, where the page does not say it already.

    Source: GS1 EPC Binary Strings 1.0.0, section 4.
    """
    digits = _hex(value, bits)
    yield Form(_("Tag in hex"), digits, note)
    yield Form(_("Tag as a link"), f"{CANONICAL_HOST}/eh{digits.lower()}")
    if bits % 8 == 0:
        coded = urlsafe_b64encode(value.to_bytes(bits // 8)).decode().rstrip("=")
        yield Form(_("Tag as a short link"), f"{CANONICAL_HOST}/ex{coded}")


def _hex(value: int, bits: int) -> str:
    return f"{value:0{-(-bits // 4)}X}"
