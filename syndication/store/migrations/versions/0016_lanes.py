"""Lanes with limits.

Revision: 0016; follows: 0015.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.create_table(
        "lane",
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("next_free_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lane")),
    )
    op.create_table(
        "lane_use",
        sa.Column("lane", sa.String(length=128), nullable=False),
        sa.Column("span_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("mails", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["lane"], ["lane.name"], name=op.f("fk_lane_use_lane")),
        sa.PrimaryKeyConstraint("lane", "span_at", name=op.f("pk_lane_use")),
    )


def downgrade() -> None:
    """Bring the tables back to the revision before."""
    op.drop_table("lane_use")
    op.drop_table("lane")
