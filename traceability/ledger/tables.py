"""The tables of the ledger itself: what is written here is never changed (DATA_MODEL, first part).

Positions are dense from 0 in each ledger. Times are whole microseconds since 1970, UTC.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, Text

from traceability.database import ledger_column, table

ledger = table(
    "ledger",
    ledger_column(),
    Column("name", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("record_at", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("item_next", BigInteger, nullable=False),
    Column("name_next", BigInteger, nullable=False),
    Column("frontier", LargeBinary, nullable=False),
)
"""The head row: locked first by every append, so that no reader ever sees 8 before 7."""

entry = table(
    "entry",
    ledger_column(),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("entry", LargeBinary, nullable=False),
)

landmark = table(
    "landmark",
    ledger_column(),
    Column("kind", Text, primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
)
"""Where the rare kinds of entries stand (flow, gap, hold, key, erasure): events need no such
index.
"""

body = table(
    "body",
    ledger_column(),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("salt", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
    rowid=True,
)

private = table(
    "private",
    ledger_column(),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("field", Text, primary_key=True),
    Column("salt", LargeBinary, nullable=False),
    Column("value", Text, nullable=False),
)

erasure = table(
    "erasure",
    ledger_column(),
    Column("erased", BigInteger, primary_key=True, autoincrement=False),
    Column("position", BigInteger, nullable=False),
)
"""Which entry erased the body at which position; a body without such a row cannot be deleted."""

document = table(
    "document",
    ledger_column(),
    Column("sha256", LargeBinary, primary_key=True),
    Column("media_type", Text, nullable=False),
    Column("bytes", LargeBinary, nullable=False),
    Column("job_no", BigInteger),
    rowid=True,
)

job = table(
    "job",
    ledger_column(),
    Column("job_no", BigInteger, primary_key=True, autoincrement=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("by", Text, nullable=False),
    Column("may_enter", Boolean, nullable=False),
    Column("state", Text, nullable=False),
    Column("problem", Text),
    Column("elements", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("checked", BigInteger, nullable=False),
    Column("taken", BigInteger, nullable=False),
    Column("accepted", BigInteger, nullable=False),
    Column("duplicate", BigInteger, nullable=False),
    Column("conflict", BigInteger, nullable=False),
    Column("refused", BigInteger, nullable=False),
    Column("first_position", BigInteger),
    Column("last_position", BigInteger),
    Column("size_before", BigInteger, nullable=False),
    Column("kept_at", BigInteger, nullable=False),
    Column("begun_at", BigInteger),
    Column("ended_at", BigInteger),
)
"""Documents that are appended in slices, `ledger.jobs`: how far each is. No part of the record."""

job_document = Index("job_document", job.c.ledger_id, job.c.sha256, unique=True)

job_problem = table(
    "job_problem",
    ledger_column(),
    Column("job_no", BigInteger, primary_key=True, autoincrement=False),
    Column("element", BigInteger, primary_key=True, autoincrement=False),
    Column("event_id", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("position", BigInteger),
    Column("problem", Text, nullable=False),
)
"""What was refused or contradicted of a document, by its place in the list, counted from 0."""

event_id = table(
    "event_id",
    ledger_column(),
    Column("event_id", Text, primary_key=True),
    Column("declared_at", BigInteger, primary_key=True, autoincrement=False),
    Column("position", BigInteger, nullable=False),
)

conflict = table(
    "conflict",
    ledger_column(),
    Column("conflict_no", BigInteger, primary_key=True, autoincrement=False),
    Column("event_id", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Column("bytes", LargeBinary, nullable=False),
)

conflict_event = Index("conflict_event", conflict.c.ledger_id, conflict.c.event_id)

tile = table(
    "tile",
    ledger_column(),
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("n", BigInteger, primary_key=True, autoincrement=False),
    Column("data", LargeBinary, nullable=False),
)

checkpoint = table(
    "checkpoint",
    ledger_column(),
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("note", Text, nullable=False),
)

cosignature = table(
    "cosignature",
    ledger_column(),
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("signer", Text, primary_key=True),
    Column("line", Text, nullable=False),
)
"""What witnesses signed: the line that goes under the checkpoint of a size, by name and id of the
witness's key.
"""

station_run = table(
    "station_run",
    ledger_column(),
    Column("station", Text, primary_key=True),
    Column("epoch", BigInteger, primary_key=True, autoincrement=False),
    Column("contiguous", BigInteger, nullable=False),
    Column("holes", Text, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
)
"""The proof of "read = accepted + waiting": the highest counter without a hole, and the holes."""

ledger_name = Index("ledger_name", ledger.c.ledger_id, ledger.c.name, unique=True)
