"""Counts of deliveries by batch.

Revision: 0003; follows: 0002.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.create_table(
        "delivery_count",
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("fault", sa.String(length=16), nullable=False),
        sa.Column("code", sa.Integer(), nullable=False),
        sa.Column("enhanced", sa.String(), nullable=False),
        sa.Column("reply", sa.String(), nullable=False),
        sa.Column("deliveries", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["delivery_batch.id"], name=op.f("fk_delivery_count_batch_id")
        ),
        sa.PrimaryKeyConstraint("batch_id", "state", "fault", "code", "enhanced", name=op.f("pk_delivery_count")),
    )
    op.add_column("delivery_batch", sa.Column("counted_attempt", sa.Integer(), nullable=True))


def downgrade() -> None:
    """Bring the tables back to the revision before."""
    op.drop_column("delivery_batch", "counted_attempt")
    op.drop_table("delivery_count")
