"""What happened to a thing, said in the words that every trading partner understands.

EPCIS 2.0 gives the sentence (what, when, where, why, how), the Core Business Vocabulary (CBV)
its words. This package reads and writes such events; it stores nothing.

>>> from traceability.epcis import body, event
>>> tree = body.parse(b'{"type":"ObjectEvent","action":"OBSERVE","epcList":["urn:x:1"],'
...                   b'"eventTime":"2026-03-02T09:00:00Z","eventTimeZoneOffset":"+01:00"}')
>>> event.read_event(tree).epcs
('urn:x:1',)
"""
