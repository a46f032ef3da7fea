"""The words a trading partner understands for what is being done with a garment.

EPCIS events say why a thing was seen (business step), in which state it is (disposition), which
paper the work belongs to (business transaction type), who hands over to whom (source and
destination type) and why an event was withdrawn (error reason). Each word of the standard has
four spellings; here every spelling leads to the bare word.

Source: Core Business Vocabulary 2.0, sections 7.1 to 7.5 (the words); EPCIS 2.0 JSON-LD context
(the web URIs and the prefix ``cbv:``).

>>> STEPS.read("urn:epcglobal:cbv:bizstep:shipping"), STEPS.read("shipping")
('shipping', 'shipping')
>>> STEPS.web_uri("shipping")
'https://ref.gs1.org/cbv/BizStep-shipping'
"""

from dataclasses import dataclass, field
from typing import Final

VOC: Final = "https://hangtag.invalid/voc/"
"""The namespace of our own members; ``.invalid`` can never be somebody's domain (RFC 2606)."""

OPERATION: Final = VOC + "operation"
"""Event member: the floor operation, where a business step of the standard is too coarse."""
PASS: Final = VOC + "pass"
"""Event member: the visit of many things that this event came from."""
PART: Final = VOC + "part"
"""Event member: ``n of m`` where one pass was too large for one event."""
READER: Final = VOC + "reader"
"""Event member: name of the reader."""
BY: Final = VOC + "by"
"""Event member: how a person read it: scanner, camera, typed, tap."""
RECORDING: Final = VOC + "recording"
"""Event member: where on the readers' tapes it stands, `TAPE/SEGMENT#SUM` each."""
PRODUCT: Final = VOC + "product"
"""ILMD member: URI of the product class of things that do not carry a GTIN."""
DYE_LOT: Final = VOC + "dyeLot"
"""ILMD member: dye lot of a roll."""

PREFIXES: Final = {
    "cbv": "https://ref.gs1.org/cbv/",
    "cbvmda": "urn:epcglobal:cbv:mda:",
    "dcterms": "http://purl.org/dc/terms/",
    "epcis": "https://ref.gs1.org/epcis/",
    "gs1": "https://gs1.org/voc/",
    "hangtag": VOC,
    "owl": "http://www.w3.org/2002/07/owl#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
"""The fixed table of prefixes in member names: the EPCIS 2.0 JSON-LD context, and our own."""


def expand(name: str) -> str:
    """Spell a member name in full: a prefix of the fixed table gives way to its namespace.

    Args:
        name: Member name as sent; one without a known prefix comes back as it is.

    Source: JSON-LD 1.1, section 4.1.5, with the prefixes of the EPCIS 2.0 context.

    >>> expand("cbvmda:lotNumber"), expand("example:colour"), expand("type")
    ('urn:epcglobal:cbv:mda:lotNumber', 'example:colour', 'type')
    """
    prefix, colon, local = name.partition(":")
    # JSON-LD never expands what begins with "//": "gs1://x" is a URI with a scheme.
    if colon and prefix in PREFIXES and not local.startswith("//"):
        return PREFIXES[prefix] + local
    return name


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """One closed list of words of the standard, with the spellings each may arrive in."""

    title: str
    """What the words are, for sentences: ``a business step``."""
    urn_prefix: str
    web_prefix: str
    words: frozenset[str]
    _spellings: dict[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        local = self.web_prefix.removeprefix(PREFIXES["cbv"])
        object.__setattr__(
            self,
            "_spellings",
            {
                spelling: word
                for word in self.words
                for spelling in (
                    word,
                    self.urn_prefix + word,
                    self.web_prefix + word,
                    f"cbv:{local}{word}",
                )
            },
        )

    def read(self, text: str) -> str | None:
        """Return the bare word for any spelling of it, None for every other text.

        >>> DISPOSITIONS.read("https://ref.gs1.org/cbv/Disp-in_transit")
        'in_transit'
        >>> DISPOSITIONS.read("on_holiday") is None
        True
        """
        return self._spellings.get(text)

    def urn(self, word: str) -> str:
        """Spell a word as the URN that EPCIS 1.2 and XML documents use.

        >>> TRANSACTION_TYPES.urn("prodorder")
        'urn:epcglobal:cbv:btt:prodorder'
        """
        return self.urn_prefix + self._known(word)

    def web_uri(self, word: str) -> str:
        """Spell a word as its address in the web vocabulary.

        >>> SOURCE_TYPES.web_uri("owning_party")
        'https://ref.gs1.org/cbv/SDT-owning_party'
        """
        return self.web_prefix + self._known(word)

    def _known(self, word: str) -> str:
        if word not in self.words:
            raise ValueError(f"{word!r} is not {self.title} of CBV 2.0.")
        return word


def _list(title: str, urn: str, web: str, words: str) -> Vocabulary:
    return Vocabulary(
        title,
        f"urn:epcglobal:cbv:{urn}:",
        f"{PREFIXES['cbv']}{web}-",
        frozenset(words.split()),
    )


STEPS: Final = _list(
    "a business step",
    "bizstep",
    "BizStep",
    """accepting arriving assembling collecting commissioning consigning creating_class_instance
    cycle_counting decommissioning departing destroying disassembling dispensing encoding
    entering_exiting holding inspecting installing killing loading other packing picking receiving
    removing repackaging repairing replacing reserving retail_selling sampling sensor_reporting
    shipping staging_outbound stock_taking stocking storing transporting unloading unpacking
    void_shipping""",
)
DISPOSITIONS: Final = _list(
    "a disposition",
    "disp",
    "Disp",
    """active available completeness_inferred completeness_verified conformant container_closed
    container_open damaged destroyed dispensed disposed encoded expired in_progress in_transit
    inactive mismatch_class mismatch_instance mismatch_quantity needs_replacement
    no_pedigree_match non_conformant non_sellable_other partially_dispensed recalled reserved
    retail_sold returned sellable_accessible sellable_not_accessible stolen unavailable unknown""",
)
TRANSACTION_TYPES: Final = _list(
    "a business transaction type",
    "btt",
    "BTT",
    "bol cert desadv inv pedigree po poc prodorder recadv rma testprd testres upevt",
)
SOURCE_TYPES: Final = _list(
    "a source or destination type", "sdt", "SDT", "owning_party possessing_party location"
)
ERROR_REASONS: Final = _list("an error reason", "er", "ER", "did_not_occur incorrect_data")
