"""Options and trust of sources; ids and stories of articles.

Revision: 0004; follows: 0003.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.add_column("source", sa.Column("options", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("source", sa.Column("id_faults", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("source", sa.Column("distrusted", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("article", sa.Column("native_id", sa.String(), nullable=False, server_default=""))
    op.add_column(
        "article", sa.Column("story_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True)
    )
    op.create_index(op.f("ix_article_story_id"), "article", ["story_id"], unique=False)


def downgrade() -> None:
    """Bring the tables back to the revision before."""
    op.drop_index(op.f("ix_article_story_id"), "article")
    op.drop_column("article", "story_id")
    op.drop_column("article", "native_id")
    op.drop_column("source", "distrusted")
    op.drop_column("source", "id_faults")
    op.drop_column("source", "options")
