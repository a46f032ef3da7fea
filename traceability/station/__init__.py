"""The process beside a reader: it hears, understands, remembers and passes on, also when alone.

Bytes come in from readers; passes, verdicts and events are made here from what the station has
cached; events are kept in a file of its own until the server has them.
"""
