"""How sources are visited.

Revision: 0014; follows: 0013.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Bring the tables to this revision."""
    with op.batch_alter_table("source", schema=None) as batch:
        for name in ("whole_at", "newest_at", "removed_at"):
            batch.add_column(sa.Column(name, AT, nullable=True))
        batch.add_column(sa.Column("usual_gap_s", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("dated", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("source", schema=None) as batch:
        batch.alter_column("dated", server_default=None)
    op.create_table(
        "host_pace",
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("busy_until", AT, nullable=True),
        sa.Column("open_at", AT, nullable=False),
        sa.Column("queue_at", AT, nullable=False),
        sa.Column("limited_url", sa.String(), nullable=False),
        sa.Column("limited_at", AT, nullable=True),
        sa.PrimaryKeyConstraint("host", name=op.f("pk_host_pace")),
    )
    _of_source(
        "source_answer",
        sa.Column("at", AT, nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
    )
    _of_source(
        "source_move",
        sa.Column("original", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("since_at", AT, nullable=False),
        sa.Column("successes", sa.Integer(), nullable=False),
        sa.Column("adopted_at", AT, nullable=True),
    )
    _of_source("source_access", sa.Column("sealed", sa.String(), nullable=False))
    _of_source(
        "websub",
        sa.Column("hub", sa.String(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("callback", sa.String(length=64), nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("asked_at", AT, nullable=True),
        sa.Column("lease_until", AT, nullable=True),
        sa.Column("next_at", AT, nullable=False),
        sa.Column("pushed_at", AT, nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.UniqueConstraint("callback", name=op.f("uq_websub_callback")),
    )
    with op.batch_alter_table("websub", schema=None) as batch:
        batch.create_index(batch.f("ix_websub_next_at"), ["next_at"], unique=False)


def downgrade() -> None:
    """Take the tables back to the revision before."""
    for table in ("websub", "source_access", "source_move", "source_answer", "host_pace"):
        op.drop_table(table)
    with op.batch_alter_table("source", schema=None) as batch:
        for name in ("dated", "usual_gap_s", "removed_at", "newest_at", "whole_at"):
            batch.drop_column(name)


def _of_source(table: str, *columns: sa.schema.SchemaItem) -> None:
    op.create_table(
        table,
        sa.Column("source_id", sa.Integer(), nullable=False),
        *columns,
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f(f"fk_{table}_source_id")),
        sa.PrimaryKeyConstraint("source_id", name=op.f(f"pk_{table}")),
    )
