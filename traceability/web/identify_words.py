"""The words for what stands in a code: numbers in brackets, bits of a tag, parts of a link."""

from __future__ import annotations

import re

from traceability.web.sentences import LazyString, lazy_gettext
from traceability.web.sentences import gettext as _

AI_WORDS: dict[str, LazyString] = {
    "00": lazy_gettext("carton or pallet number"),
    "01": lazy_gettext("product number"),
    "02": lazy_gettext("product inside"),
    "10": lazy_gettext("lot"),
    "11": lazy_gettext("made on"),
    "13": lazy_gettext("packed on"),
    "15": lazy_gettext("best before"),
    "17": lazy_gettext("use by"),
    "20": lazy_gettext("variant"),
    "21": lazy_gettext("serial number"),
    "22": lazy_gettext("variant for consumers"),
    "37": lazy_gettext("pieces inside"),
    "240": lazy_gettext("maker's own number"),
    "254": lazy_gettext("spot in that place"),
    "400": lazy_gettext("customer's order"),
    "410": lazy_gettext("ship to"),
    "414": lazy_gettext("place"),
    "417": lazy_gettext("party"),
    "420": lazy_gettext("postcode"),
    "8003": lazy_gettext("returnable box"),
    "8004": lazy_gettext("asset of a company"),
    "8006": lazy_gettext("piece of a set"),
    "8010": lazy_gettext("part of a product"),
    "8011": lazy_gettext("number of that part"),
}

FIELD_WORDS: dict[str, LazyString] = {
    # of a tag
    "header": lazy_gettext("header"),
    "filter": lazy_gettext("filter"),
    "partition": lazy_gettext("partition"),
    "company prefix": lazy_gettext("company prefix"),
    "item": lazy_gettext("item"),
    "item reference": lazy_gettext("item"),
    "serial": lazy_gettext("serial"),
    "lot": lazy_gettext("lot"),
    "piece": lazy_gettext("piece"),
    "total": lazy_gettext("of so many pieces"),
    "serial reference": lazy_gettext("serial reference"),
    "location": lazy_gettext("location"),
    "location reference": lazy_gettext("location"),
    "extension": lazy_gettext("extension"),
    "asset type": lazy_gettext("kind of asset"),
    "asset": lazy_gettext("asset"),
    "asset reference": lazy_gettext("asset"),
    "service reference": lazy_gettext("service reference"),
    "document type": lazy_gettext("kind of document"),
    "coupon": lazy_gettext("coupon"),
    "coupon reference": lazy_gettext("coupon"),
    "part": lazy_gettext("part"),
    "part number": lazy_gettext("part"),
    "component reference": lazy_gettext("part"),
    "party": lazy_gettext("party"),
    "consignment": lazy_gettext("consignment"),
    "shipment": lazy_gettext("shipment"),
    "manager": lazy_gettext("manager"),
    "general manager": lazy_gettext("manager"),
    "class": lazy_gettext("class"),
    "object class": lazy_gettext("class"),
    "CAGE or DoDAAC": lazy_gettext("supplier's code"),
    "padding": lazy_gettext("filling zeros"),
    "reserved": lazy_gettext("reserved zeros"),
    "end of text": lazy_gettext("end of the text"),
    "rest": lazy_gettext("what cannot be read"),
    "data toggle": lazy_gettext("more data behind"),
    "date kind": lazy_gettext("kind of date"),
    "host name": lazy_gettext("host name"),
    "host name method": lazy_gettext("host name: way of writing"),
    "host name length": lazy_gettext("host name: length"),
    "check sum": lazy_gettext("check sum"),
    "EPC length": lazy_gettext("length of the number"),
    "user memory": lazy_gettext("memory for users"),
    "XPC": lazy_gettext("more about the tag"),
    "XPC word": lazy_gettext("more about the tag"),
    "toggle": lazy_gettext("whose number it is"),
    "attributes": lazy_gettext("attributes"),
    "ISO number": lazy_gettext("number of an ISO standard"),
    "memory behind": lazy_gettext("memory behind the number"),
    # of a text
    "symbol": lazy_gettext("kind of barcode"),
    "FNC1": lazy_gettext("separator"),
    "AI": lazy_gettext("says what follows"),
    "value": lazy_gettext("value"),
    "check digit": lazy_gettext("check digit"),
    "check pair": lazy_gettext("check pair"),
    "scheme": lazy_gettext("scheme"),
    "host": lazy_gettext("host"),
    "path": lazy_gettext("path"),
    "parameter": lazy_gettext("for the web page"),
    "fragment": lazy_gettext("for the web page"),
    "EPC": lazy_gettext("a tag in the link"),
    "URN": lazy_gettext("a name of the EPC standard"),
    "bits": lazy_gettext("bits"),
    "hex": lazy_gettext("the bits in hex"),
    "namespace": lazy_gettext("the workshop's own names"),
    "sort": lazy_gettext("sort of name"),
    "name": lazy_gettext("name"),
    "tag": lazy_gettext("tag"),
    "text": lazy_gettext("text"),
    "unread": lazy_gettext("what cannot be read"),
}
"""What a field is called; a name that is not here stands as it is."""

_ASPECTS: dict[str, LazyString] = {
    "method": lazy_gettext("way of writing"),
    "length": lazy_gettext("length"),
    "end of digits": lazy_gettext("end of the digits"),
    "form": lazy_gettext("form"),
    "precision": lazy_gettext("precision"),
    "sign": lazy_gettext("sign"),
    "year": lazy_gettext("year"),
    "month": lazy_gettext("month"),
    "day": lazy_gettext("day"),
    "hour": lazy_gettext("hour"),
    "minute": lazy_gettext("minute"),
    "second": lazy_gettext("second"),
}
"""What a field of a tag says about the value of an AI: how it is written, how long it is."""
NOTE_WORDS: dict[str, LazyString] = {
    "no data follow": lazy_gettext("nothing follows"),
    "data follow the EPC": lazy_gettext("more data follow the number"),
    "digits as one number": lazy_gettext("digits as one number"),
    "hexadecimal, capitals": lazy_gettext("hexadecimal, capitals"),
    "hexadecimal, small letters": lazy_gettext("hexadecimal, small letters"),
    "7-bit characters": lazy_gettext("7 bits a sign"),
    "words of 16 bits": lazy_gettext("words of 16 bits"),
    "used": lazy_gettext("used"),
    "not used": lazy_gettext("not used"),
    "none": lazy_gettext("none"),
    "right": lazy_gettext("right"),
    "more words about the tag": lazy_gettext("more words about the tag"),
    "an EPC": lazy_gettext("an EPC"),
    "a number of an ISO standard": lazy_gettext("a number of an ISO standard"),
    "text follows": lazy_gettext("text follows"),
    "one day": lazy_gettext("one day"),
    "first and last day": lazy_gettext("first and last day"),
    "behind a 1 that keeps leading zeros": lazy_gettext("behind a 1 that keeps leading zeros"),
}
"""Short notes of a tag's fields; names such as URN Code 40 stand as they are."""
_OF_AI = re.compile(r"\(([0-9]{2,4})\)(?: (.+))?\Z")

_RESERVED = lazy_gettext("reserved: means nothing yet")
_SGTIN: dict[int, LazyString] = {
    0: lazy_gettext("anything else"),
    1: lazy_gettext("a piece for sale"),
    2: lazy_gettext("a full case for transport"),
    4: lazy_gettext("an inner pack"),
    6: lazy_gettext("a pallet or other load"),
    7: lazy_gettext("a part inside a product, not sold alone"),
}
_SSCC: dict[int, LazyString] = {
    0: lazy_gettext("anything else"),
    2: lazy_gettext("a full case for transport"),
    6: lazy_gettext("a pallet or other load"),
}
_ONE_MORE: dict[str, LazyString] = {
    "GIAI": lazy_gettext("a rail vehicle"),
    "GDTI": lazy_gettext("a travel document"),
}
_WITHOUT = ("GID", "USDOD", "ADI")
PACKS = frozenset({2, 4, 6})
"""Filter values of an SGTIN that say: several pieces together."""


def ai_name(ai: str) -> str:
    """Return an AI with its word: "(01) product number"."""
    word = AI_WORDS.get(ai)
    return f"({ai}) {word}" if word is not None else f"({ai})"


def field_name(name: str, ai: str = "") -> str:
    """Return what a field is called; of a value, what its AI says that it is.

    Args:
        name: As the fields of a tag or text name it: ``serial``, ``(21)``, ``(21) length``.
        ai: The AI that a value belongs to.
    """
    of_ai = _OF_AI.match(name)
    if of_ai is not None:
        aspect = _ASPECTS.get(of_ai[2] or "")
        return ai_name(of_ai[1]) if of_ai[2] is None else f"({of_ai[1]}) {aspect or of_ai[2]}"
    word = AI_WORDS.get(ai) if name == "value" else FIELD_WORDS.get(name)
    return str(word) if word is not None else f"({ai})" if name == "value" and ai else name


def filter_word(scheme: str, value: int) -> str:
    """Return what a filter value of a scheme means; empty where the scheme has words of its own.

    Source: EPC Tag Data Standard 2.3, section 10.
    """
    if scheme.startswith(_WITHOUT):
        return ""
    family = scheme.rstrip("+").partition("-")[0].removeprefix("D")
    if family in ("SGTIN", "SSCC"):
        return str((_SGTIN if family == "SGTIN" else _SSCC).get(value, _RESERVED))
    if value == 0:
        return str(_SGTIN[0])
    return str(_ONE_MORE.get(family, _RESERVED) if value == 1 else _RESERVED)


def is_reserved(scheme: str, value: int) -> bool:
    """Tell whether a filter value means nothing yet."""
    return filter_word(scheme, value) == str(_RESERVED)


def check_words(right: bool, expected: str) -> str:
    """Say whether a check digit is right, and which one would be."""
    return _("right") if right else _("wrong, expected %(expected)s", expected=expected)
