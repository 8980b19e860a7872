"""Mail that comes back, and how often addresses bounced.

Revision: 0006; follows: 0005.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.create_table(
        "bounce_score",
        sa.Column("subscriber_id", BIG, autoincrement=False, nullable=False),
        sa.Column("points", sa.Float(), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("probed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("subscriber_id", name=op.f("pk_bounce_score")),
    )
    op.create_table(
        "incoming_mail",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("subscriber_id", BIG, nullable=True),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("reply", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("effect", sa.String(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incoming_mail")),
        sa.UniqueConstraint("fingerprint", name=op.f("uq_incoming_mail_fingerprint")),
    )
    op.create_index(op.f("ix_incoming_mail_at"), "incoming_mail", ["at"])
    op.create_index(op.f("ix_incoming_mail_subscriber_id"), "incoming_mail", ["subscriber_id"])


def downgrade() -> None:
    """Bring the tables back to the revision before."""
    op.drop_table("incoming_mail")
    op.drop_table("bounce_score")
