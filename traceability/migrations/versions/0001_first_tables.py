"""The first tables: the ledger, and the state that follows from it."""

import sqlalchemy as sa
from alembic import op

import traceability.database

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this version."""
    _create_body()
    _create_checkpoint()
    _create_conflict()
    _create_containment()
    _create_document()
    _create_entry()
    _create_erasure()
    _create_event()
    _create_event_id()
    _create_hold()
    _create_hold_item()
    _create_item()
    _create_landmark()
    _create_ledger()
    _create_master_data()
    _create_name()
    _create_order_head()
    _create_order_line()
    _create_order_waited()
    _create_private()
    _create_progress()
    _create_projection()
    _create_station_run()
    _create_stock()
    _create_tile()
    _create_touch()


def _create_body() -> None:
    op.create_table(
        "body",
        sa.Column("ledger_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("ledger_id", "position"),
        info={"distribute": "ledger_id"},
        sqlite_with_rowid=True,
    )


def _create_checkpoint() -> None:
    op.create_table(
        "checkpoint",
        sa.Column("ledger_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("ledger_id", "size"),
        info={"distribute": "ledger_id"},
        sqlite_with_rowid=False,
    )


def _create_conflict() -> None:
    op.create_table(
        "conflict",
        sa.Column("ledger_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("conflict_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("bytes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("ledger_id", "conflict_no"),
        info={"distribute": "ledger_id"},
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("conflict", schema=None) as batch_op:
        batch_op.create_index("conflict_event", ["ledger_id", "event_id"], unique=False)


def _create_containment() -> None:
    op.create_table(
        "containment",
        sa.Column("ledger_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("child_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("from_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("from_tie", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("parent_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("to_at", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("to_tie", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.PrimaryKeyConstraint("ledger_id", "child_no", "from_at", "from_tie"),
        info={"distribute": "ledger_id"},
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("containment", schema=None) as batch_op:
        batch_op.create_index(
            "containment_parent", ["ledger_id", "parent_no", "to_at"], unique=False
        )


def _create_document() -> None:
    op.create_table(
        "document",
        sa.Column("ledger_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("bytes", sa.LargeBinary(), nullable=False),
        sa.Column("job_no", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("ledger_id", "sha256"),
        info={"distribute": "ledger_id"},
        sqlite_with_rowid=True,
    )


def _create_entry() -> None:
    op.create_table(
        "entry",
        sa.Column("ledger_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("entry", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("ledger_id", "position"),
        info={"distribute": "ledger_id"},
        sqlite_with_rowid=False,
    )


def _create_erasure() -> None:
    op.create_table(
        "erasure",
        sa.Column("ledger_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("erased", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("ledger_id", "erased"),
        info={"distribute": "ledger_id"},
        sqlite_with_rowid=False,
    )


def _create_event() -> None:
    op.create_table(
        "event",
        sa.Column("ledger_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("step_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("disposition_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("read_point_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("place_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("stage_no", sa.Integer(), nullable=True),
        sa.Column("pieces", traceability.database.ExactDecimal(), nullable=False),
        sa.PrimaryKeyConstraint("ledger_id", "position"),
        info={"distribute": "ledger_id"},
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.create_index("event_at", ["ledger_id", "event_at"], unique=False)
        batch_op.create_index("event_place", ["ledger_id", "place_no", "event_at"], unique=False)
        batch_op.create_index(
            "event_read_point", ["ledger_id", "read_point_no", "event_at"], unique=False
        )
        batch_op.create_index("event_step", ["ledger_id", "step_no", "event_at"], unique=False)


def _create_event_id() -> None:
    op.create_table(
        "event_id",
        sa.Column("ledger_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("declared_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("ledger_id", "event_id", "declared_at"),
        info={"distribute": "ledger_id"},
        sqlite_with_rowid=False,
    )


def _create_hold() -> None:
    op.create_table(
        "hold",
        sa.Column("ledger_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hold_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("held_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("released_position", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.PrimaryKeyConstraint("ledger_id", "hold_id"),
        info={"distribute": "ledger_id"},
        sqlite_with_rowid=False,
    )


def _create_hold_item() -> None:
    op.create_table(
        "hold_item",
        sa.Column("ledger_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("item_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hold_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("ledger_id", "item_no", "hold_id"),
        info={"distribute": "ledger_id"},
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("hold_item", schema=None) as batch_op:
        batch_op.create_index("hold_item_hold", ["ledger_id", "hold_id"], unique=False)


def _create_item() -> None:
    op.create_table(
        "item",
        sa.Column("ledger_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("item_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("form", sa.Integer(), nullable=False),
        sa.Column("kind_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("product_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("place_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("step_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("disposition_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("container_no", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("quantity", traceability.database.ExactDecimal(), nullable=False),
        sa.Column("consumed", traceability.database.ExactDecimal(), nullable=False),
        sa.Column("uom", sa.Text(), nullable=False),
        sa.Column("stages_reached", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("order_no", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("own_order_no", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("flags", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("last_tie", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("ledger_id", "item_no"),
        info={"distribute": "ledger_id"},
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("item", schema=None) as batch_op:
        batch_op.create_index(
            "item_container",
            ["ledger_id", "container_no"],
            unique=False,
            sqlite_where=sa.text("container_no IS NOT NULL"),
            postgresql_where=sa.text("container_no IS NOT NULL"),
        )
        batch_op.create_index("item_key", ["ledger_id", "key"], unique=True)
        batch_op.create_index(
            "item_order",
            ["ledger_id", "order_no"],
            unique=False,
            sqlite_where=sa.text("order_no IS NOT NULL"),
            postgresql_where=sa.text("order_no IS NOT NULL"),
        )
        batch_op.create_index("item_place", ["ledger_id", "place_no", "product_no"], unique=False)
        batch_op.create_index(
            "item_step", ["ledger_id", "step_no", "is_active", "last_at"], unique=False
        )


def _create_landmark() -> None:
    op.create_table(
        "landmark",
        sa.Column("ledger_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("ledger_id", "kind", "position"),
        info={"distribute": "ledger_id"},
        sqlite_with_rowid=False,
    )


def _create_ledger() -> None:
    op.create_table(
        "ledger",
        sa.Column("ledger_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("record_at", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("item_next", sa.BigInteger(), nullable=False),
        sa.Column("name_next", sa.BigInteger(), nullable=False),
        sa.Column("frontier", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("ledger_id"),
        info={"distribute": "ledger_id"},
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("ledger", schema=None) as batch_op:
        batch_op.create_index("ledger_name", ["ledger_id", "name"], unique=True)


def _create_master_data() -> None:
    op.create_table(
        "master_data",
        sa.Column("ledger_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("ledger_id", "type", "key"),
        info={"distribute": "ledger_id"},
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("master_data", schema=None) as batch_op:
        batch_op.create_index("master_position", ["ledger_id", "position"], unique=False)


def _create_name() -> None:
    op.create_table(
        "name",
        sa.Column("ledger_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("ledger_id", "no"),
        info={"distribute": "ledger_id"},
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("name", schema=None) as batch_op:
        batch_op.create_index("name_text", ["ledger_id", "kind", "text"], unique=True)


def _create_order_head() -> None:
    op.create_table(
        "order_head",
        sa.Column("ledger_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("order_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("due", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("ledger_id", "order_no"),
        info={"distribute": "ledger_id"},
        sqlite_with_rowid=False,
    )


def _create_order_line() -> None:
    op.create_table(
        "order_line",
        sa.Column("ledger_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("order_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("product_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ordered", traceability.database.ExactDecimal(), nullable=False),
        sa.PrimaryKeyConstraint("ledger_id", "order_no", "line"),
        info={"distribute": "ledger_id"},
        sqlite_with_rowid=False,
    )


def _create_order_waited() -> None:
    op.create_table(
        "order_waited",
        sa.Column("ledger_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("order_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("item_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("ledger_id", "order_no", "item_no"),
        info={"distribute": "ledger_id"},
        sqlite_with_rowid=False,
    )


def _create_private() -> None:
    op.create_table(
        "private",
        sa.Column("ledger_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("ledger_id", "position", "field"),
        info={"distribute": "ledger_id"},
        sqlite_with_rowid=False,
    )


def _create_progress() -> None:
    op.create_table(
        "progress",
        sa.Column("ledger_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("order_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("product_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("stage_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("quantity", traceability.database.ExactDecimal(), nullable=False),
        sa.PrimaryKeyConstraint("ledger_id", "order_no", "product_no", "stage_no"),
        info={"distribute": "ledger_id"},
        sqlite_with_rowid=False,
    )


def _create_projection() -> None:
    op.create_table(
        "projection",
        sa.Column("ledger_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("ledger_id", "name"),
        info={"distribute": "ledger_id"},
        sqlite_with_rowid=False,
    )


def _create_station_run() -> None:
    op.create_table(
        "station_run",
        sa.Column("ledger_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("station", sa.Text(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("contiguous", sa.BigInteger(), nullable=False),
        sa.Column("holes", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("ledger_id", "station", "epoch"),
        info={"distribute": "ledger_id"},
        sqlite_with_rowid=False,
    )


def _create_stock() -> None:
    op.create_table(
        "stock",
        sa.Column("ledger_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("place_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("product_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("step_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("disposition_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("uom", sa.Text(), nullable=False),
        sa.Column("quantity", traceability.database.ExactDecimal(), nullable=False),
        sa.PrimaryKeyConstraint(
            "ledger_id", "place_no", "product_no", "step_no", "disposition_no", "uom"
        ),
        info={"distribute": "ledger_id"},
        sqlite_with_rowid=False,
    )


def _create_tile() -> None:
    op.create_table(
        "tile",
        sa.Column("ledger_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("n", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("ledger_id", "level", "n"),
        info={"distribute": "ledger_id"},
        sqlite_with_rowid=False,
    )


def _create_touch() -> None:
    op.create_table(
        "touch",
        sa.Column("ledger_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("item_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("tie", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("role", sa.Integer(), nullable=False),
        sa.Column("parent_no", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("quantity", traceability.database.ExactDecimal(), nullable=True),
        sa.Column("uom", sa.Text(), nullable=True),
        sa.Column("place_no", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("step_no", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("disposition_no", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("stage_no", sa.Integer(), nullable=True),
        sa.Column("product_no", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("prodorder_no", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("po_no", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("void_position", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.PrimaryKeyConstraint("ledger_id", "item_no", "event_at", "tie", "line"),
        info={"distribute": "ledger_id"},
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("touch", schema=None) as batch_op:
        batch_op.create_index(
            "touch_position",
            ["ledger_id", "position", "role", "item_no"],
            unique=False,
            sqlite_where=sa.text("role IN (4, 5, 6, 9, 10, 11)"),
            postgresql_where=sa.text("role IN (4, 5, 6, 9, 10, 11)"),
        )
