"""Who is who: tags, barcodes, QR codes and URNs of one thing become one key.

The key of a thing is its canonical GS1 Digital Link path; a workshop's own labels have keys in
the workshop's own namespace; what cannot be decoded is kept raw.

>>> from traceability.gs1 import identify, key_of, product_of
>>> identify("]d2010950600013435221A1").key == key_of("https://a.example/01/09506000134352/21/A1")
True
>>> product_of("/01/09506000134352/21/A1")
'/01/09506000134352'
"""

from traceability.errors import InvalidIdentifier
from traceability.gs1.identify import identify, identify_epc
from traceability.gs1.identity import Identity
from traceability.gs1.key import key_of, product_of, uri_of
from traceability.gs1.tag_key import key_of_epc

__all__ = [
    "Identity",
    "InvalidIdentifier",
    "identify",
    "identify_epc",
    "key_of",
    "key_of_epc",
    "product_of",
    "uri_of",
]
