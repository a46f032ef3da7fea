"""One key for one thing, whichever way a partner or a reader spells it.

>>> key_of("urn:epc:id:sgtin:0614141.812345.6789")
'/01/80614141123458/21/6789'
>>> key_of("https://brand.example/01/80614141123458/21/6789?17=271231")
'/01/80614141123458/21/6789'
>>> uri_of("/01/80614141123458/21/6789")
'https://id.gs1.org/01/80614141123458/21/6789'
>>> product_of("/01/80614141123458/21/6789")
'/01/80614141123458'
"""

import re
from functools import lru_cache

from traceability.errors import InvalidIdentifier
from traceability.gs1.check_digit import check_digit, is_checked
from traceability.gs1.digital_link import looks_like_link, read_link
from traceability.gs1.epc_uri import EpcUri, format_parts, parse_epc_uri
from traceability.gs1.identity import CANONICAL_HOST, format_key
from traceability.gs1.local import parse_local_key, parse_local_uri
from traceability.gs1.tag_key import key_of_bits, raw_uri

_CACHE_MAX = 65_536
# Nearly all identifiers of events are garments and cartons in these four spellings, with serials
# that need no escape: they are read by one match each. All others, and any that fail here, take
# the long way; a test holds both ways to the same key.
_SHORT = re.compile(
    r"urn:epc:id:sgtin:(?P<garment>[0-9]{6,12}\.[0-9]{1,7})\.(?P<serial>[0-9A-Za-z._-]{1,20})\Z"
    r"|https://[a-z0-9][a-z0-9.-]*/01/(?P<gtin>[0-9]{14})(?:/21/(?P<number>[0-9A-Za-z._-]{1,20}))?\Z"
    r"|https://[a-z0-9][a-z0-9.-]*/00/(?P<sscc>[0-9]{18})\Z"
)
# ITIP tags in use say "piece 00 of 00", and EPC URIs of parts may end in serial 0, which the same
# AIs may not; the key of a tag or URN must survive its own URI.
_LENIENT = frozenset({"pieces", "nozero"})


@lru_cache(maxsize=_CACHE_MAX)
def key_of(uri: str) -> str:
    """Return the ledger's key of an identifier as an event carries it.

    Args:
        uri: EPC URI of any form, Digital Link under any host, local URI, raw URI, or a key.

    Returns:
        The key. What is none of these, or breaks the rules of its form, is its own key: an
        event of a partner is never lost over an identifier, and two spellings of something
        illegal are not merged.
    """
    match = _SHORT.match(uri)
    if match is not None:
        key = _key_of_match(match)
        if key is not None:
            return key
    return key_by_rules(uri)


def key_by_rules(uri: str) -> str:
    """Return the key of an identifier by the whole rules of its form; what `key_of` says."""
    if uri.startswith("urn:epc:"):
        try:
            return _key_of_parts(uri, parse_epc_uri(uri))
        except InvalidIdentifier:
            return uri
    if looks_like_link(uri):
        name = parse_local_uri(uri)
        if name is not None:
            return name.key
        try:
            return format_key(read_link(uri, but=_LENIENT).elements) or uri
        except InvalidIdentifier:
            return uri
    return uri


@lru_cache(maxsize=_CACHE_MAX)
def _gtin_of(company_and_item: str) -> str | None:
    company, _, item = company_and_item.partition(".")
    if len(company) + len(item) != 13:
        return None
    body = item[0] + company + item[1:]
    return f"{body}{check_digit(body)}"


@lru_cache(maxsize=_CACHE_MAX)
def _is_gtin(digits: str) -> bool:
    return is_checked(digits)


def _key_of_match(match: re.Match[str]) -> str | None:
    gtin, sscc = match["gtin"], match["sscc"]
    if sscc is not None:
        return f"/00/{sscc}" if is_checked(sscc) else None
    if gtin is not None:
        if not _is_gtin(gtin):
            return None
        number = match["number"]
        return f"/01/{gtin}" if number is None else f"/01/{gtin}/21/{number}"
    gtin = _gtin_of(match["garment"])
    return None if gtin is None else f"/01/{gtin}/21/{match['serial']}"


def _key_of_parts(uri: str, parsed: EpcUri) -> str:
    if parsed.elements:
        return format_key(parsed.elements) or uri
    if parsed.form == "raw" and len(parsed.parts) == 2:
        # A partner who cannot decode a tag names its bits; whoever can knows the thing.
        return key_of_bits(int(parsed.parts[1], 16), int(parsed.parts[0]))
    if parsed.form == "raw":
        bits, family, digits = parsed.parts
        return raw_uri(int(digits, 16), int(bits), int(family, 16))
    if parsed.form == "tag":
        # The same GID with and without its binary scheme is one thing.
        return format_parts(parsed.scheme, parsed.parts)
    return uri


@lru_cache(maxsize=_CACHE_MAX)
def uri_of(key: str) -> str:
    """Return the URI that events carry for a key; the inverse of `key_of`.

    >>> uri_of("//knit.example/class/T 17")
    'https://knit.example/class/T%2017'
    """
    if key.startswith("//"):
        name = parse_local_key(key)
        return key if name is None else name.uri
    if key.startswith("/"):
        return CANONICAL_HOST + key
    return key


def product_of(key: str) -> str | None:
    """Return the product class ``/01/{gtin14}`` of a key that contains a GTIN, else None.

    >>> product_of("/8006/040123451234560102/21/987")
    '/01/04012345123456'
    """
    if key.startswith("/01/"):
        return key[:18]
    if key.startswith("/8006/"):
        return "/01/" + key[6:20]
    return None
