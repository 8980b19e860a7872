"""Articles whose feeds are to be looked at first.

Revision: 0024; follows: 0023.
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.create_table(
        "changed_article",
        sa.Column(
            "article_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.PrimaryKeyConstraint("article_id", name=op.f("pk_changed_article")),
    )


def downgrade() -> None:
    """Take the tables back to the revision before."""
    op.drop_table("changed_article")
