"""A workshop's own labels: names that live in its own namespace and never pass for GS1 keys.

>>> name = LocalName("knit-corner.workshop.invalid", "obj", "Bundle 17")
>>> name.key
'//knit-corner.workshop.invalid/obj/Bundle 17'
>>> name.uri
'https://knit-corner.workshop.invalid/obj/Bundle%2017'
>>> parse_local_uri(name.uri) == parse_local_key(name.key) == name
True
"""

import re
import unicodedata
from dataclasses import dataclass

from traceability.errors import InvalidIdentifier
from traceability.gs1.escapes import escape_link, unescape

DEFAULT_NAMESPACE = "localhost.workshop.invalid"
"""Namespace of plain text when the caller knows none (a ledger always knows its own)."""

LENGTH_MAX = 80
"""Longest local name, in characters after normalisation."""

_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?\Z")
_URI = re.compile(r"https://([^/?#]+)/(obj|class|loc|bt)/([^/?#]+)\Z")
_KEY = re.compile(r"//([^/]+)/(obj|class|loc|bt)/(.+)\Z", re.DOTALL)
# Line ends and every blank of Unicode, but no separator such as GS: that is data gone wrong.
_BLANKS = "\t\r\n" + "".join(
    chr(code) for code in range(0x3001) if unicodedata.category(chr(code)) == "Zs"
)
_SORTS = ("obj", "class", "loc", "bt")


@dataclass(frozen=True, slots=True)
class LocalName:
    """One name that a site gave to a thing, a class, a place or a document of its own.

    The text is in NFC, trimmed, 1 to 80 characters, without control characters; case is kept.

    Raises:
        InvalidIdentifier: If any of that does not hold.
    """

    namespace: str
    """Host name of the workshop, lower case."""
    sort: str
    """``obj`` a thing, ``class`` a kind of thing, ``loc`` a place, ``bt`` a document."""
    text: str

    def __post_init__(self) -> None:
        if not _HOST.match(self.namespace):
            raise InvalidIdentifier(
                f"Cannot use {self.namespace!r} as a namespace: expected a host name of small "
                "letters, digits, points and hyphens."
            )
        if self.sort not in _SORTS:
            raise InvalidIdentifier(
                f"Cannot name a {self.sort!r}: expected one of {', '.join(_SORTS)}."
            )
        if self.text != normalise_name(self.text):
            raise InvalidIdentifier(
                f"Cannot use {self.text!r} as a local name: expected it trimmed and in NFC."
            )

    @property
    def key(self) -> str:
        """The key in the ledger: two slashes, namespace, sort, the text as it is."""
        return f"//{self.namespace}/{self.sort}/{self.text}"

    @property
    def uri(self) -> str:
        """The URI for events: https, the text percent-encoded."""
        return f"https://{self.namespace}/{self.sort}/{escape_link(self.text)}"


def normalise_name(text: str) -> str:
    """Return the text as a local name spells it: NFC, without blanks at either end.

    Raises:
        InvalidIdentifier: If nothing is left, more than 80 characters are, or one of them is a
            control character, a lone surrogate or a line separator.
    """
    name = (text if text.isascii() else unicodedata.normalize("NFC", text)).strip(_BLANKS)
    if not name:
        raise InvalidIdentifier("Cannot name a thing with empty text: expected 1 to 80 characters.")
    if len(name) > LENGTH_MAX:
        raise InvalidIdentifier(
            f"Cannot use {name[:20]!r}… as a name: expected at most {LENGTH_MAX} characters, "
            f"got {len(name)}.",
            LENGTH_MAX,
        )
    if not name.isprintable():
        for position, character in enumerate(name):
            # No-break and other wide blanks are not "printable" either, but harmless.
            if unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}:
                raise InvalidIdentifier(
                    f"Cannot use {name[:40]!r} as a name: expected text, got the control "
                    f"character {character!r}.",
                    position,
                )
    return name


def parse_local_uri(uri: str) -> LocalName | None:
    """Read ``https://{namespace}/obj|class|loc|bt/{text}``; None if it is no such URI.

    >>> parse_local_uri("https://example.com/about") is None
    True
    """
    match = _URI.match(uri)
    if match is None:
        return None
    try:
        return LocalName(
            match[1].lower(), match[2], normalise_name(unescape(match[3], match.start(3)))
        )
    except InvalidIdentifier:
        return None


def parse_local_key(key: str) -> LocalName | None:
    """Read ``//{namespace}/obj|class|loc|bt/{text}``; None if it is no such key."""
    match = _KEY.match(key)
    if match is None:
        return None
    try:
        return LocalName(match[1], match[2], match[3])
    except InvalidIdentifier:
        return None
